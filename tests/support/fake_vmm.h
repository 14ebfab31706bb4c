/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A VMM without a guest: virtual machines of one bus and N vCPUs with a
 * local APIC each, callbacks that count, and clocks that stand still until a
 * test moves them. All memory is static, handed out by fake_vm_make() and
 * filled with garbage first, so that nothing can rely on zeroes;
 * fake_reset() takes it all back.
 */
#ifndef FAKE_VMM_H
#define FAKE_VMM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vic/vic.h>

/** A case with fresh storage. */
#define FAKE_TEST(f) cmocka_unit_test_setup(f, fake_reset)

#define FAKE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** All that a vCPU could take. */
#define FAKE_CAN_ALL ((uint32_t)VIC_CAN_IRQ | VIC_CAN_NMI | VIC_CAN_SMI)

/* ICR fields as a guest writes them. */
#define FAKE_TO8(id) ((uint64_t)(id) << VIC_ICR_XAPIC_DEST_SHIFT)
#define FAKE_TO32(id) ((uint64_t)(id) << VIC_ICR_DEST_SHIFT)
#define FAKE_MODE(mode) ((uint64_t)(mode) << VIC_ICR_MODE_SHIFT)

/** The MSR of the register at @p offset. */
#define FAKE_MSR(offset) (VIC_MSR_X2APIC + (offset) / 16u)

struct fake_vm;

struct fake_vcpu {
	struct fake_vm *vm;
	struct vic_vcpu *vcpu;
	struct vic_lapic *lapic;
	unsigned char *page;
	unsigned int wakes;
	unsigned int kicks;
	unsigned int eois;
	/* Of the last EOI. */
	uint32_t eoi_source;
	uint32_t eoi_number;
	unsigned int intas;
	/* The answer of the next INTA cycles. */
	uint8_t inta_vector;
	unsigned int notifies;
	/* Of the last notification. */
	uint32_t notify_dest;
	uint8_t notify_vector;
};

struct fake_vm {
	struct vic_apic_bus *bus;
	/** The block of a device thread. */
	struct vic_counters device;
	/** vCPUs in use: cpu[0] to cpu[count - 1]. */
	uint32_t count;
	struct fake_vcpu *cpu;
	const struct vic_vcpu_ops *ops;
	/* VIC_CLOCK_TSC and VIC_CLOCK_BUS of all its vCPUs; start at 0. */
	uint64_t tsc;
	uint64_t ticks;
};

/** What to build; the zero of each field is the plain case. */
struct fake_spec {
	uint32_t vcpus;
	/** How many to add at once; 0: all. */
	uint32_t present;
	/** The APIC id of each; NULL: the index. */
	const uint32_t *ids;
	uint32_t lapic_flags;
	uint32_t bus_flags;
	uint32_t msi_format;
	uint64_t *matrix;
	/** NULL: fake_ops. */
	const struct vic_vcpu_ops *ops;
	/** Leave the APICs as they come out of reset. */
	bool raw;
};

/**
 * Callbacks that count, with all that a local APIC may use; the opaque
 * pointer is a struct fake_vcpu.
 */
extern const struct vic_vcpu_ops fake_ops;

/** Take all storage back: a CMocka setup function. */
int fake_reset(void **state);

/**
 * Build a VM; vCPU 0 is the BSP. Unless spec->raw, all have been started
 * and their APICs software-enabled.
 */
void fake_vm_make(struct fake_vm *vm, const struct fake_spec *spec);

/** The usual VM: @p vcpus in xAPIC or x2APIC mode. */
void fake_vm_plain(struct fake_vm *vm, uint32_t vcpus, bool x2apic);

/** Add vCPU @p index with APIC @p id, as it comes out of reset. */
int fake_vcpu_add(struct fake_vm *vm, uint32_t index, uint32_t id,
		  uint32_t lapic_flags);

/** The same in the storage of vm->cpu[slot]. */
int fake_vcpu_add_at(struct fake_vm *vm, uint32_t slot, uint32_t index,
		     uint32_t id, uint32_t lapic_flags);

/** End the wait for a SIPI and software-enable the APIC. */
void fake_vcpu_start(struct fake_vcpu *cpu);

/** A write of IA32_APIC_BASE, which must be legal. */
void fake_write_base(const struct fake_vcpu *cpu, uint64_t value);

/** In xAPIC mode, or disabled by IA32_APIC_BASE. */
void fake_hardware_enable(struct fake_vcpu *cpu, bool enable);

/** Go to x2APIC mode, from xAPIC mode. */
void fake_x2apic(struct fake_vcpu *cpu);

/** A register through the interface of the mode; the access must succeed. */
uint64_t fake_read(const struct fake_vcpu *cpu, uint32_t offset);
void fake_write(const struct fake_vcpu *cpu, uint32_t offset, uint64_t value);

/** A register word in the page. */
uint32_t fake_page(const struct fake_vcpu *cpu, uint32_t offset);

/** A post by the device thread. */
enum vic_post fake_post(struct fake_vcpu *cpu, uint8_t vector, bool level);

struct vic_vcpu_inbox fake_inbox(const struct fake_vcpu *cpu);

/** Make a request of the device thread's. */
void fake_request(struct fake_vcpu *cpu, enum vic_request request,
		  uint8_t argument);

/**
 * Let the source of the LVT entry at @p offset signal once, and harvest it.
 * That of LVT ERROR is an illegal vector that this APIC sends.
 */
void fake_fire(struct fake_vcpu *cpu, uint32_t offset);

/** vic_work.flags with all that can be, but VIC_WORK_TIMER. */
uint32_t fake_todo(const struct fake_vcpu *cpu);

/** A scan that takes the inbox over and may inject nothing. */
void fake_harvest(const struct fake_vcpu *cpu);

/** The vector that could be injected now, or 0. */
uint8_t fake_deliverable(const struct fake_vcpu *cpu);

/** The wires, after a look at them. */
void fake_lint0(struct fake_vcpu *cpu, bool high);
void fake_lint1(struct fake_vcpu *cpu, bool high);

/** The host's timer goes off, whether or not it should. */
void fake_alarm(struct fake_vcpu *cpu);

/** Whether the host's timer should be armed. */
bool fake_armed(const struct fake_vcpu *cpu);

/** Whether a scan says that the deadline has changed; it says so once. */
bool fake_told(const struct fake_vcpu *cpu);

/** A write of IA32_TSC_DEADLINE. */
void fake_write_deadline(const struct fake_vcpu *cpu, uint64_t value);

/** Bit @p vector of ISR, TMR or IRR. */
bool fake_bit(const struct fake_vcpu *cpu, uint32_t offset, uint8_t vector);

/** Latch ESR by a write, and read it. */
uint64_t fake_esr(const struct fake_vcpu *cpu);

/** Commit @p vector, which must be the one to inject, and end it. */
void fake_complete(const struct fake_vcpu *cpu, uint8_t vector);

/** The same if there is anything to inject, which is then @p vector alone. */
bool fake_complete_any(const struct fake_vcpu *cpu, uint8_t vector);

/** Make @p vector pending and commit it to ISR. */
void fake_serve(struct fake_vm *vm, struct fake_vcpu *cpu, uint8_t vector);

/** Write ICR (in xAPIC mode: 0x310, then 0x300). */
void fake_icr(const struct fake_vcpu *cpu, uint64_t icr);

/**
 * vCPUs at which @p vector is pending, one bit each; it is then served and
 * ended there. Up to 64 vCPUs.
 */
uint64_t fake_take(struct fake_vm *vm, uint8_t vector);

/** vCPUs whose scan shows one of @p flags (enum vic_work_flags). */
uint64_t fake_work(struct fake_vm *vm, uint32_t flags);

/**
 * Send @p icr (with a vector from 16 on, Fixed or Lowest Priority) from
 * vCPU @p sender; the vCPUs that it reached. Fails unless
 * vic_apic_bus_compile() names the same ones.
 */
uint64_t fake_send(struct fake_vm *vm, uint32_t sender, uint64_t icr);

/** Send an MSI and return whom it reached. @p data has a vector. */
uint64_t fake_msi(struct fake_vm *vm, uint64_t address, uint32_t data);

/** HOST to GUEST and back, with nothing pending. */
void fake_enter(const struct fake_vcpu *cpu);
/** HOST to BLOCKED, with nothing pending. */
void fake_block(const struct fake_vcpu *cpu);

#endif
