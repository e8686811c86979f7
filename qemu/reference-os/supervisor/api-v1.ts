import type { ApiKeys } from './api-keys.ts';
import type { Device } from './device.ts';
import { BadRequest, UpdatesLocked, messageOf } from './errors.ts';
import { readHostConfig, requestedHostname } from './host-config.ts';
import { integer, isTruthy } from './json-values.ts';
import type { Operations, ServiceAction } from './operations.ts';
import type { PowerAction } from './power.ts';
import { bare, failed, failure, json, plainRefusal, text } from './reply.ts';
import type { Reports } from './reports.ts';
import type { Handler, Routes } from './routes.ts';
import type { DeviceFiles } from './settings.ts';
import type { TargetStore } from './target-store.ts';

export interface ApiParts {
  files: DeviceFiles;
  device: Device;
  keys: ApiKeys;
  targets: TargetStore;
  operations: Operations;
  reports: Reports;
  /** Runs something while the locks of every app on the device are held. */
  withAllLocks: (force: boolean, operation: () => Promise<void>) => Promise<void>;
  /** Takes the device down, once nothing forbids it. */
  power: (action: PowerAction, force: boolean) => Promise<void>;
}

/** These two come before the body is read: a malformed one doesn't disturb them (v19.0.5). */
export function bodilessRoutes({ keys }: ApiParts): Routes {
  return {
    'POST /v1/blink': () => bare(200),
    'POST /v1/regenerate-api-key': async ({ caller }) => text(200, await keys.refresh(caller.key)),
  };
}

export function v1Routes(parts: ApiParts): Routes {
  const { operations, reports, targets } = parts;
  return {
    'POST /v1/restart': async ({ body, caller }) => {
      const appId = integer(body['appId']);
      if (appId === undefined) return text(400, 'Missing app id');
      if (!caller.permits(appId)) return failed(401, 'Unauthorized');
      await operations.restartApp(appId, isTruthy(body['force']));
      return text(200, 'OK');
    },
    'POST /v1/purge': async ({ body, caller }) => {
      const appId = integer(body['appId']);
      if (appId === undefined) return text(400, 'Invalid or missing appId');
      if (!caller.permits(appId)) return failed(401, 'Unauthorized');
      await operations.purgeApp(appId, isTruthy(body['force']));
      return json(200, { Data: 'OK', Error: '' });
    },
    'POST /v1/apps/:appId/stop': legacyServiceAction('stop', parts),
    'POST /v1/apps/:appId/start': legacyServiceAction('start', parts),
    'GET /v1/apps/:appId': async ({ parameters, caller }) => {
      const appId = integer(parameters['appId']);
      if (appId === undefined) return text(400, 'Missing app id');
      if (!caller.permits(appId)) return failed(401, 'Application is not available');
      try {
        return json(200, await reports.singleContainerApp(appId));
      } catch (error) {
        return plainRefusal(error);
      }
    },
    // There is no cloud to fetch a target from: an update is acknowledged as v19.0.5 does where it can't reach its own.
    'POST /v1/update': ({ body }) =>
      bare(isTruthy(body['force']) || isTruthy(targets.config['SUPERVISOR_INSTANT_UPDATE_TRIGGER']) ? 204 : 202),
    'POST /v1/reboot': powerAction('Reboot', parts),
    'POST /v1/shutdown': powerAction('PowerOff', parts),
    'GET /v1/device': async () => json(200, await reports.device()),
    'GET /v1/device/host-config': async () => json(200, await readHostConfig(parts.files)),
    'PATCH /v1/device/host-config': patchHostConfig(parts),
  };
}

function legacyServiceAction(action: ServiceAction, { operations, reports }: ApiParts): Handler {
  return async ({ parameters, body, caller }) => {
    const appId = integer(parameters['appId']);
    if (appId === undefined) return text(400, 'Invalid app id');
    if (!caller.permits(appId)) return text(401, 'Unauthorized');
    try {
      await operations.actOnService(action, appId, {}, { force: isTruthy(body['force']), legacy: true });
    } catch (error) {
      return plainRefusal(error);
    }
    const service = (await reports.services(() => true)).find((candidate) => candidate.appId === appId);
    return json(200, { containerId: service?.containerId });
  };
}

/** 202, then the device goes down; 423 while a lock or an OS update forbids it. Any key will do, whichever app it is of. */
function powerAction(action: PowerAction, { power }: ApiParts): Handler {
  return async ({ body }) => {
    try {
      await power(action, isTruthy(body['force']));
      return json(202, { Data: 'OK', Error: null });
    } catch (error) {
      return json(error instanceof UpdatesLocked ? 423 : 500, { Data: '', Error: messageOf(error) });
    }
  };
}

/** Writes the name into config.json, from which the OS takes it. Its refusals are text. */
function patchHostConfig({ device, withAllLocks }: ApiParts): Handler {
  return async ({ body }) => {
    try {
      const hostname = requestedHostname(body, device);
      if (hostname !== undefined) await withAllLocks(isTruthy(body['force']), () => device.configure({ hostname }));
      return text(200, 'OK');
    } catch (error) {
      if (error instanceof BadRequest || error instanceof UpdatesLocked) return text(error.status, error.message);
      return text(failure(error).status, messageOf(error));
    }
  };
}
