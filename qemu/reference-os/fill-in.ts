/** What stands for `@NAME@` in a file of the OS, by name. */
export type Blanks = Readonly<Record<string, string>>;

/** A text with its blanks filled in. Throws TypeError for one that nothing is known for. */
export function fillIn(text: string, blanks: Blanks): string {
  return text.replaceAll(/@([A-Z_]+)@/gu, (blank, name: string) => {
    const value = blanks[name];
    if (value === undefined) throw new TypeError(`nothing is known for ${blank}`);
    return value;
  });
}
