/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Hardware that posts, one step at a time and on one thread: an IOMMU (VT-d
 * 5.2.3) and a processor with virtual-interrupt delivery and posted-interrupt
 * processing (SDM vol. 3, 29.1, 29.2, 29.6). It meets libvic in the page, in
 * the descriptor and in the guest interrupt status, as hardware does.
 */
#ifndef FAKE_POSTING_H
#define FAKE_POSTING_H

#include "fake_vmm.h"

/* Of all pCPUs here. */
#define FAKE_NV 0xf2
#define FAKE_WAKEUP 0xf1

/** The ids of fake_pcpu(n). */
#define FAKE_PCPU_ID(n) (0x12u + (n))
#define FAKE_PCPUS 4

/** Fresh storage for pCPU @p n, with @p ops for its lock; NULL: none. */
struct vic_pcpu *
fake_pcpu(uint32_t n, uint32_t flags, const struct vic_vcpu_ops *ops);

/** The control word that says where a notification goes, ON left out. */
uint64_t fake_control(uint8_t vector, uint32_t ndst, bool suppress);

/** What an IOMMU sends after a post. */
struct fake_notice {
	bool sent;
	uint32_t ndst;
	uint8_t vector;
};

/** A device's interrupt with a posted-format remapping entry. */
struct fake_notice fake_device_post(struct vic_vcpu *vcpu, uint8_t vector);

/** A vCPU in a processor: the fields of the VMCS that matter. */
struct fake_run {
	struct fake_vcpu *cpu;
	uint16_t status;
	uint64_t eoi_exit[4];
	/* Bits of PIR that met a bit of IRR. */
	unsigned int folds;
	unsigned int delivered;
};

/** Load @p cpu on @p pcpu and turn posting on, with the bitmap loaded. */
void fake_run_start(struct fake_run *run, struct fake_vcpu *cpu,
		    struct vic_pcpu *pcpu);

/** Two vCPUs in fresh storage; the first one in HOST, started on pCPU 0. */
void fake_run_make(struct fake_run *run, struct fake_vm *vm, bool x2apic);

/** A scan, and what it says for the VMCS; flags other than EOI_EXIT. */
uint32_t fake_run_scan(struct fake_run *run);

/** Enter, with scans while that says "again"; ends in POSTED. */
void fake_run_enter(struct fake_run *run);

void fake_run_exit(struct fake_run *run, bool kicked);

/** Enter and exit at once: what was posted is taken over. */
void fake_run_touch(struct fake_run *run);

/** The notification arrived in non-root operation: SDM 29.6. */
void fake_notification(struct fake_run *run);

/** SDM 29.2: deliver what is recognized. 0: nothing is. */
uint8_t fake_deliver(struct fake_run *run);

/** SDM 29.1.4: EOI. True: an EOI-induced exit for *vector. */
bool fake_virtual_eoi(struct fake_run *run, uint8_t *vector);

/** SDM 29.1.5: self-IPI. */
void fake_self_ipi(struct fake_run *run, uint8_t vector);

/** SDM 29.1.2: MOV to CR8, a store to 080H. */
void fake_virtual_tpr(struct fake_run *run, uint8_t tpr);

/* The halves of the guest interrupt status. */
uint8_t fake_rvi(const struct fake_run *run);
uint8_t fake_svi(const struct fake_run *run);

/** Bit @p vector of ISR, TMR or IRR in the page. */
bool fake_page_bit(const struct fake_vcpu *cpu, uint32_t reg, uint8_t vector);

/** Bit @p vector of the EOI-exit bitmap that libvic would load now. */
bool fake_eoi_exits(const struct fake_vcpu *cpu, uint8_t vector);

/** Store into the page as the processor does before an APIC-write exit. */
void fake_store(struct fake_vcpu *cpu, uint32_t offset, uint32_t value);

#endif
