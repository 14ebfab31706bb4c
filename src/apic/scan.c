/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What there is to do before the next entry: inbox to IRR, and the answer. */
#include "apic/lapic_priv.h"

/* 32 vectors into a word of IRR, and their trigger modes into TMR. */
ALWAYS_INLINE void accept_word(struct vic_lapic *lapic, uint32_t first,
			       uint32_t bits, uint32_t level)
{
	uint32_t *irr = vector_word(lapic, VIC_APIC_IRR, first);
	uint32_t *tmr = vector_word(lapic, VIC_APIC_TMR, first);

	if (!bits)
		return;
	*irr |= bits;
	*tmr ^= (*tmr ^ level) & bits;
	lapic->irr_words |= 1u << first / 32;
}

/* @bits, not 0, of word @i of PIR, and their modes. */
ALWAYS_INLINE void
accept_modes(struct vic_lapic *lapic, uint32_t i, uint64_t bits, uint64_t level)
{
	uint32_t top = i * 64 + top_bit(bits);

	accept_word(lapic, i * 64, (uint32_t)bits, (uint32_t)level);
	accept_word(lapic, i * 64 + 32, (uint32_t)(bits >> 32),
		    (uint32_t)(level >> 32));
	if (top > lapic->irr_top)
		lapic->irr_top = top;
}

ALWAYS_INLINE void
accept_words(struct vic_lapic *lapic, uint32_t i, uint64_t bits)
{
	/* After the exchange, which took the bits with their P1. */
	accept_modes(lapic, i, bits, load_relaxed(&lapic->vcpu->trigger[i]));
}

void lapic_accept_words(struct vic_lapic *lapic, uint32_t i, uint64_t bits,
			uint64_t level)
{
	struct vic_counters *counters = &lapic->vcpu->counters;
	uint64_t refused = bits & illegal(i);

	if (refused)
		lapic_error(lapic, VIC_ESR_RECEIVE_ILLEGAL);
	if (!accepts(lapic)) {
		refused = bits;
		/*
		 * An IOAPIC that sent a level before the guest's software
		 * disable waits for its EOI.
		 */
		if (lapic->was_enabled && lapic->bus->ioapics)
			refused &= ~level | illegal(i);
	}
	inbox_count(&counters->discarded, refused);
	bits &= ~refused;
	inbox_count(&counters->folded, bits & in_irr64(lapic, i));
	if (bits)
		accept_modes(lapic, i, bits, level);
}

/* S2 from word @i on. */
static void drain(struct vic_lapic *lapic, uint32_t i)
{
	struct vic_pid *pid = &lapic->vcpu->pid;

	for (; i < 4; i++)
		if (load_relaxed(&pid->pir[i])) {
			uint64_t bits = exchange(&pid->pir[i], 0);

			lapic_accept_words(
				lapic, i, bits,
				load_relaxed(&lapic->vcpu->trigger[i]));
		}
}

/* Levels that were held: R1, R2. */
static __attribute__((noinline)) void take_held(struct vic_lapic *lapic)
{
	struct vic_vcpu *vcpu = lapic->vcpu;

	inbox_ack(vcpu, REQUEST_HELD);
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t bits = inbox_take_held(vcpu, i);

		if (!bits)
			continue;
		lapic_accept_words(lapic, i, bits, bits);
		inbox_add_modes(vcpu, i, bits & in_tmr64(lapic, i));
	}
	if (posting(lapic))
		lapic->attention |= ATTENTION_EOI_EXIT;
}

/*
 * S1 and S2 of ipi/inbox.h. Afterwards irr_top is the highest of IRR,
 * whether or not PIR held anything: an earlier pass may have taken the bits
 * of a sender that sets ON only now.
 */
void lapic_harvest(struct vic_lapic *lapic)
{
	if (posting(lapic)) {
		lapic_harvest_posted(lapic);
	} else {
		fetch_and(&lapic->vcpu->pid.control, ~VIC_PID_ON);
		drain(lapic, 0);
	}
	if (load_acquire(&lapic->vcpu->request) & REQUEST_HELD)
		take_held(lapic);
}

void lapic_accept(struct vic_lapic *lapic, uint32_t vector, bool level)
{
	struct vic_outcomes *outcomes = &lapic->vcpu->counters.vectors;
	uint32_t *irr = vector_word(lapic, VIC_APIC_IRR, vector);
	uint32_t bit = 1u << vector % 32;

	if (!accepts(lapic))
		return;
	count(*irr & bit ? &outcomes->merged : &outcomes->silent);
	if (UNLIKELY(posting(lapic)))
		level = lapic_mode_posted(lapic, vector, level);
	accept_word(lapic, vector & 0xe0, bit, level ? bit : 0);
	if (vector > lapic->irr_top)
		lapic->irr_top = vector;
}

/* What waits for CAN, or for the window that opens it. */
static uint32_t
maskable(uint32_t can, uint32_t may, uint32_t work, uint32_t window)
{
	return can & may ? work : window;
}

/* Everything that is no vector; false if nothing else matters now. */
static bool
scan_requests(struct vic_lapic *lapic, uint32_t can, struct vic_work *work)
{
	struct vic_vcpu *vcpu = lapic->vcpu;
	uint64_t word = inbox_requests(vcpu);

	if (word &
	    (REQUEST_HELD | REQUEST_LOCAL | REQUEST_LINES | REQUEST_EXTINT)) {
		if (UNLIKELY(word & REQUEST_HELD))
			take_held(lapic);
		lapic_take_local(lapic);
		/* An entry may be NMI, SMI or INIT. */
		word = inbox_requests_again(vcpu, REQUEST_LOCAL | REQUEST_HELD);
	}
	work->flags = (lapic->attention & ATTENTION_TELL)
		      << ATTENTION_WORK_SHIFT;
	if (word & REQUEST_RESYNC)
		work->flags |= VIC_WORK_RESYNC;
	if (word & REQUEST_INIT) {
		work->flags |= VIC_WORK_INIT;
		return false;
	}
	if (lapic->attention & ATTENTION_WAIT_SIPI) {
		work->sipi_vector = (uint8_t)(word >> REQUEST_SIPI_SHIFT);
		work->flags |= word & REQUEST_SIPI ? VIC_WORK_SIPI
						   : VIC_WORK_WAIT_SIPI;
		return false;
	}
	/* SIPI counts in wait-for-SIPI only: SDM 8.4.2. */
	if ((word & REQUEST_SIPI) && inbox_ack_sipi(vcpu))
		count(&vcpu->counters.requests_discarded);
	if (word & REQUEST_SMI)
		work->flags |= maskable(can, VIC_CAN_SMI, VIC_WORK_SMI,
					VIC_WORK_SMI_WINDOW);
	work->nmis = word & REQUEST_NMI;
	if (work->nmis)
		work->flags |= maskable(can, VIC_CAN_NMI, VIC_WORK_NMI,
					VIC_WORK_NMI_WINDOW);
	if (UNLIKELY(lapic_extint(lapic, word)))
		work->flags |= maskable(can, VIC_CAN_IRQ, VIC_WORK_EXTINT,
					VIC_WORK_IRQ_WINDOW);
	return true;
}

/* The highest vector, if it is deliverable; @flags is what there is else. */
ALWAYS_INLINE uint32_t scan_vectors(const struct vic_lapic *lapic, uint32_t can,
				    struct vic_work *work, uint32_t flags)
{
	uint32_t vector = lapic->irr_top;

	if ((vector & 0xf0) > (*reg(lapic, VIC_APIC_PPR) & 0xf0)) {
		work->vector = (uint8_t)vector;
		flags |= maskable(can, VIC_CAN_IRQ, VIC_WORK_IRQ,
				  VIC_WORK_IRQ_WINDOW);
		work->flags = flags;
	} else if (vector >> 4 > lapic->isr_top >> 4) {
		work->tpr_threshold = (uint8_t)(vector >> 4);
	}
	return flags;
}

static __attribute__((noinline)) uint32_t
harvest_and_scan(struct vic_lapic *lapic, uint32_t can, struct vic_work *work)
{
	lapic_harvest(lapic);
	return scan_vectors(lapic, can, work, 0);
}

/* A device posted illegal vectors: @bits are word 0 of PIR. */
static __attribute__((noinline)) uint32_t
drain_careful(struct vic_lapic *lapic, uint32_t can, struct vic_work *work,
	      uint64_t bits)
{
	lapic_accept_words(lapic, 0, bits,
			   load_relaxed(&lapic->vcpu->trigger[0]));
	drain(lapic, 1);
	return scan_vectors(lapic, can, work, 0);
}

ALWAYS_INLINE void drain_word(struct vic_lapic *lapic, uint32_t i)
{
	uint64_t *word = &lapic->vcpu->pid.pir[i];

	if (load_relaxed(word))
		accept_words(lapic, i, exchange(word, 0));
}

/* Nothing but vectors, and lapic_harvest() in short for an empty IRR. */
static __attribute__((noinline)) uint32_t
drain_and_scan(struct vic_lapic *lapic, uint32_t can, struct vic_work *work)
{
	struct vic_pid *pid = &lapic->vcpu->pid;

	if (UNLIKELY(lapic->irr_words || !accepts(lapic)))
		return harvest_and_scan(lapic, can, work);
	fetch_and(&pid->control, ~VIC_PID_ON);
	if (load_relaxed(&pid->pir[0])) {
		uint64_t bits = exchange(&pid->pir[0], 0);

		if (UNLIKELY(bits & illegal(0)))
			return drain_careful(lapic, can, work, bits);
		accept_words(lapic, 0, bits);
	}
	drain_word(lapic, 1);
	drain_word(lapic, 2);
	drain_word(lapic, 3);
	return scan_vectors(lapic, can, work, 0);
}

static uint32_t
scan_all(struct vic_lapic *lapic, uint32_t can, struct vic_work *work)
{
	if (load_acquire(&lapic->vcpu->pid.control) & VIC_PID_ON)
		lapic_harvest(lapic);
	/*
	 * What is posted the processor delivers itself; what is taken over
	 * may be in a register that is shadowed.
	 */
	if (UNLIKELY(posting(lapic)))
		lapic->attention |= ATTENTION_SHADOW;
	if (!scan_requests(lapic, can, work))
		return work->flags;
	if (UNLIKELY(posting(lapic)))
		return work->flags;
	return scan_vectors(lapic, can, work, work->flags);
}

/* What is told once is told now. */
static __attribute__((noinline)) uint32_t
scan_and_tell(struct vic_lapic *lapic, uint32_t can, struct vic_work *work)
{
	uint32_t flags = scan_all(lapic, can, work);

	if (flags & VIC_WORK_RESYNC)
		inbox_ack(lapic->vcpu, REQUEST_RESYNC);
	lapic->attention &= ~ATTENTION_TELL;
	return flags;
}

/*
 * Acquire, no barrier: a sender whose ON or NEW is missed here is seen by
 * the look that follows the barrier of enter or block.
 */
uint32_t
vic_lapic_scan(struct vic_lapic *lapic, uint32_t can, struct vic_work *work)
{
	struct vic_vcpu *vcpu = lapic->vcpu;

	*work = (struct vic_work){0};
	if (UNLIKELY(load_acquire(&vcpu->request) | lapic->attention))
		return scan_and_tell(lapic, can, work);
	if (UNLIKELY(load_acquire(&vcpu->pid.control) & VIC_PID_ON))
		return drain_and_scan(lapic, can, work);
	if (LIKELY(!lapic->irr_top))
		return 0;
	return scan_vectors(lapic, can, work, 0);
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
			       VIC_WORK_SMI | VIC_WORK_IRQ | VIC_WORK_RESYNC |
			       VIC_WORK_EXTINT | VIC_WORK_TIMER;
	struct vic_work work = {0};
	uint32_t flags = scan_all(lapic, can, &work);

	/* It is news again, for who enters without a scan. */
	if (flags & wakes)
		test_and_set(&lapic->vcpu->request, REQUEST_NEW_BIT);
	/* A posted vector is no work, but the vCPU does not sleep on it. */
	if (posting(lapic) && !(flags & VIC_WORK_WAIT_SIPI))
		flags |= scan_vectors(lapic, can, &work, 0);
	if (flags & wakes) {
		count(&lapic->vcpu->counters.block_refusals);
		return false;
	}
	return vic_vcpu_block(lapic->vcpu);
}
