import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';
import { execa } from 'execa';

import { bootId } from '../custody/process-identity.ts';
import { answeredExitCode, exitPort, probeDisk } from './boot-sector.ts';
import { probeKvm, selectAccelerator } from './select.ts';

/** The cache's place is read from the environment: these tests run one after the other. */
const serial = test.serial;

async function withCache<T>(during: (cache: string) => Promise<T>): Promise<T> {
  const cache = await mkdtemp(join(tmpdir(), 'accelerator-test-'));
  const before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = cache;
  try {
    return await during(cache);
  } finally {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
    await rm(cache, { recursive: true });
  }
}

async function hasOpenKvm(): Promise<boolean> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A program in QEMU's place, to play what a host's KVM may do. */
async function writeDouble(directory: string, script: string): Promise<string> {
  const path = join(directory, 'qemu-system-double');
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

serial("this host's answer is one that a guest confirms", async (t) => {
  await withCache(async () => {
    const selected = await selectAccelerator();
    t.log(selected.reason);
    t.regex(
      selected.reason,
      selected.accelerator === 'kvm' ? /^kvm present, answered in/ : /^kvm (absent|present, (not open|hung|failed))/,
    );
    const disk = join(await mkdtemp(join(tmpdir(), 'accelerator-test-')), 'probe.img');
    await writeFile(disk, probeDisk());
    const arguments_ = ['-nodefaults', '-display', 'none', '-machine', 'q35', '-m', '32', '-drive', `if=virtio,format=raw,file=${disk}`];
    const guest = await execa(
      'qemu-system-x86_64',
      [...selected.argv, ...arguments_, '-device', `isa-debug-exit,iobase=${exitPort},iosize=4`],
      {
        reject: false,
        stdin: 'ignore',
        timeout: 30_000,
      },
    );
    t.is(guest.exitCode, answeredExitCode);
    await rm(join(disk, '..'), { recursive: true });
  });
});

serial('a guest that hangs, a QEMU that crashes and a guest that answers are told apart', async (t) => {
  await withCache(async (cache) => {
    t.deepEqual(await probeKvm(await writeDouble(cache, 'exec sleep 600')), { works: false, reason: 'kvm present, hung in probe' });
    const crash = await writeDouble(cache, 'echo "/usr/bin/qemu-system-double: error: failed to set MSR 0x10a" >&2; kill -ABRT $$');
    t.deepEqual(await probeKvm(crash), { works: false, reason: 'kvm present, failed in probe: failed to set MSR 0x10a' });
    const answer = await probeKvm(await writeDouble(cache, `exit ${answeredExitCode}`));
    t.true(answer.works);
    t.regex(answer.reason, /^kvm present, answered in \d\.\d s$/);
  });
});

serial('the verdict is kept for this boot and this QEMU, and no longer', async (t) => {
  if (!(await hasOpenKvm())) {
    t.pass('without an open /dev/kvm nothing is probed, and nothing kept');
    return;
  }
  await withCache(async (cache) => {
    const binary = await writeDouble(cache, 'echo first >&2; exit 1');
    t.is((await selectAccelerator({ emulator: binary })).reason, 'kvm present, failed in probe: first');
    const file = join(cache, 'boardwalk', 'accelerator.json');
    const kept = await readFile(file, 'utf8');
    t.true(kept.includes(bootId()));

    await writeFile(file, kept.replace('first', 'kept'));
    t.is((await selectAccelerator({ emulator: binary })).reason, 'kvm present, failed in probe: kept');
    await writeFile(file, kept.replace('first', 'kept').replace(bootId(), 'an earlier boot'));
    t.is((await selectAccelerator({ emulator: binary })).reason, 'kvm present, failed in probe: first');
    await writeFile(file, '{"bootId":');
    t.is((await selectAccelerator({ emulator: binary })).reason, 'kvm present, failed in probe: first');
    await writeDouble(cache, `sleep 0.1; exit ${answeredExitCode}`);
    t.is((await selectAccelerator({ emulator: binary })).accelerator, 'kvm');
  });
});
