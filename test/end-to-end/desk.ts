import { createServer as createHttpServer } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { emulatedBoard, listening, type EmulatedBoard } from '../emulated-board.ts';

/** A board on a desk, as a bench sees it: a console on a TCP port, a Shelly of the second generation, a card behind a multiplexer, an address. */
export interface Desk extends Omit<EmulatedBoard, 'on' | 'off'> {
  /** host:port */
  shelly: string;
  /** The file that says who has the card: `bench` or `board`. */
  side: string;
}

const request = z.object({
  id: z.unknown().optional(),
  method: z.string(),
  params: z.object({ id: z.literal(0), on: z.boolean().optional() }),
});

/** Sets up a desk whose board has a blank card, large enough for this image. */
export async function setUpDesk({ image, directory }: { image: string; directory: string }): Promise<Desk> {
  await using taken = new AsyncDisposableStack();
  const side = join(directory, 'side');
  const demandCard = async () => {
    if ((await readFile(side, 'utf8')).trim() !== 'board') throw new Error('the board has no card');
  };
  const board = taken.use(await emulatedBoard({ image, directory, demandCard }));
  await writeFile(side, 'board\n');

  // The switch. Source: Shelly's Gen2+ API, Switch component, over POST /rpc.
  const shelly = createHttpServer((asked, answer) => {
    const say = (value: unknown) => answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const serve = async () => {
      if (asked.url === '/shelly') return say({ name: 'desk', gen: 2, app: 'Plus1' });
      const { id, method, params } = request.parse(JSON.parse(await text(asked)));
      const was = board.isOn();
      if (method === 'Switch.Set') await (params.on === true ? board.on() : board.off());
      return say({ id, src: 'desk', result: method === 'Switch.Set' ? { was_on: was } : { id: 0, output: board.isOn() } });
    };
    serve().catch((error: unknown) => answer.writeHead(500).end(String(error)));
  });
  taken.defer(() => void shelly.close());

  const held = taken.move();
  return { ...board, side, shelly: await listening(shelly), [Symbol.asyncDispose]: () => held.disposeAsync() };
}
