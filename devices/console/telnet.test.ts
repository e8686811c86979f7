import test from 'ava';
import { escapeTelnet, negotiate, subnegotiate, telnet, telnetOption, TelnetReader } from './telnet.ts';

function readAll(pieces: readonly Uint8Array[]) {
  const data: number[] = [];
  const said: (string | number)[][] = [];
  const reader = new TelnetReader({
    data: (bytes) => data.push(...bytes),
    negotiation: (verb, option) => said.push(['negotiation', verb, option]),
    subnegotiation: (option, bytes) => said.push(['sub', option, ...bytes]),
  });
  for (const piece of pieces) reader.read(piece);
  return { data, said };
}

const line = Uint8Array.from([1, 255, 255, 255, 2, 13, 0, 254]);
const stream = Uint8Array.from([
  ...escapeTelnet(line.subarray(0, 4)),
  ...negotiate(telnet.do, telnetOption.comPort),
  ...escapeTelnet(line.subarray(4)),
  telnet.iac,
  241, // NOP
  ...subnegotiate(telnetOption.comPort, [101, 0, 255, 240, 255]),
  ...negotiate(telnet.wont, 1),
]);
const told = {
  data: [...line],
  said: [
    ['negotiation', telnet.do, telnetOption.comPort],
    ['sub', telnetOption.comPort, 101, 0, 255, 240, 255],
    ['negotiation', telnet.wont, 1],
  ],
};

test('data, negotiations and subnegotiations come apart, wherever the stream is cut', (t) => {
  for (let first = 0; first <= stream.length; first += 1) {
    for (let second = first; second <= stream.length; second += 1) {
      t.deepEqual(
        readAll([stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)]),
        told,
        `${first} ${second}`,
      );
    }
  }
});

test('bytes without an IAC are handed on as they are', (t) => {
  const plain = Buffer.from('U-Boot 2023.01');
  t.is(escapeTelnet(plain), plain);
  t.deepEqual(readAll([plain]).data, [...plain]);
});

test('a subnegotiation that never ends is not kept for ever', (t) => {
  const endless = [
    Uint8Array.of(telnet.iac, telnet.sb, telnetOption.comPort),
    new Uint8Array(10_000),
    Uint8Array.of(telnet.iac, telnet.se),
  ];
  t.true((readAll(endless).said[0]?.length ?? 0) < 2_000);
});
