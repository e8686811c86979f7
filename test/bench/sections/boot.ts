import { createDevice, freshDevice, type ProvisionedDevice } from '../../../devices/index.ts';
import { ConsoleShell } from '../../../devices/shell/console-shell.ts';
import { referenceDevice } from '../../reference-device.ts';
import { percentile, type Section } from '../row.ts';

/** An odd number, so that the median is one of them. */
const coldBoots = 3;
const restores = 9;
/** Seconds that a restored device may take, to the first answer over SSH and over whichever shell is first; and of a cold boot, at most. */
const sshLimit = 3;
const anyShellLimit = 1.5;
const ofColdLimit = 1 / 7;

const section: Section = {
  name: 'boot',
  about: `the reference OS on one virtual device: ${coldBoots} cold boots by its loader, ${restores} restored from a snapshot`,
  async *rows({ directory, signal }) {
    await using taken = new AsyncDisposableStack();
    const parts = await referenceDevice({ id: 'boot', directory, signal }, taken);
    // Keeps a booted device where none is kept.
    await freshDevice(parts, { signal });

    const cold = [];
    for (let lap = 0; lap < coldBoots; lap += 1) cold.push(await coldBoot(parts, signal));
    const ssh = percentile(
      cold.map(({ seconds }) => seconds),
      0.5,
    );
    yield { id: 'boot.ssh', unit: 's', ours: ssh, note: 'from power-on to the first command over SSH' };
    for (const { name } of cold[0]?.stages ?? []) {
      const each = cold.map(({ stages }) => stages.find((stage) => stage.name === name)?.seconds ?? 0);
      yield { id: `boot.stage.${name}`, unit: 's', ours: percentile(each, 0.5) };
    }

    const restored = { ssh: [] as number[], any: [] as number[] };
    for (let lap = 0; lap < restores; lap += 1) {
      restored.ssh.push(await firstCommand(parts, ['ssh'], signal));
      restored.any.push(await firstCommand(parts, ['ssh', 'console'], signal));
    }
    const first = percentile(restored.ssh, 0.5);
    yield { id: 'restore.firstCommand', unit: 's', ours: first, limit: sshLimit, note: 'from power-on to the first command over SSH' };
    yield { id: 'restore.anyShell', unit: 's', ours: percentile(restored.any, 0.5), limit: anyShellLimit, note: 'SSH or console' };
    yield { id: 'restore.vsCold', unit: '×', ours: first / ssh, limit: ofColdLimit, note: 'restore.firstCommand ÷ boot.ssh' };
  },
};
export default section;

interface Cold {
  seconds: number;
  stages: { name: string; seconds: number }[];
}

async function coldBoot(parts: ProvisionedDevice, signal: AbortSignal): Promise<Cold> {
  await parts.renew({ restore: false });
  const device = createDevice(parts);
  try {
    const { stages } = await device.ready({ signal });
    // Engine and supervisor are no part of it.
    const seconds = stages.reduce((sum, stage) => sum + stage.seconds, 0);
    return { seconds, stages: stages.map((stage) => ({ name: stage.name, seconds: stage.seconds })) };
  } finally {
    await device.close();
  }
}

/** Seconds from the power-on of a restored device until the first of these shells has run a command. */
async function firstCommand(parts: ProvisionedDevice, shells: ('ssh' | 'console')[], signal: AbortSignal): Promise<number> {
  await parts.renew();
  const device = createDevice(parts);
  const serial = new ConsoleShell({ console: parts.console });
  const lost = new AbortController();
  try {
    const started = performance.now();
    await parts.power.on();
    const stop = AbortSignal.any([signal, lost.signal]);
    await Promise.race(shells.map((shell) => (shell === 'ssh' ? device.host : serial).ready({ timeout: 60_000, signal: stop })));
    return (performance.now() - started) / 1000;
  } finally {
    lost.abort();
    await parts.power.off();
    await Promise.all([device.close(), serial.close()]);
  }
}
