import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMap, parseDocument, type Document } from 'yaml';
import { parseBench } from '../bench/config.ts';
import { UsageError } from '../errors.ts';

/** What is said above a part of a device's entry, by the part's name. */
export type Remarks = Readonly<Record<string, string>>;

/** A folder's bench.yaml, to which devices are added; what a person wrote in it stays as it is. */
export class BenchFile {
  readonly path: string;
  readonly #document: Document;

  /** Throws a UsageError where the file is there and isn't a bench.yaml: it is mended by hand first. */
  static async open(directory: string): Promise<BenchFile> {
    const path = join(directory, 'bench.yaml');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text !== undefined) await parseBench(text, path);
    return new BenchFile(path, text ?? opening(directory));
  }

  private constructor(path: string, text: string) {
    this.path = path;
    this.#document = parseDocument(text);
  }

  get devices(): string[] {
    const devices = this.#document.get('devices');
    return isMap(devices) ? devices.items.map(({ key }) => String(key)) : [];
  }

  /** Writes the file with one more device, whole or not at all. */
  async add(name: string, entry: Readonly<Record<string, unknown>>, remarks: Remarks): Promise<void> {
    if (this.devices.includes(name)) throw new UsageError(`${this.path} has a device ${name} already`, { advice: 'Take another name' });
    const node = this.#document.createNode(entry);
    for (const { key, value } of node.items) {
      const remark = remarks[String(key)];
      if (remark !== undefined && typeof key === 'object' && key !== null) Object.assign(key, { commentBefore: ` ${remark}` });
      // A wire is one line.
      if (isMap(value) && String(key) !== 'medium') value.flow = true;
      if (isMap(value)) for (const { value: inner } of value.items) if (isMap(inner)) inner.flow = true;
    }
    const devices = this.#document.get('devices');
    if (isMap(devices) && devices.items.length === 0) devices.flow = false;
    this.#document.setIn(['devices', name], node);
    const text = this.#document.toString({ lineWidth: 0 });
    await parseBench(text, this.path);
    const unfinished = `${this.path}.${process.pid}`;
    await writeFile(unfinished, text);
    await rename(unfinished, this.path);
  }
}

/** Of a new file: where editors find what may stand in it. */
function opening(directory: string): string {
  const schema = relative(directory, fileURLToPath(new URL('../../schema/bench.json', import.meta.url)));
  return `# yaml-language-server: $schema=${schema}\n# What is on this bench, and how it is wired: docs/hardware.md has every driver.\ndevices: {}\n`;
}
