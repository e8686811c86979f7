/** A virtual machine as a thing: accelerator, disk, machine, QMP, and the custody that lets none of it outlive its owner. */
export type { Accelerator } from './accelerator/accelerator.ts';
export { selectAccelerator, type SelectOptions } from './accelerator/select.ts';
export type { Custody } from './custody/custody.ts';
export { takeCustody, type CustodyOptions } from './custody/take.ts';
export { ImageError, NoSpace, type ImageFault } from './disk/errors.ts';
export { demandBootable, inspectImage, type DiskImage, type Firmware } from './disk/image.ts';
export { createOverlay, demandSpace, type OverlayOptions } from './disk/overlay.ts';
export { BudgetExceeded, QemuError, QemuMissing, type QemuErrorOptions } from './errors.ts';
export { MachineOff, MachineStartFailed, PortTaken } from './machine/errors.ts';
export type { Forward, Machine, MachineExit, MachineReset, MachineSpec, UsbDiskOptions } from './machine/machine.ts';
export { startMachine } from './machine/start.ts';
export type { QmpClient, QmpRequest, WaitOptions } from './qmp/client.ts';
export { QmpClosed, QmpError } from './qmp/errors.ts';
export type { QmpEvent, QmpEventName } from './qmp/events.ts';
