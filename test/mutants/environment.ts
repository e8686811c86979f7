import { everyPromiseOf } from './batches.ts';
import { editSupervisor, type Mutant, replaceInSupervisor } from './mutant.ts';

/** An injected name whose value expression becomes another one. */
const value = (name: string, from: string, to: string) =>
  editSupervisor('environment', `s/(bothPrefixes\\("${name}", )${from}\\)/\\1${to})/`);

export const environmentMutants: readonly Mutant[] = [
  {
    promise: 'environment.on-balena',
    name: 'true-for-one',
    how: 'BALENA is the word true instead of 1.',
    apply: editSupervisor('environment', 's/BALENA: "1"/BALENA: "true"/'),
  },
  {
    promise: 'environment.device-uuid',
    name: 'short-uuid',
    how: "DEVICE_UUID is the uuid's first seven digits.",
    apply: value('DEVICE_UUID', 'facts\\.deviceUuid', 'facts.deviceUuid.slice(0, 7)'),
  },
  {
    promise: 'environment.device-name-at-init',
    name: 'uuid-as-name',
    how: "DEVICE_NAME_AT_INIT is made up, whatever the target state's name is.",
    apply: value('DEVICE_NAME_AT_INIT', 'name', "'local'"),
    touches: ['environment.device-name-keeps'],
  },
  {
    promise: 'environment.device-name-keeps',
    name: 'rename-recreates',
    how: 'A rename makes every container anew.',
    apply: editSupervisor(
      'target-store',
      's/name: target\\.name,/& fingerprints: target.name === this.#store.state.name ? this.#store.state.fingerprints : {},/',
    ),
  },
  {
    promise: 'environment.device-type',
    name: 'architecture-as-type',
    how: "DEVICE_TYPE is the architecture instead of the board's slug.",
    apply: value('DEVICE_TYPE', 'facts\\.deviceType', 'facts.deviceArchitecture'),
  },
  {
    promise: 'environment.device-arch',
    name: 'uname-arch',
    how: "DEVICE_ARCH is the kernel's word for the architecture, not device-type.json's.",
    apply: value('DEVICE_ARCH', 'facts\\.deviceArchitecture', "'x86_64'"),
  },
  {
    promise: 'environment.host-os-version',
    name: 'quotes-kept',
    how: "HOST_OS_VERSION carries os-release's quotes.",
    apply: value('HOST_OS_VERSION', 'facts\\.osVersion', '`"${facts.osVersion}"`'),
  },
  {
    promise: 'environment.app-id',
    name: 'other-app',
    how: 'APP_ID is one too high.',
    apply: value('APP_ID', 'String\\(facts\\.appId\\)', 'String(facts.appId + 1)'),
  },
  {
    promise: 'environment.app-name',
    name: 'blanks-replaced',
    how: "A blank in the app's name becomes a dash in APP_NAME.",
    apply: value('APP_NAME', 'facts\\.appName', "facts.appName.replaceAll(' ', '-')"),
  },
  {
    promise: 'environment.app-uuid',
    name: 'device-uuid',
    how: "APP_UUID is the device's uuid.",
    apply: value('APP_UUID', 'facts\\.appUuid', 'facts.deviceUuid'),
  },
  {
    promise: 'environment.service-name',
    name: 'main',
    how: 'SERVICE_NAME is main for every service.',
    apply: value('SERVICE_NAME', 'facts\\.serviceName', "'main'"),
  },
  {
    promise: 'environment.lock-path',
    name: 'private-directory',
    how: "/tmp/balena isn't the host's directory of the service, so nobody sees a lock made there.",
    apply: editSupervisor('volumes', 's#`\\$\\{locks\\}:/tmp/balena`#`${locks}-elsewhere:/tmp/balena`#'),
  },
  {
    promise: 'environment.handover-path',
    name: 'kill-me-path',
    how: 'RESIN_SERVICE_KILL_ME_PATH is missing.',
    apply: editSupervisor('environment', '/RESIN_SERVICE_KILL_ME_PATH/d'),
  },
  {
    promise: 'environment.supervisor-address-host',
    name: 'gateway-everywhere',
    how: "On the host network SUPERVISOR_HOST is the bridge's gateway.",
    apply: editSupervisor('labels', 's/facts\\.hostNetwork \\? "127\\.0\\.0\\.1" : //'),
    touches: ['environment.supervisor-reachable-host', 'environment.supervisor-address-bridge'],
  },
  {
    promise: 'environment.supervisor-address-bridge',
    name: 'loopback-everywhere',
    how: 'On a bridge network SUPERVISOR_HOST is 127.0.0.1.',
    apply: editSupervisor('labels', 's/facts\\.hostNetwork \\? "127\\.0\\.0\\.1" : facts\\.supervisorGateway/"127.0.0.1"/'),
    touches: ['environment.supervisor-reachable-bridge'],
  },
  {
    promise: 'environment.supervisor-reachable-host',
    name: 'loopback-rejected',
    how: 'A firewall rule turns away calls to the supervisor on loopback.',
    apply: 'iptables -I INPUT -i lo -p tcp --dport 48484 -j REJECT --reject-with tcp-reset',
    touches: ['environment.supervisor-key-opens', 'environment.supervisor-key-scope'],
  },
  {
    promise: 'environment.supervisor-reachable-bridge',
    name: 'bridge-rejected',
    how: "A firewall rule turns away calls to the supervisor on the bridges' interface.",
    apply: 'iptables -I INPUT -i supervisor0 -p tcp --dport 48484 -j REJECT --reject-with tcp-reset',
  },
  {
    promise: 'environment.supervisor-key-opens',
    name: 'open-door',
    how: 'GET /v1/device answers a caller without a known key.',
    apply: editSupervisor('http-api', "s#return bare\\(401\\);#return bare(url.pathname === '/v1/device' ? 200 : 401);#"),
  },
  {
    promise: 'environment.supervisor-key-scope',
    name: 'one-key-for-all-apps',
    how: "A service's key opens every app.",
    apply: editSupervisor('authentication', 's/\\|\\| known\\.appId === appId/|| true/'),
  },
  {
    promise: 'environment.supervisor-names-need-label',
    name: 'label-ignored',
    how: 'Every service gets the SUPERVISOR_ names.',
    apply: editSupervisor('labels', 's/if \\(asks\\("supervisor-api"\\)\\)/if (true)/'),
  },
  {
    promise: 'environment.api-names',
    name: 'absent-when-empty',
    how: 'On an unmanaged device API_KEY and API_URL are absent instead of empty.',
    apply: editSupervisor('labels', 's/if \\(asks\\("balena-api"\\)\\)/if (asks("balena-api") \\&\\& facts.deviceApiKey !== "")/'),
    touches: ['environment.api-names-need-label', 'environment.resin-labels'],
  },
  {
    promise: 'environment.api-names-need-label',
    name: 'label-ignored',
    how: 'Every service gets API_KEY and API_URL.',
    apply: editSupervisor('labels', 's/if \\(asks\\("balena-api"\\)\\)/if (true)/'),
  },
  {
    promise: 'environment.resin-labels',
    name: 'old-spelling-forgotten',
    how: 'Labels spelled io.resin are left as they are, and ask for nothing.',
    apply: editSupervisor('labels', 's/name\\.replaceAll\\("resin", "balena"\\)/name/'),
    touches: [
      'environment.supervisor-address-bridge',
      'environment.supervisor-reachable-bridge',
      'environment.supervisor-key-opens',
      'environment.supervisor-key-scope',
    ],
  },
  {
    promise: 'environment.supervisor-version-by-version',
    name: 'still-there',
    how: 'SUPERVISOR_VERSION, gone since 12.0.0, is injected.',
    apply: editSupervisor('environment', 's/(RESIN: "1",)/\\1 ...bothPrefixes("SUPERVISOR_VERSION", "19.0.5"),/'),
  },
  {
    promise: 'environment.device-restart-by-version',
    name: 'still-there',
    how: 'DEVICE_RESTART, gone since 7.0.0, is injected.',
    apply: editSupervisor('environment', 's/(RESIN: "1",)/\\1 ...bothPrefixes("DEVICE_RESTART", "1"),/'),
  },
  {
    promise: 'environment.own-variables',
    name: 'trimmed',
    how: 'Values lose the blanks at their ends.',
    apply: editSupervisor(
      'environment',
      's/\\.\\.\\.documented, \\.\\.\\.own/...documented, ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, value.trim()]))/',
    ),
    touches: ['environment.own-variable-wins'],
  },
  {
    promise: 'environment.own-variable-wins',
    name: 'supervisor-wins',
    how: "The supervisor's values replace the service's own.",
    apply: editSupervisor('environment', 's/\\.\\.\\.documented, \\.\\.\\.own/...own, ...documented/'),
  },
  {
    promise: 'environment.same-after-restart',
    name: 'new-each-time',
    how: 'A value is made anew whenever a container is.',
    apply: editSupervisor(
      'environment',
      's/(\\.\\.\\.bothPrefixes\\("DEVICE_NAME_AT_INIT", name\\))/\\1, ...bothPrefixes("CREATED", String(Date.now()))/',
    ),
    touches: ['environment.same-after-reboot', 'environment.supervisor-key-opens', 'environment.supervisor-key-scope'],
  },
  {
    promise: 'environment.same-after-reboot',
    name: 'new-each-boot',
    how: 'A value follows the boot_id, so every boot makes new containers with another one.',
    offline: [
      replaceInSupervisor(
        'environment',
        /^/,
        "const bootId = require('node:fs').readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();\n",
      ),
      replaceInSupervisor('environment', /RESIN: "1",/, 'RESIN: "1", BALENA_BOOT: bootId,'),
    ],
    // Its test reboots, and with that ends what the others changed on the running device.
    touches: everyPromiseOf('environment', { but: ['environment.same-after-reboot', 'environment.service-name'] }),
  },
];
