import { runInlineSuite } from '../../../devices/testing/run-inline-suite.ts';
import { startFakeBench } from '../../../devices/testing/fake-bench.ts';
import { start } from '../../end-to-end/command.ts';
import { percentile, type Section } from '../row.ts';

const laps = 3;
/** Tests of the larger suite; what it takes longer than a suite of one is theirs. */
const tests = 101;

const section: Section = {
  name: 'runner',
  about: 'what a command, a run and a test cost by themselves, on a device in memory',
  async *rows({ directory }) {
    const help = [];
    for (let lap = 0; lap < laps; lap += 1) help.push(await secondsOf(() => start(directory, ['--help']).ended));
    yield { id: 'runner.help', unit: 's', ours: percentile(help, 0.5), note: 'boardwalk --help' };

    const [one, many] = [[] as number[], [] as number[]];
    for (let lap = 0; lap < laps; lap += 1) {
      one.push(await secondsOf(() => suiteOf(1)));
      many.push(await secondsOf(() => suiteOf(tests)));
    }
    yield { id: 'runner.start', unit: 's', ours: percentile(one, 0.5), note: 'Playwright Test, a device and one empty test' };
    const each = (percentile(many, 0.5) - percentile(one, 0.5)) / (tests - 1);
    yield { id: 'runner.test', unit: 'ms', ours: Math.max(0, each * 1000), note: 'each further test' };
  },
};
export default section;

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function suiteOf(count: number): Promise<void> {
  const bench = await startFakeBench();
  try {
    const text = `for (let number = 0; number < ${count}; number += 1) test(\`\${number}\`, ({ device }) => void device.id);\n`;
    const { exitCode, errors } = await runInlineSuite(text, bench.environment);
    if (exitCode !== 0) throw new RangeError(`a suite of ${count} empty tests failed: ${errors.join('; ')}`);
  } finally {
    await bench.release();
  }
}
