import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, measure, test, type Device, type Reboot } from '../../devices/index.ts';
import { allowedFailureRate, garbledShare, highestFailureRate, kernelComplaints, linesOf } from './judge.ts';

/*
 * A new board: not what its OS promises, but whether there is hardware that can be trusted with that. Each test is a measurement with limits, and attaches what
 * an engineer would look at; what a board hasn't got is skipped and said. BOARDWALK_BRINGUP_ROUNDS is how often it is rebooted and cut; 20 if it isn't given.
 */

const rounds = Number(process.env['BOARDWALK_BRINGUP_ROUNDS'] ?? '20');
const minute = 60_000;

const asked = async (device: Device, command: string): Promise<string> => (await device.host.run(command)).stdout.trim();
const attach = (name: string, body: string) => test.info().attach(name, { body: body || '(nothing)', contentType: 'text/plain' });

test('the console is text, from power-on to login', async ({ device }) => {
  const from = await device.console.mark();
  await device.reboot('power-cycle');
  await device.console.expect(/login:/, { from, timeout: 5 * minute });
  const bytes = await device.console.read({ from });
  await measure('bytes of a boot', bytes.length, { unit: 'B', min: 500 });
  await measure('bytes that are no text', 100 * garbledShare(bytes), { unit: '%', max: 0.5, marginalMax: 0.05, better: 'lower' });
  const [boot] = (await device.console.boots({ from })).slice(-1);
  expect(boot?.stages.map(({ name }) => name)).toEqual(expect.arrayContaining(['loader', 'kernel', 'init', 'login']));
});

test('the kernel has nothing to complain of, and isn’t tainted', async ({ device }) => {
  const complaints = kernelComplaints(await device.host.check('dmesg --level=emerg,alert,crit,err'));
  await attach('complaints', complaints.join('\n'));
  await measure('kernel complaints', complaints.length, { unit: 'lines', max: 0, better: 'lower' });
  await measure('taint', Number(await device.host.check('cat /proc/sys/kernel/tainted')), { unit: 'flags', max: 0 });
});

test('what the board is, and what is on its buses', async ({ device }) => {
  const model = await asked(device, "tr -d '\\0' </proc/device-tree/model 2>/dev/null || cat /sys/class/dmi/id/product_name");
  await attach('model', model);
  expect(model, 'it says what it is').not.toBe('');
  const buses: Record<string, string> = {
    USB: 'for d in /sys/bus/usb/devices/*-*; do case $d in *:*) ;; *) echo "${d##*/} $(cat $d/idVendor):$(cat $d/idProduct) $(cat $d/product 2>/dev/null)" ;; esac; done',
    GPIO: 'for d in /sys/bus/gpio/devices/*; do [ -e "$d" ] && echo "${d##*/} $(cat $d/label 2>/dev/null)"; done',
    I2C: 'ls /sys/bus/i2c/devices 2>/dev/null',
    SPI: 'ls /sys/bus/spi/devices 2>/dev/null',
    PCI: 'for d in /sys/bus/pci/devices/*; do [ -e "$d" ] && echo "${d##*/} $(cat $d/vendor) $(cat $d/device)"; done',
  };
  for (const [bus, command] of Object.entries(buses)) await attach(bus, await asked(device, command));
});

test('memory: as much as it says, and it keeps what is written', async ({ device }) => {
  const [, total, free] = /MemTotal:\s+(\d+)[^]*MemAvailable:\s+(\d+)/.exec(await device.host.check('cat /proc/meminfo')) ?? [];
  await measure('memory', Number(total) / 1024, { unit: 'MiB', min: 200 });
  const megabytes = Math.min(256, Math.floor(Number(free) / 1024 / 3));
  // Each pattern is what the one before isn't; read twice, so that a page that changes by itself is seen.
  for (const [octal, byte] of [
    ['125', 0x55],
    ['252', 0xaa],
    ['377', 0xff],
    ['000', 0x00],
  ] as const) {
    const hash = createHash('sha256');
    for (let block = 0; block < megabytes; block += 1) hash.update(Buffer.alloc(1024 ** 2, byte));
    const wanted = hash.digest('hex');
    const command = `head -c ${megabytes}M /dev/zero | tr '\\000' '\\${octal}' >/tmp/march && sha256sum </tmp/march && sha256sum </tmp/march; rm -f /tmp/march`;
    const seen = linesOf(await device.host.check(command, { timeout: 10 * minute })).map((line) => line.split(' ')[0]);
    expect(seen, `${megabytes} MiB of 0x${byte.toString(16)}`).toEqual([wanted, wanted]);
  }
});

test('under load its CPUs keep their clock and their temperature', async ({ device }) => {
  const thermal = 'cat /sys/class/thermal/thermal_zone*/temp 2>/dev/null | sort -n | tail -n 1';
  const clock = 'cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq 2>/dev/null';
  const [cold, idle] = [await asked(device, thermal), await asked(device, clock)];
  test.skip(cold === '' && idle === '', 'it has neither a temperature nor a clock that it tells');
  const seconds = 30;
  const busy = device.host.check(`for c in $(seq $(nproc)); do timeout ${seconds} sh -c 'while :; do :; done' & done; wait`, {
    timeout: 5 * minute,
  });
  let [hottest, slowest] = [-Infinity, Infinity];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    hottest = Math.max(hottest, Number((await asked(device, thermal)) || -Infinity));
    slowest = Math.min(slowest, Number((await asked(device, clock)) || Infinity));
    await pause(1_000);
  }
  await busy;
  if (Number.isFinite(hottest))
    await measure('hottest under load', hottest / 1000, { unit: '°C', max: 85, marginalMax: 75, better: 'lower' });
  const most = Number(await asked(device, 'cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq 2>/dev/null'));
  if (Number.isFinite(slowest) && most > 0)
    await measure('slowest clock under load', (100 * slowest) / most, { unit: '% of the most', min: 90 });
});

test('storage: how fast it writes and reads, and how worn it is', async ({ device }) => {
  const megabytes = 64;
  const file = '/mnt/data/bringup';
  const timed = async (command: string): Promise<number> => {
    const [before = 0, after = 0] = linesOf(
      await device.host.check(`cut -d' ' -f1 /proc/uptime; ${command}; cut -d' ' -f1 /proc/uptime`, { timeout: 10 * minute }),
    ).map(Number);
    return after - before;
  };
  const written = await timed(`dd if=/dev/urandom of=${file} bs=1M count=${megabytes} conv=fsync status=none`);
  const read = await timed(`echo 3 >/proc/sys/vm/drop_caches; dd if=${file} of=/dev/null bs=1M status=none`);
  await device.host.check(`rm ${file}`);
  await measure('write', megabytes / written, { unit: 'MiB/s', min: 1, marginalMin: 5, better: 'higher' });
  await measure('read', megabytes / read, { unit: 'MiB/s', min: 2, marginalMin: 10, better: 'higher' });
  await attach(
    'medium',
    await asked(
      device,
      'cd /sys/block && for d in mmcblk*/device; do [ -e "$d" ] && for a in name manfid date life_time pre_eol_info; do echo "$d $a $(cat $d/$a 2>/dev/null)"; done; done',
    ),
  );
});

test('network: the link, and what goes through it to the bench', async ({ device }) => {
  const name = await device.host.check("ip -o route get 1.1.1.1 2>/dev/null | sed 's/.* dev \\([^ ]*\\).*/\\1/' | head -n 1");
  const errors = () => asked(device, `cat /sys/class/net/${name}/statistics/rx_errors /sys/class/net/${name}/statistics/tx_errors`);
  await attach('link', await asked(device, `ip -d -s link show dev ${name}; cat /sys/class/net/${name}/speed 2>/dev/null`));
  const before = await errors();
  const directory = await mkdtemp(join(tmpdir(), 'bringup-'));
  try {
    const megabytes = 16;
    await writeFile(join(directory, 'up'), randomBytes(megabytes * 1024 ** 2));
    const since = performance.now();
    await device.host.upload(join(directory, 'up'), '/tmp/up');
    const between = performance.now();
    await device.host.download('/tmp/up', join(directory, 'down'));
    const after = performance.now();
    await measure('to the board', (megabytes * 1000) / (between - since), { unit: 'MiB/s', min: 0.2, better: 'higher' });
    await measure('from the board', (megabytes * 1000) / (after - between), { unit: 'MiB/s', min: 0.2, better: 'higher' });
  } finally {
    await rm(directory, { recursive: true });
    await device.host.run('rm -f /tmp/up');
  }
  expect(await errors(), 'the link’s errors haven’t grown').toBe(before);
});

test('its clock drifts no more than a good crystal’s', async ({ device }) => {
  // 1. A clock that chrony steers shows nothing: chrony says what it takes.
  const tracking = (await asked(device, 'chronyc -c tracking')).split(',');
  await attach('chrony', tracking.join(' '));
  const drift = { unit: 'ppm', max: 200, better: 'lower' } as const;
  if (tracking.at(-1) === 'Normal') return measure('drift, as chrony corrects it', Math.abs(Number(tracking[7])), drift);

  // 2. One that nobody steers is compared with the bench's; each look is as good as its way there and back was short.
  const look = async () => {
    const looks: { at: number; clock: number; trip: number }[] = [];
    for (let each = 0; each < 15; each += 1) {
      const since = performance.now();
      const clock = Number((await device.host.check('cat /proc/uptime')).split(' ')[0]);
      const trip = performance.now() - since;
      looks.push({ at: since + trip / 2, clock: clock * 1000, trip });
    }
    return looks.toSorted((one, other) => one.trip - other.trip)[0] ?? { at: 0, clock: 0, trip: 0 };
  };
  const first = await look();
  await pause(minute);
  const last = await look();
  const elapsed = last.at - first.at;
  const seen = (1e6 * (last.clock - first.clock - elapsed)) / elapsed;
  // /proc/uptime has hundredths of a second.
  const uncertainty = (1e6 * (first.trip / 2 + last.trip / 2 + 10)) / elapsed;
  await attach('clock', `${seen.toFixed(0)} ppm, ± ${uncertainty.toFixed(0)}\n${await asked(device, 'cat /sys/class/rtc/rtc0/name')}`);
  return measure('drift that is sure', Math.max(0, Math.abs(seen) - uncertainty), drift);
});

test('it has randomness, and a watchdog where it has one', async ({ device }) => {
  await measure('entropy', Number(await device.host.check('cat /proc/sys/kernel/random/entropy_avail')), { unit: 'bit', min: 256 });
  // Its device isn't opened: some reset the board at once.
  await attach(
    'watchdog',
    await asked(
      device,
      'for w in /sys/class/watchdog/*; do [ -e "$w" ] && echo "${w##*/} $(cat $w/identity 2>/dev/null) $(cat $w/timeout 2>/dev/null) s"; done',
    ),
  );
});

for (const how of ['dbus', 'power-cycle'] as const satisfies readonly Reboot[]) {
  test(`it comes back: ${rounds} × ${how}`, async ({ device }) => {
    test.setTimeout(rounds * 10 * minute);
    const failures: string[] = [];
    const seconds: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      try {
        const { totalSeconds } = await device.reboot(how);
        seconds.push(totalSeconds);
      } catch (error) {
        failures.push(`${round}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await attach('failures', failures.join('\n\n'));
    await measure('failed', failures.length, { unit: `of ${rounds}`, max: allowedFailureRate * rounds, better: 'lower' });
    const bound = 100 * highestFailureRate(failures.length, rounds);
    await attach('bound', `with 95 % confidence it fails in less than ${bound.toFixed(1)} % of such`);
    if (seconds.length > 0) await measure('slowest', Math.max(...seconds), { unit: 's', better: 'lower' });
    if (seconds.length > 0)
      await measure('median', seconds.toSorted((one, other) => one - other)[Math.floor(seconds.length / 2)] ?? 0, {
        unit: 's',
        better: 'lower',
      });
  });
}
