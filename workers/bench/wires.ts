import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { consoleSource, DeviceError, muxes, outlets, usualBaudRate, usualPorts, type MuxedDisk, type Wiring } from '../../devices/index.ts';
import type { Finding } from './finding.ts';
import { leaseHolder } from './lease.ts';
import { whyQuarantined } from './quarantine.ts';

/** Milliseconds that anything at the end of a wire may take to answer. */
const answerBudget = 5_000;

/** Looks at what is at the end of each wire of a board, and switches nothing. A board that somebody holds is left alone. */
export async function inspectWires(id: string, wiring: Wiring, signal: AbortSignal): Promise<Finding[]> {
  const holder = await leaseHolder(id);
  if (holder !== undefined)
    return [{ level: 'warning', what: id, found: `held by process ${holder.pid} for ${holder.purpose}: its wires are left alone` }];
  const within = () => AbortSignal.any([signal, AbortSignal.timeout(answerBudget)]);
  const findings: Finding[] = [];
  const quarantine = await whyQuarantined(id);
  if (quarantine !== undefined) {
    findings.push({
      level: 'warning',
      what: id,
      found: quarantine,
      mend: `Mend it:  boardwalk run --device ${id}  ends the quarantine if it boots`,
    });
  }
  const look = async (wire: string, looking: () => Promise<string>) => {
    const what = `${id} ${wire}`;
    try {
      findings.push({ level: 'ok', what, found: await looking() });
    } catch (error) {
      signal.throwIfAborted();
      const mend = error instanceof DeviceError ? error.advice : undefined;
      findings.push({
        level: 'fault',
        what,
        found: error instanceof Error ? error.message : String(error),
        ...(mend !== undefined && { mend }),
      });
    }
  };

  await look('console', async () => {
    const source = consoleSource(wiring.console, usualBaudRate);
    await source.open({ bytes: () => undefined, closed: () => undefined });
    await source.close();
    return `${source.name} opens`;
  });
  let isOn: boolean | undefined;
  await look('power', async () => {
    const outlet = await outlets.open(wiring.power);
    if (outlet.read === undefined) return `${outlet.name} can’t be asked`;
    const state = await outlet.read(within());
    isOn = state === 'on';
    return `${outlet.name} says ${state}`;
  });
  const lookBehindMux = (wire: string, { mux: driver, disk }: MuxedDisk) =>
    look(wire, async () => {
      const mux = await muxes.open(driver);
      if (mux.read === undefined) return `${mux.name} can’t be asked`;
      const side = await mux.read(within());
      if (side !== 'bench') return `${mux.name} says that the ${side} has it`;
      await (await open(disk, 'r')).close();
      return `the bench has it as ${disk}`;
    });
  const { medium, sticks = [] } = wiring;
  if (medium !== undefined) await lookBehindMux('card', medium);
  for (const [index, stick] of sticks.entries()) await lookBehindMux(`stick ${index + 1}`, stick);
  // A board without power answers nobody.
  if (isOn !== false) {
    await look('network', async () => {
      const port = wiring.ports?.ssh ?? usualPorts.ssh;
      const socket = connect({ host: wiring.address, port, signal: within() });
      await once(socket, 'connect', { signal: within() });
      socket.destroy();
      return `${wiring.address}:${port} answers`;
    });
  }
  return findings;
}
