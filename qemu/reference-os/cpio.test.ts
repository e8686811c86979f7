import test from 'ava';

import { cpioArchive } from './cpio.ts';

test('records are aligned to four bytes, carry mode and content, and end with the trailer', (t) => {
  const archive = cpioArchive([
    { path: 'bin', type: 'directory', mode: 0o755 },
    { path: 'bin/tool', type: 'file', mode: 0o755, content: 'abcde' },
    { path: 'bin/name', type: 'symlink', mode: 0o777, content: 'tool' },
  ]);
  const seen = [];
  for (let at = 0; at < archive.length;) {
    const field = (index: number) => Number.parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    t.is(archive.toString('latin1', at, at + 6), '070701');
    const name = archive.toString('utf8', at + 110, at + 110 + field(11) - 1);
    const start = Math.ceil((at + 110 + field(11)) / 4) * 4;
    seen.push([name, field(1).toString(8), archive.toString('utf8', start, start + field(6))]);
    at = Math.ceil((start + field(6)) / 4) * 4;
  }
  t.deepEqual(seen, [
    ['bin', '40755', ''],
    ['bin/tool', '100755', 'abcde'],
    ['bin/name', '120777', 'tool'],
    ['TRAILER!!!', '0', ''],
  ]);
});
