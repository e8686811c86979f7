import { chmod, copyFile, lstat, lutimes, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { runCommand, sourceDateEpoch } from '../debian/index.ts';
import { links, maskedUnits, mountPoints, removedPaths, removedUdevRules } from './contents.ts';
import { fillIn, type Blanks } from './fill-in.ts';
import { installSupervisor } from './supervisor-files.ts';

const tarBudget = 300_000;
const chrootBudget = 60_000;

/** Unpacks a Debian root file system into a directory, owners and all. */
export async function unpackTar(
  tar: string,
  directory: string,
  members: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  await runCommand('tar', ['-C', directory, '--numeric-owner', '-xpf', tar, '--exclude=./dev/*', ...members], {
    signal,
    budget: tarBudget,
  });
}

/** Takes out what a device doesn't need. */
export async function slimTree(tree: string, triplet: string): Promise<void> {
  for (const path of removedPaths(triplet)) {
    if (path.endsWith('/*')) {
      const directory = join(tree, path.slice(0, -2));
      for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true });
    } else await rm(join(tree, path), { recursive: true, force: true });
  }
  const rules = join(tree, 'usr/lib/udev/rules.d');
  for (const name of (await readdir(rules)).filter((name) => removedUdevRules.test(name))) await rm(join(rules, name));
  // A program for each network card, each end of a container's included, to apply settings of single cards, of which there are none here.
  const systemdRules = join(rules, '99-systemd.rules');
  await writeFile(systemdRules, (await readFile(systemdRules, 'utf8')).replace(/^.*RUN\+="\/lib\/systemd\/systemd-sysctl .*\n/mu, ''));
  // The units that Debian's own packages start: this OS says below which it wants.
  const units = join(tree, 'usr/lib/systemd/system');
  for (const wants of ['multi-user.target.wants', 'graphical.target.wants', 'rescue.target.wants'])
    await rm(join(units, wants), { recursive: true, force: true });
}

export interface OverlayOptions {
  tree: string;
  /** Directories that mirror the target's paths. */
  files: readonly string[];
  /** What their files leave open. */
  blanks: Blanks;
  /** The supervisor's TypeScript sources. */
  supervisor: string;
  /** Device of the serial console. */
  console: string;
  signal: AbortSignal | undefined;
}

/** Puts the OS's own files, links and units into the tree, whose own programs must be of this host's architecture. */
export async function overlayTree(options: OverlayOptions): Promise<void> {
  const { tree, blanks, signal } = options;
  for (const path of mountPoints) await mkdir(join(tree, path), { recursive: true });
  const unitNames = [];
  for (const files of options.files) {
    for (const entry of await readdir(files, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue;
      const path = relative(files, join(entry.parentPath, entry.name));
      await installFile(join(files, path), join(tree, path), blanks);
      if (/^usr\/lib\/systemd\/system\/[^/]+$/u.test(path)) unitNames.push(entry.name);
    }
  }
  unitNames.push(await installSupervisor(options.supervisor, tree));

  await rm(join(tree, 'etc/systemd/system'), { recursive: true, force: true });
  await mkdir(join(tree, 'etc/systemd/system'), { recursive: true });
  for (const [path, target] of Object.entries(links)) {
    await rm(join(tree, path), { force: true, recursive: true });
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await symlink(target, join(tree, path));
  }
  await writeFile(join(tree, 'etc/machine-id'), '');
  await writeFile(join(tree, 'etc/hostname'), 'balena\n');
  const installable = [];
  for (const name of unitNames.sort()) {
    const installed = /^\[Install\]$/mu.test(await readFile(join(tree, 'usr/lib/systemd/system', name), 'utf8'));
    // The only unit that is enabled by an instance is the console's login.
    if (installed) installable.push(name.replace('@.', `@${options.console}.`));
  }
  await runCommand('chroot', [tree, 'systemctl', 'enable', '--quiet', ...installable], { signal, budget: chrootBudget });
  await runCommand('chroot', [tree, 'systemctl', 'mask', '--quiet', ...maskedUnits], { signal, budget: chrootBudget });
  // Passwordless root on the console; SSH asks the development mode first.
  const shadow = join(tree, 'etc/shadow');
  await writeFile(shadow, (await readFile(shadow, 'utf8')).replace(/^root:[^:]*:/mu, 'root::'));
  // sshd starts root's shell for each command: this one takes a fraction of what bash takes of an emulated CPU.
  const passwd = join(tree, 'etc/passwd');
  await writeFile(passwd, (await readFile(passwd, 'utf8')).replace(/^(root:.*:)[^:]*$/mu, '$1/bin/sh'));
}

/** Programs and scripts are executable, all else isn't: what a file is decides, not what a checkout or a package made of its mode. */
async function installFile(source: string, target: string, blanks: Blanks): Promise<void> {
  const text = fillIn(await readFile(source, 'utf8'), blanks);
  await mkdir(dirname(target), { recursive: true });
  await rm(target, { force: true });
  await writeFile(target, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
}

/** Puts this process's Node into the tree, which it must be able to run in. */
export async function installNode(tree: string, signal: AbortSignal | undefined): Promise<void> {
  const target = join(tree, 'usr/bin/node');
  await copyFile(process.execPath, target);
  await chmod(target, 0o755);
  await runCommand('strip', ['--strip-all', target], { signal, budget: chrootBudget });
  await runCommand('chroot', [tree, '/usr/bin/node', '--version'], {
    signal,
    budget: chrootBudget,
    advice: 'Run boardwalk with the Node from nodejs.org that its set-up installs: it needs no other library than the C++ one.',
  });
}

/** The tree under another version number: what an update must differ in at least. */
export async function restampTree(tree: string, files: string, blanks: Blanks): Promise<void> {
  for (const path of ['etc/os-release', 'etc/issue']) await installFile(join(files, path), join(tree, path), blanks);
}

/** One time for everything, and root where the build's own umask or user would show. */
export async function settleTimes(tree: string): Promise<void> {
  for (const entry of await readdir(tree, { withFileTypes: true, recursive: true })) {
    await lutimes(join(entry.parentPath, entry.name), sourceDateEpoch, sourceDateEpoch);
  }
  await lutimes(tree, sourceDateEpoch, sourceDateEpoch);
}

/** Bytes that a tree's content takes in 4 KiB blocks, and how many inodes. */
export async function measureTree(tree: string): Promise<{ bytes: number; inodes: number }> {
  let bytes = 0;
  const entries = await readdir(tree, { withFileTypes: true, recursive: true });
  for (const entry of entries) bytes += Math.ceil((await lstat(join(entry.parentPath, entry.name))).size / 4096) * 4096;
  return { bytes, inodes: entries.length };
}
