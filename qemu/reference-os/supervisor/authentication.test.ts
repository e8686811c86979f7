import test, { type ExecutionContext } from 'ava';
import { recordOr } from './json-values.ts';
import { DeviceDouble, UUID, targetState } from './testing/device-double.ts';

const API = { 'io.balena.features.supervisor-api': '1', 'io.balena.features.balena-api': '1' };

function release(name: string): object {
  return {
    c0ffee: {
      id: 7,
      services: { [name]: { id: 1, image_id: 1, image: 'app:latest', environment: {}, labels: API } },
      volumes: {},
      networks: {},
    },
  };
}

/** A managed device out of local mode with two preloaded apps: 1 (`main`) and 2 (`other`). */
async function managed(t: ExecutionContext): Promise<{ device: DeviceDouble; key: string; otherKey: string }> {
  const device = await DeviceDouble.make({ apiEndpoint: 'https://cloud.invalid', deviceApiKey: 'd0d0' });
  t.teardown(() => device.dispose());
  const apps = { aaaa: { id: 1, name: 'one', releases: release('main') }, bbbb: { id: 2, name: 'two', releases: release('other') } };
  await device.write('/mnt/data/apps.json', JSON.stringify({ config: { SUPERVISOR_LOCAL_MODE: 'false' }, apps }));
  await device.start();
  await device.supervisor.idle();
  const keyOf = (service: string): string => device.engine.environment(service)['BALENA_SUPERVISOR_API_KEY'] ?? '';
  return { device, key: keyOf('main'), otherKey: keyOf('other') };
}

test('a managed device turns away whoever has no valid key, whatever the path', async (t) => {
  const { device } = await managed(t);
  for (const route of ['GET /v1/device', 'POST /v1/reboot', 'GET /v2/version', 'GET /no/such/path']) {
    t.like(await device.call(route), { status: 401, type: 'text/plain; charset=utf-8', text: 'Unauthorized' });
    t.is((await device.call(route, { headers: { authorization: 'Bearer 0000' } })).status, 401);
  }
  t.like(await device.call('GET /ping'), { status: 200, text: 'OK' });
  t.like(await device.call('GET /v1/healthy'), { status: 200, text: 'OK' });
});

test('a key opens in the query, or with ApiKey or Bearer in any case; Basic and a bare key do not', async (t) => {
  const { device, key } = await managed(t);
  const status = async (path: string, authorization?: string): Promise<number> =>
    (await device.call(`GET ${path}`, { headers: authorization === undefined ? {} : { authorization } })).status;
  t.is(await status(`/v2/version?apikey=${key}`), 200);
  for (const scheme of ['ApiKey', 'apikey', 'Bearer', 'BEARER']) t.is(await status('/v2/version', `${scheme} ${key}`), 200);
  t.is(await status('/v2/version', `Basic ${key}`), 401);
  t.is(await status('/v2/version', key), 401);
  t.is(await status(`/v2/version?apikey=${key}`, 'Bearer wrong'), 200);
  t.is(await status('/v2/version?apikey=wrong', `Bearer ${key}`), 401);
  const unknown = await device.call(`GET /no/such/path?apikey=${key}`);
  t.is(unknown.status, 404);
  t.is(unknown.type, 'text/html; charset=utf-8');
  t.true(unknown.text.includes('Cannot GET /no/such/path'));
});

test('a key opens its own app and none but that', async (t) => {
  const { device, key } = await managed(t);
  const unauthorized = { status: 401, json: { status: 'failed', message: 'Unauthorized' } };
  t.like(await device.call(`POST /v1/restart?apikey=${key}`, { body: { appId: 2 } }), unauthorized);
  t.like(await device.call(`POST /v1/purge?apikey=${key}`, { body: { appId: 2 } }), unauthorized);
  t.like(await device.call(`POST /v2/applications/2/restart-service?apikey=${key}`, { body: { serviceName: 'other' } }), unauthorized);
  t.like(await device.call(`GET /v1/apps/2?apikey=${key}`), {
    status: 401,
    json: { status: 'failed', message: 'Application is not available' },
  });
  t.like(await device.call(`GET /v2/applications/2/state?apikey=${key}`), {
    status: 409,
    json: { status: 'failed', message: 'Application ID does not exist: 2' },
  });
  const ids = recordOr(recordOr((await device.call(`GET /v2/containerId?apikey=${key}`)).json)['services']);
  t.deepEqual(Object.keys(ids), ['main']);
  t.deepEqual(Object.keys(recordOr((await device.call(`GET /v2/applications/state?apikey=${key}`)).json)), ['one']);
  t.is((await device.call(`POST /v1/restart?apikey=${key}`, { body: { appId: 1 } })).status, 200);
});

test('a managed device out of local mode takes no local target state', async (t) => {
  const { device, key } = await managed(t);
  t.like(await device.call(`POST /v2/local/target-state?apikey=${key}`, { body: {} }), {
    status: 400,
    json: { status: 'failed', message: 'Target state can only set when device is in local mode' },
  });
});

test('balena-api on a managed device gives its key and its cloud', async (t) => {
  const { device } = await managed(t);
  t.like(device.engine.environment('main'), { BALENA_API_KEY: 'd0d0', RESIN_API_URL: 'https://cloud.invalid' });
});

test('a renewed key replaces the old one at once; the container keeps the stale one', async (t) => {
  const { device, key, otherKey } = await managed(t);
  const renewed = await device.call(`POST /v1/regenerate-api-key?apikey=${key}`);
  t.is(renewed.status, 200);
  t.regex(renewed.text, /^[0-9a-f]{32}$/);
  t.is((await device.call(`GET /v2/version?apikey=${key}`)).status, 401);
  t.is((await device.call(`GET /v2/version?apikey=${renewed.text}`)).status, 200);
  t.is((await device.call(`GET /v2/version?apikey=${otherKey}`)).status, 200);
  t.is(device.engine.environment('main')['BALENA_SUPERVISOR_API_KEY'], key);
});

test('keys outlive the process', async (t) => {
  const { device, key } = await managed(t);
  await device.start();
  t.is((await device.call(`GET /v2/version?apikey=${key}`)).status, 200);
});

test('an unmanaged device asks for no key, takes any, and renews only one that exists', async (t) => {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  await device.start();
  t.is((await device.call('GET /v2/version')).status, 200);
  t.is((await device.call('GET /v2/version', { headers: { authorization: 'Bearer wrong' } })).status, 200);
  t.like(await device.call('POST /v1/regenerate-api-key'), { status: 503, json: { status: 'failed', message: '' } });
});

test('from local to managed and back: the local app goes, the preloaded one comes, and local mode opens again', async (t) => {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  await device.start();
  await device.deploy(targetState({ main: {} }));
  await device.write('/mnt/boot/config.json', JSON.stringify({ uuid: UUID, apiEndpoint: 'https://cloud.invalid' }));
  const services = { web: { id: 1, image_id: 1, image: 'app:latest', environment: {}, labels: API } };
  const apps = { aaaa: { id: 77, name: 'preloaded', releases: { c0ffee: { id: 8, services, volumes: {}, networks: {} } } } };
  await device.write('/mnt/data/apps.json', JSON.stringify({ config: { SUPERVISOR_LOCAL_MODE: 'false' }, apps }));
  await device.start();
  await device.supervisor.idle();
  t.deepEqual(
    [...device.engine.containers.values()].map(({ name }) => name),
    ['web_1_8_c0ffee'],
  );
  t.is((await device.call('GET /v1/device')).status, 401);
  t.is((await device.call(`GET /v1/device?apikey=${device.engine.environment('web')['BALENA_SUPERVISOR_API_KEY']}`)).status, 200);
  t.is(await device.read('/mnt/data/apps.json'), '{}');
  // The way back. Without that apps.json the preloaded config would keep local mode off on the unmanaged device too.
  await device.write('/mnt/boot/config.json', JSON.stringify({ uuid: UUID }));
  await device.write('/mnt/data/apps.json', JSON.stringify({ config: { SUPERVISOR_LOCAL_MODE: 'true' }, apps: {} }));
  await device.start();
  await device.supervisor.idle();
  await device.write('/mnt/data/apps.json', '{}');
  await device.remove('/mnt/data/apps.json.preloaded');
  await device.deploy(targetState({ main: {} }));
  t.deepEqual(
    [...device.engine.containers.values()].map(({ name }) => name),
    ['main_1_7_deadbeef'],
  );
});
