/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Into the guest and out of it. EL2 itself runs with interrupts masked and
 * takes no exception, so all that is not from the guest is a defect.
 */
#include "layout.h"

	.text

	/* An exception of the guest's: x1 becomes its kind. */
	.macro	from_guest, kind
	.balign	128
	stp	x0, x1, [sp, #-16]!
	mov	x1, #\kind
	b	leave_guest
	.endm

	.macro	from_el2
	.balign	128
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	b	fault_at_el2
	.endm

	.balign	2048
	.global	vectors
vectors:
	.rept	8
	from_el2
	.endr
	from_guest EXIT_SYNC
	from_guest EXIT_IRQ
	from_guest EXIT_IRQ
	from_guest EXIT_SERROR
	.rept	4
	from_el2
	.endr

	/* uint64_t enter_guest(struct context *): the kind of the exit. */
	.balign	128
	.global	enter_guest
enter_guest:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x0, [sp, #96]
	ldp	x1, x2, [x0, #CONTEXT_PC]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	ldp	x2, x3, [x0, #16]
	ldp	x4, x5, [x0, #32]
	ldp	x6, x7, [x0, #48]
	ldp	x8, x9, [x0, #64]
	ldp	x10, x11, [x0, #80]
	ldp	x12, x13, [x0, #96]
	ldp	x14, x15, [x0, #112]
	ldp	x16, x17, [x0, #128]
	ldp	x18, x19, [x0, #144]
	ldp	x20, x21, [x0, #160]
	ldp	x22, x23, [x0, #176]
	ldp	x24, x25, [x0, #192]
	ldp	x26, x27, [x0, #208]
	ldp	x28, x29, [x0, #224]
	ldr	x30, [x0, #240]
	ldp	x0, x1, [x0]
	eret

leave_guest:
	ldr	x0, [sp, #16 + 96]
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	str	x30, [x0, #240]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x0, #CONTEXT_PC]
	mov	x0, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret

	.macro	each_vector_pair, instruction
	\instruction	q0, q1, [x0, #0]
	\instruction	q2, q3, [x0, #32]
	\instruction	q4, q5, [x0, #64]
	\instruction	q6, q7, [x0, #96]
	\instruction	q8, q9, [x0, #128]
	\instruction	q10, q11, [x0, #160]
	\instruction	q12, q13, [x0, #192]
	\instruction	q14, q15, [x0, #224]
	\instruction	q16, q17, [x0, #256]
	\instruction	q18, q19, [x0, #288]
	\instruction	q20, q21, [x0, #320]
	\instruction	q22, q23, [x0, #352]
	\instruction	q24, q25, [x0, #384]
	\instruction	q26, q27, [x0, #416]
	\instruction	q28, q29, [x0, #448]
	\instruction	q30, q31, [x0, #480]
	.endm

	/* void fp_save(struct fp *), void fp_load(const struct fp *) */
	.global	fp_save
fp_save:
	each_vector_pair stp
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [x0, #FP_CONTROL]
	str	x2, [x0, #FP_CONTROL + 8]
	ret

	.global	fp_load
fp_load:
	each_vector_pair ldp
	ldr	x1, [x0, #FP_CONTROL]
	ldr	x2, [x0, #FP_CONTROL + 8]
	msr	fpcr, x1
	msr	fpsr, x2
	ret
