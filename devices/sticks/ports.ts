import type { StickImage } from './stick-image.ts';

/** A stick as a port is given it. */
export interface Pluggable {
  readonly id: string;
  readonly image: StickImage;
}

/** The device's USB ports, as the bench can put made sticks into them. Its calls come one at a time. */
export interface StickPorts {
  /** How many sticks can be in at once. */
  readonly atOnce: number;
  /** Does ahead of an insertion what takes long. */
  prepare?(stick: Pluggable): Promise<void>;
  insert(stick: Pluggable): Promise<void>;
  pull(stick: Pluggable): Promise<void>;
  /** Brings what the device wrote into the stick's image. */
  fetch?(stick: Pluggable): Promise<void>;
  /** The stick, which is out, won't come again. */
  forget?(stick: Pluggable): void;
  /** Sees to it that nothing is in, whoever left it there. */
  empty?(): Promise<void>;
}
