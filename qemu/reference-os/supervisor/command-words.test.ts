import test from 'ava';
import { commandWords } from './command-words.ts';

for (const [command, words] of [
  ['sleep infinity', ['sleep', 'infinity']],
  [`sh -c 'a "b" c'`, ['sh', '-c', 'a "b" c']],
  [`echo "a \\"b\\"" c\\ d`, ['echo', 'a "b"', 'c d']],
  ['a && b; c|d', ['a', '&&', 'b', ';', 'c', '|', 'd']],
  ['echo $HOME ""', ['echo', '$HOME', '']],
  ['', []],
] as const) {
  test(`words of ${JSON.stringify(command)}`, (t) => {
    t.deepEqual(commandWords(command), [...words]);
  });
}
