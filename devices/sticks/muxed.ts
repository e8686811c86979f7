import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { flash, type FlashRequest } from '../flash/flash.ts';
import { BehindMux, type BehindMuxOptions } from '../storage/behind-mux.ts';
import { StickFailed } from './errors.ts';
import type { Pluggable, StickPorts } from './ports.ts';

export interface StickPlaceOptions extends BehindMuxOptions {
  rules: NonNullable<FlashRequest['rules']>;
}

/** One real stick, behind a multiplexer between the bench and the board, and what was last written onto it. */
interface Place {
  stick: BehindMux;
  rules: StickPlaceOptions['rules'];
  holds?: Pluggable | undefined;
  inBoard: boolean;
  /** The board may have written to it since it was last read here. */
  touched: boolean;
}

/**
 * A board's USB ports with real sticks, each behind a multiplexer: the bench takes one, writes a made stick's image onto it, and gives it to the board. What
 * the board wrote is read back before the image is looked at, and before another comes onto the same stick.
 */
export class MuxedPorts implements StickPorts {
  readonly #places: Place[];

  constructor(places: readonly StickPlaceOptions[]) {
    this.#places = places.map(({ rules, ...stick }) => ({ stick: new BehindMux(stick), rules, inBoard: false, touched: false }));
  }

  get atOnce(): number {
    return this.#places.length;
  }

  /** Writes it onto a stick that nothing else is on, if there is one. */
  async prepare(made: Pluggable): Promise<void> {
    const place = this.#places.find(({ holds }) => holds === undefined);
    if (place !== undefined) await this.#write(place, made);
  }

  async insert(made: Pluggable): Promise<void> {
    const place = this.#places.find(({ holds }) => holds === made) ?? this.#places.find(({ inBoard }) => !inBoard);
    if (place === undefined) {
      throw new StickFailed(`${made.id} can't be put in: the bench has ${this.atOnce} for this board, and all are in`, {
        blame: 'test',
        advice: "Pull one first, or state the need: proves(…, { needs: ['two-sticks'] }).",
      });
    }
    if (place.holds !== made) await this.#write(place, made);
    place.inBoard = true;
    place.touched = true;
    await place.stick.give('board');
  }

  async pull(made: Pluggable): Promise<void> {
    const place = this.#placeOf(made);
    if (place === undefined) return;
    await place.stick.give('bench');
    place.inBoard = false;
  }

  async fetch(made: Pluggable): Promise<void> {
    const place = this.#placeOf(made);
    if (place === undefined) return;
    if (place.inBoard) {
      throw new StickFailed(`${made.id} is with the board, and can't be read by the bench`, { blame: 'test', advice: 'Pull it first.' });
    }
    if (!place.touched) return;
    await place.stick.take();
    const { size } = await stat(made.image.file);
    await pipeline(createReadStream(place.stick.disk, { end: size - 1 }), createWriteStream(made.image.file));
    place.touched = false;
  }

  forget(made: Pluggable): void {
    const place = this.#placeOf(made);
    if (place !== undefined) place.holds = undefined;
  }

  async empty(): Promise<void> {
    for (const place of this.#places) {
      await place.stick.give('bench');
      place.inBoard = false;
    }
  }

  #placeOf(made: Pluggable): Place | undefined {
    return this.#places.find(({ holds }) => holds === made);
  }

  async #write(place: Place, made: Pluggable): Promise<void> {
    if (place.holds !== undefined) await this.fetch(place.holds);
    place.holds = undefined;
    await place.stick.take();
    await flash({ image: made.image.file, target: place.stick.disk, rules: place.rules });
    place.holds = made;
    place.touched = false;
  }
}
