import { ImageError } from '../../../qemu/index.ts';

/** Sentences of what is wrong with an image that was recognised. @param what goes on after the file's name and a colon. */
export function cutShort(file: string, what: string, cause?: unknown): ImageError {
  return new ImageError(file, 'truncated', `${file} is cut short: ${what}`, { advice: 'Build or download it again.', cause });
}

export function damaged(file: string, what: string, cause?: unknown): ImageError {
  return new ImageError(file, 'damaged', `${file} is damaged: ${what}`, { advice: 'Build or download it again.', cause });
}
