import { Command } from 'commander';
import { version } from './version.ts';
import { consoleCommand } from './commands/console.ts';
import { devicesCommand } from './commands/devices.ts';
import { doctorCommand } from './commands/doctor.ts';
import { imageCommand } from './commands/image.ts';
import { powerCommand } from './commands/power.ts';
import { promisesCommand } from './commands/promises.ts';
import { reportCommand } from './commands/report.ts';
import { runCommand } from './commands/run.ts';
import { sshCommand } from './commands/ssh.ts';
import { tellError } from './tell-error.ts';

const program = new Command('boardwalk')
  .description('Tests operating-system images on the boards they are made for, and on virtual machines booted from the same flash images.')
  .version(version)
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'boardwalk: ')) })
  // Usage errors are exit code 2, as everywhere in boardwalk; help and version are no errors.
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2));

for (const command of [
  runCommand,
  devicesCommand,
  consoleCommand,
  sshCommand,
  powerCommand,
  imageCommand,
  promisesCommand,
  reportCommand,
  doctorCommand,
]) {
  program.addCommand(command.copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tellError(error);
}
