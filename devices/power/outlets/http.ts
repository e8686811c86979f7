import { z } from 'zod';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';
import { exchange } from './exchange.ts';

const request = z.union([
  z.url().transform((url) => ({ url, method: 'GET', headers: {}, body: undefined })),
  z.strictObject({
    url: z.url(),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH']).default('GET'),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().optional(),
  }),
]);

const pattern = z.string().refine(isPattern, 'a regular expression');

const options = z.strictObject({
  on: request,
  off: request,
  /** Absent: it can't be asked. */
  state: z.strictObject({ request, on: pattern, off: pattern }).optional(),
});

/** Any switch that does its work at an HTTP request: one that switches on, one that switches off, and one whose answer matches an expression in either state. */
const http: Driver<Outlet, z.output<typeof options>> = {
  name: 'http',
  options,
  open({ on, off, state }) {
    const name = `the switch at ${new URL(on.url).host}`;
    const ask = ({ url, method, headers, body }: typeof on, signal: AbortSignal) =>
      exchange({ name, url: new URL(url), method, headers, signal, ...(body !== undefined && { body }) });
    return {
      name,
      async set(wanted, signal) {
        await ask(wanted === 'on' ? on : off, signal);
      },
      ...(state !== undefined && {
        async read(signal) {
          const text = await ask(state.request, signal);
          if (new RegExp(state.on).test(text)) return 'on';
          return new RegExp(state.off).test(text) ? 'off' : 'unknown';
        },
      }),
    };
  },
};
export default http;

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
