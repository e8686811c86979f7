import module from 'node:module';
import { deviceSettings } from './settings.ts';
import { startSupervisor } from './supervisor.ts';

const supervisor = await startSupervisor(deviceSettings);
process.once('SIGTERM', () => {
  void supervisor.close().then(() => process.exit(0));
});
// Kept now, so that a power cut doesn't cost the next boot its compiled modules.
if ('flushCompileCache' in module) module.flushCompileCache(); // not in Node 20
// Ends the process with a failure, upon which systemd starts it anew.
await supervisor.stuck;
