import { mkdir, readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { createDevice } from '../../devices/compose.ts';
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

{
  await using stack = new AsyncDisposableStack();
  const parts = await provision({}, stack);
  tell(`wired: console, switch (${await parts.power.state()}), card (${await lever('side')})`);
  await parts.renew();
  tell('the card was written through the multiplexer and read back');
  const device = createDevice(parts);
  stack.defer(() => device.close());
  const login = device.console.expect(/login:/, { timeout: 120_000 });
  const { totalSeconds } = await device.ready();
  tell(`the hub's port fed the board: SSH, engine and supervisor answer after ${totalSeconds.toFixed(1)} s`);
  await login;
  tell('the serial console has a login prompt');
  const before = await device.bootId();
  const boot = await device.reboot('power-cycle');
  if (boot.id === before) throw new Error('a cut and power again left the same boot');
  tell('a cut at the hub is a new boot');
  await parts.power.off();
  tell(`off: ${await parts.power.state()}`);
}

// A card of another size than belongs there.
{
  await using stack = new AsyncDisposableStack();
  const medium = wiring.medium && { ...wiring.medium, maxBytes: 1_000_000_000 };
  const parts = await provision({ medium }, stack);
  await demandFailure('another card', parts.renew(), /bytes, and 0 to 1,000,000,000 are expected here/);
}

// A card that is pulled while it is written: no board is started from it until it was written anew.
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

// A hub that is gone.
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
