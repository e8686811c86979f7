import test from 'ava';
import { AwaitedTooLong, DeviceError } from '../errors.ts';
import { StickFailed } from '../sticks/errors.ts';
import { fromWire, toWire, wireErrorSchema } from './wire-error.ts';

/** There and back, through text. */
function travelled(error: unknown): DeviceError {
  return fromWire(wireErrorSchema.parse(JSON.parse(JSON.stringify(toWire(error)))));
}

test('an AwaitedTooLong arrives as what it was', (t) => {
  const sent = new AwaitedTooLong('a login', 1500, '3 lines of U-Boot', {
    blame: 'product',
    advice: 'Look at the loader.',
    evidence: [{ kind: 'console', text: 'U-Boot 2023.04', offset: 12 }],
  });
  const error = travelled(sent);
  t.true(error instanceof AwaitedTooLong);
  t.is(error.message, sent.message);
  t.like(error, { name: 'AwaitedTooLong', awaited: 'a login', budgetMs: 1500, blame: 'product', advice: 'Look at the loader.' });
  t.deepEqual(error.evidence, sent.evidence);
});

test('another DeviceError keeps its name and all that it said', (t) => {
  const error = travelled(new StickFailed('stick-1 could not be pulled', { blame: 'infra', advice: 'Pull harder.' }));
  t.true(error instanceof DeviceError);
  t.like(error, { name: 'StickFailed', message: 'stick-1 could not be pulled', blame: 'infra', advice: 'Pull harder.', evidence: [] });
});

test('the chain of causes arrives', (t) => {
  const cause = new RangeError('inner', { cause: new TypeError('innermost') });
  const { cause: first } = travelled(new DeviceError('outer', { blame: 'infra', cause }));
  t.true(first instanceof Error);
  if (!(first instanceof Error)) return;
  t.like(first, { name: 'RangeError', message: 'inner' });
  t.like(first.cause, { name: 'TypeError', message: 'innermost' });
});

test('a chain of causes that bites its tail ends', (t) => {
  const error = new Error('round');
  error.cause = error;
  t.is(toWire(error).causes.length, 8);
});

test('what is no DeviceError is charged to the harness', (t) => {
  t.like(travelled(new TypeError('x is not a function')), { name: 'TypeError', message: 'x is not a function', blame: 'harness' });
  t.like(travelled('a string'), { message: 'a string', blame: 'harness' });
});
