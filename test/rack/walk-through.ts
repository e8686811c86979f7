import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const page = join(import.meta.dirname, '../../docs/first-board.md');

/** What the page has a person's hands do, and what the rack has for them. */
const hands: Readonly<Record<string, string>> = {
  'power cable out of the hub for now.': 'lever pull-cord',
  'Put the card into the reader.': 'lever bench',
  'Put the card into the Pi.': 'lever board',
  'power cable into the hub.': 'lever plug-cord',
};

/** What the rack calls by other names than the page: its disk, its address, its ports. */
function inTheRack(text: string): string {
  return text
    .replaceAll('/dev/sdX', '"$disk"')
    .replaceAll('192.168.1.50', '10.0.2.2')
    .replace(/^(Other ports than .*\?) *$/, '$1   ssh: @SSH@, engine: @ENGINE@, supervisor: @SUPERVISOR@');
}

/** A shell script that does, in order, what docs/first-board.md says: its commands, its answers, and what hands do. Throws where the page has lost its thread. */
export async function walkThrough(): Promise<string> {
  const steps: string[] = [prelude];
  const lines = (await readFile(page, 'utf8')).split('\n');
  const next = (from: number) => lines.findIndex((line, index) => index > from && line.startsWith('```'));
  let answers = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    for (const [words, deed] of Object.entries(hands)) if (line.includes(words)) steps.push(told(deed));
    if (!line.startsWith('```')) continue;
    const end = next(at);
    const block = lines.slice(at + 1, end).map(inTheRack);
    if (line === '```sh') steps.push(...block.map(told));
    if (line === '```answers') {
      // The command before it is the one that asks.
      const asking = steps.pop();
      steps.push(`cat >answers <<END\n${block.map(answerOf).join('\n')}\nEND`, `${asking} <answers`);
      answers += block.length;
    }
    at = end;
  }
  if (steps.filter((step) => step.includes('npx boardwalk')).length < 4 || answers < 5)
    throw new Error(`${page} has lost its commands or its answers`);
  return `${steps.join('\n')}\n`;
}

/** In a clone that can be written to, with the packages that this host has fetched; npx is not in the guest. */
const prelude = `for place in boardwalk .cache/boardwalk; do
  case $place in boardwalk) lower=/project ;; *) lower=/cache ;; esac
  over=/dev/shm/$place
  mkdir -p "$over/upper" "$over/work" "/root/$place"
  busybox mount -t overlay -o "lowerdir=$lower,upperdir=$over/upper,workdir=$over/work" overlay "/root/$place"
done
cd /root/boardwalk
ln -s /image/flash.img balena.img
ln -s /image/flash.img.bmap balena.img.bmap
npx() { shift; node --disable-warning=ExperimentalWarning cli/main.ts "$@"; }`;

const told = (command: string): string => `echo '$ ${command.replaceAll("'", "'\\''")}'\n${command}`;

/** Behind the question, which two spaces end. */
const answerOf = (line: string): string => /^.*?\s{2,}(.*)$/.exec(line)?.[1]?.trim() ?? '';
