import type { Console } from '../console/console.ts';
import { CommandResult, inputUnkept, type SessionOutcome } from './command-result.ts';
import { toPrompt, type ConsoleAccount } from './console-login.ts';
import { Deadline } from './deadline.ts';
import { ConnectionLost } from './errors.ts';
import { FrameLink } from './frame-link.ts';
import { deliverLoop } from './loop-delivery.ts';
import { inputPieces, longestPiece, plainPieces, sendPieces, type InputKind } from './sent-pieces.ts';

/** Milliseconds for the loop to tidy up. */
const quitBudget = 2_000;

const interrupt = '\u0003';

/** One framing loop that runs on the device's console, from login to its end. */
export class ConsoleSession {
  readonly #link: FrameLink;
  readonly #slowness: number;
  #id = 0;

  static async start(console: Console, account: ConsoleAccount, deadline: Deadline, slowness: number): Promise<ConsoleSession> {
    await toPrompt(console, account, deadline, slowness);
    const link = new FrameLink(console, slowness, await console.mark());
    try {
      await deliverLoop(link, deadline);
      return new ConsoleSession(link, slowness);
    } catch (error) {
      link.end();
      throw error;
    }
  }

  private constructor(link: FrameLink, slowness: number) {
    this.#link = link;
    this.#slowness = slowness;
  }

  get gone(): boolean {
    return this.#link.gone !== undefined;
  }

  /** Runs one command. The caller sees to it that there is only one at a time, and interrupts it when the deadline ended this. */
  async execute(command: string, stdin: Uint8Array | undefined, deadline: Deadline): Promise<SessionOutcome> {
    if (command.includes('\0')) throw new TypeError('a command can’t hold a NUL character');
    const inOneLine = command.length <= longestPiece && /^[\u0020-\u007E]*$/.test(command);
    if (!inOneLine) await sendPieces(this.#link, 'c', plainPieces(Buffer.from(command)), deadline);
    const once = async () => {
      const id = (this.#id += 1);
      const input = await this.#sendInput(stdin, deadline);
      const request = inOneLine
        ? (serial: number) => `x ${serial} ${id} ${input} ${command}`
        : (serial: number) => `f ${serial} ${id} ${input}`;
      return new CommandResult(this.#link, command, id, request).bring(deadline);
    };
    const outcome = await once();
    if (outcome !== inputUnkept) return outcome;
    // Its base64 or gzip did well at the start, and doesn't now: this and whatever follows goes as it is.
    this.#link.tools.unpacks.base64 = false;
    const again = await once();
    if (again === inputUnkept) throw this.#link.neverHeard(command);
    return again;
  }

  /** Ends the command that runs and waits for its last word; what can't be brought to an end is given up. */
  async interrupt(deadline: Deadline): Promise<void> {
    try {
      await this.#link.type(interrupt);
      for (;;) {
        const serial = this.#link.nextSerial();
        await this.#link.ask(`e ${serial} ${this.#id}`);
        const frame = await this.#link.next(this.#link.quiet(), deadline);
        if (frame?.kind === 'end' && frame.serial === serial) return;
        if (frame?.kind === 'unknown') return;
      }
    } catch (error) {
      this.#link.end(`it did not answer to ^C: ${String(error)}`);
    }
  }

  /** Leaves the login prompt behind, and nothing on the device. One that doesn't answer is left as it is: a reboot takes the rest. */
  async quit(): Promise<void> {
    using deadline = new Deadline(quitBudget * this.#slowness);
    const serial = this.#link.nextSerial();
    try {
      if (!this.gone) {
        await this.#link.answer(
          () => this.#link.ask(`q ${serial}`),
          (frame) => (frame.kind === 'taken' && frame.serial === serial ? true : undefined),
          deadline,
        );
      }
    } catch (error) {
      if (!deadline.spent && !(error instanceof ConnectionLost)) throw error;
    } finally {
      this.#link.end();
    }
  }

  async #sendInput(stdin: Uint8Array | undefined, deadline: Deadline): Promise<0 | InputKind> {
    if (stdin === undefined || stdin.length === 0) return 0;
    const { kind, pieces } = await inputPieces(stdin, this.#link.tools.unpacks);
    await sendPieces(this.#link, 'i', pieces, deadline);
    return kind;
  }
}
