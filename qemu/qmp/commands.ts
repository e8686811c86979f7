import { z } from 'zod';

import type { QmpRequest } from './client.ts';

const nothing = z.object({});
type Nothing = z.infer<typeof nothing>;

/** Leaves capabilities negotiation, which QEMU demands before any other command. */
export const negotiate = (): QmpRequest<Nothing> => ({ command: 'qmp_capabilities', reply: nothing });

export const queryStatus = () => ({
  command: 'query-status',
  reply: z.object({ status: z.string(), running: z.boolean() }),
});

export const queryChardev = () => ({
  command: 'query-chardev',
  reply: z.array(z.object({ label: z.string(), filename: z.string() })),
});

export const resume = (): QmpRequest<Nothing> => ({ command: 'cont', reply: nothing });
export const pause = (): QmpRequest<Nothing> => ({ command: 'stop', reply: nothing });
export const pressPowerButton = (): QmpRequest<Nothing> => ({ command: 'system_powerdown', reply: nothing });

/** Makes a migration tell its state by events, and takes its brake off. `x-ignore-shared` leaves out what is in a file that is shared. */
export const migrationSettings = (bytesPerSecond: number, streamed: 'everything' | 'devices'): QmpRequest<Nothing>[] => [
  {
    command: 'migrate-set-capabilities',
    arguments: {
      capabilities: [
        { capability: 'events', state: true },
        { capability: 'x-ignore-shared', state: streamed === 'devices' },
      ],
    },
    reply: nothing,
  },
  { command: 'migrate-set-parameters', arguments: { 'max-bandwidth': bytesPerSecond }, reply: nothing },
];

export const migrate = (uri: string): QmpRequest<Nothing> => ({ command: 'migrate', arguments: { uri }, reply: nothing });
export const migrateIncoming = (uri: string): QmpRequest<Nothing> => ({ command: 'migrate-incoming', arguments: { uri }, reply: nothing });

export const queryMigration = () => ({
  command: 'query-migrate',
  reply: z.object({ status: z.string().optional(), 'error-desc': z.string().optional() }),
});

/** The human monitor, for what QMP has no command for: the host ports of a user network. */
export const humanMonitor = (line: string): QmpRequest<string> => ({
  command: 'human-monitor-command',
  arguments: { 'command-line': line },
  reply: z.string(),
});

export const addBlockNode = (node: { 'node-name': string; driver: string; [option: string]: unknown }): QmpRequest<Nothing> => ({
  command: 'blockdev-add',
  arguments: node,
  reply: nothing,
});

export const removeBlockNode = (nodeName: string): QmpRequest<Nothing> => ({
  command: 'blockdev-del',
  arguments: { 'node-name': nodeName },
  reply: nothing,
});

export const plugDevice = (device: { driver: string; id: string; [property: string]: unknown }): QmpRequest<Nothing> => ({
  command: 'device_add',
  arguments: device,
  reply: nothing,
});

export const unplugDevice = (id: string): QmpRequest<Nothing> => ({ command: 'device_del', arguments: { id }, reply: nothing });
