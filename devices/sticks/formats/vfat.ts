import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileNotOnStick, StickFailed } from '../errors.ts';
import { partitionStart } from '../partition-table.ts';
import { tool, type ToolResult } from '../tool.ts';
import type { Format } from './format.ts';

const sectorBytes = 512;
/** How mtools names a file system inside an image. */
const inside = (image: string) => `${image}@@${partitionStart}`;

export const vfat: Format = {
  partitionType: 0x0c,
  programs: ['mkfs.vfat', 'mcopy', 'mdir', 'mtype'],
  longestLabel: 11,
  uuidPattern: /^[0-9A-F]{4}-[0-9A-F]{4}$/,

  randomUuid() {
    const digits = randomBytes(4).toString('hex').toUpperCase();
    return `${digits.slice(0, 4)}-${digits.slice(4)}`;
  },

  async make(image, { label, uuid, partitionKiB, content }) {
    const named = label === undefined ? [] : ['-n', label];
    await tool('mkfs.vfat', [
      `--offset=${partitionStart / sectorBytes}`,
      '-i',
      uuid.replace('-', ''),
      ...named,
      image,
      String(partitionKiB),
    ]);
    const entries = await readdir(content);
    if (entries.length === 0) return;
    // -s subdirectories too, -o no question about what is there.
    await tool('mcopy', ['-s', '-o', '-i', inside(image), ...entries.map((entry) => join(content, entry)), '::']);
  },

  async readFile(image, path) {
    const { exitCode, stdout, stderr } = await mtools('mtype', ['-i', inside(image), `::${path}`]);
    if (exitCode !== 0) throw new FileNotOnStick(path, stderr);
    return stdout;
  },

  async list(image) {
    // One path a line, of every directory. An empty root is “not found”, too.
    const { stdout } = await mtools('mdir', ['-/', '-b', '-i', inside(image), '::']);
    return stdout
      .toString('utf8')
      .split('\n')
      .filter((line) => line.startsWith('::/') && !line.endsWith('/'))
      .map((line) => line.slice('::/'.length))
      .sort();
  },
};

/** mtools exits with 1 whatever goes wrong; that something isn't there is an answer, all else a failure. */
async function mtools(program: string, args: string[]): Promise<ToolResult> {
  const result = await tool(program, args, [0, 1]);
  if (result.exitCode === 0 || / not found$/m.test(result.stderr)) return result;
  throw new StickFailed(`${program} can’t read the stick: ${result.stderr.trim()}`, {
    blame: 'product',
    evidence: [{ kind: 'command', text: `$ ${program} ${args.join(' ')}\n${result.stderr}` }],
    advice: 'Did the device format or damage the stick?',
  });
}
