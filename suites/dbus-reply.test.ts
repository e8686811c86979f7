import test from 'ava';
import { NotADbusReply, parseDbusReply, parseProperties } from './dbus-reply.ts';

const getAll = `method return time=1474008856.507103 sender=:1.12 -> destination=:1.11 serial=4 reply_serial=2
   array [
      dict entry(
         string "Timezone"
         variant             string "UTC"
      )
      dict entry(
         string "NTP"
         variant             boolean true
      )
      dict entry(
         string "TimeUSec"
         variant             uint64 1474008856505839
      )
   ]
`;

test('properties come with their D-Bus types', (t) => {
  const properties = parseProperties(getAll);
  t.deepEqual(
    [...properties],
    [
      ['Timezone', { signature: 's', value: 'UTC' }],
      ['NTP', { signature: 'b', value: true }],
      ['TimeUSec', { signature: 't', value: 1474008856505839n }],
    ],
  );
});

test('a 64-bit number keeps all its digits', (t) => {
  t.deepEqual(parseDbusReply('method return sender=:1\n   uint64 18446744073709551615\n'), [
    { signature: 't', value: 18446744073709551615n },
  ]);
});

test('an object path, a string with blanks and quotes, an empty string', (t) => {
  t.deepEqual(
    parseDbusReply('method return sender=:1\n   object path "/org/freedesktop/systemd1/job/7"\n   string "a "b" c"\n   string ""\n'),
    [
      { signature: 'o', value: '/org/freedesktop/systemd1/job/7' },
      { signature: 's', value: 'a "b" c' },
      { signature: 's', value: '' },
    ],
  );
});

test('arrays, empty ones too', (t) => {
  t.deepEqual(parseDbusReply('method return sender=:1\n   array [\n      string "a"\n      string "b"\n   ]\n   array [\n   ]\n'), [
    {
      signature: 'as',
      value: [
        { signature: 's', value: 'a' },
        { signature: 's', value: 'b' },
      ],
    },
    { signature: 'av', value: [] },
  ]);
});

test('a reply without arguments', (t) => {
  t.deepEqual(parseDbusReply('method return time=1 sender=:1.1 -> destination=:1.2 serial=3 reply_serial=2\n'), []);
});

test('an error is no reply, nor is a reply cut short', (t) => {
  const error = t.throws(() => parseDbusReply('Error org.freedesktop.DBus.Error.AccessDenied: no\n'), { instanceOf: NotADbusReply });
  t.regex(error.message, /expected “method return” at “Error org/);
  t.throws(() => parseDbusReply(getAll.slice(0, 200)), { instanceOf: NotADbusReply });
  t.throws(() => parseProperties('method return sender=:1\n   string "x"\n'), { instanceOf: NotADbusReply });
});
