/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "chip_world.h"

#include <string.h>

#include "storage.h"

/* The PIC's in the IOAPIC: vic_pic_config.ioapic_pin. */
#define PIC_SOURCE 63

static void note(struct chip_side *side, uint64_t event)
{
	REQUIRE(side->log.count < CHIP_LOG);
	side->log.event[side->log.count++] = event;
}

static void note_eoi(struct chip_side *side, uint32_t source, uint32_t number)
{
	note(side, (uint64_t)source << 32 | number);
}

static void wake(void *opaque)
{
	(void)opaque;
}

/* A device that hears of an EOI may move its line. */
static void answer_pin(struct chip_world *w, bool model, uint32_t pin)
{
	bool level = w->answer & CHIP_RAISES;
	uint32_t source = !!(w->answer & CHIP_SOURCE);

	if (!(w->answer & CHIP_ANSWERS))
		return;
	if (model)
		im_line(&w->im, pin, source, level);
	else
		vic_ioapic_line_set(w->ioapic, &w->real.device, pin, source,
				    level);
}

static void answer_irq(struct chip_world *w, bool model, uint32_t irq)
{
	bool level = w->answer & CHIP_RAISES;
	uint32_t source = !!(w->answer & CHIP_SOURCE);

	if (!(w->answer & CHIP_ANSWERS))
		return;
	if (model)
		pm_line(&w->pm, irq, source, level);
	else
		vic_pic_line_set(w->pic, &w->real.device, irq, source, level);
}

/* Of local APICs; of the twin's what else hears the broadcast. */
static void eoi_apic(struct chip_cpu *c, uint32_t number)
{
	struct chip_world *w = c->world;

	if (c->side == &w->twin && !w->alone)
		im_eoi(&w->im, (uint8_t)number);
	note_eoi(c->side, VIC_EOI_LAPIC, number);
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct chip_world *w = opaque;

	if (source == VIC_EOI_LAPIC) {
		eoi_apic(opaque, number);
		return;
	}
	REQUIRE(source == VIC_EOI_IOAPIC || source == VIC_EOI_PIC);
	note_eoi(&w->real, source, number);
	if (source == VIC_EOI_IOAPIC)
		answer_pin(w, false, number);
	else
		answer_irq(w, false, number);
}

static void model_pin_eoi(void *opaque, uint32_t pin)
{
	struct chip_world *w = opaque;

	note_eoi(&w->twin, VIC_EOI_IOAPIC, pin);
	answer_pin(w, true, pin);
}

static void model_irq_eoi(void *opaque, uint32_t irq)
{
	struct chip_world *w = opaque;

	note_eoi(&w->twin, VIC_EOI_PIC, irq);
	answer_irq(w, true, irq);
}

static uint8_t inta(void *opaque)
{
	struct chip_cpu *c = opaque;
	struct chip_world *w = c->world;

	if (c->side == &w->twin)
		return pm_ack(&w->pm);
	return vic_pic_ack(w->pic, &w->real.device);
}

/* Whoever is behind an IOAPIC that stands alone: some vectors it accepts. */
static bool foreign(struct chip_world *w, struct chip_side *side,
		    uint64_t address, uint32_t data)
{
	note(side, UINT64_C(1) << 63 | address << 20 | data);
	return !(w->deaf >> (data & 7) & 1);
}

static bool msi(void *opaque, uint64_t address, uint32_t data)
{
	struct chip_world *w = opaque;

	REQUIRE(w->alone);
	return foreign(w, &w->real, address, data);
}

/* Fixed and lowest priority: newly pending or pending already. */
static uint64_t accepted(const struct vic_outcomes *o)
{
	return o->merged + o->coalesced + o->silent + o->woken + o->kicked +
	       o->notified;
}

static bool model_send(void *opaque, uint64_t address, uint32_t data)
{
	struct chip_world *w = opaque;
	struct vic_counters *device = &w->twin.device;
	uint64_t before = accepted(&device->vectors);

	w->sent++;
	if (w->alone) {
		w->newly = foreign(w, &w->twin, address, data);
		return w->newly;
	}
	w->newly = vic_msi(w->twin.bus, device, address, data) > 0;
	return accepted(&device->vectors) != before;
}

static void model_wire(void *opaque, bool level)
{
	struct chip_world *w = opaque;

	if (w->quiet)
		return;
	for (uint32_t i = 0; i < CHIP_CPUS; i++)
		if (w->wired >> i & 1)
			vic_vcpu_request(w->twin.cpu[i].vcpu, &w->twin.device,
					 VIC_REQUEST_LINT0, level);
	if (w->pic_ioapic)
		im_line(&w->im, w->pic_pin, PIC_SOURCE, level);
}

static void cpu_init(struct chip_world *w, struct chip_side *side,
		     uint32_t index, uint32_t flags)
{
	struct chip_cpu *c = &side->cpu[index];
	const struct vic_vcpu_config vcpu = {
		.size = sizeof(vcpu),
		.index = index,
		.ops = &w->ops,
		.opaque = c,
	};
	struct vic_lapic_config lapic = {
		.size = sizeof(lapic),
		.flags = flags,
		.id = index,
		.bus = side->bus,
	};

	c->world = w;
	c->side = side;
	c->vcpu_storage = storage(vic_vcpu_size(), VIC_CACHE_LINE);
	c->lapic_storage = storage(vic_lapic_size(), VIC_CACHE_LINE);
	c->page = storage(VIC_APIC_PAGE_SIZE, VIC_APIC_PAGE_SIZE);
	REQUIRE(!vic_vcpu_init(c->vcpu_storage, vic_vcpu_size(), &vcpu,
			       &c->vcpu));
	lapic.vcpu = c->vcpu;
	lapic.page = c->page;
	REQUIRE(!vic_lapic_init(c->lapic_storage, vic_lapic_size(), &lapic,
				&c->lapic));
}

static void side_init(struct chip_world *w, struct chip_side *side,
		      uint32_t format, uint32_t shape)
{
	const struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.flags = shape & 8 ? VIC_BUS_ARBITRATE : 0,
		.max_vcpus = CHIP_CPUS,
		.msi_format = format,
	};
	size_t size = vic_apic_bus_size(CHIP_CPUS);

	REQUIRE(!vic_apic_bus_init(storage(size, VIC_CACHE_LINE), size, &config,
				   &side->bus));
	for (uint32_t i = 0; i < CHIP_CPUS; i++) {
		uint32_t flags = shape & 1 || !i ? VIC_LAPIC_BSP : 0;

		if (shape & 2)
			flags |= VIC_LAPIC_X2APIC;
		cpu_init(w, side, i, flags);
		if (shape & 4)
			(void)chip_apic_write(&side->cpu[i], VIC_APIC_SVR,
					      VIC_SVR_RESET | VIC_SVR_ENABLE);
	}
}

static void ioapic_init(struct chip_world *w, uint32_t format, uint32_t shape)
{
	static const uint32_t pins[] = {24, 1, 120, 121, 240, 0, 64, 65};
	const struct im_config model = {
		.pins = pins[shape & 7] ? pins[shape & 7] : 24,
		.version = shape & 8 ? 0x11 : 0x20,
		.id = shape >> 6,
		.voltages = shape & 16,
		.wide = !w->alone && format == VIC_MSI_15BIT,
		.send = model_send,
		.eoi = model_pin_eoi,
		.opaque = w,
	};
	size_t size;

	w->config = (struct vic_ioapic_config){
		.size = sizeof(w->config),
		.flags = model.voltages ? VIC_IOAPIC_VOLTAGES : 0,
		.pins = pins[shape & 7],
		/* 0 is the usual. */
		.version =
			shape & 32 && model.version == 0x20 ? 0 : model.version,
		.id = model.id,
		.bus = w->alone ? NULL : w->real.bus,
		.ops = &w->ops,
		.opaque = w,
	};
	size = vic_ioapic_size(&w->config);
	REQUIRE(size);
	w->ioapic_storage = storage(size, VIC_CACHE_LINE);
	REQUIRE(!vic_ioapic_init(w->ioapic_storage, size, &w->config,
				 &w->ioapic));
	im_init(&w->im, &model);
}

static void pic_init(struct chip_world *w, uint32_t shape)
{
	const struct pm_config model = {
		.keep_edges = shape & 4,
		.wire = model_wire,
		.eoi = model_irq_eoi,
		.opaque = w,
	};
	const struct vic_pic_config config = {
		.size = sizeof(config),
		.flags = shape & 4 ? VIC_PIC_KEEP_EDGES : 0,
		.ioapic = w->pic_ioapic ? w->ioapic : NULL,
		.ioapic_pin = w->pic_ioapic ? w->pic_pin : 0,
		.ops = &w->ops,
		.opaque = w,
	};

	w->pic_storage = storage(vic_pic_size(), VIC_CACHE_LINE);
	REQUIRE(!vic_pic_init(w->pic_storage, vic_pic_size(), &config,
			      &w->pic));
	w->wired = shape & 3;
	for (uint32_t i = 0; i < CHIP_CPUS; i++)
		if (w->wired >> i & 1)
			REQUIRE(!vic_pic_wire(w->pic, &w->real.device,
					      w->real.cpu[i].vcpu));
	pm_init(&w->pm, &model);
}

static void world_init(struct chip_world *w, const uint8_t *data, size_t size)
{
	uint32_t shape, format;

	memset(w, 0, sizeof(*w));
	w->input = (struct input){data, size};
	shape = input_u8(&w->input);
	format = (shape >> 4 & 3) % 3;
	w->alone = shape & 128;
	w->ops = (struct vic_vcpu_ops){
		.size = sizeof(w->ops),
		.wake = wake,
		.kick = wake,
		.eoi = eoi,
		.inta = inta,
		.msi = w->alone ? msi : NULL,
	};
	side_init(w, &w->real, format, shape);
	side_init(w, &w->twin, format, shape);
	ioapic_init(w, format, input_u8(&w->input));
	shape = input_u8(&w->input);
	w->pic_pin = (shape >> 4) % w->im.config.pins;
	w->pic_ioapic = !(shape & 8);
	pic_init(w, shape);
}

static void side_free(struct chip_side *side)
{
	for (uint32_t i = 0; i < CHIP_CPUS; i++) {
		free(side->cpu[i].vcpu_storage);
		free(side->cpu[i].lapic_storage);
		free(side->cpu[i].page);
	}
	free(side->bus);
}

void chip_run(const uint8_t *data, size_t size, const chip_step *steps,
	      uint32_t count)
{
	struct chip_world w;

	world_init(&w, data, size);
	chip_check_all(&w);
	for (int i = 0; i < INPUT_MAX_OPS && w.input.left; i++) {
		w.real.log.count = 0;
		w.twin.log.count = 0;
		steps[input_below(&w.input, count)](&w);
		chip_check(&w);
	}
	chip_check_all(&w);
	side_free(&w.real);
	side_free(&w.twin);
	free(w.ioapic_storage);
	free(w.pic_storage);
	free(w.image);
}

struct vic_pc chip_pc(struct chip_world *w, struct vic_lapic **lapics)
{
	for (uint32_t i = 0; i < CHIP_CPUS; i++)
		lapics[i] = w->real.cpu[i].lapic;
	return (struct vic_pc){
		.size = sizeof(struct vic_pc),
		.nr_lapics = CHIP_CPUS,
		.nr_ioapics = 1,
		.lapics = lapics,
		.ioapics = &w->ioapic,
		.pic = w->pic,
		.counters = &w->real.device,
	};
}

bool chip_x2apic(const struct chip_cpu *c)
{
	return vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD;
}

bool chip_enabled(const struct chip_cpu *c)
{
	return vic_lapic_base(c->lapic) & VIC_APIC_BASE_EN;
}

enum vic_access
chip_apic_write(struct chip_cpu *c, uint32_t offset, uint64_t value)
{
	if (chip_x2apic(c))
		return vic_lapic_msr_write(c->lapic,
					   VIC_MSR_X2APIC + offset / 16, value);
	return vic_lapic_mmio_write(c->lapic, offset, 4, value);
}
