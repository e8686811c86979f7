import type { SuitePromises } from './promise.ts';

const synchronized = { document: 'communicate-outside-container', section: 'Checking if device time is NTP synchronized' } as const;
const management = { document: 'time-management', section: 'Time management' } as const;
const chrony = { document: 'time-management', section: 'chrony' } as const;
const network = { document: 'time-management', section: 'Networking Requirements' } as const;
const clock = ['clock'] as const;
/** chrony is the time service since this OS. */
const versions = { os: { since: '2.13.1' } } as const;

export const timePromises = {
  synchronizes: {
    statement: 'Once a time server answers, NTPSynchronized turns true within its budget.',
    source: synchronized,
    needs: clock,
  },
  'within-100ms': { statement: 'A synchronised device is within 100 ms of its time server.', source: management, versions, needs: clock },
  'unsynchronized-while-cut': {
    statement: 'With UDP 123 cut since boot or restart of the time service NTPSynchronized stays false.',
    source: network,
    needs: clock,
  },
  'recovers-after-cut': { statement: 'Once UDP 123 is open again the device synchronises by itself.', source: network, needs: clock },
  'hour-off': {
    statement: 'A device whose clock is an hour off is put right once a server answers.',
    source: chrony,
    versions,
    needs: clock,
  },
  'decade-off': {
    statement: 'A device whose clock is ten years off is put right once a server answers.',
    source: chrony,
    versions,
    needs: clock,
  },
  'lying-server': {
    statement: "A server that lies is seen to lie: the device's time service states the offset that the bench gave it.",
    source: chrony,
    versions,
    needs: clock,
  },
  'ntp-is-the-service': {
    statement: 'NTP tells whether the time service is on, synchronised or not.',
    source: synchronized,
    needs: clock,
  },
  'ntpsynchronized-is-the-clock': {
    statement: 'NTPSynchronized tells whether the kernel calls its clock synchronised, and differs from NTP while it is not.',
    source: synchronized,
    needs: clock,
  },
  'container-agrees': { statement: "A container's clock is the host's clock.", source: management },
} as const satisfies SuitePromises;
