import test from 'ava';
import { FakeSticks } from './fake.ts';
import { sticksContract } from './sticks.contract.ts';

sticksContract(test, 'fake', async () => {
  const sticks = new FakeSticks();
  return { sticks, plugged: async () => sticks.plugged.size, release: async () => {} };
});
