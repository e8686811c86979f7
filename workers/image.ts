import { basename, resolve } from 'node:path';
import { deviceType, serviceImage, type Artifacts } from '../devices/index.ts';
import { demandBootable, inspectImage, sha256OfFile } from '../qemu/index.ts';
import { buildReferenceImage } from '../qemu/reference-os/index.ts';
import type { ImageIdentity } from '../reports/index.ts';

/** The image under test and what belongs to it. */
export interface ImageUnderTest {
  /** Path of the raw flash image; never written. */
  flash: string;
  identity: ImageIdentity;
  artifacts: Artifacts;
}

/** A stretch of work on the image: told when it starts and when it ends. */
export interface ImageStep {
  name: string;
  state: 'started' | 'done';
  /** How long it took, once done. */
  seconds?: number;
}

export interface ImageRequest {
  /** The name of the type of the devices that it is for. */
  type: string;
  /** An image of the user's own; undefined: the reference OS, built on the first call and cached. */
  file: string | undefined;
  /** A file for `hostapp-update -f` that goes with the user's image. */
  update: string | undefined;
  /** A Debian package mirror's URL; undefined: the one that this machine's apt uses. */
  mirror: string | undefined;
  signal: AbortSignal;
  onStep: (step: ImageStep) => void;
}

/** Finds or builds the image, and the container image that suites deploy. Throws what was found wrong, in one sentence. */
export async function imageUnderTest({ type, file, update, mirror, signal, onStep }: ImageRequest): Promise<ImageUnderTest> {
  const steps = stepTeller(onStep);
  const { architecture, firmware } = await deviceType(type);
  if (file !== undefined) {
    const image = await inspectImage(resolve(file));
    if (firmware !== undefined) demandBootable(image, firmware);
    const services = await serviceImage({ architecture, mirror, signal, onProgress: () => steps.begin('service image') });
    steps.begin('checksum');
    // Which version it is only the booted OS can tell.
    const identity = {
      name: basename(file),
      version: 'unknown',
      variant: 'unknown',
      sha256: await sha256OfFile(image.file),
      cached: false,
    };
    steps.end();
    return { flash: image.file, identity, artifacts: { serviceImage: services, ...(update !== undefined && { update: resolve(update) }) } };
  }
  const reference = await buildReferenceImage({ deviceType: type, mirror, signal, onProgress: ({ step }) => steps.begin(step) });
  const cached = steps.count === 0;
  const services = await serviceImage({ architecture, mirror, signal, onProgress: () => steps.begin('service image') });
  steps.end();
  const { flash, version, manifest } = reference;
  return {
    flash,
    identity: { name: 'reference-os', version, variant: 'development', sha256: manifest.flashSha256, cached },
    artifacts: { serviceImage: services, update: reference.update },
  };
}

/** Turns "this goes on now" into steps with a beginning and an end. */
function stepTeller(onStep: ImageRequest['onStep']): { begin(name: string): void; end(): void; readonly count: number } {
  let current: { name: string; since: number } | undefined;
  let count = 0;
  const end = () => {
    if (current) onStep({ name: current.name, state: 'done', seconds: (performance.now() - current.since) / 1000 });
    current = undefined;
  };
  return {
    begin(name) {
      if (current?.name === name) return;
      end();
      current = { name, since: performance.now() };
      count += 1;
      onStep({ name, state: 'started' });
    },
    end,
    get count() {
      return count;
    },
  };
}
