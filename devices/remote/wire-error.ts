import { z } from 'zod';
import { AwaitedTooLong, DeviceError, type DeviceErrorOptions, type Evidence } from '../errors.ts';

const evidenceSchema = z.strictObject({
  kind: z.enum(['console', 'command', 'http', 'file']),
  text: z.string(),
  offset: z.exactOptional(z.number()),
});

/** A thrown error as it crosses the socket. */
export const wireErrorSchema = z.strictObject({
  name: z.string(),
  message: z.string(),
  blame: z.enum(['product', 'infra', 'test', 'harness']),
  evidence: z.array(evidenceSchema),
  advice: z.exactOptional(z.string()),
  /** Both or neither: an AwaitedTooLong. */
  awaited: z.exactOptional(z.string()),
  budgetMs: z.exactOptional(z.number()),
  /** The chain of causes, nearest first. */
  causes: z.array(z.strictObject({ name: z.string(), message: z.string() })),
});
export type WireError = z.infer<typeof wireErrorSchema>;

/** An error of the bench that has no class here: its name and all that it said are kept. */
export class BenchError extends DeviceError {
  override readonly name: string;

  constructor(name: string, message: string, options: DeviceErrorOptions) {
    super(message, options);
    this.name = name;
  }
}

/** @param error anything thrown; what isn't a DeviceError is charged to the harness. */
export function toWire(error: unknown): WireError {
  const causes = [...causesOf(error)];
  if (!(error instanceof DeviceError)) {
    const { name, message } = named(error);
    return { name, message, blame: 'harness', evidence: [], causes };
  }
  const wire: WireError = { name: error.name, message: error.message, blame: error.blame, evidence: error.evidence, causes };
  if (error.advice !== undefined) wire.advice = error.advice;
  if (error instanceof AwaitedTooLong) {
    wire.awaited = error.awaited;
    wire.budgetMs = error.budgetMs;
  }
  return wire;
}

/** The error that the bench threw, of the same class where that class carries more than its name. */
export function fromWire(wire: WireError): DeviceError {
  const options: DeviceErrorOptions = { blame: wire.blame, evidence: wire.evidence satisfies Evidence[] };
  if (wire.advice !== undefined) options.advice = wire.advice;
  const cause = wire.causes.reduceRight<BenchCause | undefined>((inner, each) => new BenchCause(each.name, each.message, inner), undefined);
  if (cause !== undefined) options.cause = cause;
  if (wire.awaited === undefined || wire.budgetMs === undefined) return new BenchError(wire.name, wire.message, options);
  // The class puts the sentence together itself: give it what follows its own beginning.
  const beginning = new AwaitedTooLong(wire.awaited, wire.budgetMs, '', options).message;
  return new AwaitedTooLong(wire.awaited, wire.budgetMs, wire.message.slice(beginning.length), options);
}

/** One link of a chain of causes that was thrown in the bench's process. */
class BenchCause extends Error {
  override readonly name: string;

  constructor(name: string, message: string, inner: BenchCause | undefined) {
    super(message, inner === undefined ? undefined : { cause: inner });
    this.name = name;
    // A stack of this process would say nothing of where it was thrown.
    this.stack = `${name}: ${message}`;
  }
}

function named(error: unknown): { name: string; message: string } {
  return error instanceof Error ? { name: error.name, message: error.message } : { name: 'Thrown', message: String(error) };
}

function* causesOf(error: unknown): Generator<{ name: string; message: string }> {
  let cause = error instanceof Error ? error.cause : undefined;
  // Deeper than this nobody reads; a chain that bites its tail would never end.
  for (let depth = 0; depth < 8 && cause !== undefined; depth += 1) {
    yield named(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
}
