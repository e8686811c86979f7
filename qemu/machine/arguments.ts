import { resolve } from 'node:path';

import { pc } from './hardware.ts';
import type { MachineSpec } from './machine.ts';

/** Name of the serial port's character device in QMP. */
export const consoleChardev = 'console';

/**
 * QEMU's arguments for a machine. `romfile=` leaves out the network card's boot ROM. The disk's cache is writeback: a cut loses what the guest hadn't flushed, and no more. A
 * flush goes as far as the host's page cache, which outlives QEMU, and isn't waited for beyond it: what the host loses, it loses with the whole run.
 * A copy of a machine's memory can only be given to a machine with the same arguments.
 */
export function machineArguments(spec: MachineSpec, qmpSocket: string): string[] {
  const { board, cpu, firmware } = spec.hardware ?? pc;
  return [
    ['-name', `boardwalk-${spec.id}`, '-no-user-config', '-nodefaults', '-display', 'none', '-S'],
    [...spec.accelerator.argv, '-cpu', spec.accelerator.accelerator === 'kvm' ? 'host' : cpu],
    firmware === undefined ? [] : ['-bios', firmware.file],
    ['-machine', board, '-smp', String(spec.cpus ?? 2), '-m', String(memoryMiB(spec))],
    memoryInFile(spec),
    ['-rtc', `base=${spec.rtc === undefined ? 'utc' : isoSeconds(spec.rtc)},clock=host`],
    ['-chardev', `socket,id=qmp,path=${escapeCommas(qmpSocket)}`, '-mon', 'chardev=qmp,mode=control'],
    ['-chardev', `pty,id=${consoleChardev}`, '-serial', `chardev:${consoleChardev}`],
    ['-blockdev', JSON.stringify(diskNode(spec.disk)), '-device', 'virtio-blk-pci,drive=disk,bootindex=0'],
    ['-netdev', ['user', 'id=network', ...Object.values(spec.forwards).map(hostForward)].join(',')],
    ['-device', 'virtio-net-pci,netdev=network,romfile='],
    spec.memory === undefined ? [] : ['-incoming', 'defer'],
    ['-device', 'virtio-rng-pci', '-device', 'qemu-xhci,id=xhci'],
  ].flat();
}

const memoryMiB = (spec: MachineSpec): number => spec.memoryMiB ?? 1024;

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
