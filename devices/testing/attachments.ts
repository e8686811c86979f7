import { z } from 'zod';
import { DeviceError } from '../errors.ts';

/*
 * What a suite's process tells whoever runs it, beside Playwright's own results: attachments whose content type says what they
 * are. One schema each; the fixtures write by it and a reporter reads by it.
 */

const offset = z.int().nonnegative();

/** The part of a device's console log that belongs to a test, and how long the test waited on the device. */
export const consoleSlice = {
  contentType: 'application/vnd.boardwalk.console+json',
  schema: z.strictObject({
    device: z.string(),
    /** Byte offsets; `to` is the first that doesn't belong to it. */
    from: offset,
    to: offset,
    deviceSeconds: z.number().nonnegative(),
  }),
} as const;

/** Who is to blame for the error that failed the test, what was seen, and what to do next. */
export const failure = {
  contentType: 'application/vnd.boardwalk.failure+json',
  schema: z.strictObject({
    /** The error's class. */
    error: z.string(),
    message: z.string(),
    blame: z.enum(['product', 'infra', 'test', 'harness']),
    evidence: z.array(
      z.strictObject({ kind: z.enum(['console', 'command', 'http', 'file']), text: z.string(), offset: z.exactOptional(offset) }),
    ),
    advice: z.exactOptional(z.string()),
  }),
} as const;

/** One measured value with its limits, both ends included. */
export const measurement = {
  contentType: 'application/vnd.boardwalk.measurement+json',
  schema: z.strictObject({
    name: z.string(),
    value: z.number(),
    unit: z.string(),
    limits: z.strictObject({
      min: z.exactOptional(z.number()),
      max: z.exactOptional(z.number()),
      /** Below or above these the value holds, but barely. */
      marginalMin: z.exactOptional(z.number()),
      marginalMax: z.exactOptional(z.number()),
    }),
    outcome: z.enum(['pass', 'marginal', 'fail']),
    better: z.exactOptional(z.enum(['lower', 'higher'])),
  }),
} as const;

export type Failure = z.infer<typeof failure.schema>;
export type Measurement = z.infer<typeof measurement.schema>;

/** The form in which Playwright's `attach` takes one. */
export function asAttachment<T extends z.ZodType>(
  kind: { contentType: string; schema: T },
  content: z.input<T>,
): { body: string; contentType: string } {
  return { body: JSON.stringify(kind.schema.parse(content)), contentType: kind.contentType };
}

/** What is known of anything thrown. A failed expectation is charged to the product, any other exception to the test. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof DeviceError) {
    const { name, message, blame, evidence, advice } = error;
    return advice === undefined ? { error: name, message, blame, evidence } : { error: name, message, blame, evidence, advice };
  }
  if (!(error instanceof Error)) return { error: 'Thrown', message: String(error), blame: 'test', evidence: [] };
  // Playwright's own matchers say what they compared.
  const blame = 'matcherResult' in error ? 'product' : 'test';
  return { error: error.name, message: error.message, blame, evidence: [] };
}
