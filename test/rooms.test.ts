import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import test from 'ava';

// rooms.json is the table: what each room may import of the others, a whole room or one file of it. Imports go down only.
const root = join(import.meta.dirname, '..');
const table: Record<string, string[]> = JSON.parse(await readFile(join(import.meta.dirname, 'rooms.json'), 'utf8'));

/** What a file imports by a relative path, as paths from the root: static imports, re-exports, `import()` and `import type`. */
function relativeImports(file: string, source: string): string[] {
  const specifiers = [...source.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"](\.[^'"]+)['"]/g)].map((match) => match[1] ?? '');
  return specifiers.map((specifier) => relative(root, join(root, dirname(file), specifier)));
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

for (const room of Object.keys(table)) {
  test(`${room} imports only what the table of rooms allows`, async (t) => {
    const files = (await readdir(join(root, room), { recursive: true }))
      .filter((file) => /\.[cm]?ts$/.test(file))
      .map((file) => join(room, file));
    t.true(files.length > 0);
    const allowed = table[room] ?? [];
    for (const file of files) {
      for (const target of relativeImports(file, await readFile(join(root, file), 'utf8'))) {
        const fine =
          roomOf(target) === room || allowed.some((entry) => target === entry || (!entry.includes('.') && roomOf(target) === entry));
        t.true(fine, `${file} imports ${target}; ${room} may import ${allowed.join(', ') || 'no other room'}`);
      }
    }
  });
}

test('the table names every room of the house', async (t) => {
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  const rooms = folders.map(({ name }) => name).filter((name) => !['node_modules', 'dist', 'docs', 'schema'].includes(name));
  t.deepEqual(rooms.sort(), Object.keys(table).sort());
});

test('an import of a deeper floor is seen', (t) => {
  // Put together here, so that this file isn't found to import it.
  const specifier = ['..', '..', 'devices', 'index.ts'].join('/');
  t.deepEqual(relativeImports('qemu/disk/image.ts', `import type { X } from '${specifier}';`), ['devices/index.ts']);
});
