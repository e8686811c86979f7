import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { JsonRecord } from '../json-values.ts';
import type { Settings } from '../settings.ts';
import { logTo } from '../log.ts';
import { type RunningSupervisor, startSupervisor } from '../supervisor.ts';
import { EngineDouble } from './engine-double.ts';

export const UUID = '0123456789abcdef0123456789abcdef';

export interface Answer {
  status: number;
  type: string;
  text: string;
  /** The body as JSON; undefined where it isn't any. */
  json: unknown;
}

interface CallOptions {
  body?: unknown;
  /** The body as it goes over the wire, for what is no JSON. */
  raw?: string;
  headers?: Record<string, string>;
}

/** What the supervisors of this process logged. */
export const logged: string[] = [];
logTo((line) => logged.push(line));

/** A device in a temporary directory: its files, an engine double, and the real supervisor between them. */
export class DeviceDouble {
  readonly root: string;
  readonly engine = new EngineDouble();
  #supervisor: RunningSupervisor | undefined;
  #settings: Settings;

  private constructor(root: string, settings: Partial<Settings>) {
    this.root = root;
    this.#settings = {
      root,
      port: 0,
      engineSockets: [join(root, 'engine.sock')],
      busctl: join(root, 'busctl'),
      lockOwner: 65534,
      paces: { powerDelay: 1, backoffUnit: 5, backoffLimit: 40, lockWait: 200 },
      ...settings,
    };
  }

  static async make(config: JsonRecord = {}, settings: Partial<Settings> = {}): Promise<DeviceDouble> {
    const device = new DeviceDouble(await mkdtemp(join(tmpdir(), 'supervisor-')), settings);
    await device.write(
      '/mnt/boot/config.json',
      JSON.stringify({ uuid: UUID, deviceType: 'qemux86-64', initialDeviceName: 'factory', ...config }),
    );
    await device.write('/mnt/boot/device-type.json', '{"slug":"qemux86-64","arch":"amd64"}');
    await device.write(
      '/etc/os-release',
      'ID="balena-os"\nPRETTY_NAME="balenaOS 2.113.18"\nMETA_BALENA_VERSION="2.113.18"\nVARIANT_ID="dev"\n',
    );
    await device.write('/etc/hostname', '0123456\n');
    await device.write('/lib/modules/here', '');
    await device.write('/sys/class/net/eth0/type', '1\n');
    await device.write('/sys/class/net/eth0/address', '52:54:00:ab:cd:ef\n');
    await mkdir(join(device.root, 'mnt/state'), { recursive: true });
    // The bus: a program that keeps what it was asked, one line a call, in the order of the arguments.
    await writeFile(join(device.root, 'busctl'), `#!/bin/sh\necho "$@" >> ${device.root}/bus-calls\n`, { mode: 0o755 });
    await device.engine.listen(join(device.root, 'engine.sock'));
    device.engine.addImage('app:latest', { id: `sha256:${'a'.repeat(64)}`, environment: ['PATH=/bin', 'FROM_IMAGE=yes'] });
    return device;
  }

  /** Starts the supervisor, or starts it again as after a crash of the process or of the device. */
  async start(settings: Partial<Settings> = {}): Promise<void> {
    await this.#supervisor?.close();
    this.#settings = { ...this.#settings, ...settings };
    this.#supervisor = await startSupervisor(this.#settings);
  }

  get supervisor(): RunningSupervisor {
    if (this.#supervisor === undefined) throw new RangeError('the supervisor was not started');
    return this.#supervisor;
  }

  async call(route: string, { body, raw, headers = {} }: CallOptions = {}): Promise<Answer> {
    const [method = 'GET', path = '/'] = route.split(' ');
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`http://127.0.0.1:${this.supervisor.port}${path}`, {
      method,
      headers: payload === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(payload === undefined ? {} : { body: payload }),
    });
    const text = await response.text();
    return { status: response.status, type: response.headers.get('content-type') ?? '', text, json: asJson(text) };
  }

  /** Posts a target state and waits until it is applied. */
  async deploy(body: JsonRecord): Promise<void> {
    const answer = await this.call('POST /v2/local/target-state', { body });
    if (answer.status !== 200) throw new RangeError(`${answer.status} ${answer.text}`);
    await this.supervisor.idle();
  }

  async write(path: string, content: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), content);
  }

  async read(path: string): Promise<string> {
    return readFile(join(this.root, path), 'utf8');
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.root, path), { recursive: true, force: true });
  }

  async dispose(): Promise<void> {
    await this.#supervisor?.close();
    await this.engine.close();
    await rm(this.root, { recursive: true, force: true });
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Half of the API answers in plain text.
    return undefined;
  }
}

/** A target state of one app, 1234 `shop`, in the v2 form that local mode takes. */
export function targetState(
  services: Record<string, JsonRecord>,
  more: { app?: JsonRecord; local?: JsonRecord; force?: boolean } = {},
): JsonRecord {
  const numbered = Object.entries(services).map(([serviceName, service], index): [string, JsonRecord] => [
    String(index + 1),
    { imageId: index + 1, serviceName, image: 'app:latest', running: true, environment: {}, labels: {}, ...service },
  ]);
  const app = {
    name: 'shop',
    commit: 'deadbeef',
    releaseId: 7,
    services: Object.fromEntries(numbered),
    volumes: {},
    networks: {},
    ...more.app,
  };
  return { force: more.force ?? false, local: { name: 'bench device', config: {}, apps: { 1234: app }, ...more.local } };
}
