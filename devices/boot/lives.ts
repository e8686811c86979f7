import type { Budgets } from '../budgets.ts';
import type { Boot, Device, DeviceParts, Reboot } from '../device.ts';
import { AwaitedTooLong, DeviceError } from '../errors.ts';
import { ConnectionLost } from '../shell/errors.ts';
import type { Shell } from '../shell/shell.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { NeverRebooted, RebootRefused, UnexpectedReboot } from './errors.ts';
import { lastWords } from './last-words.ts';
import { neverCameBack } from './never-came-back.ts';
import { stagesOf } from './timeline.ts';

export interface LivesOptions {
  parts: Pick<DeviceParts, 'id' | 'console' | 'power' | 'markDirty'>;
  host: Shell;
  supervisor: Supervisor;
  budgets: Budgets;
  /** Resolves once everything but SSH answers too. */
  services: (options: { timeout: number; signal?: AbortSignal }) => Promise<void>;
}

const askBootId = 'cat /proc/sys/kernel/random/boot_id';
/** systemd's own D-Bus interface; `busctl` comes with systemd. */
const rebootOverDbus = 'busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager Reboot';
const defaultWatch = 5_000;

/** One kernel after the other: how a device comes up, reboots, or doesn't. */
export function lives({
  parts,
  host,
  supervisor,
  budgets,
  services,
}: LivesOptions): Pick<Device, 'bootId' | 'ready' | 'reboot' | 'expectNoReboot'> {
  const { console, power } = parts;
  const bootId = () => host.check(askBootId);

  /** @throws AwaitedTooLong when nothing answers, NeverRebooted when the old kernel still does at the end. */
  async function anotherBoot(previousId: string, timeout: number, signal: AbortSignal | undefined): Promise<string> {
    const deadline = performance.now() + timeout;
    for (;;) {
      signal?.throwIfAborted();
      try {
        // Between two lives the shell goes on connecting until somebody answers: the old kernel on its way down perhaps.
        const left = Math.max(1, deadline - performance.now());
        const id = await host.check(askBootId, { timeout: left, ...(signal && { signal }) });
        if (id !== previousId) return id;
      } catch (error) {
        // It answered and went down before it had said what: ask the next one.
        if (!(error instanceof ConnectionLost)) throw error;
      }
      if (performance.now() > deadline) {
        throw new NeverRebooted(`asked for a reboot, but boot_id ${previousId} still answers after ${Math.round(timeout / 1000)} s`, {
          blame: 'product',
          evidence: [{ kind: 'command', text: `$ ${askBootId}\n${previousId}` }],
          advice: 'Something holds the shutdown back: `systemctl list-jobs` and `systemd-inhibit --list` on the device.',
        });
      }
      await nextWord(deadline, signal);
    }
  }

  /** A shutdown is talkative: asks again when the console says something, or after half a second of silence. */
  async function nextWord(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const timeout = Math.min(500, Math.max(1, deadline - performance.now()));
    try {
      await console.expect(/[^\s]/, { timeout, ...(signal && { signal }) });
    } catch (error) {
      if (!(error instanceof AwaitedTooLong)) throw error;
    }
  }

  async function act(how: Reboot): Promise<void> {
    if (typeof how === 'function') return how();
    if (how === 'power-cycle') return power.cycle();
    if (how === 'supervisor') {
      const { status, text } = await supervisor.request('POST', '/v1/reboot');
      if (status !== 202) {
        throw new RebootRefused(`POST /v1/reboot answered ${status}, not 202: ${text.trim()}`, {
          blame: 'product',
          evidence: [{ kind: 'http', text: `POST /v1/reboot\n\n${status}\n${text}` }],
          advice: '423 means an update lock or an update that is pending, 401 a device that wants an API key.',
        });
      }
      return;
    }
    try {
      await host.check(rebootOverDbus);
    } catch (error) {
      // The connection may go before the reply does; a reply that says no is another matter.
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }

  async function describe(id: string, previousId: string | undefined, from: number, askedAt: number | undefined): Promise<Boot> {
    const answeredAt = askedAt === undefined ? undefined : Date.now();
    const [latest] = (await console.boots()).slice(-1);
    const timeline = latest !== undefined && latest.startedAt >= (askedAt ?? 0) ? latest : undefined;
    const stages = timeline === undefined ? [] : stagesOf(timeline, answeredAt);
    const totalSeconds =
      answeredAt === undefined || askedAt === undefined
        ? stages.reduce((sum, { seconds }) => sum + seconds, 0)
        : (answeredAt - askedAt) / 1000;
    return { id, previousId, stages, totalSeconds, console: { from: timeline?.offset ?? from, to: await console.mark() } };
  }

  return {
    bootId,

    async ready({ timeout = budgets.boot + budgets.services, signal } = {}) {
      const started = performance.now();
      const askedAt = Date.now();
      const from = await console.mark();
      // 1. Power.
      const off = (await power.state()) === 'off';
      if (off) await power.on();
      // 2. SSH: the first word of a new kernel.
      const options = { timeout: Math.min(timeout, budgets.boot), ...(signal && { signal }) };
      try {
        await host.ready(options);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof DeviceError)) throw error;
        const asked = off ? 'power' : 'an answer over SSH';
        throw await neverCameBack(parts, host, budgets, { asked, askedAt, from, budget: options.timeout, cause: error });
      }
      const boot = await describe(await bootId(), undefined, off ? from : 0, off ? askedAt : undefined);
      // 3. What the suites need beside it.
      await services({ timeout: Math.max(1, timeout - (performance.now() - started)), ...(signal && { signal }) });
      return off ? { ...boot, readySeconds: (Date.now() - askedAt) / 1000 } : boot;
    },

    async reboot(how, { timeout = budgets.shutdown + budgets.boot, signal } = {}) {
      const previousId = await bootId();
      const from = await console.mark();
      await console.announceReset();
      const askedAt = Date.now();
      await act(how);
      try {
        const id = await anotherBoot(previousId, timeout, signal);
        return await describe(id, previousId, from, askedAt);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof DeviceError) || error instanceof NeverRebooted) throw error;
        const asked = typeof how === 'function' ? 'a reboot' : `a reboot (${how})`;
        throw await neverCameBack(parts, host, budgets, { asked, askedAt, from, budget: timeout, cause: error });
      }
    },

    async expectNoReboot(during, { watch = defaultWatch } = {}) {
      const before = await bootId();
      const from = await console.mark();
      // Counted and not looked for behind the mark: a board that is reset says so on the line of its login prompt.
      const lived = (await console.boots()).length;
      await during();
      const goingDown = await console
        .expect(/reboot: (?:Restarting system|Power down|System halted).*/, { from, timeout: watch })
        .catch((error: unknown) => {
          if (error instanceof AwaitedTooLong) return undefined;
          throw error;
        });
      const [boot] = (await console.boots()).slice(lived);
      const { evidence } = await lastWords(console, from);
      const options = { blame: 'product', evidence, advice: 'Nothing that was done here may reboot the device.' } as const;
      if (goingDown !== undefined) throw new UnexpectedReboot(`the kernel went down: “${goingDown.text}”`, options);
      if (boot !== undefined) throw new UnexpectedReboot(`the device booted anew (console byte ${boot.offset})`, options);
      const after = await bootId();
      if (after !== before) throw new UnexpectedReboot(`boot_id was ${before} and is ${after}`, options);
    },
  };
}
