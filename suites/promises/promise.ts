import type { Capability, ConsoleFault } from '../../devices/index.ts';

/** The documents that promise something, by the short names that reports print. */
export const documents = {
  'communicate-outside-container': 'Communicate outside the container (balena documentation, develop/runtime)',
  'docker-compose-labels': 'docker-compose.yml fields and labels (balena documentation, reference/supervisor)',
  'supervisor-api': 'Supervisor API (balena documentation, reference/supervisor)',
  'update-locking': 'Update locking (balena documentation, deploy)',
  'time-management': 'Time management (balena documentation, reference/OS)',
  'what-is-balenaos': 'What is balenaOS (balena documentation, reference/OS)',
  rollbacks: 'Rollback framework (meta-balena, docs/rollbacks.md)',
  'supervisor-source': 'balena-supervisor v19.0.5 as observed: behaviour that no document states',
} as const;

/** Holds from version `since` on and before version `until` (semver; either end may be open). */
export interface VersionRange {
  since?: string;
  until?: string;
}

/** One documented statement about the OS. */
export interface PromiseRecord {
  /** One sentence, in our own words. */
  statement: string;
  source: { document: keyof typeof documents; section: string };
  /** The versions that make this promise; a component without a range is free. */
  versions?: { supervisor?: VersionRange; os?: VersionRange };
  /** Device parts without which the promise can't be put to the test. */
  needs?: readonly Capability[];
  /** What its test makes the console tell of: a panic on purpose. */
  provokes?: readonly ConsoleFault['kind'][];
}

/** Promises of one suite, by the part of their id after `suite.`. */
export type SuitePromises = Record<string, PromiseRecord>;
