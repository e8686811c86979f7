import type { TestInfo, TestInfoError } from '@playwright/test';
import { DeviceError, deviceErrors } from '../errors.ts';
import { asAttachment, describeFailure, failure } from './attachments.ts';

/** Collects the errors that device parts make while a test runs: Playwright keeps of a thrown error only its words. */
export class EvidenceCollector implements Disposable {
  readonly #made: DeviceError[] = [];
  readonly #listen = (error: unknown) => {
    if (error instanceof DeviceError) this.#made.push(error);
  };

  constructor() {
    deviceErrors.subscribe(this.#listen);
  }

  /** Attaches what is known of the errors that failed the test; those that the test caught and outlived aren't among them. */
  async attachTo(testInfo: TestInfo): Promise<void> {
    const failed = this.#made.filter((error) => testInfo.errors.some((shown) => shows(shown, error)));
    for (const error of new Set(failed)) await testInfo.attach(error.name, asAttachment(failure, describeFailure(error)));
  }

  [Symbol.dispose](): void {
    deviceErrors.unsubscribe(this.#listen);
  }
}

function shows(shown: TestInfoError, error: DeviceError): boolean {
  // Playwright writes `Name: message`.
  if (shown.message?.includes(error.message) === true) return true;
  return shown.cause !== undefined && shows(shown.cause, error);
}
