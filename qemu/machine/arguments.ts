import { resolve } from 'node:path';

import { emulation } from '../accelerator/accelerator.ts';
import { pc } from './hardware.ts';
import type { MachineSpec } from './machine.ts';

/** Name of the serial port's character device in QMP. */
export const consoleChardev = 'console';

/** Paths of unix sockets. */
export interface MachineSockets {
  /** Where boardwalk listens, and QEMU connects its monitor. */
  monitor: string;
  /** Where QEMU's stub for debuggers listens, if QEMU emulates. */
  debugger: string;
}

/**
 * QEMU's arguments for a machine. The disk's cache is writeback: a cut loses what the guest hadn't flushed, and no more. A
 * flush goes as far as the host's page cache, which outlives QEMU, and isn't waited for beyond it: what the host loses, it loses with the whole run.
 * A copy of a machine's memory can only be given to a machine with the same arguments.
 */
export function machineArguments(spec: MachineSpec, sockets: MachineSockets): string[] {
  const hardware = spec.hardware ?? pc;
  const { board, cpu, firmware, consolePort } = hardware;
  const cpus = hardware.fixed?.cpus ?? spec.cpus ?? 2;
  return [
    ['-name', `boardwalk-${spec.id}`, '-no-user-config', '-nodefaults', '-display', 'none', '-S'],
    hardware.oneThread ? emulation('single') : spec.accelerator.argv,
    ['-cpu', spec.accelerator.accelerator === 'kvm' ? 'host' : cpu],
    firmware === undefined ? [] : ['-bios', firmware.file],
    spec.bootFiles === undefined ? [] : ['-kernel', spec.bootFiles.start, '-dtb', spec.bootFiles.deviceTree],
    ['-machine', board, '-smp', String(cpus), '-m', String(memoryMiB(spec))],
    memoryInFile(spec),
    ['-rtc', `base=${spec.rtc === undefined ? 'utc' : isoSeconds(spec.rtc)},clock=host`],
    ['-chardev', `socket,id=qmp,path=${escapeCommas(sockets.monitor)}`, '-mon', 'chardev=qmp,mode=control'],
    spec.accelerator.accelerator === 'tcg' ? ['-gdb', `unix:${escapeCommas(sockets.debugger)},server=on,wait=off`] : [],
    ['-chardev', `pty,id=${consoleChardev}`],
    ...Array.from({ length: consolePort }, () => ['-serial', 'null']),
    ['-serial', `chardev:${consoleChardev}`],
    hardware.disk === 'sd' ? card(spec.disk) : ['-blockdev', JSON.stringify(diskNode(spec.disk)), '-device', virtioDisk(spec)],
    ['-netdev', ['user', 'id=network', ...Object.values(spec.forwards).map(hostForward)].join(',')],
    ...hardware.devices.map((device) => ['-device', device]),
    spec.memory === undefined ? [] : ['-incoming', 'defer'],
  ].flat();
}

const memoryMiB = ({ hardware, memoryMiB: wanted = 1024 }: MachineSpec): number => hardware?.fixed?.memoryMiB ?? wanted;

/**
 * Under emulation the processor that asks the disk hands its request on itself. By default it wakes QEMU's main loop for it, and the firmware of a PC, which
 * polls a timer of the board's until the answer is there, keeps that from the lock that both need: on a busy host 1000 requests of a boot loader took 3.4
 * CPU-s, and 2.6 without; on a quiet one both take 2.
 */
const virtioDisk = ({ accelerator: { accelerator } }: MachineSpec): string =>
  `virtio-blk-pci,drive=disk,bootindex=0${accelerator === 'tcg' ? ',ioeventfd=off' : ''}`;

/** Under the name that the board's memory has by itself, for a saved memory is found by it. */
function memoryInFile(spec: MachineSpec): string[] {
  const file = fileOfMemory(spec.memory);
  if (file === undefined) return [];
  const share = spec.memory !== undefined && 'stream' in spec.memory ? 'on' : 'off';
  const { memoryBackend } = spec.hardware ?? pc;
  const backend = `memory-backend-file,id=${memoryBackend},size=${memoryMiB(spec)}M,mem-path=${escapeCommas(resolve(file))},share=${share}`;
  return ['-object', backend, '-machine', `memory-backend=${memoryBackend}`];
}

/** The file that holds the memory itself, if one does. */
function fileOfMemory(memory: MachineSpec['memory']): string | undefined {
  if (memory === undefined) return undefined;
  return 'stream' in memory ? memory.into : memory.bytes;
}

function diskNode(disk: MachineSpec['disk']) {
  return {
    'node-name': 'disk',
    driver: disk.format,
    discard: 'unmap',
    cache: { direct: false, 'no-flush': true },
    file: { driver: 'file', filename: resolve(disk.file), cache: { direct: false, 'no-flush': true } },
  };
}

/**
 * The same disk as a card: QEMU puts it into a board's own slot only if it is told in this older way. A card's guest never asks for a flush, so what it was told
 * is written must be in the file, qcow2's own tables included.
 */
function card({ file, format }: MachineSpec['disk']): string[] {
  const cache = 'cache.writeback=off,cache.direct=off,cache.no-flush=on';
  return ['-drive', `if=sd,id=disk,format=${format},discard=unmap,${cache},file=${escapeCommas(resolve(file))}`];
}

/** Port 0 makes the kernel choose one that is free at that very moment. */
function hostForward(forward: { guest: number; host?: number }): string {
  return `hostfwd=tcp:127.0.0.1:${forward.host ?? 0}-:${forward.guest}`;
}

/** QEMU's option parser takes a doubled comma for one. */
function escapeCommas(value: string): string {
  return value.replaceAll(',', ',,');
}

/** `2026-11-22T15:30:00`, in UTC, as -rtc takes it. */
function isoSeconds(date: Date): string {
  return date.toISOString().slice(0, 19);
}
