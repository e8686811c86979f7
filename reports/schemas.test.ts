import { readFileSync } from 'node:fs';
import test from 'ava';
import { jsonSchemas, schemaFile } from './schemas.ts';

for (const [name, text] of jsonSchemas()) {
  test(`schema/${name} is what the zod schema says (else: node reports/schemas.ts)`, (t) => {
    t.deepEqual(JSON.parse(readFileSync(schemaFile(name), 'utf8')), JSON.parse(text));
  });
}
