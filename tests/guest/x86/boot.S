/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Entry, the trampoline of the other CPUs, interrupt stubs, safe MSRs. */

#define STACK_SHIFT 13
#define CODE64 0x08
#define DATA 0x10

	.code64
	.text
	.globl start
start:
	lgdt	gdt_pointer(%rip)
	pushq	$CODE64
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
1:	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	leaq	stacks + (1 << STACK_SHIFT)(%rip), %rsp
	xorl	%ebp, %ebp
	call	guest_main	/* %rdi is struct guest_boot */

/* A CPU after SIPI, in 64-bit mode: find who we are, then C. */
ap_entry:
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$0x1b, %ecx	/* IA32_APIC_BASE */
	rdmsr
	testl	$0x400, %eax	/* EXTD */
	jz	1f
	movl	$0x802, %ecx
	rdmsr
	jmp	2f
1:	movl	$0xfee00020, %eax
	movl	(%rax), %eax
	shrl	$24, %eax
2:	movl	%eax, %edi
	cmpl	$16, %edi	/* MAX_CPUS */
	jae	3f
	incl	%eax
	shll	$STACK_SHIFT, %eax
	leaq	stacks(%rax), %rsp
	xorl	%ebp, %ebp
	call	cpu_main	/* %edi is our id */
3:	cli
	hlt
	jmp	3b

/*
 * bool rdmsr_faults(uint32_t msr, uint64_t *value)
 * bool wrmsr_faults(uint32_t msr, uint64_t value)
 * The #GP handler moves %rip from the MSR instruction to msr_fault.
 */
	.globl rdmsr_faults, rdmsr_insn, wrmsr_faults, wrmsr_insn, msr_fault
rdmsr_faults:
	movl	%edi, %ecx
rdmsr_insn:
	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, (%rsi)
	xorl	%eax, %eax
	ret
wrmsr_faults:
	movl	%edi, %ecx
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
wrmsr_insn:
	wrmsr
	xorl	%eax, %eax
	ret
msr_fault:
	movl	$1, %eax
	ret

/* 256 stubs of 16 bytes. Vectors 8, 10-14, 17, 21, 29, 30 push an error. */
	.macro	stubs from, count, errors
	.set	vector, \from
	.rept	\count
	.balign	16
	.if	!((\errors) >> (vector - \from) & 1)
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr
	.endm

	.balign	16
	.globl	trap_stubs
trap_stubs:
	stubs	0, 32, 0x60227d00
	.irp	from, 32, 64, 96, 128, 160, 192, 224
	stubs	\from, 32, 0
	.endr

	.balign	16
trap_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	cld
	movq	%rsp, %rdi
	call	trap		/* the frame is 16-byte aligned */
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

/* Copied to 0x8000 (TRAMPOLINE); SIPI starts it in real mode. */
#define LOW(label) ((label) - trampoline + 0x8000)
	.section .rodata
	.balign	16
	.globl	trampoline, trampoline_end
trampoline:
	.code16
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	LOW(low_pointer)
	movl	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$0x2000, %eax		/* the VMM's PML4 */
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER.LME */
	rdmsr
	orl	$0x100, %eax
	wrmsr
	movl	$0x80000031, %eax	/* PG, NE, ET, PE */
	movl	%eax, %cr0
	ljmpl	$CODE64, $ap_entry
	.code64

	.balign	8
low_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.balign	8
gdt:
	.quad	0
	.quad	0x00209b0000000000	/* CODE64 */
	.quad	0x00cf93000000ffff	/* DATA */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt

	.bss
	.balign	16
stacks:
	.skip	16 << STACK_SHIFT

	.section .note.GNU-stack, "", @progbits
