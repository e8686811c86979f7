import { contractTests, type DeclareTest } from '../every.contract.ts';
import type { Clock } from './clock.ts';

export interface ClockUnderTest {
  clock: Clock;
  /** One request as a device sends it: the time it is told, epoch milliseconds, or undefined where no answer comes. */
  ask: () => Promise<number | undefined>;
  release: () => Promise<void>;
}

/** What any bench clock promises. */
export function clockContract(test: DeclareTest, name: string, make: () => Promise<ClockUnderTest>): void {
  const contract = contractTests(test, name, make);
  contract('is blocked until it is told to serve', async (t, it) => {
    t.is(await it.ask(), undefined);
    t.is((await it.clock.requests()).count, 0);
  });

  contract('tells the right time and counts who asks', async (t, it) => {
    await it.clock.serve({ answer: 'right' });
    t.deepEqual(await it.clock.requests(), { count: 0 });
    const { time = Number.NaN, before, after } = await told(it);
    t.true(time >= before - 1 && time <= after + 1, `told ${time}, between ${before} and ${after}`);
    await it.ask();
    const { count, lastAt = 0 } = await it.clock.requests();
    t.is(count, 2);
    t.true(lastAt >= after);
  });

  contract('lies by as many seconds as it is told', async (t, it) => {
    for (const seconds of [3600, -10 * 365 * 86_400]) {
      await it.clock.serve({ answer: 'offset', seconds });
      const { time = Number.NaN, before, after } = await told(it);
      t.true(time - seconds * 1000 >= before - 1 && time - seconds * 1000 <= after + 1);
    }
  });

  contract('receives and stays silent', async (t, it) => {
    await it.clock.serve({ answer: 'silent' });
    t.is(await it.ask(), undefined);
    t.is((await it.clock.requests()).count, 1);
  });

  contract('blocked, it hears nothing, and comes back at the same address', async (t, it) => {
    await it.clock.serve({ answer: 'right' });
    const address = await it.clock.address();
    await it.clock.serve({ answer: 'blocked' });
    t.is(await it.ask(), undefined);
    t.is((await it.clock.requests()).count, 0);
    await it.clock.serve({ answer: 'right' });
    t.deepEqual(await it.clock.address(), address);
    t.not(await it.ask(), undefined);
    t.is((await it.clock.requests()).count, 1);
  });
}

/** What the device was told, and the bench's own time before and after. */
async function told(it: ClockUnderTest) {
  const before = await it.clock.now();
  const time = await it.ask();
  return { time, before, after: await it.clock.now() };
}
