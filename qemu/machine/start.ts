import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { budgets } from '../budgets.ts';
import { QemuError, QemuMissing } from '../errors.ts';
import { findProgram } from '../program.ts';
import type { QmpClient } from '../qmp/client.ts';
import { humanMonitor, queryChardev } from '../qmp/commands.ts';
import { openQmp } from '../qmp/connection.ts';
import { QmpClosed } from '../qmp/errors.ts';
import { within } from '../within.ts';
import { consoleChardev, machineArguments } from './arguments.ts';
import { MachineStartFailed, PortTaken } from './errors.ts';
import { forwardedPorts } from './forwarded-ports.ts';
import { pc } from './hardware.ts';
import type { Forward, Machine, MachineSpec } from './machine.ts';
import { restoreMemory } from './memory.ts';
import { QemuOutput } from './output.ts';
import { spawnQemu, type QemuProcess } from './qemu-process.ts';
import { TranslatedCode } from './translated-code.ts';
import { describeExit, VirtualMachine } from './virtual-machine.ts';

/**
 * Starts a machine, paused before its first instruction (or where its saved guest was): open its console, then run() it. Throws QemuMissing, PortTaken, or
 * MachineStartFailed with the end of QEMU's output; nothing of it is left then.
 */
export async function startMachine<Name extends string>(
  spec: MachineSpec<Name>,
  options: { signal?: AbortSignal } = {},
): Promise<Machine<Name>> {
  if (!/^[A-Za-z0-9.-]{1,12}$/.test(spec.id)) throw new TypeError(`a machine can't be named ${JSON.stringify(spec.id)}`);
  options.signal?.throwIfAborted();
  const { emulator, firmware, usbBus } = spec.hardware ?? pc;
  const binary = findProgram(emulator);
  if (firmware !== undefined && !existsSync(firmware.file)) throw new QemuMissing(firmware.file, firmware.debianPackage);
  const socketOf = (kind: string) => join(spec.custody.directory, `${spec.id}.${kind}`);
  const sockets = { monitor: socketOf('qmp'), debugger: socketOf('gdb') };
  // QEMU connects to us: its first sign of life is a connection, and there is nothing to poll for.
  const server = createServer();
  using _server = { [Symbol.dispose]: () => server.close() };
  const listening = once(server, 'listening');
  server.listen(sockets.monitor);
  await listening;
  const output = new QemuOutput(spec.log);
  const process = spawnQemu(spec.custody, binary, machineArguments(spec, sockets), output.path);
  try {
    const qmp = await reach(process, server, options.signal);
    const console = await consolePath(qmp);
    if (spec.memory !== undefined) await restoreMemory(qmp, spec.memory, options.signal);
    const ports = forwardedPorts(spec.forwards, await qmp.execute(humanMonitor('info usernet')));
    const streamed = spec.memory !== undefined && 'stream' in spec.memory && spec.memory.into !== undefined ? 'devices' : 'everything';
    const translatedCode =
      spec.accelerator.accelerator === 'tcg' ? new TranslatedCode(sockets.debugger, qmp, (sentence) => output.add(sentence)) : undefined;
    return new VirtualMachine({
      id: spec.id,
      process,
      qmp,
      console,
      ports,
      output,
      custody: spec.custody,
      usbBus,
      streamed,
      translatedCode,
    });
  } catch (error) {
    const failure = error instanceof QmpClosed ? await endOf(process, error) : error;
    process.kill();
    await process.ended;
    spec.custody.disown(process.pid);
    throw explain(spec, output, failure);
  }
}

/** The monitor, unless QEMU ends before it connects to it. */
async function reach(process: QemuProcess, server: Server, signal: AbortSignal | undefined): Promise<QmpClient> {
  const { promise: connected, resolve } = Promise.withResolvers<Socket>();
  server.once('connection', resolve);
  const ended = process.ended.then(() => undefined);
  const socket = await within(Promise.race([connected, ended]), {
    awaited: "QEMU's connection to its monitor socket",
    milliseconds: budgets.qmpGreeting,
    seen: () => `a process (pid ${process.pid}) that hasn't connected`,
    advice: 'The host may be overloaded, or the binary may not be QEMU.',
    signal,
  });
  if (socket === undefined) throw new QmpClosed("QEMU ended before it connected to its monitor's socket", { advice: ownWords });
  return openQmp(socket, signal === undefined ? {} : { signal });
}

/** A monitor that closes at start means a QEMU that ends: how it does is the better news. */
async function endOf(process: QemuProcess, closed: QmpClosed): Promise<QemuError> {
  try {
    const exit = await within(process.ended, {
      awaited: 'the end of a QEMU that closed its monitor',
      milliseconds: budgets.kill,
      seen: () => `process ${process.pid} still there`,
      advice: ownWords,
    });
    return new QemuError(`QEMU ended at start (${describeExit(exit)})`, { advice: ownWords, cause: closed });
  } catch (cause) {
    return new QemuError('QEMU closed its monitor at start and went on', { advice: ownWords, cause });
  }
}

const ownWords = "QEMU's own words say why.";

async function consolePath(qmp: QmpClient): Promise<string> {
  const chardevs = await qmp.execute(queryChardev());
  const path = chardevs.find((chardev) => chardev.label === consoleChardev)?.filename;
  if (path === undefined || !path.startsWith('pty:')) {
    throw new QemuError(`QEMU has no PTY for the console: ${JSON.stringify(chardevs)}`, {
      advice: 'Look at the limit of PTYs: sysctl kernel.pty.max.',
    });
  }
  return path.slice('pty:'.length);
}

/** One sentence for what kept a machine from starting, QEMU's own words included. */
function explain(spec: MachineSpec, output: QemuOutput, error: unknown): unknown {
  if (!(error instanceof QemuError)) return error;
  const words = output.tail();
  const takenPort = Number(/Could not set up host forwarding rule 'tcp:[^:]*:(\d+)-/.exec(words)?.[1]);
  const taken = Object.entries<Forward>(spec.forwards).find(([, forward]) => forward.host === takenPort);
  if (taken !== undefined) return new PortTaken(taken[0], takenPort, error);
  const lastLine = output.lastWords();
  return new MachineStartFailed(`${spec.id} did not start: ${error.message}${lastLine === '' ? '' : `: ${lastLine}`}`, {
    advice: error.advice,
    evidence: words === '' ? [] : [words],
    cause: error,
  });
}
