import test from 'ava';
import { garbledShare, highestFailureRate, kernelComplaints } from './judge.ts';

const rounded = (failures: number, rounds: number) => Number(highestFailureRate(failures, rounds).toFixed(4));

test('the bound of a failure rate is Clopper and Pearson’s', (t) => {
  // 1 − 0.05^(1/20), and tables of the binomial distribution.
  t.is(rounded(0, 20), 0.1391);
  t.is(rounded(1, 20), 0.2161);
  t.is(rounded(2, 20), 0.2826);
  t.is(rounded(20, 20), 1);
});

test('noise is told from text', (t) => {
  t.is(garbledShare(Buffer.from('U-Boot 2023.01\r\n\u001B[32m  OK  \u001B[0m Größe\t1\r\n')), 0);
  t.is(garbledShare(Buffer.of(0x41, 0xff, 0x00, 0x42)), 0.5);
  t.is(garbledShare(new Uint8Array()), 0);
});

test('what is harmless isn’t complained of', (t) => {
  const log =
    '[1.0] GPT:Primary header thinks Alt. header is not at the end of the disk.\n[2.0] mmc0: error -110 whilst initialising SD card\n\n';
  t.deepEqual(kernelComplaints(log), ['[2.0] mmc0: error -110 whilst initialising SD card']);
});
