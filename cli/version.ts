import { readFileSync } from 'node:fs';
import { z } from 'zod';

// Beside cli/ in a clone, and in dist/, where the build puts a copy.
const packageFile = new URL('../package.json', import.meta.url);

/** boardwalk's version. */
export const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageFile, 'utf8')));
