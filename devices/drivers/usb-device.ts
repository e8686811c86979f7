import { promisify } from 'node:util';
import type { Device } from 'usb';
import { DriverFailed } from './errors.ts';

/** The make of a USB device, as its descriptor has it. */
export interface UsbMake {
  vendor: number;
  product: number;
}

/** Which USB device: the one at an address, or the one of a make with a serial number. */
export type UsbDevice = { bus: number; address: number } | (UsbMake & { serial: string });

/** Has exchanges with a device of a make, known to people by a name, fail with DriverFailed and what to look at. */
export const asking =
  (name: string, { vendor, product }: UsbMake) =>
  async <T>(signal: AbortSignal, exchange: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    try {
      return await exchange();
    } catch (cause) {
      const id = [vendor, product].map((half) => half.toString(16).padStart(4, '0')).join(':');
      throw new DriverFailed(`${name} didn't do as it was asked: ${cause instanceof Error ? cause.message : String(cause)}`, {
        blame: 'infra',
        advice: `Is it plugged in (lsusb -d ${id}), and may this user open it?`,
        cause,
      });
    }
  };

/** Opens a USB device for one exchange. Throws an Error where it isn't plugged in, or this user may not open it. */
export async function withUsbDevice<T>(which: UsbDevice, exchange: (device: Device) => T | Promise<T>): Promise<T> {
  // A native module, for the few drivers that want it. Not usb 3: it takes requests to a device or an interface only, none to a hub.
  const { getDeviceList } = await import('usb');
  for (const device of getDeviceList()) {
    if (!mayBe(device, which)) continue;
    device.open();
    try {
      if ('serial' in which && (await serialOf(device)) !== which.serial) continue;
      return await exchange(device);
    } finally {
      device.close();
    }
  }
  throw new Error('serial' in which ? 'no such device' : `no device ${which.address} on bus ${which.bus}`);
}

/** The serial numbers of all devices of a make; those that this user may not open are left out. */
export async function usbSerials(make: UsbMake): Promise<string[]> {
  const { getDeviceList } = await import('usb');
  const serials: string[] = [];
  for (const device of getDeviceList()) {
    if (!mayBe(device, { ...make, serial: '' })) continue;
    try {
      device.open();
    } catch {
      continue;
    }
    try {
      serials.push((await serialOf(device)) ?? '');
    } finally {
      device.close();
    }
  }
  return serials.filter((serial) => serial !== '');
}

/** A request to the device itself, and what it answers. */
export async function controlTransfer(device: Device, type: number, request: number, value: number, bytes: number): Promise<Buffer> {
  const answer = await promisify(device.controlTransfer.bind(device))(type, request, value, 0, bytes === 0 ? Buffer.alloc(0) : bytes);
  return Buffer.isBuffer(answer) ? answer : Buffer.alloc(0);
}

function mayBe({ busNumber, deviceAddress, deviceDescriptor }: Device, which: UsbDevice): boolean {
  if ('bus' in which) return busNumber === which.bus && deviceAddress === which.address;
  return deviceDescriptor.idVendor === which.vendor && deviceDescriptor.idProduct === which.product;
}

const serialOf = (device: Device): Promise<string | undefined> =>
  promisify(device.getStringDescriptor.bind(device))(device.deviceDescriptor.iSerialNumber);
