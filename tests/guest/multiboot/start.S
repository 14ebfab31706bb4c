/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A Multiboot kernel: the header, the 32-bit entry, the way to 64-bit mode.
 * With ADDRESSES the header says where everything goes, for a file that is
 * no ELF executable.
 */

#define MAGIC 0x1badb002
#ifdef ADDRESSES
#define FLAGS 0x10003
#else
#define FLAGS 0x00003
#endif

#define CODE64 0x08
#define DATA 0x10
#define CODE32 0x18
#define CODE16 0x20
#define DATA16 0x28

/* Below 1 MiB, for real mode. */
#define LOW 0x8000
#define LOW_AT(label) (LOW + (label) - real_mode)

	.section .multiboot, "ax", @progbits
	.balign	4
header:
	.long	MAGIC
	.long	FLAGS
	.long	-(MAGIC + FLAGS)
#ifdef ADDRESSES
	.long	header
	.long	image_start
	.long	image_end
	.long	bss_end
	.long	start
#endif

	.text
	.code32
	.globl	start
start:
	movl	$stack_end, %esp
	movl	%eax, state		/* struct entry_state */
	movl	%ebx, state + 4
	pushfl
	popl	state + 8
	movl	%cr0, %eax
	movl	%eax, state + 12
	movw	%cs, state + 16
	movw	%ds, state + 18
	movw	%ss, state + 20

	/* The specification promises no GDT, but the selectors are good. */
	movw	%ds, %ax
	movw	%ax, %ds
	movw	%ss, %ax
	movw	%ax, %ss
	pushl	%cs
	pushl	$1f
	lretl
1:
	/* The local APIC, while all addresses are physical. */
	movl	0xfee000f0, %eax
	movl	%eax, state + 28
	movl	0xfee00350, %eax
	movl	%eax, state + 32
	movl	0xfee00360, %eax
	movl	%eax, state + 36

	/* A call of the BIOS, from real mode. */
	lgdtl	gdt_pointer
	movl	$real_mode, %esi
	movl	$LOW, %edi
	movl	$(real_mode_end - real_mode), %ecx
	cld
	rep movsb
	ljmpl	$CODE16, $LOW

	.code16
real_mode:
	lidtl	LOW_AT(real_idt_pointer)
	movw	$DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	%cr0, %eax
	andl	$~1, %eax
	movl	%eax, %cr0
	ljmpw	$0, $LOW_AT(1f)
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$LOW, %sp
	movw	$0xe820, %ax
	clc
	int	$0x15
	movw	%ax, LOW_AT(bios_ax)
	pushfw
	popw	LOW_AT(bios_flags)
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$CODE32, $1f
real_idt_pointer:
	.word	0x3ff
	.long	0
bios_ax:
	.word	0
bios_flags:
	.word	0
real_mode_end:

	.code32
1:	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$stack_end, %esp
	movl	LOW_AT(bios_ax), %eax
	movl	%eax, state + 24

	/* One GiB to itself, by pages of 2 MiB. */
	movl	$pdpt + 3, pml4
	movl	$pd + 3, pdpt
	xorl	%ecx, %ecx
1:	movl	%ecx, %eax
	shll	$21, %eax
	orl	$0x83, %eax
	movl	%eax, pd(, %ecx, 8)
	incl	%ecx
	cmpl	$512, %ecx
	jne	1b

	movl	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER.LME */
	rdmsr
	orl	$0x100, %eax
	wrmsr
	movl	$0x80000031, %eax	/* PG, NE, ET, PE */
	movl	%eax, %cr0
	ljmpl	$CODE64, $1f

	.code64
1:	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	call	kernel_main

/* Handlers that tell take(frame, vector); no error code is on the stack. */
	.macro	trap vector
	.globl	trap_\vector
trap_\vector:
	pushq	$\vector
	jmp	trap_common
	.endm

	trap	3
	trap	7
	trap	17
	trap	32
	trap	33
	trap	128
	trap	255

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
	movq	72(%rsp), %rsi
	leaq	80(%rsp), %rdi
	call	take
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$8, %rsp
	iretq

	.data
	.balign	8
gdt:
	.quad	0
	.quad	0x00209b0000000000	/* CODE64 */
	.quad	0x00cf93000000ffff	/* DATA */
	.quad	0x00cf9b000000ffff	/* CODE32 */
	.quad	0x00009b000000ffff	/* CODE16 */
	.quad	0x000093000000ffff	/* DATA16 */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.bss
	.balign	4096
pml4:
	.skip	4096
pdpt:
	.skip	4096
pd:
	.skip	4096
	.skip	16384
stack_end:
	.globl	state
state:
	.skip	40

	.section .note.GNU-stack, "", @progbits
