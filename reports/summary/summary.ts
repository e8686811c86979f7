import { z } from 'zod';
import { causeSchema, deviceSchema, imageSchema, outcomeSchema, timeSchema, verdictSchema } from '../event-log/event.ts';

const result = {
  outcome: outcomeSchema,
  cause: causeSchema.optional().describe('to whom a fail, error or miss is charged'),
  reason: z.string().optional().describe('one sentence; for a skip, the capability that the device lacks'),
};

/** summary.json: the answer of a run for machines. Rebuilt from the event log at any time. */
export const summarySchema = z
  .strictObject({
    run: z.strictObject({
      id: z.string(),
      startedAt: z.string().nullable(),
      finishedAt: z.string().nullable().describe('null: the run was killed, or is still going'),
      boardwalk: z.string(),
      argv: z.array(z.string()),
      seed: z.int(),
    }),
    image: imageSchema.nullable(),
    device: deviceSchema.nullable().describe('the first of devices'),
    devices: z.array(deviceSchema),
    verdict: verdictSchema,
    exitCode: z.int(),
    reason: z.string(),
    promises: z.array(
      z.strictObject({ id: z.string(), ...result, tests: z.array(z.string()).describe('ids; the one that decides first') }),
    ),
    tests: z.array(
      z.strictObject({
        id: z.string(),
        suite: z.string(),
        title: z.string(),
        file: z.string(),
        line: z.int(),
        promises: z.array(z.string()),
        ...result,
        flaky: z.boolean().describe('its attempts disagree; the first one decides'),
        attempts: z.array(
          z.strictObject({ attempt: z.int(), device: z.string(), ...result, seconds: z.number(), deviceSeconds: z.number() }),
        ),
      }),
    ),
    suites: z.array(
      z.strictObject({ id: z.string(), promises: z.int(), held: z.int(), seconds: z.number().describe("its tests' attempts, added up") }),
    ),
    time: timeSchema,
    faults: z
      .array(z.strictObject({ device: z.string(), kind: z.string(), line: z.string(), offset: z.int(), expected: z.boolean() }))
      .describe('panics, oopses, resets and the like seen on a console'),
    errors: z.array(z.strictObject({ message: z.string(), cause: z.string(), advice: z.string() })).describe("the bench's own"),
  })
  .describe('The result of one boardwalk run');

export type Summary = z.infer<typeof summarySchema>;
