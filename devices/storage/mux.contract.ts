import type { SerialFn, TestFn } from 'ava';
import type { Mux, Side } from './mux.ts';

/** A multiplexer under test, and where its card really is. */
export interface MuxUnderTest {
  mux: Mux;
  really: () => Promise<Side>;
  release: () => Promise<void>;
}

const budget = () => AbortSignal.timeout(10_000);

/** What every driver for a card multiplexer keeps to. */
export function muxContract(test: TestFn | SerialFn, name: string, make: () => Promise<MuxUnderTest>): void {
  test(`${name}: gives the card to either side, and says who has it`, async (t) => {
    const { mux, really, release } = await make();
    for (const side of ['bench', 'board', 'board', 'bench'] as const) {
      await mux.give(side, budget());
      t.is(await really(), side);
      if (mux.read !== undefined) t.is(await mux.read(budget()), side);
    }
    t.truthy(mux.name);
    await release();
  });

  test(`${name}: what is given up is left alone`, async (t) => {
    const { mux, really, release } = await make();
    await mux.give('board', budget());
    await t.throwsAsync(mux.give('bench', AbortSignal.abort(new Error('asked to stop'))));
    t.is(await really(), 'board');
    await release();
  });
}
