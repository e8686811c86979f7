import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from '@playwright/test';
import test, { type ExecutionContext } from 'ava';
import { writeExampleRun } from '../example-run/example-run.ts';
import { writeReports } from '../write-reports.ts';

/** Debian's; the tests need no download of their own. */
const executablePath = '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const directory = mkdtempSync(join(tmpdir(), 'boardwalk-report-'));
const file = pathToFileURL(join(directory, 'report.html')).href;
let browser: Browser | undefined;

test.before(async () => {
  writeExampleRun(directory);
  await writeReports(directory);
  if (existsSync(executablePath)) browser = await chromium.launch({ executablePath, args });
});
test.after.always(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Opens the report as a reader has it; anything that the browser complains about, or asks the network for, fails the test. */
const onPage = (
  title: string,
  options: { width: number; colorScheme?: 'light' | 'dark'; fragment?: string; javaScriptEnabled?: boolean },
  look: (t: ExecutionContext, page: Page, complaints: string[]) => Promise<void>,
): void => {
  test(title, async (t) => {
    if (browser === undefined) {
      t.log(`skipped: there is no ${executablePath}`);
      t.pass();
      return;
    }
    const { width, fragment = '', ...context } = options;
    const page = await browser.newPage({ viewport: { width, height: 800 }, ...context });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => complaints.push(`dialog ${dialog.message()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(file)) complaints.push(`request ${request.url()}`);
    });
    await page.goto(file + fragment);
    await look(t, page, complaints);
    t.deepEqual(complaints, []);
    await page.close();
  });
};

const overflow = (page: Page): Promise<number> => page.evaluate('document.documentElement.scrollWidth - innerWidth');
const openFolds = (page: Page): Promise<string[]> =>
  page.locator('details.promise[open]').evaluateAll((folds) => folds.map((fold) => fold.id));

for (const width of [360, 768, 1280]) {
  onPage(`everything unfolded fits into ${width} px`, { width }, async (t, page) => {
    t.is(await overflow(page), 0);
    await page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true");
    t.is(await overflow(page), 0);
  });
}

onPage('the answer comes first, the broken promise is open and the rest is folded', { width: 1280 }, async (t, page) => {
  t.is(await page.locator('h1').innerText(), '1 of 73 promises is broken; 71 held, 1 was skipped.');
  t.deepEqual(await openFolds(page), ['storage.label-same-twice']);
  t.is(await page.locator('details.promise').count(), 73);
  const broken = page.locator('[id="storage.label-same-twice"]');
  t.regex(await broken.innerText(), /expected\s+\/mnt\/storage-usb-DATA-5E1F-01 and …-5E1F-02\s+seen\s+one mount at \/mnt\/DATA/);
  t.regex(await page.locator('[id="storage.exfat"]').innerText(), /skipped[\s\S]*has no exfat/);
});

onPage('a deep link opens its fold', { width: 1280, fragment: '#tmp.survives-reboot' }, async (t, page) => {
  t.deepEqual(await openFolds(page), ['tmp.survives-reboot', 'storage.label-same-twice']);
  t.true(await page.locator('[id="tmp.survives-reboot"] > summary').isVisible());
  await page.goto(`${file}#time.accuracy`);
  await page.locator('[id="time.accuracy"][open]').waitFor();
  t.is(await page.locator('[id="time.accuracy"] .measurements svg').count(), 2);
});

onPage('what the device printed is text, and nothing else', { width: 1280, fragment: '#storage.yank-while-writing' }, async (t, page) => {
  const console = page.locator('[id="storage.yank-while-writing"] .console');
  const text = await console.innerText();
  t.true(text.includes('</pre></script><script>document.title="owned"</script><img src=x onerror="document.title=1">'));
  t.true(text.includes(']]> <!-- -->'));
  t.notRegex(text, /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
  t.is(await page.locator('img, script:not(body > script:last-child)').count(), 0);
  t.regex(await page.title(), /^✗ 1 of 73 promises is broken/);
  t.is(await console.locator('.red').innerText(), 'red');
});

onPage('the policy stops a script even where escaping would not', { width: 1280 }, async (t, page, complaints) => {
  const blocked = page.waitForEvent('console');
  await page.evaluate("document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = 1' }))");
  await blocked;
  t.is(complaints.length, 1);
  t.regex(complaints.pop() ?? '', /violates the following Content Security Policy/);
  t.regex(await page.title(), /^✗/);
});

onPage(
  'the clock moves the console, and so do the entries beside it, by keyboard too',
  { width: 1280, fragment: '#tmp.survives-power-cut' },
  async (t, page) => {
    const promise = page.locator('[id="tmp.survives-power-cut"]');
    const now = promise.locator('.console .now');
    t.is(await promise.getByRole('button', { name: /power on/ }).count(), 1);
    await promise.getByRole('button', { name: /boot of slot A/ }).click();
    t.regex(await now.innerText(), /docker0/);
    await promise.getByRole('button', { name: /look:/ }).press('Enter');
    t.regex(await now.innerText(), /login:/);
    const slider = promise.getByRole('slider', { name: 'Moment in the test' });
    await slider.press('Home');
    t.regex(await now.innerText(), /docker0/);
    t.regex((await slider.getAttribute('aria-valuetext')) ?? '', /^12:\d\d:\d\d\.\d{3}$/);
  },
);

onPage('evidence of the console leads to its line', { width: 360, fragment: '#storage.label-same-twice' }, async (t, page) => {
  const broken = page.locator('[id="storage.label-same-twice"]');
  await broken.locator('dt a').click();
  t.regex(await broken.locator('.console :target').innerText(), /EXT4-fs \(sdc1\)/);
});

onPage('a command is copied', { width: 1280 }, async (t, page) => {
  const button = page.locator('[id="storage.label-same-twice"] .copy');
  await button.click();
  await page.getByRole('button', { name: /^(Copied|Selected)$/ }).waitFor();
  t.is(
    await page.locator('[id="storage.label-same-twice"] .command code').innerText(),
    'npx boardwalk run storage --grep label-same-twice --device qemux86-64 --seed 4711',
  );
});

for (const colorScheme of ['light', 'dark'] as const) {
  onPage(`text can be read on its ground, ${colorScheme}`, { width: 1280, colorScheme }, async (t, page) => {
    await page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true");
    t.deepEqual(await page.evaluate<string[]>(tooFaint), []);
  });
}

onPage('without scripts all is there, and no control that does nothing', { width: 1280, javaScriptEnabled: false }, async (t, page) => {
  t.is(await page.locator('details.promise').count(), 73);
  t.is(await page.locator('.copy:visible, .clock:visible').count(), 0);
});

test('the page needs nothing from elsewhere', (t) => {
  const html = readFileSync(join(directory, 'report.html'), 'utf8');
  t.notRegex(html, /<(link|iframe|img|object|base)\b|@import|url\(/);
  t.regex(
    html,
    /Content-Security-Policy" content="default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'"/,
  );
});

/** Texts under WCAG's 4.5 : 1, by the colours that the browser computed. */
const tooFaint = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = channels(getComputedStyle(one).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
  };
  const found = new Set();
  for (const element of document.querySelectorAll('body *:not(script)')) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '') || element.closest('svg')) continue;
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.add(element.tagName + '.' + element.className + ' ' + contrast.toFixed(2));
  }
  return [...found];
})()`;
