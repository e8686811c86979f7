import test from 'ava';
import { recordOr, stringList } from './json-values.ts';
import { normaliseLabels } from './labels.ts';
import { DeviceDouble, targetState } from './testing/device-double.ts';
import type { DoubleContainer } from './testing/engine-double.ts';

const binds = (container: DoubleContainer): string[] => stringList(recordOr(container.body['HostConfig'])['Binds']);
const mountTargets = (container: DoubleContainer): unknown[] => {
  const mounts = recordOr(container.body['HostConfig'])['Mounts'];
  return (Array.isArray(mounts) ? mounts : []).map((mount) => recordOr(mount)['Target']);
};
const LOCKS = ['/tmp/balena-supervisor/services/1234/main:/tmp/resin', '/tmp/balena-supervisor/services/1234/main:/tmp/balena'];

async function deployed(t: { teardown: (end: () => Promise<void>) => void }, service: Record<string, unknown>): Promise<DeviceDouble> {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  await device.start();
  await device.deploy(targetState({ main: service }));
  return device;
}

test('resin labels are balena labels, and a balena label beats its resin twin', (t) => {
  t.deepEqual(
    normaliseLabels({ 'io.resin.features.resin-api': '1', 'io.balena.features.dbus': '0', 'io.resin.features.dbus': '1', other: 'x' }),
    { 'io.balena.features.balena-api': '1', 'io.balena.features.dbus': '0', other: 'x' },
  );
});

test('without labels a service has its directory of locks and nothing else', async (t) => {
  const { engine } = await deployed(t, {});
  t.deepEqual(binds(engine.only('main')), LOCKS);
  t.deepEqual(mountTargets(engine.only('main')), []);
  t.deepEqual(engine.only('main').networks, ['1234_default']);
});

for (const [label, expected] of Object.entries({
  'io.balena.features.dbus': ['/run/dbus:/host/run/dbus'],
  'io.resin.features.dbus': ['/run/dbus:/host/run/dbus'],
  'io.balena.features.kernel-modules': ['/lib/modules:/lib/modules'],
  // The device double has no /lib/firmware.
  'io.balena.features.firmware': [],
  'io.balena.features.sysfs': ['/sys:/sys'],
  'io.balena.features.procfs': ['/proc:/proc'],
  'io.balena.features.journal-logs': [
    '/var/log/journal:/var/log/journal:ro',
    '/run/log/journal:/run/log/journal:ro',
    '/etc/machine-id:/etc/machine-id:ro',
  ],
})) {
  test(`${label} mounts what it says`, async (t) => {
    const { engine } = await deployed(t, { labels: { [label]: '1' } });
    t.deepEqual(binds(engine.only('main')), [...LOCKS, ...expected]);
  });
}

test('a label of value 0 asks for nothing, true does', async (t) => {
  const off = await deployed(t, { labels: { 'io.balena.features.dbus': '0' } });
  t.deepEqual(binds(off.engine.only('main')), LOCKS);
  const on = await deployed(t, { labels: { 'io.balena.features.dbus': 'true' } });
  t.true(binds(on.engine.only('main')).includes('/run/dbus:/host/run/dbus'));
});

test('balena-socket mounts the socket three times and names it, unless the service names another', async (t) => {
  const device = await deployed(t, { labels: { 'io.balena.features.balena-socket': '1' } });
  t.deepEqual(mountTargets(device.engine.only('main')), [
    '/host/run/balena-engine.sock',
    `${device.root}/engine.sock`,
    '/var/run/balena.sock',
  ]);
  t.is(device.engine.environment('main')['DOCKER_HOST'], 'unix:///host/run/balena-engine.sock');
  const own = await deployed(t, { labels: { 'io.balena.features.balena-socket': '1' }, environment: { DOCKER_HOST: 'tcp://other' } });
  t.is(own.engine.environment('main')['DOCKER_HOST'], 'tcp://other');
});

test('supervisor-api on a bridge: the address of supervisor0, which the container joins', async (t) => {
  const device = await deployed(t, { labels: { 'io.balena.features.supervisor-api': '1' } });
  const environment = device.engine.environment('main');
  for (const prefix of ['BALENA', 'RESIN']) {
    t.is(environment[`${prefix}_SUPERVISOR_HOST`], '10.114.104.1');
    t.is(environment[`${prefix}_SUPERVISOR_PORT`], String(device.supervisor.port));
    t.is(environment[`${prefix}_SUPERVISOR_ADDRESS`], `http://10.114.104.1:${device.supervisor.port}`);
    t.regex(environment[`${prefix}_SUPERVISOR_API_KEY`] ?? '', /^[0-9a-f]{32}$/);
  }
  t.deepEqual(device.engine.only('main').networks, ['1234_default', 'supervisor0']);
  t.like(device.engine.networks.get('supervisor0'), {
    Options: { 'com.docker.network.bridge.name': 'supervisor0' },
    IPAM: { Config: [{ Subnet: '10.114.104.0/25', Gateway: '10.114.104.1' }] },
  });
});

test("supervisor-api on the host's network: 127.0.0.1, the host's name, a default network by name only", async (t) => {
  const device = await deployed(t, { labels: { 'io.balena.features.supervisor-api': '1' }, network_mode: 'host' });
  t.is(device.engine.environment('main')['BALENA_SUPERVISOR_HOST'], '127.0.0.1');
  t.deepEqual(device.engine.only('main').networks, ['host']);
  t.is(device.engine.only('main').body['Hostname'], '0123456');
  t.is(device.engine.networks.get('1234_default')?.['ConfigOnly'], true);
});

test('each service has a key of its own, and it stays the same when its container is made anew', async (t) => {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  await device.start();
  const labels = { 'io.balena.features.supervisor-api': '1' };
  await device.deploy(targetState({ main: { labels }, other: { labels } }));
  const key = device.engine.environment('main')['BALENA_SUPERVISOR_API_KEY'];
  t.not(key, device.engine.environment('other')['BALENA_SUPERVISOR_API_KEY']);
  await device.deploy(targetState({ main: { labels, environment: { A: '1' } }, other: { labels } }));
  t.is(device.engine.environment('main')['BALENA_SUPERVISOR_API_KEY'], key);
});

test('balena-api on an unmanaged device gives empty strings', async (t) => {
  const { engine } = await deployed(t, { labels: { 'io.resin.features.resin-api': '1' } });
  t.like(engine.environment('main'), { BALENA_API_KEY: '', RESIN_API_KEY: '', BALENA_API_URL: '', RESIN_API_URL: '' });
});

test("the container's labels are the supervisor's own over the service's over the image's", async (t) => {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  device.engine.addImage('labelled', { labels: { 'io.resin.from': 'image', mine: 'image' } });
  await device.start();
  await device.deploy(targetState({ main: { image: 'labelled', labels: { mine: 'service', 'io.balena.app-id': '9' } } }));
  t.deepEqual(device.engine.only('main').body['Labels'], {
    'io.balena.from': 'image',
    mine: 'service',
    'io.balena.supervised': 'true',
    'io.balena.app-id': '1234',
    'io.balena.app-uuid': '1234',
    'io.balena.service-id': '1',
    'io.balena.service-name': 'main',
  });
});
