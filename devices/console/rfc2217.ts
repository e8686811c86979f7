import { connect, type Socket } from 'node:net';
import { isRate } from './baud-rate.ts';
import { SourceUnopened } from './errors.ts';
import { connected, listen, written } from './socket.ts';
import type { ConsoleSource } from './source.ts';
import { escapeTelnet, negotiate, subnegotiate, telnet, telnetOption, TelnetReader } from './telnet.ts';

/** Milliseconds that the server may take for each answer. */
const answerBudget = 5_000;
const { comPort, binary, suppressGoAhead } = telnetOption;
/** What a server's answer to a request has more than the request. */
const answerOffset = 100;

/** A setting of the line, as the client asks for it and the server tells what it is now. Source: RFC 2217, section 3. */
interface Setting {
  name: string;
  command: number;
  value: readonly number[];
  show: (value: readonly number[]) => string;
  /** Whether the server's answer will do. Default: one that is the same. */
  will?: (seen: readonly number[]) => boolean;
}

const settingsFor = (baudRate: number): Setting[] => [
  {
    name: 'baud rate',
    command: 1,
    value: fourBytes(baudRate),
    show: (value) => String(number(value)),
    will: (seen) => isRate(baudRate, number(seen)),
  },
  { name: 'data size', command: 2, value: [8], show: String },
  { name: 'parity', command: 3, value: [1], show: (value) => (String(value) === '1' ? 'none' : `code ${String(value)}`) },
  { name: 'stop bits', command: 4, value: [1], show: String },
  { name: 'flow control', command: 5, value: [1], show: (value) => (String(value) === '1' ? 'none' : `code ${String(value)}`) },
];

/**
 * A console behind a serial port server that speaks RFC 2217: it sets the line to 8N1 without flow control at this rate, and says what it is. One that answers
 * with another setting is refused, for the console would be noise.
 */
export function rfc2217({ host, port, baudRate }: { host: string; port: number; baudRate: number }): ConsoleSource {
  const name = `${host}:${port}`;
  let socket: Socket | undefined;
  let closing = false;
  const closed = Promise.withResolvers<void>();

  return {
    name,
    async open(listener) {
      const dialled = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 5_000 });
      await connected(name, dialled);
      const talk = new Conversation(name, dialled, (bytes) => listener.bytes(bytes));
      socket = dialled;
      let isOpen = false;
      const end = listen(
        name,
        dialled,
        {
          bytes: (piece) => talk.read(piece),
          closed(cause) {
            talk.ended(cause.detail);
            // Until it is open, its end is what open() rejects with.
            if (isOpen) listener.closed(cause);
          },
        },
        () => closing,
      );
      end.then(closed.resolve, closed.reject);
      try {
        await talk.setUp(baudRate);
        isOpen = true;
      } catch (error) {
        dialled.destroy();
        await closed.promise;
        throw error;
      }
    },
    async write(bytes) {
      if (socket === undefined) throw new TypeError(`${name} isn’t open`);
      await written(socket, escapeTelnet(bytes));
    },
    async close() {
      if (socket === undefined) return;
      closing = true;
      socket.destroy();
      await closed.promise;
    },
  };
}

/** What is said of the line, between its bytes. */
class Conversation {
  readonly #name: string;
  readonly #socket: Socket;
  readonly #reader: TelnetReader;
  /** Answers that are waited for, by what they answer; the other side's end fails them all. */
  readonly #awaited = new Map<string, PromiseWithResolvers<readonly number[]>>();
  /** What we asked for or agreed to: each is said once, so that two sides never agree for ever. */
  readonly #said = new Set<string>();

  constructor(name: string, socket: Socket, data: (bytes: Uint8Array) => void) {
    this.#name = name;
    this.#socket = socket;
    this.#reader = new TelnetReader({
      data,
      negotiation: (verb, option) => this.#negotiated(verb, option),
      subnegotiation: (option, bytes) => this.#told(option, [...bytes]),
    });
  }

  read(bytes: Uint8Array): void {
    this.#reader.read(bytes);
  }

  /** The connection's end: nothing is answered any longer. */
  ended(detail: string): void {
    for (const answer of this.#awaited.values()) answer.reject(new Error(detail));
  }

  async setUp(baudRate: number): Promise<void> {
    for (const option of [binary, suppressGoAhead]) {
      this.#say(telnet.will, option);
      this.#say(telnet.do, option);
    }
    const agreed = this.#answerTo('com port');
    this.#say(telnet.will, comPort);
    await this.#within(agreed, 'whether it speaks RFC 2217');
    for (const { name, command, value, show, will = (seen: readonly number[]) => String(seen) === String(value) } of settingsFor(
      baudRate,
    )) {
      const answer = this.#answerTo(`setting ${command}`);
      this.#socket.write(subnegotiate(comPort, [command, ...value]));
      const seen = await this.#within(answer, `the line's ${name}`);
      if (!will(seen)) {
        throw this.#unopened(
          `asked for a ${name} of ${show(value)}, it says ${show(seen)}`,
          'Give a baudRate that the server’s adapter has.',
        );
      }
    }
  }

  #say(verb: number, option: number): void {
    const key = `${verb} ${option}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#socket.write(negotiate(verb, option));
  }

  #negotiated(verb: number, option: number): void {
    const ours = option === comPort || option === binary || option === suppressGoAhead;
    if (verb === telnet.do && option === comPort) this.#awaited.get('com port')?.resolve([]);
    else if (verb === telnet.dont && option === comPort) {
      this.#awaited
        .get('com port')
        ?.reject(this.#unopened('it doesn’t speak RFC 2217', 'Use tcp: instead, and set the line’s speed at the server.'));
    } else if (verb === telnet.do) this.#say(ours ? telnet.will : telnet.wont, option);
    else if (verb === telnet.will) this.#say(ours ? telnet.do : telnet.dont, option);
  }

  /** The server's word of a setting; of line and modem states, which it tells unasked, nothing is made. */
  #told(option: number, [command = 0, ...value]: number[]): void {
    if (option === comPort) this.#awaited.get(`setting ${command - answerOffset}`)?.resolve(value);
  }

  #answerTo(what: string): Promise<readonly number[]> {
    const answer = Promise.withResolvers<readonly number[]>();
    this.#awaited.set(what, answer);
    // It may fail before anybody waits for it.
    answer.promise.catch(() => undefined);
    return answer.promise;
  }

  async #within<T>(answer: Promise<T>, what: string): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`it didn’t say ${what} within ${answerBudget / 1000} s`)), answerBudget);
    try {
      return await Promise.race([answer, late.promise]);
    } catch (error) {
      if (error instanceof SourceUnopened) throw error;
      const seen = error instanceof Error ? error.message : String(error);
      throw this.#unopened(
        seen,
        'Look at the serial port server: does it speak RFC 2217 at this port (ser2net: telnet(rfc2217)), and does it serve somebody else?',
      );
    } finally {
      clearTimeout(timer);
    }
  }

  #unopened(seen: string, advice: string): SourceUnopened {
    return new SourceUnopened(`the console at ${this.#name} could not be opened: ${seen}`, { blame: 'infra', advice });
  }
}

const number = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
const fourBytes = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
