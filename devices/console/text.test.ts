import test from 'ava';
import { ConsoleDecoder, OffsetText, printable } from './text.ts';

function decodePieces(bytes: Uint8Array, size: number): OffsetText {
  const decoder = new ConsoleDecoder();
  const whole = new OffsetText();
  for (let offset = 0; offset < bytes.length; offset += size)
    whole.appendText(decoder.decode(bytes.subarray(offset, offset + size), offset));
  return whole;
}

const samples: [title: string, bytes: Uint8Array, text: string][] = [
  ['plain text', Buffer.from('hello\r\nworld\n'), 'hello\nworld\n'],
  ['colours', Buffer.from('\u001B[1;31mred\u001B[0m and \u001B[38:5:1mmore\u001B[K'), 'red and more'],
  ['a charset and a keypad switch', Buffer.from('\u001B(Bok\u001B=\u001B>!'), 'ok!'],
  ['a window title, ended by BEL or by ST', Buffer.from('\u001B]0;title\u0007a\u001B]0;title\u001B\\b'), 'ab'],
  ['systemd’s context strings', Buffer.from('\u001B]3008;start=1;type=boot\u001B\\go'), 'go'],
  ['a line end inside a sequence', Buffer.from('\u001B[1\nnext'), '\nnext'],
  ['a string that never ends', Buffer.from('\u001B]oops\nnext'), '\nnext'],
  ['UTF-8 of every length', Buffer.from('ä€😀.'), 'ä€😀.'],
  ['bytes that aren’t UTF-8', Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0x62]), 'a\uFFFD\uFFFD(\uFFFD\uFFFDb'],
  ['an overlong form, a surrogate', Buffer.from([0xc0, 0xaf, 0xed, 0xa0, 0x80, 0x63]), '\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDc'],
  ['a lone CR', Buffer.from('10%\r20%\r\r\ndone'), '10%\r20%\ndone'],
];

for (const [title, bytes, text] of samples) {
  test(`${title}: the same text in pieces of any size`, (t) => {
    for (let size = 1; size <= bytes.length; size += 1) t.is(decodePieces(bytes, size).text, text, `pieces of ${size}`);
  });
}

test('each character says where its bytes are', (t) => {
  const bytes = Buffer.from('a\u001B[1mä\r\n😀\u001B[0mz');
  for (let size = 1; size <= bytes.length; size += 1) {
    const decoded = decodePieces(bytes, size);
    for (const character of ['a', 'ä', '😀', 'z']) {
      const index = decoded.text.indexOf(character);
      const from = decoded.offsetOf(index);
      t.is(bytes.subarray(from, decoded.endOf(index + character.length)).toString(), character, `pieces of ${size}`);
    }
  }
});

test('forgetting the beginning doesn’t move the rest', (t) => {
  const bytes = Buffer.from('ab\u001B[1mäö\r\ncd');
  for (let count = 0; count <= 6; count += 1) {
    const decoded = decodePieces(bytes, bytes.length);
    decoded.drop(count);
    const index = decoded.text.indexOf('d');
    t.is(bytes[decoded.offsetOf(index)], 0x64);
  }
});

test('what is shown to a person has no control characters', (t) => {
  t.is(printable(Buffer.from('\u0000a\u0007\u001B[2Jb\tc\r\nd\u009B')), 'ab\tc\nd');
});
