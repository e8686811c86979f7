/**
 * The smallest guest that a test can talk to, in one boot sector. It says its greeting on COM1 at each timer interrupt (18 times a second).
 * `r` on COM1 makes it reset; `p` makes it heed the ACPI power button, upon which it powers off. Until then it ignores the button.
 */
export const greeting = 'boardwalk tiny guest';

// prettier-ignore
const code = [
  0x31, 0xc0, //             xor ax, ax
  0x8e, 0xd8, //             mov ds, ax
  0xfb, //                   sti
  0xf4, //             tick: hlt
  0xba, 0x00, 0x06, //       mov dx, 0x600       PM1_STS, where SeaBIOS puts it on q35
  0xed, //                   in ax, dx
  0xf6, 0xc4, 0x01, //       test ah, 1          PWRBTN_STS
  0x75, 0x3b, //             jnz off
  0xb4, 0x01, //             mov ah, 1           has a key come? SeaBIOS takes what COM1 receives for keys
  0xcd, 0x16, //             int 0x16
  0x74, 0x13, //             jz say
  0x30, 0xe4, //             xor ah, ah
  0xcd, 0x16, //             int 0x16
  0x3c, 0x72, //             cmp al, 'r'
  0x74, 0x24, //             je reset
  0x3c, 0x70, //             cmp al, 'p'
  0x75, 0x07, //             jne say
  0xba, 0x02, 0x06, //       mov dx, 0x602       PM1_EN
  0xb8, 0x00, 0x01, //       mov ax, 0x100       PWRBTN_EN
  0xef, //                   out dx, ax
  0xbe, 0x52, 0x7c, //  say: mov si, text
  0xac, //             char: lodsb
  0x84, 0xc0, //             test al, al
  0x74, 0xd5, //             jz tick
  0x88, 0xc4, //             mov ah, al
  0xba, 0xfd, 0x03, //       mov dx, 0x3fd       line status
  0xec, //             wait: in al, dx
  0xa8, 0x20, //             test al, 0x20       transmitter empty
  0x74, 0xfb, //             jz wait
  0xb2, 0xf8, //             mov dl, 0xf8
  0x88, 0xe0, //             mov al, ah
  0xee, //                   out dx, al
  0xeb, 0xea, //             jmp char
  0xba, 0xf9, 0x0c, // reset: mov dx, 0xcf9
  0xb0, 0x06, //             mov al, 6           a full reset
  0xee, //                   out dx, al
  0xf4, //             stay: hlt
  0xeb, 0xfd, //             jmp stay
  0xba, 0x04, 0x06, //  off: mov dx, 0x604       PM1_CNT
  0xb8, 0x00, 0x20, //       mov ax, 0x2000      SLP_EN, S5
  0xef, //                   out dx, ax
  0xf4, //                   hlt
];

/** A raw disk of 1 MiB that boots into the guest. */
export function tinyGuestDisk(): Buffer {
  const disk = Buffer.alloc(1024 * 1024);
  disk.set(code);
  disk.write(`${greeting}\r\n\0`, code.length, 'latin1');
  disk.set([0x55, 0xaa], 510);
  return disk;
}
