import type { LoaderVariables } from './slots.ts';

/** How a boot loader keeps its variables on the boot partition. One file a loader: grub.ts. */
export interface LoaderLayout {
  readonly name: string;
  /** Files that hold the variables, as paths on the device; the first that exists counts, and its being there tells the loader. */
  readonly files: readonly string[];
  /** How many boots of a broken new slot the loader tries before it boots the old one. */
  readonly attemptsBeforeFallback: number;
  parse(text: string): LoaderVariables;
}
