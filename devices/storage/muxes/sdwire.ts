import { z } from 'zod';
import type { Driver } from '../../drivers/folder.ts';
import { asking, controlTransfer, usbSerials, withUsbDevice } from '../../drivers/usb-device.ts';
import type { Mux } from '../mux.ts';

const options = z.strictObject({
  /** As `lsusb -v` and sd-mux-ctrl --list tell it. */
  serial: z.string().min(1),
});

/** One control transfer to a device that is found by its serial number: bytes of the answer. */
export type Transfer = (serial: string, request: ControlRequest) => Promise<Buffer>;
export interface ControlRequest {
  type: number;
  request: number;
  value: number;
  /** Of the answer. */
  bytes: number;
}

const make = { vendor: 0x04e8, product: 0x6001 };
/** An FTDI's SET_BITMODE and READ_PINS. Its pin CBUS0 throws the switch: low byte 0xF1 the bench has the card, 0xF0 the board; high byte 0x20 its bit mode. */
const setBitMode = { type: 0x40, request: 0x0b, bytes: 0 };
const readPins = { type: 0xc0, request: 0x0c, value: 0, bytes: 1 };

/** SDWire and SDWireC. Source: sd-mux-ctrl of Tizen's testlab, doCBUSWrite and --status. @param transfer speaks to the device */
export function sdwire(transfer: Transfer): Driver<Mux, z.output<typeof options>> {
  return {
    name: 'sdwire',
    options,
    find: async () => (await usbSerials(make)).map((serial) => ({ what: `SDWire ${serial}`, options: { serial } })),
    open({ serial }) {
      const name = `the SDWire ${serial}`;
      const ask = asking(name, make);
      return {
        name,
        async give(side, signal) {
          await ask(signal, () => transfer(serial, { ...setBitMode, value: side === 'bench' ? 0x20f1 : 0x20f0 }));
        },
        async read(signal) {
          const [pins = 0] = await ask(signal, () => transfer(serial, readPins));
          return (pins & 1) === 1 ? 'bench' : 'board';
        },
      };
    },
  };
}

export default sdwire((serial, { type, request, value, bytes }) =>
  withUsbDevice({ ...make, serial }, (device) => controlTransfer(device, type, request, value, bytes)),
);
