import test from 'ava';
import { FakePower } from './fake.ts';
import { powerContract } from './power.contract.ts';

powerContract(test, 'fake', async () => {
  const power = new FakePower();
  return { power, powerOns: () => power.changes.filter((state) => state === 'on').length, release: async () => {} };
});
