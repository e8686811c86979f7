import test from 'ava';
import { clockContract } from '../clock/clock.contract.ts';
import type { Clock } from '../clock/clock.ts';
import { consoleContract } from '../console/console.contract.ts';
import { powerContract } from '../power/power.contract.ts';
import { sticksContract } from '../sticks/sticks.contract.ts';
import type { Sticks } from '../sticks/sticks.ts';
import { fakeBench } from './fake-bench.ts';

/* What holds of a part holds of it through the socket. */

consoleContract(test, 'remote console', async () => {
  const { remote, source, release } = await fakeBench();
  return {
    console: remote.console,
    async say(...lines) {
      // Once this is answered, the bench has taken every call before it.
      await remote.console.mark();
      source.feed(lines.map((line) => `${line}\r\n`).join(''));
    },
    async heard(bytes) {
      if (!source.written.includes(bytes)) throw new Error(`the device heard ${JSON.stringify(source.written.toString())}`);
    },
    release,
  };
});

powerContract(test, 'remote power', async () => {
  const { remote, power, release } = await fakeBench();
  return { power: remote.power, powerOns: () => power.changes.filter((state) => state === 'on').length, release };
});

sticksContract(test, 'remote sticks', async () => {
  const { remote, sticks, release } = await fakeBench();
  return { sticks: there<Sticks>(remote.sticks), plugged: async () => sticks.plugged.size, release };
});

clockContract(test, 'remote clock', async () => {
  const { remote, clock, release } = await fakeBench();
  return { clock: there<Clock>(remote.clock), ask: async () => clock.ask(), release };
});

function there<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new TypeError('the client lost a part that the bench has');
  return part;
}
