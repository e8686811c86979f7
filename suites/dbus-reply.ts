/** One value of a D-Bus reply, with its type's signature: `s`, `b`, `t`, `u`, `as`, `a{sv}`… A variant is what it holds. */
export type DbusValue =
  | { signature: string; value: string | boolean | number | bigint }
  | { signature: string; value: DbusValue[] }
  | { signature: string; value: Map<string, DbusValue> };

/** dbus-send printed something that isn't a reply. */
export class NotADbusReply extends Error {
  override readonly name = 'NotADbusReply';
  readonly text: string;

  constructor(expected: string, rest: string, text: string) {
    super(`dbus-send's output isn't a reply: expected ${expected} at “${rest.slice(0, 60)}”`);
    this.text = text;
  }
}

// The signatures of what dbus-send prints by name. Source: D-Bus specification, “Type system”; dbus, tools/dbus-print-message.c.
const signatures = {
  byte: 'y',
  boolean: 'b',
  int16: 'n',
  uint16: 'q',
  int32: 'i',
  uint32: 'u',
  int64: 'x',
  uint64: 't',
  double: 'd',
  string: 's',
  'object path': 'o',
  signature: 'g',
} as const;

const isName = (name: string): name is keyof typeof signatures => name in signatures;

/** Reads the output of `dbus-send --print-reply`: the arguments of the method return. */
export function parseDbusReply(text: string): DbusValue[] {
  let rest = text;

  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest);
    if (match !== null) rest = rest.slice(match[0].length);
    return match;
  };
  const need = (pattern: RegExp, expected: string): RegExpExecArray => {
    const match = take(pattern);
    if (match === null) throw new NotADbusReply(expected, rest, text);
    return match;
  };

  const scalar = (name: keyof typeof signatures): DbusValue => {
    const signature = signatures[name];
    switch (name) {
      case 'string':
      case 'object path':
      case 'signature':
        // dbus-send doesn't escape: a string ends at a quote that ends its line.
        return { signature, value: need(/^"([\s\S]*?)"(?=\s*(?:\n|$))/, 'a quoted string')[1] ?? '' };
      case 'boolean':
        return { signature, value: need(/^(?:true|false)/, 'true or false')[0] === 'true' };
      case 'int64':
      case 'uint64':
        return { signature, value: BigInt(need(/^-?\d+/, 'an integer')[0]) };
      default:
        return { signature, value: Number(need(/^-?[\d.e+-]+/, 'a number')[0]) };
    }
  };

  const value = (): DbusValue => {
    if (take(/^\s*variant\s+/)) return value();
    if (take(/^\s*array \[/)) return array();
    const name = need(/^\s*(object path|[a-z]+\d*)\s/, 'a type')[1] ?? '';
    if (!isName(name)) throw new NotADbusReply('a type', `${name} ${rest}`, text);
    return scalar(name);
  };

  const array = (): DbusValue => {
    const entries = new Map<string, DbusValue>();
    const items: DbusValue[] = [];
    while (!take(/^\s*\]/)) {
      if (take(/^\s*dict entry\(/)) {
        const key = value();
        if (typeof key.value === 'object') throw new NotADbusReply('a key of a basic type', rest, text);
        entries.set(String(key.value), value());
        need(/^\s*\)/, 'the end of a dict entry');
      } else items.push(value());
    }
    return entries.size > 0 ? { signature: 'a{sv}', value: entries } : { signature: `a${items[0]?.signature ?? 'v'}`, value: items };
  };

  need(/^method return [^\n]*/, '“method return”');
  const values: DbusValue[] = [];
  while (!take(/^\s*$/)) values.push(value());
  return values;
}

/** The properties that a GetAll returned, by name. */
export function parseProperties(text: string): Map<string, DbusValue> {
  const [properties] = parseDbusReply(text);
  if (properties === undefined || !(properties.value instanceof Map)) throw new NotADbusReply('a dictionary of properties', text, text);
  return properties.value;
}
