import test from 'ava';
import { parseOsRelease } from './ground-truth.ts';

test('os-release is unquoted as a shell would', (t) => {
  const text = [
    '# a comment',
    'ID="balena-os"',
    'NAME=balenaOS',
    "VARIANT='Development'",
    'PRETTY_NAME="balenaOS 8.0.2 \\"quoted\\" \\$HOME \\\\ `\\``"',
    'BUILD_ID=""',
    'EMPTY=',
    'not an assignment',
    '',
  ].join('\n');
  t.deepEqual(parseOsRelease(text), {
    ID: 'balena-os',
    NAME: 'balenaOS',
    VARIANT: 'Development',
    PRETTY_NAME: 'balenaOS 8.0.2 "quoted" $HOME \\ ```',
    BUILD_ID: '',
    EMPTY: '',
  });
});
