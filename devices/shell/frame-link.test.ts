import test from 'ava';
import { openFakeConsole, type FakeSource } from '../console/fake.ts';
import { Deadline } from './deadline.ts';
import { ConnectionLost } from './errors.ts';
import { FrameLink } from './frame-link.ts';

async function withLink(body: (link: FrameLink, source: FakeSource, deadline: Deadline) => Promise<void>): Promise<void> {
  const { console, source, release } = await openFakeConsole();
  const link = new FrameLink(console, 1, await console.mark());
  link.ready({ encoding: 'base64', bytesPerLine: 285, tool: 'cksum', unpacks: { base64: true, gzip: true } });
  try {
    using deadline = new Deadline(60_000);
    await body(link, source, deadline);
  } finally {
    link.end();
    await release();
  }
}

const taken: [what: string, said: (request: string) => string][] = [
  ['a getty that echoes it', (request) => `\r\nboard login: \u001B[0m${request}\r\nPassword: `],
  ['dash', (request) => `# dash: 4: ${request.split(' ')[0]}: not found\r\n# `],
  ['BusyBox', (request) => `-sh: ${request.split(' ')[0]}: not found\r\n~ # `],
  ['bash', (request) => `bash: ${request.split(' ')[0]}: command not found\r\n`],
  ['a shell that echoes it', (request) => `root@board:~# ${request}\r\n`],
];

for (const [what, said] of taken) {
  test(`a request that was taken by ${what} means that the loop is gone`, (t) =>
    withLink(async (link, source, deadline) => {
      source.onWrite = (bytes) => source.feed(said(bytes.toString().trimEnd()));
      await link.ask('e 7 3');
      await t.throwsAsync(link.next(50, deadline), { instanceOf: ConnectionLost, message: /took a request for a name|read a request/ });
    }));
}

test('what only looks like a prompt, or like a login, means nothing', (t) =>
  withLink(async (link, source, deadline) => {
    for (const line of ['board login: ; no\r\n', '[ 3.1] writing ####### # ', '-sh: 4711: not found\r\n', 'board login: 123 e 7 3\r\n']) {
      await link.ask('e 7 3');
      source.feed(line);
      t.is(await link.next(50, deadline), undefined, line);
    }
  }));

test('a terminal whose echo a command turned on means nothing', (t) =>
  withLink(async (link, source, deadline) => {
    source.onWrite = (bytes) => source.feed(bytes);
    await link.ask('e 7 3');
    t.is(await link.next(50, deadline), undefined);
  }));

test('a login prompt means it at once', (t) =>
  withLink(async (link, source, deadline) => {
    source.feed('\r\nboard login: ');
    await t.throwsAsync(link.next(30_000, deadline), { instanceOf: ConnectionLost, message: /a login prompt came/ });
  }));
