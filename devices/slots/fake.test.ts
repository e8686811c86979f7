import test from 'ava';
import { FakeSlots } from './fake.ts';
import { slotsContract } from './slots.contract.ts';

slotsContract(test, 'fake', async () => {
  const slots = new FakeSlots();
  return { slots, reboot: async () => slots.boot(), release: async () => undefined };
});
