import { isAbsolute } from 'node:path';
import { isRecord, stringOr } from './json-values.ts';
import { SERVICE_DIRECTORY } from './settings.ts';
import { log } from './log.ts';

export interface Mount {
  Type: string;
  Target: string;
  Source?: string;
  ReadOnly?: boolean;
  TmpfsOptions?: { SizeBytes: number };
}

/** What a service's container mounts. */
export interface Mounts {
  binds: string[];
  mounts: Mount[];
  /** Anonymous volumes, by their place in the container. */
  anonymous: string[];
}

/** The engine's name of an app's volume. */
export function volumeName(appId: number, name: string): string {
  return `${appId}_${name}`;
}

/**
 * The volumes of a compose service in the engine's form. Named volumes belong to the app; bind mounts of host paths are ignored with a
 * warning; each service gets its directory of locks twice (v19.0.5).
 */
export function serviceMounts(appId: number, service: string, declared: unknown, ofImage: string[]): Mounts {
  const result: Mounts = { binds: [], mounts: [], anonymous: [...ofImage] };
  for (const volume of Array.isArray(declared) ? declared : []) {
    if (typeof volume === 'string') addShort(appId, volume, result);
    else addLong(appId, volume, result);
  }
  const locks = `${SERVICE_DIRECTORY}/${appId}/${service}`;
  result.binds.push(`${locks}:/tmp/resin`, `${locks}:/tmp/balena`);
  return result;
}

function addShort(appId: number, volume: string, result: Mounts): void {
  const [source = '', target, mode] = volume.split(':').map((part) => part.trim());
  if (target === undefined) result.anonymous.push(source);
  else if (isAbsolute(source)) warnOfBind(volume);
  else result.binds.push([volumeName(appId, source), target, ...(mode === undefined ? [] : [mode])].join(':'));
}

function addLong(appId: number, volume: unknown, result: Mounts): void {
  if (!isRecord(volume) || typeof volume['target'] !== 'string') {
    log('warning', `Ignoring invalid compose volume definition ${JSON.stringify(volume)}`);
    return;
  }
  const source = volume['source'];
  const type = stringOr(volume['type'], '');
  const readOnly = volume['readOnly'] ?? volume['read_only'];
  const mount: Mount = { Type: type, Target: volume['target'], ...(readOnly === true ? { ReadOnly: true } : {}) };
  if (type === 'tmpfs' && source === undefined) {
    const size = isRecord(volume['tmpfs']) ? volume['tmpfs']['size'] : undefined;
    result.mounts.push({ ...mount, ...(typeof size === 'number' ? { TmpfsOptions: { SizeBytes: size } } : {}) });
  } else if (type === 'volume' && (source === undefined || (typeof source === 'string' && !isAbsolute(source)))) {
    result.mounts.push({ ...mount, ...(source === undefined ? {} : { Source: volumeName(appId, source.trim()) }) });
  } else {
    warnOfBind(JSON.stringify(volume));
  }
}

function warnOfBind(volume: string): void {
  log('warning', `Ignoring invalid bind mount ${volume}`);
}
