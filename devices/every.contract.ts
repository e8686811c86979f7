import type { ExecutionContext } from 'ava';

/** AVA's `test`, or its `test.serial` for drivers that share something. */
export type DeclareTest = (title: string, body: (t: ExecutionContext) => Promise<void>) => void;

/**
 * Declares the tests of a contract: each gets a thing of its own, released after it.
 * @param name the driver's, before each title.
 */
export function contractTests<Thing extends { release: () => Promise<void> }>(
  test: DeclareTest,
  name: string,
  make: () => Promise<Thing>,
): (title: string, body: (t: ExecutionContext, thing: Thing) => Promise<void>) => void {
  return (title, body) => {
    test(`${name}: ${title}`, async (t) => {
      const thing = await make();
      try {
        await body(t, thing);
      } finally {
        await thing.release();
      }
    });
  };
}
