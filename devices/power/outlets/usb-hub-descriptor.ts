import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a hub does at an order to one port's power. */
export type PowerSwitching = 'per port' | 'all together' | 'none';

/** bmRequestType, bRequest and wValue of GetHubDescriptor. Source: USB 2.0, 11.24.2.5; USB 3.2, 10.16.2.5. */
const hubDescriptor = { requestType: 0xa0, request: 6, usb2: 0x2900, superSpeed: 0x2a00 };
/** Bytes up to wHubCharacteristics and a little more: a hub sends no more than it has. */
const enough = 9;

/** Asks a hub for its descriptor, on a device file that this user must be able to write. @param directory of the hub in sysfs. */
export async function hubPowerSwitching(directory: string): Promise<PowerSwitching> {
  const number = async (file: string) => Number(await readFile(join(directory, file), 'utf8'));
  const [bus, address, release] = [await number('busnum'), await number('devnum'), await number('version')];
  // A native module, for the one driver that wants it. Not usb 3: it takes requests to a device or an interface only, none to a hub.
  const { getDeviceList } = await import('usb');
  const hub = getDeviceList().find((device) => device.busNumber === bus && device.deviceAddress === address);
  if (hub === undefined) throw new Error(`no device ${address} on bus ${bus}`);
  hub.open();
  try {
    const { requestType, request, usb2, superSpeed } = hubDescriptor;
    const ask = promisify(hub.controlTransfer.bind(hub));
    const answer = await ask(requestType, request, release >= 3 ? superSpeed : usb2, 0, enough);
    if (!Buffer.isBuffer(answer)) throw new Error('the hub has no descriptor');
    return switchingOf(answer);
  } finally {
    hub.close();
  }
}

/** The two lowest bits of wHubCharacteristics, at offset 3. */
export function switchingOf(descriptor: Buffer): PowerSwitching {
  const mode = descriptor.readUInt16LE(3) & 3;
  if (mode === 1) return 'per port';
  return mode === 0 ? 'all together' : 'none';
}
