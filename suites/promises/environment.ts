import type { SuitePromises, VersionRange } from './promise.ts';

const table = { document: 'communicate-outside-container', section: 'Environment variables' } as const;
const labels = { document: 'docker-compose-labels', section: 'Labels' } as const;
const observed = { document: 'supervisor-source', section: 'container environment' } as const;

export const environmentPromises = {
  'on-balena': {
    statement: 'A container can tell that it runs on balenaOS: BALENA and RESIN are 1.',
    source: table,
    versions: { supervisor: { since: '7.23.0' } },
  },
  'device-uuid': { statement: "DEVICE_UUID is the uuid of the boot partition's config.json.", source: table },
  'device-name-at-init': {
    statement: 'DEVICE_NAME_AT_INIT is the name that the device had in the target state when the container was created.',
    source: table,
  },
  'device-name-keeps': {
    statement: 'Renaming the device neither re-creates a container nor changes its DEVICE_NAME_AT_INIT.',
    source: { document: 'supervisor-source', section: 'device name' },
  },
  'device-type': { statement: "DEVICE_TYPE is the slug of the boot partition's device-type.json.", source: table },
  'device-arch': {
    statement: "DEVICE_ARCH is the arch of the boot partition's device-type.json.",
    source: observed,
    versions: { supervisor: { since: '10.11.0' } },
  },
  'host-os-version': { statement: "HOST_OS_VERSION is PRETTY_NAME of the host's os-release, to the letter.", source: table },
  'app-id': { statement: "APP_ID is the app's id in the target state, in decimal digits.", source: table },
  'app-name': { statement: "APP_NAME is the app's name in the target state.", source: table },
  'app-uuid': {
    statement: "APP_UUID is the app's uuid, as the container's label and the app's network have it.",
    source: observed,
    versions: { supervisor: { since: '13.0.0' } },
  },
  'service-name': {
    statement: "SERVICE_NAME is the service's name in the compose file.",
    source: observed,
    versions: { supervisor: { since: '7.0.0' } },
  },
  'lock-path': {
    statement: 'APP_LOCK_PATH names the file in which the supervisor looks for an update lock of this service.',
    source: { document: 'update-locking', section: 'Location of the lock file' },
    versions: { supervisor: { since: '7.22.0' } },
  },
  'handover-path': {
    statement: 'The hand-over path is given as BALENA_SERVICE_HANDOVER_COMPLETE_PATH and as RESIN_SERVICE_KILL_ME_PATH.',
    source: observed,
    versions: { supervisor: { since: '7.22.0' } },
  },
  'supervisor-address-host': {
    statement: 'On the host network SUPERVISOR_HOST is 127.0.0.1, SUPERVISOR_PORT is 48484 and SUPERVISOR_ADDRESS is their URL.',
    source: table,
  },
  'supervisor-address-bridge': {
    statement: "On a bridge network SUPERVISOR_HOST is the address of the host's supervisor0 interface, and SUPERVISOR_ADDRESS its URL.",
    source: table,
  },
  'supervisor-reachable-host': {
    statement: 'From the host network the supervisor answers at SUPERVISOR_ADDRESS.',
    source: { document: 'supervisor-api', section: 'Access' },
  },
  'supervisor-reachable-bridge': {
    statement: 'From a bridge network the supervisor answers at SUPERVISOR_ADDRESS.',
    source: { document: 'supervisor-api', section: 'Access' },
  },
  'supervisor-key-opens': {
    statement: 'On a managed device SUPERVISOR_API_KEY opens the supervisor API; without a key, and with a wrong one, it stays shut.',
    source: { document: 'supervisor-api', section: 'Access' },
  },
  'supervisor-key-scope': {
    statement: 'SUPERVISOR_API_KEY is of one service, and what it opens ends at its own app.',
    source: { document: 'supervisor-api', section: 'Access' },
    versions: { supervisor: { since: '11.14.4' } },
  },
  'supervisor-names-need-label': {
    statement: 'A service without the supervisor-api label, or with it set to 0, gets none of the SUPERVISOR_ names.',
    source: labels,
  },
  'api-names': {
    statement: "With the balena-api label API_KEY and API_URL are config.json's deviceApiKey and apiEndpoint, empty where it has none.",
    source: labels,
  },
  'api-names-need-label': {
    statement: 'A service without the balena-api label, or with it set to 0, gets neither API_KEY nor API_URL.',
    source: labels,
  },
  'resin-labels': {
    statement: 'Labels spelled io.resin.features.* work as io.balena.features.* do.',
    source: { document: 'communicate-outside-container', section: 'Supervisor' },
  },
  'supervisor-version-by-version': {
    statement: 'SUPERVISOR_VERSION is injected by supervisors before 12.0.0 and by none since.',
    source: table,
  },
  'device-restart-by-version': { statement: 'DEVICE_RESTART is injected by supervisors before 7.0.0 and by none since.', source: table },
  'own-variables': {
    statement: "A service's own variables arrive byte for byte.",
    source: { document: 'docker-compose-labels', section: 'environment' },
  },
  'own-variable-wins': {
    statement: "Where a service sets a name that the supervisor would inject, the service's value stays.",
    source: observed,
  },
  'same-after-restart': {
    statement: 'A restart of the service by the supervisor leaves every injected value as it was.',
    source: table,
  },
  'same-after-reboot': { statement: 'A reboot leaves every injected value as it was.', source: table },
} as const satisfies SuitePromises;

/** Names of the documented table that come and go with the supervisor's version. Source: balena-supervisor's CHANGELOG. */
export const versionedNames = {
  SUPERVISOR_VERSION: { since: '1.2.0', until: '12.0.0' },
  DEVICE_RESTART: { until: '7.0.0' },
} as const satisfies Record<string, VersionRange>;
