/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Run states, requests and the owner's side of the inbox. The protocol is
 * told in inbox.h.
 */
#include <vic/bus.h>

#include "ipi/inbox.h"
#include "ipi/pcpu.h"

/* How often vic_vcpu_enter() refuses before it lets the vCPU progress. */
#define MAX_REFUSALS 4

_Static_assert(sizeof(struct vic_vcpu) <= VIC_VCPU_SIZE, "published bound");
_Static_assert(sizeof(struct vic_vcpu) / VIC_CACHE_LINE % 2 == 1,
	       "an even stride would put hot lines into the same cache sets");
_Static_assert(sizeof(struct vic_pid) == 64, "hardware layout");

size_t vic_vcpu_size(void)
{
	return sizeof(struct vic_vcpu);
}

int vic_vcpu_init(void *storage, size_t size,
		  const struct vic_vcpu_config *config, struct vic_vcpu **vcpu)
{
	struct vic_vcpu *v = storage;
	const struct vic_vcpu_ops *ops;

	if (!config || !vcpu)
		return VIC_ERR_INVAL;
	if (!abi_known(config, config->size, sizeof(*config), sizeof(*config)))
		return VIC_ERR_ABI;
	ops = config->ops;
	if (!ops || config->index >= VIC_BUS_MAX_VCPUS)
		return VIC_ERR_INVAL;
	if (!abi_known(ops, ops->size, sizeof(*ops), sizeof(*ops)) ||
	    ops->flags)
		return VIC_ERR_ABI;
	if (!ops->wake || !ops->kick)
		return VIC_ERR_INVAL;
	if (!v || size < sizeof(*v) || !aligned(v, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	memset(v, 0, sizeof(*v));
	v->ops = ops;
	v->opaque = config->opaque;
	v->index = config->index;
	v->identity = IDENTITY_ABSENT;
	/* Devices may post, but have nobody to notify: vic_vcpu_load(). */
	v->pid.control = VIC_PID_SN;
	*vcpu = v;
	return VIC_OK;
}

static void set_trigger(uint64_t *trigger, unsigned int vector, bool level)
{
	if (level)
		test_and_set(&trigger[vector / 64], vector % 64);
	else
		test_and_clear(&trigger[vector / 64], vector % 64);
}

/* A level that is pending, but not where hardware takes it: H1, H2. */
static enum vic_post inbox_hold(struct vic_vcpu *vcpu,
				struct vic_counters *counters,
				unsigned int vector)
{
	const uint64_t word = REQUEST_HELD | REQUEST_NEW;
	struct vic_outcomes *outcomes = &counters->vectors;

	if (test_and_set(&vcpu->held[vector / 64], vector % 64)) {
		count(&outcomes->merged);
		return VIC_POST_MERGED;
	}
	count(&counters->held);
	if (fetch_or(&vcpu->request, word) & REQUEST_NEW) {
		count(&outcomes->coalesced);
		return VIC_POST_COALESCED;
	}
	return inbox_signal(vcpu, outcomes, false);
}

/* The vector may be delivered as an edge: it is held as well. */
static __attribute__((noinline)) enum vic_post
post_level_late(struct vic_vcpu *vcpu, struct vic_counters *counters,
		unsigned int vector, bool merged)
{
	enum vic_post post = inbox_pend_tell(vcpu, &counters->vectors, merged);

	(void)inbox_hold(vcpu, counters, vector);
	return post;
}

enum vic_post inbox_post_level(struct vic_vcpu *vcpu,
			       struct vic_counters *counters,
			       unsigned int vector)
{
	bool merged = inbox_pend_bit(vcpu, vector);

	/* P5, also if posting has ended meanwhile. */
	if (UNLIKELY(!(load_seq(&vcpu->trigger[vector / 64]) >> vector % 64 &
		       1)))
		return post_level_late(vcpu, counters, vector, merged);
	return inbox_pend_tell(vcpu, &counters->vectors, merged);
}

uint64_t inbox_take_held(struct vic_vcpu *vcpu, unsigned int word)
{
	if (!load_relaxed(&vcpu->held[word]))
		return 0;
	return exchange(&vcpu->held[word], 0);
}

uint64_t
inbox_set_modes(struct vic_vcpu *vcpu, unsigned int word, uint64_t level)
{
	exchange(&vcpu->edges[word], 0);
	return exchange(&vcpu->trigger[word], level);
}

void inbox_add_modes(struct vic_vcpu *vcpu, unsigned int word, uint64_t bits)
{
	if (bits)
		fetch_or(&vcpu->trigger[word], bits);
}

bool inbox_make_edge(struct vic_vcpu *vcpu, unsigned int vector)
{
	uint64_t *trigger = &vcpu->trigger[vector / 64];

	if (test_and_clear(&vcpu->edges[vector / 64], vector % 64)) {
		set_trigger(vcpu->trigger, vector, false);
		return true;
	}
	/* A sender's, before it knew of posting. */
	return !(load_seq(trigger) >> vector % 64 & 1);
}

/*
 * A sender that corrects the array of P1 writes it, then looks here; the
 * owner writes here, then takes the array over and drains PIR. A full
 * barrier on either side: a sender that found no posting has its mode taken
 * over, and P5 for its vector; one that was late takes the mode back.
 */
void inbox_set_posting(struct vic_vcpu *vcpu, bool on)
{
	exchange32(&vcpu->posting, on);
}

/* An edge that hardware takes for level. */
static enum vic_post inbox_post_edge(struct vic_vcpu *vcpu,
				     struct vic_counters *counters,
				     unsigned int vector)
{
	test_and_set(&vcpu->edges[vector / 64], vector % 64);
	return inbox_pend_signal(vcpu, &counters->vectors, vector);
}

enum vic_post inbox_post_corrected(struct vic_vcpu *vcpu,
				   struct vic_counters *counters,
				   unsigned int vector, bool level)
{
	bool late = false;

	if (!load32_seq(&vcpu->posting)) {
		set_trigger(vcpu->trigger, vector, level);
		late = load32_seq(&vcpu->posting);
		if (!late)
			return level ? inbox_post_level(vcpu, counters, vector)
				     : inbox_pend_signal(vcpu,
							 &counters->vectors,
							 vector);
	}
	if (!level)
		return inbox_post_edge(vcpu, counters, vector);
	if (late)
		set_trigger(vcpu->trigger, vector, false);
	return inbox_hold(vcpu, counters, vector);
}

enum vic_post vic_vcpu_post(struct vic_vcpu *vcpu,
			    struct vic_counters *counters, uint8_t vector,
			    bool level)
{
	if (vector < VIC_VECTOR_MIN)
		return VIC_POST_REFUSED;
	return inbox_post(vcpu, counters, vector, level);
}

enum vic_post vic_vcpu_request(struct vic_vcpu *vcpu,
			       struct vic_counters *counters,
			       enum vic_request request, uint8_t argument)
{
	return inbox_request(vcpu, counters, request, argument);
}

static uint64_t line_add(uint64_t word, unsigned int pin, bool level)
{
	if (!level)
		return word & ~REQUEST_LINT(pin);
	if (word & REQUEST_LINT(pin))
		return word;
	return word | REQUEST_LINT(pin) | REQUEST_EDGE(pin);
}

/* What the request word becomes; the same word if nothing is new. */
static uint64_t
request_add(uint64_t word, enum vic_request request, uint8_t argument)
{
	switch (request) {
	case VIC_REQUEST_NMI:
		return (word & REQUEST_NMI) < REQUEST_NMI_MAX ? word + 1 : word;
	case VIC_REQUEST_SMI:
		return word | REQUEST_SMI;
	case VIC_REQUEST_INIT:
		word &= ~(REQUEST_SIPI | REQUEST_SIPI_VECTOR);
		return word | REQUEST_INIT;
	case VIC_REQUEST_SIPI:
		if (word & REQUEST_SIPI)
			return word;
		return word | REQUEST_SIPI |
		       (uint64_t)argument << REQUEST_SIPI_SHIFT;
	case VIC_REQUEST_ESR:
		return word | (uint64_t)argument << REQUEST_ESR_SHIFT;
	case VIC_REQUEST_RESYNC:
		return word | REQUEST_RESYNC;
	case VIC_REQUEST_TIMER:
		return word | REQUEST_TIMER;
	case VIC_REQUEST_PERF:
		return word | REQUEST_PERF;
	case VIC_REQUEST_THERMAL:
		return word | REQUEST_THERMAL;
	case VIC_REQUEST_CMCI:
		return word | REQUEST_CMCI;
	case VIC_REQUEST_LINT0:
		return line_add(word, 0, argument);
	case VIC_REQUEST_LINT1:
		return line_add(word, 1, argument);
	case VIC_REQUEST_EXTINT:
		return word | REQUEST_EXTINT;
	}
	return word;
}

enum vic_post inbox_request(struct vic_vcpu *vcpu,
			    struct vic_counters *counters,
			    enum vic_request request, uint8_t argument)
{
	uint64_t old = load_relaxed(&vcpu->request), next;
	bool changed;

	if ((unsigned int)request > VIC_REQUEST_EXTINT ||
	    (request == VIC_REQUEST_EXTINT && !vcpu->ops->inta))
		return VIC_POST_REFUSED;
	/*
	 * Data and NEW change in one step: the owner never sees one without
	 * the other. The exchange is made also where nothing changes: like
	 * P2 it is what shows that the owner has yet to take the request,
	 * and with it what the sender wrote before. A failed exchange means
	 * that another thread changed the word, so the loop ends with the
	 * last of them.
	 */
	do {
		next = request_add(old, request, argument);
		/* That a line falls is no news. */
		changed = (next & ~old) ||
			  (request < VIC_REQUEST_LINT0 && next != old);
		if (changed)
			next |= REQUEST_NEW;
	} while (!compare_exchange(&vcpu->request, &old, next));
	if (!changed) {
		count(&counters->requests.merged);
		return VIC_POST_MERGED;
	}
	if (request == VIC_REQUEST_INIT && (old & REQUEST_SIPI))
		count(&counters->requests_discarded);
	if (old & REQUEST_NEW) {
		count(&counters->requests.coalesced);
		return VIC_POST_COALESCED;
	}
	return inbox_signal(vcpu, &counters->requests, false);
}

uint64_t inbox_requests(struct vic_vcpu *vcpu)
{
	uint64_t word = load_acquire(&vcpu->request);

	if (word & REQUEST_NEW)
		word = fetch_and(&vcpu->request, ~REQUEST_NEW);
	return word & ~REQUEST_NEW;
}

uint64_t inbox_requests_again(struct vic_vcpu *vcpu, uint64_t bits)
{
	uint64_t word = load_acquire(&vcpu->request);

	/* What comes before the exchange makes it fail, and stays NEW. */
	if ((word & REQUEST_NEW) && !(word & bits))
		compare_exchange(&vcpu->request, &word, word & ~REQUEST_NEW);
	return word & ~REQUEST_NEW;
}

uint64_t inbox_ack(struct vic_vcpu *vcpu, uint64_t bits)
{
	return fetch_and(&vcpu->request, ~bits) & bits;
}

static void count_requests(uint64_t *counter, uint64_t word)
{
	inbox_count(counter, word & (REQUEST_SMI | REQUEST_INIT | REQUEST_SIPI |
				     REQUEST_EXTINT));
	counter_add(counter, word & REQUEST_NMI);
}

void inbox_drop(struct vic_vcpu *vcpu, uint64_t bits)
{
	count_requests(&vcpu->counters.requests_discarded,
		       inbox_ack(vcpu, bits));
}

void inbox_restore(struct vic_vcpu *vcpu, uint64_t bits)
{
	count_requests(&vcpu->counters.requests.silent, bits);
	/* Nobody else is here, so this pairs with nothing. */
	bits |= load_relaxed(&vcpu->request) & (REQUEST_RESYNC | REQUEST_NEW);
	store_release(&vcpu->request, bits);
}

bool inbox_ack_sipi(struct vic_vcpu *vcpu)
{
	const uint64_t sipi = REQUEST_SIPI | REQUEST_SIPI_VECTOR;
	uint64_t old = load_acquire(&vcpu->request);

	/* A retry for each request of another thread meanwhile. */
	do
		if (old & REQUEST_INIT)
			return false;
	while (!compare_exchange(&vcpu->request, &old, old & ~sipi));
	return true;
}

bool inbox_ack_nmi(struct vic_vcpu *vcpu)
{
	/* Only the owner takes NMIs away, so the count cannot reach 0. */
	if (!(load_relaxed(&vcpu->request) & REQUEST_NMI))
		return false;
	fetch_add(&vcpu->request, UINT64_MAX);
	return true;
}

void inbox_count(uint64_t *counter, uint64_t bits)
{
	for (; bits; bits &= bits - 1)
		count(counter);
}

void inbox_discard(struct vic_vcpu *vcpu)
{
	uint64_t *discarded = &vcpu->counters.discarded;

	/* S1 before S2, as in a harvest. */
	fetch_and(&vcpu->pid.control, ~VIC_PID_ON);
	for (unsigned int i = 0; i < 4; i++)
		if (load_relaxed(&vcpu->pid.pir[i]))
			inbox_count(discarded, exchange(&vcpu->pid.pir[i], 0));
	if (!inbox_ack(vcpu, REQUEST_HELD))
		return;
	for (unsigned int i = 0; i < 4; i++)
		inbox_count(discarded, inbox_take_held(vcpu, i));
}

enum vic_enter inbox_refuse(struct vic_vcpu *vcpu)
{
	count(&vcpu->counters.enter_refusals);
	if (++vcpu->refusals > MAX_REFUSALS) {
		vcpu->refusals = 0;
		count(&vcpu->counters.enters);
		return VIC_ENTER_EXIT;
	}
	store32_release(&vcpu->state, VIC_HOST);
	return VIC_ENTER_AGAIN;
}

enum vic_enter vic_vcpu_enter(struct vic_vcpu *vcpu)
{
	/* E1, pairs with P4. */
	exchange32(&vcpu->state, VIC_GUEST);
	if (UNLIKELY(inbox_news(vcpu)))
		return inbox_refuse(vcpu);
	vcpu->refusals = 0;
	count(&vcpu->counters.enters);
	return VIC_ENTER_GUEST;
}

void vic_vcpu_exit(struct vic_vcpu *vcpu, bool kicked)
{
	/*
	 * No barrier: a sender that still sees GUEST kicks once too often,
	 * and one that sees HOST relies on the look at E2, which comes
	 * after the next E1.
	 */
	store32_release(&vcpu->state, VIC_HOST);
	count(&vcpu->counters.exits);
	if (kicked) {
		count(&vcpu->counters.kicks);
		if (!inbox_news(vcpu))
			count(&vcpu->counters.kicks_spurious);
	}
}

bool vic_vcpu_block(struct vic_vcpu *vcpu)
{
	/* E1, pairs with P4. */
	exchange32(&vcpu->state, VIC_BLOCKED);
	if (vcpu->pcpu)
		pcpu_list(vcpu);
	if (inbox_news(vcpu)) {
		store32_release(&vcpu->state, VIC_HOST);
		if (vcpu->pcpu)
			pcpu_unlist(vcpu);
		count(&vcpu->counters.block_refusals);
		return false;
	}
	count(&vcpu->counters.blocks);
	return true;
}

void vic_vcpu_unblock(struct vic_vcpu *vcpu)
{
	/* No barrier, for the reason given in vic_vcpu_exit(). */
	store32_release(&vcpu->state, VIC_HOST);
	if (vcpu->pcpu)
		pcpu_unlist(vcpu);
	if (!inbox_news(vcpu))
		count(&vcpu->counters.wakes_spurious);
}

_Static_assert(sizeof(struct vic_counters) % sizeof(uint64_t) == 0,
	       "nothing but counters");

void vic_counters_read(const struct vic_counters *from, struct vic_counters *to)
{
	const uint64_t *words = &from->sent[0][0];
	uint64_t *out = &to->sent[0][0];

	for (size_t i = 0; i < sizeof(*from) / sizeof(*words); i++)
		out[i] = counter_read(&words[i]);
}

const struct vic_counters *vic_vcpu_counters(const struct vic_vcpu *vcpu)
{
	return &vcpu->counters;
}

uint32_t vic_vcpu_index(const struct vic_vcpu *vcpu)
{
	return vcpu->index;
}

void vic_vcpu_peek(const struct vic_vcpu *vcpu, struct vic_vcpu_inbox *out)
{
	uint64_t word = load_acquire(&vcpu->request);

	out->state = load32_acquire(&vcpu->state);
	out->request_new = (word & REQUEST_NEW) != 0;
	out->outstanding = load_acquire(&vcpu->pid.control) & VIC_PID_ON;
	out->nmi = (uint8_t)(word & REQUEST_NMI);
	out->smi = (word & REQUEST_SMI) != 0;
	out->init = (word & REQUEST_INIT) != 0;
	out->sipi = (word & REQUEST_SIPI) != 0;
	out->extint = (word & REQUEST_EXTINT) != 0;
	out->lint = (uint8_t)(word >> REQUEST_LINT_SHIFT & 3);
	out->sipi_vector = (uint8_t)(word >> REQUEST_SIPI_SHIFT);
	for (int i = 0; i < 4; i++) {
		uint64_t held = load_acquire(&vcpu->held[i]);

		out->pir[i] = load_acquire(&vcpu->pid.pir[i]) | held;
		out->trigger[i] = load_acquire(&vcpu->trigger[i]) | held;
	}
}
