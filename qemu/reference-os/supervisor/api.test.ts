import test, { type ExecutionContext } from 'ava';
import { recordOr } from './json-values.ts';
import { DeviceDouble, UUID, logged, targetState } from './testing/device-double.ts';

const services = '/tmp/balena-supervisor/services/1234';

async function deployed(t: ExecutionContext, names = ['main']): Promise<DeviceDouble> {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  await device.start();
  const service = { volumes: ['resin-data:/data'], labels: { 'io.balena.features.supervisor-api': '1' } };
  await device.deploy(targetState(Object.fromEntries(names.map((name) => [name, service])), { app: { volumes: { 'resin-data': {} } } }));
  return device;
}

const busCalls = async (device: DeviceDouble): Promise<string> => device.read('/bus-calls').catch(() => '');

/** Resolves when the bus was called; AVA's timeout is the budget. */
async function busCalled(device: DeviceDouble): Promise<string> {
  for (;;) {
    const calls = await busCalls(device);
    if (calls.endsWith('\n')) return calls;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('reboot: 202, then no API any more, then logind is asked once', async (t) => {
  const device = await deployed(t);
  const answer = await device.call('POST /v1/reboot');
  t.like(answer, { status: 202, json: { Data: 'OK', Error: null } });
  await t.throwsAsync(device.call('GET /ping'), { instanceOf: TypeError });
  t.is(
    await busCalled(device),
    '--system call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager Reboot b false\n',
  );
  t.is(device.engine.only('main').state, 'running');
});

test('shutdown asks logind to power off', async (t) => {
  const device = await deployed(t);
  t.like(await device.call('POST /v1/shutdown', { body: { force: true } }), { status: 202, json: { Data: 'OK', Error: null } });
  t.true((await busCalled(device)).includes('Manager PowerOff b false'));
});

test('a bus that does not take the call ends the process', async (t) => {
  const device = await deployed(t);
  await device.remove('/busctl');
  t.is((await device.call('POST /v1/reboot')).status, 202);
  await t.throwsAsync(device.supervisor.stuck, { code: 'ENOENT' });
});

for (const lock of ['updates.lock', 'resin-updates.lock']) {
  test(`${lock} by its existence blocks the reboot; force removes it`, async (t) => {
    const device = await deployed(t);
    await device.write(`${services}/main/${lock}`, '');
    for (const route of ['POST /v1/reboot', 'POST /v1/shutdown']) {
      t.like(await device.call(route), { status: 423, json: { Data: '', Error: 'Lockfile exists for { appId: 1234, service: main }' } });
    }
    t.is(await busCalls(device), '');
    t.is(await device.read(`${services}/main/${lock}`), '');
    t.is((await device.call('POST /v1/reboot', { body: { force: true } })).status, 202);
    await t.throwsAsync(device.read(`${services}/main/${lock}`), { code: 'ENOENT' });
    t.true((await busCalled(device)).includes('Reboot'));
  });
}

for (const breadcrumb of ['rollback-health-breadcrumb', 'rollback-altboot-breadcrumb']) {
  test(`${breadcrumb} blocks reboot and shutdown, and nothing else`, async (t) => {
    const device = await deployed(t);
    await device.write(`/mnt/state/${breadcrumb}`, '');
    for (const route of ['POST /v1/reboot', 'POST /v1/shutdown']) {
      t.like(await device.call(route), { status: 423, json: { Data: '', Error: 'Waiting for Host OS update to finish' } });
    }
    t.is((await device.call('POST /v1/restart', { body: { appId: 1234 } })).status, 200);
    t.is((await device.call('PATCH /v1/device/host-config', { body: { network: { hostname: 'x' } } })).status, 200);
    t.is((await device.call('POST /v1/reboot', { body: { force: true } })).status, 202);
  });
}

test('locks stop restart, purge, stop and host-config with 423, and force overrides', async (t) => {
  const device = await deployed(t);
  await device.write(`${services}/main/updates.lock`, '');
  const message = 'Lockfile exists for { appId: 1234, service: main }';
  const locked = { status: 423, json: { status: 'failed', message } };
  t.like(await device.call('POST /v1/restart', { body: { appId: 1234 } }), locked);
  t.like(await device.call('POST /v1/purge', { body: { appId: 1234 } }), locked);
  t.like(await device.call('POST /v2/applications/1234/restart-service', { body: { serviceName: 'main' } }), locked);
  t.like(await device.call('POST /v1/apps/1234/stop'), locked);
  t.like(await device.call('PATCH /v1/device/host-config', { body: { network: { hostname: 'x' } } }), { status: 423, text: message });
  t.is((await device.call('POST /v1/restart', { body: { appId: 1234, force: true } })).status, 200);
});

const remakes: [route: string, body: object, answer: object][] = [
  ['POST /v1/restart', { appId: 1234 }, { status: 200, text: 'OK' }],
  ['POST /v1/purge', { appId: 1234 }, { status: 200, text: '{"Data":"OK","Error":""}' }],
  ['POST /v2/applications/1234/restart', {}, { status: 200, text: 'OK' }],
  ['POST /v2/applications/1234/purge', {}, { status: 200, text: 'OK' }],
  ['POST /v2/applications/1234/restart-service', { serviceName: 'main' }, { status: 200, text: 'OK' }],
  ['POST /v2/applications/1234/restart-service', { imageId: '1' }, { status: 200, text: 'OK' }],
];
for (const [route, body, expected] of remakes) {
  test(`${route} ${JSON.stringify(body)} makes a new container`, async (t) => {
    const device = await deployed(t);
    const { id } = device.engine.only('main');
    const volume = device.engine.volumes.get('1234_resin-data');
    t.like(await device.call(route, { body }), expected);
    await device.supervisor.idle();
    t.not(device.engine.only('main').id, id);
    t.is(device.engine.only('main').state, 'running');
    const kept = device.engine.volumes.get('1234_resin-data');
    t.not(kept, undefined);
    t.is(kept === volume, !route.includes('purge'));
  });
}

test('v1 stop and start keep the container, and an update does not start what was stopped', async (t) => {
  const device = await deployed(t);
  const { id } = device.engine.only('main');
  t.like(await device.call('POST /v1/apps/1234/stop'), { status: 200, json: { containerId: id } });
  t.like(device.engine.only('main'), { id, state: 'exited' });
  t.like((await device.call('GET /v1/device')).json, { status: 'exited' });
  t.like(await device.call('POST /v1/update', { body: { force: true } }), { status: 204, text: '' });
  await device.supervisor.idle();
  t.is(device.engine.only('main').state, 'exited');
  t.like(await device.call('POST /v1/apps/1234/start'), { status: 200, json: { containerId: id } });
  t.like(device.engine.only('main'), { id, state: 'running' });
});

test('v2 stop-service and start-service act on one of several', async (t) => {
  const device = await deployed(t, ['main', 'other']);
  const { id } = device.engine.only('other');
  t.is((await device.call('POST /v2/applications/1234/stop-service', { body: { serviceName: 'other' } })).text, 'OK');
  t.like(device.engine.only('other'), { id, state: 'exited' });
  t.is(device.engine.only('main').state, 'running');
  t.is((await device.call('POST /v2/applications/1234/start-service', { body: { serviceName: 'other' } })).text, 'OK');
  t.like(device.engine.only('other'), { id, state: 'running' });
});

test('what is missing or unknown is refused as the genuine supervisor does', async (t) => {
  const device = await deployed(t, ['main', 'other']);
  t.like(await device.call('POST /v1/restart', { body: {} }), { status: 400, text: 'Missing app id' });
  t.like(await device.call('POST /v1/purge', { body: {} }), { status: 400, text: 'Invalid or missing appId' });
  t.like(await device.call('POST /v1/restart', { body: { appId: 9 } }), {
    status: 503,
    json: { status: 'failed', message: 'Application with ID 9 is not in the current state' },
  });
  t.like(await device.call('POST /v2/applications/9/restart-service', { body: { serviceName: 'main' } }), {
    status: 503,
    json: { status: 'failed' },
  });
  t.is((await device.call('POST /v2/applications/1234/restart-service', { body: {} })).status, 400);
  t.is((await device.call('POST /v2/applications/1234/restart-service', { body: { serviceName: 'none' } })).status, 404);
  t.like(await device.call('POST /v2/applications/x/restart', { body: {} }), {
    status: 400,
    json: { status: 'failed', message: 'Missing app id' },
  });
  t.is((await device.call('POST /v1/apps/1234/stop')).status, 400);
  t.like(await device.call('GET /v1/apps/1234'), { status: 400, text: 'Some v1 endpoints are only allowed on single-container apps' });
  t.like(await device.call('GET /v1/apps/9'), { status: 400, text: 'App not found' });
  t.is((await device.call('GET /v2/applications/9/state')).status, 409);
  t.like(await device.call('GET /v2/containerId?serviceName=none'), { status: 503, json: { status: 'failed' } });
  t.is((await device.call('POST /v1/restart', { raw: '{"appId":' })).status, 503);
});

test('GET /v1/device says what the device is', async (t) => {
  const device = await deployed(t);
  const answer = recordOr((await device.call('GET /v1/device')).json);
  t.like(answer, {
    api_port: device.supervisor.port,
    os_version: 'balenaOS 2.113.18',
    mac_address: '52:54:00:AB:CD:EF',
    supervisor_version: '19.0.5',
    update_pending: false,
    update_failed: false,
    update_downloaded: false,
    commit: 'deadbeef',
    status: 'Idle',
  });
});

test('GET /v1/apps/:id of an app of one service, without its secrets', async (t) => {
  const device = await deployed(t);
  const app = recordOr((await device.call('GET /v1/apps/1234')).json);
  const container = device.engine.only('main');
  t.like(app, { appId: 1234, commit: 'deadbeef', containerId: container.id, imageId: container.body['Image'], releaseId: 7 });
  const environment = recordOr(app['env']);
  t.is(environment['BALENA_APP_NAME'], 'shop');
  t.deepEqual(
    ['BALENA_SUPERVISOR_API_KEY', 'RESIN_SUPERVISOR_API_KEY', 'BALENA_DEVICE_NAME_AT_INIT'].filter((name) => name in environment),
    [],
  );
});

test('the v2 reports name the app, its services and its containers', async (t) => {
  const device = await deployed(t);
  const { id } = device.engine.only('main');
  t.like(await device.call('GET /v2/version'), { status: 200, json: { status: 'success', version: '19.0.5' } });
  t.like((await device.call('GET /v2/local/device-info')).json, { status: 'success', info: { arch: 'amd64', deviceType: 'qemux86-64' } });
  t.like((await device.call('GET /v2/containerId')).json, { status: 'success', services: { main: id } });
  t.like((await device.call('GET /v2/containerId?service=main')).json, { status: 'success', containerId: id });
  t.like((await device.call('GET /v2/state/status')).json, {
    status: 'success',
    appState: 'applied',
    overallDownloadProgress: null,
    containers: [{ status: 'Running', serviceName: 'main', appId: 1234, imageId: 1, serviceId: 1, containerId: id }],
    images: [{ name: 'app:latest', appId: 1234, serviceName: 'main', status: 'Downloaded', downloadProgress: null }],
    release: 'deadbeef',
  });
  t.like((await device.call('GET /v2/applications/state')).json, {
    shop: {
      appId: 1234,
      appUuid: '1234',
      commit: 'deadbeef',
      updateStatus: 'done',
      services: { main: { status: 'Running', releaseId: 7 } },
    },
  });
  t.like((await device.call('GET /v2/applications/1234/state')).json, {
    commit: 'deadbeef',
    local: { 1234: { services: { 1: { status: 'Running', releaseId: 7 } } } },
  });
  t.like((await device.call('GET /v2/local/target-state')).json, {
    status: 'success',
    state: {
      local: { name: 'bench device', apps: { 1234: { appName: 'shop', commit: 'deadbeef', services: [{ serviceName: 'main' }] } } },
    },
  });
});

test('host-config: a name goes into config.json, the OS applies it, GET says what is in force', async (t) => {
  const device = await deployed(t);
  const config = async (): Promise<unknown> => recordOr(JSON.parse(await device.read('/mnt/boot/config.json')))['hostname'];
  t.like(await device.call('GET /v1/device/host-config'), { status: 200, json: { network: { hostname: '0123456' } } });
  t.like(await device.call('PATCH /v1/device/host-config', { body: { network: { hostname: 'shed' } } }), { status: 200, text: 'OK' });
  t.is(await config(), 'shed');
  t.like((await device.call('GET /v1/device/host-config')).json, { network: { hostname: '0123456' } });
  await device.call('PATCH /v1/device/host-config', { body: { network: { hostname: '' } } });
  t.is(await config(), UUID.slice(0, 7));
  t.like(await device.call('PATCH /v1/device/host-config', { body: {} }), { status: 400, type: 'text/html; charset=utf-8' });
  await device.remove('/etc/hostname');
  t.is((await device.call('GET /v1/device/host-config')).status, 503);
});

test('a target state that lacks what it must have is 400 with the path of each fault', async (t) => {
  const device = await deployed(t);
  const { id } = device.engine.only('main');
  const post = async (body: object): Promise<string> => {
    const answer = await device.call('POST /v2/local/target-state', { body });
    t.is(answer.status, 400);
    return String(recordOr(answer.json)['message']);
  };
  const app = `${UUID}.apps.1234`;
  const service = `${app}.releases.deadbeef.services.main`;
  t.true((await post(targetState({ main: {} }, { app: { releaseId: undefined } }))).includes(`at ${app}.releases.deadbeef.id but`));
  t.true((await post(targetState({ main: {} }, { app: { name: undefined } }))).includes(`at ${app}.name but`));
  t.true((await post(targetState({ main: { imageId: undefined } }))).includes(`at ${service}.image_id but`));
  t.true((await post(targetState({ main: { environment: undefined } }))).includes(`at ${service}.environment but`));
  t.true((await post(targetState({ main: { labels: undefined } }))).includes(`at ${service}.labels but`));
  t.true((await post(targetState({ main: { environment: { 'a b': '1' } } }))).includes(`at ${service}.environment.a b but`));
  await device.supervisor.idle();
  t.is(device.engine.only('main').id, id);
});

test('no commit is 200 without a release, an empty or v3 body is an empty state, malformed JSON is 503', async (t) => {
  const device = await deployed(t);
  await device.deploy(targetState({ main: {} }, { app: { commit: undefined } }));
  t.is(device.engine.containers.size, 0);
  await device.deploy(targetState({ main: {} }));
  t.is(device.engine.containers.size, 1);
  await device.deploy({ [UUID]: { name: 'v3', apps: {} } });
  t.is(device.engine.containers.size, 0);
  t.like(await device.call('POST /v2/local/target-state', { raw: '{"local":' }), { status: 503, json: { status: 'failed' } });
});

test('each call leaves a line in the journal', async (t) => {
  const device = await deployed(t);
  await device.call('POST /v1/blink?once=1');
  t.true(logged.some((line) => /^<6>\[info\] POST \/v1\/blink 200 - [\d.]+ ms$/.test(line)));
});
