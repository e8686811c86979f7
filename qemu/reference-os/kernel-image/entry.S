# What runs between the loader and Linux: checks the kernel's sum, unpacks it and enters it.
#
# Debian's kernel unpacks itself from XZ, which takes 5.5 s on an idle emulated CPU and 10 to 20 s on a busy one: more than all the rest of a boot
# to the first service. LZ4 takes half a second. And where a damaged XZ stream stops the machine for ever, a wrong sum resets it, so that
# the loader can count the attempt and fall back.
#
# Entered as Linux's 32-bit boot protocol says (Documentation/x86/boot.rst, "32-bit BOOT PROTOCOL"): protected mode without paging, flat
# segments, interrupts off, ESI = struct boot_params; linked and loaded at 1 MiB. Linux is entered as by its own decompressor: 64-bit mode,
# the first 4 GiB mapped one to one, RSI = struct boot_params (arch/x86/kernel/head_64.S, startup_64).

.intel_syntax noprefix
.set kernel, 0x1000000          # where the kernel is linked to run: CONFIG_PHYSICAL_START
.set page_tables, 0xff0000      # six pages below it, above the payload; repack.ts sees to the room
.set stack_top, 0xff0000
.set serial, 0x3f8

.code32
.globl _start
_start:
    cli
    cld
    mov esp, offset stack_top
    push esi

    mov esi, offset payload
    mov ecx, [payload_words]
    xor edx, edx
sum:
    lodsd
    add edx, eax
    rol edx, 1
    dec ecx
    jnz sum
    cmp edx, [payload_sum]
    jne damaged

# QEMU's software emulation keeps what it translated of the last boot's kernel. A store into a page with such code costs it a microsecond and more,
# so that after a reboot unpacking took 10 s instead of 0.1. Zeroed by the device that answers any read past an item's end with zeros, all of it is
# dropped at once (docs/specs/fw_cfg.rst of QEMU: selector 0x510, data 0x511, address of a request 0x514 and 0x518, all big-endian).
    mov edx, 0x510
    xor eax, eax                # the signature
    out dx, ax
    inc edx
    mov ecx, 4
signature:
    shl ebx, 8
    in al, dx
    mov bl, al
    loop signature
    cmp ebx, 0x51454d55         # "QEMU"
    jne unpack
    dec edx
    mov eax, 1                  # the features
    out dx, ax
    inc edx
    in al, dx
    test al, 2                  # requests by address
    jz unpack
    mov eax, [kernel_bytes]
    bswap eax
    mov [request_bytes], eax
    mov edx, 0x514
    xor eax, eax
    out dx, eax
    mov edx, 0x518
    mov eax, offset request
    bswap eax
    out dx, eax

unpack:
# LZ4's "legacy" frame: a magic number, then blocks, each with its length before it; a length of zero ends it here.
    mov esi, offset payload + 4
    mov edi, offset kernel
block:
    lodsd
    test eax, eax
    jz unpacked
    lea ebp, [esi + eax]
sequence:
    movzx eax, byte ptr [esi]
    inc esi
    mov ecx, eax
    shr ecx, 4
    cmp ecx, 15
    jne literals
longer_literals:
    movzx edx, byte ptr [esi]
    inc esi
    add ecx, edx
    cmp edx, 255
    je longer_literals
literals:                       # four bytes at a time: what is written too far is written again by the next copy
    lea edx, [esi + ecx]
    push edx
    lea edx, [edi + ecx]
    push edx
    add ecx, 3
    shr ecx, 2
    rep movsd
    pop edi
    pop esi
    cmp esi, ebp
    jae block
    movzx edx, word ptr [esi]
    add esi, 2
    and eax, 15
    mov ecx, eax
    cmp ecx, 15
    jne match
longer_match:
    movzx eax, byte ptr [esi]
    inc esi
    add ecx, eax
    cmp eax, 255
    je longer_match
match:
    add ecx, 4
    cmp edx, 1
    je run
    push esi
    mov esi, edi
    sub esi, edx
    cmp edx, 4
    jb overlapping
    lea eax, [edi + ecx]
    add ecx, 3
    shr ecx, 2
    rep movsd
    mov edi, eax
    pop esi
    jmp sequence
overlapping:
    rep movsb
    pop esi
    jmp sequence
run:                            # one byte again and again: the kernel's zeros
    movzx eax, byte ptr [edi - 1]
    imul eax, eax, 0x01010101
    lea edx, [edi + ecx]
    add ecx, 3
    shr ecx, 2
    rep stosd
    mov edi, edx
    jmp sequence

unpacked:
    mov edi, offset page_tables
    mov ecx, 6 * 1024
    xor eax, eax
    rep stosd
    mov dword ptr [page_tables], offset page_tables + 0x1000 + 3
    mov edi, offset page_tables + 0x1000
    mov eax, offset page_tables + 0x2000 + 3
    mov ecx, 4
directories:
    mov [edi], eax
    add edi, 8
    add eax, 0x1000
    dec ecx
    jnz directories
    mov edi, offset page_tables + 0x2000
    mov eax, 0x83               # present, writable, 2 MiB
    mov ecx, 4 * 512
large_pages:
    mov [edi], eax
    add edi, 8
    add eax, 0x200000
    dec ecx
    jnz large_pages

    lgdt [descriptor_table]
    mov eax, cr4
    or eax, 0x20                # PAE
    mov cr4, eax
    mov eax, offset page_tables
    mov cr3, eax
    mov ecx, 0xc0000080         # EFER
    rdmsr
    or eax, 0x100               # LME
    wrmsr
    mov eax, cr0
    or eax, 0x80000001          # PG, PE
    mov cr0, eax
    .byte 0xea                  # ljmp 0x10:enter
    .long enter
    .word 0x10

.code64
enter:
    mov eax, 0x18
    mov ds, eax
    mov es, eax
    mov ss, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov esi, [rsp]              # pushed at the start
    mov eax, offset kernel
    jmp rax

.code32
damaged:
    mov esi, offset damaged_text
next_character:
    lodsb
    test al, al
    jz reset
    mov ah, al
    mov ecx, 100000             # a port that is not there never becomes ready
transmitter:
    mov edx, offset serial + 5
    in al, dx
    test al, 0x20
    jnz ready
    dec ecx
    jnz transmitter
ready:
    mov edx, offset serial
    mov al, ah
    out dx, al
    jmp next_character
reset:
    mov al, 0xfe                # the keyboard controller's reset line
    out 0x64, al
    mov edx, 0xcf9
    mov al, 6
    out dx, al
    hlt
    jmp reset

damaged_text:
    .asciz "\r\nkernel: the image is damaged, resetting\r\n"

.balign 8
descriptors:
    .quad 0
    .quad 0
    .quad 0x00af9a000000ffff    # 0x10, Linux's __BOOT_CS: 64-bit code
    .quad 0x00cf92000000ffff    # 0x18, __BOOT_DS
descriptor_table:
    .word descriptor_table - descriptors - 1
    .long descriptors

request:
    .long 0x0a00ffff            # big-endian 0xffff000a: select an item that isn't there, and read
request_bytes:
    .long 0
    .long 0, 0x00000001         # big-endian: the kernel's address, 0x1000000

# Filled in by repack.ts: the last twelve bytes.
.balign 16
    .long 0
kernel_bytes:
    .long 0
payload_words:
    .long 0
payload_sum:
    .long 0
payload:
