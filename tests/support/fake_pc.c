/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "fake_pc.h"

#include <string.h>

#define MACHINES 4
#define GARBAGE 0xa5
/* What take() returned last, less one. */
#define FLAGS UINT64_C(0x1122334455667788)

static _Alignas(
	VIC_CACHE_LINE) unsigned char ioapics[MACHINES][FAKE_IOAPIC_BYTES];
static _Alignas(VIC_CACHE_LINE) unsigned char pics[MACHINES][VIC_PIC_SIZE];
static unsigned int made;
static unsigned int locks;
static unsigned int held;

static uint64_t take(uint32_t *word)
{
	assert_int_equal(*word, 0);
	assert_true(held < 3);
	*word = ++held;
	locks++;
	return FLAGS + held;
}

static void drop(uint32_t *word, uint64_t flags)
{
	/* The last one taken is dropped first. */
	assert_int_equal(*word, held);
	assert_true(flags == FLAGS + held);
	*word = 0;
	held--;
}

unsigned int fake_pc_locks(void)
{
	return locks;
}

static void wake(void *opaque)
{
	assert_int_equal(held, 0);
	fake_ops.wake(opaque);
}

static void kick(void *opaque)
{
	assert_int_equal(held, 0);
	fake_ops.kick(opaque);
}

static void notify(void *opaque, uint32_t dest, uint8_t vector)
{
	assert_int_equal(held, 0);
	fake_ops.notify(opaque, dest, vector);
}

static uint64_t now(void *opaque, uint32_t clock)
{
	return fake_ops.now(opaque, clock);
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct fake_pc *pc = opaque;

	assert_int_equal(held, 0);
	if (source == VIC_EOI_LAPIC) {
		fake_ops.eoi(opaque, source, number);
		return;
	}
	assert_true(pc->heard_count < FAKE_COUNT(pc->heard));
	pc->heard[pc->heard_count].source = source;
	pc->heard[pc->heard_count].number = number;
	pc->heard_count++;
	if (pc->on_eoi)
		pc->on_eoi(pc, source, number);
}

static uint8_t inta(void *opaque)
{
	struct fake_vcpu *cpu = opaque;
	struct fake_pc *pc = (struct fake_pc *)(void *)cpu->vm;

	assert_int_equal(held, 0);
	cpu->intas++;
	return vic_pic_ack(pc->pic, &pc->device);
}

static bool msi(void *opaque, uint64_t address, uint32_t data)
{
	struct fake_pc *pc = opaque;

	assert_int_equal(held, 0);
	pc->address = address;
	pc->data = data;
	pc->msis++;
	return !pc->refuse;
}

const struct vic_vcpu_ops fake_pc_ops = {
	.size = sizeof(fake_pc_ops),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
	.lock = take,
	.unlock = drop,
	.now = now,
	.inta = inta,
	.notify = notify,
	.msi = msi,
};

static struct vic_vcpu_ops own_locks;
static const struct vic_vcpu_ops *ops = &fake_pc_ops;

int fake_pc_watched(void **state)
{
	ops = &fake_pc_ops;
	return fake_reset(state);
}

int fake_pc_plain(void **state)
{
	own_locks = fake_pc_ops;
	own_locks.lock = NULL;
	own_locks.unlock = NULL;
	ops = &own_locks;
	return fake_reset(state);
}

static void make_ioapic(struct fake_pc *pc, const struct fake_pc_spec *spec,
			unsigned char *bytes)
{
	struct vic_ioapic_config config = {
		.size = sizeof(config),
		.flags = spec->flags,
		.pins = spec->pins,
		.version = spec->version,
		.id = spec->id,
		.bus = spec->alone ? NULL : pc->vm.bus,
		.ops = spec->ops ? spec->ops : ops,
		.opaque = pc,
	};
	size_t size = vic_ioapic_size(&config);

	assert_true(size > 0 && size <= FAKE_IOAPIC_BYTES);
	memset(bytes, GARBAGE, size);
	assert_int_equal(vic_ioapic_init(bytes, size, &config, &pc->ioapic),
			 VIC_OK);
}

static void make_pic(struct fake_pc *pc, const struct fake_pc_spec *spec,
		     unsigned char *bytes)
{
	struct vic_pic_config config = {
		.size = sizeof(config),
		.flags = spec->pic_flags,
		.ioapic = spec->hub ? pc->ioapic : NULL,
		.ops = spec->ops ? spec->ops : ops,
		.opaque = pc,
	};
	uint32_t i;

	memset(bytes, GARBAGE, VIC_PIC_SIZE);
	assert_int_equal(vic_pic_init(bytes, vic_pic_size(), &config, &pc->pic),
			 VIC_OK);
	for (i = 0; i < spec->wires; i++)
		assert_int_equal(
			vic_pic_wire(pc->pic, &pc->device, pc->vm.cpu[i].vcpu),
			VIC_OK);
}

void fake_pc_make(struct fake_pc *pc, const struct fake_pc_spec *spec)
{
	struct fake_spec vm = {
		.vcpus = spec->vcpus ? spec->vcpus : 2,
		.present = spec->present,
		.ids = spec->ids,
		.lapic_flags = spec->lapic_flags,
		.bus_flags = spec->bus_flags,
		.msi_format = spec->msi_format,
		.ops = spec->ops ? spec->ops : ops,
		.raw = spec->raw,
	};
	unsigned int slot = made++ % MACHINES;

	memset(pc, 0, sizeof(*pc));
	held = 0;
	fake_vm_make(&pc->vm, &vm);
	make_ioapic(pc, spec, ioapics[slot]);
	make_pic(pc, spec, pics[slot]);
}

void fake_heard_nothing(struct fake_pc *pc)
{
	assert_int_equal(pc->heard_count, 0);
}

void fake_heard_one(struct fake_pc *pc, uint32_t source, uint32_t number)
{
	assert_int_equal(pc->heard_count, 1);
	assert_int_equal(pc->heard[0].source, source);
	assert_int_equal(pc->heard[0].number, number);
	pc->heard_count = 0;
}

uint32_t fake_ioapic_load(struct fake_pc *pc, uint32_t offset)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(vic_ioapic_read(pc->ioapic, offset, 4, &value),
			 VIC_ACCESS_DONE);
	assert_int_equal(held, 0);
	assert_true(value >> 32 == 0);
	return (uint32_t)value;
}

void fake_ioapic_store(struct fake_pc *pc, uint32_t offset, uint32_t value)
{
	assert_int_equal(
		vic_ioapic_write(pc->ioapic, &pc->device, offset, 4, value),
		VIC_ACCESS_DONE);
	assert_int_equal(held, 0);
}

uint32_t fake_ioapic_get(struct fake_pc *pc, uint32_t index)
{
	fake_ioapic_store(pc, VIC_IOAPIC_IOREGSEL, index);
	return fake_ioapic_load(pc, VIC_IOAPIC_IOWIN);
}

void fake_ioapic_put(struct fake_pc *pc, uint32_t index, uint32_t value)
{
	fake_ioapic_store(pc, VIC_IOAPIC_IOREGSEL, index);
	fake_ioapic_store(pc, VIC_IOAPIC_IOWIN, value);
}

uint64_t fake_entry(struct fake_pc *pc, uint32_t pin)
{
	uint32_t index = VIC_IOAPIC_REDTBL + 2 * pin;
	uint64_t entry = fake_ioapic_get(pc, index);
	struct vic_ioapic_pin peeked;

	entry |= (uint64_t)fake_ioapic_get(pc, index + 1) << 32;
	assert_int_equal(vic_ioapic_peek(pc->ioapic, pin, &peeked), VIC_OK);
	assert_int_equal(held, 0);
	assert_true(peeked.entry == entry);
	return entry;
}

void fake_program(struct fake_pc *pc, uint32_t pin, uint64_t entry)
{
	uint32_t index = VIC_IOAPIC_REDTBL + 2 * pin;

	fake_ioapic_put(pc, index + 1, (uint32_t)(entry >> 32));
	fake_ioapic_put(pc, index, (uint32_t)entry);
}

bool fake_source(struct fake_pc *pc, uint32_t pin, uint32_t source, bool level)
{
	bool sent = vic_ioapic_line_set(pc->ioapic, &pc->device, pin, source,
					level);

	assert_int_equal(held, 0);
	return sent;
}

bool fake_line(struct fake_pc *pc, uint32_t pin, bool level)
{
	return fake_source(pc, pin, 0, level);
}

bool fake_remote_irr(struct fake_pc *pc, uint32_t pin)
{
	return (fake_entry(pc, pin) & VIC_RTE_REMOTE_IRR) != 0;
}

bool fake_send_pending(struct fake_pc *pc, uint32_t pin)
{
	return (fake_entry(pc, pin) & VIC_RTE_BUSY) != 0;
}

void fake_pc_serve(struct fake_pc *pc, uint32_t n, uint8_t vector)
{
	struct fake_vcpu *cpu = &pc->vm.cpu[n];

	assert_int_equal(fake_deliverable(cpu), vector);
	assert_int_equal(vic_lapic_ack(cpu->lapic, vector), VIC_OK);
	assert_int_equal(held, 0);
}

void fake_pc_eoi(struct fake_pc *pc, uint32_t n)
{
	fake_write(&pc->vm.cpu[n], VIC_APIC_EOI, 0);
	assert_int_equal(held, 0);
}

uint8_t fake_pc_next(struct fake_pc *pc, uint32_t n)
{
	return fake_deliverable(&pc->vm.cpu[n]);
}

uint32_t fake_get32(const unsigned char *image, size_t at)
{
	return image[at] | (uint32_t)image[at + 1] << 8 |
	       (uint32_t)image[at + 2] << 16 | (uint32_t)image[at + 3] << 24;
}

uint64_t fake_get64(const unsigned char *image, size_t at)
{
	return fake_get32(image, at) | (uint64_t)fake_get32(image, at + 4)
					       << 32;
}

void fake_put32(unsigned char *image, size_t at, uint32_t value)
{
	size_t i;

	for (i = 0; i < 4; i++)
		image[at + i] = (unsigned char)(value >> (8 * i));
}

void fake_put64(unsigned char *image, size_t at, uint64_t value)
{
	fake_put32(image, at, (uint32_t)value);
	fake_put32(image, at + 4, (uint32_t)(value >> 32));
}

void fake_out(struct fake_pc *pc, uint32_t port, uint8_t value)
{
	assert_int_equal(vic_pic_write(pc->pic, &pc->device, port, value),
			 VIC_ACCESS_DONE);
	assert_int_equal(held, 0);
}

uint8_t fake_in(struct fake_pc *pc, uint32_t port)
{
	uint8_t value = 0x5a;

	assert_int_equal(vic_pic_read(pc->pic, &pc->device, port, &value),
			 VIC_ACCESS_DONE);
	assert_int_equal(held, 0);
	return value;
}

bool fake_irq(struct fake_pc *pc, uint32_t irq, bool level)
{
	bool rose = vic_pic_line_set(pc->pic, &pc->device, irq, 0, level);

	assert_int_equal(held, 0);
	return rose;
}

void fake_pulse(struct fake_pc *pc, uint32_t irq)
{
	fake_irq(pc, irq, true);
	fake_irq(pc, irq, false);
}

uint8_t fake_inta(struct fake_pc *pc)
{
	uint8_t vector = vic_pic_ack(pc->pic, &pc->device);

	assert_int_equal(held, 0);
	return vector;
}

struct vic_pic_chip fake_chip(struct fake_pc *pc, uint32_t chip)
{
	struct vic_pic_chip out;

	vic_pic_peek(pc->pic, chip, &out);
	assert_int_equal(held, 0);
	return out;
}

uint8_t fake_pic_irr(struct fake_pc *pc, int chip)
{
	return fake_chip(pc, (uint32_t)chip).irr;
}

uint8_t fake_pic_isr(struct fake_pc *pc, int chip)
{
	return fake_chip(pc, (uint32_t)chip).isr;
}

void fake_pic_init(struct fake_pc *pc, uint32_t port, uint8_t icw1,
		   uint8_t base, uint8_t icw4)
{
	fake_out(pc, port, VIC_PIC_ICW1 | icw1);
	fake_out(pc, port + 1, base);
	if (!(icw1 & VIC_PIC_ICW1_SNGL))
		fake_out(pc, port + 1, port == VIC_PIC_MASTER ? 0x04 : 0x02);
	if (icw1 & VIC_PIC_ICW1_IC4)
		fake_out(pc, port + 1, icw4);
	fake_out(pc, port + 1, 0);
}

void fake_pic_setup(struct fake_pc *pc)
{
	fake_pic_init(pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4,
		      FAKE_PIC_MASTER_BASE, VIC_PIC_ICW4_UPM);
	fake_pic_init(pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_IC4, FAKE_PIC_SLAVE_BASE,
		      VIC_PIC_ICW4_UPM);
}
