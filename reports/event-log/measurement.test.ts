import test from 'ava';
import { judgeMeasurement } from './measurement.ts';

test('limits include their ends', (t) => {
  const limits = { min: 0, marginalMin: 10, marginalMax: 90, max: 100 };
  t.deepEqual(
    [-1, 0, 9, 10, 50, 90, 91, 100, 101].map((value) => judgeMeasurement(value, limits)),
    ['fail', 'marginal', 'marginal', 'pass', 'pass', 'pass', 'marginal', 'marginal', 'fail'],
  );
  t.is(judgeMeasurement(1e9, {}), 'pass');
  t.is(judgeMeasurement(3, { max: 2 }), 'fail');
});
