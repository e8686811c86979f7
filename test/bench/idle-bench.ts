import { setTimeout as pause } from 'node:timers/promises';
import { ConsoleRecorder } from '../../devices/console/recorder.ts';
import { tty } from '../../devices/console/tty.ts';

/*
 * idle-bench.ts DIRECTORY TTY…: records terminals on which nothing happens, as a bench does between runs, and prints what this process
 * took once it had settled.
 */

const settling = 3_000;
const measured = 10_000;

const [directory = '', ...paths] = process.argv.slice(2);
const recorders = await Promise.all(
  paths.map(async (path, index) => {
    const recorder = await ConsoleRecorder.open({ device: `idle-${index}`, directory });
    await recorder.attach(tty(path));
    return recorder;
  }),
);
await pause(settling);
const before = process.cpuUsage();
const started = performance.now();
await pause(measured);
const { user, system } = process.cpuUsage(before);
const usage = { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() };
await Promise.all(recorders.map((recorder) => recorder.close()));
console.log(JSON.stringify(usage));
