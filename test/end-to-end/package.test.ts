import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { z } from 'zod';
import { buildReferenceImage } from '../../qemu/reference-os/index.ts';
import { lastSummary, start, workingDirectory } from './command.ts';

const root = join(import.meta.dirname, '../..');

const suite = `import { expect, measure, proves, test } from 'boardwalk';

test('the host answers', proves('mine.answers'), async ({ device }) => {
  const seconds = Number((await device.host.check('cut -d " " -f 1 /proc/uptime')));
  await measure('uptime', seconds, { unit: 's', min: 1 });
  expect(await device.host.check('echo $((6 * 7))')).toBe('42');
});
`;

test.serial('a suite in another folder runs on the packed package', async (t) => {
  t.timeout(10 * 60_000);
  const { path: home, remove } = await workingDirectory();
  t.teardown(remove);

  // 1. The package as npm would publish it, unpacked where npm would install it. Its dependencies are this clone's.
  const packed = await start(root, ['pack', '--json', '--pack-destination', home], ['npm']).ended;
  t.is(packed.code, 0, packed.stderr);
  const modules = join(home, 'node_modules');
  await mkdir(join(modules, 'boardwalk'), { recursive: true });
  const [tarball] = z.array(z.object({ filename: z.string() })).parse(JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))));
  const unpacked = await start(home, ['-xzf', tarball?.filename ?? '', '--strip-components=1', '-C', join(modules, 'boardwalk')], ['tar'])
    .ended;
  t.is(unpacked.code, 0, unpacked.stderr);
  const manifest = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readFile(join(modules, 'boardwalk/package.json'), 'utf8')));
  for (const name of Object.keys(manifest.dependencies)) {
    await mkdir(join(modules, name, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(modules, name));
  }

  // 2. Somebody's suite, run by that package's command.
  const suites = join(home, 'suites');
  await mkdir(suites);
  await writeFile(join(suites, 'mine.suite.ts'), suite);
  await writeFile(join(suites, 'boardwalk.config.ts'), "import { defineConfig } from 'boardwalk';\nexport default defineConfig();\n");
  await writeFile(join(home, 'package.json'), '{"type":"module"}\n');
  const { flash } = await buildReferenceImage({ deviceType: 'qemux86-64' });
  const run = await start(home, ['run', './suites', '--image', flash], [join(modules, 'boardwalk/cli/boardwalk')]).ended;
  t.is(run.code, 0, run.stdout + run.stderr);
  const { verdict, tests } = await lastSummary(home);
  t.is(verdict, 'pass');
  t.deepEqual(
    tests.map(({ id, outcome }) => [id, outcome]),
    [['mine/the host answers', 'pass']],
  );
});
