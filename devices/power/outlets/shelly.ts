import { z } from 'zod';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';
import { answered, basicAuthorization, exchange, exchangeJson } from './exchange.ts';

const options = z.strictObject({
  /** Name or address, with a port where it isn't 80. */
  host: z.string().min(1),
  /** From 0. */
  outlet: z.int().min(0).max(7).default(0),
  user: z.string().optional(),
  password: z.string().optional(),
});

/** Of the second generation on. */
const onlyUser = 'admin';

const identity = z.object({ gen: z.int().optional() });
const relay = z.object({ ison: z.boolean() });
const component = z.object({ result: z.object({ output: z.boolean() }) });
const done = z.object({ result: z.object({ was_on: z.boolean() }) });

/**
 * A Shelly plug or relay. The first generation has /relay/N (with basic authorization), later ones Switch.Set and Switch.GetStatus over POST /rpc (with digest authorization); which it is,
 * GET /shelly tells: `gen` from the second on. Source: Shelly's API documentation, Gen1 and Gen2+.
 */
const shelly: Driver<Outlet, z.output<typeof options>> = {
  name: 'shelly',
  options,
  open({ host, outlet, user, password }) {
    const name = `the Shelly at ${host}, outlet ${outlet}`;
    const at = (path: string) => new URL(`http://${host}${path}`);
    const headers = basicAuthorization({ user, password });
    let generation: Promise<number> | undefined;

    const askGeneration = async (signal: AbortSignal): Promise<number> => {
      const { gen } = answered(name, identity, await exchangeJson({ name, url: at('/shelly'), signal }));
      return gen ?? 1;
    };
    /** Asked once; again after a failure. */
    const generationOf = (signal: AbortSignal) =>
      (generation ??= askGeneration(signal).catch((error: unknown) => {
        generation = undefined;
        throw error;
      }));
    const call = (method: string, params: object, signal: AbortSignal) =>
      exchangeJson({
        name,
        url: at('/rpc'),
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id: 1, method, params: { id: outlet, ...params } }),
        digest: password === undefined ? undefined : { user: user ?? onlyUser, password },
        signal,
      });

    return {
      name,
      async set(state, signal) {
        if ((await generationOf(signal)) === 1) await exchange({ name, url: at(`/relay/${outlet}?turn=${state}`), headers, signal });
        else answered(name, done, await call('Switch.Set', { on: state === 'on' }, signal));
      },
      async read(signal) {
        if ((await generationOf(signal)) === 1) {
          const { ison } = answered(name, relay, await exchangeJson({ name, url: at(`/relay/${outlet}`), headers, signal }));
          return ison ? 'on' : 'off';
        }
        const { result } = answered(name, component, await call('Switch.GetStatus', {}, signal));
        return result.output ? 'on' : 'off';
      },
    };
  },
};
export default shelly;
