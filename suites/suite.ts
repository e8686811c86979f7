import { test as deviceTest, proves as provesIds } from '../devices/index.ts';
import { componentVersions } from './ground-truth.ts';
import { isPromiseId, notPromised, promise, type PromiseId } from './promises.ts';

export { expect, measure } from '../devices/index.ts';

/** The devices' test; one whose promises this device's versions don't make is skipped and says so. */
export const test = deviceTest.extend<{ promisedHere: void }>({
  promisedHere: [
    async ({ device, once }, use, testInfo) => {
      const claimed = testInfo.annotations.flatMap(({ type, description }) => (type === 'promise' && description ? [description] : []));
      const ranged = claimed
        .filter(isPromiseId)
        .map(promise)
        .filter((record) => record.versions !== undefined);
      if (ranged.length > 0) {
        const running = await once('component versions', () => componentVersions(device));
        const reasons = ranged.flatMap((record) => notPromised(record, running) ?? []);
        testInfo.skip(reasons.length === ranged.length && reasons.length === claimed.length, reasons.join('; '));
      }
      await use();
    },
    { auto: true },
  ],
});

/** The promises that a test proves. What they need of a device, and what they provoke on its console, comes from the catalogue. */
export function proves(...ids: [PromiseId, ...PromiseId[]]) {
  const records = ids.map(promise);
  const needs = [...new Set(records.flatMap((record) => record.needs ?? []))];
  const provokes = [...new Set(records.flatMap((record) => record.provokes ?? []))];
  return provesIds(...ids, { needs, provokes });
}
