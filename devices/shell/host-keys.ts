import { createHash } from 'node:crypto';

/**
 * Which SSH host key a device has. A fresh flash brings a fresh key: the first one seen after it is pinned, and holds until the next flash.
 * Fingerprints are written as OpenSSH does, `SHA256:` and base64 without padding.
 */
export interface HostKeys {
  /** The fingerprint that holds now; undefined until one was seen since the last flash. */
  pinned(): Promise<string | undefined>;
  pin(fingerprint: string): Promise<void>;
}

/** The host key of one device, in memory. */
export class HostKeysInMemory implements HostKeys {
  #fingerprint: string | undefined;

  async pinned(): Promise<string | undefined> {
    return this.#fingerprint;
  }

  async pin(fingerprint: string): Promise<void> {
    this.#fingerprint = fingerprint;
  }

  /** The device was flashed: any key is right, once. */
  flashed(): void {
    this.#fingerprint = undefined;
  }
}

/** @param key as it goes over the wire (RFC 4253, section 6.6). */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}
