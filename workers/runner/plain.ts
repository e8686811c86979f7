/** Playwright colours its messages for a terminal; the log holds text. */
export function plain(text: string): string {
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '');
}
