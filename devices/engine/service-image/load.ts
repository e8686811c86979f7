import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { engineError } from '../errors.ts';

/** What `docker import` must add, since a tar of files says nothing of how to start them. */
const changes = ['CMD ["/init"]', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'].join('\n');

const repository = 'boardwalk/service';

/** How the image of a tar is called on a device: by the tar's content, so that an image that is there is the right one. */
export async function serviceImageReference(tar: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(tar), hash);
  return `${repository}:${hash.digest('hex').slice(0, 16)}`;
}

/**
 * Sends the service image to the engine unless it has it.
 * @returns its reference, as a target state names it
 */
export async function loadServiceImage(docker: Docker, tar: string, signal?: AbortSignal): Promise<string> {
  const reference = await serviceImageReference(tar);
  try {
    if ((await docker.listImages({ filters: { reference: [reference] } })).length > 0) return reference;
    const tag = reference.slice(repository.length + 1);
    const progress = await docker.importImage(createReadStream(tar), {
      repo: repository,
      tag,
      changes,
      ...(signal && { abortSignal: signal }),
    });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error: Error | null) => (error === null ? resolve() : reject(error)));
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw engineError(`the service image ${reference}`, error);
  }
  return reference;
}
