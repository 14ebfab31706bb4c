/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "chip_world.h"

#define CAN_ALL (VIC_CAN_IRQ | VIC_CAN_NMI | VIC_CAN_SMI)

/* Few, so that they meet; now and then any. */
static uint32_t pick_pin(struct chip_world *w)
{
	uint32_t pins = w->im.config.pins, pick = input_u8(&w->input);

	if (pick < 192)
		return pick % (pins < 6 ? pins : 6);
	w->other_pin = input_u8(&w->input) % pins;
	return w->other_pin;
}

/* Without the PIC's in the pin that it is wired to. */
static uint32_t pick_source(struct input *input, uint32_t end)
{
	uint32_t pick = input_u8(input);

	return pick < 192 ? pick % 3 : pick % end;
}

static struct chip_cpu *pick_cpu(struct chip_world *w, struct chip_cpu **twin)
{
	uint32_t index = input_below(&w->input, CHIP_CPUS);

	*twin = &w->twin.cpu[index];
	return &w->real.cpu[index];
}

void chip_line(struct chip_world *w)
{
	uint32_t pin = pick_pin(w), source = pick_source(&w->input, 63);
	bool level = input_u8(&w->input) & 1, real;

	real = vic_ioapic_line_set(w->ioapic, &w->real.device, pin, source,
				   level);
	w->newly = false;
	im_line(&w->im, pin, source, level);
	REQUIRE(real == w->newly);
}

static void
write_both(struct chip_world *w, uint32_t offset, uint32_t len, uint64_t value)
{
	bool known = im_write(&w->im, offset, len, value);
	enum vic_access real = vic_ioapic_write(w->ioapic, &w->real.device,
						offset, len, value);

	REQUIRE(real == (known ? VIC_ACCESS_DONE : VIC_ACCESS_FOREIGN));
}

static uint64_t read_both(struct chip_world *w, uint32_t offset, uint32_t len)
{
	uint64_t value = 0x5a, expected = 0x5a;
	bool known = im_read(&w->im, offset, len, &expected);
	enum vic_access real = vic_ioapic_read(w->ioapic, offset, len, &value);

	REQUIRE(real == (known ? VIC_ACCESS_DONE : VIC_ACCESS_FOREIGN));
	REQUIRE(value == expected);
	return value;
}

/* Half an entry, as a guest does it. */
void chip_entry(struct chip_world *w)
{
	uint32_t half = input_u8(&w->input) & 1, pin = pick_pin(w);
	uint32_t value;

	if (half) {
		value = input_u8(&w->input);
		value = value << 24 | (input_u8(&w->input) & 3u) << 17;
	} else {
		value = input_u32(&w->input);
	}
	write_both(w, VIC_IOAPIC_IOREGSEL, 4,
		   VIC_IOAPIC_REDTBL + 2 * pin + half);
	write_both(w, VIC_IOAPIC_IOWIN, 4, value);
	read_both(w, VIC_IOAPIC_IOWIN, 4);
}

static uint32_t pick_offset(struct chip_world *w, uint32_t *len)
{
	static const uint32_t offsets[] = {VIC_IOAPIC_IOREGSEL,
					   VIC_IOAPIC_IOWIN, VIC_IOAPIC_EOI};
	static const uint32_t lengths[] = {4, 4, 4, 1, 2, 8};
	uint32_t shape = input_u8(&w->input);

	*len = lengths[shape / 4 % 6];
	if (shape < 240)
		return offsets[shape % 4 % 3];
	*len = input_u8(&w->input);
	return input_u8(&w->input) * 0x11u;
}

void chip_write(struct chip_world *w)
{
	uint32_t len, offset = pick_offset(w, &len);

	write_both(w, offset, len,
		   offset == VIC_IOAPIC_IOREGSEL ? input_u8(&w->input)
						 : input_u64(&w->input));
}

void chip_read(struct chip_world *w)
{
	uint32_t len, offset = pick_offset(w, &len);

	read_both(w, offset, len);
}

void chip_eoi(struct chip_world *w)
{
	uint8_t vector = input_u8(&w->input);

	vic_ioapic_eoi(w->ioapic, &w->real.device, vector);
	im_eoi(&w->im, vector);
}

void chip_retry(struct chip_world *w)
{
	vic_ioapic_retry(w->ioapic, &w->real.device);
	im_retry(&w->im);
}

void chip_pic_line(struct chip_world *w)
{
	uint32_t irq = input_u8(&w->input) & 15;
	uint32_t source = pick_source(&w->input, 64);
	bool level = input_u8(&w->input) & 1, real;

	if (irq == VIC_PIC_CASCADE)
		irq = 0;
	real = vic_pic_line_set(w->pic, &w->real.device, irq, source, level);
	REQUIRE(real == pm_line(&w->pm, irq, source, level));
}

static uint32_t pick_port(struct chip_world *w)
{
	static const uint32_t ports[] = {
		VIC_PIC_MASTER,      VIC_PIC_MASTER_A0,  VIC_PIC_SLAVE,
		VIC_PIC_SLAVE_A0,    VIC_PIC_MASTER,     VIC_PIC_MASTER_A0,
		VIC_PIC_ELCR_MASTER, VIC_PIC_ELCR_SLAVE,
	};
	uint32_t pick = input_u8(&w->input);

	return pick < 248 ? ports[pick % 8] : input_u8(&w->input) * 5u;
}

void chip_pic_write(struct chip_world *w)
{
	uint32_t port = pick_port(w);
	uint8_t value = input_u8(&w->input);
	bool known = pm_write(&w->pm, port, value);

	REQUIRE(vic_pic_write(w->pic, &w->real.device, port, value) ==
		(known ? VIC_ACCESS_DONE : VIC_ACCESS_FOREIGN));
}

void chip_pic_read(struct chip_world *w)
{
	uint32_t port = pick_port(w);
	uint8_t value = 0x5a, expected = 0x5a;
	bool known = pm_read(&w->pm, port, &expected);

	REQUIRE(vic_pic_read(w->pic, &w->real.device, port, &value) ==
		(known ? VIC_ACCESS_DONE : VIC_ACCESS_FOREIGN));
	REQUIRE(value == expected);
}

void chip_pic_ack(struct chip_world *w)
{
	REQUIRE(vic_pic_ack(w->pic, &w->real.device) == pm_ack(&w->pm));
}

static void take_extint(struct chip_cpu *real, struct chip_cpu *twin)
{
	uint8_t vector = 0, expected = 0;

	REQUIRE(vic_lapic_ack_extint(real->lapic, &vector) ==
		vic_lapic_ack_extint(twin->lapic, &expected));
	REQUIRE(vector == expected);
}

/* What a scan offered, in the order of its enumeration. */
static void
take(struct chip_cpu *real, struct chip_cpu *twin, const struct vic_work *work)
{
	if (work->flags & VIC_WORK_INIT)
		REQUIRE(vic_lapic_ack_init(real->lapic) ==
			vic_lapic_ack_init(twin->lapic));
	else if (work->flags & VIC_WORK_SIPI)
		REQUIRE(vic_lapic_ack_sipi(real->lapic) ==
			vic_lapic_ack_sipi(twin->lapic));
	else if (work->flags & VIC_WORK_NMI)
		REQUIRE(vic_lapic_ack_nmi(real->lapic) ==
			vic_lapic_ack_nmi(twin->lapic));
	else if (work->flags & VIC_WORK_SMI)
		REQUIRE(vic_lapic_ack_smi(real->lapic) ==
			vic_lapic_ack_smi(twin->lapic));
	else if (work->flags & VIC_WORK_EXTINT)
		take_extint(real, twin);
	else if (work->flags & VIC_WORK_IRQ)
		REQUIRE(vic_lapic_ack(real->lapic, work->vector) ==
			vic_lapic_ack(twin->lapic, work->vector));
}

void chip_take(struct chip_world *w)
{
	struct chip_cpu *twin, *real = pick_cpu(w, &twin);
	struct vic_work work = {0}, expected = {0};

	vic_lapic_scan(real->lapic, CAN_ALL, &work);
	vic_lapic_scan(twin->lapic, CAN_ALL, &expected);
	REQUIRE(work.flags == expected.flags &&
		work.vector == expected.vector && work.nmis == expected.nmis);
	take(real, twin, &work);
}

static enum vic_access write_apics(struct chip_cpu *real, struct chip_cpu *twin,
				   uint32_t offset, uint64_t value)
{
	enum vic_access access = chip_apic_write(real, offset, value);

	REQUIRE(access == chip_apic_write(twin, offset, value));
	return access;
}

void chip_apic_eoi(struct chip_world *w)
{
	struct chip_cpu *twin, *real = pick_cpu(w, &twin);

	write_apics(real, twin, VIC_APIC_EOI, 0);
}

/*
 * A local APIC that answers to something else from now on: the model sends
 * again what nobody accepted.
 */
static void arrive(struct chip_world *w)
{
	if (!w->alone)
		im_retry(&w->im);
}

void chip_apic_register(struct chip_world *w)
{
	static const uint32_t offsets[] = {
		VIC_APIC_SVR,       VIC_APIC_SVR,       VIC_APIC_LDR,
		VIC_APIC_DFR,       VIC_APIC_ID,        VIC_APIC_TPR,
		VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT1,
	};
	struct chip_cpu *twin, *real = pick_cpu(w, &twin);
	uint32_t pick = input_below(&w->input, 9);
	uint32_t value = input_u32(&w->input);

	if (write_apics(real, twin, offsets[pick], value) == VIC_ACCESS_DONE &&
	    pick < 5)
		arrive(w);
}

/* Off, xAPIC, x2APIC; what the present mode does not allow is #GP. */
void chip_apic_base(struct chip_world *w)
{
	struct chip_cpu *twin, *real = pick_cpu(w, &twin);
	uint64_t bits = (uint64_t)input_below(&w->input, 4) << 10;
	uint64_t was = vic_lapic_base(real->lapic);
	uint64_t base = (was & ~UINT64_C(0xc00)) | bits;

	REQUIRE(vic_lapic_base(twin->lapic) == was);
	REQUIRE(vic_lapic_msr_write(real->lapic, VIC_MSR_APIC_BASE, base) ==
		vic_lapic_msr_write(twin->lapic, VIC_MSR_APIC_BASE, base));
	if (vic_lapic_base(twin->lapic) != was && chip_enabled(twin))
		arrive(w);
}

void chip_msi(struct chip_world *w)
{
	uint64_t address = VIC_MSI_BASE | (input_u32(&w->input) & 0xfffff);
	uint32_t data = input_u32(&w->input) & 0xffff;

	REQUIRE(vic_msi(w->real.bus, &w->real.device, address, data) ==
		vic_msi(w->twin.bus, &w->twin.device, address, data));
}

/* How devices answer from now on, and what is behind a lone IOAPIC. */
void chip_devices(struct chip_world *w)
{
	w->answer = input_u8(&w->input);
	w->deaf = input_u8(&w->input);
}
