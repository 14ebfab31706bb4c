/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The local APICs of up to 16 vCPUs: slow, obvious, and written from the SDM,
 * vol. 3, "Advanced Programmable Interrupt Controller" (section numbers are
 * those of chapter 10). It knows nothing of libvic. One thing happens after
 * another: an access is over, with all that it sends, before the next one;
 * time stands still but for lm_set_bus() and lm_set_tsc().
 */
#ifndef LAPIC_MODEL_H
#define LAPIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <vic/spec/apic.h>

#define LM_VCPUS 16
#define LM_PINS 2
#define LM_EOIS 4096
#define LM_REGS 64

/* What differs between systems. */
enum lm_policy {
	/* Lowest priority goes by PPR, not by a hash of the vector. */
	LM_ARBITRATE = 0x1,
	/* Destination 0xff of an MSI is one like any other. */
	LM_MSI_FF_IS_ID = 0x2,
	/* An id above 0xff has no 8-bit alias in xAPIC mode. */
	LM_NO_XAPIC_ALIAS = 0x4,
	/* SVR[12] works, and VERSION[24] says so. */
	LM_SUPPRESS_EOI = 0x8,
	LM_LEVEL_IPIS = 0x10,
	LM_BUSY_FAULTS = 0x20,
	LM_ID_READ_ONLY = 0x40,
	LM_BASE_FIXED = 0x80,
	/* Where the page has the high half of an x2APIC's ICR. */
	LM_ICR_SPLIT = 0x100,
	LM_PMI_KEEPS_MASK = 0x200,
	LM_NO_LOWEST = 0x400,
};

enum lm_flags {
	LM_BSP = 0x1,
	/* In x2APIC mode from reset on. */
	LM_X2APIC = 0x2,
	LM_NO_X2APIC = 0x4,
	LM_CMCI = 0x8,
	LM_NO_TSC_DEADLINE = 0x10,
};

/* Where an MSI has its destination. */
enum lm_msi_format {
	/* Bits 19:12 only. */
	LM_MSI_8,
	/* Bits 11:5 have bits 14:8. */
	LM_MSI_15,
	/* Bits 63:40 have bits 31:8. */
	LM_MSI_32,
};

enum lm_access {
	LM_DONE,
	/* #GP. */
	LM_FAULT,
	/* Not a local APIC's. */
	LM_FOREIGN,
};

enum lm_ack {
	LM_TAKEN,
	/* Not in IRR. */
	LM_ABSENT,
	LM_TOO_LOW,
};

enum lm_source {
	LM_SOURCE_CMCI,
	LM_SOURCE_THERMAL,
	LM_SOURCE_PERF,
};

enum lm_lvt {
	LM_LVT_CMCI,
	LM_LVT_TIMER,
	LM_LVT_THERMAL,
	LM_LVT_PERF,
	LM_LVT_LINT0,
	LM_LVT_LINT1,
	LM_LVT_ERROR,
	LM_LVTS,
};

/* What is sent to a set of processors. */
struct lm_message {
	enum vic_delivery_mode mode;
	uint8_t vector;
	bool level;
	/* For one of them. */
	bool one;
};

struct lm_config {
	uint32_t vcpus;
	uint32_t policy;
	enum lm_msi_format msi;
	/* There is an 8259, so there are ExtINTs. */
	bool extint;
	/*
	 * Without LM_ARBITRATE: which of the vCPUs in the mask, who would all
	 * take it, does. Any one is right.
	 */
	uint32_t (*choose)(void *opaque, const struct lm_message *msg,
			   uint32_t mask);
	void *opaque;
	/* MAXPHYADDR; 0 for 52. */
	uint32_t phys_bits;
	uint32_t id[LM_VCPUS];
	/* enum lm_flags. */
	uint32_t flags[LM_VCPUS];
};

struct lm_vcpu {
	uint32_t id, flags;
	uint64_t base;
	/* Bits 31:24 of the id register in xAPIC mode. */
	uint8_t xapic_id;
	uint8_t tpr;
	/* The one of xAPIC mode; the other is derived. */
	uint32_t ldr;
	uint32_t dfr, svr;
	/* SVR enabled it since its reset. */
	bool was_enabled;
	bool irr[256], tmr[256], isr[256];
	/* What ESR reads, and what was recorded since it was written. */
	uint32_t esr, errors;
	uint64_t icr;
	uint32_t lvt[LM_LVTS];
	/* The vector that set remote IRR. */
	uint8_t remote;
	bool pins[LM_PINS];
	uint32_t initial_count, divide;
	bool counting;
	/* While counting: bus ticks to go. */
	uint64_t left;
	/* IA32_TSC_DEADLINE. */
	uint64_t deadline;
	/* For the processor core; extint is a message's. */
	bool init, sipi, smi, extint;
	uint8_t sipi_vector;
	uint32_t nmis;
	/* In wait-for-SIPI. */
	bool waits;
};

struct lm_eoi {
	uint32_t vcpu;
	uint8_t vector;
};

struct lm {
	struct lm_config config;
	struct lm_vcpu vcpu[LM_VCPUS];
	uint64_t tsc, bus;
	/* How many accepted the last MSI. */
	uint32_t accepted;
	/* EOI messages to the IOAPICs, the oldest first. */
	struct lm_eoi eois[LM_EOIS];
	uint32_t nr_eois;
};

/* What the processor core has to do. */
struct lm_pending {
	/* Of NMI, SMI, ExtINT and vector none may be taken now. */
	bool blocked;
	bool init, sipi;
	uint8_t sipi_vector;
	uint32_t nmis;
	bool smi, extint;
	/* The highest that may be taken, or -1. */
	int32_t vector;
	/* A lower TPR[7:4] lets a vector be taken; 0 if none would. */
	uint32_t tpr_threshold;
};

/* All that there is to compare. */
struct lm_dump {
	/* By offset / 16; what is no register, or write-only, is 0. */
	uint32_t reg[LM_REGS];
	/* ICR[63:32], wherever the page has it. */
	uint32_t icr_high;
	uint32_t errors;
	uint64_t base, deadline;
};

void lm_init(struct lm *m, const struct lm_config *config);
/* Power-up of one; the counters go on, the pins stay. */
void lm_reset(struct lm *m, uint32_t vcpu);

/* The guest's accesses; offset is one in the page. */
enum lm_access lm_mmio_read(struct lm *m, uint32_t vcpu, uint32_t offset,
			    uint32_t len, uint64_t *value);
enum lm_access lm_mmio_write(struct lm *m, uint32_t vcpu, uint32_t offset,
			     uint32_t len, uint64_t value);
enum lm_access
lm_rdmsr(struct lm *m, uint32_t vcpu, uint32_t msr, uint64_t *value);
enum lm_access
lm_wrmsr(struct lm *m, uint32_t vcpu, uint32_t msr, uint64_t value);
void lm_set_cr8(struct lm *m, uint32_t vcpu, uint8_t cr8);

/* False if the address has not the format. */
bool lm_msi(struct lm *m, uint64_t address, uint32_t data);

/* Time goes forward only; what expires does so for all vCPUs. */
void lm_set_tsc(struct lm *m, uint64_t tsc);
void lm_set_bus(struct lm *m, uint64_t bus);
/* When the timer expires, in ticks of the TSC or of the bus; or false. */
bool lm_expiry(const struct lm *m, uint32_t vcpu, bool *is_tsc, uint64_t *at);

void lm_lint(struct lm *m, uint32_t vcpu, uint32_t pin, bool level);
void lm_local(struct lm *m, uint32_t vcpu, enum lm_source source);

struct lm_pending lm_pending(const struct lm *m, uint32_t vcpu);
/* The vector taken, or the spurious one. */
uint8_t lm_inta(struct lm *m, uint32_t vcpu);
/*
 * The processor took the vector when it was offered, which may be a while
 * ago. It cannot have if one of its class or above is in service.
 */
enum lm_ack lm_ack(struct lm *m, uint32_t vcpu, uint8_t vector);
/* The opposite, for the highest vector in service; false for any other. */
bool lm_unack(struct lm *m, uint32_t vcpu, uint8_t vector);
/* False if there is none. */
bool lm_ack_extint(struct lm *m, uint32_t vcpu);
bool lm_ack_nmi(struct lm *m, uint32_t vcpu);
bool lm_ack_smi(struct lm *m, uint32_t vcpu);
bool lm_ack_init(struct lm *m, uint32_t vcpu);
bool lm_ack_sipi(struct lm *m, uint32_t vcpu, uint8_t *vector);

/* Takes the oldest EOI message; false if there is none. */
bool lm_take_eoi(struct lm *m, struct lm_eoi *eoi);

/* Registers as they are, without side effects. */
uint32_t lm_reg(const struct lm *m, uint32_t vcpu, uint32_t offset);
/* Of xAPIC mode; an access to any other offset records an error. */
bool lm_is_register(const struct lm_vcpu *v, uint32_t offset);
void lm_dump(const struct lm *m, uint32_t vcpu, struct lm_dump *dump);

/* Between the model's own files: lapic_model.c. */
bool lm_is_enabled(const struct lm_vcpu *v);
bool lm_is_x2apic(const struct lm_vcpu *v);
/* It takes vectors. */
bool lm_is_software_enabled(const struct lm_vcpu *v);
uint8_t lm_ppr(const struct lm_vcpu *v);
void lm_power_up(struct lm_vcpu *v);
void lm_accept(struct lm_vcpu *v, uint8_t vector, bool level);
void lm_accept_nmi(struct lm_vcpu *v);
void lm_accept_extint(const struct lm *m, struct lm_vcpu *v);
void lm_accept_init(struct lm_vcpu *v);
void lm_accept_sipi(struct lm_vcpu *v, uint8_t vector);
/* Records an error: one bit of ESR. */
void lm_error(struct lm_vcpu *v, uint32_t bit);
void lm_eoi(struct lm *m, uint32_t vcpu);

/* lapic_model_dest.c */
uint32_t lm_ldr(const struct lm_vcpu *v);
/* What was stored in ICR, and in SELF IPI. */
void lm_send(struct lm *m, uint32_t vcpu);
void lm_send_self(struct lm *m, uint32_t vcpu, uint8_t vector);

/* lapic_model_lvt.c */
uint32_t lm_lvt_writable(const struct lm_vcpu *v, enum lm_lvt lvt);
uint32_t lm_lvt_read_only(enum lm_lvt lvt);
void lm_lvt_write(struct lm_vcpu *v, enum lm_lvt lvt, uint32_t value);
/* True if something was delivered. */
bool lm_lvt_fire(struct lm_vcpu *v, enum lm_lvt lvt);
void lm_lvt_eoi(struct lm_vcpu *v, uint8_t vector);
bool lm_extint(const struct lm *m, const struct lm_vcpu *v);

/* lapic_model_timer.c */
void lm_timer_mode(struct lm_vcpu *v, uint32_t old, uint32_t mode);
void lm_timer_start(struct lm_vcpu *v, uint32_t count);
void lm_timer_divide(struct lm_vcpu *v, uint32_t value);
uint32_t lm_timer_count(const struct lm_vcpu *v);
void lm_timer_deadline(const struct lm *m, struct lm_vcpu *v, uint64_t value);

#endif
