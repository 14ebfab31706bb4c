/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* KVM's side of a vCPU: creation, CPUID, the states it starts in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot.h"
#include "vm.h"

#define CPUID_ENTRIES 256
/* Family 6, what hardware leaves in EDX at INIT. */
#define RESET_EDX 0x600

void cpu_ioctl(struct cpu *cpu, unsigned long request, void *argument,
	       const char *name)
{
	if (ioctl(cpu->fd, request, argument))
		die(EXIT_NO_KVM, "vCPU %u: %s: %s", cpu->index, name,
		    strerror(errno));
}

static void edit_cpuid(struct cpu *cpu, struct kvm_cpuid_entry2 *entry)
{
	switch (entry->function) {
	case 1:
		entry->ebx = (entry->ebx & 0xffffff) | cpu->index << 24;
		/* x2APIC as asked; TSC deadline; a hypervisor is there. */
		entry->ecx &= ~(1u << 21);
		entry->ecx |= 1u << 24 | 1u << 31;
		if (cpu->vm->options.x2apic)
			entry->ecx |= 1u << 21;
		entry->edx |= 1u << 9;
		break;
	case 0xb:
	case 0x1f:
		entry->edx = cpu->index;
		break;
	case 0x80000008:
		cpu->physical_bits = entry->eax & 0xff;
		break;
	default:
		break;
	}
}

static void set_cpuid(struct cpu *cpu)
{
	struct kvm_cpuid2 *cpuid = calloc(
		1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	uint32_t kept = 0;

	if (!cpuid)
		die(EXIT_NO_KVM, "out of memory");
	cpuid->nent = CPUID_ENTRIES;
	if (ioctl(cpu->vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid))
		die(EXIT_NO_KVM, "KVM_GET_SUPPORTED_CPUID: %s",
		    strerror(errno));
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 entry = cpuid->entries[i];

		/* KVM's own leaves offer IPIs and EOIs past the APIC. */
		if (entry.function >> 28 == 4)
			continue;
		edit_cpuid(cpu, &entry);
		cpuid->entries[kept++] = entry;
	}
	cpuid->nent = kept;
	cpu_ioctl(cpu, KVM_SET_CPUID2, cpuid, "KVM_SET_CPUID2");
	free(cpuid);
}

void cpu_create(struct vm *vm, uint32_t index)
{
	struct cpu *cpu = &vm->cpus[index];
	int size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	cpu->vm = vm;
	cpu->index = index;
	cpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
	if (cpu->fd < 0 || size < (int)sizeof(*cpu->run))
		die(EXIT_NO_KVM, "KVM makes no vCPU %u: %s; try fewer", index,
		    strerror(errno));
	cpu->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
			cpu->fd, 0);
	if (cpu->run == MAP_FAILED)
		die(EXIT_NO_KVM, "vCPU %u: mmap: %s", index, strerror(errno));
	sem_init(&cpu->wake, 0, 0);
	set_cpuid(cpu);
	cpu_ioctl(cpu, KVM_GET_SREGS, &cpu->reset, "KVM_GET_SREGS");
}

static void
set_state(struct cpu *cpu, struct kvm_sregs *sregs, struct kvm_regs *regs)
{
	cpu_ioctl(cpu, KVM_SET_SREGS, sregs, "KVM_SET_SREGS");
	cpu_ioctl(cpu, KVM_SET_REGS, regs, "KVM_SET_REGS");
}

void cpu_start_long_mode(struct cpu *cpu)
{
	struct kvm_sregs sregs = cpu->reset;
	struct kvm_segment code = {.limit = 0xffffffff,
				   .selector = BOOT_CS,
				   .type = 11,
				   .present = 1,
				   .s = 1,
				   .l = 1,
				   .g = 1};
	struct kvm_segment data = {.limit = 0xffffffff,
				   .selector = BOOT_DS,
				   .type = 3,
				   .present = 1,
				   .db = 1,
				   .s = 1,
				   .g = 1};
	struct kvm_regs regs = {.rip = cpu->vm->entry,
				.rsp = BOOT_STACK,
				.rdi = BOOT_PAGE,
				.rflags = 2};

	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.tr.type = 11;
	sregs.tr.present = 1;
	sregs.tr.s = 0;
	sregs.tr.limit = 0x67;
	sregs.gdt.base = BOOT_GDT;
	sregs.gdt.limit = 3 * 8 - 1;
	sregs.idt.limit = 0;
	/* PE, ET, NE, PG; PAE, OSFXSR, OSXMMEXCPT; LME, LMA. */
	sregs.cr0 = 0x80000031;
	sregs.cr3 = BOOT_PML4;
	sregs.cr4 = 0x620;
	sregs.efer = 0x500;
	set_state(cpu, &sregs, &regs);
}

void cpu_start_real_mode(struct cpu *cpu, uint8_t page)
{
	struct kvm_sregs sregs = cpu->reset;
	struct kvm_regs regs = {.rdx = RESET_EDX, .rflags = 2};
	/* Nothing that KVM has queued survives. */
	struct kvm_vcpu_events events = {
		.flags = KVM_VCPUEVENT_VALID_NMI_PENDING |
			 KVM_VCPUEVENT_VALID_SHADOW};

	sregs.cs.selector = (uint16_t)(page << 8);
	sregs.cs.base = (uint64_t)page << 12;
	sregs.apic_base = vic_lapic_base(cpu->lapic);
	set_state(cpu, &sregs, &regs);
	cpu_ioctl(cpu, KVM_SET_VCPU_EVENTS, &events, "KVM_SET_VCPU_EVENTS");
}
