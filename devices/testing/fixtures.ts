import { test as base } from '@playwright/test';
import { budgets, emulationSlowness } from '../budgets.ts';
import { createDevice } from '../compose.ts';
import type { Capability, Device } from '../device.ts';
import { connectBench } from '../remote/client.ts';
import { asAttachment, consoleSlice, describeFailure, failure } from './attachments.ts';
import { deviceTime } from './device-time.ts';
import { EvidenceCollector } from './evidence.ts';
import { leasedDevice } from './lease.ts';
import { Beginning, workOf } from './beginning.ts';
import { onceFor, type Once } from './once.ts';
import { needsOf } from './proves.ts';

export interface WorkerFixtures {
  /** What the bench owns of this worker's leased device, over the bench's socket. */
  parts: Awaited<ReturnType<typeof connectBench>>;
  /** The leased device of this worker. */
  device: Device;
  once: Once;
  /** Says to the bench what begins; what hangs on the device is done again where it was made fresh in the middle of a suite. */
  beginning: Beginning;
  /** Waits until the device answers, once a worker: the one before may have ended because it didn't. */
  found: { ready(): Promise<unknown> };
}

export interface TestFixtures {
  /** What goes round each test: the device is ready, the console is marked, evidence is attached. */
  recorded: void;
}

/** Power-on, services, and a power cycle to tell a broken board from a broken reboot: what `ready` may take at most, with a margin. */
const readyBudget = 3 * (budgets(emulationSlowness).boot + budgets(emulationSlowness).services);

/** Playwright's `test` with a device. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  parts: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads what a fixture needs off this pattern
    async ({}, use, { parallelIndex }) => {
      const parts = await connected(parallelIndex);
      await use(parts);
      await parts.close();
    },
    { scope: 'worker', box: true },
  ],

  beginning: [
    async ({ parts }, use) => {
      const beginning = new Beginning(parts);
      // Before anything of this suite is set up.
      await beginning.of(workOf(base.info()));
      await use(beginning);
    },
    // A fresh device may have to boot, be kept and be restored.
    { scope: 'worker', box: true, timeout: 2 * readyBudget },
  ],

  device: [
    async ({ parts, beginning: _begun }, use) => {
      const device = createDevice(parts);
      try {
        await use(deviceTime.counting(device));
      } finally {
        await device.close();
      }
    },
    { scope: 'worker', title: 'device' },
  ],

  found: [
    async ({ device }, use) => {
      let answers: Promise<unknown> | undefined;
      await use({ ready: () => (answers ??= device.ready()) });
    },
    { scope: 'worker', box: true },
  ],

  once: [
    async ({ device, beginning }, use) => {
      const steps = onceFor(device);
      beginning.onFresh(async () => steps.forget());
      await use(steps.once);
    },
    { scope: 'worker', box: true },
  ],

  recorded: [
    async ({ device, found, beginning }, use, testInfo) => {
      // 1. A device that lacks what the test needs: skip before anything is done to it.
      for (const need of needsOf(testInfo.annotations)) {
        const reason = await lacks(device, need);
        testInfo.skip(reason !== undefined, reason);
      }

      // 2. The test, between two marks on the console, on a device that answers.
      using evidence = new EvidenceCollector();
      const from = await device.console.mark();
      const before = deviceTime.milliseconds;
      const attachConsole = async () => {
        const deviceSeconds = (deviceTime.milliseconds - before) / 1000;
        const slice = { device: device.id, from, to: await device.console.mark(), deviceSeconds };
        await testInfo.attach('console', asAttachment(consoleSlice, slice));
      };
      try {
        await beginning.of(workOf(testInfo));
        await found.ready();
      } catch (error) {
        await attachConsole();
        await testInfo.attach('failure', asAttachment(failure, describeFailure(error)));
        throw error;
      }
      await use();

      // 3. What a reader of the report needs.
      await attachConsole();
      await evidence.attachTo(testInfo);
    },
    { auto: true, box: true, timeout: readyBudget },
  ],
});

async function connected(parallelIndex: number): ReturnType<typeof connectBench> {
  try {
    return await connectBench(leasedDevice(process.env, parallelIndex));
  } catch (error) {
    // The test that wanted the device is under way, but what would attach this for it isn't set up yet.
    await base.info().attach('failure', asAttachment(failure, describeFailure(error)));
    throw error;
  }
}

/** Why the device can't do it; undefined where it can. */
async function lacks(device: Device, need: Capability): Promise<string | undefined> {
  if (!device.capabilities.has(need)) return `${device.id} (${device.type}) has no ${need}`;
  if (need === 'slots' && (await device.artifacts()).update === undefined) return `there is no update file for the image on ${device.id}`;
  return undefined;
}
