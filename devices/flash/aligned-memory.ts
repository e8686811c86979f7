// Neither lib.es2025 nor @types/node declares it, and lib.dom would bring all of a browser.
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

const wasmPageBytes = 65_536;

/** What direct I/O wants addresses, offsets and lengths to be multiples of: the largest sector of today's disks. */
export const alignment = 4096;

/**
 * Buffers that O_DIRECT takes. It answers EINVAL to Node's own, whose addresses nobody chooses; a WebAssembly memory is mapped by
 * pages. They are one mapping that goes when the last of them is collected.
 */
export function alignedBuffers(count: number, bytes: number): Uint8Array[] {
  if (bytes % alignment !== 0) throw new RangeError(`aligned buffers are multiples of ${alignment} bytes, got ${bytes}`);
  const { buffer } = new WebAssembly.Memory({ initial: Math.ceil((count * bytes) / wasmPageBytes) });
  return Array.from({ length: count }, (_, index) => new Uint8Array(buffer, index * bytes, bytes));
}
