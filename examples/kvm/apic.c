/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's objects, the callbacks that it reaches vCPUs by, and the guest's
 * accesses to its local APIC.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm.h"

/* glibc gained the name of this field late. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* Only the first signal since the target last looked is measured. */
static void signalled(struct cpu *cpu, enum trace_event event)
{
	uint_least64_t none = 0;

	atomic_compare_exchange_strong(&cpu->signalled, &none, now_ns());
	trace_add(run_self(), event, 0, cpu->index);
}

static void wake(void *opaque)
{
	struct cpu *cpu = opaque;

	signalled(cpu, TRACE_WAKE);
	sem_post(&cpu->wake);
}

static void kick(void *opaque)
{
	struct cpu *cpu = opaque;

	signalled(cpu, TRACE_KICK);
	tgkill(getpid(), cpu->tid, SIGUSR1);
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
	.now = timer_now,
	.inta = chips_inta,
};

void *apic_storage(size_t alignment, size_t size)
{
	size_t rounded = (size + alignment - 1) / alignment * alignment;
	void *memory = aligned_alloc(alignment, rounded);

	if (!memory)
		die(EXIT_NO_KVM, "out of memory");
	memset(memory, 0, rounded);
	return memory;
}

void apic_must(int result, const char *call)
{
	if (result != VIC_OK)
		die(EXIT_NO_KVM,
		    "%s returns %d, see <vic/types.h>; is this "
		    "the libvic that vic-kvm was built with?",
		    call, result);
}

void apic_init_vm(struct vm *vm)
{
	uint32_t n = vm->options.vcpus;
	struct vic_apic_bus_config config = {.size = sizeof(config),
					     .max_vcpus = n};
	size_t size = vic_apic_bus_size(n);

	if (vm->options.suppress_eoi)
		config.flags |= VIC_BUS_SUPPRESS_EOI;
	if (vm->options.stats || vm->options.report)
		vm->matrix =
			apic_storage(VIC_CACHE_LINE, sizeof(uint64_t) * n * n);
	config.matrix = vm->matrix;
	apic_must(vic_apic_bus_init(apic_storage(VIC_CACHE_LINE, size), size,
				    &config, &vm->bus),
		  "vic_apic_bus_init()");
}

void apic_init_cpu(struct cpu *cpu)
{
	struct vm *vm = cpu->vm;
	struct vic_vcpu_config vcpu = {.size = sizeof(vcpu),
				       .index = cpu->index,
				       .ops = &ops,
				       .opaque = cpu};
	struct vic_lapic_config lapic = {
		.size = sizeof(lapic), .id = cpu->index, .bus = vm->bus};

	apic_must(vic_vcpu_init(apic_storage(VIC_CACHE_LINE, VIC_VCPU_SIZE),
				VIC_VCPU_SIZE, &vcpu, &cpu->vcpu),
		  "vic_vcpu_init()");
	lapic.vcpu = cpu->vcpu;
	lapic.flags = (cpu->index ? 0u : VIC_LAPIC_BSP) |
		      (vm->options.x2apic ? 0u : VIC_LAPIC_NO_X2APIC);
	lapic.physical_bits = cpu->physical_bits;
	lapic.page = apic_storage(VIC_APIC_PAGE_SIZE, VIC_APIC_PAGE_SIZE);
	cpu->page = lapic.page;
	apic_must(vic_lapic_init(apic_storage(VIC_CACHE_LINE, VIC_LAPIC_SIZE),
				 VIC_LAPIC_SIZE, &lapic, &cpu->lapic),
		  "vic_lapic_init()");
	/* Without memory for it nothing is measured. */
	if (vm->options.stats || vm->options.report)
		cpu->latency = calloc(LATENCY_SAMPLES, sizeof(uint64_t));
}

void apic_init_thread(struct cpu *cpu)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGUSR1};

	event.sigev_notify_thread_id = cpu->tid;
	if (timer_create(CLOCK_MONOTONIC, &event, &cpu->poll))
		die(EXIT_NO_KVM, "timer_create: %s", strerror(errno));
}

/*
 * The page of the APIC is where the vCPU's own IA32_APIC_BASE says, the
 * IOAPIC's the same for all.
 */
void apic_mmio(struct cpu *cpu)
{
	struct kvm_run *run = cpu->run;
	uint64_t base = vic_lapic_base(cpu->lapic) & ~UINT64_C(0xfff);
	uint64_t offset = run->mmio.phys_addr - base;
	enum vic_access result = VIC_ACCESS_FOREIGN;
	uint64_t value = 0;

	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, run->mmio.len);
		if (offset == VIC_APIC_ICR_LO)
			trace_send(cpu, VIC_SEND_XAPIC_ICR, value);
		if (offset < VIC_APIC_PAGE_SIZE)
			result = vic_lapic_mmio_write(cpu->lapic,
						      (uint32_t)offset,
						      run->mmio.len, value);
		if (result == VIC_ACCESS_FOREIGN)
			result = chips_write(cpu, run->mmio.phys_addr,
					     run->mmio.len, value);
	} else {
		if (offset < VIC_APIC_PAGE_SIZE)
			result = vic_lapic_mmio_read(cpu->lapic,
						     (uint32_t)offset,
						     run->mmio.len, &value);
		if (result == VIC_ACCESS_FOREIGN)
			result = chips_read(cpu->vm, run->mmio.phys_addr,
					    run->mmio.len, &value);
		/* Nobody answers: ones. */
		if (result != VIC_ACCESS_DONE)
			value = UINT64_MAX;
		memcpy(run->mmio.data, &value, run->mmio.len);
	}
	cpu->strays += result != VIC_ACCESS_DONE;
}

/* KVM derives CPUID's APIC bit from its copy. */
static void publish_apic_base(struct cpu *cpu)
{
	struct kvm_sregs sregs;

	cpu_ioctl(cpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.apic_base = vic_lapic_base(cpu->lapic);
	cpu_ioctl(cpu, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
}

void apic_msr(struct cpu *cpu, bool write)
{
	struct kvm_run *run = cpu->run;
	uint32_t msr = run->msr.index;
	uint64_t value = run->msr.data;
	enum vic_access result;

	if (!write) {
		result = vic_lapic_msr_read(cpu->lapic, msr, &value);
		run->msr.data = value;
	} else {
		if (msr == VIC_MSR_X2APIC + VIC_APIC_ICR_LO / 16)
			trace_send(cpu, VIC_SEND_X2APIC_ICR, value);
		else if (msr == VIC_MSR_X2APIC + VIC_APIC_SELF_IPI / 16)
			trace_send(cpu, VIC_SEND_SELF_IPI, value);
		result = vic_lapic_msr_write(cpu->lapic, msr, value);
		if (result == VIC_ACCESS_DONE && msr == VIC_MSR_APIC_BASE)
			publish_apic_base(cpu);
	}
	run->msr.error = result != VIC_ACCESS_DONE;
	/* A vector would go in before the #GP that KVM owes the guest. */
	if (run->msr.error)
		cpu->irq_ready = false;
}
