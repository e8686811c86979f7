import type { DeviceParts } from '../device.ts';

/** What a run keeps with a device for as long as it holds it. */
export interface Notes {
  /** The device's part of it. */
  parts: Pick<DeviceParts, 'markDirty' | 'recall' | 'remember'> & { readonly dirt: readonly string[] };
  /** A fresh device remembers nothing. */
  forget(): void;
  /** As flashed: nothing that was marked holds any longer. */
  clean(): void;
}

export function notes(): Notes {
  const dirt: string[] = [];
  const remembered = new Map<string, string>();
  return {
    parts: {
      dirt,
      markDirty: async (reason) => void dirt.push(reason),
      async recall(key) {
        const value = remembered.get(key);
        return value === undefined ? undefined : JSON.parse(value);
      },
      async remember(key, value) {
        // As JSON, so that what is recalled is the same on this side of the socket and on the other.
        remembered.set(key, JSON.stringify(value ?? null));
      },
    },
    forget: () => remembered.clear(),
    clean() {
      dirt.length = 0;
    },
  };
}
