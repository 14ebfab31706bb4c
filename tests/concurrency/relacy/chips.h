/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The words of chips.cpp, and what its mutants do to an IOAPIC. */
#ifndef CHIPS_H
#define CHIPS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vic_apic_bus;
struct vic_ioapic;
struct vic_pic;
struct vic_vcpu;

/* Those of each vCPU. */
enum cpu_word {
	CPU_STATE,
	CPU_ON,
	CPU_PIR,
	CPU_TRIGGER,
	CPU_REQUEST,
	CPU_HEARS,
	CPU_IDENTITY,
	CPU_WORDS,
};

/* Those of the VM; the last two are locks. */
enum vm_word {
	VM_ARRIVALS,
	VM_WAITING,
	/* Of pin 0; only this one is shared. */
	VM_SOURCES,
	VM_WORDS,
	VM_IOAPIC_LOCK = VM_WORDS,
	VM_PIC_LOCK,
};

/* chips_words.c: where @word is. */
void *cpu_address(struct vic_vcpu *vcpu, enum cpu_word word);
void *vm_address(struct vic_apic_bus *bus, struct vic_ioapic *ioapic,
		 struct vic_pic *pic, enum vm_word word);
/* NEW and LINT0 in the request word. */
uint64_t request_new(void);
uint64_t request_lint0(void);
/* Remote IRR of pin 0; it becomes @set, and what it was is returned. */
bool remote_irr(struct vic_ioapic *ioapic, bool set);
/* The number of its last attempt; it becomes @value, likewise. */
uint32_t attempts(struct vic_ioapic *ioapic, uint32_t value);
uint32_t attempts_now(const struct vic_ioapic *ioapic);
/* Who found remote IRR set is not noted. */
void forget_missed(struct vic_ioapic *ioapic);

#ifdef __cplusplus
}
#endif

#endif
