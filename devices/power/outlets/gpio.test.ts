import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import test from 'ava';
import { DriverFailed } from '../../drivers/errors.ts';
import { powerContract } from '../power.contract.ts';
import { switched } from '../switched.ts';
import { outlets } from './index.ts';

const budget = 10_000;

/** Line 17 of a chip, held as gpioset of libgpiod 1.6 (Debian 12) and 2.1 (Debian 13) hold it: their options differ, and so does what gpioinfo prints. */
const tools = {
  1: {
    gpioset: `[ "$1" = --version ] && { echo 'gpioset (libgpiod) v1.6.3'; exit; }
[ "$1 $2" = '--mode=signal gpiochip0' ] || { echo "gpioset: invalid arguments: $*" >&2; exit 1; }
setting=$3`,
    gpioinfo: `[ "$#" = 1 ] || exit 1
printf 'gpiochip0 - 54 lines:\\n\\tline  16:      unnamed       unused   input  active-high\\n'
held && printf '\\tline  17:      unnamed    "gpioset"  output  active-high [used]\\n' || printf '\\tline  17:      unnamed       unused   input  active-high\\n'`,
  },
  2: {
    gpioset: `[ "$1" = --version ] && { echo 'gpioset (libgpiod) v2.1'; exit; }
[ "$1 $2" = '--chip gpiochip0' ] || { echo "gpioset: unexpected $*" >&2; exit 1; }
setting=$3`,
    gpioinfo: `[ "$1" = --chip ] || exit 1
printf 'gpiochip0 - 54 lines:\\n\\tline  16:\\tunnamed         \\tinput\\n'
held && printf '\\tline  17:\\tunnamed         \\toutput consumer="gpioset"\\n' || printf '\\tline  17:\\tunnamed         \\tinput\\n'`,
  },
};

const usualPath = process.env['PATH'] ?? '';

async function bench(version: 1 | 2) {
  const directory = await mkdtemp(join(tmpdir(), 'gpio-'));
  const [log, holder] = [join(directory, 'log'), join(directory, 'holder')];
  await writeFile(log, '');
  const script = async (name: string, body: string) => {
    await writeFile(join(directory, name), `#!/bin/sh\nheld() { kill -0 "$(cat ${holder} 2>/dev/null)" 2>/dev/null; }\n${body}\n`);
    await chmod(join(directory, name), 0o755);
  };
  const { gpioset, gpioinfo } = tools[version];
  const busy = `held && { echo "gpioset: error setting the GPIO line values: Device or resource busy" >&2; exit 1; }`;
  await script('gpioset', `${gpioset}\n${busy}\necho $$ >${holder}\necho "$setting" >>${log}\nexec sleep 600`);
  await script('gpioinfo', gpioinfo);
  process.env['PATH'] = `${directory}${delimiter}${usualPath}`;
  const settings = async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
  return { settings, holder, release: () => rm(directory, { recursive: true }) };
}

async function relay(more: object = {}) {
  const driver = await outlets.named('gpio');
  return driver.open(driver.options.parse({ chip: 'gpiochip0', line: 17, ...more }));
}

for (const version of [1, 2] as const) {
  powerContract(test.serial, `gpio, libgpiod ${version}`, async () => {
    const { settings, release } = await bench(version);
    const outlet = await relay();
    // Of a line that nobody holds nothing is known.
    await outlet.set('off', AbortSignal.timeout(budget));
    let powerOns = 0;
    const counted = {
      ...outlet,
      set: async (state: 'on' | 'off', signal: AbortSignal) => {
        await outlet.set(state, signal);
        powerOns = (await settings()).filter((line) => line === '17=1').length;
      },
    };
    return {
      power: switched({ outlet: counted, budget, offFor: 0 }),
      powerOns: () => powerOns,
      release: async () => {
        await outlet.close?.();
        await release();
      },
    };
  });
}

test.serial('a relay that draws at a low level gets one', async (t) => {
  const { settings, release } = await bench(1);
  t.teardown(release);
  const outlet = await relay({ activeLow: true });
  t.is(await outlet.read?.(AbortSignal.timeout(budget)), 'unknown');
  await outlet.set('on', AbortSignal.timeout(budget));
  await outlet.set('off', AbortSignal.timeout(budget));
  t.deepEqual(await settings(), ['17=0', '17=1']);
  await outlet.close?.();
  t.is(await outlet.read?.(AbortSignal.timeout(budget)), 'unknown', 'nobody holds it any more');
});

test.serial('a line that another program holds, and one whose holder ended, are told', async (t) => {
  const { holder, release } = await bench(2);
  t.teardown(release);
  await writeFile(holder, `${process.pid}\n`);
  const outlet = await relay();
  await t.throwsAsync(outlet.set('on', AbortSignal.timeout(budget)), {
    instanceOf: DriverFailed,
    message: /another program holds it: line +17:/,
  });
  await rm(holder);
  await outlet.set('on', AbortSignal.timeout(budget));
  process.kill(Number(await readFile(holder, 'utf8')), 'SIGKILL');
  while ((await outlet.read?.(AbortSignal.timeout(budget))) === 'on') await new Promise((resolve) => setImmediate(resolve));
  t.is(await outlet.read?.(AbortSignal.timeout(budget)), 'unknown');
});

test.serial('a line that the chip hasn’t got is told', async (t) => {
  const { release } = await bench(1);
  t.teardown(release);
  const outlet = await relay({ line: 99 });
  await t.throwsAsync(outlet.set('on', AbortSignal.timeout(budget)), { instanceOf: DriverFailed, message: /gpiochip0 has no line 99/ });
  await outlet.close?.();
});
