/**
 * A program that takes things and ends, for the tests: `node owner-program.ts ROOT DISK END`, where END says how it ends by itself.
 * Once it has a running machine and a further child with a child of its own, it prints what it has taken, as one line of JSON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { selectAccelerator } from '../accelerator/select.ts';
import { startMachine } from '../machine/start.ts';
import { takeCustody } from './take.ts';

/** Printed by the owner. */
export interface Taken {
  directory: string;
  /** QEMU, a child that was adopted, and a grandchild in the adopted child's group. */
  pids: number[];
}

async function takeThings(root: string, disk: string, end: string): Promise<void> {
  await using custody = await takeCustody({ root, name: 'owner-test' });
  const machine = await startMachine({
    id: 'tiny',
    custody,
    accelerator: await selectAccelerator(),
    disk: { file: disk, format: 'raw' },
    forwards: {},
    log: join(custody.directory, 'qemu.log'),
    memoryMiB: 64,
  });
  await machine.run();
  const child = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  custody.adopt(child);
  const [grandchild]: unknown[] = await once(child.stdout, 'data');
  console.log(JSON.stringify({ directory: custody.directory, pids: [machine.pid, child.pid, Number(String(grandchild))] }));
  switch (end) {
    case 'return':
      return;
    case 'throw':
      setImmediate(() => {
        throw new Error('thrown by the owner');
      });
      break;
    case 'exit':
      process.exit(3);
  }
  await machine.exited;
}

const [root, disk, end] = process.argv.slice(2);
if (root !== undefined && disk !== undefined && end !== undefined) await takeThings(root, disk, end);
