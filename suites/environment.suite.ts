import type { App, AppSpec, Device } from '../devices/index.ts';
import { componentVersions, interfaceAddress, lockDirectory, readDeviceConfig, readDeviceType, readOsRelease } from './ground-truth.ts';
import { supervisorKey, whileManaged, wrongKey } from './managed.ts';
import { inRange, versionedNames } from './promises.ts';
import { backAfterBoot, containerIds, recreate, testWithApp } from './services.ts';
import { expect, proves } from './suite.ts';

const features = (prefix: 'io.balena' | 'io.resin', value: '0' | '1') => ({
  [`${prefix}.features.supervisor-api`]: value,
  [`${prefix}.features.balena-api`]: value,
});

/** Bytes that a shell, a quoting or a line-wise copy would spoil. */
const ownVariables = {
  OWN_BLANKS: '  two  blanks ',
  OWN_QUOTES: `"$HOME" '\\n'`,
  OWN_LINES: 'one\ntwo=2',
  OWN_LETTERS: 'žluťoučký 🐎',
  OWN_EMPTY: '',
};

/** Names that the supervisor would inject, set by the service itself. */
const overriding = { BALENA_APP_NAME: 'mine', RESIN_DEVICE_TYPE: 'my-board', BALENA_HOST_OS_VERSION: 'my own OS 1' };

const deviceName = 'damp-haze';
const spec = {
  id: 4711,
  name: 'environment app',
  deviceName,
  services: {
    'on-host': { networkMode: 'host', labels: features('io.balena', '1') },
    'on-bridge': { labels: features('io.resin', '1') },
    // On the host network as well: a container on a bridge takes several times as long to start under emulation.
    plain: { networkMode: 'host', environment: { ...ownVariables, ...overriding } },
    off: { networkMode: 'host', labels: features('io.balena', '0') },
  },
} satisfies AppSpec;

const test = testWithApp(spec);

type Environment = Record<string, string>;

/** Every service's environment as its first process has it. */
async function environments(app: App): Promise<Record<keyof typeof spec.services, Environment>> {
  const of = (name: keyof typeof spec.services) => app.service(name).environment();
  const [onHost, onBridge, plain, off] = await Promise.all([of('on-host'), of('on-bridge'), of('plain'), of('off')]);
  return { 'on-host': onHost, 'on-bridge': onBridge, plain, off };
}

/** What the supervisor injects: the rest of an environment is the image's and the service's own. */
function injected(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => /^(BALENA|RESIN)(_|$)/.test(name)));
}

/** The value of a documented name under both prefixes. */
const bothPrefixes = (environment: Environment, name: string) => [environment[`BALENA_${name}`], environment[`RESIN_${name}`]];

/** The names under either prefix that an environment has of those that start so. */
const namesStarting = (environment: Environment, start: string) =>
  Object.keys(environment).filter((name) => new RegExp(`^(BALENA|RESIN)_${start}`).test(name));

/** What the supervisor-api label brings. SUPERVISOR_VERSION, where a version has it, comes without the label. */
const labelled = 'SUPERVISOR_(API_KEY|PORT|HOST|ADDRESS)$';

const fresh = 'environment: as created';

test('BALENA and RESIN are 1', proves('environment.on-balena'), async ({ app, once }) => {
  const { 'on-host': environment } = await once(fresh, () => environments(app));
  expect([environment['BALENA'], environment['RESIN']]).toEqual(['1', '1']);
});

test("DEVICE_UUID is config.json's uuid", proves('environment.device-uuid'), async ({ app, device, once }) => {
  const { 'on-bridge': environment } = await once(fresh, () => environments(app));
  const { uuid } = await readDeviceConfig(device);
  expect(uuid).toMatch(/^[0-9a-f]{32,62}$/);
  expect(bothPrefixes(environment, 'DEVICE_UUID')).toEqual([uuid, uuid]);
});

test("DEVICE_NAME_AT_INIT is the target state's name", proves('environment.device-name-at-init'), async ({ app, once }) => {
  const { 'on-host': environment } = await once(fresh, () => environments(app));
  expect(bothPrefixes(environment, 'DEVICE_NAME_AT_INIT')).toEqual([deviceName, deviceName]);
});

test("DEVICE_TYPE is device-type.json's slug", proves('environment.device-type'), async ({ app, device, once }) => {
  const { 'on-bridge': environment } = await once(fresh, () => environments(app));
  const { slug } = await readDeviceType(device);
  expect(bothPrefixes(environment, 'DEVICE_TYPE')).toEqual([slug, slug]);
});

test("DEVICE_ARCH is device-type.json's arch", proves('environment.device-arch'), async ({ app, device, once }) => {
  const { 'on-host': environment } = await once(fresh, () => environments(app));
  const { arch } = await readDeviceType(device);
  expect(bothPrefixes(environment, 'DEVICE_ARCH')).toEqual([arch, arch]);
});

test("HOST_OS_VERSION is os-release's PRETTY_NAME", proves('environment.host-os-version'), async ({ app, device, once }) => {
  const { 'on-host': environment } = await once(fresh, () => environments(app));
  const { PRETTY_NAME } = await readOsRelease(device);
  expect(PRETTY_NAME).toMatch(/\S+ \d/);
  expect(bothPrefixes(environment, 'HOST_OS_VERSION')).toEqual([PRETTY_NAME, PRETTY_NAME]);
});

test("APP_ID is the target state's", proves('environment.app-id'), async ({ app, once }) => {
  const { 'on-bridge': environment } = await once(fresh, () => environments(app));
  expect(bothPrefixes(environment, 'APP_ID')).toEqual([`${spec.id}`, `${spec.id}`]);
});

test("APP_NAME is the target state's, blank and all", proves('environment.app-name'), async ({ app, once }) => {
  const { 'on-host': environment } = await once(fresh, () => environments(app));
  expect(bothPrefixes(environment, 'APP_NAME')).toEqual([spec.name, spec.name]);
});

test("APP_UUID is the app's, in its label and its network", proves('environment.app-uuid'), async ({ app, once }) => {
  const { 'on-bridge': environment } = await once(fresh, () => environments(app));
  const { Config, NetworkSettings } = await app.service('on-bridge').inspect();
  const uuid = Config.Labels['io.balena.app-uuid'];
  // In local mode it is the app's id, elsewhere 32 hexadecimal digits.
  expect(uuid).toMatch(/^([0-9]+|[0-9a-f]{32})$/);
  expect(bothPrefixes(environment, 'APP_UUID')).toEqual([uuid, uuid]);
  expect(Object.keys(NetworkSettings.Networks)).toContain(`${uuid}_default`);
});

test("SERVICE_NAME is the compose file's", proves('environment.service-name'), async ({ app, once }) => {
  const { 'on-host': onHost, 'on-bridge': onBridge } = await once(fresh, () => environments(app));
  expect(bothPrefixes(onHost, 'SERVICE_NAME')).toEqual(['on-host', 'on-host']);
  expect(bothPrefixes(onBridge, 'SERVICE_NAME')).toEqual(['on-bridge', 'on-bridge']);
});

test("APP_LOCK_PATH is the host's file for this service", proves('environment.lock-path'), async ({ app, device, once }) => {
  const { plain } = await once(fresh, () => environments(app));
  expect(bothPrefixes(plain, 'APP_LOCK_PATH')).toEqual(['/tmp/balena/updates.lock', '/tmp/balena/updates.lock']);
  // The supervisor looks for locks on the host; a neighbour of the lock put there must be seen where the variable points.
  const onHost = `${lockDirectory(spec.id, 'plain')}/boardwalk-probe`;
  const token = crypto.randomUUID();
  await device.host.check(`printf %s ${token} > ${onHost}`);
  try {
    expect(await app.service('plain').check('cat "${BALENA_APP_LOCK_PATH%/*}/boardwalk-probe"')).toBe(token);
  } finally {
    await device.host.check(`rm -f ${onHost}`);
  }
});

test('the hand-over path is in /tmp/balena', proves('environment.handover-path'), async ({ app, once }) => {
  const { plain } = await once(fresh, () => environments(app));
  expect([plain['BALENA_SERVICE_HANDOVER_COMPLETE_PATH'], plain['RESIN_SERVICE_KILL_ME_PATH']]).toEqual([
    '/tmp/balena/handover-complete',
    '/tmp/balena/handover-complete',
  ]);
});

/** HOST, PORT and ADDRESS, the first prefix's and the second's. */
const supervisorAddress = (environment: Environment) =>
  (['HOST', 'PORT', 'ADDRESS'] as const).map((part) => bothPrefixes(environment, `SUPERVISOR_${part}`));

const twice = (...values: string[]) => values.map((value) => [value, value]);

test('on the host network the supervisor is on loopback', proves('environment.supervisor-address-host'), async ({ app, once }) => {
  const { 'on-host': environment } = await once(fresh, () => environments(app));
  expect(supervisorAddress(environment)).toEqual(twice('127.0.0.1', '48484', 'http://127.0.0.1:48484'));
});

test('on a bridge the supervisor is on supervisor0', proves('environment.supervisor-address-bridge'), async ({ app, device, once }) => {
  const { 'on-bridge': environment } = await once(fresh, () => environments(app));
  const address = await interfaceAddress(device, 'supervisor0');
  expect(address, "the host's supervisor0 has an address").toBeDefined();
  expect(supervisorAddress(environment)).toEqual(twice(`${address}`, '48484', `http://${address}:48484`));
});

/** The version that a service is told at SUPERVISOR_ADDRESS, with its own key, as the documented curl does it. */
const versionSeenFrom = async (app: App, service: keyof typeof spec.services) =>
  JSON.parse(await app.service(service).check('wget -q -O - "$BALENA_SUPERVISOR_ADDRESS/v2/version?apikey=$BALENA_SUPERVISOR_API_KEY"'));

test('the supervisor answers on the host network', proves('environment.supervisor-reachable-host'), async ({ app, device }) => {
  const { supervisor } = await componentVersions(device);
  expect(await versionSeenFrom(app, 'on-host')).toMatchObject({ version: supervisor });
});

test('the supervisor answers on a bridge', proves('environment.supervisor-reachable-bridge'), async ({ app, device }) => {
  const { supervisor } = await componentVersions(device);
  expect(await versionSeenFrom(app, 'on-bridge')).toMatchObject({ version: supervisor });
});

test('no SUPERVISOR_ name without the label', proves('environment.supervisor-names-need-label'), async ({ app, once }) => {
  const { 'on-host': onHost, plain, off } = await once(fresh, () => environments(app));
  expect(namesStarting(onHost, labelled).length, 'names with the label').toBe(8);
  expect({ plain: namesStarting(plain, labelled), off: namesStarting(off, labelled) }).toEqual({ plain: [], off: [] });
});

test("API_KEY and API_URL are config.json's", proves('environment.api-names'), async ({ app, device, once }) => {
  const { 'on-host': environment } = await once(fresh, () => environments(app));
  // An unmanaged device has neither, and the supervisor then injects empty values: absent would be another thing.
  const { deviceApiKey = '', apiEndpoint = '' } = await readDeviceConfig(device);
  expect(bothPrefixes(environment, 'API_KEY')).toEqual([deviceApiKey, deviceApiKey]);
  expect(bothPrefixes(environment, 'API_URL')).toEqual([apiEndpoint, apiEndpoint]);
});

test('no API_KEY or API_URL without the label', proves('environment.api-names-need-label'), async ({ app, once }) => {
  const { 'on-host': onHost, plain, off } = await once(fresh, () => environments(app));
  expect(namesStarting(onHost, 'API_').length, 'names with the label').toBe(4);
  expect({ plain: namesStarting(plain, 'API_'), off: namesStarting(off, 'API_') }).toEqual({ plain: [], off: [] });
});

test('io.resin labels do what io.balena labels do', proves('environment.resin-labels'), async ({ app, once }) => {
  const { 'on-host': balena, 'on-bridge': resin } = await once(fresh, () => environments(app));
  expect(Object.keys(injected(resin)).sort()).toEqual(Object.keys(injected(balena)).sort());
  expect(namesStarting(resin, 'SUPERVISOR_API_KEY')).toEqual(['BALENA_SUPERVISOR_API_KEY', 'RESIN_SUPERVISOR_API_KEY'].toSorted());
  expect(namesStarting(resin, 'API_KEY').length).toBe(2);
});

for (const [name, id] of [
  ['SUPERVISOR_VERSION', 'environment.supervisor-version-by-version'],
  ['DEVICE_RESTART', 'environment.device-restart-by-version'],
] as const) {
  test(`${name} is there in the versions that inject it, and in no other`, proves(id), async ({ app, device, once }) => {
    const { 'on-host': environment } = await once(fresh, () => environments(app));
    const { supervisor } = await componentVersions(device);
    const expected = inRange(supervisor, versionedNames[name]) ? [`BALENA_${name}`, `RESIN_${name}`] : [];
    expect(namesStarting(environment, `${name}$`).toSorted(), `supervisor ${supervisor}`).toEqual(expected);
  });
}

test("a service's own variables arrive byte for byte", proves('environment.own-variables'), async ({ app, once }) => {
  const { plain } = await once(fresh, () => environments(app));
  expect(plain).toMatchObject(ownVariables);
});

test("a service's own value wins", proves('environment.own-variable-wins'), async ({ app, once }) => {
  const { plain, 'on-host': other } = await once(fresh, () => environments(app));
  expect(plain).toMatchObject(overriding);
  expect(plain['RESIN_APP_NAME'], 'the prefix that the service left alone').toBe(other['RESIN_APP_NAME']);
});

/** A rename, and one service given a new variable beside it: its re-creation shows when the rename has been taken up. */
async function rename(device: Device, app: App) {
  const before = await containerIds([app.service('on-host')]);
  const off = { ...spec.services.off, environment: { CHANGED: 'yes' } };
  const services = { ...spec.services, off };
  const renamed = await device.engine.deploy({ ...spec, deviceName: 'wispy-glade', services });
  const created = await renamed.service('off').environment();
  const kept = await renamed.service('on-host').environment();
  const after = await containerIds([renamed.service('on-host')]);
  await device.engine.deploy({ ...spec, services });
  return { created: bothPrefixes(created, 'DEVICE_NAME_AT_INIT'), kept: bothPrefixes(kept, 'DEVICE_NAME_AT_INIT'), before, after };
}

test('a rename leaves a running container alone', proves('environment.device-name-keeps'), async ({ app, device, once }) => {
  const facts = await once('environment: a rename', () => rename(device, app));
  expect(facts.created, 'the name in a container created after it').toEqual(['wispy-glade', 'wispy-glade']);
  expect(facts.kept).toEqual([deviceName, deviceName]);
  expect(facts.after).toEqual(facts.before);
});

/** The injected values of a service before and after a restart by the supervisor, then after a reboot. */
async function restartAndReboot(device: Device, app: App) {
  const service = app.service('on-host');
  const look = async () => ({ container: await service.containerId(), values: injected(await service.environment()) });
  const before = await look();
  await recreate(device, app, service);
  const restarted = await look();
  const boot = await device.reboot('dbus');
  await backAfterBoot(device, Object.values(app.services));
  return { before, restarted, rebooted: await look(), boot: { id: boot.id, previousId: boot.previousId } };
}

const lives = 'environment: a restart, then a reboot';

test('a restart changes no value', proves('environment.same-after-restart'), async ({ app, device, once }) => {
  const { before, restarted } = await once(lives, () => restartAndReboot(device, app));
  expect(restarted.container, 'the restart made a new container').not.toBe(before.container);
  expect(Object.keys(before.values).length).toBeGreaterThan(20);
  expect(restarted.values).toEqual(before.values);
});

test('a reboot changes no value', proves('environment.same-after-reboot'), async ({ app, device, once }) => {
  const { before, rebooted, boot } = await once(lives, () => restartAndReboot(device, app));
  expect(boot.id).not.toBe(boot.previousId);
  expect(rebooted.values).toEqual(before.values);
});

/** Who may use the API: asked with the key of one service, beside that of another one. */
async function keysOfServices(device: Device, app: App) {
  const [key, other] = [await supervisorKey(app.service('on-host')), await supervisorKey(app.service('on-bridge'))];
  const answers = await whileManaged(device, app.id, async (ask) => ({
    withoutKey: await ask('GET', '/v1/device'),
    withWrongKey: await ask('GET', '/v1/device', { key: wrongKey }),
    withOwnKey: await ask('GET', '/v1/device', { key }),
    ofOtherApp: await ask('POST', '/v1/restart', { key, body: { appId: app.id + 1 } }),
  }));
  return { key, other, ...answers };
}

const keys = 'environment: keys of a managed device';

test('the key opens what no key and a wrong key do not', proves('environment.supervisor-key-opens'), async ({ app, device, once }) => {
  const { withoutKey, withWrongKey, withOwnKey } = await once(keys, () => keysOfServices(device, app));
  expect(withoutKey).toEqual({ status: 401, body: 'Unauthorized' });
  expect(withWrongKey).toEqual({ status: 401, body: 'Unauthorized' });
  expect(withOwnKey.status).toBe(200);
  expect(JSON.parse(withOwnKey.body)).toMatchObject({ api_port: 48484 });
});

test("a service's key is its own, and ends at its app", proves('environment.supervisor-key-scope'), async ({ app, device, once }) => {
  const { key, other, ofOtherApp } = await once(keys, () => keysOfServices(device, app));
  expect(key, "another service's key").not.toBe(other);
  expect(ofOtherApp.status).toBe(401);
  expect(JSON.parse(ofOtherApp.body)).toEqual({ status: 'failed', message: 'Unauthorized' });
});
