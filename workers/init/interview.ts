export interface Choice<T> {
  label: string;
  value: T;
}

/** A conversation with the person who wires a board. Each question rejects with a UsageError once nobody answers any longer. */
export interface Interview {
  tell(line: string): void;
  /** @param understand makes the answer's value, or throws an Error that says what is wrong with it: then it is asked again. */
  ask<T>(question: string, understand: (answer: string) => T | Promise<T>, options?: { preset?: string }): Promise<T>;
  choose<T>(question: string, choices: readonly Choice<T>[]): Promise<T>;
  consents(question: string): Promise<boolean>;
}
