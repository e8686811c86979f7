import { stripVTControlCharacters } from 'node:util';

/**
 * Text from a device, made safe to show: escape sequences are dropped, carriage returns end a line as newlines do, and what is left of control characters (C0 but tab
 * and newline, DEL, C1, and the bidirectional overrides that can make a line read as another) becomes U+FFFD. A device can print anything; a terminal or a page must
 * not obey it.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text.replace(/\r*\n|\r+/g, '\n')).replace(
    /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    '\ufffd',
  );
}

/** m:ss, or h:mm:ss. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${twoDigits(m)}:${twoDigits(s)}` : `${m}:${twoDigits(s)}`;
}

const twoDigits = (n: number): string => String(n).padStart(2, '0');
