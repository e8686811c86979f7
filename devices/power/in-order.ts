/** Runs what it is given one at a time, in the order of the calls, whether or not the one before failed. */
export function inOrder(): <T>(step: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (step) => {
    const done = last.then(step, step);
    last = done.catch(() => undefined);
    return done;
  };
}
