/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The inbox: making something pending and telling the target.
 *
 * Sender                          Owner
 *   P1 trigger bit                  S1 NEW, ON: clear with a full barrier
 *   P2 PIR bit, test-and-set        S2 drain PIR, read the requests
 *   P3 ON, test-and-set             E1 state, with a full barrier
 *   P4 load state, signal           E2 load ON and NEW
 *
 * P2/S2: the sender stops only if its test-and-set saw the bit, so the bit
 * was drained after. A plain load may see a bit that is being drained: the
 * interrupt is lost (tests/concurrency/litmus_sb.c).
 * P3/S1: the owner clears ON before it drains. Were it the other way
 * round, a bit set between would stay behind an ON that nobody sets.
 * P3+P4/E1+E2: each side writes its word, then reads the other's, with a
 * full barrier between. At least one of them sees the other; without
 * either barrier both may miss, and the vCPU sleeps on a pending interrupt.
 *
 * While vectors are posted the processor does S1 and S2, and knows nothing
 * of trigger modes: what it takes has the mode that TMR has already. Then a
 * bit in the array of P1 says that the vector is level in TMR and in the
 * EOI-exit bitmap, and the owner alone sets or clears it. A level post of a
 * vector without it is held, in an array of its own with a request that
 * the owner leaves the guest for:
 *
 *   H1 its bit in held              R1 HELD, with NEW: clear
 *   H2 HELD and NEW, signal         R2 take held; TMR, then the bit of P1
 *
 * An edge post of a vector that has it goes as level, and is noted: once
 * its EOI has come the owner makes it an edge again, unless it is pending.
 *
 * P2+P5/R3+S2: a level post looks at its bit once more after P2 (P5). If it
 * is still there, the owner that clears it (R3) drains PIR after that,
 * finds the vector and lets it be level; if not, the post is held as well.
 * Without either the vector may be delivered as an edge: its EOI does not
 * exit, and the line that it stands for never interrupts again.
 */
#ifndef VIC_SRC_IPI_INBOX_H
#define VIC_SRC_IPI_INBOX_H

#include "ipi/vcpu_priv.h"

/*
 * The target is POSTED. If it is elsewhere by now it has seen ON, and the
 * interrupt that goes where it was finds nothing.
 */
ALWAYS_INLINE enum vic_post
inbox_notify(struct vic_vcpu *vcpu, struct vic_outcomes *outcomes)
{
	uint64_t control = load_relaxed(&vcpu->pid.control);

	count(&outcomes->notified);
	vcpu->ops->notify(vcpu->opaque,
			  (uint32_t)(control >> VIC_PID_NDST_SHIFT),
			  (uint8_t)(control >> VIC_PID_NV_SHIFT));
	return VIC_POST_NOTIFIED;
}

/* In GUEST or POSTED. */
ALWAYS_INLINE bool runs_guest(uint32_t state)
{
	return state & 1;
}

_Static_assert(VIC_GUEST == 1 && VIC_POSTED == 3 && VIC_BLOCKED == 2,
	       "the odd ones run");

/*
 * The one door to "signal": after it a target in @state has been told, or
 * will look by itself. @vectors: what is new is in the descriptor, where
 * hardware sees it.
 */
ALWAYS_INLINE enum vic_post inbox_tell(struct vic_vcpu *vcpu,
				       struct vic_outcomes *outcomes,
				       uint32_t state, bool vectors)
{
	bool kick = vectors ? state == VIC_GUEST : runs_guest(state);

	if (LIKELY(kick)) {
		count(&outcomes->kicked);
		vcpu->ops->kick(vcpu->opaque);
		return VIC_POST_KICKED;
	}
	if (vectors && state == VIC_POSTED)
		return inbox_notify(vcpu, outcomes);
	if (state == VIC_BLOCKED) {
		count(&outcomes->woken);
		vcpu->ops->wake(vcpu->opaque);
		return VIC_POST_WOKEN;
	}
	count(&outcomes->silent);
	return VIC_POST_SILENT;
}

/*
 * P4, pairs with E1: the barrier before the load is the caller's
 * read-modify-write on ON or NEW.
 */
ALWAYS_INLINE enum vic_post
inbox_signal(struct vic_vcpu *vcpu, struct vic_outcomes *outcomes, bool vectors)
{
	return inbox_tell(vcpu, outcomes, load32_seq(&vcpu->state), vectors);
}

/*
 * P1: whether the trigger mode of @vector must be corrected. It is written
 * only where it differs, so that the line stays shared among senders, and
 * before the PIR bit: the owner that takes the bit must find the trigger
 * mode that came with it.
 */
ALWAYS_INLINE bool inbox_trigger_differs(const struct vic_vcpu *vcpu,
					 unsigned int vector, bool level)
{
	return (load_relaxed(&vcpu->trigger[vector / 64]) >> vector % 64 & 1) !=
	       level;
}

/* vcpu.c */
enum vic_post inbox_post_corrected(struct vic_vcpu *vcpu,
				   struct vic_counters *counters,
				   unsigned int vector, bool level);

enum pend {
	/* Pending already. */
	PEND_MERGED,
	/* Newly pending, and the target knows that something is. */
	PEND_COALESCED,
	/* Newly pending: signal. */
	PEND_EDGE,
};

/* P2: whether it was pending. */
ALWAYS_INLINE bool inbox_pend_bit(struct vic_vcpu *vcpu, unsigned int vector)
{
	return test_and_set(&vcpu->pid.pir[vector / 64], vector % 64);
}

/* P3, with what P2 found. */
ALWAYS_INLINE enum pend inbox_pend_on(struct vic_vcpu *vcpu, bool merged)
{
	if (UNLIKELY(merged))
		return PEND_MERGED;
	if (UNLIKELY(test_and_set(&vcpu->pid.control, PID_ON_BIT)))
		return PEND_COALESCED;
	return PEND_EDGE;
}

ALWAYS_INLINE enum pend inbox_pend(struct vic_vcpu *vcpu, unsigned int vector)
{
	return inbox_pend_on(vcpu, inbox_pend_bit(vcpu, vector));
}

/* A level, with P5 behind P2; vcpu.c. */
enum vic_post inbox_post_level(struct vic_vcpu *vcpu,
			       struct vic_counters *counters,
			       unsigned int vector);

/* P3 and P4, with what P2 found. */
ALWAYS_INLINE enum vic_post inbox_pend_tell(struct vic_vcpu *vcpu,
					    struct vic_outcomes *outcomes,
					    bool merged)
{
	switch (inbox_pend_on(vcpu, merged)) {
	case PEND_MERGED:
		count(&outcomes->merged);
		return VIC_POST_MERGED;
	case PEND_COALESCED:
		count(&outcomes->coalesced);
		return VIC_POST_COALESCED;
	default:
		return inbox_signal(vcpu, outcomes, true);
	}
}

ALWAYS_INLINE enum vic_post inbox_pend_signal(struct vic_vcpu *vcpu,
					      struct vic_outcomes *outcomes,
					      unsigned int vector)
{
	return inbox_pend_tell(vcpu, outcomes, inbox_pend_bit(vcpu, vector));
}

/* The one door to "pending" for x86 vectors, 16 or more. */
ALWAYS_INLINE enum vic_post inbox_post(struct vic_vcpu *vcpu,
				       struct vic_counters *counters,
				       unsigned int vector, bool level)
{
	if (UNLIKELY(inbox_trigger_differs(vcpu, vector, level)))
		return inbox_post_corrected(vcpu, counters, vector, level);
	if (UNLIKELY(level))
		return inbox_post_level(vcpu, counters, vector);
	return inbox_pend_signal(vcpu, &counters->vectors, vector);
}

/*
 * There is something for the owner outside the inbox, in a queue under a
 * lock: P2 is the caller's write under that lock, P3 is NEW, S2 the owner's
 * look under the lock, after S1. No data comes with NEW.
 */
ALWAYS_INLINE enum vic_post
inbox_work(struct vic_vcpu *vcpu, struct vic_outcomes *outcomes)
{
	if (UNLIKELY(test_and_set(&vcpu->request, REQUEST_NEW_BIT))) {
		count(&outcomes->coalesced);
		return VIC_POST_COALESCED;
	}
	return inbox_signal(vcpu, outcomes, false);
}

/* Whether something is newer than the owner's last look: E2. */
ALWAYS_INLINE bool inbox_news(const struct vic_vcpu *vcpu)
{
	return (load_seq(&vcpu->pid.control) & VIC_PID_ON) ||
	       (load_seq(&vcpu->request) & REQUEST_NEW);
}

/*
 * E2 found something: back to HOST, and what vic_vcpu_enter() says. Owner.
 */
enum vic_enter inbox_refuse(struct vic_vcpu *vcpu);

/* Whether there are vectors to take over. Owner. */
ALWAYS_INLINE bool inbox_vectors(const struct vic_vcpu *vcpu)
{
	return (load_acquire(&vcpu->pid.control) & VIC_PID_ON) ||
	       (load_acquire(&vcpu->request) & REQUEST_HELD);
}

/* R2: take 64 of the vectors that are held. Owner, after R1. */
uint64_t inbox_take_held(struct vic_vcpu *vcpu, unsigned int word);

/* The 64 bits of P1 become @level; what they were. Owner. */
uint64_t
inbox_set_modes(struct vic_vcpu *vcpu, unsigned int word, uint64_t level);

/* Those in @bits are level, too. Owner. */
void inbox_add_modes(struct vic_vcpu *vcpu, unsigned int word, uint64_t bits);

/*
 * R3: @vector is an edge from now on, if one was posted since it was level;
 * true if so. The owner drains PIR next, and takes it back if the vector is
 * there.
 */
bool inbox_make_edge(struct vic_vcpu *vcpu, unsigned int vector);

/*
 * Posting begins or ends. When it begins the owner brings TMR and the array
 * of P1 together afterwards. Owner, in HOST.
 */
void inbox_set_posting(struct vic_vcpu *vcpu, bool on);

/* The door for everything that is no vector; src/ipi/vcpu.c. */
enum vic_post inbox_request(struct vic_vcpu *vcpu,
			    struct vic_counters *counters,
			    enum vic_request request, uint8_t argument);

/*
 * LINT0 of @vcpu as a wire of libvic's own. A rise is no news to one whose
 * LINT0 does nothing; when it begins to, a level that is there is:
 *
 *     wire                                owner
 *     L1 load hears                       M1 store hears, full barrier
 *     L2 LINT0 = 1, and NEW if it hears   M2 load LINT0; NEW if it is high
 *     L3 if not, load hears; NEW if so
 *
 * If L3 misses M1, L2 came before it, and M2 sees the level. Without the
 * barrier of M1 or of L2 both can miss the other.
 */
ALWAYS_INLINE void inbox_wire_low(struct vic_vcpu *vcpu)
{
	fetch_and(&vcpu->request, ~REQUEST_LINT(0));
}

/* True if P4 is due: inbox_signal(), which is the caller's. */
ALWAYS_INLINE bool inbox_wire_high(struct vic_vcpu *vcpu,
				   struct vic_counters *counters)
{
	uint64_t old;

	if (LIKELY(load32_relaxed(&vcpu->hears))) { /* L1 */
		old = fetch_or(&vcpu->request, REQUEST_LINT(0) |        /* L2 */
						       REQUEST_EDGE(0) |
						       REQUEST_NEW);
	} else {
		fetch_or(&vcpu->request, REQUEST_LINT(0)); /* L2 */
		if (LIKELY(!load32_seq(&vcpu->hears)))     /* L3 */
			return false;
		old = fetch_or(&vcpu->request, REQUEST_NEW);
	}
	if (LIKELY(!(old & REQUEST_NEW)))
		return true;
	count(&counters->requests.coalesced);
	return false;
}

/* M1 and M2. Owner. */
ALWAYS_INLINE void inbox_hear(struct vic_vcpu *vcpu, bool hears)
{
	if (load32_relaxed(&vcpu->hears) == hears)
		return;
	exchange32(&vcpu->hears, hears);
	if (hears && (load_seq(&vcpu->request) & REQUEST_LINT(0)))
		test_and_set(&vcpu->request, REQUEST_NEW_BIT);
}

/*
 * S1 for requests: look at them. What the owner does not acknowledge stays
 * and is no news any more. Owner.
 */
uint64_t inbox_requests(struct vic_vcpu *vcpu);

/*
 * The second look of a scan, after it has taken care of @bits: if more of
 * them came meanwhile they are still NEW, and wait for the next scan. Owner.
 */
uint64_t inbox_requests_again(struct vic_vcpu *vcpu, uint64_t bits);

/* Acknowledge: take @bits out of the requests; what was there. Owner. */
uint64_t inbox_ack(struct vic_vcpu *vcpu, uint64_t bits);

/* Take @bits out and count what was there as thrown away. Owner. */
void inbox_drop(struct vic_vcpu *vcpu, uint64_t bits);

/* Give the requests the value @bits: a restored image. Owner, alone. */
void inbox_restore(struct vic_vcpu *vcpu, uint64_t bits);

/*
 * Take the SIPI out that the owner has seen. One that stands beside an INIT
 * is newer, for INIT cancels: it stays, and the answer is false. Owner.
 */
bool inbox_ack_sipi(struct vic_vcpu *vcpu);

/* Acknowledge one NMI; false if none is pending. Owner. */
bool inbox_ack_nmi(struct vic_vcpu *vcpu);

/* Throw away all vectors that are pending in the inbox. Owner. */
void inbox_discard(struct vic_vcpu *vcpu);

/* Add to @counter how many of 64 vectors @bits has. */
void inbox_count(uint64_t *counter, uint64_t bits);

#endif
