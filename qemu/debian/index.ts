/** Debian root file systems by mmdebstrap, and the cache that keeps what was built. */
export { cacheEntry, defaultCacheDirectory, sweepUnfinished, type CacheEntryOptions } from './cache.ts';
export { BuildCommandFailed, runCommand, type CommandOptions } from './command.ts';
export { parseIndexTargets, sourcesFor, suite, type AptTarget } from './mirror.ts';
export { debianRootfs, debianRootfsSum, sha256OfFile, sourceDateEpoch, type DebianRootfsOptions } from './rootfs.ts';
