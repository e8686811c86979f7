import { z } from 'zod';
import type { Device, Service } from '../devices/index.ts';
import { expect } from './suite.ts';

/*
 * Keys count only on a device that is managed (config.json names an apiEndpoint) and out of local mode; the suites, though, deploy
 * in local mode. So a device setting is changed for the duration: config.json gets an endpoint that nobody answers at, the
 * supervisor is started anew and, since nothing asks for local mode any more, leaves it; then the API is asked; then config.json is
 * put back byte for byte. Leaving local mode removes the app that came with it, so the questions are asked from the host's own
 * loopback, with a key that a service was given before, and come last in a suite. Source: balena-supervisor,
 * device-api/middleware/auth.ts, local-mode.ts, device-config.ts.
 */

const configPath = '/mnt/boot/config.json';
/** The supervisor's start under software emulation: 5–10 s seen, and a first look round. */
const startBudget = 180_000;
/** As a cloud would have written them. 192.0.2.0/24 is nobody's (RFC 5737). */
const provisioned = (appId: number) => ({
  apiEndpoint: 'http://192.0.2.1',
  deviceApiKey: 'f'.repeat(32),
  deviceId: 1,
  applicationId: appId,
  userId: 1,
  registered_at: 1,
});

/** No service's. */
export const wrongKey = '0'.repeat(32);

interface Answer {
  status: number;
  body: string;
}

/** Asks the supervisor on the host's loopback. */
type Ask = (method: 'GET' | 'POST', path: string, options?: { key?: string; body?: object }) => Promise<Answer>;

const askOn =
  (device: Device): Ask =>
  async (method, path, options = {}) => {
    const header = options.key === undefined ? '' : `-H 'Authorization: Bearer ${options.key}'`;
    const body = options.body === undefined ? '' : `-H 'Content-Type: application/json' -d '${JSON.stringify(options.body)}'`;
    const { stdout } = await device.host.run(
      `curl -s -m 20 -X ${method} ${header} ${body} -w '\\n%{http_code}' http://127.0.0.1:48484${path}`,
    );
    const end = stdout.lastIndexOf('\n');
    return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, Math.max(end, 0)) };
  };

/** Writes config.json whole, while no supervisor reads it, and starts the supervisor on it. */
async function startWith(device: Device, config: string): Promise<void> {
  await device.host.check('systemctl stop balena-supervisor.service', { timeout: startBudget });
  await device.host.check(`cat > ${configPath}.boardwalk && sync && mv ${configPath}.boardwalk ${configPath} && sync`, { stdin: config });
  await device.host.check('systemctl start balena-supervisor.service', { timeout: startBudget });
}

/** The key that a service was given; it needs the supervisor-api label. */
export async function supervisorKey(service: Service): Promise<string> {
  const { BALENA_SUPERVISOR_API_KEY: key = '' } = await service.environment();
  expect(key, 'the key in the environment of a service that asks for one').not.toBe('');
  return key;
}

/** Makes the device a managed one of app `appId` for as long as it takes to ask who may use its API. */
export async function whileManaged<Answers>(device: Device, appId: number, questions: (ask: Ask) => Promise<Answers>): Promise<Answers> {
  const ask = askOn(device);
  const { stdout: config } = await device.host.run(`cat ${configPath}`);
  try {
    await startWith(device, JSON.stringify({ ...z.record(z.string(), z.json()).parse(JSON.parse(config)), ...provisioned(appId) }));
    await expect
      .poll(async () => (await ask('GET', '/v2/version')).status, {
        message: 'the API of a managed device out of local mode asks for a key',
        timeout: startBudget,
        intervals: [1000],
      })
      .toBe(401);
    return await questions(ask);
  } finally {
    await startWith(device, config);
    await device.supervisor.ready({ timeout: startBudget });
  }
}
