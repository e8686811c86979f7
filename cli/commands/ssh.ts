import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { createDevice } from '../../devices/index.ts';
import { attachDevice, CommandError, readBenchConfig } from '../../workers/index.ts';

export const sshCommand = new Command('ssh')
  .description('a root shell on the host OS of a device in use, or one command there')
  .argument('[device]', 'which one, where several are in use')
  .argument('[command...]', 'a command to run instead of a shell; its exit code is ours')
  .passThroughOptions()
  .action(async (name: string | undefined, command: string[]) => {
    const { parts } = await attachDevice(await readBenchConfig(process.cwd()), name);
    try {
      if (command.length > 0) {
        const device = createDevice(parts);
        const result = await device.host.run(command.join(' '));
        process.stdout.write(result.stdout);
        process.stderr.write(result.stderr);
        process.exitCode = result.exitCode;
        await device.close();
      } else {
        const { host, port } = (await parts.endpoints()).ssh;
        process.exitCode = await openSsh(host, port);
      }
    } finally {
      await parts.close();
    }
  });

/** OpenSSH's own client: a terminal is its trade. A device's key belongs to its flashed image, so it isn't kept among the user's known hosts. */
function openSsh(host: string, port: number): Promise<number> {
  const args = [
    '-p',
    String(port),
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'LogLevel=ERROR',
    `root@${host}`,
  ];
  return new Promise((resolve, reject) => {
    const client = spawn('ssh', args, { stdio: 'inherit' });
    client.once('error', (cause) => {
      reject(
        new CommandError(`ssh can't be started: ${cause.message}`, {
          exitCode: 2,
          advice: 'Install it:  apt-get install openssh-client',
          cause,
        }),
      );
    });
    client.once('exit', (code) => resolve(code ?? 255));
  });
}
