import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { clockOffset, followClock, timeStatus, unfollowClock } from '../../devices/clock/chrony.ts';
import { createDevice } from '../../devices/compose.ts';
import { serialAdapters } from '../../devices/console/adapter.ts';
import { tty } from '../../devices/console/tty.ts';
import type { Device } from '../../devices/device.ts';
import { DeviceError } from '../../devices/errors.ts';
import { ConsoleShell } from '../../devices/shell/console-shell.ts';
import type { Stick } from '../../devices/sticks/sticks.ts';
import type { ProvisionedDevice } from '../../devices/types/device-type.ts';
import { deviceType } from '../../devices/types/registry.ts';
import { observed } from '../../devices/waiting.ts';
import { wiringSchema, type Wiring } from '../../devices/types/wiring.ts';
import { takeCustody } from '../../qemu/custody/take.ts';

/*
 * Runs in the bench guest, by the drivers alone: takes the board of wiring.json through all that a run does to it, then through faults that the host makes
 * behind its back (lever). Each line is a step that went as it should; the first that doesn't ends it with a code other than 0.
 */

const image = '/image/flash.img';
const wiring = wiringSchema.parse(JSON.parse(await readFile('wiring.json', 'utf8')));

function tell(step: string): void {
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${step}`);
}

const lever = async (what: string): Promise<string> => (await execa('lever', [what])).stdout;

async function provision(more: Partial<Wiring>, stack: AsyncDisposableStack): Promise<ProvisionedDevice> {
  const custody = stack.use(await takeCustody({ name: 'rack', root: process.cwd() }));
  const runDirectory = `${process.cwd()}/run`;
  await mkdir(runDirectory, { recursive: true });
  const type = await deviceType('raspberrypi3-64');
  const device = await type.provision({
    id: 'pi',
    image,
    runDirectory,
    stateDirectory: `${process.cwd()}/state`,
    wiring: { ...wiring, ...more },
    custody,
  });
  stack.defer(() => device.release());
  return device;
}

/** A fault, and what is said of it. */
async function demandFailure(what: string, failing: Promise<unknown>, expected: RegExp): Promise<void> {
  const seen = await failing.then(
    () => 'it went well',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (!expected.test(seen)) throw new Error(`${what}: ${seen}`);
  tell(`${what}: ${seen}`);
}

/** Presses Enter until something answers: what a console says when its getty or shell is alive. */
async function demandHeard(what: string, { console }: Pick<ProvisionedDevice, 'console'>): Promise<void> {
  await observed({
    awaited: `an answer to Enter on the console ${what}`,
    budget: 30_000,
    interval: 200,
    blame: 'infra',
    async look() {
      try {
        await console.write('\r');
        const { text } = await console.expect(/login: |[#$] $/, { timeout: 3_000 });
        return { found: text };
      } catch (error) {
        return String(error);
      }
    },
  });
  tell(`${what}: the console answers`);
}

/** The board's chrony takes its time from the bench, and its own servers' afterwards. */
async function tellsTime({ clock, host }: Device): Promise<void> {
  if (clock === undefined) throw new Error('the board has no clock');
  await clock.serve({ answer: 'right' });
  await followClock(host, clock);
  await observed({
    awaited: "the board's clock to be synchronised by the bench",
    budget: 60_000,
    interval: 200,
    blame: 'infra',
    async look() {
      const { ntpSynchronized, tracking } = await timeStatus(host);
      return ntpSynchronized && tracking !== undefined ? { found: tracking } : `synchronised: ${ntpSynchronized}`;
    },
  });
  const { count } = await clock.requests();
  if (count === 0) throw new Error('the board has the time, and did not ask the bench for it');
  const { seconds, uncertaintySeconds } = await clockOffset(host, clock);
  await clock.serve({ answer: 'blocked' });
  await unfollowClock(host, clock);
  tell(
    `the board asked the bench for the time (${count} requests), and is ${(seconds * 1000).toFixed(0)} ± ${(uncertaintySeconds * 1000).toFixed(0)} ms off`,
  );
}

/** A stick of each file system goes to the board and comes back with what it wrote. */
async function givesSticks({ sticks, host }: Device): Promise<void> {
  if (sticks === undefined) throw new Error('the board has no sticks');
  const made: Stick[] = [];
  for (const filesystem of ['vfat', 'ext4'] as const) {
    const stick = await sticks.create({ filesystem, files: { 'from-the-bench': filesystem } });
    made.push(stick);
    await stick.insert();
    await observed({
      awaited: `the ${filesystem} stick on the board`,
      budget: 60_000,
      interval: 200,
      blame: 'infra',
      async look() {
        const { exitCode, stdout } = await host.run(`findfs UUID=${stick.uuid}`);
        return exitCode === 0 ? { found: stdout } : 'no partition of its UUID';
      },
    });
    const place = `/run/${stick.id}`;
    const read = await host.check(
      `mkdir ${place} && mount UUID=${stick.uuid} ${place} && cat ${place}/from-the-bench && echo ${stick.uuid} >${place}/from-the-board && umount ${place}`,
    );
    if (read !== filesystem) throw new Error(`the board read from the ${filesystem} stick: ${read}`);
  }
  for (const stick of made) {
    await stick.pull();
    const written = Buffer.from(await stick.readFile('from-the-board'))
      .toString()
      .trim();
    if (written !== stick.uuid) throw new Error(`the board wrote onto the ${stick.filesystem} stick: ${written}`);
  }
  await sticks.clear();
  tell('two sticks behind multiplexers, vfat and ext4: read by the board, and read back with what it wrote');
}

// 1. What a run does, and what may happen meanwhile.
{
  await using stack = new AsyncDisposableStack();
  const parts = await provision({}, stack);
  tell(`wired: console, switch (${await parts.power.state()}), card (${await lever('side')})`);
  await parts.renew();
  tell('the card was written through the multiplexer and read back');
  const device = createDevice(parts, { slowness: 2 });
  stack.defer(() => device.close());
  const login = device.console.expect(/login:/, { timeout: 120_000 });
  const { totalSeconds } = await device.ready();
  tell(`the hub's port fed the board: SSH, engine and supervisor answer after ${totalSeconds.toFixed(1)} s`);
  await login;
  tell('the serial console has a login prompt');
  const before = await device.bootId();
  await lever('hub-drops-neighbours');
  const boot = await device.reboot('power-cycle');
  await lever('hub-spares-neighbours');
  if (boot.id === before) throw new Error('a cut and power again left the same boot');
  tell('a cut at the hub is a new boot');
  await demandHeard('a hub that took its neighbour’s power along at each switching', device);

  await tellsTime(device);
  await givesSticks(device);

  await lever('pull-uart');
  const writing = observed({
    awaited: 'the end of a pulled adapter',
    budget: 10_000,
    interval: 100,
    blame: 'infra',
    look: async () => device.console.write('\r').then(() => 'it takes what is written'),
  });
  await demandFailure('an adapter that was pulled', writing, /nothing could be written to it; .*by-path/);
  await lever('plug-uart');
  await demandHeard('the adapter is back', device);

  await lever('plug-twin');
  await observed({
    awaited: 'two serial adapters',
    budget: 20_000,
    interval: 100,
    blame: 'infra',
    async look() {
      const adapters = await serialAdapters();
      return adapters.length === 2 ? { found: adapters } : adapters.map(({ tty }) => tty).join(' ');
    },
  });
  await demandHeard('a second adapter of the same serial number is plugged in, and the first one is known by its place', device);
  const [byId] = await readdir('/dev/serial/by-id');
  const ambiguous = tty(`/dev/serial/by-id/${byId}`);
  await demandFailure(
    'a name that both could have',
    ambiguous.open({ bytes: () => undefined, closed: () => undefined }),
    /could be any of/,
  );
  await lever('pull-twin');

  await lever('uart-noisy');
  const quiet = await device.console.mark();
  await device.reboot('power-cycle');
  const faults = await device.console.faults({ from: quiet });
  if (faults.length > 0) throw new Error(`noise was taken for ${faults.map(({ line }) => line).join('; ')}`);
  tell('a boot with a noisy UART: nothing is made of the noise');

  await lever('uart-lossy');
  const shell = new ConsoleShell({ console: device.console, slowness: 2 });
  stack.defer(() => shell.close());
  const numbers = await shell.run('seq 1 300').then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      if (error instanceof DeviceError) return error.message;
      throw error;
    },
  );
  const right = Array.from({ length: 300 }, (_, index) => `${index + 1}\n`).join('');
  if (/^\d/.test(numbers) && numbers !== right) throw new Error(`a UART that loses bytes: a wrong answer was taken for right: ${numbers}`);
  tell(`a command over a UART that loses bytes: ${numbers === right ? 'the right answer' : numbers}`);
  await lever('uart-clean');

  await lever('relay-sticks');
  await demandFailure('a switch that says off and cuts nothing', parts.power.off(), /the switch says off, but it answers on/);
  await lever('relay-moves');
  await parts.power.off();
  tell(`off: ${await parts.power.state()}`);
  await lever('relay-sticks');
  await demandFailure(
    'a switch that says on and gives nothing',
    createDevice(parts, { slowness: 1 }).ready({ timeout: 10_000 }),
    /the console said nothing from then on[^]*power is on \(read back\)/,
  );
  await parts.power.off();
  await lever('relay-moves');
}

// 2. The same adapter behind a serial port server: Debian's ser2net, as RFC 2217 and as raw bytes.
for (const [kind, accepter] of [
  ['rfc2217', 'telnet(rfc2217),tcp,127.0.0.1,2217'],
  ['tcp', 'tcp,127.0.0.1,2218'],
] as const) {
  await using stack = new AsyncDisposableStack();
  const configuration = [
    'connection: &rack',
    `  accepter: ${accepter}`,
    `  connector: serialdev,${wiring.console.tty},115200n81,local`,
  ].join('\n');
  await writeFile('ser2net.yaml', `${configuration}\n`);
  const server = execa('ser2net', ['-n', '-d', '-c', 'ser2net.yaml'], { reject: false });
  stack.defer(async () => {
    server.kill();
    await server;
  });
  const port = accepter.split(',').at(-1);
  await observed({
    awaited: 'ser2net to listen',
    budget: 10_000,
    interval: 100,
    blame: 'infra',
    // A connection would be the only one that it takes.
    look: async () => ((await execa('ss', ['-Hltn', `sport = :${port}`])).stdout === '' ? 'nobody listens' : { found: true }),
  });
  const parts = await provision({ console: { [kind]: `127.0.0.1:${port}` } }, stack);
  const from = await parts.console.mark();
  await parts.power.on();
  const { text } = await parts.console.expect(/U-Boot 20.*/, { from, timeout: 30_000 });
  tell(`${kind} by ser2net: “${text}”`);
  await parts.power.off();
}

// 3. A card of another size than belongs there.
{
  await using stack = new AsyncDisposableStack();
  const medium = wiring.medium && { ...wiring.medium, maxBytes: 1_000_000_000 };
  const parts = await provision({ medium }, stack);
  await demandFailure('another card', parts.renew(), /bytes, and 0 to 1,000,000,000 are expected here/);
}

// 4. A card that is pulled while it is written: no board is started from it until it was written anew.
{
  await using stack = new AsyncDisposableStack();
  const parts = await provision({}, stack);
  const writing = parts.renew();
  // It is awaited once the lever was thrown, and may fail before.
  writing.catch(() => undefined);
  await lever('pull-card-when-written');
  await demandFailure(
    'a card that is pulled while it is written',
    writing,
    /by-path.* failed when it (was (written|read) at byte|put its cache)/,
  );
  await lever('card-is-back');
  await demandFailure('power for half a card', parts.power.on(), /was being written by process \d+/);
  if ((await parts.power.state()) !== 'off') throw new Error('the board has power all the same');
}

// 5. A hub that is gone.
{
  await using stack = new AsyncDisposableStack();
  const parts = await provision({}, stack);
  await lever('pull-hub');
  await demandFailure('a hub that is gone', parts.power.on(), /no such hub is plugged in/);
  await lever('plug-hub');
  await observed({
    awaited: 'the hub to be found again',
    budget: 30_000,
    interval: 200,
    blame: 'infra',
    look: async () =>
      parts.power.state().then(
        (state) => ({ found: state }),
        (error: unknown) => String(error),
      ),
  });
  tell('the hub is back, and the board can be switched off');
}
