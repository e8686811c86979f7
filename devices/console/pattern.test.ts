import test from 'ava';
import { PatternScanner, type PatternMatch } from './pattern.ts';

function scanPieces(pattern: RegExp | string, bytes: Uint8Array, size: number): PatternMatch | undefined {
  const scanner = new PatternScanner(pattern);
  for (let offset = 0; offset < bytes.length; offset += size) {
    const match = scanner.scan(bytes.subarray(offset, offset + size), offset);
    if (match !== undefined) return match;
  }
  return undefined;
}

const said = Buffer.from('\u001B[32m  OK  \u001B[0m Started \u001B[1mfoo.service\u001B[0m - Ünïcode.\r\nboard login: ');

test('a match spans pieces, colours and line ends, and says where its bytes are', (t) => {
  const patterns: [pattern: RegExp | string, bytes: string][] = [
    ['Started foo', 'Started \u001B[1mfoo'],
    [/^(\w+) login: $/, 'board login: '],
    [/Ün.code\.\nboard/, 'Ünïcode.\r\nboard'],
    [/o\.(service) -/i, 'o.service\u001B[0m -'],
  ];
  for (const [pattern, bytes] of patterns) {
    for (let size = 1; size <= said.length; size += 1) {
      const match = scanPieces(pattern, said, size);
      t.is(said.subarray(match?.offset, match?.end).toString(), bytes, `${String(pattern)} in pieces of ${size}`);
    }
  }
});

test('a pattern’s own state and flags don’t matter', (t) => {
  const pattern = /login/gy;
  pattern.lastIndex = 3;
  t.is(scanPieces(pattern, said, 7)?.text, 'login');
  t.is(pattern.lastIndex, 3);
});

test('^ doesn’t match where the window was cut', (t) => {
  const scanner = new PatternScanner(/^x/);
  t.is(scanner.scan(Buffer.from('a'.repeat(10_000)), 0), undefined);
  t.is(scanner.scan(Buffer.from('x'.repeat(10_000)), 10_000), undefined);
  t.is(scanner.scan(Buffer.from('\nx'), 20_000)?.offset, 20_001);
});

test('the window is bounded: a flood costs as much at its end as at its start', (t) => {
  const piece = Buffer.from('x'.repeat(1024));
  const scanner = new PatternScanner(/y+z/);
  for (let offset = 0; offset < 10 * 1024 * 1024; offset += piece.length) t.is(scanner.scan(piece, offset), undefined);
  t.is(scanner.scan(Buffer.from('yyz'), 10 * 1024 * 1024)?.offset, 10 * 1024 * 1024);
});
