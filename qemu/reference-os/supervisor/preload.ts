import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { Device } from './device.ts';
import { readIfPresent, writeDurably } from './durable-file.ts';
import type { Engine } from './engine.ts';
import { InvalidTargetState, messageOf } from './errors.ts';
import { recordOr, stringRecord } from './json-values.ts';
import type { DeviceFiles } from './settings.ts';
import { parseTargetState } from './target-state.ts';
import { type TargetStore, plainConfig } from './target-store.ts';
import { log } from './log.ts';

/**
 * Takes a preloaded app from /mnt/data/apps.json, `{config, apps: {uuid: {id, name, releases: {…}}}}`: how a managed device that never met
 * its cloud gets one. The images must be on the device. The file is set aside as apps.json.preloaded, so that it is taken once (v19.0.5).
 */
export async function preload(files: DeviceFiles, device: Device, targets: TargetStore, engine: Engine): Promise<void> {
  const text = await readIfPresent(files.appsJson);
  if (text === undefined) return;
  try {
    const content = recordOr(JSON.parse(text));
    const config = { ...targets.config, SUPERVISOR_LOCAL_MODE: String(targets.localMode), ...plainConfig(stringRecord(content['config'])) };
    const target = parseTargetState({ name: '', config, apps: content['apps'] ?? {} }, device.uuid);
    if (target.apps.length === 0 && Object.keys(recordOr(content['config'])).length === 0) return;
    const images = target.apps.flatMap((app) => Object.values(app.release?.services ?? {}).map((service) => service.image));
    for (const image of images) {
      if ((await engine.image(image)) === undefined) throw new InvalidTargetState(`the image ${image} isn't on the device`);
    }
    await targets.set(target, false);
    await setAside(files.appsJson);
    log('info', `preloaded ${target.apps.length} app(s) from ${files.appsJson}`);
  } catch (error) {
    // A broken preload must not keep the supervisor down; the device goes on with what it has.
    log('error', `${files.appsJson} can't be preloaded: ${messageOf(error)}`);
  }
}

async function setAside(appsJson: string): Promise<void> {
  const kept = `${appsJson}.preloaded`;
  if (existsSync(kept)) return;
  await rename(appsJson, kept);
  await writeDurably(appsJson, '{}');
}
