/** The reference OS: its flash image and update file, built from Debian packages, kept in the cache. */
export { buildReferenceImage, type BuildOptions, type BuildProgress, type BuildStep, buildSteps } from './build.ts';
export { ReferenceImageError, RootRequired } from './errors.ts';
export { type CachedImage, listReferenceImages, pruneReferenceImages, type ReferenceImage } from './images.ts';
export type { Manifest, TreeSummary } from './manifest.ts';
