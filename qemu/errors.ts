export interface QemuErrorOptions {
  /** One sentence: what to do next. */
  advice: string;
  /** What was seen: the end of QEMU's stderr, a QMP reply, figures of a file system. */
  evidence?: string[];
  cause?: unknown;
}

/** The root of everything this room throws: what was expected and found, the evidence, what to do next. */
export class QemuError extends Error {
  override readonly name: string = 'QemuError';
  readonly advice: string;
  readonly evidence: string[];

  constructor(message: string, options: QemuErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.advice = options.advice;
    this.evidence = options.evidence ?? [];
  }
}

/** A program of QEMU's is not on PATH, or a firmware not in its place. */
export class QemuMissing extends QemuError {
  override readonly name = 'QemuMissing';
  readonly program: string;
  readonly debianPackage: string;

  constructor(program: string, debianPackage: string, cause?: unknown) {
    super(`${program} is ${program.includes('/') ? 'missing' : 'not on PATH'}`, {
      advice: `Install it: apt install ${debianPackage}`,
      cause,
    });
    this.program = program;
    this.debianPackage = debianPackage;
  }
}

/** An awaited observable did not come within its budget. */
export class BudgetExceeded extends QemuError {
  override readonly name = 'BudgetExceeded';
  readonly awaited: string;
  readonly budgetMs: number;

  constructor(awaited: string, budgetMs: number, seen: string, options: QemuErrorOptions) {
    super(`awaited ${awaited} for ${(budgetMs / 1000).toFixed(1)} s; seen instead: ${seen}`, options);
    this.awaited = awaited;
    this.budgetMs = budgetMs;
  }
}
