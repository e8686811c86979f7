import { DeviceError } from '../errors.ts';

/** What is on a card is a part of an image: whoever wrote it didn't come to the end. */
export class CardHalfWritten extends DeviceError {
  override readonly name = 'CardHalfWritten';
}
