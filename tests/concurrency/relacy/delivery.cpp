/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The delivery protocol under relacy: the library's own sources, compiled
 * as C with atomic_model.h in place of the functions of src/atomic.h, run
 * under C11's memory model, where every load may see an old value that the
 * orders allow. Two senders post vectors and NMIs, one owner scans, enters,
 * exits and blocks. What must hold:
 *
 *   nobody waits for ever: a lost wake or kick is a deadlock;
 *   each number that a sender wrote before it sent is seen by a handler;
 *   newly pending = acknowledged + folded + still pending;
 *   the trigger mode arrives with the vector.
 *
 * A mutant weakens one access, or moves it, and must break one of these:
 * relacy_delivery MUTANT, or no argument for the protocol and all mutants.
 */

#include <cstdlib>
#include <cstring>
#include <iostream>

#include <vic/vic.h>

/* Last: it makes macros of malloc and new. */
#include <relacy/relacy.hpp>

#include "access.h"
#include "tests.h"

namespace
{

enum mutant {
	/* The protocol as it is. */
	NONE,
	/* P1: the trigger bit is corrected after the PIR bit is set. */
	P1_LATE,
	/* P2: a plain load decides that the bit is pending already. */
	P2_PLAIN_LOAD,
	/* P2: setting the PIR bit orders nothing. */
	P2_RELAXED,
	/* P3: setting ON is no full barrier. */
	P3_ACQ_REL,
	/* P3: setting NEW is no full barrier. */
	P3_REQUEST_ACQ_REL,
	/* P4: the state is loaded with acquire. */
	P4_ACQUIRE,
	/* E1: the state is stored with release: no full barrier. */
	E1_RELEASE,
	/* E2: ON is loaded with acquire. */
	E2_ACQUIRE,
	/* E2: NEW is loaded with acquire. */
	E2_REQUEST_ACQUIRE,
	/* E2: nobody looks at ON again. */
	E2_NONE,
	/* S1: clearing ON orders nothing. */
	S1_RELAXED,
	/* S1 after S2: ON is cleared when PIR has been drained. */
	S1_LATE,
	/* S1: NEW is cleared by a load and a store. */
	S1_REQUEST_SPLIT,
	/* S2: PIR is drained by a load and a store. */
	S2_SPLIT,
	/* S2: draining PIR orders nothing. */
	S2_RELAXED,
	MUTANTS,
};

const char *const names[MUTANTS] = {
	"protocol",      "P1-late",
	"P2-plain-load", "P2-relaxed",
	"P3-acq-rel",    "P3-request-acq-rel",
	"P4-acquire",    "E1-release",
	"E2-acquire",    "E2-request-acquire",
	"E2-none",       "S1-relaxed",
	"S1-late",       "S1-request-split",
	"S2-split",      "S2-relaxed",
};

enum {
	OWNER,
	FIRST,
	SECOND,
	THREADS
};
const unsigned SENDERS = THREADS - 1;
const uint8_t EDGE = 0x51, LEVEL = 0x61;
const unsigned CAN = VIC_CAN_IRQ | VIC_CAN_NMI;

mutant active;

struct memory {
	alignas(VIC_CACHE_LINE) unsigned char vcpu[VIC_VCPU_SIZE];
	alignas(VIC_CACHE_LINE) unsigned char lapic[VIC_LAPIC_SIZE];
	alignas(VIC_CACHE_LINE) unsigned char bus[0x10000];
	alignas(VIC_APIC_PAGE_SIZE) uint32_t page[VIC_APIC_PAGE_SIZE / 4];
} memory;

/* Numbers written before each send, by sender; the last of each. */
const unsigned LAST_VECTOR = 2, LAST_NMI = 2;

struct delivery : rl::test_suite<delivery, THREADS> {
	rl::atomic<uint64_t> word[DELIVERY_WORDS];
	rl::atomic<unsigned> vector_number[SENDERS], nmi_number;
	rl::semaphore<delivery> wakes, kicks;
	const void *address[DELIVERY_WORDS];
	vic_counters counters[SENDERS];
	vic_vcpu *vcpu;
	vic_lapic *lapic;
	bool running;
	/* Accesses that a mutant has put off. */
	struct {
		bool set;
		model_op op;
		uint64_t operand;
	} late[THREADS];
	/* The owner's. */
	unsigned vectors_seen[SENDERS], nmis_seen;
	unsigned irqs, nmis, levels, level_eois;

	void before();
	void thread(unsigned index);
	void after();

	void first();
	void second();
	void owner();
	bool all_seen() const;
	bool take_work();
	void handle(unsigned vector);
	model_word find(const void *p) const;
};

delivery *suite;

void wake(void *)
{
	suite->wakes.signal(RL_INFO);
}

void kick(void *)
{
	suite->kicks.signal(RL_INFO);
}

void eoi(void *, uint32_t, uint32_t vector)
{
	RL_ASSERT(vector == LEVEL);
	suite->level_eois++;
}

const vic_vcpu_ops ops = [] {
	vic_vcpu_ops result = {};

	result.size = sizeof(result);
	result.wake = wake;
	result.kick = kick;
	result.eoi = eoi;
	return result;
}();

void delivery::before()
{
	vic_apic_bus_config bus_config = {};
	vic_vcpu_config vcpu_config = {};
	vic_lapic_config lapic_config = {};
	vic_apic_bus *bus;

	suite = this;
	running = false;
	memset(late, 0, sizeof(late));
	bus_config.size = sizeof(bus_config);
	bus_config.max_vcpus = 1;
	vcpu_config.size = sizeof(vcpu_config);
	vcpu_config.ops = &ops;
	lapic_config.size = sizeof(lapic_config);
	lapic_config.flags = VIC_LAPIC_BSP;
	lapic_config.page = memory.page;
	RL_ASSERT(!vic_apic_bus_init(memory.bus, sizeof(memory.bus),
				     &bus_config, &bus));
	RL_ASSERT(!vic_vcpu_init(memory.vcpu, sizeof(memory.vcpu), &vcpu_config,
				 &vcpu));
	lapic_config.bus = bus;
	lapic_config.vcpu = vcpu;
	RL_ASSERT(!vic_lapic_init(memory.lapic, sizeof(memory.lapic),
				  &lapic_config, &lapic));
	RL_ASSERT(!vic_lapic_mmio_write(lapic, VIC_APIC_SVR, 4,
					VIC_SVR_RESET | VIC_SVR_ENABLE));
	for (unsigned i = 0; i < DELIVERY_WORDS; i++) {
		address[i] = model_address(vcpu, model_word(i));
		word[i].store(0, rl::mo_relaxed, RL_INFO);
	}
	/* EDGE came as level before: both senders correct the bit. */
	word[WORD_TRIGGER].store(UINT64_C(1) << EDGE % 64, rl::mo_relaxed,
				 RL_INFO);
	memset(counters, 0, sizeof(counters));
	for (unsigned i = 0; i < SENDERS; i++) {
		vector_number[i].store(0, rl::mo_relaxed, RL_INFO);
		vectors_seen[i] = 0;
	}
	nmi_number.store(0, rl::mo_relaxed, RL_INFO);
	nmis_seen = irqs = nmis = levels = level_eois = 0;
	wakes.init(false, 0, 1000, RL_INFO);
	kicks.init(false, 0, 1000, RL_INFO);
	running = true;
}

void delivery::first()
{
	for (unsigned i = 1; i <= LAST_VECTOR; i++) {
		vector_number[0].store(i, rl::mo_relaxed, RL_INFO);
		vic_vcpu_post(vcpu, &counters[0], EDGE, false);
	}
}

void delivery::second()
{
	for (unsigned i = 1; i <= LAST_NMI; i++) {
		vector_number[1].store(i, rl::mo_relaxed, RL_INFO);
		vic_vcpu_post(vcpu, &counters[1], LEVEL, true);
		/* Last: no vector's signal covers for a lost one. */
		nmi_number.store(i, rl::mo_relaxed, RL_INFO);
		vic_vcpu_request(vcpu, &counters[1], VIC_REQUEST_NMI, 0);
	}
}

bool delivery::all_seen() const
{
	return vectors_seen[0] == LAST_VECTOR &&
	       vectors_seen[1] == LAST_VECTOR && nmis_seen == LAST_NMI;
}

void delivery::handle(unsigned vector)
{
	unsigned sender = vector == LEVEL;

	RL_ASSERT(vector == EDGE || vector == LEVEL);
	vectors_seen[sender] =
		vector_number[sender].load(rl::mo_relaxed, RL_INFO);
	irqs++;
	levels += sender;
	RL_ASSERT(!vic_lapic_mmio_write(lapic, VIC_APIC_EOI, 4, 0));
	RL_ASSERT(level_eois == levels);
}

/* False if there is none. */
bool delivery::take_work()
{
	vic_work work;
	unsigned flags = vic_lapic_scan(lapic, CAN, &work);

	if (flags & VIC_WORK_NMI) {
		RL_ASSERT(!vic_lapic_ack_nmi(lapic));
		nmis_seen = nmi_number.load(rl::mo_relaxed, RL_INFO);
		nmis++;
	}
	if (flags & VIC_WORK_IRQ) {
		RL_ASSERT(!vic_lapic_ack(lapic, work.vector));
		handle(work.vector);
	}
	return flags != 0;
}

/* Only a wake or a kick ends a wait. */
void delivery::owner()
{
	for (;;) {
		while (take_work())
			;
		if (all_seen())
			return;
		if (rl::rand(2)) {
			if (!vic_lapic_block(lapic, CAN))
				continue;
			wakes.wait(false, false, RL_INFO);
			vic_vcpu_unblock(vcpu);
		} else {
			vic_enter enter = vic_vcpu_enter(vcpu);

			if (enter == VIC_ENTER_AGAIN)
				continue;
			if (enter == VIC_ENTER_GUEST)
				kicks.wait(false, false, RL_INFO);
			vic_vcpu_exit(vcpu, true);
		}
	}
}

void delivery::thread(unsigned index)
{
	if (index == OWNER)
		owner();
	else if (index == FIRST)
		first();
	else
		second();
}

unsigned bits(uint64_t word)
{
	return unsigned(__builtin_popcountll(word));
}

uint64_t newly(const vic_outcomes &o)
{
	return o.coalesced + o.silent + o.woken + o.kicked;
}

void delivery::after()
{
	const vic_counters *own = vic_vcpu_counters(vcpu);
	uint64_t pending = bits(word[WORD_PIR].load(rl::mo_relaxed, RL_INFO));
	uint64_t posted = 0, requested = 0;

	for (unsigned i = 0; i < 8; i++)
		pending += bits(memory.page[VIC_APIC_IRR / 4 + i * 4]);
	for (unsigned i = 0; i < SENDERS; i++) {
		posted += newly(counters[i].vectors);
		requested += newly(counters[i].requests);
	}
	RL_ASSERT(own->acked[VIC_MODE_FIXED] == irqs);
	RL_ASSERT(posted == irqs + own->folded + pending);
	RL_ASSERT(own->acked[VIC_MODE_NMI] == nmis);
	/* Two bits count the NMIs that are still pending. */
	RL_ASSERT(
		requested ==
		nmis + (word[WORD_REQUEST].load(rl::mo_relaxed, RL_INFO) & 3));
	wakes.deinit(RL_INFO);
	kicks.deinit(RL_INFO);
}

model_word delivery::find(const void *p) const
{
	unsigned i = 0;

	if (!running)
		return NO_WORD;
	while (i < DELIVERY_WORDS && address[i] != p)
		i++;
	return i < DELIVERY_WORDS ? model_word(i) : NO_WORD;
}

uint64_t
rmw(model_word w, model_op op, uint64_t operand, rl::memory_order order)
{
	return update(suite->word[w], op, operand, order);
}

/* The two halves of a read-modify-write that is none. */
uint64_t split(model_word w, model_op op, uint64_t operand)
{
	uint64_t old = suite->word[w].load(rl::mo_acquire, RL_INFO);

	suite->word[w].store(apply(op, old, operand), rl::mo_release, RL_INFO);
	return old;
}

bool is_owner()
{
	return rl::thread_index() == OWNER;
}

/* A mutant moves this thread's access to a later place. */
uint64_t put_off(model_op op, uint64_t operand)
{
	auto &late = suite->late[rl::thread_index()];

	late.set = true;
	late.op = op;
	late.operand = operand;
	return 0;
}

void catch_up(model_word w)
{
	auto &late = suite->late[rl::thread_index()];

	if (!late.set)
		return;
	late.set = false;
	rmw(w, late.op, late.operand, rl::mo_seq_cst);
}

/* S1-late: now that the owner does something else than draining. */
void drained(model_word w)
{
	if (is_owner() && w != WORD_PIR && w != WORD_TRIGGER)
		catch_up(WORD_ON);
}

rl::memory_order rmw_order(model_word w)
{
	if (w == WORD_PIR && active == (is_owner() ? S2_RELAXED : P2_RELAXED))
		return rl::mo_relaxed;
	if (w == WORD_ON && is_owner() && active == S1_RELAXED)
		return rl::mo_relaxed;
	if (w == WORD_ON && !is_owner() && active == P3_ACQ_REL)
		return rl::mo_acq_rel;
	return rl::mo_seq_cst;
}

} // namespace

uint64_t model_load(const void *p, unsigned bytes, model_order order)
{
	model_word w = suite->find(p);

	if (w == NO_WORD)
		return plain_load(p, bytes);
	drained(w);
	if (order == MODEL_SEQ) {
		if (w == WORD_ON && active == E2_NONE)
			return 0;
		if ((w == WORD_STATE && active == P4_ACQUIRE) ||
		    (w == WORD_ON && active == E2_ACQUIRE) ||
		    (w == WORD_REQUEST && active == E2_REQUEST_ACQUIRE))
			order = MODEL_ACQUIRE;
	}
	return suite->word[w].load(order_of(order), RL_INFO);
}

void model_store(void *p, unsigned bytes, uint64_t value, model_order order)
{
	model_word w = suite->find(p);

	if (w == NO_WORD) {
		plain_store(p, bytes, value);
		return;
	}
	drained(w);
	suite->word[w].store(value, order_of(order), RL_INFO);
}

static uint64_t owner_rmw(model_word w, model_op op, uint64_t operand)
{
	drained(w);
	if (w == WORD_STATE && active == E1_RELEASE) {
		suite->word[w].store(operand, rl::mo_release, RL_INFO);
		return 0;
	}
	if (w == WORD_ON && active == S1_LATE)
		return put_off(op, operand);
	if ((w == WORD_PIR && active == S2_SPLIT) ||
	    (w == WORD_REQUEST && active == S1_REQUEST_SPLIT))
		return split(w, op, operand);
	return rmw(w, op, operand, rmw_order(w));
}

static uint64_t sender_rmw(model_word w, model_op op, uint64_t operand)
{
	uint64_t old;

	if (w == WORD_TRIGGER && active == P1_LATE)
		return put_off(op, operand);
	if (w == WORD_PIR && active == P2_PLAIN_LOAD &&
	    (suite->word[w].load(rl::mo_relaxed, RL_INFO) & operand))
		return operand;
	old = rmw(w, op, operand, rmw_order(w));
	if (w == WORD_PIR)
		catch_up(WORD_TRIGGER);
	return old;
}

uint64_t model_rmw(void *p, unsigned bytes, model_op op, uint64_t operand)
{
	model_word w = suite->find(p);
	uint64_t old;

	if (w != NO_WORD)
		return is_owner() ? owner_rmw(w, op, operand)
				  : sender_rmw(w, op, operand);
	old = plain_load(p, bytes);
	plain_store(p, bytes, apply(op, old, operand));
	return old;
}

bool model_compare_exchange(void *p, uint64_t *expected, uint64_t desired)
{
	model_word w = suite->find(p);

	if (w == NO_WORD) {
		uint64_t old = plain_load(p, 8);
		bool same = old == *expected;

		if (same)
			plain_store(p, 8, desired);
		*expected = old;
		return same;
	}
	return suite->word[w].compare_exchange_strong(
		*expected, desired,
		active == P3_REQUEST_ACQ_REL ? rl::mo_acq_rel : rl::mo_seq_cst,
		RL_INFO);
}

int main(int argc, char **argv)
{
	auto prepare = [](unsigned i, bool longer) {
		active = mutant(i);
		return test{names[i], active == NONE,
			    longer ? 30000000ul : 500000ul};
	};

	return run_tests<delivery>(argc, argv, MUTANTS, prepare);
}
