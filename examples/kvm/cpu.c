/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* KVM's side of a vCPU: creation, CPUID, the states it starts in. */
#include <asm/kvm_para.h>
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
	case KVM_CPUID_SIGNATURE:
		/* KVM's name; no leaf behind the next one. */
		entry->eax = KVM_CPUID_FEATURES;
		break;
	case KVM_CPUID_FEATURES:
		/* They offer IPIs and EOIs past the APIC. */
		entry->eax = 0;
		entry->edx = 0;
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

		if (entry.function >> 28 == 4 &&
		    entry.function > KVM_CPUID_FEATURES)
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

/* What firmware has written to vCPU 0's local APIC. */
static void set_firmware_apic(struct cpu *cpu)
{
	static const uint32_t values[][2] = {
		{VIC_APIC_SVR, VIC_SVR_ENABLE | 0xff},
		{VIC_APIC_LVT_LINT0,
		 (uint32_t)VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT},
		{VIC_APIC_LVT_LINT1,
		 (uint32_t)VIC_MODE_NMI << VIC_LVT_MODE_SHIFT},
	};
	struct kvm_lapic_state state;
	bool vic = cpu->vm->options.vic;

	if (!vic)
		cpu_ioctl(cpu, KVM_GET_LAPIC, &state, "KVM_GET_LAPIC");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint32_t offset = values[i][0], value = values[i][1];

		if (!vic)
			memcpy(state.regs + offset, &value, sizeof(value));
		else if (vic_lapic_mmio_write(cpu->lapic, offset, 4, value) !=
			 VIC_ACCESS_DONE)
			die(EXIT_NO_KVM,
			    "local APIC register 0x%x refuses "
			    "0x%x",
			    offset, value);
	}
	if (!vic)
		cpu_ioctl(cpu, KVM_SET_LAPIC, &state, "KVM_SET_LAPIC");
}

void cpu_start_kernel(struct cpu *cpu)
{
	const struct load_start *start = &cpu->vm->start;
	struct kvm_sregs sregs = cpu->reset;
	struct kvm_segment code = {.limit = 0xffffffff,
				   .selector = start->code,
				   .type = 11,
				   .present = 1,
				   .db = !start->long_mode,
				   .s = 1,
				   .l = start->long_mode,
				   .g = 1};
	struct kvm_segment data = {.limit = 0xffffffff,
				   .selector = start->data,
				   .type = 3,
				   .present = 1,
				   .db = 1,
				   .s = 1,
				   .g = 1};
	struct kvm_regs regs = {.rip = start->entry,
				.rsp = BOOT_STACK,
				.rax = start->rax,
				.rbx = start->rbx,
				.rsi = start->rsi,
				.rdi = start->rdi,
				.rflags = 2};

	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.tr.type = 11;
	sregs.tr.present = 1;
	sregs.tr.s = 0;
	sregs.tr.limit = 0x67;
	sregs.gdt.base = BOOT_GDT;
	sregs.gdt.limit = BOOT_GDT_ENTRIES * 8 - 1;
	sregs.idt.limit = 0;
	/* PE, ET. */
	sregs.cr0 = 0x11;
	if (start->long_mode) {
		/* NE, PG; PAE, OSFXSR, OSXMMEXCPT; LME, LMA. */
		sregs.cr0 |= 0x80000020;
		sregs.cr3 = BOOT_PML4;
		sregs.cr4 = 0x620;
		sregs.efer = 0x500;
	}
	set_state(cpu, &sregs, &regs);
	if (start->firmware_apic)
		set_firmware_apic(cpu);
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
