import test from 'ava';
import { budgets } from '../budgets.ts';
import { openFakeConsole, type FakeSource } from '../console/fake.ts';
import type { DeviceParts } from '../device.ts';
import { AwaitedTooLong } from '../errors.ts';
import { FakePower } from '../power/fake.ts';
import { CommandFailed, ConnectionLost } from '../shell/errors.ts';
import type { Shell, ShellResult } from '../shell/shell.ts';
import type { SupervisorResponse } from '../supervisor/supervisor.ts';
import { NeverCameBack, NeverRebooted, RebootRefused, UnexpectedReboot } from './errors.ts';
import { lives } from './lives.ts';

/** A board in memory: each boot says its stages on the console and answers with a boot_id of its own. */
class Board {
  boots = 0;
  /** What the next boot does instead of coming up. */
  stuckAt: 'loader' | undefined;
  answering = false;
  readonly dirt: string[] = [];
  readonly #console: FakeSource;

  constructor(console: FakeSource) {
    this.#console = console;
  }

  powerOn(): void {
    this.boots += 1;
    this.#console.feed('SeaBIOS (version 1.16.2)\r\nWelcome to GRUB!\r\n');
    if (this.stuckAt === 'loader') return;
    this.#console.feed(`Linux version 6.1.${this.boots}\r\nsystemd[1]: Detected\r\nboard login: `);
    this.answering = true;
  }

  shutDown(): void {
    this.answering = false;
    this.#console.feed('\r\n[   41.220] reboot: Restarting system\r\n');
  }

  reboot(): void {
    this.shutDown();
    this.powerOn();
  }

  get bootId(): string {
    return `boot-${this.boots}`;
  }
}

const unused = () => Promise.reject(new RangeError('not part of this'));

async function make({ status = 202, off = false } = {}) {
  const { console, source, release } = await openFakeConsole();
  const board = new Board(source);
  const power = new FakePower(async (state) => {
    if (state === 'off') board.answering = false;
    else {
      await console.poweredOn();
      board.powerOn();
    }
  });
  if (!off) await power.on();
  const answer = (command: string): ShellResult => {
    if (!board.answering) throw new AwaitedTooLong(`“${command}” over SSH`, 1, 'silence', { blame: 'product' });
    if (command.startsWith('busctl')) {
      board.reboot();
      throw new ConnectionLost('the SSH connection ended', { blame: 'product' });
    }
    return { command, stdout: `${board.bootId}\n`, stderr: '', exitCode: 0, milliseconds: 1 };
  };
  const host: Shell = {
    run: async (command) => answer(command),
    async check(command) {
      const result = answer(command);
      if (result.exitCode !== 0) throw new CommandFailed(result);
      return result.stdout.trimEnd();
    },
    ready: async () => void answer('true'),
    upload: unused,
    download: unused,
    forward: unused,
    close: async () => undefined,
  };
  const asked: string[] = [];
  const supervisor = {
    async request(method: string, path: string): Promise<SupervisorResponse> {
      asked.push(`${method} ${path}`);
      if (status === 202) board.reboot();
      return { status, text: 'said', json: undefined };
    },
    ready: async () => undefined,
  };
  const parts: Pick<DeviceParts, 'id' | 'console' | 'power' | 'markDirty'> = {
    id: 'board',
    console,
    power,
    markDirty: async (reason) => void board.dirt.push(reason),
  };
  const services: string[] = [];
  const device = lives({ parts, host, supervisor, budgets: budgets(1), services: async () => void services.push(board.bootId) });
  return { device, board, power, console, source, asked, services, release };
}

for (const how of ['dbus', 'supervisor', 'power-cycle'] as const) {
  test(`a reboot by ${how} resolves with the next boot and its stages`, async (t) => {
    const it = await make();
    const boot = await it.device.reboot(how);
    t.like(boot, { id: 'boot-2', previousId: 'boot-1' });
    t.deepEqual(
      boot.stages.map(({ name }) => name),
      ['firmware', 'loader', 'kernel', 'init', 'ssh'],
    );
    t.true(
      Buffer.from(await it.console.read(boot.console))
        .toString()
        .startsWith('SeaBIOS'),
    );
    t.deepEqual(await it.console.faults(), []);
    t.deepEqual(it.asked, how === 'supervisor' ? ['POST /v1/reboot'] : []);
    await it.release();
  });
}

test('a function may do the reboot', async (t) => {
  const it = await make();
  t.is((await it.device.reboot(async () => it.board.reboot())).id, 'boot-2');
  await it.release();
});

test('a supervisor that says no is an error, and no reboot is waited for', async (t) => {
  const it = await make({ status: 423 });
  const error = await t.throwsAsync(it.device.reboot('supervisor'), { instanceOf: RebootRefused });
  t.is(error.message, 'POST /v1/reboot answered 423, not 202: said');
  t.is(it.board.boots, 1);
  await it.release();
});

test('the same boot_id at the end of the budget: it never rebooted', async (t) => {
  const it = await make();
  const error = await t.throwsAsync(
    it.device.reboot(async () => undefined, { timeout: 300 }),
    { instanceOf: NeverRebooted },
  );
  t.is(error.blame, 'product');
  t.regex(error.message, /boot_id boot-1 still answers/);
  t.deepEqual(it.power.changes, ['on']);
  await it.release();
});

test('a board that stops on its way up: how far it got, its last words, and that a power cycle mends it', async (t) => {
  const it = await make();
  const error = await t.throwsAsync(
    it.device.reboot(async () => {
      it.board.stuckAt = 'loader';
      it.board.reboot();
      it.board.stuckAt = undefined;
    }),
    { instanceOf: NeverCameBack },
  );
  t.regex(error.message, /^asked for a reboot at \d\d:\d\d:\d\d\.\d{3}; the console’s last word came at /);
  t.true(error.message.includes('and the boot got no further than loader within its budget (80 s)'));
  t.true(error.message.includes('power is on (read back)'));
  t.true(error.message.includes('boots again: the board is sound'));
  t.is(error.blame, 'product');
  t.true(error.evidence[0]?.text.includes('reboot: Restarting system'));
  t.true(error.cause instanceof AwaitedTooLong);
  t.deepEqual(it.power.changes, ['on', 'off', 'on']);
  t.deepEqual(it.board.dirt, []);
  await it.release();
});

test('a board that a power cycle doesn’t mend is dirty', async (t) => {
  const it = await make();
  it.board.stuckAt = 'loader';
  const error = await t.throwsAsync(it.device.reboot('dbus'), { instanceOf: NeverCameBack });
  t.true(error.message.includes('doesn’t boot either'));
  t.deepEqual(it.board.dirt, ['board doesn’t boot']);
  await it.release();
});

test('ready powers the board on and waits for its services', async (t) => {
  const it = await make({ off: true });
  const boot = await it.device.ready();
  t.like(boot, { id: 'boot-1', previousId: undefined });
  t.is(boot.stages.at(-1)?.name, 'ssh');
  t.deepEqual(it.services, ['boot-1']);
  const again = await it.device.ready();
  t.is(again.id, 'boot-1');
  t.deepEqual(
    again.stages.map(({ name }) => name),
    ['firmware', 'loader', 'kernel', 'init'],
  );
  t.deepEqual(it.power.changes, ['on']);
  await it.release();
});

test('where no reboot may be: nothing happens, the kernel goes down, the board resets, another boot_id answers', async (t) => {
  const it = await make();
  await t.notThrowsAsync(it.device.expectNoReboot(async () => it.source.feed('all is well\n'), { watch: 50 }));
  const down = await t.throwsAsync(
    it.device.expectNoReboot(async () => it.board.shutDown(), { watch: 60_000 }),
    { instanceOf: UnexpectedReboot },
  );
  t.is(down.message, 'the kernel went down: “reboot: Restarting system”');
  it.board.powerOn();
  const anew = await t.throwsAsync(
    it.device.expectNoReboot(async () => it.board.powerOn(), { watch: 50 }),
    { instanceOf: UnexpectedReboot },
  );
  t.regex(anew.message, /the device booted anew/);
  const other = await t.throwsAsync(
    it.device.expectNoReboot(async () => void (it.board.boots += 1), { watch: 50 }),
    { instanceOf: UnexpectedReboot },
  );
  t.is(other.message, 'boot_id was boot-3 and is boot-4');
  await it.release();
});
