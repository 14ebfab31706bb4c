/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The arm64 Image header, entry of both kinds of CPU, vectors, PSCI. */

#define STACK_SHIFT 14
#define FRAME 192

	.section .text.head, "ax"
	.globl	start
start:
	b	primary
	nop
	.quad	0x4000000		/* text_offset: 64 MiB into RAM */
	.quad	image_end - start
	.quad	0xa			/* little-endian, 4 KiB, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
primary:
	mov	x19, x0			/* the DTB */
	adrp	x1, bss_start
	adrp	x2, image_end
1:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	1b
	adr	x0, stacks + (1 << STACK_SHIFT)
	bl	prepare
	mov	x0, x19
	b	guest_main

/* PSCI CPU_ON: x0 is our struct cpu, which begins with our number. */
	.globl	secondary
secondary:
	mov	x19, x0
	ldr	w1, [x0]
	add	w1, w1, #1
	lsl	x1, x1, #STACK_SHIFT
	adr	x0, stacks
	add	x0, x0, x1
	bl	prepare
	mov	x0, x19
	b	cpu_main

/* x0 becomes the stack. Memory one to one: devices, then RAM. */
prepare:
	mov	sp, x0
	adr	x0, vectors
	msr	vbar_el1, x0
	mov	x0, #0xff00		/* 0: nGnRnE, 1: write-back */
	msr	mair_el1, x0
	ldr	x0, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
	msr	tcr_el1, x0
	adrp	x0, level1
	msr	ttbr0_el1, x0
	tlbi	vmalle1
	dsb	sy
	isb
	mrs	x0, sctlr_el1
	mov	x1, #0x1005		/* I, C, M */
	orr	x0, x0, x1
	msr	sctlr_el1, x0
	isb
	ret

/* uint64_t call_smc(uint64_t function, uint64_t a, uint64_t b, uint64_t c) */
	.globl	call_smc, call_hvc, call_semihosting
call_smc:
	smc	#0
	ret
call_hvc:
	hvc	#0
	ret
/* uint64_t call_semihosting(uint64_t operation, const void *arguments) */
call_semihosting:
	hlt	#0xf000
	ret

	.macro	vector kind
	.balign	0x80
	sub	sp, sp, #FRAME
	stp	x0, x1, [sp]
	mov	x0, #\kind
	b	enter
	.endm

	.balign	0x800
vectors:
	vector	4
	vector	4
	vector	4
	vector	4
	vector	0		/* from EL1 with SP_EL1: synchronous */
	vector	1		/* IRQ */
	vector	2		/* FIQ */
	vector	3		/* SError */
	.rept	8
	vector	4
	.endr

enter:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x1, x2, [sp, #160]
	bl	trap
	ldp	x1, x2, [sp, #160]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	ldp	x18, x30, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME
	eret

	.section .rodata
	.balign	4096
level1:
	.quad	0 | 1 << 54 | 1 << 53 | 1 << 10 | 1
	.quad	0x40000000 | 1 << 10 | 3 << 8 | 1 << 2 | 1
	.skip	4096 - 16

	.bss
	.balign	16
stacks:
	.skip	16 << STACK_SHIFT

	.section .note.GNU-stack, "", @progbits
