/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The arm64 Image header, so that the loader gives a load address to
 * everything else, and the way of each CPU into C.
 */
#define STACK_SIZE 0x4000

	.section .text.head, "ax"
	.global image
image:
	b	primary
	nop
	.quad	0
	.quad	image_end - image
	.quad	0xa
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

primary:
	/* The file has no .bss, and RAM need not be zero. */
	adrp	x1, bss_start
	adrp	x2, image_end
1:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	1b
	mov	x0, #0

	/* x0: the number of this CPU. */
	.global secondary
secondary:
	msr	daifset, #0xf
	msr	spsel, #1
	adrp	x1, stacks
	mov	x2, #STACK_SIZE
	add	x3, x0, #1
	madd	x1, x3, x2, x1
	mov	sp, x1
	adr	x1, vectors
	msr	vbar_el2, x1
	isb
	bl	cpu_main
2:	wfi
	b	2b

	.bss
	.balign	4096
stacks:
	.space	8 * STACK_SIZE
