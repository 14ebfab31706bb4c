/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * For the guest that scripts/linux-guest.sh makes: included by Linux'
 * arch/x86/mm/fault.c.
 *
 * A KVM that has neither VT-x nor SVM may take a SYSCALL of 64-bit user
 * space to its entry point, all as it should be but for CPL, which stays 3.
 * The first fetch there is a page fault, and the kernel kills the program.
 * No program jumps to that address otherwise: such a page fault is the
 * system call. On other machines none comes.
 */
#include <asm/proto.h>
#include <asm/syscall.h>

static __always_inline bool
fault_is_syscall(struct pt_regs *regs, unsigned long address)
{
	if (!user_mode(regs) || regs->ip != address ||
	    address != (unsigned long)entry_SYSCALL_64)
		return false;
	/* As the code at the entry point would have found and left it. */
	regs->ip = regs->cx;
	regs->flags = regs->r11;
	regs->orig_ax = regs->ax;
	regs->ax = -ENOSYS;
	do_syscall_64(regs, (int)regs->orig_ax);
	return true;
}
