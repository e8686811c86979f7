import test from 'ava';
import { UnknownSlotLayout } from './errors.ts';
import { grub } from './grub.ts';

/** As grub-editenv writes it. */
const block = (variables: string) => `# GRUB Environment Block\n${variables}`.padEnd(1024, '#');

test('the three variables of an environment block', (t) => {
  t.deepEqual(grub.parse(block('resin_root_part=3\nupgrade_available=1\nbootcount=2\n')), {
    rootPart: 3,
    upgradeAvailable: true,
    bootcount: 2,
  });
  t.deepEqual(grub.parse(block('bootcount=0\nupgrade_available=0\nresin_root_part=2\n')), {
    rootPart: 2,
    upgradeAvailable: false,
    bootcount: 0,
  });
});

test('a device that was never updated has no count', (t) => {
  t.deepEqual(grub.parse(block('resin_root_part=2\n')), { rootPart: 2, upgradeAvailable: false, bootcount: 0 });
});

test('a block without a root part states no slot', (t) => {
  const error = t.throws(() => grub.parse(block('upgrade_available=0\n')), { instanceOf: UnknownSlotLayout });
  t.is(error.evidence[0]?.kind, 'file');
});
