import { PassThrough, Writable } from 'node:stream';
import test from 'ava';
import { CommandError, UsageError } from '../workers/index.ts';
import { TerminalInterview } from './terminal-interview.ts';

function terminal(signal = new AbortController().signal) {
  const input = new PassThrough();
  let shown = '';
  const output = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      done();
    },
  });
  return { input, shown: () => shown, interview: new TerminalInterview(input, output, signal) };
}

const ports = [
  { label: 'port 1', value: 1 },
  { label: 'port 2', value: 2 },
];

const even = (answer: string) => {
  if (Number(answer) % 2 === 1) throw new RangeError('an even number is expected\nand more');
  return Number(answer);
};

test('a choice is made by its number or its words; another answer is asked for again', async (t) => {
  const { input, shown, interview } = terminal();
  input.write('7\n2\nport 1\n');
  t.is(await interview.choose('Which port?', ports), 2);
  t.is(await interview.choose('Which port?', ports), 1);
  t.true(shown().startsWith('Which port?\n  1  port 1\n  2  port 2\n1–2? 7\n  a number from 1 to 2 is expected\n1–2? 2\n'), shown());
});

test('Enter takes what is in brackets, and what an answer lacks is said in a line', async (t) => {
  const { input, shown, interview } = terminal();
  input.write('\n3\n');
  t.is(await interview.ask('How many?', even, { preset: '4' }), 4);
  input.write('8\n');
  t.is(await interview.ask('How many?', even), 8);
  t.is(shown(), 'How many? [4] \nHow many? 3\n  an even number is expected\nHow many? 8\n');
});

test('consent is y or n', async (t) => {
  const { input, interview } = terminal();
  input.write('maybe\nYes\nn\n');
  t.true(await interview.consents('May it?'));
  t.false(await interview.consents('May it?'));
});

test('the end of the input, and an interruption, end the question', async (t) => {
  const ended = terminal();
  ended.input.end();
  await t.throwsAsync(ended.interview.consents('May it?'), {
    instanceOf: UsageError,
    message: 'nobody answers “May it? (y/n)”: the input has ended',
  });
  const controller = new AbortController();
  const interrupted = terminal(controller.signal);
  const asked = interrupted.interview.consents('May it?');
  controller.abort('SIGINT');
  const error = await t.throwsAsync(asked, { instanceOf: CommandError, message: 'interrupted at “May it? (y/n)”' });
  t.is(error?.exitCode, 130);
});
