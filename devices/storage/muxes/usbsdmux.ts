import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Driver } from '../../drivers/folder.ts';
import { runProgram } from '../../drivers/program.ts';
import type { Mux } from '../mux.ts';

/** Where its own udev rules put them. */
const controlDevices = '/dev/usb-sd-mux';

const options = z.strictObject({
  /** Its control device: /dev/usb-sd-mux/id-… */
  device: z.string().min(1),
});

/**
 * Linux Automation's USB-SD-Mux, by its own tool: it is driven by vendor commands over SG_IO, which Node can't send.
 * Source: usbsdmux's README: `usbsdmux <device> host|dut|get`.
 */
const usbsdmux: Driver<Mux, z.output<typeof options>> = {
  name: 'usbsdmux',
  options,
  async find() {
    const names = await readdir(controlDevices).catch((): string[] => []);
    return names.toSorted().map((name) => ({ what: `USB-SD-Mux ${name}`, options: { device: join(controlDevices, name) } }));
  },
  open({ device }) {
    const name = `the USB-SD-Mux ${device}`;
    const call = (what: string, signal: AbortSignal) => runProgram(name, ['usbsdmux', device, what], signal);
    return {
      name,
      async give(side, signal) {
        await call(side === 'bench' ? 'host' : 'dut', signal);
      },
      async read(signal) {
        const said = await call('get', signal);
        if (said === 'host') return 'bench';
        return said === 'dut' ? 'board' : 'unknown';
      },
    };
  },
};
export default usbsdmux;
