import type { Socket } from 'node:net';
import { Client, type ConnectConfig } from 'ssh2';
import { Deadline } from './deadline.ts';
import { HostKeyChanged } from './errors.ts';
import { fingerprint, type HostKeys } from './host-keys.ts';
import { heardFrom, type Knocking } from './knocking.ts';

export interface SshAccount {
  /** Default root. */
  username?: string;
  /** Tried after `none`, which a development image takes. PEM or OpenSSH format. */
  privateKey?: string;
}

/** It ends with the knocking's signal. */
export interface SshAttempt extends Knocking {
  account: SshAccount;
  hostKeys: HostKeys;
  /** How many times slower than hardware the device is. */
  slowness: number;
}

/** A connection that is logged in. */
export interface SshConnection {
  readonly client: Client;
  readonly socket: Socket;
  /** True once nothing can be sent over it any longer, whichever side ended it. */
  readonly ended: boolean;
  /** What ended it, as far as it was told. */
  why: string | undefined;
}

/** What an attempt met that wasn't a shell. */
export interface Sighting {
  seen: string;
  /** Trying again at once makes it worse: OpenSSH ≥ 9.8 penalises addresses that fail to log in. */
  refused: boolean;
}

/** Milliseconds for key exchange and login; under emulation and load they took up to 9 s. */
const handshakeBudget = 30_000;
/** Milliseconds between keepalives; so many unanswered ones end the connection. */
const keepaliveInterval = 2_000;
const keepaliveCount = 3;

/** Tries once to log in. Throws only what trying again can't mend. */
export async function attemptSsh(attempt: SshAttempt): Promise<SshConnection | Sighting> {
  const { endpoint, account, hostKeys, slowness } = attempt;
  const socket = await heardFrom(attempt);
  if ('seen' in socket) return { ...socket, refused: false };

  const client = new Client();
  const connection: SshConnection = {
    client,
    socket,
    why: undefined,
    get ended() {
      return !socket.writable;
    },
  };
  let changed: unknown;
  const verify = async (key: Buffer): Promise<boolean> => {
    const shown = fingerprint(key);
    const pinned = await hostKeys.pinned();
    if (pinned === undefined) await hostKeys.pin(shown);
    else if (pinned !== shown) throw hostKeyChanged(endpoint, pinned, shown);
    return true;
  };
  const config: ConnectConfig = {
    sock: socket,
    username: account.username ?? 'root',
    ...(account.privateKey !== undefined && { privateKey: account.privateKey }),
    authHandler: account.privateKey === undefined ? ['none'] : ['none', 'publickey'],
    hostVerifier: (key: Buffer, answer: (valid: boolean) => void) => {
      verify(key).then(answer, (error: unknown) => {
        changed = error;
        answer(false);
      });
    },
    // aes128-gcm moves 62–78 MB/s in ssh2; chacha20 a third of it. The CTR modes are Dropbear's.
    algorithms: { cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'] },
    keepaliveInterval,
    keepaliveCountMax: Math.ceil(keepaliveCount * slowness),
    // Its own timer says less than ours.
    readyTimeout: 0,
  };

  const progress = { handshake: false };
  const ready = Promise.withResolvers<Sighting | undefined>();
  const fail = (seen: string, refused = false) => ready.resolve({ seen, refused });
  client.on('ready', () => ready.resolve(undefined));
  client.on('handshake', () => (progress.handshake = true));
  client.on('error', (error: Error & { level?: string }) => {
    connection.why ??= error.message;
    const refused = error.level === 'client-authentication';
    fail(refused ? `login as ${config.username} was refused` : `${phase(progress)}: ${error.message}`, refused);
  });
  client.on('close', () => {
    fail(`the connection was closed ${phase(progress)}`);
  });
  client.connect(config);

  using toShell = new Deadline(handshakeBudget);
  toShell.signal.addEventListener('abort', () => fail(`no login within ${handshakeBudget / 1000} s, ended ${phase(progress)}`));
  const sighting = await ready.promise;
  if (sighting === undefined) return connection;
  client.destroy();
  socket.destroy();
  if (changed !== undefined) throw changed;
  return sighting;
}

function phase({ handshake }: { handshake: boolean }): string {
  return handshake ? 'during login' : 'during key exchange';
}

function hostKeyChanged({ host, port }: { host: string; port: number }, pinned: string, shown: string): HostKeyChanged {
  return new HostKeyChanged(`the SSH host key of ${host}:${port} changed without a flash: ${pinned} was pinned, ${shown} is shown`, {
    blame: 'product',
    evidence: [{ kind: 'command', text: `pinned ${pinned}\nshown  ${shown}` }],
    advice: 'Does another device answer at this address? If not, the OS did not keep its host key.',
  });
}
