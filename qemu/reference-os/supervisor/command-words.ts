/** One word of a shell command: runs of plain characters, escapes and quoted parts; or an operator. */
const TOKEN = /\s+|(?<operator>\|\||&&|;;|\|&|>>|<\(|[&;()|<>])|(?<word>(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"\\&;()|<>])+)/gy;
const PART = /\\(?<escaped>.)|'(?<single>[^']*)'|"(?<double>(?:\\.|[^"\\])*)"|(?<plain>[^'"\\]+)/g;

/**
 * A command given as one string, cut into words as a shell cuts it, without running one: quotes and escapes are honoured, `$` isn't
 * expanded, an operator is a word of its own.
 */
export function commandWords(command: string): string[] {
  const words: string[] = [];
  for (const { groups } of command.matchAll(TOKEN)) {
    if (groups?.['operator'] !== undefined) words.push(groups['operator']);
    if (groups?.['word'] !== undefined) words.push(unquote(groups['word']));
  }
  return words;
}

function unquote(word: string): string {
  let text = '';
  for (const { groups } of word.matchAll(PART)) {
    text += groups?.['escaped'] ?? groups?.['single'] ?? groups?.['plain'] ?? groups?.['double']?.replace(/\\(["\\$])/g, '$1') ?? '';
  }
  return text;
}
