import type { App, AppSpec, Device } from '../devices/index.ts';
import { backAfterBoot, containerIds, recreate, testWithApp } from './services.ts';
import { expect, proves } from './suite.ts';

const spec = {
  id: 4714,
  name: 'tmp',
  services: {
    // On the host network both: a container on a bridge takes several times as long to start under emulation.
    keeper: { networkMode: 'host', volumes: ['kept:/data'] },
    // The tmpfs variant. It doesn't mount the volume either.
    ram: { networkMode: 'host', tmpfs: ['/tmp', '/var/tmp'] },
  },
  volumes: ['kept'],
} satisfies AppSpec;

const test = testWithApp(spec);

/** Where the services and the host may keep something. The host's own /tmp is beside them, as if it were a service. */
const places = {
  keeper: ['/tmp', '/var/tmp', '/data', '/tmp/balena'],
  ram: ['/tmp', '/var/tmp', '/data'],
  host: ['/tmp'],
} as const;

type Where = Record<keyof typeof places, readonly string[]>;

/** The token found at each place of one of them, or `nothing`. */
type Found = Record<string, string>;

/** Runs a command made for each of the places, in the containers and on the host at once. */
async function everywhere(device: Device, app: App, where: Where, command: (directory: string) => string) {
  const all = (directories: readonly string[]) => ['set -e', ...directories.map(command)].join('\n');
  const [keeper, ram, host] = await Promise.all([
    app.service('keeper').check(all(where.keeper)),
    app.service('ram').check(all(where.ram)),
    device.host.check(all(where.host)),
  ]);
  return { keeper, ram, host };
}

const file = (directory: string) => `${directory}/boardwalk-token`;

/** Writes a token everywhere but at the volume's place in the service that doesn't mount it; fsynced before it returns. */
const write = (device: Device, app: App, token: string) =>
  everywhere(
    device,
    app,
    { ...places, ram: ['/tmp', '/var/tmp'] },
    (directory) => `printf %s ${token} | dd of=${file(directory)} conv=fsync 2>/dev/null`,
  );

const found = (lines: string): Found => Object.fromEntries(lines.split('\n').map((line) => [line.split(' ')[0], line.split(' ')[1]]));

async function look(device: Device, app: App): Promise<Record<keyof typeof places, Found>> {
  const texts = await everywhere(
    device,
    app,
    places,
    (directory) => `echo "${directory} $(cat ${file(directory)} 2>/dev/null || echo nothing)"`,
  );
  return { keeper: found(texts.keeper), ram: found(texts.ram), host: found(texts.host) };
}

/** Writes a new token, has something happen, waits until the services run, and looks for the token. */
async function across(device: Device, app: App, event: () => Promise<unknown>) {
  const services = Object.values(app.services);
  const token = crypto.randomUUID();
  await write(device, app, token);
  const written = await look(device, app);
  const before = await containerIds(services);
  await event();
  await backAfterBoot(device, services);
  return { token, written, found: await look(device, app), containers: { before, after: await containerIds(services) } };
}

// What may happen to a container. Each happens once a run, to all services at once, and is looked at by several tests.
const events = {
  'a restart by the engine': (device: Device, app: App) => async () => {
    const ids = Object.values(await containerIds(Object.values(app.services)));
    // How long the first process is given to end decides nothing here.
    await Promise.all(ids.map(async (id) => device.engine.docker.getContainer(id).restart({ t: 1 })));
  },
  'a reboot over D-Bus': (device: Device) => () => device.reboot('dbus'),
  'a power cut': (device: Device) => () => device.reboot('power-cycle'),
  'a re-creation by the supervisor': (device: Device, app: App) => async () => {
    for (const service of Object.values(app.services)) await recreate(device, app, service);
  },
} as const;

type EventName = keyof typeof events;

interface Fixtures {
  app: App;
  device: Device;
  once: <Facts>(key: string, step: () => Promise<Facts>) => Promise<Facts>;
}

const after = (event: EventName, { app, device, once }: Fixtures) =>
  once(`tmp: ${event}`, () => across(device, app, events[event](device, app)));

const there = (token: string, ...directories: string[]): Found => Object.fromEntries(directories.map((directory) => [directory, token]));
const gone = (...directories: string[]): Found => there('nothing', ...directories);

test('a volume is not seen by a service that does not mount it', proves('tmp.data-is-private'), async ({ app, device, once }) => {
  const { token, written } = await after('a restart by the engine', { app, device, once });
  expect(written.keeper).toMatchObject(there(token, '/data'));
  expect(written.ram).toMatchObject(gone('/data'));
});

for (const [event, id] of [
  ['a restart by the engine', 'tmp.survives-engine-restart'],
  ['a reboot over D-Bus', 'tmp.survives-dbus-reboot'],
  ['a power cut', 'tmp.survives-power-cut'],
] as const) {
  test(`a container keeps /tmp and /var/tmp over ${event}`, proves(id), async ({ app, device, once }) => {
    const { token, found, containers } = await after(event, { app, device, once });
    expect(containers.after, 'the same containers').toEqual(containers.before);
    expect(found.keeper).toMatchObject(there(token, '/tmp', '/var/tmp'));
  });
}

for (const [event, id] of [
  ['a restart by the engine', 'tmp.data-survives-engine-restart'],
  ['a reboot over D-Bus', 'tmp.data-survives-dbus-reboot'],
  ['a power cut', 'tmp.data-survives-power-cut'],
  ['a re-creation by the supervisor', 'tmp.data-survives-recreation'],
] as const) {
  test(`a volume survives ${event}`, proves(id), async ({ app, device, once }) => {
    const { token, found } = await after(event, { app, device, once });
    expect(found.keeper).toMatchObject(there(token, '/data'));
  });
}

for (const [events, id] of [
  [['a restart by the engine'], 'tmp.tmpfs-vanishes-at-engine-restart'],
  [['a reboot over D-Bus', 'a power cut'], 'tmp.tmpfs-vanishes-at-reboot'],
  [['a re-creation by the supervisor'], 'tmp.tmpfs-vanishes-at-recreation'],
] as const) {
  test(`a tmpfs is empty after ${events.join(' and ')}`, proves(id), async ({ app, device, once }) => {
    for (const event of events) {
      const { token, written, found } = await after(event, { app, device, once });
      expect(written.ram, `before ${event}`).toMatchObject(there(token, '/tmp', '/var/tmp'));
      expect(found.ram, `after ${event}`).toMatchObject(gone('/tmp', '/var/tmp'));
    }
  });
}

test("the host's /tmp is empty after a boot", proves('tmp.host-tmp-vanishes-at-reboot'), async ({ app, device, once }) => {
  for (const event of ['a reboot over D-Bus', 'a power cut'] as const) {
    const { token, written, found } = await after(event, { app, device, once });
    expect(written.host, `before ${event}`).toEqual(there(token, '/tmp'));
    expect(found.host, `after ${event}`).toEqual(gone('/tmp'));
  }
});

test(
  'a container finds /tmp/balena empty after a boot',
  proves('tmp.balena-directory-vanishes-at-reboot'),
  async ({ app, device, once }) => {
    for (const event of ['a reboot over D-Bus', 'a power cut'] as const) {
      const { token, written, found } = await after(event, { app, device, once });
      expect(written.keeper, `before ${event}`).toMatchObject(there(token, '/tmp/balena'));
      expect(found.keeper, `after ${event}`).toMatchObject(gone('/tmp/balena'));
    }
  },
);

test('a re-created service has a new /tmp and /var/tmp', proves('tmp.gone-after-recreation'), async ({ app, device, once }) => {
  const { token, written, found, containers } = await after('a re-creation by the supervisor', { app, device, once });
  expect(containers.after['keeper'], 'another container').not.toBe(containers.before['keeper']);
  expect(written.keeper).toMatchObject(there(token, '/tmp', '/var/tmp'));
  expect(found.keeper).toMatchObject(gone('/tmp', '/var/tmp'));
});
