import { z } from 'zod';

import { QmpClosed } from './errors.ts';

/** What QEMU sends, one JSON object a line: docs/interop/qmp-spec in QEMU's sources. */
const greeting = z.object({ QMP: z.object({ version: z.object({ qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }) }) }) });
const success = z.object({ id: z.int(), return: z.unknown() });
const failure = z.object({ id: z.int().optional(), error: z.object({ class: z.string(), desc: z.string() }) });
const event = z.object({
  event: z.string(),
  data: z.unknown().optional(),
  timestamp: z.object({ seconds: z.number(), microseconds: z.number() }),
});

const message = z.union([
  event.transform((value) => ({ kind: 'event' as const, ...value })),
  failure.transform((value) => ({ kind: 'failure' as const, ...value })),
  success.transform((value) => ({ kind: 'success' as const, ...value })),
  greeting.transform((value) => ({ kind: 'greeting' as const, version: value.QMP.version.qemu })),
]);

export type QmpMessage = z.infer<typeof message>;

/** Reads one line. Throws QmpClosed, quoting it, if it isn't QMP. */
export function readMessage(line: string): QmpMessage {
  try {
    return message.parse(JSON.parse(line));
  } catch (cause) {
    throw new QmpClosed(`expected a QMP message, found ${JSON.stringify(line.slice(0, 200))}`, {
      advice: 'Check that the socket is a QEMU monitor in control mode.',
      cause,
    });
  }
}
