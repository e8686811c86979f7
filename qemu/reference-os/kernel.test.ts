import test from 'ava';

import { parseModulesDep } from './kernel.ts';

test('modules.dep becomes an order of loading, by name', (t) => {
  const order = parseModulesDep(
    ['kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/jbd2/jbd2.ko', 'kernel/drivers/virtio/virtio-ring.ko:', ''].join('\n'),
  );
  t.deepEqual(order.get('ext4'), ['kernel/fs/jbd2/jbd2.ko', 'kernel/lib/crc16.ko', 'kernel/fs/ext4/ext4.ko']);
  t.deepEqual(order.get('virtio_ring'), ['kernel/drivers/virtio/virtio-ring.ko']);
  t.is(order.size, 2);
});
