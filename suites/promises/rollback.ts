import type { SuitePromises } from './promise.ts';

const layout = { document: 'what-is-balenaos', section: 'Image partition layout' } as const;
const readOnly = { document: 'what-is-balenaos', section: 'Stateless and Read-Only rootFS' } as const;
const health = { document: 'rollbacks', section: 'rollback-health' } as const;
const altboot = { document: 'rollbacks', section: 'rollback-altboot' } as const;
/** Both kinds of rollback, and their flag files, with GRUB's variables in grubenv. */
const versions = { os: { since: '2.77.0' } } as const;
const needs = ['slots'] as const;
/** A kernel that finds no init panics, and a board whose loader gives up resets. */
const provokes = ['panic', 'unexpected-reset'] as const;

export const rollbackPromises = {
  layout: {
    statement: 'The disk has resin-boot, resin-rootA, resin-rootB, resin-state and resin-data, in this order, with their file systems.',
    source: layout,
    versions: { os: { since: '2.0.0' } },
  },
  'root-is-read-only': { statement: 'The root file system refuses writes with EROFS.', source: readOnly },
  'update-is-pending': {
    statement: 'An installed update is marked in the loader variables and by both breadcrumbs, until the new OS has proved itself.',
    source: altboot,
    versions,
    needs,
  },
  'reboot-refused-while-pending': {
    statement: 'While an update is pending POST /v1/reboot answers 423 and nothing reboots.',
    source: { document: 'supervisor-api', section: 'POST /v1/reboot' },
    versions: { supervisor: { since: '12.8.10' } },
    needs,
  },
  'update-boots-other-slot': { statement: 'After a good update the other slot is booted and stays.', source: health, versions, needs },
  'update-is-committed': {
    statement: 'A healthy new OS clears the loader variables and the breadcrumbs and leaves no rollback result.',
    source: health,
    versions,
    needs,
  },
  'update-keeps-volumes': { statement: 'An update keeps named volumes and their files.', source: layout, versions, needs },
  'update-shows-in-host-os-version': {
    statement: "After an update a service's HOST_OS_VERSION is the new OS's PRETTY_NAME.",
    source: { document: 'communicate-outside-container', section: 'Environment variables' },
    needs,
  },
  'no-init-falls-back': {
    statement: "A new slot that can't start its init is given up for the old one after the loader's number of attempts.",
    source: altboot,
    versions,
    needs,
    provokes,
  },
  'no-init-is-reported': {
    statement: 'That fall-back leaves rollback-altboot-triggered, no breadcrumb and no pending update.',
    source: altboot,
    versions,
    needs,
    provokes,
  },
  'corrupt-kernel-falls-back': {
    statement: "A new slot whose kernel can't be booted is given up for the old one.",
    source: altboot,
    versions,
    needs,
    provokes,
  },
  'failing-health-rolls-back': {
    statement: 'A new OS that keeps failing its health check goes back to the old slot.',
    source: health,
    versions,
    needs,
  },
  'failing-health-is-reported': {
    statement: 'That roll-back leaves rollback-health-triggered, no breadcrumb and no pending update.',
    source: health,
    versions,
    needs,
  },
  'power-cut-in-first-boot': {
    statement: 'A power cut at any moment of the first boot of a new slot ends on a bootable, stated slot.',
    source: altboot,
    versions,
    needs,
    provokes,
  },
  'power-cut-while-writing': {
    statement: 'A power cut while the inactive slot is written leaves the running slot bootable and no update pending.',
    source: altboot,
    versions,
    needs,
  },
  'update-after-rollback': { statement: 'After a rollback the next update works.', source: health, versions, needs },
} as const satisfies SuitePromises;
