import { readFile } from 'node:fs/promises';
import { readIfPresent, writeDurably } from './durable-file.ts';
import { DeviceFileError, messageOf } from './errors.ts';
import { type JsonRecord, isRecord, recordOr, stringOr } from './json-values.ts';
import type { DeviceFiles } from './settings.ts';

/** Who and what the device is: config.json, device-type.json and os-release, read once at start as v19.0.5 does. */
export class Device {
  readonly #files: DeviceFiles;
  #config: JsonRecord;
  readonly type: string;
  readonly architecture: string;
  readonly #osRelease: Record<string, string>;

  private constructor(files: DeviceFiles, config: JsonRecord, deviceType: JsonRecord, osRelease: Record<string, string>) {
    this.#files = files;
    this.#config = config;
    this.type = stringOr(deviceType['slug'], 'unknown');
    this.architecture = stringOr(deviceType['arch'], 'unknown');
    this.#osRelease = osRelease;
  }

  static async load(files: DeviceFiles): Promise<Device> {
    const [config, deviceType, osRelease] = await Promise.all([
      readJson(files.configJson),
      readJson(files.deviceTypeJson),
      readFile(files.osRelease, 'utf8'),
    ]);
    return new Device(files, config, deviceType, parseOsRelease(osRelease));
  }

  get uuid(): string {
    return stringOr(this.#config['uuid'], '');
  }

  /** Empty on an unmanaged device. */
  get apiEndpoint(): string {
    return stringOr(this.#config['apiEndpoint'], '');
  }

  /** A device is unmanaged when its config.json names no cloud. */
  get unmanaged(): boolean {
    return this.apiEndpoint === '';
  }

  get deviceApiKey(): string {
    return stringOr(this.#config['deviceApiKey'], '');
  }

  get listenPort(): number | undefined {
    const port = this.#config['listenPort'];
    return typeof port === 'number' ? port : undefined;
  }

  /** Whether the cloud knows the device: such a device takes its apps from there and not from apps.json. */
  get provisioned(): boolean {
    return ['uuid', 'apiEndpoint', 'registered_at', 'deviceId'].every((key) => Boolean(this.#config[key]));
  }

  /** The host OS's PRETTY_NAME, without its quotes. */
  get osVersion(): string | undefined {
    return this.#osRelease['PRETTY_NAME'];
  }

  get boardRevision(): string | undefined {
    return this.#osRelease['BALENA_BOARD_REV'] ?? this.#osRelease['RESIN_BOARD_REV'];
  }

  /** The host's name as a container on the host network gets it: config.json's if set, else the one in force. */
  async hostname(): Promise<string> {
    const configured = this.#config['hostname'];
    if (typeof configured === 'string') return configured.trim();
    return ((await readIfPresent(this.#files.hostname)) ?? '').trim();
  }

  /** Puts values into config.json. The file is read anew first: the OS may have written it since start. */
  async configure(values: JsonRecord): Promise<void> {
    const current = await readJson(this.#files.configJson);
    this.#config = { ...current, ...values };
    await writeDurably(this.#files.configJson, JSON.stringify(this.#config));
  }

  /** A device that has no uuid makes one, unless the OS made one since the file was read; a managed one makes its key to the cloud too. */
  async ensureUuid(make: () => string): Promise<void> {
    if (this.uuid === '') this.#config = await readJson(this.#files.configJson);
    if (this.uuid === '') await this.configure({ uuid: make() });
    if (!this.unmanaged && this.deviceApiKey === '') await this.configure({ deviceApiKey: make() });
  }

  /** Tells the OS where to look for further firmware (v19.0.5 writes it at each start that finds it otherwise). */
  async nameExtraFirmwareVolume(volume: string): Promise<void> {
    const os = recordOr(this.#config['os']);
    const kernel = recordOr(os['kernel']);
    if (kernel['extraFirmwareVol'] === volume) return;
    await this.configure({ os: { ...os, kernel: { ...kernel, extraFirmwareVol: volume } } });
  }
}

async function readJson(path: string): Promise<JsonRecord> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (isRecord(value)) return value;
  } catch (error) {
    throw new DeviceFileError(`${path} can't be read as JSON: ${messageOf(error)}`, { cause: error });
  }
  throw new DeviceFileError(`${path} holds no JSON object`);
}

/** os-release is a list of shell assignments; only the enclosing double quotes are taken off, as v19.0.5 does. */
export function parseOsRelease(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals < 1) continue;
    values[line.slice(0, equals).trim()] = line
      .slice(equals + 1)
      .trim()
      .replace(/^"(.+)"$/, '$1');
  }
  return values;
}
