import { createInterface, type Interface } from 'node:readline';
import { CommandError, UsageError, type Choice, type Interview } from '../workers/index.ts';

/** Asks on a terminal, or of what is piped in: a line for each answer. */
export class TerminalInterview implements Interview, Disposable {
  readonly #lines: Interface;
  readonly #output: NodeJS.WritableStream;
  readonly #answers: AsyncIterator<string>;
  readonly #isTerminal: boolean;
  readonly #signal: AbortSignal;

  /** @param signal ends it: whoever is asked then gives no answer */
  constructor(input: NodeJS.ReadableStream & { isTTY?: boolean }, output: NodeJS.WritableStream, signal: AbortSignal) {
    this.#isTerminal = input.isTTY === true;
    this.#signal = signal;
    this.#lines = createInterface({ input });
    this.#output = output;
    this.#answers = this.#lines[Symbol.asyncIterator]();
    signal.addEventListener('abort', () => this.#lines.close(), { once: true });
  }

  [Symbol.dispose](): void {
    this.#lines.close();
  }

  tell(line: string): void {
    this.#output.write(`  ${line}\n`);
  }

  async ask<T>(question: string, understand: (answer: string) => T | Promise<T>, { preset }: { preset?: string } = {}): Promise<T> {
    for (;;) {
      this.#output.write(`${question}${preset === undefined ? '' : ` [${preset}]`} `);
      const answer = (await this.#next(question)) || (preset ?? '');
      try {
        return await understand(answer);
      } catch (error) {
        this.tell(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
      }
    }
  }

  async choose<T>(question: string, choices: readonly Choice<T>[]): Promise<T> {
    this.#output.write(`${question}\n`);
    for (const [index, { label }] of choices.entries()) this.#output.write(`  ${index + 1}  ${label}\n`);
    return this.ask(choices.length === 1 ? '1?' : `1–${choices.length}?`, (answer) => {
      const choice = choices[Number(answer) - 1] ?? choices.find(({ label }) => label === answer);
      if (choice === undefined) throw new RangeError(`a number from 1 to ${choices.length} is expected`);
      return choice.value;
    });
  }

  consents(question: string): Promise<boolean> {
    return this.ask(`${question} (y/n)`, (answer) => {
      if (/^y(es)?$/i.test(answer)) return true;
      if (/^no?$/i.test(answer)) return false;
      throw new RangeError('y or n is expected');
    });
  }

  async #next(question: string): Promise<string> {
    const { value, done } = await this.#answers.next();
    if (this.#signal.aborted) throw new CommandError(`interrupted at “${question}”`, { exitCode: 130, advice: 'Nothing was written' });
    if (done) throw new UsageError(`nobody answers “${question}”: the input has ended`, { advice: 'Nothing was written' });
    // A terminal shows what is typed.
    if (!this.#isTerminal) this.#output.write(`${value}\n`);
    return value.trim();
  }
}
