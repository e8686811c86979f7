import { AwaitedTooLong } from '../errors.ts';
import type { Console } from '../console/console.ts';
import { printable } from '../console/text.ts';
import type { Deadline } from './deadline.ts';
import { ConsoleLoginFailed } from './errors.ts';

export interface ConsoleAccount {
  /** Default root. */
  username?: string;
  /** Default: none, as on a development image. */
  password?: string;
}

const defaultUser = 'root';
const interrupt = '\u0003';
const endOfInput = '\u0004';

/** Where the console stands, told by how its last line ends: nothing may follow. */
const standing = /(?<login>(?<!Last )\blogin: ?)(?![^])|(?<password>assword: ?)(?![^])|(?<prompt>[#$] ?)(?![^])/;
const afterName = /(?<incorrect>Login incorrect)|(?<password>assword: ?)(?![^])|(?<prompt>[#$] ?)(?![^])/;

/** Milliseconds for an answer to a line end, and for a login to come to its prompt. */
const answerBudget = 2_000;
const loginBudget = 20_000;

/**
 * Comes to a shell's prompt, from whatever stands on the console: a login prompt, a shell, a program that runs, the framing loop of a
 * session whose owner died.
 */
export async function toPrompt(console: Console, account: ConsoleAccount, deadline: Deadline, slowness: number): Promise<void> {
  // From the gentlest on: a line end is nothing to a prompt; ^C ends a program; ^D ends a shell and a framing loop.
  const knocks = ['\n', '\n', `${interrupt}\n`, endOfInput, `${endOfInput}${endOfInput}`];
  let unanswered: number | undefined;
  for (let knock = 0; ; knock += 1) {
    const from = await console.mark();
    await console.write(knocks[Math.min(knock, knocks.length - 1)] ?? '\n');
    const found = await answered(console, standing, from, answerBudget * slowness, deadline);
    if (found === undefined) {
      if (unanswered !== undefined && knock >= knocks.length) throw await noPrompt(console, account, unanswered);
      continue;
    }
    const [login, , prompt] = found;
    if (prompt !== '') return;
    if (login === '') {
      // Somebody's half of a login: no password ends it.
      await console.write('\n');
      continue;
    }
    const typedAt = await console.mark();
    if (await logIn(console, account, deadline, slowness)) return;
    if (unanswered !== undefined) throw await noPrompt(console, account, typedAt);
    // Something that was typed ahead of the login runs in its shell now: it is ended as any program is.
    unanswered = typedAt;
    knock = knocks.indexOf(`${interrupt}\n`) - 1;
  }
}

/** False where the console never said a word that tells how it went. */
async function logIn(
  console: Console,
  { username = defaultUser, password }: ConsoleAccount,
  deadline: Deadline,
  slowness: number,
): Promise<boolean> {
  let from = await console.mark();
  const type = async (line: string): Promise<'prompt' | 'password' | undefined> => {
    from = await console.mark();
    await console.write(`${line}\n`);
    const found = await answered(console, afterName, from, loginBudget * slowness, deadline);
    if (found === undefined) return undefined;
    const [incorrect, asked] = found;
    if (incorrect !== '') throw await loginFailed(console, from, `the login as ${username} was refused`);
    return asked === '' ? 'prompt' : 'password';
  };
  const named = await type(username);
  if (named !== 'password') return named === 'prompt';
  if (password === undefined) throw await loginFailed(console, from, `a password is asked for ${username}, and none is known`);
  const entered = await type(password);
  if (entered === 'password') throw await loginFailed(console, from, `the password of ${username} was refused`);
  return entered === 'prompt';
}

/** The groups of the pattern's first match; undefined where none came within the budget. Rejects when the deadline is over. */
async function answered(
  console: Console,
  pattern: RegExp,
  from: number,
  budget: number,
  deadline: Deadline,
): Promise<string[] | undefined> {
  try {
    const { groups } = await console.expect(pattern, { from, timeout: Math.min(budget, deadline.remaining), signal: deadline.signal });
    return groups;
  } catch (error) {
    if (!(error instanceof AwaitedTooLong) || deadline.remaining === 0) throw error;
    return undefined;
  }
}

const noPrompt = (console: Console, { username = defaultUser }: ConsoleAccount, from: number): Promise<ConsoleLoginFailed> =>
  loginFailed(console, from, `no prompt followed the login as ${username}`);

async function loginFailed(console: Console, from: number, what: string): Promise<ConsoleLoginFailed> {
  return new ConsoleLoginFailed(`no shell on the console: ${what}`, {
    blame: 'product',
    evidence: [{ kind: 'console', text: printable(await console.read({ from })).slice(-2000), offset: from }],
    advice: 'Is this a development image? A production one has no login on its console.',
  });
}
