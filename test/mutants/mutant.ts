import type { PromiseId } from '../../suites/promises.ts';

/** A file of slot A changed on the bench, in a copy of the image, before the device is first powered on. */
export interface OfflineEdit {
  /** Absolute path on the root file system. */
  path: string;
  /** A new file. Its directory is made where it is missing. */
  content?: string;
  /** Or: what becomes of the file's text. A pattern that isn't there is an error: the mutant would change nothing. */
  replace?: readonly [from: RegExp, to: string];
}

/** A device broken on purpose, just where one promise lies. The promise's own test must fail on it. */
export interface Mutant {
  promise: PromiseId;
  /** Unique with the promise. */
  name: string;
  /** One sentence: what is wrong with this device. */
  how: string;
  /**
   * Shell, run as root on the host OS of a sound device before the suite; a non-zero exit is an error of the mutant. What it
   * changes is gone after a reboot, so it must break the promise before one.
   */
  apply?: string;
  /** For what must be broken from the first boot on, or still after a reboot. */
  offline?: readonly OfflineEdit[];
  /**
   * Other promises whose tests may come out differently on this device, for better or worse: what keeps two mutants from sharing a
   * boot (batches.ts). A test that reboots the device ends what `apply` has changed, so the tests after it are touched, too.
   */
  touches?: readonly PromiseId[];
}

const copies = '/run/mutant';

/** Shell that puts an edited copy of a file over it until the next boot. @param edit of `sed -E`; one that changes nothing fails */
export function editFile(path: string, edit: string): string {
  const copy = `${copies}${path}`;
  return [
    `mkdir -p "$(dirname ${copy})"`,
    `sed -E ${quote(edit)} ${path} > ${copy}.edited`,
    `! cmp -s ${path} ${copy}.edited || { echo "the edit of ${path} changes nothing" >&2; exit 1; }`,
    // Edited before, by another mutant: written into, since nothing can be mounted over a file that was replaced.
    `if [ -e ${copy} ]; then cat ${copy}.edited > ${copy}; else mv ${copy}.edited ${copy} && mount --bind ${copy} ${path}; fi`,
  ].join(' && ');
}

/** Ends what changes the supervisor; done once for all mutants of a batch. */
export const restartSupervisor = ' && systemctl restart balena-supervisor.service';

/** The reference supervisor on a device: one file, in which each module's part is under a comment with its name. */
export const supervisorFile = '/usr/lib/balena-supervisor/main.js';

/** Shell that edits a module of the reference supervisor and starts it anew. @param module without its extension @param edit one command of `sed -E` */
export function editSupervisor(module: string, edit: string): string {
  return `${editFile(supervisorFile, `/^\\/\\/ ${module}\\.ts$/,/^\\/\\/ .*\\.ts$/{${edit}}`)}${restartSupervisor}`;
}

/** The same for all boots. */
export function replaceInSupervisor(module: string, from: RegExp, to: string): OfflineEdit {
  const inModule = `(?<=^// ${module}\\.ts$(?:(?!^// .*\\.ts$)[^])*)`;
  return { path: supervisorFile, replace: [new RegExp(`(?:${from.source})${inModule}`, 'm'), to] };
}

/** Shell that puts a writable copy of a directory over it until the next boot. */
export function writableCopy(directory: string): string {
  const copy = `${copies}-writable${directory}`;
  return `mkdir -p ${copy} && cp -a ${directory}/. ${copy}/ && mount --bind ${copy} ${directory}`;
}

/** Shell that adds to a unit until the next boot. */
export function dropIn(unit: string, content: string): string {
  const directory = `/run/systemd/system/${unit}.d`;
  return `mkdir -p ${directory} && printf '%s\\n' ${quote(content)} > ${directory}/mutant.conf && systemctl daemon-reload`;
}

/** Shell that leaves a command running in the background. */
export function background(command: string): string {
  return `systemd-run --quiet --unit=mutant-$$ sh -c ${quote(command)}`;
}

/** A command run before the engine at every boot. */
export function beforeEngine(command: string): OfflineEdit {
  return {
    path: '/usr/lib/systemd/system/balena.service.d/mutant.conf',
    content: `[Service]\nExecStartPre=/bin/sh -c '${command}'\n`,
  };
}

/** A word for a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
