/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What there is to do before the next entry: inbox to IRR, and the answer. */
#include "apic/lapic_priv.h"

/*
 * A device can post what no APIC would accept, and a sender that saw this
 * one enabled may be late: neither gets into IRR.
 */
static uint64_t acceptable(struct vic_lapic *lapic, uint32_t i, uint64_t bits)
{
	uint64_t refused = i ? 0 : bits & 0xffff;

	if (refused)
		lapic->esr_pending |= VIC_ESR_RECEIVE_ILLEGAL;
	if (!(*reg(lapic, VIC_APIC_SVR) & VIC_SVR_ENABLE))
		refused = bits;
	inbox_count_discarded(lapic->vcpu, refused);
	return bits & ~refused;
}

static __attribute__((noinline)) void count_folded(struct vic_lapic *lapic,
						   uint32_t bits)
{
	for (; bits; bits &= bits - 1)
		count(&lapic->vcpu->counters.folded);
}

/* 32 vectors into a word of IRR, and their trigger modes into TMR. */
ALWAYS_INLINE void accept_word(struct vic_lapic *lapic, uint32_t *irr,
			       uint32_t bits, uint32_t level)
{
	uint32_t *tmr = irr - (VIC_APIC_IRR - VIC_APIC_TMR) / 4;

	if (UNLIKELY(*irr & bits))
		count_folded(lapic, *irr & bits);
	*irr |= bits;
	*tmr ^= (*tmr ^ level) & bits;
}

/* 64 vectors from word @i of PIR. */
ALWAYS_INLINE void accept_words(struct vic_lapic *lapic, uint32_t i,
				uint64_t bits, uint64_t level)
{
	uint32_t *irr = vector_word(lapic, VIC_APIC_IRR, i * 64);
	uint32_t low = (uint32_t)bits, high = (uint32_t)(bits >> 32);
	uint32_t top = i * 64 + top_bit(bits);

	if (low) {
		accept_word(lapic, irr, low, (uint32_t)level);
		lapic->irr_words |= 1u << i * 2;
	}
	if (high) {
		accept_word(lapic, irr + 4, high, (uint32_t)(level >> 32));
		lapic->irr_words |= 2u << i * 2;
	}
	if (top > lapic->irr_top)
		lapic->irr_top = top;
}

static __attribute__((noinline)) void accept_some(struct vic_lapic *lapic,
						  uint32_t i, uint64_t bits,
						  uint64_t level)
{
	bits = acceptable(lapic, i, bits);
	if (bits)
		accept_words(lapic, i, bits, level);
}

ALWAYS_INLINE void harvest_word(struct vic_lapic *lapic, uint32_t i)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	uint64_t bits = exchange(&vcpu->pid.pir[i], 0);
	/* After the exchange, which took the bits with their P1. */
	uint64_t level = load_relaxed(&vcpu->trigger[i]);

	if (UNLIKELY(!(*reg(lapic, VIC_APIC_SVR) & VIC_SVR_ENABLE) ||
		     (i == 0 && (bits & 0xffff))))
		accept_some(lapic, i, bits, level);
	else
		accept_words(lapic, i, bits, level);
}

/*
 * S1 and S2 of ipi/inbox.h. Afterwards irr_top is the highest of IRR,
 * whether or not PIR held anything: an earlier pass may have taken the bits
 * of a sender that sets ON only now.
 */
void lapic_harvest(struct vic_lapic *lapic)
{
	struct vic_pid *pid = &lapic->vcpu->pid;

	fetch_and(&pid->control, ~VIC_PID_ON);
	if (load_relaxed(&pid->pir[0]))
		harvest_word(lapic, 0);
	if (load_relaxed(&pid->pir[1]))
		harvest_word(lapic, 1);
	if (load_relaxed(&pid->pir[2]))
		harvest_word(lapic, 2);
	if (load_relaxed(&pid->pir[3]))
		harvest_word(lapic, 3);
}

/* What waits for CAN, or for the window that opens it. */
static uint32_t maskable(uint32_t can, uint32_t may, uint32_t work,
			 uint32_t window)
{
	return can & may ? work : window;
}

/* Everything that is no vector; false if nothing else matters now. */
static bool scan_requests(struct vic_lapic *lapic, uint32_t can,
			  struct vic_work *work)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	uint64_t word = inbox_requests(vcpu);

	if (word & REQUEST_ESR) {
		inbox_ack(vcpu, REQUEST_ESR);
		lapic->esr_pending |= word >> REQUEST_ESR_SHIFT & 0xff;
	}
	if (word & REQUEST_INIT) {
		work->flags = VIC_WORK_INIT;
		return false;
	}
	if (lapic->wait_sipi) {
		work->flags = VIC_WORK_WAIT_SIPI;
		work->sipi_vector = (uint8_t)(word >> REQUEST_SIPI_SHIFT);
		if (word & REQUEST_SIPI)
			work->flags = VIC_WORK_SIPI;
		return false;
	}
	/* SIPI counts in wait-for-SIPI only: SDM 8.4.2. */
	if (word & REQUEST_SIPI)
		inbox_ack(vcpu, REQUEST_SIPI | REQUEST_SIPI_VECTOR);
	if (word & REQUEST_SMI)
		work->flags |= maskable(can, VIC_CAN_SMI, VIC_WORK_SMI, 0);
	work->nmis = word & REQUEST_NMI;
	if (work->nmis)
		work->flags |= maskable(can, VIC_CAN_NMI, VIC_WORK_NMI,
					VIC_WORK_NMI_WINDOW);
	return true;
}

static void scan_vectors(struct vic_lapic *lapic, uint32_t can,
			 struct vic_work *work)
{
	uint32_t vector = lapic->irr_top;

	if ((vector & 0xf0) > (*reg(lapic, VIC_APIC_PPR) & 0xf0)) {
		work->vector = (uint8_t)vector;
		work->flags |= maskable(can, VIC_CAN_IRQ, VIC_WORK_IRQ,
					VIC_WORK_IRQ_WINDOW);
	} else if (vector >> 4 > lapic->isr_top >> 4) {
		work->tpr_threshold = (uint8_t)(vector >> 4);
	}
}

static __attribute__((noinline)) uint32_t
scan(struct vic_lapic *lapic, uint32_t can, struct vic_work *work)
{
	struct vic_vcpu *vcpu = lapic->vcpu;

	if (load_acquire(&vcpu->pid.control) & VIC_PID_ON)
		lapic_harvest(lapic);
	if (UNLIKELY(load_acquire(&vcpu->request) | lapic->wait_sipi) &&
	    !scan_requests(lapic, can, work))
		return work->flags;
	if (lapic->irr_top)
		scan_vectors(lapic, can, work);
	return work->flags;
}

/*
 * Acquire, no barrier: a sender whose ON or NEW is missed here is seen by
 * the look that follows the barrier of enter or block.
 */
uint32_t vic_lapic_scan(struct vic_lapic *lapic, uint32_t can,
			struct vic_work *work)
{
	struct vic_vcpu *vcpu = lapic->vcpu;

	*work = (struct vic_work){ 0 };
	if (LIKELY(!(load_acquire(&vcpu->pid.control) & VIC_PID_ON) &&
		   !(load_acquire(&vcpu->request) | lapic->wait_sipi |
		     lapic->irr_top)))
		return 0;
	return scan(lapic, can, work);
}

int vic_lapic_ack_nmi(struct vic_lapic *lapic)
{
	if (!inbox_ack_nmi(lapic->vcpu))
		return VIC_ERR_ABSENT;
	count(&lapic->vcpu->counters.acked[VIC_MODE_NMI]);
	return VIC_OK;
}

int vic_lapic_ack_smi(struct vic_lapic *lapic)
{
	if (!(load_acquire(&lapic->vcpu->request) & REQUEST_SMI))
		return VIC_ERR_ABSENT;
	inbox_ack(lapic->vcpu, REQUEST_SMI);
	count(&lapic->vcpu->counters.acked[VIC_MODE_SMI]);
	return VIC_OK;
}

bool vic_lapic_block(struct vic_lapic *lapic, uint32_t can)
{
	const uint32_t wakes = VIC_WORK_INIT | VIC_WORK_SIPI | VIC_WORK_NMI |
			       VIC_WORK_SMI | VIC_WORK_IRQ;
	struct vic_work work;

	if (vic_lapic_scan(lapic, can, &work) & wakes) {
		count(&lapic->vcpu->counters.block_refusals);
		return false;
	}
	return vic_vcpu_block(lapic->vcpu);
}
