import { z } from 'zod';
import { tty } from '../../console/tty.ts';
import { DriverFailed } from '../../drivers/errors.ts';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';

const bytes = z
  .string()
  .regex(/^([0-9a-f]{2} ?)+$/i, 'bytes in hexadecimal, such as “A0 01 01 A2”')
  .transform((text) => Buffer.from(text.replaceAll(' ', ''), 'hex'));

const options = z.strictObject({
  /** By path: such boards share serial numbers. */
  tty: z.string().min(1),
  baudRate: z.int().min(1).default(9600),
  on: bytes,
  off: bytes,
  /** What it is asked, and with what an answer ends in either state. Absent: it can't be asked. */
  state: z.strictObject({ request: bytes, on: bytes, off: bytes }).optional(),
});

/** A relay on a serial line that is switched by some bytes, which differ from make to make: its data sheet has them. */
const serialRelay: Driver<Outlet, z.output<typeof options>> = {
  name: 'serial-relay',
  options,
  open({ tty: path, baudRate, on, off, state }) {
    const name = `the relay on ${path}`;
    /** Opened for one exchange: an adapter that was pulled and plugged in again is another file. */
    const exchange = async (sent: Buffer, until: (heard: Buffer) => boolean, signal: AbortSignal): Promise<Buffer> => {
      signal.throwIfAborted();
      const source = tty(path, { baudRate });
      let heard = Buffer.alloc(0);
      const { promise: enough, resolve, reject } = Promise.withResolvers<void>();
      const look = () => until(heard) && resolve();
      const failed = (seen: string, cause?: unknown) =>
        new DriverFailed(`${name} didn't do as it was asked (${sent.toString('hex')}): ${seen}`, {
          blame: 'infra',
          evidence: [{ kind: 'command', text: `sent ${sent.toString('hex')}, heard ${heard.toString('hex') || 'nothing'}` }],
          advice: 'Is it that line, are these its bytes, and does no other program hold the line?',
          cause,
        });
      const giveUp = () => reject(failed('no answer within the budget'));
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        await source.open({
          bytes: (more) => {
            heard = Buffer.concat([heard, more]);
            look();
          },
          closed: ({ detail }) => reject(failed(detail)),
        });
        await source.write(sent);
        look();
        await enough;
        return heard;
      } catch (cause) {
        throw cause instanceof DriverFailed ? cause : failed(cause instanceof Error ? cause.message : String(cause), cause);
      } finally {
        signal.removeEventListener('abort', giveUp);
        // Whatever it says of that, the exchange is over.
        enough.catch(() => undefined);
        await source.close();
      }
    };
    return {
      name,
      async set(wanted, signal) {
        const order = wanted === 'on' ? on : off;
        // One that can be asked is asked at once: its answer, whatever it says, shows that the order before it went out. The next opening would throw away what didn't.
        if (state === undefined) await exchange(order, () => true, signal);
        else await exchange(Buffer.concat([order, state.request]), tells(state), signal);
      },
      ...(state !== undefined && {
        async read(signal: AbortSignal) {
          const heard = await exchange(state.request, tells(state), signal);
          return endsWith(heard, state.on) ? 'on' : 'off';
        },
      }),
    };
  },
};
export default serialRelay;

const tells =
  ({ on, off }: { on: Buffer; off: Buffer }) =>
  (heard: Buffer): boolean =>
    endsWith(heard, on) || endsWith(heard, off);

const endsWith = (heard: Buffer, answer: Buffer): boolean => heard.subarray(-answer.length).equals(answer);
