import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { budgets } from '../budgets.ts';
import { AwaitedTooLong } from '../errors.ts';
import { CommandFailed } from '../shell/errors.ts';
import { SupervisorUnreachable } from '../supervisor/http.ts';
import { dockerEngine } from './docker-engine.ts';
import { EngineUnreachable, NoSuchService, ServiceNeverRan, TargetStateRefused } from './errors.ts';
import { FakeEngineHost } from './fake-engine-host.ts';

async function make() {
  const host = await FakeEngineHost.start();
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-engine-'));
  const tar = join(directory, 'service-image.tar');
  await writeFile(tar, 'a tar');
  const engine = dockerEngine({
    endpoint: async () => host.endpoint,
    supervisor: host.supervisor,
    serviceImage: async () => tar,
    budgets: budgets(1),
  });
  const release = async () => {
    await host.close();
    await rm(directory, { recursive: true });
  };
  return { host, engine, release };
}

const app = { name: 'a', services: { main: { environment: { A: 'b c' } }, side: { running: false } } };

test('speaks the older of two API versions', async (t) => {
  const { host, engine, release } = await make();
  await engine.ready({ timeout: 5_000 });
  await engine.docker.listContainers();
  t.is(host.requests.at(-1)?.split('?')[0], 'GET /v1.41/containers/json');
  host.apiVersion = '1.99';
  await engine.ready({ timeout: 5_000 });
  await engine.docker.listContainers();
  t.is(host.requests.at(-1)?.split('?')[0], 'GET /v1.44/containers/json');
  await release();
});

test('requests that follow each other share a connection, which is not kept for a device that may have gone since', async (t) => {
  const { host, engine, release } = await make();
  await engine.ready({ timeout: 5_000 });
  for (let count = 0; count < 10; count += 1) await engine.docker.listContainers();
  t.is(host.connections, 1);
  await host.lastClosed;
  await engine.docker.listContainers();
  t.is(host.connections, 2);
  await release();
});

test('no engine: an error that says where one would be', async (t) => {
  const { host, engine, release } = await make();
  await host.close();
  const late = await t.throwsAsync(engine.ready({ timeout: 100 }), { instanceOf: AwaitedTooLong });
  t.regex(late.message, /an answer of the container engine for 0\.1 s; seen instead: .*ECONNREFUSED/);
  const gone = await t.throwsAsync(engine.deploy(app), { instanceOf: EngineUnreachable });
  t.regex(gone.advice ?? '', /developmentMode/);
  await release();
});

test('deploys: the image is sent once, the services are as described', async (t) => {
  const { host, engine, release } = await make();
  const deployed = await engine.deploy(app);
  t.deepEqual([...host.images.values()], [5]);
  t.deepEqual(
    host.containers.map(({ State }) => State),
    ['running', 'exited'],
  );
  const first = await deployed.service('main').containerId();
  t.deepEqual(
    [first],
    host.containers.slice(0, 1).map(({ Id }) => Id),
  );
  await engine.deploy(app);
  t.is(await deployed.service('main').containerId(), first);
  t.is(host.requests.filter((line) => line.includes('/images/create')).length, 1);
  t.throws(() => deployed.service('other'), { message: 'app a has no service “other”: main, side' });
  await release();
});

test('waits until the old container has given way', async (t) => {
  const { host, engine, release } = await make();
  await engine.deploy(app);
  host.apply = (containers) => setTimeout(() => (host.containers = containers), 700);
  const deployed = await engine.deploy({ ...app, services: { ...app.services, main: { environment: { A: 'd' } } } });
  t.deepEqual(host.containers[0]?.env, ['A=d']);
  t.deepEqual(
    [await deployed.service('main').containerId()],
    host.containers.slice(0, 1).map(({ Id }) => Id),
  );
  await release();
});

test('a state that the supervisor refuses: its answer and what was posted', async (t) => {
  const { host, engine, release } = await make();
  host.supervisor.request = async () => ({ status: 400, text: 'Expecting NumericIdentifier', json: undefined });
  const error = await t.throwsAsync(engine.deploy(app), { instanceOf: TargetStateRefused });
  t.is(error.message, 'the supervisor refused the target state with 400: Expecting NumericIdentifier');
  t.true(error.evidence[0]?.text.includes('"serviceName": "main"'));
  t.is(error.blame, 'product');
  await release();
});

test('an OS without a supervisor', async (t) => {
  const { host, engine, release } = await make();
  host.supervisor.request = async () => {
    throw new SupervisorUnreachable('nobody there', { blame: 'product' });
  };
  await t.throwsAsync(engine.deploy(app), { instanceOf: SupervisorUnreachable });
  await release();
});

test('a service that never runs: its state, exit code and last words', async (t) => {
  const { host, engine, release } = await make();
  host.apply = (containers) =>
    (host.containers = containers.map((container) => ({ ...container, State: 'exited', log: 'no such file\n' })));
  const error = await t.throwsAsync(engine.deploy(app, { timeout: 600 }), { instanceOf: ServiceNeverRan });
  t.is(error.message, 'awaited app a as described for 0.6 s; seen instead: main is exited');
  t.true(error.evidence.some(({ text }) => text === 'main: exited, exit code 3, restarted 2 times\nno such file\n'));
  await release();
});

test('commands: both streams, exit code, stdin to its end, budget, and a container that was made anew', async (t) => {
  const { host, engine, release } = await make();
  const main = (await engine.deploy(app)).service('main');
  t.like(await main.run('cat; echo err >&2; exit 7', { stdin: 'typed' }), { stdout: 'typed', stderr: 'err\n', exitCode: 7 });
  t.is(await main.check('echo "ä  b"'), 'ä  b');
  const failed = await t.throwsAsync(main.check('echo why >&2; false'), { instanceOf: CommandFailed });
  t.is(failed.result.exitCode, 1);
  const big = await main.run('head -c 3000000 /dev/zero');
  t.is(big.stdout.length, 3_000_000);
  const late = await t.throwsAsync(main.run('echo begun; exec sleep 60', { timeout: 500 }), { instanceOf: AwaitedTooLong });
  t.true(late.evidence[0]?.text.includes('begun'));

  // Re-created: the old id is gone.
  const [container, ...others] = host.containers;
  host.containers = [...(container === undefined ? [] : [{ ...container, Id: 'f'.repeat(64) }]), ...others];
  t.is(await main.check('echo again'), 'again');
  t.is(await main.containerId(), 'f'.repeat(64));
  host.containers = [];
  await t.throwsAsync(main.run('true'), { instanceOf: NoSuchService });
  await release();
});

test('the first process’s environment, whatever its values hold', async (t) => {
  const { engine, release } = await make();
  const main = (await engine.deploy(app)).service('main');
  // The fake's commands see this host's first process.
  const environment = await main.environment();
  t.is(typeof environment, 'object');
  t.false(Object.keys(environment).some((name) => name === '' || name.includes('=')));
  await release();
});

test('clear leaves neither containers nor the apps’ volumes', async (t) => {
  const { host, engine, release } = await make();
  await engine.deploy(app);
  host.volumes = ['1234_data', 'extra-firmware', '77_other'];
  await engine.clear();
  t.deepEqual(host.containers, []);
  t.deepEqual(host.volumes, ['extra-firmware']);
  await release();
});
