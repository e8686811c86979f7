import { createHash } from 'node:crypto';
import { cksum } from './checksum.ts';
import type { Deadline } from './deadline.ts';
import type { FrameLink } from './frame-link.ts';
import { frameLoop } from './frame-loop.ts';
import { plainPieces } from './sent-pieces.ts';

const interrupt = '\u0003';

/** Brings the loop to the device, at whose prompt the console stands, piece by piece, and starts it. Each line may come twice. */
export async function deliverLoop(link: FrameLink, deadline: Deadline): Promise<void> {
  const half = Math.floor(link.nonce.length / 2);
  const [first, second] = [link.nonce.slice(0, half), link.nonce.slice(half)];
  // In two halves, so that the terminal's echo of these lines holds no frame.
  const step = (number: number) => `printf '%s%s;\\n' ${first} ${second}s${number}`;
  const script = Buffer.from(frameLoop);
  const files = plainPieces(script).map((piece, number) => `printf '%b' '${piece}' >"$d/${number}"`);
  const names = files.map((_, number) => `"$d/${number}"`).join(' ');
  const lines = [
    `unset HISTFILE; stty -echo; for d in /run /dev/shm /tmp; do d=$d/boardwalk-$$; mkdir -p -m 700 "$d" && break; done 2>/dev/null`,
    ...files,
    `cat ${names} >"$d/loop"`,
  ];
  for (const [number, line] of lines.entries()) {
    await link.answer(
      async (attempt) => {
        // Behind the prompt that was seen, a program that was typed ahead may have begun.
        if (number === 0 && attempt > 2) await link.type(`${interrupt}\n`);
        await link.type(` ${line}; ${step(number)}\n`);
      },
      (frame) => (frame.kind === 'step' && frame.step === number ? true : undefined),
      deadline,
    );
  }
  const sums = [`"$(cksum <"$d/loop")" = "${cksum(script)} ${script.length}"`, `"$(md5sum <"$d/loop")" = "${md5(script)}  -"`];
  const start = `{ [ ${sums.join(' ] || [ ')} ]; } 2>/dev/null && exec sh "$d/loop" ${first}${second} "$d" 0`;
  const ready = await link.answer(
    async (attempt) => {
      // To a loop that runs already this is a damaged request.
      if (attempt % 2 === 1) await link.type(` ${start}; ${step(lines.length)}\n`);
      // It runs, and its first word was damaged.
      else await link.ask('h 0');
    },
    (frame) => (frame.kind === 'ready' || (frame.kind === 'step' && frame.step === lines.length) ? frame : undefined),
    deadline,
  );
  if (ready.kind !== 'ready') throw link.neverHeard('the framing loop');
  link.ready(ready);
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
