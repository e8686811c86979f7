import { inOrder } from './in-order.ts';
import type { Power, PowerState } from './power.ts';

/** A switch without a machine: keeps the contract, tells what it did. */
export class FakePower implements Power {
  /** Every change, in order. */
  readonly changes: PowerState[] = [];
  readonly #inOrder = inOrder();
  readonly #onChange: (state: 'on' | 'off') => void | Promise<void>;
  #state: 'on' | 'off' = 'off';

  /** @param onChange called at each change: what the board would do at it. */
  constructor(onChange: (state: 'on' | 'off') => void | Promise<void> = () => {}) {
    this.#onChange = onChange;
  }

  on(): Promise<void> {
    return this.#inOrder(() => this.#set('on'));
  }

  off(): Promise<void> {
    return this.#inOrder(() => this.#set('off'));
  }

  cycle(): Promise<void> {
    return this.#inOrder(async () => {
      await this.#set('off');
      await this.#set('on');
    });
  }

  async state(): Promise<PowerState> {
    return this.#state;
  }

  async #set(state: 'on' | 'off'): Promise<void> {
    if (this.#state === state) return;
    this.#state = state;
    this.changes.push(state);
    await this.#onChange(state);
  }
}
