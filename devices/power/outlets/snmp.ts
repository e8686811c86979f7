import { isIPv6 } from 'node:net';
import snmp from 'net-snmp';
import { z } from 'zod';
import { DriverFailed } from '../../drivers/errors.ts';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';
import type { PowerState } from '../power.ts';

/** How a make of PDU is told to switch outlet `n`, and how it tells what it did. Values that aren't in `states` are those of an outlet on its way. */
interface Table {
  set: Record<'on' | 'off', (n: number) => { oid: string; value: number }>;
  read(n: number): string;
  states: Readonly<Record<number, PowerState>>;
}

/** One object that is written and read. */
function oneObject(column: string, [on, off]: readonly [on: number, off: number]): Table {
  const at = (n: number) => `${column}.${n}`;
  return {
    set: { on: (n) => ({ oid: at(n), value: on }), off: (n) => ({ oid: at(n), value: off }) },
    read: at,
    states: { [on]: 'on', [off]: 'off' },
  };
}

const tables = {
  /** PowerNet-MIB, sPDUOutletCtl. */
  apc: oneObject('1.3.6.1.4.1.318.1.1.4.4.2.1.3', [1, 2]),
  /** POWER-ETHERNET-MIB (RFC 3621), pethPsePortAdminEnable of group 1: a switch's port that feeds a board. */
  poe: oneObject('1.3.6.1.2.1.105.1.1.1.3.1', [1, 2]),
  /** PDU2-MIB: outletSwitchingOperation and outletSwitchingState of PDU 1. */
  raritan: {
    set: {
      on: (n) => ({ oid: `1.3.6.1.4.1.13742.6.4.1.2.1.2.1.${n}`, value: 1 }),
      off: (n) => ({ oid: `1.3.6.1.4.1.13742.6.4.1.2.1.2.1.${n}`, value: 0 }),
    },
    read: (n) => `1.3.6.1.4.1.13742.6.4.1.2.1.3.1.${n}`,
    states: { 7: 'on', 8: 'off' },
  },
  /** EATON-EPDU-MIB: outletControlOnCmd and OffCmd take seconds of delay; outletControlStatus has 2 and 3 for an outlet that waits. */
  eaton: {
    set: {
      on: (n) => ({ oid: `1.3.6.1.4.1.534.6.6.7.6.6.1.4.0.${n}`, value: 0 }),
      off: (n) => ({ oid: `1.3.6.1.4.1.534.6.6.7.6.6.1.3.0.${n}`, value: 0 }),
    },
    read: (n) => `1.3.6.1.4.1.534.6.6.7.6.6.1.2.0.${n}`,
    states: { 0: 'off', 1: 'on' },
  },
} as const satisfies Record<string, Table>;

const options = z.strictObject({
  /** Name or address, with a port where it isn't 161. */
  host: z.string().min(1),
  table: z.enum(['apc', 'poe', 'raritan', 'eaton']),
  /** From 1. */
  outlet: z.int().min(1),
  /** One with write access. */
  community: z.string().min(1).default('private'),
  version: z.enum(['1', '2c']).default('1'),
});

/** Until a request that was lost on its way is sent again, in milliseconds. */
const sendAgainAfter = 1_000;
const sendAtMost = 60;

/** A PDU, or a switch's port with power over Ethernet, by SNMP. Sources: the MIBs that the tables name. */
const driver: Driver<Outlet, z.output<typeof options>> = {
  name: 'snmp',
  options,
  open({ host, table: make, outlet, community, version }) {
    const name = `the ${make} at ${host}, outlet ${outlet}`;
    const table: Table = tables[make];
    const target = addressOf(host);

    /** The value of the one object that is asked for or written. */
    const ask = async (what: string, request: (session: snmp.Session, answered: snmp.GetSetCallback) => void, signal: AbortSignal) => {
      signal.throwIfAborted();
      const failed = (seen: string, advice: string, cause?: unknown) =>
        new DriverFailed(`${name} didn't do as it was asked (${what}): ${seen}`, { blame: 'infra', advice, cause });
      const session = snmp.createSession(target.host, community, {
        port: target.port,
        version: version === '1' ? snmp.Version1 : snmp.Version2c,
        transport: isIPv6(target.host) ? 'udp6' : 'udp4',
        timeout: sendAgainAfter,
        retries: sendAtMost,
      });
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const giveUp = () =>
        reject(
          failed(
            'no answer within the budget',
            `Is it at ${host}, and is its community with write access “${community}”? To a wrong one it says nothing.`,
          ),
        );
      signal.addEventListener('abort', giveUp, { once: true });
      session.on('error', (error) => reject(failed(error.message, `Is there a host ${target.host}?`, error)));
      request(session, (error, varbinds) => {
        const [varbind] = varbinds ?? [];
        if (error !== null) {
          reject(failed(error.message, `Has it an outlet ${outlet}, and may “${community}” write?`, error));
        } else if (varbind === undefined || snmp.isVarbindError(varbind)) {
          const seen = varbind === undefined ? 'an answer without a value' : snmp.varbindError(varbind);
          reject(failed(seen, `Has it an outlet ${outlet}, and is it of the make ${make}?`));
        } else resolve(varbind.value);
      });
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', giveUp);
        session.close();
      }
    };

    return {
      name,
      async set(state, signal) {
        const { oid, value } = table.set[state](outlet);
        const varbind = { oid, type: snmp.ObjectType.Integer, value };
        await ask(`set ${oid} to ${value}`, (session, answered) => session.set([varbind], answered), signal);
      },
      async read(signal) {
        const oid = table.read(outlet);
        const value = await ask(`get ${oid}`, (session, answered) => session.get([oid], answered), signal);
        return (typeof value === 'number' ? table.states[value] : undefined) ?? 'unknown';
      },
    };
  },
};
export default driver;

function addressOf(host: string): { host: string; port: number } {
  const [, name = host, port = '161'] = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(isIPv6(host) ? `[${host}]` : host) ?? [];
  return { host: name, port: Number(port) };
}
