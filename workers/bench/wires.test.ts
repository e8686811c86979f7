import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { writeFile } from 'node:fs/promises';
import test from 'ava';
import { wiringSchema } from '../../devices/index.ts';
import { makeScratch } from '../../qemu/disk/scratch.ts';
import { claimLease } from './lease.ts';
import { inspectWires } from './wires.ts';

const signal = AbortSignal.timeout(60_000);

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // What a test server listens on.
  return (server.address() as AddressInfo).port;
}

/** What is at the ends of a board's wires: a console server, a Shelly of the first generation, a card and who has it, an sshd. */
async function bench(on: boolean) {
  const scratch = await makeScratch();
  const [uart, ssh] = [createTcpServer(), createTcpServer()];
  const shelly = createServer((asked, answer) => {
    answer.end(JSON.stringify(asked.url === '/shelly' ? { type: 'SHPLG-S' } : { ison: on }));
  });
  const side = await scratch.write('side', 'board\n');
  const ports = { uart: await listening(uart), ssh: await listening(ssh), shelly: await listening(shelly) };
  const wiring = wiringSchema.parse({
    console: { tcp: `127.0.0.1:${ports.uart}` },
    power: { shelly: { host: `127.0.0.1:${ports.shelly}` } },
    medium: { mux: { command: { bench: ['true'], board: ['true'], side: ['cat', side] } }, disk: scratch.path('card') },
    address: '127.0.0.1',
    ports: { ssh: ports.ssh },
  });
  const close = async () => {
    shelly.closeAllConnections();
    for (const server of [uart, ssh, shelly]) server.close();
    await scratch[Symbol.asyncDispose]();
  };
  return { wiring, side, uart, ports, close };
}

test('each wire of a board that is whole is told with what is at its end', async (t) => {
  const { wiring, ports, close } = await bench(true);
  t.teardown(close);
  const findings = await inspectWires('wired-1', wiring, signal);
  t.deepEqual(
    findings.map(({ level, what, found }) => [level, what, found]),
    [
      ['ok', 'wired-1 console', `127.0.0.1:${ports.uart} opens`],
      ['ok', 'wired-1 power', `the Shelly at 127.0.0.1:${ports.shelly}, outlet 0 says on`],
      ['ok', 'wired-1 card', 'the card multiplexer of true says that the board has it'],
      ['ok', 'wired-1 network', `127.0.0.1:${ports.ssh} answers`],
    ],
  );
});

test('a wire that leads nowhere is a fault with its mend, and a board that is off isn’t asked over the network', async (t) => {
  const { wiring, side, uart, close } = await bench(false);
  t.teardown(close);
  uart.close();
  await once(uart, 'close');
  await writeFile(side, 'bench\n');
  const findings = await inspectWires('wired-2', wiring, signal);
  t.deepEqual(
    findings.map(({ level, what }) => [level, what]),
    [
      ['fault', 'wired-2 console'],
      ['ok', 'wired-2 power'],
      ['fault', 'wired-2 card'],
    ],
  );
  t.regex(findings[0]?.found ?? '', /ECONNREFUSED/);
  t.truthy(findings[0]?.mend);
  t.regex(findings[2]?.found ?? '', /ENOENT.*card/);
});

test('the wires of a board that somebody holds are left alone', async (t) => {
  const { wiring, close } = await bench(true);
  t.teardown(close);
  const lease = await claimLease('wired-3', 'a test');
  t.teardown(() => lease?.release());
  const findings = await inspectWires('wired-3', wiring, signal);
  t.deepEqual(
    findings.map(({ level, found }) => [level, found]),
    [['warning', `held by process ${process.pid} for a test: its wires are left alone`]],
  );
});
