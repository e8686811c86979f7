import { join } from 'node:path';
import { deviceType, type ProvisionedDevice } from '../devices/index.ts';
import { defaultCacheDirectory, takeCustody } from '../qemu/index.ts';
import { imageUnderTest } from '../workers/index.ts';

/** A virtual device, off, on the reference OS as a run takes it, with the cache's snapshots; given back with `taken`. */
export async function referenceDevice(
  { id, directory, signal }: { id: string; directory: string; signal: AbortSignal },
  taken: AsyncDisposableStack,
): Promise<ProvisionedDevice> {
  const image = await imageUnderTest({
    type: 'qemux86-64',
    file: undefined,
    update: undefined,
    mirror: undefined,
    signal,
    onStep: () => undefined,
  });
  const custody = taken.use(await takeCustody({ name: id, root: directory }));
  const type = await deviceType('qemux86-64');
  const parts = await type.provision({
    id,
    image: image.flash,
    runDirectory: directory,
    stateDirectory: join(custody.directory, id),
    artifacts: image.artifacts,
    snapshots: { directory: join(defaultCacheDirectory(), 'snapshots'), imageSha256: image.identity.sha256 },
    custody,
    signal,
  });
  taken.defer(() => parts.release());
  return parts;
}
