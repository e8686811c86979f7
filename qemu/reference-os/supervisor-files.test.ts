import test from 'ava';

import { compileModule } from './supervisor-files.ts';

test('types go, relative specifiers get the name of the compiled file', (t) => {
  const compiled = compileModule(
    [
      "import { readFile } from 'node:fs/promises';",
      "import type { Thing } from './thing.ts';",
      "import { make } from './make.ts';",
      "export * from '../other/part.ts';",
      "const lazy = (name: string): Promise<unknown> => import('./lazy.ts');",
      "const text = 'a sentence about main.ts';",
    ].join('\n'),
  );
  t.true(compiled.includes("from './make.js'"));
  t.true(compiled.includes("from '../other/part.js'"));
  t.true(compiled.includes("import('./lazy.js')"));
  t.true(compiled.includes("'node:fs/promises'"));
  t.true(compiled.includes('a sentence about main.ts'));
  t.false(compiled.includes('Thing'));
  t.false(compiled.includes('string'));
});
