/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * IOAPIC, PIC and LINT0 under relacy, in the way of delivery.cpp: the
 * library's own sources and C11's memory model. A device raises its line and
 * waits until a handler has seen the number that it wrote before; the
 * handler lowers the line. So each run ends only if nothing was lost, and
 *
 *   each interrupt finds a device that has something to say: none is
 *   delivered twice;
 *   newly pending = acknowledged + folded, and in the end no line is high
 *   and no remote IRR is set.
 *
 * What a mutant breaks is told in chips_mutants.h: relacy_chips MUTANT, or
 * no argument for the protocol in all scenarios and all mutants.
 */

#include <cstdlib>
#include <cstring>
#include <iostream>

#include <vic/vic.h>

/* Last: it makes macros of malloc and new. */
#include <relacy/relacy.hpp>

#include "access.h"
#include "chips.h"
#include "chips_mutants.h"

namespace
{

const unsigned THREADS = 3, CPUS = 2, DEVICES = 2, LAST = 2;
const unsigned CAN = VIC_CAN_IRQ, FIRST_IRQ = 3;
const uint8_t VECTORS[DEVICES] = {0x51, 0x61}, PIC_BASE = 0x70;

mutant active;
scenario now;

struct memory {
	alignas(VIC_CACHE_LINE) unsigned char vcpu[CPUS][VIC_VCPU_SIZE];
	alignas(VIC_CACHE_LINE) unsigned char lapic[CPUS][VIC_LAPIC_SIZE];
	alignas(VIC_CACHE_LINE) unsigned char bus[0x10000];
	alignas(VIC_CACHE_LINE) unsigned char ioapic[0x1000];
	alignas(VIC_CACHE_LINE) unsigned char pic[VIC_PIC_SIZE];
	alignas(VIC_APIC_PAGE_SIZE) uint32_t page[CPUS][VIC_APIC_PAGE_SIZE / 4];
} memory;

/* What a thread is doing, where a mutant is of one step of many. */
enum call {
	ELSEWHERE,
	EOI,
	INTA,
	HEAR,
	RAISE,
};

const unsigned ALL_WORDS = CPUS * CPU_WORDS + VM_WORDS, LOCKS = 2;
const unsigned PLAIN = ALL_WORDS + LOCKS;

struct chips : rl::test_suite<chips, THREADS> {
	rl::atomic<uint64_t> word[ALL_WORDS];
	/* Written before each rise, by device. */
	rl::atomic<unsigned> number[DEVICES];
	rl::semaphore<chips> wakes[CPUS], kicks[CPUS], services[DEVICES];
	rl::mutex locks[LOCKS], busy[DEVICES];
	const void *address[ALL_WORDS + LOCKS];
	vic_counters counters[THREADS];
	vic_vcpu *vcpu[CPUS];
	vic_lapic *lapic[CPUS];
	vic_apic_bus *bus;
	vic_ioapic *ioapic;
	vic_pic *pic;
	bool running;

	/* By thread; a mutant's, but for the first. */
	struct {
		call inside;
		/* An access put off. */
		bool set;
		unsigned word;
		model_op op;
		uint64_t operand;
		/* What was looked at too early, or is to be compared. */
		uint64_t seen, arrivals;
		uint32_t attempt, attempts;
		bool sends, ends;
		/* The first lock of a call is not taken, or was not. */
		bool first, free, remote;
	} own[THREADS];

	/* The owners'. */
	bool accepts[CPUS];
	unsigned changes[CPUS], seen[DEVICES], irqs;

	void before();
	void make();
	void make_cpu(unsigned cpu);
	void make_chips();
	void thread(unsigned index);
	void after();

	void raise(unsigned device, unsigned n);
	void device(unsigned device);
	void both();
	void owner(unsigned cpu);
	bool done(unsigned cpu) const;
	void change(unsigned cpu);
	void set_entry(unsigned pin, unsigned half, uint32_t value);
	void route(bool here);
	void sleep(unsigned cpu);
	bool take_work(unsigned cpu);
	void handle(unsigned cpu);
	void handle_pic(uint8_t vector);
	bool take(unsigned device);
	void line(unsigned device, bool level);
	unsigned find(const void *p) const;
};

chips *suite;

unsigned me()
{
	return rl::thread_index();
}

/* REFUSED has two vCPUs and one thread for both devices. */
unsigned owners()
{
	return now == REFUSED ? 2 : 1;
}

bool is_owner()
{
	return me() < owners();
}

void wake(void *opaque)
{
	static_cast<rl::semaphore<chips> *>(opaque)[0].signal(RL_INFO);
}

void kick(void *opaque)
{
	static_cast<rl::semaphore<chips> *>(opaque)[CPUS].signal(RL_INFO);
}

uint8_t inta(void *)
{
	return vic_pic_ack(suite->pic, &suite->counters[0]);
}

const vic_vcpu_ops ops = [] {
	vic_vcpu_ops result = {};

	result.size = sizeof(result);
	result.wake = wake;
	result.kick = kick;
	result.inta = inta;
	return result;
}();

/* chips_accesses.h */
auto &mine()
{
	return suite->own[me()];
}
void begin(call what);
void end();

void store(vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	RL_ASSERT(!vic_lapic_mmio_write(lapic, offset, 4, value));
}

void set_enable(vic_lapic *lapic, bool enable)
{
	store(lapic, VIC_APIC_SVR,
	      VIC_SVR_RESET | (enable ? VIC_SVR_ENABLE : 0u));
}

void set_lint0(vic_lapic *lapic, bool heard)
{
	store(lapic, VIC_APIC_LVT_LINT0,
	      VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT |
		      (heard ? 0u : VIC_LVT_MASKED));
}

void chips::make_cpu(unsigned cpu)
{
	vic_vcpu_config vcpu_config = {};
	vic_lapic_config lapic_config = {};

	vcpu_config.size = sizeof(vcpu_config);
	vcpu_config.index = cpu;
	vcpu_config.ops = &ops;
	vcpu_config.opaque = &wakes[cpu];
	RL_ASSERT(!vic_vcpu_init(memory.vcpu[cpu], sizeof(memory.vcpu[cpu]),
				 &vcpu_config, &vcpu[cpu]));
	lapic_config.size = sizeof(lapic_config);
	lapic_config.flags = VIC_LAPIC_BSP;
	lapic_config.id = cpu;
	lapic_config.bus = bus;
	lapic_config.vcpu = vcpu[cpu];
	lapic_config.page = memory.page[cpu];
	RL_ASSERT(!vic_lapic_init(memory.lapic[cpu], sizeof(memory.lapic[cpu]),
				  &lapic_config, &lapic[cpu]));
	/* In REROUTED the second never is. */
	if (now == SHARED || now == WIRE || (now == REROUTED && !cpu))
		set_enable(lapic[cpu], true);
	if (now == WIRE)
		set_lint0(lapic[cpu], false);
}

void chips::set_entry(unsigned pin, unsigned half, uint32_t value)
{
	RL_ASSERT(!vic_ioapic_write(ioapic, &counters[0], VIC_IOAPIC_IOREGSEL,
				    4, VIC_IOAPIC_REDTBL + 2 * pin + half));
	RL_ASSERT(!vic_ioapic_write(ioapic, &counters[0], VIC_IOAPIC_IOWIN, 4,
				    value));
}

void chips::make_chips()
{
	const uint8_t words[] = {VIC_PIC_ICW1 | VIC_PIC_ICW1_IC4, PIC_BASE, 4,
				 VIC_PIC_ICW4_UPM, 0xe7};
	vic_ioapic_config ioapic_config = {};
	vic_pic_config pic_config = {};

	ioapic_config.size = sizeof(ioapic_config);
	ioapic_config.pins = DEVICES;
	ioapic_config.bus = bus;
	ioapic_config.ops = &ops;
	RL_ASSERT(!vic_ioapic_init(memory.ioapic, sizeof(memory.ioapic),
				   &ioapic_config, &ioapic));
	for (unsigned i = 0; i < DEVICES; i++) {
		set_entry(i, 1, (now == REROUTED ? 1 : i) << 24);
		set_entry(i, 0, VIC_RTE_LEVEL | VECTORS[i]);
	}
	pic_config.size = sizeof(pic_config);
	pic_config.ops = &ops;
	RL_ASSERT(!vic_pic_init(memory.pic, sizeof(memory.pic), &pic_config,
				&pic));
	RL_ASSERT(!vic_pic_wire(pic, counters, vcpu[0]));
	for (unsigned i = 0; i < sizeof(words); i++)
		RL_ASSERT(!vic_pic_write(pic, counters,
					 i ? VIC_PIC_MASTER_A0 : VIC_PIC_MASTER,
					 words[i]));
}

void chips::make()
{
	vic_apic_bus_config bus_config = {};

	bus_config.size = sizeof(bus_config);
	bus_config.max_vcpus = CPUS;
	RL_ASSERT(!vic_apic_bus_init(memory.bus, sizeof(memory.bus),
				     &bus_config, &bus));
	for (unsigned i = 0; i < CPUS; i++)
		make_cpu(i);
	make_chips();
}

void chips::before()
{
	suite = this;
	running = false;
	memset(own, 0, sizeof(own));
	memset(counters, 0, sizeof(counters));
	memset(seen, 0, sizeof(seen));
	irqs = 0;
	make();
	for (unsigned i = 0; i < CPUS; i++) {
		accepts[i] = now == SHARED;
		changes[i] = 2;
		wakes[i].init(false, 0, 1000, RL_INFO);
		kicks[i].init(false, 0, 1000, RL_INFO);
		for (unsigned w = 0; w < CPU_WORDS; w++)
			address[i * CPU_WORDS + w] =
				cpu_address(vcpu[i], cpu_word(w));
	}
	for (unsigned w = 0; w < VM_WORDS + LOCKS; w++)
		address[CPUS * CPU_WORDS + w] =
			vm_address(bus, ioapic, pic, vm_word(w));
	for (unsigned i = 0; i < ALL_WORDS; i++) {
		unsigned w = i % CPU_WORDS;
		bool narrow = i < CPUS * CPU_WORDS &&
			      (w == CPU_STATE || w == CPU_HEARS);

		word[i].store(plain_load(address[i], narrow ? 4 : 8),
			      rl::mo_relaxed, RL_INFO);
	}
	for (unsigned i = 0; i < DEVICES; i++) {
		number[i].store(0, rl::mo_relaxed, RL_INFO);
		services[i].init(false, 0, 1000, RL_INFO);
	}
	running = true;
}

void chips::line(unsigned device, bool level)
{
	vic_counters *thread = &counters[me()];

	if (level)
		begin(RAISE);
	if (now == WIRE)
		vic_pic_line_set(pic, thread, FIRST_IRQ + device, 0, level);
	else if (now == SHARED)
		vic_ioapic_line_set(ioapic, thread, 0, device, level);
	else
		vic_ioapic_line_set(ioapic, thread, device, 0, level);
	if (level)
		end();
}

/* What it has to say and its line change at once, for a shared handler. */
void chips::raise(unsigned device, unsigned n)
{
	if (now == SHARED)
		busy[device].lock(RL_INFO);
	number[device].store(n, rl::mo_relaxed, RL_INFO);
	line(device, true);
	if (now == SHARED)
		busy[device].unlock(RL_INFO);
}

void chips::device(unsigned device)
{
	if (now == REROUTED && device) {
		vic_ioapic_retry(ioapic, &counters[me()]);
		return;
	}
	for (unsigned i = 1; i <= LAST; i++) {
		raise(device, i);
		if (now == SHARED && !rl::rand(2))
			vic_ioapic_retry(ioapic, &counters[me()]);
		while (i != LAST && seen[device] != i)
			services[device].wait(false, false, RL_INFO);
	}
}

/* One device with two pins. */
void chips::both()
{
	for (unsigned i = 1; i <= LAST; i++)
		for (unsigned device = 0; device < DEVICES; device++) {
			while (seen[device] != i - 1)
				services[device].wait(false, false, RL_INFO);
			raise(device, i);
		}
}

bool chips::done(unsigned cpu) const
{
	if (now == REFUSED || now == REROUTED)
		return seen[cpu] == LAST;
	return seen[0] == LAST && seen[1] == LAST;
}

/* A handler's look at @device; true if there was something new. */
bool chips::take(unsigned device)
{
	unsigned n;

	if (now == SHARED)
		busy[device].lock(RL_INFO);
	n = number[device].load(rl::mo_relaxed, RL_INFO);
	if (n != seen[device])
		line(device, false);
	if (now == SHARED)
		busy[device].unlock(RL_INFO);
	if (n == seen[device])
		return false;
	seen[device] = n;
	services[device].signal(RL_INFO);
	return true;
}

void chips::handle(unsigned cpu)
{
	bool found = take(cpu);

	if (now == SHARED)
		found |= take(1);
	RL_ASSERT(found);
	begin(EOI);
	store(lapic[cpu], VIC_APIC_EOI, 0);
	end();
}

void chips::handle_pic(uint8_t vector)
{
	unsigned irq = vector - PIC_BASE;

	RL_ASSERT(irq >= FIRST_IRQ && irq < FIRST_IRQ + DEVICES);
	RL_ASSERT(take(irq - FIRST_IRQ));
	RL_ASSERT(!vic_pic_write(pic, counters, VIC_PIC_MASTER,
				 VIC_PIC_OCW2_EOI));
}

/* False if there is none. */
bool chips::take_work(unsigned cpu)
{
	vic_work work;
	unsigned flags = vic_lapic_scan(lapic[cpu], CAN, &work);
	uint8_t vector;

	if (flags & VIC_WORK_EXTINT) {
		begin(INTA);
		RL_ASSERT(!vic_lapic_ack_extint(lapic[cpu], &vector));
		end();
		handle_pic(vector);
	}
	if (flags & VIC_WORK_IRQ) {
		RL_ASSERT(work.vector == VECTORS[cpu]);
		RL_ASSERT(!vic_lapic_ack(lapic[cpu], work.vector));
		irqs++;
		handle(cpu);
	}
	return flags != 0;
}

/* To a vCPU that accepts, or to one that does not. */
void chips::route(bool here)
{
	if (!here) {
		set_entry(0, 1, 1 << 24);
		return;
	}
	/* As an edge it has no remote IRR. */
	if (rl::rand(2))
		set_entry(0, 0, VIC_RTE_MASKED);
	set_entry(0, 1, 0);
	set_entry(0, 0, VIC_RTE_LEVEL | VECTORS[0]);
}

/* The guest begins to accept, or ends it for a while. */
void chips::change(unsigned cpu)
{
	if (accepts[cpu] && (!changes[cpu] || rl::rand(2)))
		return;
	if (accepts[cpu])
		changes[cpu]--;
	else if (rl::rand(2))
		return;
	accepts[cpu] = !accepts[cpu];
	if (now == REROUTED) {
		route(accepts[cpu]);
		return;
	}
	if (now == WIRE) {
		begin(HEAR);
		set_lint0(lapic[cpu], accepts[cpu]);
		mine().inside = ELSEWHERE;
		return;
	}
	set_enable(lapic[cpu], accepts[cpu]);
	end();
}

/* Only a wake or a kick ends a wait. */
void chips::sleep(unsigned cpu)
{
	if (rl::rand(2)) {
		if (!vic_lapic_block(lapic[cpu], CAN))
			return;
		wakes[cpu].wait(false, false, RL_INFO);
		vic_vcpu_unblock(vcpu[cpu]);
	} else {
		vic_enter enter = vic_vcpu_enter(vcpu[cpu]);

		if (enter == VIC_ENTER_AGAIN)
			return;
		if (enter == VIC_ENTER_GUEST)
			kicks[cpu].wait(false, false, RL_INFO);
		vic_vcpu_exit(vcpu[cpu], true);
	}
}

void chips::owner(unsigned cpu)
{
	for (;;) {
		if (now != SHARED)
			change(cpu);
		while (take_work(cpu))
			;
		if (done(cpu))
			return;
		if (accepts[cpu])
			sleep(cpu);
	}
}

void chips::thread(unsigned index)
{
	if (index < owners())
		owner(index);
	else if (now == REFUSED)
		both();
	else
		device(index - 1);
}

void chips::after()
{
	uint64_t newly = 0, folded = 0;

	running = false;
	for (unsigned i = 0; i < CPUS; i++) {
		const vic_counters *n = vic_vcpu_counters(vcpu[i]);

		newly += n->vectors.coalesced + n->vectors.silent +
			 n->vectors.woken + n->vectors.kicked;
		folded += n->folded;
		wakes[i].deinit(RL_INFO);
		kicks[i].deinit(RL_INFO);
	}
	for (const vic_counters &n : counters)
		newly += n.vectors.coalesced + n.vectors.silent +
			 n.vectors.woken + n.vectors.kicked;
	RL_ASSERT(newly == irqs + folded);
	for (unsigned i = 0; i < DEVICES; i++) {
		vic_ioapic_pin pin;

		RL_ASSERT(!vic_ioapic_peek(ioapic, i, &pin));
		RL_ASSERT(!pin.sources && !(pin.entry & VIC_RTE_REMOTE_IRR));
		services[i].deinit(RL_INFO);
	}
}

/* The index of a word, of a lock behind the words, or PLAIN. */
unsigned chips::find(const void *p) const
{
	unsigned i = 0;

	if (!running)
		return PLAIN;
	while (i < PLAIN && address[i] != p)
		i++;
	return i;
}

} // namespace

#include "chips_accesses.h"
#include "tests.h"

int main(int argc, char **argv)
{
	const unsigned count = sizeof(runs) / sizeof(runs[0]);
	auto prepare = [](unsigned i, bool longer) {
		bool holds = runs[i].breaks == NONE;

		active = runs[i].breaks;
		now = runs[i].in;
		return test{runs[i].name, holds,
			    longer  ? 10000000ul
			    : holds ? 120000ul
				    : 1000000ul};
	};

	return run_tests<chips>(argc, argv, count, prepare);
}
