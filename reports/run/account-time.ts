import type { Event, RunTime } from '../event-log/event.ts';
import { recordRun, type RunRecord } from './run-record.ts';

/** Where the time of the run went, for its run-finished event and its summary. */
export const accountTime = (events: Iterable<Event>): RunTime => accountRunTime(recordRun(events));

/**
 * device_s is the busiest device's: the device seconds of its test attempts and the boots that no test asked for,
 * their services included. Of several devices that work side by side
 * the busiest one bounds the run, so harness_s stays what a person would have to speed up in boardwalk.
 */
export function accountRunTime(run: RunRecord): RunTime {
  const total = run.t / 1000;
  const image = run.steps.filter((step) => step.kind === 'image').reduce((sum, step) => sum + (step.seconds ?? 0), 0);
  const busy = new Map<string, number>();
  const add = (device: string, seconds: number): unknown => busy.set(device, (busy.get(device) ?? 0) + seconds);
  for (const { attempts } of run.tests.values()) {
    for (const { started, finished } of attempts) add(started.device, finished?.deviceSeconds ?? 0);
  }
  for (const boot of run.boots) if (boot.cause !== 'test') add(boot.device, boot.readySeconds ?? boot.totalSeconds);
  const device = Math.max(0, ...busy.values());
  return {
    total_s: round(total),
    device_s: round(device),
    harness_s: round(Math.max(0, total - device - image)),
    image_s: round(image),
    boot_s: round(run.boots.reduce((sum, boot) => sum + boot.totalSeconds, 0)),
  };
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
