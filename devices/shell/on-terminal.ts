import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ConsoleRecorder } from '../console/recorder.ts';
import { ConsoleShell } from './console-shell.ts';
import { PtySource } from './pty-shell.ts';

/** A fifth of the usual patience: what damaged frames cost is waiting. */
export const slowness = 0.2;

export interface OnTerminal {
  console: ConsoleRecorder;
  source: PtySource;
  shell: ConsoleShell;
  directory: string;
  release(): Promise<void>;
}

/** A console shell on a terminal where a getty's double lets in, again and again, whoever names himself, to what the command starts. */
export async function onTerminal(command: string): Promise<OnTerminal> {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-pty-'));
  const console = await ConsoleRecorder.open({ device: 'pty', directory });
  const source = new PtySource(`trap : INT; while :; do echo; printf 'board login: '; read -r name; ${command}; done`);
  await console.attach(source);
  // As getty does it: when a shell ends, the next one may log in. What is typed before it reads may be lost.
  await console.expect('login: ', { from: 0, timeout: 30_000 });
  const shell = new ConsoleShell({ console, slowness });
  const release = async () => {
    await shell.close();
    await console.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { console, source, shell, directory, release };
}

export function withTerminal(command: string, body: (t: ExecutionContext, it: OnTerminal) => Promise<void>) {
  return async (t: ExecutionContext) => {
    const it = await onTerminal(command);
    try {
      await body(t, it);
    } finally {
      await it.release();
    }
  };
}

/** What the framing loop and the tests' commands use. */
const tools =
  'base64 cat chmod cksum cmp dd grep gzip head hexdump kill ls md5sum mkdir mv od printf rm sed seq sleep sort stty tail tee touch tr wc';

export interface ImageTools {
  /** The program that is `sh`. */
  sh: 'dash' | 'bash' | 'busybox';
  without?: readonly string[];
  /** Scripts that take a tool's place. */
  instead?: Readonly<Record<string, string>>;
}

/** As `withTerminal`, in a shell that has the tools of some image, and no more. */
export function withTools({ sh, without = [], instead = {} }: ImageTools, body: (t: ExecutionContext, it: OnTerminal) => Promise<void>) {
  return async (t: ExecutionContext) => {
    const image = await mkdtemp(join(tmpdir(), 'boardwalk-image-'));
    try {
      const bin = join(image, 'bin');
      await mkdir(bin);
      await symlink(pathOf(sh) ?? sh, join(bin, 'sh'));
      const applets = sh === 'busybox' ? execFileSync('busybox', ['--list'], { encoding: 'utf8' }).split('\n') : undefined;
      for (const tool of tools.split(' ').filter((one) => !without.includes(one))) {
        const script = instead[tool];
        const path = applets === undefined ? pathOf(tool) : applets.includes(tool) ? pathOf('busybox') : undefined;
        if (script !== undefined) await writeFile(join(bin, tool), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        else if (path !== undefined) await symlink(path, join(bin, tool));
      }
      await withTerminal(`PATH=${bin} ${bin}/sh -i`, body)(t);
    } finally {
      await rm(image, { recursive: true, force: true });
    }
  };
}

/** Where a program is on this host; undefined where it isn't. */
export function pathOf(program: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v "$1"`, 'sh', program], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
