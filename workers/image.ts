import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { serviceImage, type Artifacts } from '../devices/index.ts';
import { buildReferenceImage, inspectImage, type BuildProgress } from '../qemu/index.ts';
import type { ImageIdentity } from '../reports/index.ts';

/** The image under test and what belongs to it. */
export interface ImageUnderTest {
  /** Path of the raw flash image; never written. */
  flash: string;
  identity: ImageIdentity;
  artifacts: Artifacts;
}

export interface ImageRequest {
  /** An image of the user's own; undefined: the reference OS, built on the first call and cached. */
  file: string | undefined;
  /** A file for `hostapp-update -f` that goes with the user's image. */
  update: string | undefined;
  mirror?: string;
  signal: AbortSignal;
  onProgress(progress: BuildProgress): void;
}

/** Finds or builds the image. Throws what the build or the inspection found wrong, in one sentence. */
export async function imageUnderTest({ file, update, mirror, signal, onProgress }: ImageRequest): Promise<ImageUnderTest> {
  if (file !== undefined) {
    const image = await inspectImage(resolve(file));
    const services = await serviceImage({ architecture: 'amd64', signal, onProgress });
    return {
      flash: image.file,
      // Which version it is only the booted OS can tell.
      identity: { name: basename(file), version: 'unknown', variant: 'unknown', sha256: await sha256(image.file), cached: false },
      artifacts: { serviceImage: services, ...(update !== undefined && { update: resolve(update) }) },
    };
  }
  const reference = await buildReferenceImage({ ...(mirror !== undefined && { mirror }), signal, onProgress });
  const services = await serviceImage({ architecture: 'amd64', signal, onProgress });
  return {
    flash: reference.flash,
    identity: { name: 'reference-os', version: reference.version, variant: 'development', sha256: reference.sha256, cached: reference.cached },
    artifacts: { serviceImage: services, update: reference.update },
  };
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}
