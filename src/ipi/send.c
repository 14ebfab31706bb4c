/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The delivery-mode switch, lowest priority, and the list of targets. One
 * door to "pending" for the local APICs: send_vector() and send_other().
 */
#include "ipi/send.h"
#include "ipi/decode.h"
#include "ipi/kicks.h"
#include "ipi/lowest.h"
#include "ipi/resolve.h"
#include "ipi/targets.h"
#include "ipi/unicast.h"

/* The target that a lowest-priority message goes to. */
struct pick {
	bool arbitrate;
	/* The target must be enabled by software. */
	bool vectors;
	/* Somebody was addressed. */
	bool matched;
	uint8_t vector;
	struct vic_vcpu *vcpu;
	uint64_t identity;
	uint64_t score;
};

/*
 * Lower wins. By hash: the target with the lowest mix of vector and index,
 * so that a target that goes or comes moves only its own vectors. By
 * arbitration: the published PPR, a hint, then the lowest id.
 */
static uint64_t pick_score(const struct pick *pick, const struct vic_vcpu *vcpu)
{
	uint32_t mix;

	if (pick->arbitrate)
		return (uint64_t)load32_relaxed(&vcpu->ppr) << 32 | vcpu->id;
	mix = (vcpu->index << 8 | pick->vector) * 0x9e3779b9u;
	return (uint64_t)(mix ^ mix >> 15) << 32 | vcpu->index;
}

static void pick_visit(void *ctx, struct vic_vcpu *vcpu, uint64_t identity)
{
	struct pick *pick = ctx;
	uint64_t score;

	pick->matched = true;
	if (pick->vectors && (identity & IDENTITY_NO_VECTORS))
		return;
	score = pick_score(pick, vcpu);
	if (pick->vcpu && score >= pick->score)
		return;
	pick->vcpu = vcpu;
	pick->identity = identity;
	pick->score = score;
}

static struct pick pick_target(struct vic_apic_bus *bus,
			       struct vic_vcpu *sender,
			       const struct vic_ipi *ipi)
{
	struct pick pick = {
		.arbitrate = (bus->flags & VIC_BUS_ARBITRATE) != 0,
		.vectors = ipi->mode <= VIC_MODE_LOWEST ||
			   ipi->mode == VIC_MODE_EXTINT,
		.vector = ipi->intid,
	};

	if (ipi->mode == VIC_MODE_LOWEST && ipi->kind == VIC_DEST_LOGICAL &&
	    ipi->width == 32)
		pick.vcpu = lowest_logical32(pick.arbitrate, bus, ipi->dest,
					     ipi->intid);
	if (pick.vcpu) {
		pick.matched = true;
		pick.identity = IDENTITY_X2APIC | pick.vcpu->id;
		return pick;
	}
	resolve(bus, sender, ipi, pick_visit, &pick);
	return pick;
}

static bool one_of_set(const struct vic_ipi *ipi)
{
	return ipi->mode == VIC_MODE_LOWEST || ipi->redirect;
}

static enum vic_request request_of(const struct send *send)
{
	switch (send->mode) {
	case VIC_MODE_NMI:
		return VIC_REQUEST_NMI;
	case VIC_MODE_SMI:
		return VIC_REQUEST_SMI;
	case VIC_MODE_INIT:
		return VIC_REQUEST_INIT;
	case VIC_MODE_SIPI:
		return VIC_REQUEST_SIPI;
	case VIC_MODE_EXTINT:
		return VIC_REQUEST_EXTINT;
	default:
		/* An MSI with a vector below 16: SDM 10.5.3. */
		return VIC_REQUEST_ESR;
	}
}

/*
 * Whether it is for those only that are enabled by software, and of ExtINT
 * for those that can ask an 8259 for the vector.
 */
static bool refuses(enum vic_request request, const struct vic_vcpu *vcpu,
		    uint64_t identity)
{
	if (request == VIC_REQUEST_EXTINT && !vcpu->ops->inta)
		return true;
	return (request == VIC_REQUEST_EXTINT || request == VIC_REQUEST_ESR) &&
	       (identity & IDENTITY_NO_VECTORS);
}

/* Accept what is no vector. */
static void send_other(void *ctx, struct vic_vcpu *vcpu, uint64_t identity)
{
	struct send *send = ctx;
	enum vic_request request = request_of(send);
	uint8_t argument = send->intid;

	send->matched = true;
	if (refuses(request, vcpu, identity)) {
		count(&send->counters->refused);
		return;
	}
	send_account(send, vcpu);
	if (request == VIC_REQUEST_ESR)
		argument = VIC_ESR_RECEIVE_ILLEGAL;
	inbox_request(vcpu, send->counters, request, argument);
}

/* One counter for a run of targets; most runs end in one way only. */
ALWAYS_INLINE void flush(uint64_t *counter, uint64_t n)
{
	if (n)
		counter_add(counter, n);
}

/*
 * The loop of resolve_all(), with what can be kept in registers there: the
 * vCPUs before the sender, then those behind it.
 */
ALWAYS_INLINE void broadcast(struct vic_apic_bus *bus,
			     const struct vic_vcpu *except,
			     struct vic_counters *counters, unsigned int vector,
			     struct kicks *many)
{
	struct vic_vcpu **vcpus = bus->vcpus;
	struct vic_vcpu **last = vcpus + load32_acquire(&bus->nr);
	struct vic_vcpu **end = except ? vcpus + except->index : last;
	uint64_t merged = 0, coalesced = 0, silent = 0, refused = 0;
	for (;; vcpus++) {
		struct vic_vcpu *vcpu;
		uint64_t identity;
		enum pend pend;
		uint32_t state;

		if (UNLIKELY(vcpus >= end)) {
			if (end == last)
				break;
			end = last;
			continue;
		}
		vcpu = load_vcpu(vcpus);
		if (UNLIKELY(!vcpu))
			continue;
		identity = load_acquire(&vcpu->identity);
		if (UNLIKELY(identity & IDENTITY_ABSENT)) {
			refused += !(identity & IDENTITY_DISABLED);
			continue;
		}
		if (UNLIKELY(inbox_trigger_differs(vcpu, vector, false))) {
			inbox_post_corrected(vcpu, counters, vector, false);
			continue;
		}
		pend = inbox_pend(vcpu, vector);
		if (pend != PEND_EDGE) {
			merged += pend == PEND_MERGED;
			coalesced += pend == PEND_COALESCED;
			continue;
		}
		if (many) {
			kicks_tell(many, vcpu, &counters->vectors, true);
			continue;
		}
		state = load32_seq(&vcpu->state);
		if (state == VIC_HOST)
			silent++;
		else
			inbox_tell(vcpu, &counters->vectors, state, true);
	}
	flush(&counters->vectors.merged, merged);
	flush(&counters->vectors.coalesced, coalesced);
	flush(&counters->vectors.silent, silent);
	flush(&counters->refused, refused);
}

static __attribute__((noinline)) void
broadcast_many(struct vic_apic_bus *bus, const struct vic_vcpu *except,
	       struct vic_counters *counters, unsigned int vector)
{
	struct kicks kicks;

	kicks_init(&kicks);
	broadcast(bus, except, counters, vector, &kicks);
	kicks_flush(&kicks);
}

void bus_broadcast(struct vic_apic_bus *bus, struct vic_vcpu *sender, bool self,
		   unsigned int vector)
{
	const struct vic_vcpu *except = self ? NULL : sender;

	if (UNLIKELY(sender->ops->kick_many))
		broadcast_many(bus, except, &sender->counters, vector);
	else
		broadcast(bus, except, &sender->counters, vector, NULL);
}

/* send_vector() for one of many targets. */
static void many_visit(void *ctx, struct vic_vcpu *vcpu, uint64_t identity)
{
	struct send *send = ctx;
	struct vic_outcomes *outcomes = &send->counters->vectors;

	if (identity & IDENTITY_NO_VECTORS) {
		send_vector(send, vcpu, identity);
		return;
	}
	send->matched = true;
	send_account(send, vcpu);
	if (vcpu == send->self) {
		send->self_meant = true;
		return;
	}
	if (send->level ||
	    inbox_trigger_differs(vcpu, send->intid, send->level)) {
		inbox_post(vcpu, send->counters, send->intid, send->level);
		return;
	}
	switch (inbox_pend(vcpu, send->intid)) {
	case PEND_MERGED:
		count(&outcomes->merged);
		return;
	case PEND_COALESCED:
		count(&outcomes->coalesced);
		return;
	default:
		kicks_tell(send->kicks, vcpu, outcomes, true);
	}
}

static __attribute__((noinline)) void
send_many(struct vic_apic_bus *bus, struct vic_vcpu *sender,
	  const struct vic_ipi *ipi, struct send *send)
{
	struct kicks kicks;

	kicks_init(&kicks);
	send->kicks = &kicks;
	resolve(bus, sender, ipi, many_visit, send);
	kicks_flush(&kicks);
	send->kicks = NULL;
}

void bus_send(struct vic_apic_bus *bus, struct vic_vcpu *sender,
	      struct vic_counters *counters, const struct vic_ipi *ipi)
{
	struct send send = send_begin(bus, sender, counters, ipi);
	visit_fn visit;

	visit = ipi->mode > VIC_MODE_LOWEST || ipi->intid < VIC_VECTOR_MIN
			? send_other
			: send_vector;
	if (UNLIKELY(one_of_set(ipi))) {
		struct pick pick = pick_target(bus, sender, ipi);

		send.matched = pick.matched;
		if (pick.vcpu)
			visit(&send, pick.vcpu, pick.identity);
		else if (pick.matched)
			count(&counters->refused);
	} else if (visit == send_vector && sender && sender->ops->kick_many) {
		send_many(bus, sender, ipi, &send);
	} else {
		resolve(bus, sender, ipi, visit, &send);
	}
	if (UNLIKELY(!send.matched) && ipi->kind <= VIC_DEST_LOGICAL)
		count(&counters->unmatched);
}

bool bus_send_others(struct vic_apic_bus *bus, struct vic_vcpu *sender,
		     const struct vic_ipi *ipi)
{
	struct vic_counters *counters = &sender->counters;
	struct send send = send_begin(bus, sender, counters, ipi);

	send.self = sender;
	send_many(bus, sender, ipi, &send);
	if (!send.matched && ipi->kind <= VIC_DEST_LOGICAL)
		count(&counters->unmatched);
	return send.self_meant;
}

static void list_visit(void *ctx, struct vic_vcpu *vcpu, uint64_t identity)
{
	struct vic_targets *targets = ctx;

	if (targets->ipi.mode > VIC_MODE_LOWEST ||
	    !(identity & IDENTITY_NO_VECTORS))
		targets_add(targets, vcpu);
}

void vic_apic_bus_compile(struct vic_apic_bus *bus,
			  const struct vic_vcpu *sender,
			  enum vic_send_register reg, uint64_t value,
			  struct vic_targets *targets)
{
	/* resolve() hands the sender to the visitor, which only reads it. */
	struct vic_vcpu *self = (struct vic_vcpu *)(uintptr_t)sender;

	targets->count = 0;
	targets->decode = vic_decode(reg, value, &targets->ipi);
	if (reg < VIC_SEND_SELF_IPI)
		targets->decode = icr_policy(bus->flags, (uint32_t)value,
					     targets->decode, &targets->ipi);
	if (reg == VIC_SEND_X2APIC_ICR && (value & VIC_ICR_BUSY) &&
	    (bus->flags & VIC_BUS_BUSY_FAULTS))
		targets->decode = VIC_DECODE_RESERVED;
	if (reg > VIC_SEND_SELF_IPI)
		targets->decode = VIC_DECODE_FOREIGN;
	if (targets->decode != VIC_DECODE_SEND)
		return;
	if (one_of_set(&targets->ipi)) {
		struct pick pick = pick_target(bus, self, &targets->ipi);

		if (pick.vcpu)
			targets_add(targets, pick.vcpu);
		return;
	}
	resolve(bus, self, &targets->ipi, list_visit, targets);
}

/* The meaning of destination 0xFF of an MSI is the VM's policy. */
static void msi_policy(const struct vic_apic_bus *bus, struct vic_ipi *ipi)
{
	bool logical = ipi->kind == VIC_DEST_LOGICAL;

	if (ipi->dest != 0xff)
		return;
	if (!(bus->flags & VIC_BUS_MSI_FF_IS_ID) ||
	    (logical && ipi->width == 8))
		ipi->kind = VIC_DEST_ALL;
	else
		ipi->width = 32;
}

/* What a thread made newly pending so far. */
static uint64_t newly(const struct vic_outcomes *outcomes)
{
	return outcomes->coalesced + outcomes->silent + outcomes->woken +
	       outcomes->kicked + outcomes->notified;
}

int bus_message(struct vic_apic_bus *bus, struct vic_counters *counters,
		uint64_t *sent, uint64_t address, uint32_t data, bool *accepted)
{
	const enum vic_msi_format format = (enum vic_msi_format)bus->msi_format;
	const struct vic_outcomes *outcomes;
	struct vic_ipi ipi;
	uint64_t before, merged;
	bool vector;

	*accepted = false;
	switch (vic_msi_decode(format, address, data, &ipi)) {
	case VIC_DECODE_SEND:
		break;
	case VIC_DECODE_FOREIGN:
		return VIC_ERR_INVAL;
	case VIC_DECODE_INVALID:
		count(&counters->invalid);
		return 0;
	default:
		return 0;
	}
	vector = ipi.mode <= VIC_MODE_LOWEST;
	outcomes = vector ? &counters->vectors : &counters->requests;
	before = newly(outcomes);
	merged = outcomes->merged;
	count(sent);
	msi_policy(bus, &ipi);
	bus_send(bus, NULL, counters, &ipi);
	/* What an illegal vector makes pending is an error bit. */
	if (vector && ipi.intid < VIC_VECTOR_MIN)
		return 0;
	*accepted = newly(outcomes) != before || outcomes->merged != merged;
	return (int)(newly(outcomes) - before);
}

static __attribute__((noinline)) int msi_send(struct vic_apic_bus *bus,
					      struct vic_counters *counters,
					      uint64_t address, uint32_t data)
{
	bool accepted;

	return bus_message(bus, counters, &counters->msi, address, data,
			   &accepted);
}

/* In every format a Fixed edge to one physical id of eight bits. */
ALWAYS_INLINE bool is_short(uint64_t address, uint32_t data)
{
	const uint64_t dest = UINT64_C(0xff) << VIC_MSI_DEST_SHIFT;
	const uint32_t vector = VIC_ICR_VECTOR & ~(VIC_VECTOR_MIN - 1u);

	return (address & ~dest) == VIC_MSI_BASE &&
	       !(data & (VIC_ICR_MODE | VIC_ICR_LEVEL)) && (data & vector);
}

int vic_msi(struct vic_apic_bus *bus, struct vic_counters *counters,
	    uint64_t address, uint32_t data)
{
	struct vic_vcpu *vcpu = NULL;

	if (LIKELY(is_short(address, data)))
		vcpu = unicast_physical8(
			bus, (uint32_t)address >> VIC_MSI_DEST_SHIFT & 0xff);
	if (UNLIKELY(!vcpu))
		return msi_send(bus, counters, address, data);
	count(&counters->msi);
	return inbox_post(vcpu, counters, data & VIC_ICR_VECTOR, false) !=
	       VIC_POST_MERGED;
}
