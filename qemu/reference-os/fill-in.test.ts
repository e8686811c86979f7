import test from 'ava';
import { fillIn } from './fill-in.ts';

test('each blank is filled, as often as it stands there, and an address is none', (t) => {
  t.is(fillIn('@NAME@ @VERSION@ @NAME@ root@host', { NAME: 'balenaOS', VERSION: '8.0.2' }), 'balenaOS 8.0.2 balenaOS root@host');
});

test('a blank that nothing is known for is not left standing', (t) => {
  t.throws(() => fillIn('console=@CONSOLE@', { KERNEL: 'Image' }), { instanceOf: TypeError, message: /@CONSOLE@/ });
});
