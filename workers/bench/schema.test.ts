import { readFileSync } from 'node:fs';
import test from 'ava';
import { benchSchema, benchSchemaFile } from './schema.ts';

test('schema/bench.json is what the types and drivers say (else: node workers/bench/schema.ts)', async (t) => {
  t.deepEqual(JSON.parse(readFileSync(benchSchemaFile, 'utf8')), JSON.parse(await benchSchema()));
});
