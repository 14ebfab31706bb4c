/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A PC without a guest: a VM, an IOAPIC and a pair of 8259A, with callbacks
 * that write down what they hear and locks that are watched. No callback may
 * come under a lock, and each call must have dropped all that it took.
 */
#ifndef FAKE_PC_H
#define FAKE_PC_H

#include "fake_vmm.h"

/**
 * A case that runs twice: with locks that are watched, and with libvic's own,
 * for which it has shorter ways.
 */
#define FAKE_PC_TEST(f)                                       \
	cmocka_unit_test_setup(f, fake_pc_watched),           \
	{                                                     \
#f "_own_locks", f, fake_pc_plain, NULL, NULL \
	}

/** One that has locks of its own, or looks at them. */
#define FAKE_PC_ONCE(f) cmocka_unit_test_setup(f, fake_pc_watched)

/** Bytes that any IOAPIC of these tests needs. */
#define FAKE_IOAPIC_BYTES (1u << 17)

/* A redirection table entry's fields. */
#define FAKE_RTE_TO(id) ((uint64_t)(id) << VIC_RTE_DEST_SHIFT)
#define FAKE_RTE_MODE(mode) ((uint64_t)(mode) << VIC_RTE_MODE_SHIFT)
#define FAKE_RTE_LEVEL(vector) ((uint64_t)VIC_RTE_LEVEL | (vector))
#define FAKE_RTE_LOW_HALF UINT32_MAX

/* The vectors of fake_pic_setup(). */
#define FAKE_PIC_MASTER_BASE 0x30
#define FAKE_PIC_SLAVE_BASE 0x70

/* Words for command ports. */
#define FAKE_EOI 0x20u
#define FAKE_EOI_OF(level) (0x60u | (level))
#define FAKE_READ_IRR 0x0au
#define FAKE_READ_ISR 0x0bu
#define FAKE_POLL 0x0cu

/** A vic_vcpu_ops.eoi of the IOAPIC or the PIC. */
struct fake_heard {
	uint32_t source;
	uint32_t number;
};

struct fake_pc {
	/* Has to be first. */
	struct fake_vm vm;
	struct vic_ioapic *ioapic;
	struct vic_pic *pic;
	/** The block of the devices' thread. */
	struct vic_counters device;
	struct fake_heard heard[64];
	uint32_t heard_count;
	/** What a device does when it hears; may be NULL. */
	void (*on_eoi)(struct fake_pc *pc, uint32_t source, uint32_t number);
	/* The last message through vic_vcpu_ops.msi, and how many. */
	uint64_t address;
	uint32_t data;
	unsigned int msis;
	/** Nobody accepts the next ones. */
	bool refuse;
};

/** What to build; the zero of each field is the plain case. */
struct fake_pc_spec {
	/** 0: 2. */
	uint32_t vcpus;
	const uint32_t *ids;
	uint32_t present;
	uint32_t lapic_flags;
	uint32_t bus_flags;
	uint32_t msi_format;
	/** Leave the local APICs as they come out of reset. */
	bool raw;
	/** No bus: messages go to vic_vcpu_ops.msi. */
	bool alone;
	/* Of the IOAPIC. */
	uint32_t flags, pins, version, id;
	/* Of the PIC: LINT0 of that many vCPUs, and with hub pin 0. */
	uint32_t pic_flags;
	uint32_t wires;
	bool hub;
	/** NULL: fake_pc_ops, without its locks in the second run. */
	const struct vic_vcpu_ops *ops;
};

/** All callbacks; the opaque pointer of the IOAPIC and PIC is the fake_pc. */
extern const struct vic_vcpu_ops fake_pc_ops;

/** The two setups of FAKE_PC_TEST. */
int fake_pc_watched(void **state);
int fake_pc_plain(void **state);

/** Build it; up to four are there at a time. */
void fake_pc_make(struct fake_pc *pc, const struct fake_pc_spec *spec);

/** Locks taken by all so far. */
unsigned int fake_pc_locks(void);

/** Nothing was heard since, or exactly @p number of @p source, once. */
void fake_heard_nothing(struct fake_pc *pc);
void fake_heard_one(struct fake_pc *pc, uint32_t source, uint32_t number);

/* The IOAPIC. */

/** A load or store of a direct register, 32 bits. */
uint32_t fake_ioapic_load(struct fake_pc *pc, uint32_t offset);
void fake_ioapic_store(struct fake_pc *pc, uint32_t offset, uint32_t value);

/** Of the indirect register @p index. */
uint32_t fake_ioapic_get(struct fake_pc *pc, uint32_t index);
void fake_ioapic_put(struct fake_pc *pc, uint32_t index, uint32_t value);

/** An entry as the guest reads it, which is as vic_ioapic_peek() says. */
uint64_t fake_entry(struct fake_pc *pc, uint32_t pin);

/** Write an entry, the high half first. */
void fake_program(struct fake_pc *pc, uint32_t pin, uint64_t entry);

/** Source 0 of a pin. */
bool fake_line(struct fake_pc *pc, uint32_t pin, bool level);

bool fake_source(struct fake_pc *pc, uint32_t pin, uint32_t source, bool level);

/** Whether the entry's remote IRR, or delivery status, is 1. */
bool fake_remote_irr(struct fake_pc *pc, uint32_t pin);
bool fake_send_pending(struct fake_pc *pc, uint32_t pin);

/** The guest of vCPU @p n takes @p vector; it is in service. */
void fake_pc_serve(struct fake_pc *pc, uint32_t n, uint8_t vector);

/** It writes EOI. */
void fake_pc_eoi(struct fake_pc *pc, uint32_t n);

/** What vCPU @p n could take now, 0 if nothing. */
uint8_t fake_pc_next(struct fake_pc *pc, uint32_t n);

/* Numbers in an image. */

uint32_t fake_get32(const unsigned char *image, size_t at);
uint64_t fake_get64(const unsigned char *image, size_t at);
void fake_put32(unsigned char *image, size_t at, uint32_t value);
void fake_put64(unsigned char *image, size_t at, uint64_t value);

/* The PIC. */

void fake_out(struct fake_pc *pc, uint32_t port, uint8_t value);
uint8_t fake_in(struct fake_pc *pc, uint32_t port);

/** Source 0 of an IRQ. */
bool fake_irq(struct fake_pc *pc, uint32_t irq, bool level);

/** High and low again, with nothing between. */
void fake_pulse(struct fake_pc *pc, uint32_t irq);

/** An INTA cycle. */
uint8_t fake_inta(struct fake_pc *pc);

struct vic_pic_chip fake_chip(struct fake_pc *pc, uint32_t chip);
uint8_t fake_pic_irr(struct fake_pc *pc, int chip);
uint8_t fake_pic_isr(struct fake_pc *pc, int chip);

/** ICW1 to ICW4 of one chip, and OCW1 with no mask. */
void fake_pic_init(struct fake_pc *pc, uint32_t port, uint8_t icw1,
		   uint8_t base, uint8_t icw4);

/** Both, as a PC's firmware does. */
void fake_pic_setup(struct fake_pc *pc);

#endif
