import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A terminal whose other side is a pair of pipes: util-linux's script(1) holds it and ends with this process, a shell that only waits has it open. */
export async function terminal(): Promise<{
  path: string;
  script: ChildProcess;
  say: (text: string) => void;
  heard: () => string;
  end: () => Promise<void>;
}> {
  const script = spawn('setpriv', ['--pdeathsig', 'KILL', 'script', '-qfc', 'stty raw -echo; tty; exec sleep 600', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  let output = '';
  const named = Promise.withResolvers<string>();
  script.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString('latin1');
    const path = /\/dev\/pts\/\d+/.exec(output)?.[0];
    if (path !== undefined && output.includes('\n')) named.resolve(path);
  });
  const end = async () => {
    if (script.exitCode !== null || script.signalCode !== null) return;
    const exited = once(script, 'exit');
    script.kill('SIGKILL');
    await exited;
  };
  return { path: await named.promise, script, say: (text) => void script.stdin.write(text), heard: () => output, end };
}
