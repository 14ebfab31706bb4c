/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Where the words of chips.cpp are. */
#include "apic/pic_priv.h"
#include "chips.h"

/* Where vectors 64-127 are. */
#define VECTOR_WORD 1

void *cpu_address(struct vic_vcpu *vcpu, enum cpu_word word)
{
	switch (word) {
	case CPU_STATE:
		return &vcpu->state;
	case CPU_ON:
		return &vcpu->pid.control;
	case CPU_PIR:
		return &vcpu->pid.pir[VECTOR_WORD];
	case CPU_TRIGGER:
		return &vcpu->trigger[VECTOR_WORD];
	case CPU_REQUEST:
		return &vcpu->request;
	case CPU_HEARS:
		return &vcpu->hears;
	case CPU_IDENTITY:
		return &vcpu->identity;
	default:
		return NULL;
	}
}

void *vm_address(struct vic_apic_bus *bus, struct vic_ioapic *ioapic,
		 struct vic_pic *pic, enum vm_word word)
{
	switch (word) {
	case VM_ARRIVALS:
		return &bus->arrivals;
	case VM_WAITING:
		return &bus->waiting;
	case VM_SOURCES:
		return &ioapic->pins[0].sources;
	case VM_IOAPIC_LOCK:
		return &ioapic->lock.word;
	case VM_PIC_LOCK:
		return &pic->lock.word;
	default:
		return NULL;
	}
}

uint64_t request_new(void)
{
	return REQUEST_NEW;
}

uint64_t request_lint0(void)
{
	return REQUEST_LINT(0);
}

bool remote_irr(struct vic_ioapic *ioapic, bool set)
{
	bool was = ioapic->remote[0] & 1;

	pin_remote_irr(ioapic, 0, set);
	return was;
}

uint32_t attempts(struct vic_ioapic *ioapic, uint32_t value)
{
	uint32_t was = ioapic->pins[0].attempts;

	ioapic->pins[0].attempts = value;
	return was;
}

uint32_t attempts_now(const struct vic_ioapic *ioapic)
{
	return ioapic->pins[0].attempts;
}

void forget_missed(struct vic_ioapic *ioapic)
{
	ioapic->pins[0].missed = 0;
}
