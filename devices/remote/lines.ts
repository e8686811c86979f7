import { DeviceError } from '../errors.ts';

/** A line is longer than any message may be: the other side speaks something else. */
export class LineTooLong extends DeviceError {
  override readonly name = 'LineTooLong';
}

const lineFeed = 0x0a;

/**
 * Splits a stream of bytes into lines of UTF-8, without their line feeds. Pulls no more from the source than the reader takes.
 * @param limit gives the greatest number of bytes that the next line may have.
 */
export async function* lines(source: AsyncIterable<Buffer>, limit: () => number): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      pieces.push(chunk.subarray(start, end));
      refuseBeyond(limit(), held + end - start);
      yield Buffer.concat(pieces).toString('utf8');
      pieces = [];
      held = 0;
      start = end + 1;
    }
    pieces.push(chunk.subarray(start));
    held += chunk.length - start;
    refuseBeyond(limit(), held);
  }
}

function refuseBeyond(limit: number, length: number): void {
  if (length > limit) {
    throw new LineTooLong(`a line of more than ${limit.toLocaleString('en')} bytes`, {
      blame: 'harness',
      advice: 'Move large files by path (hostFiles), not by content.',
    });
  }
}
