import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { claimLease, leaseHolder, type Lease } from './lease.ts';

async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'boardwalk-lease-'));
}

test('one holder at a time; the second learns who it is', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const lease = await claimLease('qemu-1', 'run 1', directory);
  t.truthy(lease);
  t.is(await claimLease('qemu-1', 'run 2', directory), undefined);
  const holder = await leaseHolder('qemu-1', directory);
  t.is(holder?.purpose, 'run 1');
  t.is(holder?.pid, process.pid);
  await lease?.publish('/run/x.sock');
  t.is((await leaseHolder('qemu-1', directory))?.bench, '/run/x.sock');
  await lease?.release();
  t.is(await leaseHolder('qemu-1', directory), undefined);
  t.deepEqual(await readdir(directory), []);
});

test('somebody who only looks doesn’t keep a holder from its lease', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'qemu-1.lease');
  // As leaseHolder looks, on a host that is so busy that it takes long.
  const look = spawn('sh', ['-c', 'exec 9<>"$1"; flock --shared 9; echo looking; read -r _', 'look', file], { stdio: 'pipe' });
  await once(look.stdout, 'data');
  const claiming = claimLease('qemu-1', 'run 1', directory);
  const other = claimLease('qemu-2', 'another', directory);
  t.is(await Promise.race([claiming.then(() => 'over'), other.then(() => 'waiting')]), 'waiting');
  await (await other)?.release();
  look.stdin.end('\n');
  const lease = await claiming;
  t.is((await leaseHolder('qemu-1', directory))?.purpose, 'run 1');
  await lease?.release();
});

test('a holder killed outright leaves no lease', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const program = `import { claimLease } from ${JSON.stringify(new URL('./lease.ts', import.meta.url).href)};
    const lease = await claimLease('qemu-1', 'doomed', ${JSON.stringify(directory)});
    console.log(lease ? 'held' : 'busy');
    await lease.ended;`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  t.is(String(said).trim(), 'held');
  t.is(await claimLease('qemu-1', 'too early', directory), undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  let lease: Lease | undefined;
  for (const deadline = Date.now() + 5000; !lease && Date.now() < deadline;) lease = await claimLease('qemu-1', 'heir', directory);
  t.truthy(lease, 'the lease of a killed holder is free within five seconds');
  await lease?.release();
  t.deepEqual(await readdir(directory), []);
});

test('of many claims at once, one wins', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const claims = await Promise.all(Array.from({ length: 8 }, (_, index) => claimLease('board', `run ${index}`, directory)));
  const won = claims.filter((lease) => lease !== undefined);
  t.is(won.length, 1);
  await won[0]?.release();
});
