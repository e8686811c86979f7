import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { recordOr } from './json-values.ts';
import { DeviceDouble, logged, targetState } from './testing/device-double.ts';

const LOCK = '/tmp/balena-supervisor/services/1234/main/updates.lock';

async function started(t: ExecutionContext): Promise<DeviceDouble> {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  await device.start();
  return device;
}

/** Waits for something the supervisor does on its own; AVA's timeout is the budget. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await wait(2);
}

const report = async (device: DeviceDouble): Promise<unknown> => (await device.call('GET /v1/device')).json;

test('a deployed service is a container as the genuine supervisor makes it', async (t) => {
  const device = await started(t);
  const main = {
    command: 'sh -c "sleep 9; echo \'a b\'"',
    volumes: ['resin-data:/data', '/etc:/host-etc', 'logs:/logs:ro', { type: 'tmpfs', target: '/scratch', tmpfs: { size: 4096 } }],
    tmpfs: ['/run'],
    privileged: true,
    ports: ['80', '8080:81', '127.0.0.1:5000-5001:6000-6001/udp'],
    cap_add: ['NET_ADMIN'],
    made_up: 1,
  };
  await device.deploy(targetState({ main }, { app: { volumes: { 'resin-data': {}, logs: {} } } }));
  const container = device.engine.only('main');
  t.is(container.name, 'main_1_7_deadbeef');
  t.is(container.state, 'running');
  t.like(container.body, { Tty: true, StopSignal: 'SIGTERM', Image: `sha256:${'a'.repeat(64)}`, Cmd: ['sh', '-c', "sleep 9; echo 'a b'"] });
  t.false('Hostname' in container.body);
  t.like(container.body['HostConfig'], {
    Privileged: true,
    CapAdd: ['NET_ADMIN'],
    NetworkMode: '1234_default',
    RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
    Tmpfs: { '/run': '' },
    Binds: [
      '1234_resin-data:/data',
      '1234_logs:/logs:ro',
      '/tmp/balena-supervisor/services/1234/main:/tmp/resin',
      '/tmp/balena-supervisor/services/1234/main:/tmp/balena',
    ],
    Mounts: [{ Type: 'tmpfs', Target: '/scratch', TmpfsOptions: { SizeBytes: 4096 } }],
    PortBindings: {
      '80/tcp': [{ HostIp: '', HostPort: '80' }],
      '81/tcp': [{ HostIp: '', HostPort: '8080' }],
      '6000/udp': [{ HostIp: '127.0.0.1', HostPort: '5000' }],
      '6001/udp': [{ HostIp: '127.0.0.1', HostPort: '5001' }],
    },
  });
  t.deepEqual([...device.engine.volumes.keys()].sort(), ['1234_logs', '1234_resin-data', 'extra-firmware']);
  t.deepEqual(recordOr(recordOr(container.body['NetworkingConfig'])['EndpointsConfig']), { '1234_default': { Aliases: ['main'] } });
  t.true(logged.some((line) => line.includes('Ignoring invalid bind mount /etc:/host-etc')));
  t.true(logged.some((line) => line.includes('unknown compose field: madeUp')));
});

test('restart policies: those the engine knows, else always', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ a: { restart: 'no' }, b: { restart: 'never' } }));
  const policy = (service: string): unknown => recordOr(device.engine.only(service).body['HostConfig'])['RestartPolicy'];
  t.like(policy('a'), { Name: 'no' });
  t.like(policy('b'), { Name: 'always' });
});

test('the same target again changes nothing; another environment or app name makes a new container', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const first = device.engine.only('main').id;
  await device.deploy(targetState({ main: {} }));
  t.is(device.engine.only('main').id, first);
  await device.deploy(targetState({ main: { environment: { A: '1' } } }));
  const second = device.engine.only('main').id;
  t.not(second, first);
  await device.deploy(targetState({ main: { environment: { A: '1' } } }, { app: { name: 'store' } }));
  t.not(device.engine.only('main').id, second);
  t.is(device.engine.environment('main')['BALENA_APP_NAME'], 'store');
});

test("a new name of the device makes no new container and doesn't change its value", async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const { id } = device.engine.only('main');
  await device.deploy(targetState({ main: {} }, { local: { name: 'renamed' } }));
  t.is(device.engine.only('main').id, id);
  t.is(device.engine.environment('main')['BALENA_DEVICE_NAME_AT_INIT'], 'bench device');
  t.like((await device.call('GET /v2/device/name')).json, { deviceName: 'renamed' });
  await device.deploy(targetState({ main: {} }, { local: { name: undefined } }));
  t.like((await device.call('GET /v2/device/name')).json, { deviceName: 'renamed' });
});

test('another commit alone renames the container', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const { id } = device.engine.only('main');
  await device.deploy(targetState({ main: {} }, { app: { commit: 'f00d', releaseId: 8 } }));
  t.like(device.engine.only('main'), { id, name: 'main_1_8_f00d' });
});

test('running false stops the container and keeps it, running true leaves it to whoever stopped it', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const { id } = device.engine.only('main');
  await device.deploy(targetState({ main: { running: false } }));
  t.like(device.engine.only('main'), { id, state: 'exited' });
  await device.deploy(targetState({ main: { running: true } }));
  t.like(device.engine.only('main'), { id, state: 'exited' });
});

test('a service that is gone from the target loses its container, volumes stay in local mode', async (t) => {
  const device = await started(t);
  const volumes = { 'resin-data': {} };
  await device.deploy(targetState({ main: { volumes: ['resin-data:/data'] }, other: {} }, { app: { volumes } }));
  const { id } = device.engine.only('main');
  await device.deploy(targetState({ main: { volumes: ['resin-data:/data'] } }, { app: { volumes } }));
  t.is(device.engine.containers.size, 1);
  t.is(device.engine.only('main').id, id);
  await device.deploy({});
  t.is(device.engine.containers.size, 0);
  t.deepEqual([...device.engine.networks.keys()], ['supervisor0']);
  t.true(device.engine.volumes.has('1234_resin-data'));
});

test('a network that changes takes its containers with it', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const { id } = device.engine.only('main');
  await device.deploy(targetState({ main: {} }, { app: { networks: { default: { internal: true } } } }));
  t.not(device.engine.only('main').id, id);
  t.is(device.engine.networks.get('1234_default')?.['Internal'], true);
});

test('a held lock: the post is 200, the update pends and fails, and is applied once the lock is gone', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const { id } = device.engine.only('main');
  await device.write(LOCK, '');
  t.is((await device.call('POST /v2/local/target-state', { body: targetState({ main: { environment: { A: '1' } } }) })).status, 200);
  await until(async () => recordOr(await report(device))['update_failed'] === true);
  t.like(await report(device), { update_pending: true, update_failed: true });
  t.like((await device.call('GET /v2/state/status')).json, { appState: 'applying' });
  t.is(device.engine.only('main').id, id);
  await device.remove(LOCK);
  await device.supervisor.idle();
  t.not(device.engine.only('main').id, id);
  t.like(await report(device), { update_pending: false, update_failed: false, status: 'Idle', commit: 'deadbeef' });
});

test('waits grow from attempt to attempt up to the limit', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  await device.write(LOCK, '');
  const before = logged.length;
  await device.call('POST /v2/local/target-state', { body: targetState({ main: {} }, { app: { name: 'backing-off' } }) });
  const waits = (): number[] =>
    logged
      .slice(before)
      .flatMap((line) => /app: backing-off|Updates are locked, retrying in ([\d.]+)s/.exec(line)?.[1] ?? [])
      .map(Number);
  await until(() => waits().length >= 5);
  t.deepEqual(
    [0.01, 0.02, 0.04].map((seconds) => waits().includes(seconds)),
    [true, true, true],
  );
  t.true(waits().every((seconds) => seconds <= 0.04));
});

test('force, and the override in the config, remove the lock', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const first = device.engine.only('main').id;
  await device.write(LOCK, '');
  await device.deploy(targetState({ main: { environment: { A: '1' } } }, { force: true }));
  const second = device.engine.only('main').id;
  t.not(second, first);
  await t.throwsAsync(device.read(LOCK), { code: 'ENOENT' });
  await device.write(LOCK, '');
  await device.deploy(targetState({ main: {} }, { local: { config: { RESIN_SUPERVISOR_OVERRIDE_LOCK: 'true' } } }));
  t.not(device.engine.only('main').id, second);
});

test('a lock that the supervisor itself left behind locks nothing', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const { id } = device.engine.only('main');
  await device.start({ lockOwner: process.getuid?.() ?? 0 });
  await device.write(LOCK, '');
  await device.deploy(targetState({ main: { environment: { A: '1' } } }));
  t.not(device.engine.only('main').id, id);
});

test('an image that is nowhere keeps the old containers and is reported', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const { id } = device.engine.only('main');
  await device.call('POST /v2/local/target-state', { body: targetState({ main: { image: 'nowhere:1' } }) });
  await until(async () => recordOr(await report(device))['update_failed'] === true);
  t.is(device.engine.only('main').id, id);
  t.true(logged.some((line) => line.includes('pulling nowhere:1: pull access denied')));
  device.engine.addImage('nowhere:1');
  await device.supervisor.idle();
  t.not(device.engine.only('main').id, id);
});

test('after a reboot the containers are those of before, and the locks of the services have a place again', async (t) => {
  const device = await started(t);
  await device.deploy(
    targetState({ main: { volumes: ['resin-data:/data'] }, stopped: { running: false } }, { app: { volumes: { 'resin-data': {} } } }),
  );
  const ids = [device.engine.only('main').id, device.engine.only('stopped').id];
  await device.remove('/tmp');
  device.engine.restart();
  const before = device.engine.calls.length;
  await device.start();
  await device.supervisor.idle();
  t.deepEqual([device.engine.only('main').id, device.engine.only('stopped').id], ids);
  t.like(device.engine.only('main'), { state: 'running' });
  t.false(device.engine.calls.slice(before).includes('POST /containers/create'));
  t.like((await device.call('GET /v2/device/name')).json, { deviceName: 'bench device' });
  t.is((await device.call('POST /v1/restart', { body: { appId: 1234 } })).status, 200);
});

test('another OS version makes new containers that say so', async (t) => {
  const device = await started(t);
  await device.deploy(targetState({ main: {} }));
  const { id } = device.engine.only('main');
  await device.write('/etc/os-release', 'PRETTY_NAME="balenaOS 3"\nMETA_BALENA_VERSION="3"\n');
  await device.start();
  await device.supervisor.idle();
  t.not(device.engine.only('main').id, id);
  t.is(device.engine.environment('main')['BALENA_HOST_OS_VERSION'], 'balenaOS 3');
});

test('a state file that was cut short is set aside, and the device takes a new target', async (t) => {
  const device = await started(t);
  const file = '/mnt/data/resin-data/balena-supervisor/state.json';
  await device.deploy(targetState({ main: {} }));
  const whole = await device.read(file);
  await device.supervisor.close();
  await device.write(file, whole.slice(0, 40));
  await device.start();
  t.is(await device.read(`${file}.damaged`), whole.slice(0, 40));
  await device.deploy(targetState({ main: {} }));
  t.is(device.engine.only('main').state, 'running');
});

test('start-up names the extra firmware volume in config.json and keeps the rest of it', async (t) => {
  const device = await started(t);
  await device.supervisor.idle();
  const config = recordOr(JSON.parse(await device.read('/mnt/boot/config.json')));
  t.like(config, { deviceType: 'qemux86-64', initialDeviceName: 'factory', os: { kernel: { extraFirmwareVol: 'extra-firmware' } } });
  t.deepEqual([...device.engine.volumes.keys()], ['extra-firmware']);
  t.deepEqual([...device.engine.networks.keys()], ['supervisor0']);
});
