import type { RunRecord, TestRecord } from './run-record.ts';

/** The command that runs this again: `boardwalk run <suite> --grep <what> --device <type> --seed <seed>`. `what` is a promise's id without its suite. */
export function againCommand(run: RunRecord, suite: string, promise: string | undefined, test: TestRecord | undefined): string {
  const what =
    promise === undefined
      ? test === undefined
        ? suite
        : literally(test.title)
      : promise.startsWith(`${suite}.`)
        ? promise.slice(suite.length + 1)
        : promise;
  const device = test?.attempts[0]?.started.device;
  const type = run.started?.devices.find(({ id }) => id === device)?.type ?? run.started?.devices[0]?.type;
  return [
    `npx boardwalk run ${quote(suite)} --grep ${quote(what)}`,
    ...(type === undefined ? [] : [`--device ${quote(type)}`]),
    ...(run.started === undefined ? [] : [`--seed ${run.started.seed}`]),
  ].join(' ');
}

/** As a regular expression, which --grep takes. */
const literally = (title: string): string => title.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

/** For a POSIX shell. */
const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
