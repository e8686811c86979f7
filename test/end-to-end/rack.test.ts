import { readFile } from 'node:fs/promises';
import test from 'ava';
import { runRack } from '../rack/rack.ts';
import { workingDirectory } from './command.ts';

test.serial('a board wired to a bench of its own kernel: UART, hub power, card multiplexer, and faults of each', async (t) => {
  t.timeout(20 * 60_000);
  const { path, remove } = await workingDirectory();
  t.teardown(remove);
  const job = await readFile(new URL('../rack/wires.sh', import.meta.url), 'utf8');
  const end = await runRack({ directory: path, job, signal: AbortSignal.timeout(15 * 60_000) });
  t.log(end?.log);
  t.is(end?.code, 0, end?.log ?? 'the bench guest ended without a word');
});
