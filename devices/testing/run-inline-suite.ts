import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';

const attachmentSchema = z.object({ name: z.string(), contentType: z.string(), body: z.string().optional() });
const resultSchema = z.object({
  status: z.enum(['passed', 'failed', 'skipped', 'timedOut', 'interrupted']),
  workerIndex: z.number(),
  parallelIndex: z.number(),
  /** The first line of each: the reporter appends code and stack. */
  errors: z.array(z.object({ message: z.string().transform((message) => message.split('\n', 1)[0] ?? '') })),
  attachments: z.array(attachmentSchema),
  annotations: z.array(z.object({ type: z.string(), description: z.string().optional() })),
});
const reportSchema = z.object({
  suites: z.array(
    z.object({ specs: z.array(z.object({ title: z.string(), tests: z.array(z.object({ results: z.array(resultSchema) })) })) }),
  ),
  errors: z.array(z.object({ message: z.string() })),
});

export interface InlineResult extends z.infer<typeof resultSchema> {
  /** Attached JSON of one content type, parsed. */
  attached(contentType: string): unknown[];
}

export interface InlineRun {
  exitCode: number | undefined;
  /** By test title. */
  tests: Map<string, InlineResult>;
  /** Errors outside any test. */
  errors: string[];
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const index = fileURLToPath(new URL('../index.ts', import.meta.url));
const budget = 120_000;

/**
 * Runs one suite's text by the real Playwright Test, and gives its results by title. The text may use what `devices/index.ts` exports.
 * The file lies in the project's own tree, because a suite's imports are resolved from there.
 */
export async function runInlineSuite(text: string, environment: Record<string, string>): Promise<InlineRun> {
  await mkdir(join(root, '.boardwalk'), { recursive: true });
  const directory = await mkdtemp(join(root, '.boardwalk', 'inline-suite-'));
  try {
    const imports = `import { test, expect, proves, measure, defineConfig, DeviceError, AwaitedTooLong } from ${JSON.stringify(index)};\n`;
    await writeFile(join(directory, 'inline.suite.ts'), imports + text);
    await writeFile(
      join(directory, 'playwright.config.ts'),
      `import { defineConfig } from ${JSON.stringify(index)};\nexport default defineConfig({ reporter: [['json', { outputFile: 'report.json' }]] });\n`,
    );
    const cli = join(createRequire(import.meta.url).resolve('@playwright/test/package.json'), '..', 'cli.js');
    const { exitCode, all } = await execa(
      process.execPath,
      [cli, 'test', '--workers=1', `--config=${directory}`, `--output=${join(directory, 'output')}`],
      {
        cwd: directory,
        env: { ...environment, FORCE_COLOR: '0' },
        all: true,
        reject: false,
        timeout: budget,
      },
    );
    const report = reportSchema.parse(
      JSON.parse(await readFile(join(directory, 'report.json'), 'utf8').catch(() => Promise.reject(new RangeError(all)))),
    );
    const tests = report.suites
      .flatMap(({ specs }) => specs)
      .flatMap(({ title, tests }) => tests.flatMap(({ results }) => results.map((result) => [title, withAttached(result)] as const)));
    return { exitCode, tests: new Map(tests), errors: report.errors.map(({ message }) => message) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function withAttached(result: z.infer<typeof resultSchema>): InlineResult {
  return {
    ...result,
    attached: (contentType) =>
      result.attachments
        .filter((attachment) => attachment.contentType === contentType)
        .map(({ body = '' }): unknown => JSON.parse(Buffer.from(body, 'base64').toString('utf8'))),
  };
}
