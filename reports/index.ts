/** What came out of a run. This room knows no device: it is told events, and derives everything else from them. */
export { ReportsError } from './errors.ts';
export { EventLog, EventLogWriteError, InvalidEventError } from './event-log/event-log.ts';
export { DamagedEventLogError, loadEvents, readEvents, type TornLine } from './event-log/read-events.ts';
export { judgeMeasurement } from './event-log/measurement.ts';
export { eventSchema } from './event-log/event.ts';
export type {
  Attachment,
  BootStage,
  CatalogPromise,
  Cause,
  Event,
  EventOf,
  Evidence,
  ImageIdentity,
  Limits,
  NewEvent,
  Outcome,
  RunTime,
  TestError,
  Verdict,
} from './event-log/event.ts';
export { accountTime } from './run/account-time.ts';
export { decideVerdict, type Decision, type ExitCode } from './run/decide-verdict.ts';
export { summarize } from './summary/summarize.ts';
export { summarySchema, type Summary } from './summary/summary.ts';
export { renderRun, TerminalReporter, type TerminalStream } from './terminal/terminal-reporter.ts';
export type { Page } from './terminal/page.ts';
export { writeReports } from './write-reports.ts';
