import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import test from 'ava';
import { buildReferenceImage } from '../../qemu/reference-os/index.ts';
import { boardwalk, lastSummary, workingDirectory } from './command.ts';
import { setUpDesk } from './desk.ts';

test.serial('a board at the ends of wires: console server, network switch, card multiplexer, address', async (t) => {
  t.timeout(15 * 60_000);
  const { path, remove } = await workingDirectory();
  t.teardown(remove);
  process.env['XDG_STATE_HOME'] = join(path, 'state');
  const { flash } = await buildReferenceImage({ deviceType: 'qemuarm64' });
  const desk = await setUpDesk({ image: flash, directory: join(path, 'desk') });
  t.teardown(() => desk[Symbol.asyncDispose]());
  const { ssh, engine, supervisor } = desk.ports;
  await writeFile(
    join(path, 'bench.yaml'),
    `devices:
  desk:
    type: raspberrypi3-64
    console: { tcp: ${desk.console} }
    power: { shelly: { host: '${desk.shelly}' } }
    medium:
      mux:
        command:
          bench: [sh, -c, 'echo bench >${desk.side}']
          board: [sh, -c, 'echo board >${desk.side}']
          side: [cat, '${desk.side}']
      disk: ${desk.card}
    address: 127.0.0.1
    ports: { ssh: ${ssh}, engine: ${engine}, supervisor: ${supervisor} }
`,
  );

  const { code, stdout, stderr } = await boardwalk(
    path,
    'run',
    'tmp',
    '--image',
    flash,
    '--grep',
    'survives-power-cut|survives-dbus-reboot',
  );
  t.is(code, 0, stdout + stderr);
  const { device, promises } = await lastSummary(path);
  t.deepEqual([device?.id, device?.type], ['desk', 'raspberrypi3-64']);
  t.deepEqual(
    promises.map(({ id, outcome }) => [id, outcome]),
    ['tmp.survives-dbus-reboot', 'tmp.survives-power-cut', 'tmp.data-survives-dbus-reboot', 'tmp.data-survives-power-cut'].map((id) => [
      id,
      'pass',
    ]),
  );
  t.true(desk.powerOns() >= 2, `the power went on ${desk.powerOns()} times`);
  t.false(desk.isOn(), 'a board that nobody looks after is off');

  // The card was written from the image, and a process that ends while it is written leaves one that no board is started from.
  const notes = join(path, 'state/boardwalk/cards', `${encodeURIComponent(desk.card)}.json`);
  t.false(existsSync(notes));
  await mkdir(dirname(notes), { recursive: true });
  await writeFile(notes, JSON.stringify({ device: 'desk', pid: 1, since: new Date().toISOString() }));
  const refused = await boardwalk(path, 'power', 'on', 'desk');
  t.is(refused.code, 3, refused.stdout + refused.stderr);
  t.regex(refused.stderr, /desk can't be powered on: .+ was being written by process 1 of /);
  t.false(desk.isOn());
  await rm(notes);

  // By hand, with what is on its card.
  const on = await boardwalk(path, 'power', 'on', 'desk');
  t.is(on.code, 0, on.stdout + on.stderr);
  t.regex(on.stdout, /^desk is on and answers after \d/);
  const off = await boardwalk(path, 'power', 'off', 'desk');
  t.is(off.code, 0, off.stdout + off.stderr);
  t.false(desk.isOn());
});
