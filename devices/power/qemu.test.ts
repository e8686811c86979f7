import test from 'ava';
import { tty } from '../console/tty.ts';
import type { ConsoleSource } from '../console/source.ts';
import { DeviceError } from '../errors.ts';
import { powerContract } from './power.contract.ts';
import { QemuPower, type Load } from './qemu.ts';
import { tinyBoard, tinyGreeting } from './tiny-machine.ts';

/** A console on the machine's PTY that keeps what it hears. */
class Listener implements Load {
  heard = '';
  #source: ConsoleSource | undefined;
  #closed: Promise<void> = Promise.resolve();

  async connect({ console }: { console: string }): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#closed = closed.promise;
    this.#source = tty(console);
    await this.#source.open({
      bytes: (bytes) => {
        this.heard += Buffer.from(bytes).toString('latin1');
      },
      closed: () => closed.resolve(),
    });
  }

  async disconnect(): Promise<void> {
    await this.#closed;
  }
}

let boards = 0;

async function makePower(loads: Load[]) {
  boards += 1;
  const board = await tinyBoard(`power-${boards}`);
  let started = 0;
  const power = new QemuPower({
    id: `power-${boards}`,
    start: () => {
      started += 1;
      return board.start();
    },
    loads,
    offBudget: 10_000,
  });
  return {
    power,
    powerOns: () => started,
    release: async () => {
      await power.off();
      await board.release();
    },
  };
}

powerContract(test.serial, 'qemu', () => makePower([]));

test.serial('the console hears a board from its first instruction, at each power-on', async (t) => {
  const listener = new Listener();
  const { power, release } = await makePower([listener]);
  t.teardown(release);
  for (const round of [1, 2]) {
    await power.on();
    while (!listener.heard.includes(tinyGreeting)) await new Promise((resolve) => setImmediate(resolve));
    await power.off();
    t.is(listener.heard.split(tinyGreeting).length - 1, 1, `round ${round}`);
    listener.heard = '';
  }
});

test.serial('a machine that ends by itself reads as off and can be switched on again', async (t) => {
  const { power, powerOns, release } = await makePower([]);
  t.teardown(release);
  await power.on();
  const { machine } = power;
  t.truthy(machine);
  // As a QEMU that crashes.
  if (machine) process.kill(machine.pid, 'SIGKILL');
  await machine?.exited;
  t.is(await power.state(), 'off');
  await power.on();
  t.is(await power.state(), 'on');
  t.is(powerOns(), 2);
});

test.serial('a load that can’t be connected leaves the power off and says why', async (t) => {
  const broken: Load = { connect: () => Promise.reject(new Error('the plug doesn’t fit')), disconnect: async () => {} };
  const { power, release } = await makePower([broken]);
  t.teardown(release);
  await t.throwsAsync(power.on(), { instanceOf: DeviceError, message: /the plug doesn’t fit/ });
  t.is(await power.state(), 'off');
});
