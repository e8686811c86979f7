import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface SilentTerminals extends AsyncDisposable {
  readonly paths: readonly string[];
}

/** Terminals on whose other side nobody says a word: util-linux's script(1) holds it, and a program that sleeps the terminal itself. */
export async function startSilentTerminals(count: number, signal: AbortSignal): Promise<SilentTerminals> {
  await using taken = new AsyncDisposableStack();
  const paths: string[] = [];
  for (let number = 0; number < count; number += 1) {
    // setpriv: it ends with this process, however that ends.
    const script = spawn('setpriv', ['--pdeathsig', 'KILL', 'script', '-qfc', 'stty raw -echo; tty; exec sleep infinity', '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    taken.defer(() => ended(script));
    const [line] = await once(createInterface({ input: script.stdout }), 'line', { signal });
    paths.push(String(line).trim());
  }
  const held = taken.move();
  return { paths, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function ended(script: ChildProcess): Promise<void> {
  if (script.exitCode !== null || script.signalCode !== null) return;
  const closed = once(script, 'close');
  script.kill('SIGTERM');
  await closed;
}
