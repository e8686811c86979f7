import module from 'node:module';
import { deviceSettings } from './settings.ts';
import { startSupervisor } from './supervisor.ts';

async function main(): Promise<void> {
  const supervisor = await startSupervisor(deviceSettings);
  process.once('SIGTERM', () => {
    void supervisor.close().then(() => process.exit(0));
  });
  // Kept now, so that a power cut doesn't cost the next boot its compiled code.
  if ('flushCompileCache' in module) module.flushCompileCache(); // not in Node 20
  await supervisor.stuck;
}

// A failure ends the process, upon which systemd starts it anew.
void main();
