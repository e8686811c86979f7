import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { HostKeysInMemory } from '../../../devices/shell/host-keys.ts';
import { SshShell } from '../../../devices/shell/ssh.ts';
import { programAt, Programs, type Missing } from '../programs.ts';
import { beside, percentile, type Row, type Section } from '../row.ts';

const laps = 50;
const uploadedBytes = 100_000_000;
/** Of uploads the best is taken: the disk's and the page cache's moods are not the shell's. */
const uploads = 3;

const peerAnswer = z.object({ milliseconds: z.array(z.number()).min(1) });

interface Server {
  port: number;
  user: string;
  /** File of the private key that lets in. */
  key: string;
}

/** The rows of this section, without figures. */
const unmeasured = [
  { id: 'ssh.p50', unit: 'ms' },
  { id: 'ssh.p50.openssh', unit: 'ms' },
  { id: 'ssh.upload', unit: 's' },
] as const;

async function* rows(context: Parameters<Section['rows']>[0]): AsyncGenerator<Row> {
  await using programs = await Programs.open(context);
  const server = await startServer(programs);
  if ('missing' in server) {
    for (const row of unmeasured) yield { ...row, note: server.missing };
    return;
  }
  const { port, user, key } = server;
  const shell = new SshShell({
    endpoint: async () => ({ host: '127.0.0.1', port }),
    hostKeys: new HostKeysInMemory(),
    username: user,
    privateKey: await readFile(key, 'utf8'),
  });
  try {
    // Connected, and the code warm: who tests runs many.
    for (let lap = 0; lap < 10; lap += 1) await shell.run('true');
    const milliseconds: number[] = [];
    for (let lap = 0; lap < laps; lap += 1) milliseconds.push((await shell.run('true')).milliseconds);
    const ours = percentile(milliseconds, 0.5);

    const labgrid = await programs.peer('labgrid-ssh.py', ['127.0.0.1', String(port), user, key, String(laps)], peerAnswer);
    yield figure({ id: 'ssh.p50', unit: 'ms', ours, note: "run('true'); peer: labgrid’s SSHDriver" }, labgrid, 0.5, 0.7);

    const openssh = await openSshLaps(programs, server);
    yield figure(
      { id: 'ssh.p50.openssh', unit: 'ms', ours, note: "run('true'); peer: OpenSSH’s client with ControlMaster" },
      openssh,
      0.5,
      1,
    );

    yield await upload(programs, shell, server);
  } finally {
    await shell.close();
  }
}

/** A row of ours beside a peer's milliseconds, with the share of the peer's that is allowed. */
function figure(row: Row & { ours: number; note: string }, peer: z.infer<typeof peerAnswer> | Missing, share: number, times: number): Row {
  if ('missing' in peer) return { ...row, note: `${row.note}: ${peer.missing}` };
  return beside({ ...row, peer: percentile(peer.milliseconds, share), times });
}

/** What OpenSSH's own programs are told: whom to be, and to look at no file of this user's. */
function options({ user, key }: Server, directory: string): string[] {
  const pairs = {
    User: user,
    IdentityFile: key,
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: join(directory, 'known_hosts'),
    LogLevel: 'ERROR',
  };
  return ['-F', 'none', ...Object.entries(pairs).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

async function openSshLaps(programs: Programs, server: Server): Promise<z.infer<typeof peerAnswer> | Missing> {
  const control = join(programs.directory, 'master');
  const common = [...options(server, programs.directory), '-o', `ControlPath=${control}`, '-p', String(server.port)];
  await programs.start('ssh', [...common, '-M', '-N', '127.0.0.1']);
  await programs.until('OpenSSH’s master connection', async () =>
    stat(control).then(
      () => true,
      () => false,
    ),
  );
  return programs.peer('timed.py', [String(laps), 'ssh', ...common, '127.0.0.1', 'true'], peerAnswer);
}

async function upload(programs: Programs, shell: SshShell, server: Server): Promise<Row> {
  const local = join(programs.directory, 'upload');
  // Random: no layer shrinks it on the way.
  await promisify(execFile)('sh', ['-c', `head -c ${uploadedBytes} /dev/urandom >"$1"`, 'sh', local]);
  const remote = join(programs.directory, 'uploaded');
  const seconds: number[] = [];
  const cpuSeconds: number[] = [];
  for (let time = 0; time < uploads; time += 1) {
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    await shell.upload(local, remote);
    seconds.push((performance.now() - startedAt) / 1000);
    const { user, system } = process.cpuUsage(cpu);
    cpuSeconds.push((user + system) / 1e6);
    const { size } = await stat(remote);
    if (size !== uploadedBytes) throw new RangeError(`${size} bytes were uploaded, not ${uploadedBytes}`);
  }
  const best = Math.min(...seconds);
  const row: Row & { ours: number } = {
    id: 'ssh.upload',
    unit: 's',
    ours: best,
    cpu_s: cpuSeconds[seconds.indexOf(best)] ?? 0,
    note: `100 MB, the best of ${uploads}; peer: scp, its connection included`,
  };
  const scp = ['scp', '-q', ...options(server, programs.directory), '-P', String(server.port), local, `127.0.0.1:${remote}`];
  const peer = await programs.peer('timed.py', [String(uploads), ...scp], peerAnswer);
  if ('missing' in peer) return { ...row, note: `${row.note}: ${peer.missing}` };
  return beside({ ...row, peer: Math.min(...peer.milliseconds) / 1000, times: 1 });
}

/** Debian's sshd on loopback, with a key and a configuration of its own; it ends with the section. */
async function startServer(programs: Programs): Promise<Server | Missing> {
  const sshd = await programAt(['/usr/sbin/sshd']);
  if (sshd === undefined) return { missing: 'sshd is not installed: apt-get install openssh-server' };
  for (const tool of ['ssh', 'scp', 'ssh-keygen']) {
    if ((await programAt([tool])) === undefined) return { missing: `${tool} is not installed: apt-get install openssh-client` };
  }
  const { directory } = programs;
  const key = join(directory, 'key');
  const hostKey = join(directory, 'host-key');
  for (const file of [key, hostKey]) await programs.finish('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  // sshd started by root demands this directory of its packaging, which only the service makes.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  const config = join(directory, 'sshd_config');
  const lines = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${key}.pub`,
    'PermitRootLogin yes',
    // The directory of a benchmark may lie under one that others may write.
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PidFile none',
    // What scp speaks since OpenSSH 9.0.
    'Subsystem sftp internal-sftp',
    // Debian's bash reads ~/.bashrc whenever sshd starts it, and a person's may take seconds; a board's root has none.
    `SetEnv HOME=${directory}`,
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  await programs.start(sshd, ['-D', '-e', '-f', config]);
  return { port, user: userInfo().username, key };
}

/** sshd chooses no port by itself. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError(`a TCP server listens on ${JSON.stringify(address)}`);
  return address.port;
}

const section: Section = {
  name: 'ssh',
  about: 'a shell over SSH, beside labgrid’s and OpenSSH’s',
  rows,
};
export default section;
