export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordOr(value: unknown, otherwise: JsonRecord = {}): JsonRecord {
  return isRecord(value) ? value : otherwise;
}

export function stringOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/** The strings of a list; a lone string is a list of one. */
export function stringList(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The entries whose values are strings. */
export function stringRecord(value: unknown): Record<string, string> {
  const entries = Object.entries(recordOr(value));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** v19.0.5 takes 1, true, on and their strings, in any case, for yes; all else is no. */
export function isTruthy(value: unknown): boolean {
  const plain = typeof value === 'string' ? value.toLowerCase() : value;
  return plain === true || plain === 1 || plain === 'true' || plain === '1' || plain === 'on';
}

/** A whole number, given as a number or as decimal digits. */
export function integer(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  return /^-?[0-9]+\.?0*$/.test(String(value)) ? Number(value) : undefined;
}

/** JSON with its keys in order, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isRecord(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}
