import type { Architecture } from '../../debian/index.ts';
import type { Loader } from '../loaders/loader.ts';

/** What the image for one device type has that those for others don't. One file of this folder is one board. */
export interface Board {
  /** The device type's slug, its name for people and its architecture, as balenaOS has them in device-type.json. */
  readonly slug: string;
  readonly name: string;
  readonly arch: 'amd64' | 'aarch64' | 'armv7hf';
  /** As Debian calls it, and its libraries' directory. */
  readonly architecture: Architecture;
  readonly triplet: string;
  /** Device of the serial console. */
  readonly console: string;
  readonly loader: Loader;
  readonly kernelPackage: string;
  /** Packages that bring what its loader needs. */
  readonly loaderPackages?: readonly string[];
  /** Name that the kernel has in boot/ of a slot. Source: balenaOS's KERNEL_IMAGETYPE for such a board. */
  readonly kernelFile: string;
  /** Makes that file of the package's. Absent where the loader takes it as it is. */
  readonly repackKernel?: (source: string, target: string, scratch: string, signal: AbortSignal | undefined) => Promise<void>;
  /** Its watchdog resets it as soon as it is opened. */
  readonly watchdogBites?: true;
  /** Packages beside the common ones. */
  readonly packages: readonly string[];
  /** Kernel modules beside the common ones: of the running OS, and those that the initramfs may load. */
  readonly modules: readonly string[];
  readonly initramfsModules: readonly string[];
}
