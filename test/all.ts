import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

// Every check of the project, one after another; all are run even when one fails. The last line is the answer: N passed, N failed.

interface Check {
  name: string;
  command: string[];
  /** Whether the command speaks TAP, so that its tests are counted one by one. */
  tap?: boolean;
}

const checks: Check[] = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'tests', command: ['ava', '--tap', '**/*.test.ts', '!test/end-to-end/**'], tap: true },
  // One at a time: each boots a device or two, on cores that it should have to itself.
  { name: 'end to end', command: ['ava', '--tap', '--concurrency=1', 'test/end-to-end/**'], tap: true },
];

/** Milliseconds that one check may take; on a host of average speed the longest takes a quarter of it. */
const checkBudget = 60 * 60_000;

const wanted = process.argv.slice(2);
let passed = 0;
let failed = 0;
const failures: string[] = [];

for (const { name, command, tap } of checks.filter((check) => wanted.length === 0 || wanted.includes(check.name))) {
  const startedAt = performance.now();
  const [program = '', ...args] = command;
  const child = spawn(`node_modules/.bin/${program}`, args, { stdio: ['ignore', tap ? 'pipe' : 'inherit', 'inherit'] });
  // A test that failed may have left something open that keeps its process alive: it must not keep CI.
  const deadline = setTimeout(() => child.kill('SIGKILL'), checkBudget);
  const failedBefore = failed;
  if (child.stdout) {
    for await (const line of createInterface({ input: child.stdout })) {
      console.log(line);
      const point = /^(not )?ok \d+ - (.*?)( # (SKIP|TODO).*)?$/.exec(line);
      if (!point || point[3]) continue;
      if (point[1]) failures.push(`${name}: ${point[2]}`);
      if (point[1]) failed += 1;
      else passed += 1;
    }
  }
  const code = child.exitCode ?? (child.signalCode === null ? (await once(child, 'exit'))[0] : null);
  clearTimeout(deadline);
  // A runner that fails without a failing test (it crashed, or found none) is a failure of its own.
  if (code !== 0 && failed === failedBefore) {
    failed += 1;
    failures.push(name);
  } else if (code === 0 && !tap) passed += 1;
  console.log(`# ${name}: ${code === 0 ? 'ok' : 'FAILED'} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

for (const failure of failures) console.log(`# failed: ${failure}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
