import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { controlTransfer, withUsbDevice } from '../../drivers/usb-device.ts';

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
  const { requestType, request, usb2, superSpeed } = hubDescriptor;
  const answer = await withUsbDevice({ bus, address }, (hub) =>
    controlTransfer(hub, requestType, request, release >= 3 ? superSpeed : usb2, enough),
  );
  if (answer.length === 0) throw new Error('the hub has no descriptor');
  return switchingOf(answer);
}

/** The two lowest bits of wHubCharacteristics, at offset 3. */
export function switchingOf(descriptor: Buffer): PowerSwitching {
  const mode = descriptor.readUInt16LE(3) & 3;
  if (mode === 1) return 'per port';
  return mode === 0 ? 'all together' : 'none';
}
