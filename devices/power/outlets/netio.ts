import { z } from 'zod';
import { DriverFailed } from '../../drivers/errors.ts';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';
import { answered, basicAuthorization, exchangeJson } from './exchange.ts';

const options = z.strictObject({
  /** Name or address, with a port where it isn't 80. */
  host: z.string().min(1),
  /** From 1, as printed beside the socket. */
  outlet: z.int().min(1).max(8).default(1),
  /** Of its JSON API, with write access. */
  user: z.string().optional(),
  password: z.string().optional(),
});

const status = z.object({ Outputs: z.array(z.object({ ID: z.int(), State: z.union([z.literal(0), z.literal(1)]) })) });

/**
 * An outlet of a NETIO PDU, whose JSON API has to be switched on. GET /netio.json tells the state of all outputs; a POST of an action (0 off, 1 on) to one of them
 * answers with the same. Source: NETIO's application note AN21 and its manual, “Open API: M2M Protocols”.
 */
const netio: Driver<Outlet, z.output<typeof options>> = {
  name: 'netio',
  options,
  open({ host, outlet, user, password }) {
    const name = `the NETIO at ${host}, output ${outlet}`;
    const url = new URL(`http://${host}/netio.json`);
    const headers = basicAuthorization({ user, password });
    const stateIn = (answer: unknown) => {
      const output = answered(name, status, answer).Outputs.find(({ ID }) => ID === outlet);
      if (output !== undefined) return output.State === 1 ? 'on' : 'off';
      throw new DriverFailed(`${name}: it has no such output`, {
        blame: 'infra',
        evidence: [{ kind: 'http', text: JSON.stringify(answer) }],
        advice: 'Outputs are counted from 1.',
      });
    };
    return {
      name,
      async set(state, signal) {
        const body = JSON.stringify({ Outputs: [{ ID: outlet, Action: state === 'on' ? 1 : 0 }] });
        const sent = { ...headers, 'content-type': 'application/json' };
        stateIn(await exchangeJson({ name, url, method: 'POST', headers: sent, body, signal }));
      },
      read: async (signal) => stateIn(await exchangeJson({ name, url, headers, signal })),
    };
  },
};
export default netio;
