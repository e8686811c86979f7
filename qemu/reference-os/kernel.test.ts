import test from 'ava';

import { parseModulesDep, withoutSignature } from './kernel.ts';

test('modules.dep becomes an order of loading, by name', (t) => {
  const order = parseModulesDep(
    ['kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/jbd2/jbd2.ko', 'kernel/drivers/virtio/virtio-ring.ko:', ''].join('\n'),
  );
  t.deepEqual(order.get('ext4'), ['kernel/fs/jbd2/jbd2.ko', 'kernel/lib/crc16.ko', 'kernel/fs/ext4/ext4.ko']);
  t.deepEqual(order.get('virtio_ring'), ['kernel/drivers/virtio/virtio-ring.ko']);
  t.is(order.size, 2);
});

test('a signed module loses its signature and nothing else', (t) => {
  const module = Buffer.from('\x7fELF and what follows');
  const header = Buffer.alloc(12);
  header.writeUInt32BE(300, 8);
  const signed = Buffer.concat([module, Buffer.alloc(300, 0x30), header, Buffer.from('~Module signature appended~\n')]);
  t.deepEqual(withoutSignature(signed), module);
  t.deepEqual(withoutSignature(module), module, 'one without stays as it is');
});
