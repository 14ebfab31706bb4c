/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The VM: KVM's handle, memory, what the guest finds there, the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "vm.h"

/* Three pages for the TSS and one for identity tables, above all RAM. */
#define TSS_ADDRESS 0xfffbd000ul
#define IDENTITY_MAP_ADDRESS 0xfffbc000ul

_Noreturn void die(int status, const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("vic-kvm: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	/* Other threads may run: their exit handlers must not. */
	_exit(status);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void need(const struct vm *vm, int capability, const char *name)
{
	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, capability) <= 0)
		die(EXIT_NO_KVM,
		    "this KVM has no %s; a newer host kernel "
		    "is needed",
		    name);
}

static void enable(const struct vm *vm, uint32_t capability, uint64_t argument)
{
	struct kvm_enable_cap cap = {.cap = capability, .args = {argument}};

	if (ioctl(vm->fd, KVM_ENABLE_CAP, &cap))
		die(EXIT_NO_KVM, "KVM refuses capability %u: %s", capability,
		    strerror(errno));
}

/* KVM would keep these to itself; they must reach libvic. */
static void filter_msrs(const struct vm *vm)
{
	/* KVM reads whole longs of the bitmap. */
	static uint64_t deny;
	static const uint32_t msrs[] = {VIC_MSR_APIC_BASE,
					VIC_MSR_TSC_DEADLINE};
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
	};

	for (size_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++)
		filter.ranges[i] = (struct kvm_msr_filter_range){
			.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			.nmsrs = 1,
			.base = msrs[i],
			.bitmap = (void *)&deny,
		};

	if (ioctl(vm->fd, KVM_X86_SET_MSR_FILTER, &filter))
		die(EXIT_NO_KVM, "KVM refuses the MSR filter: %s",
		    strerror(errno));
}

/* Where KVM deviates from the manual unless it is told not to. */
static void disable_quirks(const struct vm *vm)
{
	/* One that emulates hypercalls restarts them for ever. */
	uint64_t quirks = KVM_X86_QUIRK_FIX_HYPERCALL_INSN;
	int known = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_DISABLE_QUIRKS2);

	/* An APIC that is off, LINT0 after reset. */
	quirks |= KVM_X86_QUIRK_LAPIC_MMIO_HOLE | KVM_X86_QUIRK_LINT0_REENABLED;
	if (known > 0 && quirks & (uint64_t)known)
		enable(vm, KVM_CAP_DISABLE_QUIRKS2, quirks & (uint64_t)known);
}

static void choose_irqchip(const struct vm *vm)
{
	if (!vm->options.vic) {
		if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
			die(EXIT_NO_KVM, "KVM_CREATE_IRQCHIP: %s",
			    strerror(errno));
		return;
	}
	need(vm, KVM_CAP_USER_NMI, "KVM_CAP_USER_NMI");
	need(vm, KVM_CAP_X86_USER_SPACE_MSR, "KVM_CAP_X86_USER_SPACE_MSR");
	need(vm, KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER");
	/* Without an APIC in KVM, its MSRs are invalid: they come here. */
	enable(vm, KVM_CAP_X86_USER_SPACE_MSR,
	       KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN |
		       KVM_MSR_EXIT_REASON_FILTER);
	filter_msrs(vm);
}

static void add_region(const struct vm *vm, uint32_t slot, uint64_t address,
		       void *memory, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = address,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die(EXIT_NO_KVM, "KVM refuses the guest's memory: %s",
		    strerror(errno));
}

static void add_memory(struct vm *vm)
{
	vm->memory_size = (uint64_t)vm->options.mem_mib << 20;
	vm->memory = mmap(NULL, vm->memory_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->memory == MAP_FAILED)
		die(EXIT_NO_KVM, "no %u MiB for the guest: %s; lower --mem",
		    vm->options.mem_mib, strerror(errno));
	add_region(vm, 0, 0, vm->memory, vm->memory_size);
}

static void add_share(const struct vm *vm)
{
	struct stat st;
	int fd = open(vm->options.share, O_RDWR | O_CLOEXEC);
	void *memory;

	if (fd < 0 || fstat(fd, &st))
		die(EXIT_USAGE, "--share %s: %s", vm->options.share,
		    strerror(errno));
	if (!st.st_size || st.st_size % 4096 || st.st_size > BOOT_SHARE_MAX)
		die(EXIT_USAGE,
		    "--share %s: its size is no multiple of 4096, or above "
		    "0x%x",
		    vm->options.share, BOOT_SHARE_MAX);
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die(EXIT_USAGE, "--share %s: %s", vm->options.share,
		    strerror(errno));
	close(fd);
	add_region(vm, 1, BOOT_SHARE, memory, (uint64_t)st.st_size);
}

static void init_end(struct vm *vm)
{
	pthread_condattr_t clock;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&vm->ended, &clock);
	pthread_condattr_destroy(&clock);
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->all_paused, NULL);
	pthread_cond_init(&vm->resumed, NULL);
	/* The vCPU threads and the one that started them. */
	pthread_barrier_init(&vm->ready, NULL, vm->options.vcpus + 1);
}

void vm_create(struct vm *vm)
{
	uint64_t identity_map = IDENTITY_MAP_ADDRESS;

	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0)
		die(EXIT_NO_KVM,
		    "/dev/kvm: %s; KVM must be loaded and you "
		    "must be allowed to use it",
		    strerror(errno));
	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die(EXIT_NO_KVM, "KVM makes no VM: %s", strerror(errno));
	need(vm, KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT");
	/* Intel hosts need these two; others take them and do nothing. */
	ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDRESS);
	ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	add_memory(vm);
	if (vm->options.share)
		add_share(vm);
	if (ioctl(vm->fd, KVM_CHECK_EXTENSION,
		  KVM_CAP_EXIT_ON_EMULATION_FAILURE) > 0)
		enable(vm, KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
	disable_quirks(vm);
	choose_irqchip(vm);
	init_end(vm);
}

void vm_write_boot(struct vm *vm)
{
	const uint64_t code64 = 0x00af9b000000ffff;
	const uint64_t code32 = 0x00cf9b000000ffff;
	const uint64_t data = 0x00cf93000000ffff;
	const uint64_t table = 0x3, page = 0x83;
	const struct load_start *start = &vm->start;
	uint64_t gdt[BOOT_GDT_ENTRIES] = {0};
	uint64_t *pml4 = (uint64_t *)(void *)(vm->memory + BOOT_PML4);
	uint64_t *pdpt = (uint64_t *)(void *)(vm->memory + BOOT_PDPT);
	uint64_t *pd = (uint64_t *)(void *)(vm->memory + BOOT_PD);

	gdt[start->code / sizeof(gdt[0])] = start->long_mode ? code64 : code32;
	gdt[start->data / sizeof(gdt[0])] = data;
	memcpy(vm->memory + BOOT_GDT, gdt, sizeof(gdt));
	if (!start->long_mode)
		return;
	pml4[0] = BOOT_PDPT | table;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (BOOT_PD + i * 0x1000) | table;
	for (uint64_t i = 0; i < 4 * 512; i++)
		pd[i] = i << 21 | page;
}

void vm_end(struct vm *vm, int status)
{
	pthread_mutex_lock(&vm->lock);
	if (!vm->has_ended) {
		vm->has_ended = true;
		vm->status = status;
		pthread_cond_signal(&vm->ended);
	}
	pthread_mutex_unlock(&vm->lock);
	/* The caller's vCPU must not go on; vm_stop() tells the others. */
	atomic_store(&vm->stop, true);
}

void vm_call_all(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		tgkill(getpid(), vm->cpus[i].tid, SIGUSR1);
		sem_post(&vm->cpus[i].wake);
	}
}

void vm_stop(struct vm *vm)
{
	struct timespec limit;

	atomic_store(&vm->stop, true);
	vm_call_all(vm);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 10;
	for (uint32_t i = 0; i < vm->options.vcpus; i++)
		if (pthread_timedjoin_np(vm->cpus[i].thread, NULL, &limit))
			die(EXIT_GUEST_BROKE,
			    "vCPU %u does not come out of KVM within 10 s; "
			    "see the host's kernel log",
			    i);
}
