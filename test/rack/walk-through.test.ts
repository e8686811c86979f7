import test from 'ava';
import { workingDirectory } from '../end-to-end/command.ts';
import { runRack } from './rack.ts';
import { walkThrough } from './walk-through.ts';

// Ten minutes of an emulated bench: `npm run rack` has it, CI hasn't.
const walk = process.env['BOARDWALK_RACK'] === 'whole' ? test.serial : test.serial.skip;

walk('docs/first-board.md, word by word, on an emulated bench: from init to a verdict', async (t) => {
  t.timeout(60 * 60_000);
  const { path, remove } = await workingDirectory();
  t.teardown(remove);
  const end = await runRack({ directory: path, job: await walkThrough(), signal: AbortSignal.timeout(55 * 60_000) });
  t.log(end?.log);
  t.is(end?.code, 0, end?.log ?? 'the bench guest ended without a word');
});

test('docs/first-board.md has commands, answers and hands that the rack can follow', async (t) => {
  const script = await walkThrough();
  t.regex(
    script,
    /lever pull-cord\n[^]*lever bench\n[^]*image write balena\.img "\$disk" --yes\n[^]*lever board\n[^]*lever plug-cord\n[^]*npx boardwalk init <answers\n[^]*npx boardwalk doctor\n[^]*npx boardwalk run tmp/,
  );
  t.regex(
    script,
    /cat >answers <<END\nraspberrypi3-64\npi3-1\n1\n1\ny\n1\n10\.0\.2\.2\nssh: @SSH@, engine: @ENGINE@, supervisor: @SUPERVISOR@\nEND\n/,
  );
});
