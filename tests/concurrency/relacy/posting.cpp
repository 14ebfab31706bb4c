/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Posting under relacy, in the way of delivery.cpp: the library's own
 * sources and C11's memory model. In POSTED the owner's thread is the
 * processor, with virtual-interrupt delivery and posted-interrupt processing
 * (SDM vol. 3, 29.2 and 29.6). What comes for its pCPU while interrupts are
 * masked waits for the entry; what came before, the host's handler took. So
 * each run ends only if nothing was lost:
 *
 *   nobody waits for ever, in the guest or asleep, while something is
 *   outstanding: that is a deadlock;
 *   each number that a sender wrote before it posted is seen by a handler;
 *   the EOI of each level that was serviced is reported;
 *   newly pending = delivered + merged into IRR + still pending.
 *
 * What a mutant breaks is told in mutants.h: relacy_posting MUTANT, or no
 * argument for the protocol in all scenarios and all mutants.
 */

#include <cstdlib>
#include <cstring>
#include <iostream>

#include <vic/vic.h>

/* Last: it makes macros of malloc and new. */
#include <relacy/relacy.hpp>

#include "access.h"
#include "mutants.h"

namespace
{

enum {
	OWNER,
	FIRST,
	/* In SLEEP the handler of the wake-up vector. */
	SECOND,
	THREADS
};
const unsigned SENDERS = THREADS - 1, PCPUS = 2, LAST = 2;
const uint8_t LOW = 0x51, HIGH = 0x91, LEVEL = 0x61, OTHER = 0x62;
const uint8_t NOTIFICATION = 0xf2, WAKEUP = 0xf3;
const unsigned CAN = VIC_CAN_IRQ | VIC_CAN_NMI;

/* Interrupts that a pCPU has to take. */
const unsigned KICK = 1, NOTIFY = 2;

mutant active;
scenario now;

struct memory {
	alignas(VIC_CACHE_LINE) unsigned char vcpu[VIC_VCPU_SIZE];
	alignas(VIC_CACHE_LINE) unsigned char lapic[VIC_LAPIC_SIZE];
	alignas(VIC_CACHE_LINE) unsigned char pcpu[PCPUS][VIC_PCPU_SIZE];
	alignas(VIC_CACHE_LINE) unsigned char bus[0x10000];
	alignas(VIC_APIC_PAGE_SIZE) uint32_t page[VIC_APIC_PAGE_SIZE / 4];
} memory;

/* What the owner is doing, where a mutant is of one step of many. */
enum call {
	ELSEWHERE,
	EOI_EXIT,
	SET_POSTING,
	BLOCK,
	UNBLOCK,
};

struct posting : rl::test_suite<posting, THREADS> {
	rl::atomic<uint64_t> word[WORDS];
	/* Written before each post, by sender. */
	rl::atomic<unsigned> number[SENDERS];
	rl::semaphore<posting> wakes, interrupts, wakeups, services[SENDERS];
	rl::mutex locks[PCPUS];
	const void *address[WORDS];
	vic_counters counters[SENDERS];
	vic_vcpu *vcpu;
	vic_lapic *lapic;
	vic_pcpu *pcpu[PCPUS];
	bool running, stopped;
	unsigned latched[PCPUS], wakeup_due;
	unsigned by_devices;

	/* A mutant's: an access put off, and what was looked at too early. */
	struct {
		bool set;
		model_word word;
		model_op op;
		uint64_t operand;
		uint64_t seen[WORDS];
		bool corrected;
	} late[THREADS];

	/* The owner's. */
	call inside;
	unsigned here, rvi;
	uint64_t bitmap[4];
	unsigned seen[SENDERS], reported[SENDERS];
	unsigned delivered, merged;

	void before();
	void make();
	void thread(unsigned index);
	void after();

	void device(uint8_t vector);
	void send(unsigned sender);
	void handler();
	void owner();
	void sleep();
	void move();
	void run();
	unsigned guest(bool *kicked);
	unsigned deliver();
	bool recognise();
	bool all_seen() const;
	model_word find(const void *p) const;
};

posting *suite;

uint8_t vector_of(unsigned sender, unsigned number)
{
	switch (now) {
	case POSTS:
	case DEVICES:
		return sender ? HIGH : LOW;
	case SLEEP:
		return number % 2 ? LOW : HIGH;
	case RELAX:
		return LEVEL;
	default:
		return sender ? OTHER : LEVEL;
	}
}

bool is_level(unsigned sender, unsigned number)
{
	switch (now) {
	case HELD:
		return true;
	case RELAX:
		return !sender;
	case BEGIN:
		return sender || number == LAST;
	default:
		return false;
	}
}

bool sleeps()
{
	return now == POSTS || now == SLEEP || now == HELD;
}

bool moves()
{
	return now == POSTS || now == DEVICES;
}

void arrive(unsigned cpu, unsigned what)
{
	suite->latched[cpu] |= what;
	suite->interrupts.signal(RL_INFO);
}

void wake(void *)
{
	suite->wakes.signal(RL_INFO);
}

void kick(void *)
{
	arrive(suite->here, KICK);
}

void notify(void *, uint32_t dest, uint8_t vector)
{
	RL_ASSERT(dest < PCPUS);
	RL_ASSERT(vector == NOTIFICATION || vector == WAKEUP);
	if (vector == NOTIFICATION) {
		arrive(dest, NOTIFY);
	} else {
		suite->wakeup_due |= 1u << dest;
		suite->wakeups.signal(RL_INFO);
	}
}

void eoi(void *, uint32_t, uint32_t vector)
{
	for (unsigned i = 0; i < SENDERS; i++)
		if (vector_of(i, LAST) == vector)
			suite->reported[i] = suite->seen[i];
}

unsigned lock_of(const uint32_t *word)
{
	return (const unsigned char *)word >= memory.pcpu[1];
}

uint64_t lock(uint32_t *word)
{
	suite->locks[lock_of(word)].lock(RL_INFO);
	return 0;
}

void unlock(uint32_t *word, uint64_t)
{
	suite->locks[lock_of(word)].unlock(RL_INFO);
}

const vic_vcpu_ops ops = [] {
	vic_vcpu_ops result = {};

	result.size = sizeof(result);
	result.wake = wake;
	result.kick = kick;
	result.notify = notify;
	result.eoi = eoi;
	result.lock = lock;
	result.unlock = unlock;
	return result;
}();

void posting::make()
{
	vic_apic_bus_config bus_config = {};
	vic_vcpu_config vcpu_config = {};
	vic_lapic_config lapic_config = {};
	vic_pcpu_config pcpu_config = {};

	bus_config.size = sizeof(bus_config);
	bus_config.max_vcpus = 1;
	vcpu_config.size = sizeof(vcpu_config);
	vcpu_config.ops = &ops;
	lapic_config.size = sizeof(lapic_config);
	lapic_config.flags = VIC_LAPIC_BSP;
	lapic_config.page = memory.page;
	pcpu_config.size = sizeof(pcpu_config);
	pcpu_config.notify_vector = NOTIFICATION;
	pcpu_config.wakeup_vector = WAKEUP;
	pcpu_config.ops = &ops;
	RL_ASSERT(!vic_apic_bus_init(memory.bus, sizeof(memory.bus),
				     &bus_config, &lapic_config.bus));
	RL_ASSERT(!vic_vcpu_init(memory.vcpu, sizeof(memory.vcpu), &vcpu_config,
				 &vcpu));
	lapic_config.vcpu = vcpu;
	RL_ASSERT(!vic_lapic_init(memory.lapic, sizeof(memory.lapic),
				  &lapic_config, &lapic));
	RL_ASSERT(!vic_lapic_mmio_write(lapic, VIC_APIC_SVR, 4,
					VIC_SVR_RESET | VIC_SVR_ENABLE));
	for (unsigned i = 0; i < PCPUS; i++) {
		pcpu_config.id = i;
		RL_ASSERT(!vic_pcpu_init(memory.pcpu[i], sizeof(memory.pcpu[i]),
					 &pcpu_config, &pcpu[i]));
	}
	vic_vcpu_load(vcpu, pcpu[0]);
}

void posting::before()
{
	vic_work work;

	suite = this;
	running = stopped = false;
	memset(late, 0, sizeof(late));
	memset(counters, 0, sizeof(counters));
	memset(latched, 0, sizeof(latched));
	memset(bitmap, 0, sizeof(bitmap));
	memset(seen, 0, sizeof(seen));
	memset(reported, 0, sizeof(reported));
	wakeup_due = by_devices = here = rvi = delivered = merged = 0;
	inside = ELSEWHERE;
	make();
	/* Where its mode is to change, the vector was level before. */
	if (now == RELAX || now == BEGIN) {
		vic_vcpu_post(vcpu, &counters[0], LEVEL, true);
		RL_ASSERT(vic_lapic_scan(lapic, CAN, &work) == VIC_WORK_IRQ);
		RL_ASSERT(!vic_lapic_ack(lapic, LEVEL));
		RL_ASSERT(!vic_lapic_mmio_write(lapic, VIC_APIC_EOI, 4, 0));
		delivered++;
	}
	if (now != BEGIN)
		RL_ASSERT(!vic_lapic_set_posting(lapic, true));
	for (unsigned i = 0; i < WORDS; i++) {
		model_word w = model_word(i);

		address[i] = model_address(vcpu, w);
		word[i].store(plain_load(address[i], model_bytes(w)),
			      rl::mo_relaxed, RL_INFO);
	}
	for (unsigned i = 0; i < SENDERS; i++) {
		number[i].store(0, rl::mo_relaxed, RL_INFO);
		services[i].init(false, 0, 1000, RL_INFO);
	}
	wakes.init(false, 0, 1000, RL_INFO);
	interrupts.init(false, 0, 1000, RL_INFO);
	wakeups.init(false, 0, 1000, RL_INFO);
	running = true;
}

void posting::device(uint8_t vector)
{
	uint64_t control;

	if (vic_pid_post(vic_vcpu_pid(vcpu), vector, &control) !=
	    VIC_POST_MERGED)
		by_devices++;
	if (control)
		notify(nullptr, uint32_t(control >> VIC_PID_NDST_SHIFT),
		       uint8_t(control >> VIC_PID_NV_SHIFT));
}

/* Some wait until what they posted first has been serviced. */
void posting::send(unsigned sender)
{
	for (unsigned i = 1; i <= LAST; i++) {
		uint8_t vector = vector_of(sender, i);

		number[sender].store(i, rl::mo_relaxed, RL_INFO);
		if (now == DEVICES || now == SLEEP)
			device(vector);
		else
			vic_vcpu_post(vcpu, &counters[sender], vector,
				      is_level(sender, i));
		if (i == LAST || rl::rand(2))
			continue;
		while (seen[sender] != i)
			services[sender].wait(false, false, RL_INFO);
	}
}

void posting::handler()
{
	for (;;) {
		unsigned due;

		wakeups.wait(false, false, RL_INFO);
		if (stopped)
			return;
		due = wakeup_due;
		wakeup_due = 0;
		for (unsigned i = 0; i < PCPUS; i++)
			if (due >> i & 1)
				vic_pcpu_wakeup(pcpu[i], &counters[SECOND - 1]);
	}
}

bool posting::all_seen() const
{
	for (unsigned i = 0; i < (now == SLEEP ? 1 : SENDERS); i++)
		if (seen[i] != LAST ||
		    (is_level(i, LAST) && reported[i] != LAST))
			return false;
	return true;
}

uint32_t *irr(unsigned vector)
{
	return &memory.page[(VIC_APIC_IRR + vector / 32 * 16) / 4];
}

/* Posted-interrupt processing; whether the guest is to be left. */
bool posting::recognise()
{
	unsigned what = latched[here];

	latched[here] = 0;
	if (!(what & NOTIFY))
		return what & KICK;
	word[WORD_ON].fetch_and(~VIC_PID_ON, rl::mo_seq_cst, RL_INFO);
	for (unsigned i = 0; i < 2; i++) {
		model_word w = i ? WORD_PIR_HIGH : WORD_PIR;
		uint64_t bits = word[w].exchange(0, rl::mo_seq_cst, RL_INFO);

		for (; bits; bits &= bits - 1) {
			unsigned vector = (MODEL_VECTOR_WORD + i) * 64 +
					  unsigned(__builtin_ctzll(bits));
			uint32_t bit = 1u << vector % 32;

			merged += (*irr(vector) & bit) != 0;
			*irr(vector) |= bit;
			if (vector > rvi)
				rvi = vector;
		}
	}
	return what & KICK;
}

/* Virtual-interrupt delivery of RVI, up to its EOI. */
unsigned posting::deliver()
{
	unsigned vector = rvi;

	RL_ASSERT(*irr(vector) >> vector % 32 & 1);
	*irr(vector) &= ~(1u << vector % 32);
	for (rvi = 0xff; rvi && !(*irr(rvi) >> rvi % 32 & 1);)
		rvi--;
	delivered++;
	for (unsigned i = 0; i < SENDERS; i++) {
		unsigned n = number[i].load(rl::mo_relaxed, RL_INFO);

		if (!n || vector_of(i, n) != vector)
			continue;
		seen[i] = n;
		services[i].signal(RL_INFO);
	}
	return vector;
}

/* Until an exit; the vector if it is that of an EOI, otherwise 0. */
unsigned posting::guest(bool *kicked)
{
	for (;;) {
		if (rvi) {
			unsigned vector = deliver();

			if (bitmap[vector / 64] >> vector % 64 & 1)
				return vector;
			continue;
		}
		if (all_seen() || !rl::rand(4))
			return 0;
		interrupts.wait(false, false, RL_INFO);
		*kicked = recognise();
		if (*kicked)
			return 0;
	}
}

/* accesses.h */
void catch_up();

void posting::run()
{
	vic_work work;
	vic_enter enter;
	uint16_t status;
	unsigned ended = 0;
	bool kicked = false;

	if (vic_lapic_scan(lapic, CAN, &work) & VIC_WORK_EOI_EXIT)
		vic_lapic_eoi_exit_bitmap(lapic, bitmap);
	/* Interrupts are masked from here on. */
	latched[here] = 0;
	enter = vic_lapic_enter(lapic, &status);
	if (enter == VIC_ENTER_AGAIN)
		return;
	catch_up();
	rvi = status & 0xff;
	if (enter == VIC_ENTER_GUEST)
		ended = guest(&kicked);
	vic_lapic_exit(lapic, uint16_t(rvi), kicked);
	if (!ended)
		return;
	inside = EOI_EXIT;
	vic_lapic_eoi_exit(lapic, uint8_t(ended));
	inside = ELSEWHERE;
}

/* Preempted, and loaded again: there or elsewhere. */
void posting::move()
{
	vic_vcpu_put(vcpu);
	here = rl::rand(PCPUS);
	vic_vcpu_load(vcpu, pcpu[here]);
}

void posting::sleep()
{
	bool asleep;

	inside = BLOCK;
	asleep = vic_lapic_block(lapic, CAN);
	inside = ELSEWHERE;
	if (!asleep)
		return;
	/* The owner is BLOCKED, but its thread still runs. */
	if (rl::rand(2))
		move();
	wakes.wait(false, false, RL_INFO);
	move();
	inside = UNBLOCK;
	vic_vcpu_unblock(vcpu);
	inside = ELSEWHERE;
}

void posting::owner()
{
	if (now == BEGIN) {
		if (rl::rand(2))
			vic_lapic_harvest(lapic);
		inside = SET_POSTING;
		RL_ASSERT(!vic_lapic_set_posting(lapic, true));
		inside = ELSEWHERE;
	}
	while (!all_seen()) {
		if (moves() && rl::rand(2))
			move();
		if (sleeps() && rl::rand(2))
			sleep();
		else
			run();
	}
	stopped = true;
	wakeups.signal(RL_INFO);
}

void posting::thread(unsigned index)
{
	if (index == OWNER)
		owner();
	else if (index == SECOND && now == SLEEP)
		handler();
	else
		send(index - FIRST);
}

unsigned bits(uint64_t word)
{
	return unsigned(__builtin_popcountll(word));
}

void posting::after()
{
	uint64_t folded = vic_vcpu_counters(vcpu)->folded + merged;
	uint64_t pending = 0, newly = by_devices;

	for (model_word w : {WORD_PIR, WORD_PIR_HIGH, WORD_HELD})
		pending += bits(word[w].load(rl::mo_relaxed, RL_INFO));
	for (unsigned v = 0; v < 256; v += 32)
		pending += bits(*irr(v));
	for (const vic_counters &c : counters)
		newly += c.vectors.coalesced + c.vectors.silent +
			 c.vectors.woken + c.vectors.kicked +
			 c.vectors.notified;
	RL_ASSERT(newly == delivered + folded + pending);
	wakes.deinit(RL_INFO);
	interrupts.deinit(RL_INFO);
	wakeups.deinit(RL_INFO);
	for (rl::semaphore<posting> &service : services)
		service.deinit(RL_INFO);
}

model_word posting::find(const void *p) const
{
	unsigned i = 0;

	if (!running)
		return NO_WORD;
	while (i < WORDS && address[i] != p)
		i++;
	return i < WORDS ? model_word(i) : NO_WORD;
}

} // namespace

#include "accesses.h"
#include "tests.h"

int main(int argc, char **argv)
{
	const unsigned count = sizeof(runs) / sizeof(runs[0]);
	auto prepare = [](unsigned i, bool longer) {
		bool holds = runs[i].breaks == NONE;

		active = runs[i].breaks;
		now = runs[i].in;
		return test{runs[i].name, holds,
			    longer ? 10000000ul : 120000ul};
	};

	return run_tests<posting>(argc, argv, count, prepare);
}
