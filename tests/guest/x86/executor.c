/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A guest that does what a stream of operations says and logs what it sees.
 * The same stream on two local APICs should give the same log.
 *
 * CPU 0 leads. An operation of CPU 1 runs while CPU 0 waits for its end.
 */

#include "executor.h"

#include "lines.h"

/* boot.S */
extern const char trampoline[], trampoline_end[];
extern const char rdmsr_insn[], wrmsr_insn[], msr_fault[];

void trap(struct trap_frame *frame);
_Noreturn void guest_main(const struct guest_boot *boot);
_Noreturn void cpu_main(uint32_t id);

struct cpu cpus[MAX_CPUS];
uint32_t nr_cpus;

static volatile struct stream *const stream = (struct stream *)(uint64_t)SHARE;
/* The operation of CPU 1; NULL: it waits. */
static const struct op *turn;
static uint32_t turn_number;
/* Of a WINDOW, by CPU: all vectors at most. */
static uint32_t taken[2][256];
static uint32_t limit;

static void write_log(uint64_t word)
{
	uint64_t *log = (uint64_t *)(uint64_t)(SHARE + stream->log_at);

	if (stream->logged < stream->log_words)
		log[stream->logged++] = word;
	else
		stream->full = 1;
}

static uint32_t page(const struct cpu *me)
{
	return me->note[0];
}

/* Where the APIC is, and its mode: note[0], and x2apic. */
static void look_at_base(struct cpu *me)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	me->note[0] = (uint32_t)base & 0xfffff000;
	me->note[1] = (base & BASE_EN) != 0;
	me->x2apic = (base & BASE_EXTD) != 0;
}

static uint32_t read_reg(struct cpu *me, uint32_t reg)
{
	if (me->x2apic)
		return (uint32_t)rdmsr(APIC_MSR(reg));
	return *page_at(page(me), reg);
}

volatile uint32_t *page_at(uint32_t address, enum apic_reg reg)
{
	return (volatile uint32_t *)(uint64_t)(address + (uint32_t)reg);
}

static uint32_t bit_of(struct cpu *me, uint32_t reg, uint32_t vector)
{
	return read_reg(me, reg + vector / 32 * 0x10) >> vector % 32 & 1;
}

/* False: that was the last one of this window. */
static bool vector_taken(struct cpu *me, uint32_t vector)
{
	uint32_t word = vector | bit_of(me, APIC_ISR, vector) << 8;

	taken[me->id][me->logged++ % 256] = word;
	if (me->x2apic)
		wrmsr(APIC_MSR(APIC_EOI), 0);
	else
		*page_at(page(me), APIC_EOI) = 0;
	return me->logged != limit;
}

/* Called by boot.S with interrupts off. */
void trap(struct trap_frame *frame)
{
	bool at_msr = frame->rip == (uint64_t)rdmsr_insn ||
		      frame->rip == (uint64_t)wrmsr_insn;

	if (frame->vector == VECTOR_GP && at_msr) {
		frame->rip = (uint64_t)msr_fault;
	} else if (frame->vector == VECTOR_NMI) {
		this_cpu()->nmis++;
	} else if (frame->vector >= 16) {
		/* This code raises none of the exceptions 16 to 31. */
		if (!vector_taken(this_cpu(), (uint32_t)frame->vector))
			frame->rflags &= ~RFLAGS_IF;
	} else {
		print("executor: cpu %u: exception %u, rip %lx, cr2 %lx\n",
		      this_cpu()->id, (uint32_t)frame->vector, frame->rip,
		      read_cr2());
		leave(1);
	}
}

static uint64_t load(uint32_t at, uint8_t width)
{
	uint64_t address = at;

	switch (width) {
	case 1:
		return *(volatile uint8_t *)address;
	case 2:
		return *(volatile uint16_t *)address;
	case 8:
		return *(volatile uint64_t *)address;
	default:
		return *(volatile uint32_t *)address;
	}
}

static void store(uint32_t at, uint8_t width, uint64_t value)
{
	uint64_t address = at;

	switch (width) {
	case 1:
		*(volatile uint8_t *)address = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)address = (uint16_t)value;
		break;
	case 8:
		*(volatile uint64_t *)address = value;
		break;
	default:
		*(volatile uint32_t *)address = (uint32_t)value;
	}
}

/* Out of the guest and back: nothing that is due stays behind. */
static void settle_here(void)
{
	out8(YIELD_PORT, 0);
	out8(YIELD_PORT, 0);
}

static void window(struct cpu *me, uint32_t most)
{
	uint32_t before;

	me->logged = 0;
	limit = most;
	do {
		before = me->logged;
		sti();
		settle_here();
		cli();
	} while (me->logged != before && (!most || me->logged < most));
}

static uint64_t wait(struct cpu *me, uint32_t vector, uint64_t cycles)
{
	uint64_t start = rdtsc();

	while (!bit_of(me, APIC_IRR, vector)) {
		if (rdtsc() - start > cycles)
			return bit_of(me, APIC_IRR, vector);
		settle_here();
	}
	return 1;
}

static void snapshot(struct cpu *me)
{
	static const uint16_t regs[] = {
		APIC_ID,        APIC_VERSION,   APIC_TPR,
		APIC_PPR,       APIC_LDR,       APIC_SVR,
		APIC_ESR,       APIC_LVT_TIMER, APIC_LVT_THERMAL,
		APIC_LVT_PERF,  APIC_LVT_LINT0, APIC_LVT_LINT1,
		APIC_LVT_ERROR, APIC_TIMER_ICR, APIC_TIMER_DCR,
	};

	write_log(rdmsr(MSR_APIC_BASE));
	write_log(read_cr8());
	if (!me->note[1])
		return;
	for (uint32_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		write_log(read_reg(me, regs[i]));
	for (uint32_t i = 0; i < 24; i++)
		write_log(read_reg(me, APIC_ISR + i * 0x10));
	if (me->x2apic) {
		write_log(rdmsr(APIC_MSR(APIC_ICR)));
		return;
	}
	write_log((uint64_t)read_reg(me, APIC_ICR2) << 32 |
		  read_reg(me, APIC_ICR));
	write_log(read_reg(me, APIC_DFR));
}

static uint32_t snapshot_words(const struct cpu *me)
{
	if (!me->note[1])
		return 2;
	return 2 + 15 + 24 + (me->x2apic ? 1 : 2);
}

static void log_ioapic(void)
{
	uint32_t index = ioapic_index();

	write_log(index);
	write_log(ioapic_read(IOAPIC_ID));
	write_log(ioapic_read(IOAPIC_VER));
	for (uint32_t i = 0; i < 2 * IOAPIC_PINS; i += 2)
		write_log((uint64_t)ioapic_read(IOAPIC_ENTRY + i + 1) << 32 |
			  ioapic_read(IOAPIC_ENTRY + i));
	ioapic_select(index);
}

static void log_pic(void)
{
	write_log(pic_both(OCW3_IRR));
	write_log(pic_both(OCW3_ISR));
	write_log(pic_read(PIC_MASTER + 1) | pic_read(PIC_SLAVE + 1) << 8);
	write_log(pic_read(PIC_ELCR) | pic_read(PIC_ELCR + 1) << 8);
}

static uint64_t fall(uint32_t n)
{
	bool requests = pic_both(OCW3_IRR) >> n & 1;

	if (!requests)
		line(n, false);
	return !requests;
}

static void send(struct cpu *me, uint32_t icr, uint32_t id)
{
	if (me->x2apic) {
		wrmsr(APIC_MSR(APIC_ICR), (uint64_t)id << 32 | icr);
		return;
	}
	*page_at(page(me), APIC_ICR2) = id << 24;
	*page_at(page(me), APIC_ICR) = icr;
}

/* A SIPI that comes before INIT is done may be lost: there are more. */
static uint64_t start_cpu1(void)
{
	struct cpu *cpu = &cpus[1];
	uint32_t starts = LOAD(cpu->starts);

	send(&cpus[0], ICR_INIT | ICR_ASSERT, 1);
	for (uint32_t i = 0; i < 1000 && LOAD(cpu->starts) == starts; i++) {
		uint64_t begin = rdtsc();

		while (LOAD(cpu->starts) == starts &&
		       rdtsc() - begin < 4 * MILLISECOND)
			out8(YIELD_PORT, 0);
		send(&cpus[0], ICR_SIPI | ICR_ASSERT | TRAMPOLINE >> 12, 1);
	}
	return LOAD(cpu->starts) - starts;
}

static uint64_t cpuid_apic(void)
{
	uint32_t regs[4];

	cpuid(1, regs);
	return regs[3] >> 9 & 1;
}

/* What takes more than an instruction; true if it is logged already. */
static bool
run_long(struct cpu *me, const struct op *op, uint32_t number, uint64_t *value)
{
	uint32_t extra;

	switch (op->code) {
	case OP_WINDOW:
		window(me, (uint32_t)op->value);
		extra = me->logged;
		write_log(number | (uint64_t)extra << LOG_EXTRA_SHIFT);
		write_log(me->nmis);
		for (uint32_t i = 0; i < extra; i++)
			write_log(taken[me->id][i]);
		me->nmis = 0;
		return true;
	case OP_SNAPSHOT:
		extra = snapshot_words(me);
		write_log(number | (uint64_t)extra << LOG_EXTRA_SHIFT);
		write_log(0);
		snapshot(me);
		return true;
	case OP_IOAPIC:
		write_log(number | (uint64_t)IOAPIC_WORDS << LOG_EXTRA_SHIFT);
		write_log(0);
		log_ioapic();
		return true;
	case OP_PIC:
		write_log(number | (uint64_t)PIC_WORDS << LOG_EXTRA_SHIFT);
		write_log(0);
		log_pic();
		return true;
	case OP_FALL:
		*value = fall(op->at);
		break;
	case OP_SETTLE:
		settle_here();
		break;
	case OP_WAIT:
		*value = wait(me, op->at, op->value);
		break;
	case OP_START:
		*value = start_cpu1();
		break;
	case OP_CPUID:
		*value = cpuid_apic();
		break;
	default:
		print("executor: operation %u has code %u\n", number, op->code);
		leave(1);
	}
	return false;
}

static void run(struct cpu *me, const struct op *op, uint32_t number)
{
	uint64_t value = 0;
	bool fault = false;

	switch (op->code) {
	case OP_LOAD:
		value = load(op->at, op->width);
		break;
	case OP_STORE:
		store(op->at, op->width, op->value);
		break;
	case OP_RDMSR:
		fault = rdmsr_faults(op->at, &value);
		break;
	case OP_WRMSR:
		fault = wrmsr_faults(op->at, op->value);
		if (op->at == MSR_APIC_BASE)
			look_at_base(me);
		break;
	case OP_READ_CR8:
		value = read_cr8();
		break;
	case OP_WRITE_CR8:
		write_cr8(op->value);
		break;
	case OP_IN:
		value = in8((uint16_t)op->at);
		break;
	case OP_OUT:
		if (op->width == 4)
			out32((uint16_t)op->at, (uint32_t)op->value);
		else
			out8((uint16_t)op->at, (uint8_t)op->value);
		break;
	default:
		if (run_long(me, op, number, &value))
			return;
	}
	write_log(number | (fault ? LOG_FAULT : 0));
	write_log(fault ? 0 : value);
}

static void pass_on(const struct op *op, uint32_t number)
{
	turn_number = number;
	STORE(turn, op);
	for (uint32_t i = 1; LOAD(turn); i++) {
		if (i % 16 == 0)
			out8(YIELD_PORT, 0);
		pause();
	}
}

static void cpu_begin(struct cpu *me, uint32_t id)
{
	me->self = me;
	me->id = id;
	wrmsr(MSR_GS_BASE, (uint64_t)me);
	trap_load();
	me->nmis = 0;
	look_at_base(me);
}

/* From boot.S, at each SIPI. */
_Noreturn void cpu_main(uint32_t id)
{
	struct cpu *me = &cpus[id];

	cpu_begin(me, id);
	STORE(me->starts, me->starts + 1);
	for (uint32_t i = 1;; i++) {
		const struct op *op = LOAD(turn);

		if (op) {
			run(me, op, turn_number);
			STORE(turn, NULL);
		} else if (i % 16 == 0) {
			out8(YIELD_PORT, 0);
		}
		pause();
	}
}

_Noreturn void guest_main(const struct guest_boot *boot)
{
	const struct op *ops = (struct op *)(uint64_t)(SHARE + stream->ops_at);
	char *low = (char *)(uint64_t)TRAMPOLINE;

	if (boot->magic != BOOT_MAGIC || stream->magic != STREAM_MAGIC) {
		print("executor: no stream; see --share\n");
		leave(1);
	}
	nr_cpus = boot->nr_vcpus;
	if (nr_cpus > sizeof(taken) / sizeof(taken[0])) {
		print("executor: %u vCPUs; it is for one or two\n", nr_cpus);
		leave(1);
	}
	for (const char *p = trampoline; p < trampoline_end; p++)
		*(volatile char *)low++ = *p;
	trap_build();
	cpu_begin(&cpus[0], 0);
	for (uint32_t i = 0; i < stream->nr_ops; i++) {
		if (ops[i].cpu)
			pass_on(&ops[i], i);
		else
			run(&cpus[0], &ops[i], i);
		stream->done = i + 1;
	}
	leave((uint8_t)stream->full);
}
