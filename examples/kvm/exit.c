/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What made the guest leave KVM_RUN. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vm.h"

#define INSN_BYTES 15

static void mmio_access(struct cpu *cpu)
{
	if (cpu->vm->options.vic) {
		apic_mmio(cpu);
		return;
	}
	cpu->strays++;
	/* Nobody answers: ones. */
	if (!cpu->run->mmio.is_write)
		memset(cpu->run->mmio.data, 0xff, sizeof(cpu->run->mmio.data));
}

static void broke(struct cpu *cpu, const char *what)
{
	struct kvm_regs regs = {0};

	ioctl(cpu->fd, KVM_GET_REGS, &regs);
	fflush(stdout);
	fprintf(stderr, "vic-kvm: vCPU %u at RIP 0x%llx: %s\n", cpu->index,
		(unsigned long long)regs.rip, what);
	vm_end(cpu->vm, EXIT_GUEST_BROKE);
}

static void internal_error(struct cpu *cpu)
{
	char text[200];
	size_t at;
	const struct kvm_run *run = cpu->run;
	uint8_t size = run->emulation_failure.insn_size;

	if (run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION) {
		snprintf(text, sizeof(text),
			 "KVM has an internal error, suberror %u; see the "
			 "host's kernel log",
			 run->internal.suberror);
		broke(cpu, text);
		return;
	}
	if (emulate_finish(cpu))
		return;
	at = (size_t)snprintf(text, sizeof(text),
			      "KVM cannot emulate this instruction; build the "
			      "guest without it:");
	if (run->emulation_failure.ndata >= 3 &&
	    run->emulation_failure.flags &
		    KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)
		for (uint8_t i = 0; i < size && i < INSN_BYTES; i++)
			at += (size_t)snprintf(
				text + at, sizeof(text) - at, " %02x",
				run->emulation_failure.insn_bytes[i]);
	else
		snprintf(text + at, sizeof(text) - at,
			 " its bytes are not known");
	broke(cpu, text);
}

void exit_handle(struct cpu *cpu)
{
	uint32_t reason = cpu->run->exit_reason;
	char text[100];

	if (reason < sizeof(cpu->exits) / sizeof(cpu->exits[0]))
		cpu->exits[reason]++;
	switch (reason) {
	case KVM_EXIT_IO:
		ports_access(cpu);
		break;
	case KVM_EXIT_MMIO:
		mmio_access(cpu);
		break;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		apic_msr(cpu, reason == KVM_EXIT_X86_WRMSR);
		break;
	case KVM_EXIT_HLT:
		cpu->halted = true;
		break;
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_SET_TPR:
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_SHUTDOWN:
		broke(cpu, "triple fault; the guest has no handler for an "
			   "exception, or its tables are wrong");
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		internal_error(cpu);
		break;
	default:
		snprintf(text, sizeof(text),
			 "KVM left the guest for reason %u, which vic-kvm "
			 "does not know",
			 reason);
		broke(cpu, text);
	}
}
