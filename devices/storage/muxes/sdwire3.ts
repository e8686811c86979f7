import { z } from 'zod';
import type { Driver } from '../../drivers/folder.ts';
import { asking, usbSerials, withUsbDevice } from '../../drivers/usb-device.ts';
import type { Mux } from '../mux.ts';

const options = z.strictObject({
  /** As `lsusb -v` tells it. */
  serial: z.string().min(1),
});

/** Has the kernel take the card reader, or let it go; tells whether it has it. */
export interface CardReader {
  attach(serial: string): Promise<void>;
  detach(serial: string): Promise<void>;
  isAttached(serial: string): Promise<boolean>;
}

const make = { vendor: 0x0bda, product: 0x0316 };

/**
 * Badgerd's SDWire3: a card reader that gives its card to the board while no driver of the host's has it. Source: labgrid 25,
 * driver/usbsdwire3driver.py and util/agents/usb_ids: attach_kernel_driver for the host, detach_kernel_driver for the board.
 * @param reader speaks to the kernel
 */
export function sdwire3(reader: CardReader): Driver<Mux, z.output<typeof options>> {
  return {
    name: 'sdwire3',
    options,
    find: async () => (await usbSerials(make)).map((serial) => ({ what: `SDWire3 ${serial}`, options: { serial } })),
    open({ serial }) {
      const name = `the SDWire3 ${serial}`;
      const ask = asking(name, make);
      const isAttached = (signal: AbortSignal) => ask(signal, () => reader.isAttached(serial));
      return {
        name,
        async give(side, signal) {
          // What is so already can't be asked for a second time.
          if ((await isAttached(signal)) === (side === 'bench')) return;
          await ask(signal, () => (side === 'bench' ? reader.attach(serial) : reader.detach(serial)));
        },
        read: async (signal) => ((await isAttached(signal)) ? 'bench' : 'board'),
      };
    },
  };
}

export default sdwire3({
  attach: (serial) => withUsbDevice({ ...make, serial }, (device) => device.interface(0).attachKernelDriver()),
  detach: (serial) => withUsbDevice({ ...make, serial }, (device) => device.interface(0).detachKernelDriver()),
  isAttached: (serial) => withUsbDevice({ ...make, serial }, (device) => device.interface(0).isKernelDriverActive()),
});
