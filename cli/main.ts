import { Command } from 'commander';
import { version } from './version.ts';

/** Each command by its name, loaded when it is called: what one needs (Playwright's types, the engine's client) would slow down all. */
const commands: Record<string, () => Promise<Command>> = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  devices: async () => (await import('./commands/devices.ts')).devicesCommand,
  console: async () => (await import('./commands/console.ts')).consoleCommand,
  ssh: async () => (await import('./commands/ssh.ts')).sshCommand,
  power: async () => (await import('./commands/power.ts')).powerCommand,
  image: async () => (await import('./commands/image.ts')).imageCommand,
  promises: async () => (await import('./commands/promises.ts')).promisesCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
};

const program = new Command('boardwalk')
  .description('Tests operating-system images on the boards they are made for, and on virtual machines booted from the same flash images.')
  .version(version)
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'boardwalk: ')) })
  // Usage errors are exit code 2, as everywhere in boardwalk; help and version are no errors.
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2));

const called = commands[process.argv[2] ?? ''];
for (const load of called ? [called] : Object.values(commands)) program.addCommand((await load()).copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (error) {
  const { tellError } = await import('./tell-error.ts');
  process.exitCode = tellError(error);
}
