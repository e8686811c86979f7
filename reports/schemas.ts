import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { eventSchema } from './event-log/event.ts';
import { summarySchema } from './summary/summary.ts';

/** The JSON schemas that are shipped for readers in other languages, as text, by file name. */
export function jsonSchemas(): Map<string, string> {
  return new Map([
    ['event.json', text(eventSchema)],
    ['summary.json', text(summarySchema)],
  ]);
}

const text = (schema: z.ZodType): string => `${JSON.stringify(z.toJSONSchema(schema, { target: 'draft-2020-12' }), null, 2)}\n`;

export const schemaFile = (name: string): URL => new URL(`../schema/${name}`, import.meta.url);

/** `node reports/schemas.ts` writes schema/; run it after a change to the zod schemas. */
if (import.meta.main) {
  for (const [name, text] of jsonSchemas()) writeFileSync(schemaFile(name), text);
}
