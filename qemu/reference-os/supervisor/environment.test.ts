import test from 'ava';
import { targetState, DeviceDouble, UUID } from './testing/device-double.ts';
import { serviceEnvironment, withDeviceName } from './environment.ts';

const facts = {
  appId: 1234,
  appUuid: 'abc',
  appName: 'shop',
  serviceName: 'main',
  deviceUuid: UUID,
  deviceType: 'raspberrypi3',
  deviceArchitecture: 'armv7hf',
  osVersion: 'balenaOS 2.20.0',
};

test('every documented name comes with both prefixes', (t) => {
  const environment = serviceEnvironment({}, facts, []);
  for (const prefix of ['BALENA', 'RESIN']) {
    t.like(environment, {
      [prefix]: '1',
      [`${prefix}_APP_ID`]: '1234',
      [`${prefix}_APP_UUID`]: 'abc',
      [`${prefix}_APP_NAME`]: 'shop',
      [`${prefix}_SERVICE_NAME`]: 'main',
      [`${prefix}_DEVICE_UUID`]: UUID,
      [`${prefix}_DEVICE_TYPE`]: 'raspberrypi3',
      [`${prefix}_DEVICE_ARCH`]: 'armv7hf',
      [`${prefix}_HOST_OS_VERSION`]: 'balenaOS 2.20.0',
      [`${prefix}_APP_LOCK_PATH`]: '/tmp/balena/updates.lock',
    });
  }
  t.is(environment['USER'], 'root');
  t.is(environment['RESIN_SERVICE_KILL_ME_PATH'], '/tmp/balena/handover-complete');
  t.is(environment['BALENA_SERVICE_HANDOVER_COMPLETE_PATH'], '/tmp/balena/handover-complete');
  t.is(Object.keys(environment).length, 2 * 10 + 3);
});

test('the service wins over the documented names, those win over the image', (t) => {
  const environment = serviceEnvironment({ BALENA_APP_NAME: 'mine' }, facts, ['USER=nobody', 'PATH=/bin:/sbin', 'A=b=c']);
  t.like(environment, { BALENA_APP_NAME: 'mine', RESIN_APP_NAME: 'shop', USER: 'root', PATH: '/bin:/sbin', A: 'b=c' });
});

test("the device's name is nobody's to set", (t) => {
  const environment = serviceEnvironment({ BALENA_DEVICE_NAME_AT_INIT: 'mine' }, facts, ['RESIN_DEVICE_NAME_AT_INIT=image']);
  t.false('BALENA_DEVICE_NAME_AT_INIT' in environment);
  t.like(withDeviceName(environment, 'n'), { BALENA_DEVICE_NAME_AT_INIT: 'n', RESIN_DEVICE_NAME_AT_INIT: 'n' });
});

test('a deployed service gets the values that the device has, and none that were dropped', async (t) => {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  await device.start();
  await device.deploy(targetState({ main: { environment: { BALENA_DEVICE_NAME_AT_INIT: 'mine', OWN: 'a b' } } }));
  const environment = device.engine.environment('main');
  for (const prefix of ['BALENA', 'RESIN']) {
    t.like(environment, {
      [`${prefix}_APP_ID`]: '1234',
      // In local mode an app's uuid is its id.
      [`${prefix}_APP_UUID`]: '1234',
      [`${prefix}_APP_NAME`]: 'shop',
      [`${prefix}_DEVICE_NAME_AT_INIT`]: 'bench device',
      [`${prefix}_DEVICE_TYPE`]: 'qemux86-64',
      [`${prefix}_DEVICE_ARCH`]: 'amd64',
      [`${prefix}_HOST_OS_VERSION`]: 'balenaOS 2.113.18',
    });
  }
  t.is(environment['OWN'], 'a b');
  t.is(environment['FROM_IMAGE'], 'yes');
  t.deepEqual(
    Object.keys(environment).filter((name) => /SUPERVISOR|API_KEY|API_URL|DEVICE_RESTART/.test(name)),
    [],
  );
});
