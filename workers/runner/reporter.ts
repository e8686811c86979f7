import { basename, relative } from 'node:path';
import type { FullConfig, Reporter, Suite, TestCase, TestError, TestResult, TestStep } from '@playwright/test/reporter';
import type { NewEvent } from '../../reports/index.ts';
import type { ConsoleFault } from '../../devices/index.ts';
import { plain } from './plain.ts';
import { resultOf } from './result.ts';

/** What the reporter sends to the runner's parent. */
export interface ReporterMessage {
  event: NewEvent;
  /** With a test's end: the console faults that it provokes on purpose. */
  provoked?: ConsoleFault['kind'][];
}

const faultKinds: readonly ConsoleFault['kind'][] = ['panic', 'oops', 'unexpected-reset', 'watchdog', 'brown-out'];

/**
 * Runs inside Playwright's main process and tells the runner's parent what happens, as events of the run's log, over the IPC channel.
 * It writes no file and decides nothing: the log's owner is the parent.
 */
export default class EventReporter implements Reporter {
  readonly #devices = (process.env['BOARDWALK_DEVICES'] ?? '').split(',');

  onBegin(_config: FullConfig, root: Suite): void {
    this.#tell({ type: 'tests-planned', tests: root.allTests().map(identityOf) });
  }

  onTestBegin(test: TestCase, result: TestResult): void {
    this.#tell({ type: 'test-started', ...identityOf(test), attempt: attemptOf(result), device: this.#deviceOf(result) });
  }

  onStepEnd(test: TestCase, result: TestResult, step: TestStep): void {
    // Fixtures and hooks are the harness's business; what a reader follows are the test's own steps and its failed expectations.
    if (step.category !== 'test.step' && !(step.category === 'expect' && step.error)) return;
    this.#tell({
      type: 'test-step',
      test: idOf(test),
      attempt: attemptOf(result),
      title: step.title || step.category,
      seconds: step.duration / 1000,
      ...(step.error?.message !== undefined && { error: plain(step.error.message).split('\n', 1)[0] ?? '' }),
    });
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    // Never begun: Playwright reports what a broken-off run didn't reach as skipped without a reason. It stays a miss.
    if (result.status === 'skipped' && !test.annotations.concat(result.annotations).some(({ type }) => type === 'skip')) return;
    const { measurements, finished } = resultOf(test, result);
    const identity = { test: idOf(test), attempt: attemptOf(result) };
    // A test that is skipped before a worker takes it up has no beginning of its own.
    for (const measurement of measurements) this.#tell({ type: 'measurement', ...identity, ...measurement });
    const provoked = faultKinds.filter((kind) =>
      test.annotations.some(({ type, description }) => type === 'provokes' && description === kind),
    );
    this.#tell({ type: 'test-finished', ...identity, ...finished }, provoked);
  }

  onError(error: TestError): void {
    this.#tell({
      type: 'harness-error',
      cause: 'test',
      message: plain(error.message ?? error.value ?? 'the suite runner failed without a message'),
      advice: error.location
        ? `look at ${relative(process.cwd(), error.location.file)}:${error.location.line}`
        : 'look at runner.log of the run',
    });
  }

  printsToStdio(): boolean {
    return false;
  }

  #deviceOf(result: TestResult): string {
    // parallelIndex stays when Playwright replaces a worker after a failure, so it names the device.
    return this.#devices[Math.max(0, result.parallelIndex)] ?? this.#devices[0] ?? 'none';
  }

  #tell(event: NewEvent, provoked: ConsoleFault['kind'][] = []): void {
    process.send?.({ event, provoked } satisfies ReporterMessage);
  }
}

/** `environment` for …/environment.suite.ts. */
export function suiteNameOf(file: string): string {
  return basename(file).replace(/\.suite\.[cm]?[jt]s$/, '');
}

function titleOf(test: TestCase): string {
  // titlePath: root, project, file, describe blocks, title.
  return test.titlePath().slice(3).join(' › ');
}

function idOf(test: TestCase): string {
  return `${suiteNameOf(test.location.file)}/${titleOf(test)}`;
}

function identityOf(test: TestCase) {
  return {
    test: idOf(test),
    suite: suiteNameOf(test.location.file),
    title: titleOf(test),
    file: relative(process.cwd(), test.location.file),
    line: test.location.line,
    promises: test.annotations.flatMap(({ type, description }) => (type === 'promise' && description ? [description] : [])),
  };
}

function attemptOf(result: TestResult): number {
  return result.retry + 1;
}
