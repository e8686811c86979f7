import {
  type App,
  type AppSpec,
  type Device,
  ExecLost,
  RebootRefused,
  type Service,
  type SupervisorResponse,
  UnexpectedReboot,
} from '../devices/index.ts';
import { parseProperties } from './dbus-reply.ts';
import { activeState, readClocks, readDeviceConfig, readHostname, readTimeSettings } from './ground-truth.ts';
import { whileManaged, wrongKey } from './managed.ts';
import { allRunning, backAfterBoot, containerIds, testWithApp } from './services.ts';
import { expect, proves } from './suite.ts';

const spec = {
  id: 4713,
  name: 'dbus',
  services: {
    // On the host network both: a container on a bridge takes several times as long to start under emulation.
    bus: { networkMode: 'host', labels: { 'io.balena.features.dbus': '1' } },
    plain: { networkMode: 'host' },
  },
} satisfies AppSpec;

const test = testWithApp(spec);

const socket = '/host/run/dbus/system_bus_socket';

/** The documented call: dbus-send on the host's bus, from inside a container. */
const dbusSend = (destination: string, path: string, call: string) =>
  `DBUS_SYSTEM_BUS_ADDRESS=unix:path=${socket} dbus-send --system --print-reply --reply-timeout=25000 --dest=org.freedesktop.${destination} ${path} org.freedesktop.${call}`;

const systemd = (call: string) => dbusSend('systemd1', '/org/freedesktop/systemd1', `systemd1.Manager.${call}`);
const hostname1 = (call: string) => dbusSend('hostname1', '/org/freedesktop/hostname1', `hostname1.${call}`);

/** timedate1's properties as the container reads them. */
const timedate = async (app: App) =>
  parseProperties(
    await app
      .service('bus')
      .check(dbusSend('timedate1', '/org/freedesktop/timedate1', 'DBus.Properties.GetAll string:org.freedesktop.timedate1')),
  );

test("the label brings the host's own socket", proves('dbus.socket-with-label'), async ({ app, device }) => {
  // One inode: the same socket, not another of that name.
  const onHost = await device.host.check('stat -L -c "%F %i %d" /run/dbus/system_bus_socket');
  expect(onHost).toMatch(/^socket \d+ \d+$/);
  expect(await app.service('bus').check(`stat -c "%F %i %d" ${socket}`)).toBe(onHost);
});

test('no label, no socket', proves('dbus.no-socket-without-label'), async ({ app }) => {
  const places = `${socket} /host_run/dbus/system_bus_socket /run/dbus/system_bus_socket /var/run/dbus/system_bus_socket`;
  expect(await app.service('plain').check(`for place in ${places}; do [ ! -e $place ] || echo $place; done`)).toBe('');
  expect(await app.service('bus').check(`for place in ${places}; do [ ! -e $place ] || echo $place; done`)).toContain(socket);
});

test('GetAll has the seven properties, typed as documented', proves('dbus.timedate-properties'), async ({ app }) => {
  const types = new Map([...(await timedate(app))].map(([name, { signature }]) => [name, signature]));
  expect(Object.fromEntries(types)).toEqual({
    Timezone: 's',
    LocalRTC: 'b',
    CanNTP: 'b',
    NTP: 'b',
    NTPSynchronized: 'b',
    TimeUSec: 't',
    RTCTimeUSec: 't',
  });
});

test("Timezone and LocalRTC are the host's", proves('dbus.timedate-zone'), async ({ app, device }) => {
  const [properties, host] = [await timedate(app), await readTimeSettings(device)];
  expect({ zone: properties.get('Timezone')?.value, local: properties.get('LocalRTC')?.value }).toEqual({
    zone: host.zone,
    local: host.localRtc,
  });
  expect(host.zone).toMatch(/^(Etc\/)?UTC$/);
});

test("TimeUSec and RTCTimeUSec are the host's clocks", proves('dbus.timedate-clocks'), async ({ app, device }) => {
  const before = await readClocks(device);
  const properties = await timedate(app);
  const after = await readClocks(device);
  const seconds = (name: string) => Number(properties.get(name)?.value) / 1e6;
  expect(seconds('TimeUSec')).toBeGreaterThanOrEqual(before.system);
  expect(seconds('TimeUSec')).toBeLessThanOrEqual(after.system);
  // A board without a hardware clock has 0. The kernel's own reading of one has whole seconds.
  expect(seconds('RTCTimeUSec')).toBeGreaterThanOrEqual(before.hardware);
  expect(seconds('RTCTimeUSec')).toBeLessThanOrEqual(after.hardware);
});

test('CanNTP and NTP tell of the time service', proves('dbus.timedate-service'), async ({ app, device }) => {
  const on = async () => {
    const properties = await timedate(app);
    return { can: properties.get('CanNTP')?.value, on: properties.get('NTP')?.value };
  };
  const { service } = await readTimeSettings(device);
  expect(service, 'the host has a time service and it runs').toBeDefined();
  expect(await on()).toEqual({ can: true, on: true });
  try {
    await device.host.check(`systemctl stop ${service}`);
    expect(await on(), `with ${service} stopped`).toEqual({ can: true, on: false });
  } finally {
    await device.host.check(`systemctl start ${service}`);
  }
});

test('StopUnit stops bluetooth.service', proves('dbus.stop-unit'), async ({ app, device }) => {
  const state = () => activeState(device, 'bluetooth.service');
  expect(await state()).toBe('active');
  try {
    const reply = await app.service('bus').check(systemd('StopUnit string:bluetooth.service string:replace'));
    expect(reply).toContain('object path "/org/freedesktop/systemd1/job/');
    await expect.poll(state, { timeout: 30_000, intervals: [200] }).toBe('inactive');
  } finally {
    await device.host.check('systemctl start bluetooth.service');
  }
});

test('the hostname is not for hostname1 to change', proves('dbus.set-hostname-refused'), async ({ app, device }) => {
  const before = await readHostname(device);
  const fixed = await app.service('bus').run(hostname1('SetStaticHostname string:boardwalk-broke-in boolean:false'));
  expect(fixed.exitCode, 'SetStaticHostname').not.toBe(0);
  expect(fixed.stderr).toMatch(/^Error org\./m);
  await app.service('bus').run(hostname1('SetHostname string:boardwalk-broke-in boolean:false'));
  expect(await readHostname(device)).toEqual(before);
});

test('PATCH host-config changes the hostname', proves('dbus.host-config-sets-hostname'), async ({ device }) => {
  const before = await readHostname(device);
  const configured = (await readDeviceConfig(device)).hostname ?? '';
  const patch = async (hostname: string) => {
    const answer = await device.supervisor.request('PATCH', '/v1/device/host-config', { body: { network: { hostname } } });
    expect(answer).toMatchObject({ status: 200, text: 'OK' });
  };
  // A change that comes while the OS still applies the one before may go unseen, so its unit must have come to rest.
  const applied = async () => ({ ...(await readHostname(device)), unit: await activeState(device, 'config-json.service') });
  const followed = (name: string) =>
    expect.poll(applied, { timeout: 60_000, intervals: [200] }).toEqual({ kernel: name, file: name, unit: 'inactive' });
  try {
    await patch('boardwalk-probe');
    expect((await readDeviceConfig(device)).hostname).toBe('boardwalk-probe');
    await followed('boardwalk-probe');
    const { json } = await device.supervisor.request('GET', '/v1/device/host-config');
    expect(json).toMatchObject({ network: { hostname: 'boardwalk-probe' } });
  } finally {
    await patch(configured);
    await followed(before.file);
  }
});

for (const [word, command, id] of [
  ['reboot', 'reboot', 'dbus.container-reboot-stays-inside'],
  ['halt', 'halt', 'dbus.container-halt-stays-inside'],
  ['shutdown', 'shutdown -h now', 'dbus.container-shutdown-stays-inside'],
] as const) {
  test(`${word} inside a container stays there`, proves(id), async ({ app, device }) => {
    const inside = app.service('plain');
    await inside.check(`command -v ${word}`);
    await device.expectNoReboot(
      async () => {
        // Whatever it does to the container, even ending it under the command's feet, is the container's affair.
        await inside.run(command);
        await allRunning([inside]);
        // An orderly shutdown takes longer to be noticed than to begin.
        expect((await device.host.run('systemctl is-system-running')).stdout.trim()).not.toBe('stopping');
      },
      { watch: 3000 },
    );
  });
}

/** Manager.Reboot from inside a container. The bus and the container go down with the host, so an answer that doesn't come is none; a no is one. */
async function callReboot(service: Service): Promise<void> {
  try {
    const { stderr } = await service.run(systemd('Reboot'));
    if (!/Error org\.freedesktop\.(?!DBus\.Error\.(NoReply|Disconnected))/.test(stderr)) return;
    throw new RebootRefused(`Manager.Reboot was refused: ${stderr.trim()}`, { blame: 'product' });
  } catch (error) {
    if (!(error instanceof ExecLost)) throw error;
  }
}

/** What a reboot asked for over D-Bus did. */
async function rebootOverDbus(device: Device, app: App) {
  const services = Object.values(app.services);
  const before = await containerIds(services);
  const mark = await device.console.mark();
  const boot = await device.reboot(() => callReboot(app.service('bus')));
  await backAfterBoot(device, services);
  const goodbye = new TextDecoder().decode(await device.console.read({ from: mark, to: boot.console.from }));
  return {
    previousId: boot.previousId,
    id: boot.id,
    goodbye: goodbye.split('\n').slice(-40),
    recoveries: await device.host.run("dmesg | grep -E 'recovery complete|recovering journal|orphan cleanup'").then(({ stdout }) => stdout),
    faults: (await device.console.faults({ from: mark })).map(({ line }) => line),
    containers: { before, after: await containerIds(services) },
    // Its services are back by now: a second reboot, asked for by whatever noticed the first, would have come.
    later: { id: await device.bootId(), boots: (await device.console.boots({ from: mark })).length },
  };
}

const overDbus = 'dbus: a reboot from the container';

test('Manager.Reboot gives a new boot_id', proves('dbus.reboot'), async ({ app, device, once }) => {
  const { id, previousId } = await once(overDbus, () => rebootOverDbus(device, app));
  expect(previousId).toMatch(/^[0-9a-f-]{36}$/);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(id).not.toBe(previousId);
});

test('that reboot is an orderly shutdown', proves('dbus.reboot-is-orderly'), async ({ app, device, once }) => {
  const { goodbye, recoveries, faults } = await once(overDbus, () => rebootOverDbus(device, app));
  expect(goodbye.join('\n'), 'the console before the new boot').toMatch(/reboot: Restarting system/);
  expect(recoveries, 'file systems that had to be recovered').toBe('');
  expect(faults).toEqual([]);
});

test('that reboot happens once', proves('dbus.reboot-happens-once'), async ({ app, device, once }) => {
  const { id, later } = await once(overDbus, () => rebootOverDbus(device, app));
  expect(later).toEqual({ id, boots: 1 });
});

test('that reboot brings the services back', proves('dbus.reboot-brings-services-back'), async ({ app, device, once }) => {
  const { containers } = await once(overDbus, () => rebootOverDbus(device, app));
  expect(Object.keys(containers.after)).toEqual(['bus', 'plain']);
  expect(containers.after).toEqual(containers.before);
});

/** Takes the update lock of a service as the documentation has it: a file, made inside the container. */
const lock = (service: Service) => service.check('touch "$BALENA_APP_LOCK_PATH"');
const unlock = (service: Service) => service.check('rm -f "$BALENA_APP_LOCK_PATH"');

/** POST /v1/reboot while a service holds its lock. */
async function rebootWhileLocked(device: Device, app: App) {
  let answer: SupervisorResponse | undefined;
  let rebooted = '';
  await lock(app.service('plain'));
  try {
    await device.expectNoReboot(
      async () => {
        answer = await device.supervisor.request('POST', '/v1/reboot', { body: {} });
      },
      { watch: 3000 },
    );
  } catch (error) {
    if (!(error instanceof UnexpectedReboot)) throw error;
    rebooted = error.message;
    await device.ready();
  }
  await unlock(app.service('plain'));
  return { answer, rebooted };
}

/** The same with force, which is the call that reboots. */
async function rebootByForce(device: Device, app: App) {
  const services = Object.values(app.services);
  const before = await containerIds(services);
  let answer: SupervisorResponse | undefined;
  await lock(app.service('plain'));
  const boot = await device.reboot(async () => {
    answer = await device.supervisor.request('POST', '/v1/reboot', { body: { force: true } });
    if (answer.status < 400) return;
    throw new RebootRefused(`POST /v1/reboot with force answered ${answer.status}: ${answer.text.trim()}`, { blame: 'product' });
  });
  await backAfterBoot(device, services);
  return {
    answer,
    previousId: boot.previousId,
    id: boot.id,
    idLater: await device.bootId(),
    containers: { before, after: await containerIds(services) },
  };
}

const whileLocked = 'dbus: POST /v1/reboot while locked';
const byForce = 'dbus: POST /v1/reboot with force';

test('POST /v1/reboot is 423 while a lock is held', proves('dbus.supervisor-reboot-respects-lock'), async ({ app, device, once }) => {
  const { answer, rebooted } = await once(whileLocked, () => rebootWhileLocked(device, app));
  expect(answer?.status).toBe(423);
  expect(answer?.json).toMatchObject({ Data: '', Error: expect.stringMatching(/lock/i) });
  expect(rebooted).toBe('');
});

test('force overrides the lock', proves('dbus.supervisor-reboot-force'), async ({ app, device, once }) => {
  const locked = await once(whileLocked, () => rebootWhileLocked(device, app));
  const forced = await once(byForce, () => rebootByForce(device, app));
  expect(locked.answer?.status, 'the same call without force').toBe(423);
  expect(forced.id).not.toBe(forced.previousId);
});

test('POST /v1/reboot is 202 and reboots', proves('dbus.supervisor-reboot'), async ({ app, device, once }) => {
  const { answer, previousId, id, idLater, containers } = await once(byForce, () => rebootByForce(device, app));
  expect(answer?.status).toBe(202);
  // The documentation says "", the supervisor says null.
  expect([
    { Data: 'OK', Error: null },
    { Data: 'OK', Error: '' },
  ]).toContainEqual(answer?.json);
  expect(id).not.toBe(previousId);
  expect(idLater).toBe(id);
  expect(containers.after).toEqual(containers.before);
});

/** POST /v1/reboot with a wrong key, on a device where keys count. */
async function rebootWithWrongKey(device: Device) {
  const bootIdBefore = await device.bootId();
  const answer = await whileManaged(device, spec.id, (ask) => ask('POST', '/v1/reboot', { key: wrongKey, body: {} }));
  return { answer, bootIdBefore, bootIdAfter: await device.bootId() };
}

test('a wrong key reboots nothing', proves('dbus.supervisor-reboot-needs-key'), async ({ device }) => {
  const { answer, bootIdBefore, bootIdAfter } = await rebootWithWrongKey(device);
  expect(answer).toEqual({ status: 401, body: 'Unauthorized' });
  expect(bootIdAfter).toBe(bootIdBefore);
});
