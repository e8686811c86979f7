/** Debian root file systems by mmdebstrap. */
export { BuildCommandFailed, runCommand, type CommandOptions } from './command.ts';
export { parseIndexTargets, sourcesFor, suite, type AptTarget } from './mirror.ts';
export { debianRootfs, debianRootfsSum, sourceDateEpoch, type Architecture, type DebianRootfsOptions } from './rootfs.ts';
