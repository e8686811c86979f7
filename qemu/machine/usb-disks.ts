import { resolve } from 'node:path';

import { budgets } from '../budgets.ts';
import { QemuError } from '../errors.ts';
import type { QmpClient } from '../qmp/client.ts';
import { addBlockNode, plugDevice, removeBlockNode, unplugDevice } from '../qmp/commands.ts';
import type { UsbDiskOptions } from './machine.ts';

/** The removable USB disks of one machine, plugged into one bus. */
export class UsbDisks {
  readonly #qmp: QmpClient;
  readonly #bus: string;
  readonly #files = new Map<string, string>();

  constructor(qmp: QmpClient, bus: string) {
    this.#qmp = qmp;
    this.#bus = bus;
  }

  async attach(id: string, file: string, options: UsbDiskOptions): Promise<void> {
    // QEMU's rule for an id, of which a node's name (31 characters) is made here.
    if (!/^[A-Za-z][A-Za-z0-9._-]{0,26}$/.test(id)) throw new TypeError(`a USB disk can't be named ${JSON.stringify(id)}`);
    const other = this.#files.get(id);
    if (other !== undefined) {
      throw new QemuError(`a USB disk “${id}” is already attached, from ${other}`, {
        advice: 'Detach it first, or give this one another id.',
      });
    }
    this.#files.set(id, file);
    try {
      await this.#qmp.execute(
        addBlockNode({
          'node-name': nodeName(id),
          driver: options.format ?? 'raw',
          'read-only': options.readOnly ?? false,
          discard: 'unmap',
          file: { driver: 'file', filename: resolve(file) },
        }),
      );
      await this.#plug(id, options);
    } catch (error) {
      this.#files.delete(id);
      throw error;
    }
  }

  async #plug(id: string, { port }: UsbDiskOptions): Promise<void> {
    try {
      const place = { bus: this.#bus, ...(port !== undefined && { port: String(port) }) };
      await this.#qmp.execute(plugDevice({ driver: 'usb-storage', id, ...place, drive: nodeName(id), removable: true }));
    } catch (error) {
      await this.#qmp.execute(removeBlockNode(nodeName(id)));
      throw error;
    }
  }

  async detach(id: string): Promise<void> {
    if (!this.#files.has(id)) {
      throw new QemuError(`no USB disk “${id}” is attached; attached are: ${[...this.#files.keys()].join(', ') || 'none'}`, {
        advice: 'Attach it first.',
      });
    }
    const giveUp = new AbortController();
    try {
      await Promise.all([
        this.#qmp.waitFor('DEVICE_DELETED', {
          where: (event) => event.data.device === id,
          timeout: budgets.usbDetach,
          signal: giveUp.signal,
        }),
        this.#qmp.execute(unplugDevice(id)),
      ]);
      await this.#qmp.execute(removeBlockNode(nodeName(id)));
      this.#files.delete(id);
    } finally {
      giveUp.abort();
    }
  }
}

function nodeName(id: string): string {
  return `usb-${id}`;
}
