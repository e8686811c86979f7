import type { ApiParts } from './api-v1.ts';
import type { Applier } from './applier.ts';
import { InvalidTargetState } from './errors.ts';
import { integer, isTruthy } from './json-values.ts';
import { NO_CHOICE, type ServiceAction } from './operations.ts';
import { failed, json, plainRefusal, text } from './reply.ts';
import type { Handler, Routes } from './routes.ts';
import { SUPERVISOR_VERSION } from './settings.ts';
import { fromV2, parseTargetState } from './target-state.ts';

export function v2Routes(parts: ApiParts, applier: Applier): Routes {
  const { reports, targets, device, operations } = parts;
  return {
    'GET /v2/version': () => json(200, { status: 'success', version: SUPERVISOR_VERSION }),
    'GET /v2/device/name': () => json(200, { status: 'success', deviceName: targets.name }),
    'GET /v2/local/device-info': () => json(200, { status: 'success', info: { arch: device.architecture, deviceType: device.type } }),
    'GET /v2/local/target-state': () => json(200, { status: 'success', state: reports.target() }),
    'POST /v2/local/target-state': setTargetState(parts, applier),
    'GET /v2/containerId': containerIds(parts),
    'GET /v2/state/status': async ({ caller }) => json(200, await reports.status(caller.permits)),
    'GET /v2/applications/state': async ({ caller }) => json(200, await reports.applications(caller.permits)),
    'GET /v2/applications/:appId/state': async ({ parameters, caller }) => {
      const appId = integer(parameters['appId']);
      if (!appId) return failed(400, `Invalid application ID: ${parameters['appId']}`);
      const state = caller.permits(appId) ? await reports.application(appId) : undefined;
      return state === undefined ? failed(409, `Application ID does not exist: ${appId}`) : json(200, state);
    },
    'POST /v2/applications/:appId/restart-service': serviceAction('restart', parts),
    'POST /v2/applications/:appId/stop-service': serviceAction('stop', parts),
    'POST /v2/applications/:appId/start-service': serviceAction('start', parts),
    'POST /v2/applications/:appId/restart': appAction((appId, force) => operations.restartApp(appId, force)),
    'POST /v2/applications/:appId/purge': appAction((appId, force) => operations.purgeApp(appId, force)),
  };
}

/** Only in local mode. A good target is kept before it is answered, and applied after. */
function setTargetState({ targets, device }: ApiParts, applier: Applier): Handler {
  return async ({ body }) => {
    if (!targets.localMode) return failed(400, 'Target state can only set when device is in local mode');
    try {
      await targets.set(parseTargetState(fromV2(body, targets.name), device.uuid), true);
    } catch (error) {
      if (error instanceof InvalidTargetState) return failed(400, error.message);
      throw error;
    }
    applier.forgetFailures();
    applier.trigger({ force: isTruthy(body['force']) });
    return json(200, { status: 'success', message: 'OK' });
  };
}

function containerIds({ reports }: ApiParts): Handler {
  return async ({ caller, query }) => {
    const services = await reports.services(caller.permits);
    const wanted = query.get('serviceName') ?? query.get('service');
    if (wanted === null) {
      const ids = Object.fromEntries(services.map((service) => [service.serviceName, service.containerId]));
      return json(200, { status: 'success', services: ids });
    }
    const service = services.find((candidate) => candidate.serviceName === wanted);
    if (service === undefined) return failed(503, 'Could not find service with that name');
    return json(200, { status: 'success', containerId: service.containerId });
  };
}

function serviceAction(action: ServiceAction, { operations }: ApiParts): Handler {
  return async ({ parameters, body, caller }) => {
    const appId = integer(parameters['appId']);
    if (!appId) return failed(400, 'Invalid app id');
    if (!caller.permits(appId)) return failed(401, 'Unauthorized');
    const choice = { serviceName: nonEmpty(body['serviceName']), imageId: integer(body['imageId']) };
    if (choice.serviceName === undefined && !choice.imageId) return text(400, NO_CHOICE);
    try {
      await operations.actOnService(action, appId, choice, { force: isTruthy(body['force']), legacy: false });
      return text(200, 'OK');
    } catch (error) {
      return plainRefusal(error);
    }
  };
}

function appAction(action: (appId: number, force: boolean) => Promise<void>): Handler {
  return async ({ parameters, body, caller }) => {
    const appId = integer(parameters['appId']);
    if (!appId) return failed(400, 'Missing app id');
    if (!caller.permits(appId)) return failed(401, 'Unauthorized');
    await action(appId, isTruthy(body['force']));
    return text(200, 'OK');
  };
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && !['', 'null', 'undefined'].includes(value) ? value : undefined;
}
