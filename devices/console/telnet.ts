/** Telnet's commands and options that a serial port server speaks. Source: RFC 854, RFC 855, RFC 856 (binary), RFC 858 (suppress go ahead), RFC 2217 (com port). */
export const telnet = { se: 240, sb: 250, will: 251, wont: 252, do: 253, dont: 254, iac: 255 } as const;
export const telnetOption = { binary: 0, suppressGoAhead: 3, comPort: 44 } as const;

export interface TelnetListener {
  /** Bytes of the line, unescaped. The array is the listener's only until it returns. */
  data(bytes: Uint8Array): void;
  /** WILL, WONT, DO or DONT. */
  negotiation(verb: number, option: number): void;
  /** What stands between SB and SE, unescaped. */
  subnegotiation(option: number, bytes: Uint8Array): void;
}

/** Bytes that mean themselves, as Telnet has them. */
export function escapeTelnet(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(telnet.iac)) return bytes;
  return Uint8Array.from([...bytes].flatMap((byte) => (byte === telnet.iac ? [byte, byte] : [byte])));
}

export const negotiate = (verb: number, option: number): Uint8Array => Uint8Array.of(telnet.iac, verb, option);

export function subnegotiate(option: number, bytes: readonly number[]): Uint8Array {
  return Uint8Array.of(telnet.iac, telnet.sb, option, ...escapeTelnet(Uint8Array.from(bytes)), telnet.iac, telnet.se);
}

/** Bytes of a subnegotiation that are kept: a server that never ends one doesn't fill the memory. */
const mostOfSubnegotiation = 1024;

/** Takes a Telnet stream apart, in whatever pieces it comes. */
export class TelnetReader {
  readonly #listener: TelnetListener;
  #state: 'data' | 'iac' | 'verb' | 'sub' | 'sub-iac' = 'data';
  #verb = 0;
  #sub: number[] = [];

  constructor(listener: TelnetListener) {
    this.#listener = listener;
  }

  read(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      // Most of what comes is data, and most of that is without an IAC: it is handed on as it lies there.
      const end = this.#state === 'data' ? dataEnd(bytes, at) : at;
      if (end > at) this.#listener.data(bytes.subarray(at, end));
      at = end;
      const byte = bytes[at];
      if (byte === undefined) return;
      this.#byte(byte);
      at += 1;
    }
  }

  #byte(byte: number): void {
    switch (this.#state) {
      case 'data':
        this.#state = 'iac';
        return;
      case 'iac':
        this.#command(byte);
        return;
      case 'verb':
        this.#state = 'data';
        this.#listener.negotiation(this.#verb, byte);
        return;
      case 'sub':
        if (byte === telnet.iac) this.#state = 'sub-iac';
        else this.#keep(byte);
        return;
      case 'sub-iac':
        this.#state = byte === telnet.se ? 'data' : 'sub';
        if (byte === telnet.iac) this.#keep(byte);
        if (byte !== telnet.se) return;
        if (this.#sub[0] !== undefined) this.#listener.subnegotiation(this.#sub[0], Uint8Array.from(this.#sub.slice(1)));
        return;
    }
  }

  #command(byte: number): void {
    this.#state = 'data';
    if (byte === telnet.iac) this.#listener.data(Uint8Array.of(byte));
    else if (byte >= telnet.will && byte <= telnet.dont) {
      this.#verb = byte;
      this.#state = 'verb';
    } else if (byte === telnet.sb) {
      this.#sub = [];
      this.#state = 'sub';
    }
    // All others (NOP, go ahead, break …) say nothing of the line.
  }

  #keep(byte: number): void {
    if (this.#sub.length < mostOfSubnegotiation) this.#sub.push(byte);
  }
}

function dataEnd(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(telnet.iac, from);
  return at === -1 ? bytes.length : at;
}
