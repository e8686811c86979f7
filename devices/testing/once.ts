import { z } from 'zod';
import type { Device } from '../device.ts';
import { DeviceError, type DeviceErrorOptions } from '../errors.ts';
import { describeFailure, failure } from './attachments.ts';

/** Does a step once a run and device: its facts, or its failure, are there for every later test that asks for the same key. */
export type Once = <Facts>(key: string, step: () => Promise<Facts>) => Promise<Facts>;

/** What the bench keeps of a step. */
const recordSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('begun') }),
  z.strictObject({ state: z.literal('done'), facts: z.json().optional() }),
  z.strictObject({ state: z.literal('failed'), failure: failure.schema }),
]);

/** A step that several tests build on had failed before; it isn't done again. */
export class StepFailed extends DeviceError {
  override readonly name = 'StepFailed';
}

/**
 * Keeps what steps found with the bench, because Playwright ends its worker at every failure. Facts must be JSON: what comes back is
 * what JSON made of them, the first time too. `forget` follows a bench that has forgotten: the device was made fresh.
 */
export function onceFor(device: Pick<Device, 'recall' | 'remember'>): { once: Once; forget(): void } {
  const underway = new Map<string, Promise<unknown>>();
  return {
    once: async <Facts>(key: string, step: () => Promise<Facts>): Promise<Facts> => {
      const result = underway.get(key) ?? recallOrDo(device, key, step);
      underway.set(key, result);
      // The key stands for the step: who gives two steps one key gets the first one's facts.
      return (await result) as Facts;
    },
    forget: () => underway.clear(),
  };
}

async function recallOrDo(device: Pick<Device, 'recall' | 'remember'>, key: string, step: () => Promise<unknown>): Promise<unknown> {
  const place = `once:${key}`;
  const kept = await device.recall(place);
  // 1. An earlier test did it, or tried.
  if (kept !== undefined) return factsOf(key, recordSchema.parse(kept));

  // 2. Nobody did: say so before beginning, since a test that runs out of time takes its process with it.
  await device.remember(place, { state: 'begun' });
  try {
    const facts: unknown = JSON.parse(JSON.stringify({ facts: await step() }));
    const record = recordSchema.parse({ state: 'done', ...z.object({ facts: z.json().optional() }).parse(facts) });
    await device.remember(place, record);
    return factsOf(key, record);
  } catch (error) {
    await device.remember(place, { state: 'failed', failure: describeFailure(error) });
    throw error;
  }
}

function factsOf(key: string, record: z.infer<typeof recordSchema>): unknown {
  if (record.state === 'done') return record.facts;
  if (record.state === 'begun') {
    throw new StepFailed(`“${key}” was begun by an earlier test, whose process ended before it did`, {
      blame: 'harness',
      advice: 'Look at the first test that needed it: it ran out of time or was broken off.',
    });
  }
  const { message, blame, evidence, advice } = record.failure;
  const options: DeviceErrorOptions = { blame, evidence };
  if (advice !== undefined) options.advice = advice;
  throw new StepFailed(`“${key}” failed in an earlier test: ${message}`, options);
}
