/** QEMU's isa-debug-exit device: writing v to its port ends QEMU with exit code 2v+1. */
export const exitPort = 0xf4;
export const answeredExitCode = 33;

/**
 * A disk whose boot sector proves that a guest gets anywhere: a timer interrupt arrives twice, 2^26 turns of a loop come to their end
 * (0.03 s on a processor, a fraction of a second translated, minutes where each instruction is emulated), then QEMU is ended through the exit port.
 */
export function probeDisk(): Buffer {
  const code = [
    [0x31, 0xc0], //                                xor ax, ax
    [0x8e, 0xd8], //                                mov ds, ax
    [0xfb], //                                      sti
    [0x8b, 0x1e, 0x6c, 0x04], //                    mov bx, [0x046c]      the BIOS's count of timer interrupts
    [0xf4], //                                tick: hlt
    [0xa1, 0x6c, 0x04], //                          mov ax, [0x046c]
    [0x29, 0xd8], //                                sub ax, bx
    [0x3d, 0x02, 0x00], //                          cmp ax, 2
    [0x72, 0xf5], //                                jb tick
    [0x66, 0xb9, 0x00, 0x00, 0x00, 0x04], //        mov ecx, 1 << 26
    [0x66, 0x49], //                          turn: dec ecx
    [0x75, 0xfc], //                                jnz turn
    [0xb0, (answeredExitCode - 1) / 2], //          mov al, 16
    [0xe6, exitPort], //                            out 0xf4, al
    [0xf4], //                                      hlt
  ].flat();
  // SeaBIOS doesn't boot from a disk without a whole cylinder.
  const disk = Buffer.alloc(1024 * 1024);
  disk.set(code);
  disk.set([0x55, 0xaa], 510);
  return disk;
}
