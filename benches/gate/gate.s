@ A Non-secure application that makes one gate call after the other, each between the marks of the counter
@ (benches/qemu-plugin): 0xbf50 begins, 0xbf60 ends. A call that fails stops it, so that the counter misses the
@ intervals that should follow. The order is that of GATE in xtask/src/measure.rs.

        .syntax unified
        .cpu    cortex-m33
        .thumb

        .equ    STACK,   0x28210000     @ Non-secure RAM
        .equ    FRAME,   0x28201000
        .equ    BUFFER,  0x28202000     @ outputs
        .equ    MESSAGE, 0x28203000     @ 64 bytes of input
        .equ    VENEERS, 0x38000801     @ of call 0, Thumb bit set; eight bytes apart

        .section .vectors, "a"
        .word   STACK
        .word   start
        .rept   14 + 124
        .word   fail
        .endr

@ Stores the words of a frame.
        .macro  frame w0, w1=0, w2=0, w3=0, w4=0
        ldr     r5, =FRAME
        ldr     r0, =\w0
        str     r0, [r5]
        ldr     r0, =\w1
        str     r0, [r5, #4]
        ldr     r0, =\w2
        str     r0, [r5, #8]
        ldr     r0, =\w3
        str     r0, [r5, #12]
        ldr     r0, =\w4
        str     r0, [r5, #16]
        .endm

@ Makes a call and counts it, from the branch to the return.
        .macro  measured number
        ldr     r0, =FRAME
        ldr     r4, =VENEERS + 8 * \number
        .inst.n 0xbf50
        blx     r4
        .inst.n 0xbf60
        cmp     r0, #0
        bne     fail
        .ltorg_later
        .endm

        .macro  .ltorg_later
        b       7f
        .ltorg
7:
        .endm

        .text
        .global start
        .thumb_func
start:
        ldr     r0, =MESSAGE            @ the message: 0, 1, 2, …
        movs    r1, #0
1:      strb    r1, [r0, r1]
        adds    r1, #1
        cmp     r1, #64
        bne     1b

        @ random is ready when its start-up tests are over; and a first call may seed.
2:      frame   BUFFER, 32
        ldr     r0, =FRAME
        ldr     r4, =VENEERS + 8 * 5
        blx     r4
        cmp     r0, #0
        bne     2b
        .ltorg_later

        frame   BUFFER, 32
        measured 2                      @ platform_state
        frame   1, BUFFER, 112
        measured 1                      @ identity_part of the platform
        frame   0x02000009, MESSAGE, 64, BUFFER, 32
        measured 4                      @ digest: PSA_ALG_SHA_256 of 64 bytes
        frame   BUFFER, 32
        measured 5                      @ random: 32 bytes

        @ The last interval is empty: it tells that the call before it succeeded.
        .inst.n 0xbf50
        .inst.n 0xbf60
        b       .

        .thumb_func
fail:   b       fail
