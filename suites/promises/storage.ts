import type { SuitePromises } from './promise.ts';

const runtime = 'communicate-outside-container';
const automount = { document: runtime, section: 'Automounting/unmounting with UDev rules' } as const;
const mounting = { document: runtime, section: 'Mounting' } as const;
const tips = { document: runtime, section: 'General tips for external media' } as const;
const preparing = { document: runtime, section: 'Preparing the container' } as const;
const needs = ['sticks'] as const;
const needsTwo = ['sticks', 'two-sticks'] as const;

export const storagePromises = {
  'vfat-automounts': {
    statement: 'A labelled vfat stick is mounted in the container by the documented rules and scripts, within its budget.',
    source: automount,
    needs,
  },
  'ext4-automounts': {
    statement: 'A labelled ext4 stick is mounted in the container by the documented rules and scripts, within its budget.',
    source: automount,
    needs,
  },
  'written-is-on-the-stick': { statement: 'What the container writes to a mounted stick is on the stick.', source: mounting, needs },
  'pulled-is-unmounted': {
    statement: 'When a stick is pulled it is unmounted and its mount point goes.',
    source: automount,
    needs,
  },
  'mount-by-label': { statement: 'A stick can be mounted by its label.', source: mounting, needs: needsTwo },
  'mount-by-uuid': { statement: 'A stick can be mounted by its UUID.', source: mounting, needs: needsTwo },
  'mount-by-name': { statement: 'A stick can be mounted by its device name.', source: mounting, needs: needsTwo },
  'no-label': {
    statement: 'A stick without a label reaches the container as well, and can be told apart and mounted by its UUID.',
    source: tips,
    needs,
  },
  'two-sticks': { statement: 'Two sticks are mounted side by side, each with its own files.', source: automount, needs: needsTwo },
  'same-label-twice': {
    statement: 'Two sticks of the same label are both mounted, told apart by their UUIDs.',
    source: tips,
    needs: needsTwo,
  },
  'present-at-boot': { statement: 'A stick that is in its port when the device boots is mounted.', source: automount, needs },
  'yank-while-writing': {
    statement: 'A stick pulled during a write leaves the container running, and the next insertion is mounted.',
    source: automount,
    needs,
  },
  'needs-udev-on': { statement: 'A container without UDEV=on is told of no stick.', source: preparing, needs },
  'needs-privileges': { statement: 'A container without privileges gets at no stick.', source: preparing, needs },
  'mount-is-private': {
    statement: "A stick mounted in one container isn't seen in another.",
    source: { document: runtime, section: 'Sharing mounted devices across containers' },
    needs,
  },
  'unsupported-filesystem': {
    statement: "A file system that /proc/filesystems doesn't list isn't mounted; one that it lists is.",
    source: { document: runtime, section: 'balenaOS kernel support' },
    needs,
  },
} as const satisfies SuitePromises;
