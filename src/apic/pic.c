/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Requests, priorities and INT of a pair of 8259A: Intel 8259A data sheet,
 * "Interrupt sequence", "Operation command words", "Cascade mode".
 */
#include "apic/pic_priv.h"

static bool config_known(const struct vic_pic_config *config)
{
	return abi_known(config, config->size, sizeof(*config),
			 sizeof(*config)) &&
	       !(config->flags & ~(uint32_t)VIC_PIC_KEEP_EDGES);
}

size_t vic_pic_size(void)
{
	return sizeof(struct vic_pic);
}

static void chip_reset(struct pic_chip *chip)
{
	uint8_t inputs = chip->inputs;

	memset(chip, 0, sizeof(*chip));
	chip->inputs = inputs;
	chip->lowest = PIC_INPUTS - 1;
}

int vic_pic_init(void *storage, size_t size,
		 const struct vic_pic_config *config, struct vic_pic **pic)
{
	struct vic_pic *p = storage;

	if (!config || !pic)
		return VIC_ERR_INVAL;
	if (!config_known(config))
		return VIC_ERR_ABI;
	if (config->reserved || !chip_ops_valid(config->ops) ||
	    (config->ioapic && config->ioapic_pin >= config->ioapic->nr))
		return VIC_ERR_INVAL;
	if (!p || size < sizeof(*p) || !aligned(p, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	memset(p, 0, sizeof(*p));
	lock_init(&p->lock, config->ops);
	p->ops = config->ops;
	p->opaque = config->opaque;
	p->ioapic = config->ioapic;
	p->ioapic_pin = config->ioapic_pin;
	p->flags = config->flags;
	if (!config->ops->lock &&
	    !(config->ioapic && (config->ioapic->flags & VIC_IOAPIC_VOLTAGES)))
		p->short_irqs = PIC_INPUTS;
	for (uint32_t c = 0; c < 2; c++)
		chip_reset(&p->chips[c]);
	*pic = p;
	return VIC_OK;
}

/* @bits with the input of highest priority as bit 0. */
ALWAYS_INLINE uint32_t rotated(const struct pic_chip *chip, uint32_t bits)
{
	return (bits << 8 | bits) >> (chip->lowest + 1) & 0xff;
}

ALWAYS_INLINE uint32_t highest(const struct pic_chip *chip, uint32_t bits)
{
	return (low_bit32(rotated(chip, bits)) + chip->lowest + 1) & 7;
}

uint32_t pic_highest(const struct pic_chip *chip, uint32_t bits)
{
	return highest(chip, bits);
}

/* Requests that may be delivered now; the highest is the one that is. */
ALWAYS_INLINE uint32_t deliverable(const struct pic_chip *chip, bool master)
{
	uint32_t requests = chip->irr & ~(uint32_t)chip->imr;
	uint32_t service = chip->isr;

	if (LIKELY(!requests) || UNLIKELY(!chip->ready))
		return 0;
	if (LIKELY(!service))
		return requests;
	if (chip->special_mask)
		service &= ~(uint32_t)chip->imr;
	if (!service)
		return requests;
	service = rotated(chip, service);
	service &= -service;
	/* The slave sorts out which of its requests goes first. */
	if (master && (chip->icw4 & VIC_PIC_ICW4_SFNM) &&
	    service == rotated(chip, 1u << VIC_PIC_CASCADE))
		service <<= 1;
	/* Those above all that is in service. */
	return rotated(chip, requests) & (service - 1) ? requests : 0;
}

uint32_t pic_pick(const struct pic_chip *chip, bool master)
{
	uint32_t requests = deliverable(chip, master);

	return requests ? pic_highest(chip, requests) : PIC_INPUTS;
}

/* @keep: a request stays though its edge-triggered input falls. */
ALWAYS_INLINE void
chip_input(struct pic_chip *chip, uint32_t n, bool high, bool keep)
{
	uint32_t bit = 1u << n, inputs = chip->inputs, irr = chip->irr;

	if (high) {
		if ((chip->level & bit) || !(inputs & bit))
			irr |= bit;
		inputs |= bit;
	} else {
		if ((chip->level & bit) || !keep)
			irr &= ~bit;
		inputs &= ~bit;
	}
	chip->inputs = (uint8_t)inputs;
	chip->irr = (uint8_t)irr;
}

void pic_set_level(struct pic_chip *chip)
{
	uint32_t old = chip->level;
	uint32_t now = chip->icw1 & VIC_PIC_ICW1_LTIM ? 0xff : chip->elcr;

	chip->level = (uint8_t)now;
	/* An edge is yet to come; a level is what the input is. */
	chip->irr =
		(uint8_t)((chip->irr & ~(old ^ now)) | (chip->inputs & now));
}

/* INT is @high from now on. */
static void drive(struct pic_call *call, bool high)
{
	struct vic_pic *pic = call->pic;

	pic->chips[PIC_CHIP_MASTER].output = high;
	for (uint32_t i = 0; i < pic->nr_wires; i++)
		if (!high)
			inbox_wire_low(pic->wires[i]);
		else if (inbox_wire_high(pic->wires[i], call->counters))
			call->tell |= 1u << i;
	if (UNLIKELY(pic->ioapic) &&
	    ioapic_move(pic->ioapic, pic->ioapic_pin, PIC_SOURCE, high,
			&call->message[call->messages]))
		call->messages++;
}

/* The slave's output, as the master has it. */
static void cascade(struct vic_pic *pic)
{
	struct pic_chip *slave = &pic->chips[PIC_CHIP_SLAVE];
	bool high = deliverable(slave, false) != 0;

	if (high == slave->output)
		return;
	slave->output = high;
	/* A request that is withdrawn is found to be spurious at INTA. */
	chip_input(&pic->chips[PIC_CHIP_MASTER], VIC_PIC_CASCADE, high, true);
}

/* INT of chip @c drops for a moment: what it still has is an edge. */
static void drop_output(struct pic_call *call, uint32_t c)
{
	struct pic_chip *master = &call->pic->chips[PIC_CHIP_MASTER];

	if (c == PIC_CHIP_SLAVE) {
		call->pic->chips[c].output = false;
		chip_input(master, VIC_PIC_CASCADE, false, false);
	}
	if (master->output &&
	    (c == PIC_CHIP_MASTER || !deliverable(master, true)))
		drive(call, false);
}

void pic_begin(struct pic_call *call, struct vic_pic *pic,
	       struct vic_counters *counters)
{
	call->pic = pic;
	call->counters = counters;
	call->tell = 0;
	call->ended = 0;
	call->messages = 0;
	call->rose = false;
	lock_take(&pic->lock);
}

ALWAYS_INLINE void output(struct pic_call *call)
{
	struct pic_chip *master = &call->pic->chips[PIC_CHIP_MASTER];
	bool high;

	cascade(call->pic);
	high = deliverable(master, true) != 0;
	if (high == master->output)
		return;
	drive(call, high);
	call->rose = high;
}

static __attribute__((noinline)) void tell(struct pic_call *call)
{
	struct vic_pic *pic = call->pic;

	for (uint32_t bits = call->tell; bits; bits &= bits - 1)
		inbox_signal(pic->wires[low_bit32(bits)],
			     &call->counters->requests, false);
	for (uint32_t i = 0; i < call->messages; i++)
		ioapic_send(pic->ioapic, call->counters, &call->message[i]);
	call->tell = 0;
	call->messages = 0;
}

static __attribute__((noinline)) void report(struct pic_call *call)
{
	struct vic_pic *pic = call->pic;

	for (uint32_t bits = call->ended; bits; bits &= bits - 1)
		pic->ops->eoi(pic->opaque, VIC_EOI_PIC, low_bit32(bits));
}

void pic_end(struct pic_call *call)
{
	struct vic_pic *pic = call->pic;

	/* A line that the device lowers now is not requested again. */
	if (UNLIKELY(call->ended)) {
		lock_drop(&pic->lock);
		tell(call);
		report(call);
		lock_take(&pic->lock);
	}
	output(call);
	lock_drop(&pic->lock);
	if (call->tell | call->messages)
		tell(call);
}

void pic_finish(struct pic_call *call, uint32_t c, uint32_t n)
{
	struct pic_chip *chip = &call->pic->chips[c];
	bool is_cascade = c == PIC_CHIP_MASTER && n == VIC_PIC_CASCADE;

	chip->isr &= (uint8_t) ~(1u << n);
	if ((chip->level >> n & 1) && !is_cascade && call->pic->ops->eoi)
		call->ended |= 1u << (c * PIC_INPUTS + n);
}

uint32_t pic_service(struct pic_call *call, uint32_t c)
{
	struct vic_pic *pic = call->pic;
	struct pic_chip *chip = &pic->chips[c];
	uint32_t n = pic_pick(chip, c == PIC_CHIP_MASTER), bit = 1u << n;

	if (n == PIC_INPUTS)
		return n;
	if (!(chip->level & bit))
		chip->irr &= (uint8_t)~bit;
	chip->isr |= (uint8_t)bit;
	if (chip->icw4 & VIC_PIC_ICW4_AEOI) {
		if (chip->rotate)
			chip->lowest = (uint8_t)n;
		pic_finish(call, c, n);
	}
	drop_output(call, c);
	return n;
}

static __attribute__((noinline)) bool
line_set_long(struct vic_pic *pic, struct vic_counters *counters, uint32_t irq,
	      uint32_t source, bool level)
{
	struct pic_call call;
	uint64_t old, bit = UINT64_C(1) << (source & 63);

	if (irq >= PIC_IRQS || irq == VIC_PIC_CASCADE || source > 63)
		return false;
	pic_begin(&call, pic, counters);
	old = pic->sources[irq];
	pic->sources[irq] = level ? old | bit : old & ~bit;
	if (!old != !pic->sources[irq])
		chip_input(&pic->chips[irq / PIC_INPUTS], irq % PIC_INPUTS,
			   level, pic->flags & VIC_PIC_KEEP_EDGES);
	pic_end(&call);
	return call.rose;
}

/* INT of the short ways; the lock is dropped here. */
static __attribute__((noinline)) bool
int_rises_many(struct vic_pic *pic, struct vic_counters *counters)
{
	struct ioapic_message message;
	uint32_t tell = 0;
	bool due = false;

	for (uint32_t i = 0; i < pic->nr_wires; i++)
		if (inbox_wire_high(pic->wires[i], counters))
			tell |= 1u << i;
	if (pic->ioapic)
		due = ioapic_move(pic->ioapic, pic->ioapic_pin, PIC_SOURCE,
				  true, &message);
	lock_drop_known(&pic->lock, true);
	for (; tell; tell &= tell - 1)
		inbox_signal(pic->wires[low_bit32(tell)], &counters->requests,
			     false);
	if (due)
		ioapic_send(pic->ioapic, counters, &message);
	return true;
}

static __attribute__((noinline)) bool int_rises(struct vic_pic *pic,
						struct vic_counters *counters,
						struct vic_vcpu *vcpu)
{
	bool due = inbox_wire_high(vcpu, counters);

	lock_drop_known(&pic->lock, true);
	if (LIKELY(due))
		inbox_signal(vcpu, &counters->requests, false);
	return true;
}

static __attribute__((noinline)) void int_falls_many(struct vic_pic *pic)
{
	struct ioapic_message message;

	for (uint32_t i = 0; i < pic->nr_wires; i++)
		inbox_wire_low(pic->wires[i]);
	/* The pin sends nothing when INT falls. */
	if (pic->ioapic)
		ioapic_move(pic->ioapic, pic->ioapic_pin, PIC_SOURCE, false,
			    &message);
	lock_drop_known(&pic->lock, true);
}

static __attribute__((noinline)) bool int_falls(struct vic_pic *pic)
{
	struct pic_chip *master = &pic->chips[PIC_CHIP_MASTER];

	/* In a callback of the slave's EOI it is not worked out yet. */
	cascade(pic);
	if (deliverable(master, true)) {
		lock_drop_known(&pic->lock, true);
		return false;
	}
	master->output = false;
	int_falls_many(pic);
	return false;
}

static __attribute__((noinline)) bool line_rises(struct vic_pic *pic,
						 struct vic_counters *counters,
						 uint32_t irq, uint32_t source)
{
	struct pic_chip *master = &pic->chips[PIC_CHIP_MASTER];
	const uint8_t input = (uint8_t)(1u << irq);
	struct vic_vcpu *vcpu;
	uint64_t old;

	lock_take_known(&pic->lock, true);
	old = pic->sources[irq];
	pic->sources[irq] = old | UINT64_C(1) << source;
	if (LIKELY(!old)) {
		master->inputs |= input;
		master->irr |= input;
	}
	/* What rises cannot lower INT. */
	if (UNLIKELY(old || master->output || !deliverable(master, true))) {
		lock_drop_known(&pic->lock, true);
		return false;
	}
	master->output = true;
	vcpu = pic->sole;
	if (UNLIKELY(!vcpu))
		return int_rises_many(pic, counters);
	return int_rises(pic, counters, vcpu);
}

ALWAYS_INLINE bool
line_falls(struct vic_pic *pic, uint32_t irq, uint32_t source)
{
	struct pic_chip *master = &pic->chips[PIC_CHIP_MASTER];
	uint64_t old, now;

	lock_take_known(&pic->lock, true);
	old = pic->sources[irq];
	now = old & ~(UINT64_C(1) << source);
	pic->sources[irq] = now;
	if (LIKELY(old && !now)) {
		chip_input(master, irq, false, pic->flags & VIC_PIC_KEEP_EDGES);
		/* What falls cannot raise INT. */
		if (UNLIKELY(master->output))
			return int_falls(pic);
	}
	lock_drop_known(&pic->lock, true);
	return false;
}

bool vic_pic_line_set(struct vic_pic *pic, struct vic_counters *counters,
		      uint32_t irq, uint32_t source, bool level)
{
	if (UNLIKELY(irq >= pic->short_irqs))
		return line_set_long(pic, counters, irq, source, level);
	if (UNLIKELY(irq == VIC_PIC_CASCADE || source > 63))
		return false;
	return level ? line_rises(pic, counters, irq, source)
		     : line_falls(pic, irq, source);
}

static __attribute__((noinline)) uint8_t
ack_long(struct vic_pic *pic, struct vic_counters *counters)
{
	struct pic_chip *chip = &pic->chips[PIC_CHIP_MASTER];
	struct pic_call call;
	uint32_t n;

	pic_begin(&call, pic, counters);
	n = pic_service(&call, PIC_CHIP_MASTER);
	if (n == VIC_PIC_CASCADE) {
		chip = &pic->chips[PIC_CHIP_SLAVE];
		n = pic_service(&call, PIC_CHIP_SLAVE);
	}
	if (n == PIC_INPUTS)
		n = PIC_SPURIOUS;
	n |= chip->base;
	pic_end(&call);
	return (uint8_t)n;
}

static __attribute__((noinline)) uint8_t
ack_many(struct vic_pic *pic, uint8_t vector)
{
	int_falls_many(pic);
	return vector;
}

uint8_t vic_pic_ack(struct vic_pic *pic, struct vic_counters *counters)
{
	struct pic_chip *master = &pic->chips[PIC_CHIP_MASTER];
	uint32_t n, bit, requests;

	if (UNLIKELY(!pic->short_irqs))
		return ack_long(pic, counters);
	lock_take_known(&pic->lock, true);
	requests = master->irr & ~(uint32_t)master->imr;
	/* Nothing is in service, and what goes there holds back the rest. */
	if (UNLIKELY(!requests || !master->output || master->isr ||
		     (master->icw4 & VIC_PIC_ICW4_AEOI) ||
		     (requests >> VIC_PIC_CASCADE & 1))) {
		lock_drop_known(&pic->lock, true);
		return ack_long(pic, counters);
	}
	n = LIKELY(master->lowest == PIC_INPUTS - 1)
		    ? low_bit32(requests)
		    : highest(master, requests);
	bit = 1u << n;
	master->irr &= (uint8_t) ~(bit & ~(uint32_t)master->level);
	master->isr = (uint8_t)bit;
	master->output = false;
	n |= master->base;
	if (UNLIKELY(!pic->sole))
		return ack_many(pic, (uint8_t)n);
	inbox_wire_low(pic->sole);
	lock_drop_known(&pic->lock, true);
	return (uint8_t)n;
}

/* The usual EOI of one that was acknowledged; false: nothing was done. */
ALWAYS_INLINE bool eoi_short(struct vic_pic *pic)
{
	struct pic_chip *master = &pic->chips[PIC_CHIP_MASTER];
	uint32_t isr, requests;

	if (UNLIKELY(!pic->short_irqs))
		return false;
	lock_take_known(&pic->lock, true);
	isr = master->isr;
	requests = master->irr & ~(uint32_t)master->imr;
	/* Just one, and nothing comes of its end. */
	if (UNLIKELY(requests || master->special_mask || !isr ||
		     (isr & ((isr - 1) | master->level)))) {
		lock_drop_known(&pic->lock, true);
		return false;
	}
	master->isr = 0;
	lock_drop_known(&pic->lock, true);
	return true;
}

enum vic_access vic_pic_write(struct vic_pic *pic,
			      struct vic_counters *counters, uint32_t port,
			      uint8_t value)
{
	if (LIKELY(port == VIC_PIC_MASTER && value == VIC_PIC_OCW2_EOI &&
		   eoi_short(pic)))
		return VIC_ACCESS_DONE;
	return pic_write(pic, counters, port, value);
}

int vic_pic_wire(struct vic_pic *pic, struct vic_counters *counters,
		 struct vic_vcpu *vcpu)
{
	bool high = pic->chips[PIC_CHIP_MASTER].output;

	if (!vcpu || !vcpu->ops->inta)
		return VIC_ERR_INVAL;
	for (uint32_t i = 0; i < pic->nr_wires; i++)
		if (pic->wires[i] == vcpu)
			return VIC_ERR_EXISTS;
	if (pic->nr_wires == VIC_PIC_MAX_WIRES)
		return VIC_ERR_STATE;
	pic->wires[pic->nr_wires++] = vcpu;
	pic->sole = pic->nr_wires == 1 && !pic->ioapic ? vcpu : NULL;
	if (!high)
		inbox_wire_low(vcpu);
	else if (inbox_wire_high(vcpu, counters))
		inbox_signal(vcpu, &counters->requests, false);
	return VIC_OK;
}

void vic_pic_reset(struct vic_pic *pic, struct vic_counters *counters)
{
	struct pic_call call;
	bool high = pic->chips[PIC_CHIP_MASTER].output;

	pic_begin(&call, pic, counters);
	chip_input(&pic->chips[PIC_CHIP_MASTER], VIC_PIC_CASCADE, false, false);
	for (uint32_t c = 0; c < 2; c++)
		chip_reset(&pic->chips[c]);
	pic->chips[PIC_CHIP_MASTER].output = high;
	pic_end(&call);
}

bool vic_pic_output(struct vic_pic *pic)
{
	bool high;

	lock_take(&pic->lock);
	high = pic->chips[PIC_CHIP_MASTER].output;
	lock_drop(&pic->lock);
	return high;
}

void vic_pic_peek(struct vic_pic *pic, uint32_t c, struct vic_pic_chip *out)
{
	const struct pic_chip *chip = &pic->chips[c & 1];

	lock_take(&pic->lock);
	*out = (struct vic_pic_chip){
		.irr = chip->irr,
		.isr = chip->isr,
		.imr = chip->imr,
		.elcr = chip->elcr,
		.base = chip->base,
		.lowest = chip->lowest,
		.output = chip->output,
	};
	lock_drop(&pic->lock);
}
