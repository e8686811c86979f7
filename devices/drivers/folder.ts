import { readdir } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { nearest } from '../nearest.ts';
import { UnknownDriver, WiringWrong } from './errors.ts';

/** For one make of a kind of thing. One file of the kind's folder is one; its default export is this. */
export interface Driver<Opened, Options extends object = object> {
  /** The file's name, and the key in bench.yaml. */
  readonly name: string;
  /** What bench.yaml says of such a thing. */
  readonly options: z.ZodType<Options>;
  /** Touches nothing yet. */
  open(options: Options): Opened;
  /** What of this make is plugged into this host; switches nothing. Absent where there is no telling. */
  find?(): Promise<Find<Options>[]>;
}

/** One thing that is plugged in. */
export interface Find<Options = object> {
  /** For people: what it is, and what tells it from others. */
  what: string;
  /** As bench.yaml would have it; or why it can't be used. */
  options: Options | { unusable: string };
}

/** One thing that is plugged in, as a wire may lead to it. */
export interface FoundWire {
  what: string;
  wire: Wire | { unusable: string };
}

/** How bench.yaml names a thing: its driver, and what that wants to know. */
export type Wire = Record<string, unknown>;

/** The drivers for one kind of thing. */
export class DriverFolder<Opened> {
  readonly #url: string;
  readonly #kind: string;

  /** @param url of the module in the drivers' folder that makes this. @param kind what they are drivers for, in a word: “switch”. */
  constructor(url: string, kind: string) {
    this.#url = url;
    this.#kind = kind;
  }

  /** Every driver, by name: each file of the folder whose default export is one. */
  async all(): Promise<Map<string, Driver<Opened>>> {
    return namedExports(this.#url, isDriver<Opened>);
  }

  /** Throws UnknownDriver, with the names that there are. */
  async named(name: string): Promise<Driver<Opened>> {
    const drivers = await this.all();
    const found = drivers.get(name);
    if (found !== undefined) return found;
    const names = [...drivers.keys()];
    const near = nearest(name, names);
    throw new UnknownDriver(`there is no ${this.#kind} “${name}”${near === undefined ? '' : `. Did you mean “${near}”?`}`, {
      blame: 'test',
      advice: `There are: ${names.join(' ')}`,
    });
  }

  /** What is plugged into this host that some driver is for. */
  async find(): Promise<FoundWire[]> {
    const found: FoundWire[] = [];
    for (const [name, driver] of await this.all()) {
      for (const { what, options } of (await driver.find?.()) ?? []) {
        found.push({ what, wire: 'unusable' in options ? { unusable: options.unusable } : { [name]: options } });
      }
    }
    return found;
  }

  /** What a wire tells of. Throws UnknownDriver, WiringWrong. */
  async open(wire: Wire): Promise<Opened> {
    const [[name, options] = ['', {}]] = Object.entries(wire);
    const driver = await this.named(name);
    const parsed = driver.options.safeParse(options);
    if (parsed.success) return driver.open(parsed.data);
    const [issue] = parsed.error.issues;
    const place = [name, ...(issue?.path ?? []).map(String)].join('.');
    throw new WiringWrong(`${place}: ${issue?.message}`, {
      blame: 'infra',
      advice: 'docs/hardware.md shows what each driver wants to know',
    });
  }
}

function isDriver<Opened>(value: unknown): value is Driver<Opened> {
  return typeof value === 'object' && value !== null && 'options' in value && 'open' in value;
}

/** The default exports of a module's own folder that are of a kind, by their name; the module itself, tests and contracts left out. */
export async function namedExports<T extends { name: string }>(
  url: string,
  isOne: (value: unknown) => value is T,
): Promise<Map<string, T>> {
  const here = fileURLToPath(url);
  // .ts in a clone, .js in a package.
  const extension = extname(here);
  const files = (await readdir(dirname(here))).filter(
    (file) => file.endsWith(extension) && !/\.(test|contract|d)\.[jt]s$/.test(file) && file !== basename(here),
  );
  const found = new Map<string, T>();
  for (const file of files.sort()) {
    const module: unknown = await import(new URL(file, url).href);
    if (typeof module === 'object' && module !== null && 'default' in module && isOne(module.default)) {
      found.set(module.default.name, module.default);
    }
  }
  return found;
}
