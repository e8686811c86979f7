import { z } from 'zod';
import { DriverFailed } from '../../drivers/errors.ts';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';
import { answered, exchangeJson } from './exchange.ts';

const options = z.strictObject({
  /** Name or address, with a port where it isn't 80. */
  host: z.string().min(1),
  /** From 1. */
  outlet: z.int().min(1).max(8).default(1),
  user: z.string().default('admin'),
  password: z.string().optional(),
});

const answer = z.record(z.string(), z.unknown());

/** A plug or relay with Tasmota: `/cm?cmnd=Power1 On`, which answers {"POWER1":"ON"}, or {"POWER":"ON"} where it has one relay. Source: Tasmota's documentation, Commands. */
const tasmota: Driver<Outlet, z.output<typeof options>> = {
  name: 'tasmota',
  options,
  open({ host, outlet, user, password }) {
    const name = `the Tasmota at ${host}, outlet ${outlet}`;
    const command = async (text: string, signal: AbortSignal) => {
      const url = new URL(`http://${host}/cm`);
      if (password !== undefined) url.search = new URLSearchParams({ user, password }).toString();
      url.searchParams.set('cmnd', text);
      const said = answered(name, answer, await exchangeJson({ name, url, signal }));
      const state = said[`POWER${outlet}`] ?? (outlet === 1 ? said['POWER'] : undefined);
      if (state === 'ON') return 'on';
      if (state === 'OFF') return 'off';
      throw new DriverFailed(`${name} answered “${text}” with ${JSON.stringify(said).slice(0, 200)}`, {
        blame: 'infra',
        evidence: [{ kind: 'http', text: JSON.stringify(said) }],
        advice: 'Has it that outlet, and does it take the password of bench.yaml?',
      });
    };
    return {
      name,
      async set(state, signal) {
        await command(`Power${outlet} ${state === 'on' ? 'On' : 'Off'}`, signal);
      },
      read: (signal) => command(`Power${outlet}`, signal),
    };
  },
};
export default tasmota;
