/** What this room throws: what happened, the evidence, and one sentence on what to do next. */
export class ReportsError extends Error {
  readonly evidence: string;
  readonly advice: string;

  constructor(message: string, { evidence, advice, cause }: { evidence: string; advice: string; cause?: unknown }) {
    super(`${message}\n  ${evidence}\n  → ${advice}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.evidence = evidence;
    this.advice = advice;
  }
}
