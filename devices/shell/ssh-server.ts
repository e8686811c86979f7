import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import ssh2, { type Connection, type ServerChannel, type Session } from 'ssh2';

export interface TestSshServerOptions {
  /** Default: a new one. */
  hostKey?: string;
  /** Sessions at a time on one connection, as sshd's MaxSessions. Default 10. */
  maxSessions?: number;
  /** Default: everybody, as a development image. */
  accepts?: (method: string) => boolean;
  /** Default: a free one. */
  port?: number;
}

export interface TestSshServer {
  readonly port: number;
  readonly hostKey: string;
  /** Commands that were started, in order. */
  readonly started: string[];
  /** Connections that were logged in. */
  readonly logins: number;
  /** Cuts every connection, as a device's crash does. */
  cut(): void;
  close(): Promise<void>;
}

export function newHostKey(): string {
  // Not by ssh2's own generator: about one of its ed25519 keys in a hundred is malformed.
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return privateKey;
}

/** An SSH server of this host's /bin/sh: the real transport, without a device. */
export async function startSshServer(options: TestSshServerOptions = {}): Promise<TestSshServer> {
  const { hostKey = newHostKey(), maxSessions = 10, accepts = () => true } = options;
  const started: string[] = [];
  const connections = new Set<Connection>();
  let logins = 0;

  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    connections.add(client);
    let sessions = 0;
    client.on('close', () => connections.delete(client));
    client.on('error', () => connections.delete(client));
    client.on('authentication', (context) => {
      if (accepts(context.method)) context.accept();
      else context.reject(['publickey']);
    });
    client.on('ready', () => (logins += 1));
    client.on('session', (accept, reject) => {
      if (sessions >= maxSessions) {
        reject();
        return;
      }
      sessions += 1;
      const session: Session = accept();
      session.on('close', () => (sessions -= 1));
      session.on('exec', (acceptExec, _reject, { command }) => {
        started.push(command);
        execute(command, acceptExec());
      });
    });
    client.on('tcpip', (accept, reject, { destPort }) => {
      const target = connect({ port: destPort, host: '127.0.0.1', allowHalfOpen: true });
      target.once('error', () => reject());
      target.once('connect', () => target.pipe(accept()).pipe(target));
    });
    client.on('openssh.streamlocal', (accept, reject, { socketPath }) => {
      const target = connect({ path: socketPath, allowHalfOpen: true });
      target.once('error', () => reject());
      target.once('connect', () => target.pipe(accept()).pipe(target));
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address: unknown = server.address();
  const cut = () => {
    for (const client of connections) client.end();
  };
  return {
    port: portOf(address),
    hostKey,
    started,
    get logins() {
      return logins;
    },
    cut,
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

function portOf(address: unknown): number {
  if (typeof address !== 'object' || address === null || !('port' in address)) throw new TypeError('the server has no port');
  return Number(address.port);
}

function execute(command: string, channel: ServerChannel): void {
  // In a group of its own, so that what it started ends with it.
  const shell = spawn('/bin/sh', ['-c', command], { stdio: 'pipe', detached: true });
  channel.pipe(shell.stdin);
  // A command that doesn't read its stdin ends while we still write it.
  shell.stdin.on('error', () => channel.unpipe(shell.stdin).resume());
  shell.stdout.pipe(channel, { end: false });
  shell.stderr.pipe(channel.stderr, { end: false });
  channel.once('close', () => {
    if (shell.pid !== undefined && shell.exitCode === null && shell.signalCode === null) process.kill(-shell.pid, 'SIGTERM');
  });
  shell.once('close', (code, signal) => {
    if (code === null) channel.exit((signal ?? 'SIGTERM').replace('SIG', ''));
    else channel.exit(code);
    channel.end();
  });
}
