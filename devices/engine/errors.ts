import { DeviceError } from '../errors.ts';

/** Nothing speaks the engine's API where it should. */
export class EngineUnreachable extends DeviceError {
  override readonly name = 'EngineUnreachable';
}

/** The engine answered a request with an error. */
export class EngineRefused extends DeviceError {
  override readonly name = 'EngineRefused';
}

/** The supervisor didn't take the target state; the evidence is what was posted and its answer. */
export class TargetStateRefused extends DeviceError {
  override readonly name = 'TargetStateRefused';
}

/** The supervisor took the target state, but a service isn't as it says; the evidence is its container's state and last words. */
export class ServiceNeverRan extends DeviceError {
  override readonly name = 'ServiceNeverRan';
}

/** No container carries the labels of the service. */
export class NoSuchService extends DeviceError {
  override readonly name = 'NoSuchService';
}

/** The stream of a command in a container broke before its exit code was known. */
export class ExecLost extends DeviceError {
  override readonly name = 'ExecLost';
}

/** The container is gone or doesn't run: the command wasn't executed. */
export class NotExecuted extends DeviceError {
  override readonly name = 'NotExecuted';
}

/** Turns what dockerode throws into one of the above. */
export function engineError(doing: string, error: unknown): DeviceError {
  if (error instanceof DeviceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'statusCode' in error) {
    return new EngineRefused(`the engine refused ${doing}: ${message.trim()}`, {
      blame: 'product',
      evidence: [{ kind: 'http', text: message.trim() }],
      advice: 'The engine’s own account is in `journalctl -u balena` on the device.',
      cause: error,
    });
  }
  return new EngineUnreachable(`no container engine answered ${doing}: ${message}`, {
    blame: 'product',
    evidence: [{ kind: 'http', text: message }],
    advice: 'Only a development image opens the engine on TCP 2375: is developmentMode true in config.json, and balena.service running?',
    cause: error,
  });
}
