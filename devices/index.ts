/** What a suite needs: `import { test, expect, proves, measure, defineConfig } from 'boardwalk'`. */
export { defineConfig } from './testing/config.ts';
export { expect } from './testing/expect.ts';
export { test, type TestFixtures, type WorkerFixtures } from './testing/fixtures.ts';
export { measure, type MeasureOptions } from './testing/measure.ts';
export type { Once } from './testing/once.ts';
export { proves, type ProvesOptions } from './testing/proves.ts';

/** A device and its parts. */
export type { Clock, ClockMode, ClockRequests } from './clock/clock.ts';
export type { BootStageName, BootTimeline, Console, ConsoleChunk, ConsoleFault, ConsoleMatch, ExpectOptions } from './console/console.ts';
export type { Artifacts, BenchParts, Boot, Capability, Device, DeviceParts, Endpoint, Endpoints, Reboot, Work } from './device.ts';
export type { App, AppSpec, Engine, Service, ServiceSpec } from './engine/engine.ts';
export type { Power, PowerState } from './power/power.ts';
export type { Forward, RunOptions, Shell, ShellResult } from './shell/shell.ts';
export type { LoaderVariables, Slot, SlotFault, Slots, SlotState } from './slots/slots.ts';
export type { Stick, StickFilesystem, Sticks, StickSpec } from './sticks/sticks.ts';
export type { Supervisor, SupervisorRequest, SupervisorResponse } from './supervisor/supervisor.ts';
export { clockOffset, followClock, timeStatus, unfollowClock, type ClockOffset, type TimeStatus } from './clock/chrony.ts';
export { budgets, emulationSlowness, type BudgetName, type Budgets } from './budgets.ts';

/** What goes wrong. */
export { NeverCameBack, NeverRebooted, RebootRefused, UnexpectedReboot } from './boot/errors.ts';
export { EngineRefused, EngineUnreachable, ExecLost, NoSuchService, ServiceNeverRan, TargetStateRefused } from './engine/errors.ts';
export { AwaitedTooLong, DeviceError, type Blame, type DeviceErrorOptions, type Evidence } from './errors.ts';
export { CommandFailed, ConnectionLost } from './shell/errors.ts';
export { InstallFailed, NothingInstalled, NoUpdateFile, UnknownSlotLayout } from './slots/errors.ts';
export { SupervisorUnreachable } from './supervisor/http.ts';
export { StepFailed } from './testing/once.ts';

/** For who owns devices: types, images, and the socket between a bench and its clients. */
export { freshDevice, type Fresh } from './boot/fresh.ts';
export { FlashFailed, ReadBackDiffers, TargetRefused } from './flash/errors.ts';
export { flash, type Flashed, type FlashRequest } from './flash/flash.ts';
export type { FlashProgress } from './flash/progress.ts';
export { blockDeviceBytes, describeBlockDevice } from './flash/targets/block-devices.ts';
export { createDevice, type DeviceOptions } from './compose.ts';
export { serviceImage, type ServiceImageOptions } from './engine/service-image/build.ts';
export { connectBench, type ConnectBenchOptions, type RemoteParts } from './remote/client.ts';
export { serveParts, type PartsServer } from './remote/server.ts';
export { consoleSlice, failure, measurement } from './testing/attachments.ts';
export type { DeviceType, Platform, ProvisionedDevice, ProvisionRequest } from './types/device-type.ts';
export { deviceType, deviceTypes, UnknownDeviceType } from './types/registry.ts';
export { usualBaudRate, usualPorts, wiringSchema, type MuxedDisk, type Wiring } from './types/wiring.ts';
export { serialAdapters } from './console/adapter.ts';
export { consoleSource } from './console/wire.ts';
export { signOfLife } from './power/sign-of-life.ts';
export { switched } from './power/switched.ts';
export { outlets } from './power/outlets/index.ts';
export { muxes } from './storage/muxes/index.ts';
export { HostNote } from './host-note.ts';
export { nearest } from './nearest.ts';
