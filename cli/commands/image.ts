import { join } from 'node:path';
import { Command } from 'commander';
import { defaultCacheDirectory, pruneSnapshots } from '../../qemu/index.ts';
import {
  buildReferenceImage,
  listReferenceImages,
  pruneReferenceImages,
  type CachedImage,
  type ReferenceImage,
} from '../../qemu/reference-os/index.ts';
import { UsageError } from '../../workers/index.ts';
import { interruptible } from '../interruptible.ts';
import { printTable } from '../table.ts';
import { writeCommand } from './image-write.ts';

export const imageCommand = new Command('image').description(
  'build, list and remove the reference OS flash images, and write any image onto a disk',
);

imageCommand
  .command('build')
  .description('build the image if the cache has not got it; offline after the first build')
  .argument('[type]', 'the device type that it is for', 'qemux86-64')
  .option('--mirror <url>', 'Debian mirror (default: the one that apt uses)')
  .action(async (type: string, options: { mirror?: string }) => {
    const began = performance.now();
    let told = '';
    const image = await interruptible((signal) =>
      buildReferenceImage({
        deviceType: type,
        mirror: options.mirror,
        signal,
        onProgress: ({ step, number, of, seconds }) => {
          if (step !== told) console.log(`image    ${step.padEnd(10)} ${number} of ${of}  ${seconds.toFixed(0)} s`);
          told = step;
        },
      }),
    );
    const how = told === '' ? 'cached' : `built in ${((performance.now() - began) / 1000).toFixed(0)} s`;
    console.log(`image    reference-os ${image.version} for ${type}  ${image.hash}  (${how})\n${image.flash}`);
  });

imageCommand
  .command('info')
  .description('what an image was made from and what it holds')
  .argument('[hash]', 'the first letters of its name; default: the image used last')
  .option('--json', 'the whole manifest')
  .action(async (hash: string | undefined, options: { json?: boolean }) => {
    const { image, diskBytes } = await findImage(hash);
    if (options.json) {
      console.log(JSON.stringify(image.manifest, undefined, 2));
      return;
    }
    const { manifest } = image;
    console.log(
      `reference-os ${manifest.version} for ${manifest.deviceType}, update ${manifest.updateVersion}\nhash      ${manifest.hash}\nkernel    ${manifest.kernel}\nnode      ${manifest.node}`,
    );
    console.log(`flash     ${image.flash}\nupdate    ${image.update}\non disk   ${mebibytes(diskBytes)}\n`);
    printTable(
      ['partition', 'MiB', 'at'],
      manifest.partitions.map(({ name, startMebibytes, sizeMebibytes }) => [name, String(sizeMebibytes), String(startMebibytes)]),
    );
    console.log();
    printTable(
      ['tree', 'entries', 'MiB', 'sha256'],
      Object.entries(manifest.trees).map(([name, { entries, bytes, sha256 }]) => [
        name,
        String(entries),
        String(Math.ceil(bytes / 2 ** 20)),
        sha256,
      ]),
    );
  });

imageCommand
  .command('list')
  .description('the images in the cache')
  .action(async () => {
    const images = await listReferenceImages();
    printTable(
      ['hash', 'for', 'version', 'on disk', 'last used', 'file'],
      images.map(({ hash, image, diskBytes, lastUsed, directory }) => [
        hash,
        image?.manifest.deviceType ?? '',
        image?.version ?? 'of another boardwalk',
        mebibytes(diskBytes),
        lastUsed.toISOString().slice(0, 16),
        image?.flash ?? directory,
      ]),
    );
  });

imageCommand
  .command('prune')
  .description('remove old images, the booted devices that were kept of them, and what interrupted builds left')
  .option('--keep <n>', 'how many of the images used last to keep', (text) => Number.parseInt(text, 10), 1)
  .action(async (options: { keep: number }) => {
    const removed = await pruneReferenceImages(options);
    const images = removed.reduce((sum, { diskBytes }) => sum + diskBytes, 0);
    const freed = images + (await pruneSnapshots(join(defaultCacheDirectory(), 'snapshots')));
    console.log(freed === 0 ? 'nothing to remove' : `removed ${[...removed.map(({ hash }) => hash), mebibytes(freed)].join(' ')}`);
  });

imageCommand.addCommand(writeCommand);

async function findImage(hash = ''): Promise<CachedImage & { image: ReferenceImage }> {
  const images = (await listReferenceImages()).flatMap(({ image, ...cached }) => (image === undefined ? [] : [{ image, ...cached }]));
  const found = images.find((image) => image.hash.startsWith(hash));
  if (found) return found;
  throw new UsageError(images.length === 0 ? 'the cache holds no image' : `the cache holds no image ${hash}…`, {
    advice: images.length === 0 ? 'Build one:  boardwalk image build' : `Images: ${images.map((image) => image.hash).join(' ')}`,
  });
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
