import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { budgets } from '../budgets.ts';
import { QemuError } from '../errors.ts';
import type { QmpClient } from '../qmp/client.ts';
import { pause, queryStatus, resume } from '../qmp/commands.ts';
import { QmpClosed } from '../qmp/errors.ts';
import { within } from '../within.ts';

/** A PC's firmware resets the machine twice more, within 60 ms on an idle host, and its boot loader reads the next kernel half a second later. */
const resetsSettleMs = 200;

/**
 * The code that an emulating QEMU has translated, and what is to be done with it after a reset.
 *
 * QEMU 7.2 keeps the last boot's 300 MB and throws them away block by block (500,000 of them) as the next boot writes to their pages, or all at once, with
 * what that boot has translated by then, when its cache is full. A reboot until the device is quiet takes 19.6 CPU-s so, and 16.6 on an empty cache. Neither
 * QMP nor a reset empties it; a debugger's single step does.
 */
export class TranslatedCode {
  readonly #debugger: string;
  readonly #qmp: QmpClient;
  readonly #complain: (sentence: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #dropping: Promise<void> = Promise.resolve();

  /**
   * @param debuggerSocket where QEMU's stub for debuggers listens
   * @param complain gets a sentence if the code could not be dropped: the machine goes on, and slower
   */
  constructor(debuggerSocket: string, qmp: QmpClient, complain: (sentence: string) => void) {
    this.#debugger = debuggerSocket;
    this.#qmp = qmp;
    this.#complain = complain;
  }

  /** To be called at each reset: once they have come to an end the code is dropped, for which the guest stands still for some milliseconds. */
  outdate(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#dropping = this.#drop();
    }, resetsSettleMs);
  }

  /** Before anything else stops the guest: a drop that is under way comes to its end, and one that is due is given up. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#dropping;
  }

  /** Before anything asks whether the guest runs: the end of a drop that is under way; one that is due stays due. */
  get idle(): Promise<void> {
    return this.#dropping;
  }

  async #drop(): Promise<void> {
    try {
      const { running } = await this.#qmp.execute(queryStatus());
      if (running) await this.#singleStep();
    } catch (error) {
      if (error instanceof QmpClosed) return;
      this.#complain(`boardwalk: the last boot's translated code stays: ${String(error)}`);
    }
  }

  async #singleStep(): Promise<void> {
    try {
      await singleStep(this.#debugger);
    } catch (error) {
      // Wherever it stuck, the guest must not stand still, now or at the end of a step that comes late: a stop calls that off. A QEMU that ended says so here.
      await this.#qmp.execute(pause());
      await this.#qmp.execute(resume());
      throw error;
    }
  }
}

/** Stops a guest by GDB's remote protocol, has it execute one instruction and lets it go on. */
async function singleStep(debuggerSocket: string): Promise<void> {
  const socket = connect(debuggerSocket);
  try {
    const words: string[] = [];
    await within(stepAndDetach(socket, words), {
      awaited: "a single step by QEMU's stub for debuggers",
      milliseconds: budgets.debuggerStep,
      seen: () => (words.length === 0 ? 'no word of it' : words.join(', ')),
      advice: 'The host may be overloaded.',
    });
  } finally {
    socket.destroy();
  }
}

async function stepAndDetach(socket: Socket, words: string[]): Promise<void> {
  await once(socket, 'connect');
  const replies = packets(socket);
  const awaitReply = async (reply: RegExp) => {
    for (;;) {
      const { value, done } = await replies.next();
      if (done === true)
        throw new QemuError("QEMU's stub for debuggers closed its connection", { advice: "QEMU's own words say why.", evidence: words });
      words.push(value);
      if (reply.test(value)) return;
    }
  };
  // A connection stops the guest.
  await awaitReply(/^T02/);
  // With interrupts, which a step is without by default: a processor that sleeps wakes by them only.
  socket.write(packet('Qqemu.sstep=1'));
  await awaitReply(/^OK$/);
  socket.write(packet('s'));
  await awaitReply(/^T05/);
  socket.write(packet('D'));
  await awaitReply(/^OK$/);
}

/** `$`, the text, `#` and the sum of its bytes. */
function packet(text: string): string {
  const sum = Buffer.from(text, 'latin1').reduce((total, byte) => (total + byte) & 0xff, 0);
  return `$${text}#${sum.toString(16).padStart(2, '0')}`;
}

/** The texts of what comes, each acknowledged. */
async function* packets(socket: Socket): AsyncGenerator<string, undefined> {
  let unread = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    unread += String(chunk);
    for (let found; (found = /\$([^#]*)#../.exec(unread)) !== null;) {
      unread = unread.slice(found.index + found[0].length);
      socket.write('+');
      yield found[1] ?? '';
    }
  }
  return undefined;
}
