import { relative } from 'node:path';
import type { TestCase, TestResult } from '@playwright/test/reporter';
import type { z } from 'zod';
import { consoleSlice, failure, measurement, type Failure } from '../../devices/testing/attachments.ts';
import type { Attachment, EventOf, NewEvent } from '../../reports/index.ts';
import { plain } from './plain.ts';

type Finished = Omit<Extract<NewEvent, { type: 'test-finished' }>, 'type' | 'test' | 'attempt'>;
type MeasurementEvent = Omit<EventOf<'measurement'>, 'type' | 'test' | 'attempt' | 'seq' | 'at' | 't'>;

/** The attempt's result and its measurements, in the words of the event log. */
export function resultOf(test: TestCase, result: TestResult): { measurements: MeasurementEvent[]; finished: Finished } {
  const told = <T>({ contentType, schema }: { contentType: string; schema: z.ZodType<T> }): T[] =>
    result.attachments
      .filter((attachment) => attachment.contentType === contentType && attachment.body !== undefined)
      .map((attachment) => schema.parse(JSON.parse(String(attachment.body))));

  const [slice] = told(consoleSlice);
  const [thrown] = told(failure);
  return {
    measurements: told(measurement),
    finished: {
      ...judge(test, result, thrown),
      seconds: result.duration / 1000,
      // Playwright's duration leaves out what a worker sets up once; the device was awaited there, too.
      deviceSeconds: slice?.deviceSeconds ?? result.duration / 1000,
      ...(slice && { console: { device: slice.device, from: slice.from, to: slice.to } }),
      attachments: result.attachments.filter(({ contentType }) => !contentType.startsWith('application/vnd.boardwalk.')).map(attachmentOf),
    },
  };
}

/** Who is charged: whom the thrown DeviceError names; the product for a failed expectation; the test for any other exception. */
function judge(test: TestCase, result: TestResult, thrown: Failure | undefined): Pick<Finished, 'outcome' | 'cause' | 'reason' | 'error'> {
  const [first] = result.errors;
  const message = plain(first?.message ?? first?.value ?? '').trim();
  const sides = expectation(message);
  // The two sides are told apart already: what is left is the sentence before them.
  const sentence = (sides.seen === undefined ? message : (message.split('\n\n')[0] ?? message)).replace(/^Error: /, '');
  const error = {
    message: thrown?.message ?? (sentence || `the test ended as ${result.status}`),
    ...sides,
    ...(first?.stack !== undefined && { stack: plain(first.stack) }),
    evidence: thrown?.evidence ?? [],
    ...(thrown?.advice !== undefined && { advice: thrown.advice }),
  };
  switch (result.status) {
    case 'passed':
      return { outcome: 'pass' };
    case 'skipped': {
      const reason = test.annotations.concat(result.annotations).find(({ type }) => type === 'skip')?.description;
      return { outcome: 'skip', reason: reason ?? 'skipped by the suite, which gives no reason' };
    }
    case 'failed': {
      if (thrown) return { outcome: thrown.blame === 'product' ? 'fail' : 'error', cause: thrown.blame, error };
      if (/^(Error: )?expect\(/m.test(message)) return { outcome: 'fail', cause: 'product', error };
      return { outcome: 'error', cause: 'test', error };
    }
    case 'timedOut':
      return { outcome: 'error', cause: thrown?.blame ?? 'unknown', error };
    default:
      return { outcome: 'error', cause: 'harness', error: { ...error, message: 'the run was broken off while this test ran' } };
  }
}

/** Playwright's message of a failed matcher has its two sides on lines of their own. */
function expectation(message: string): { expected?: string; seen?: string } {
  const expected = /^Expected[^:\n]*: +(.*)$/m.exec(message)?.[1];
  const seen = /^Received[^:\n]*: +(.*)$/m.exec(message)?.[1];
  return { ...(expected !== undefined && { expected }), ...(seen !== undefined && { seen }) };
}

function attachmentOf({ name, contentType, path, body }: TestResult['attachments'][number]): Attachment {
  if (path === undefined) return { name, contentType, body: String(body ?? '') };
  // Relative to the run's directory, so that links in its report hold wherever it is moved to.
  return { name, contentType, path: relative(process.env['BOARDWALK_RUN'] ?? process.cwd(), path) };
}
