import { mkdir } from 'node:fs/promises';
import { ApiKeys, uniqueKey } from './api-keys.ts';
import { AppChanges } from './app-changes.ts';
import { Applier } from './applier.ts';
import { currentApps } from './current-state.ts';
import { deferred } from './deferred.ts';
import { Device } from './device.ts';
import { Engine } from './engine.ts';
import { HttpApi } from './http-api.ts';
import { Operations } from './operations.ts';
import { type PowerAction, callLogind, refuseDuringOsUpdate } from './power.ts';
import { preload } from './preload.ts';
import { Reports } from './reports.ts';
import type { SpecContext } from './service-spec.ts';
import { SUPERVISOR_VERSION, type Settings, engineSocket, filesUnder } from './settings.ts';
import { StateStore } from './state-store.ts';
import { TargetStore } from './target-store.ts';
import { UpdateLocks } from './update-locks.ts';
import { log } from './log.ts';

export interface RunningSupervisor {
  port: number;
  /** Resolves once nothing is being applied and nothing waits to be. */
  idle(): Promise<void>;
  close(): Promise<void>;
  /** Rejects when the device was to go down and logind didn't take the call: the process must end, as its API is closed. */
  stuck: Promise<never>;
}

/** Reads the device, opens the API, and applies the last target state if there is one. */
export async function startSupervisor(settings: Settings): Promise<RunningSupervisor> {
  log('info', `Supervisor v${SUPERVISOR_VERSION} (reference) starting up`);
  const files = filesUnder(settings.root);
  const [device, store] = await Promise.all([Device.load(files), StateStore.open(files.state)]);
  await mkdir(files.serviceDirectory, { recursive: true });
  await device.ensureUuid(uniqueKey);
  const keys = new ApiKeys(store);
  const targets = new TargetStore(store, device);
  await targets.start();
  const engine = new Engine(() => engineSocket(settings));
  const locks = new UpdateLocks(settings, files);
  const changes = new AppChanges(engine, store);
  const stuck = deferred<never>();
  let port = device.listenPort ?? settings.port;

  const specContext = async (): Promise<SpecContext> => ({ settings, files, device, keys, hostname: await device.hostname(), port });
  const applier = new Applier({ engine, device, store, targets, locks, changes, paces: settings.paces, specContext });
  const withAllLocks = async (force: boolean, operation: () => Promise<void>): Promise<void> =>
    locks.holdApps([...(await currentApps(engine)).keys()], force || targets.lockOverride, operation);

  const power = async (action: PowerAction, force: boolean): Promise<void> => {
    if (!force) refuseDuringOsUpdate(files);
    await withAllLocks(force, async () => {
      applier.shutDown();
      api.stopListening();
      callLogind(action, settings).catch(stuck.reject);
    });
  };

  const api = new HttpApi(
    {
      files,
      device,
      keys,
      targets,
      operations: new Operations({ engine, store, targets, locks, changes, applier, specContext }),
      reports: new Reports({ files, engine, device, store, targets, changes, applier, port: () => port }),
      withAllLocks,
      power,
    },
    applier,
  );
  port = await api.listen(port);
  log('info', `Supervisor API listens on port ${port}; the device is ${device.unmanaged ? 'unmanaged' : 'managed'}`);

  if (!device.provisioned || !store.state.targetStateSet) await preload(files, device, targets, engine);
  await keys.global();
  if (store.state.targetStateSet) applier.trigger();
  else applier.triggerPreparation();

  return {
    port,
    idle: () => applier.queue.idle(),
    close: async () => {
      applier.shutDown();
      await api.close();
      await applier.queue.idle();
    },
    stuck: stuck.promise,
  };
}
