import { spawn } from 'node:child_process';
import { copyFile, constants } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { buildReferenceImage } from '../../qemu/reference-os/index.ts';
import { workingDirectory } from './command.ts';

/** Under software emulation, with other tests beside it. Seen: 40 s. */
const bootBudget = 5 * 60_000;

test.serial('the flash image boots in a bare QEMU to a login on its serial port', async (t) => {
  t.timeout(bootBudget * 2);
  const { path, remove } = await workingDirectory();
  t.teardown(remove);
  const { flash } = await buildReferenceImage({ deviceType: 'qemux86-64' });
  const copy = join(path, 'flash.img');
  await copyFile(flash, copy, constants.COPYFILE_FICLONE);
  // A plain disk and nothing else of ours: no QMP, no virtio, no network options.
  const machine = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'qemu-system-x86_64', '-m', '1024', '-drive', `file=${copy},format=raw`, '-nographic'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  t.teardown(() => machine.kill('SIGKILL'));
  let said = '';
  const deadline = AbortSignal.timeout(bootBudget);
  for await (const chunk of machine.stdout) {
    said += String(chunk);
    if (/ login: /.test(said) || deadline.aborted) break;
  }
  t.regex(said, /GRUB/);
  t.regex(said, /Linux version/);
  t.regex(said, / login: /);
});
