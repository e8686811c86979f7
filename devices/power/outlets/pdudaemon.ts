import { z } from 'zod';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';
import { exchange } from './exchange.ts';

const options = z.strictObject({
  /** Where pdudaemon listens; its usual port is 16421. */
  host: z.string().min(1),
  /** The PDU as pdudaemon's own configuration names it. */
  pdu: z.string().min(1),
  port: z.int().min(0),
});

/** An outlet of a PDU behind pdudaemon, which can't be asked for its state. Source: pdudaemon's README, /power/control/on?hostname=…&port=…. */
const pdudaemon: Driver<Outlet, z.output<typeof options>> = {
  name: 'pdudaemon',
  options,
  open({ host, pdu, port }) {
    const name = `pdudaemon at ${host}, ${pdu} port ${port}`;
    return {
      name,
      async set(state, signal) {
        // Without a delay of its own: how long a cut lasts is our affair.
        const url = new URL(`http://${host.includes(':') ? host : `${host}:16421`}/power/control/${state}`);
        url.search = new URLSearchParams({ hostname: pdu, port: String(port), delay: '0' }).toString();
        await exchange({ name, url, signal });
      },
    };
  },
};
export default pdudaemon;
