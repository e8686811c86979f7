import { createHash } from 'node:crypto';

import { runCommand } from '../debian/index.ts';

const versionBudget = 10_000;

/** A host program as an input of the build: the sum of what it says of its version. */
export async function hostTool(program: string, ...programArguments: string[]): Promise<string> {
  const said = await runCommand('sh', ['-c', '"$@" 2>&1', 'sh', program, ...programArguments], { budget: versionBudget });
  return createHash('sha256').update(said).digest('hex');
}
