import test from 'ava';
import { clockContract } from './clock.contract.ts';
import { FakeClock } from './fake.ts';

clockContract(test, 'fake', async () => {
  const clock = new FakeClock();
  return { clock, ask: async () => clock.ask(), release: async () => {} };
});
