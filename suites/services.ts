import { type App, type AppSpec, budgets, type Device, emulationSlowness, type Service } from '../devices/index.ts';
import { expect, test as suiteTest } from './suite.ts';

/** How long a service may take to run again after a boot or a re-creation. Seen on an idle host: 4–12 s. */
const runningBudget = budgets(emulationSlowness).services;

/** The app that a suite works with, deployed once a worker. */
export const testWithApp = (spec: AppSpec) =>
  suiteTest.extend<object, { app: App }>({
    app: [
      async ({ device, beginning }, use) => {
        const deploy = async () => {
          // The test before may have left a device that has just booted.
          await device.ready();
          return device.engine.deploy(spec);
        };
        const app = await deploy();
        // Its services are found by their labels, on another device too.
        beginning.onFresh(deploy);
        await use(app);
        // It stays: the suite after this one has a fresh device, or a target state of its own; the worker that follows a failure takes it over as it is.
      },
      { scope: 'worker', title: `app ${spec.name}`, timeout: 10 * 60_000 },
    ],
  });

/** Resolves once each of these services runs. */
export async function allRunning(services: readonly Service[]): Promise<void> {
  await Promise.all(services.map((service) => service.running({ timeout: runningBudget })));
}

/** Resolves once the supervisor, after a boot, finds nothing left to do, and each of these services runs: until then it may yet re-create one. */
export async function backAfterBoot(device: Device, services: readonly Service[]): Promise<void> {
  await device.ready();
  const state = async () => (await device.supervisor.request('GET', '/v2/state/status')).json;
  await expect
    .poll(state, { message: 'the supervisor has applied its target state', timeout: runningBudget, intervals: [200] })
    .toMatchObject({ appState: 'applied' });
  await allRunning(services);
}

/** Each service's container id, by the service's name. */
export async function containerIds(services: readonly Service[]): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(services.map(async (service) => [service.name, await service.containerId()] as const)));
}

/** Has the supervisor restart a service, which re-creates its container. Source: POST /v2/applications/:id/restart-service. */
export async function recreate(device: Device, app: App, service: Service): Promise<void> {
  const answer = await device.supervisor.request('POST', `/v2/applications/${app.id}/restart-service`, {
    body: { serviceName: service.name },
    timeout: runningBudget,
  });
  expect(answer, `restart-service of ${service.name}`).toMatchObject({ status: 200 });
  await service.running({ timeout: runningBudget });
}
