import test from 'ava';
import { UnknownSlotLayout } from './errors.ts';
import { grub, parseVariables, uBoot } from './loaders.ts';

/** As grub-editenv writes it. */
const block = (variables: string) => `# GRUB Environment Block\n${variables}`.padEnd(1024, '#');

test('the three variables of an environment block', (t) => {
  t.deepEqual(parseVariables(grub, block('resin_root_part=3\nupgrade_available=1\nbootcount=2\n')), {
    rootPart: 3,
    upgradeAvailable: true,
    bootcount: 2,
  });
  t.deepEqual(parseVariables(grub, block('bootcount=0\nupgrade_available=0\nresin_root_part=2\n')), {
    rootPart: 2,
    upgradeAvailable: false,
    bootcount: 0,
  });
});

test('the three variables of U-Boot’s two files, of which one ends as U-Boot ends it', (t) => {
  t.deepEqual(parseVariables(uBoot, 'resin_root_part=3\nupgrade_available=1\nbootcount=2\0'), {
    rootPart: 3,
    upgradeAvailable: true,
    bootcount: 2,
  });
});

test('a device that was never updated has no count', (t) => {
  t.deepEqual(parseVariables(grub, block('resin_root_part=2\n')), { rootPart: 2, upgradeAvailable: false, bootcount: 0 });
});

test('variables without a root part state no slot', (t) => {
  const error = t.throws(() => parseVariables(grub, block('upgrade_available=0\n')), { instanceOf: UnknownSlotLayout });
  t.is(error.evidence[0]?.kind, 'file');
});
