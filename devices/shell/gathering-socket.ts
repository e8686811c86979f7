import { Socket } from 'node:net';

type Written = (error?: Error | null) => void;

/**
 * A TCP connection that sends together what is written in one go. ssh2 writes each packet of AES-GCM in three pieces (1.17.0,
 * AESGCMCipherNative), and without Nagle's delay each would be a system call and a segment of its own.
 */
export class GatheringSocket extends Socket {
  override write(bytes: Uint8Array | string, encoding?: BufferEncoding | Written, written?: Written): boolean {
    if (this.writableCorked === 0) {
      this.cork();
      process.nextTick(() => this.uncork());
    }
    return typeof encoding === 'string' ? super.write(bytes, encoding, written) : super.write(bytes, encoding ?? written);
  }
}
