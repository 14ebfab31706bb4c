/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "apic_world.h"

#include <string.h>

#include "hw_world.h"
#include "storage.h"

static void wake(void *opaque)
{
	struct apic_cpu *c = opaque;

	REQUIRE(!c->hw || (c->state == VIC_BLOCKED && !c->world->hw->locks));
	c->seen.wakes++;
}

static void kick(void *opaque)
{
	struct apic_cpu *c = opaque;

	REQUIRE(!c->hw || ((c->state == VIC_GUEST || c->state == VIC_POSTED) &&
			   !c->world->hw->locks));
	c->seen.kicks++;
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct apic_cpu *c = opaque;

	REQUIRE(source == VIC_EOI_LAPIC);
	REQUIRE(!c->hw || !c->world->hw->locks);
	c->seen.eois++;
	c->seen.eoi_vector = number;
	if (c->world->line_stays)
		vic_vcpu_post(c->vcpu, &c->world->device, (uint8_t)number,
			      true);
}

static uint64_t now(void *opaque, uint32_t clock)
{
	struct apic_world *w = ((struct apic_cpu *)opaque)->world;

	REQUIRE(clock == VIC_CLOCK_TSC || clock == VIC_CLOCK_BUS);
	REQUIRE(w->nows++ < APIC_MOST_NOWS);
	w->clock[clock] += w->drift;
	return w->clock[clock];
}

static uint8_t inta(void *opaque)
{
	return ((struct apic_cpu *)opaque)->world->inta_vector;
}

/* Memory of libvic's, and how much; NULL behind the last. */
static void *piece(const struct apic_world *w, uint32_t n, size_t *size)
{
	const struct apic_cpu *c;

	if (n == 3 * w->count) {
		*size = w->bus_size;
		return w->bus_storage;
	}
	if (n > 3 * w->count)
		return hw_piece(w, n - 3 * w->count - 1, size);
	c = &w->cpu[n / 3];
	switch (n % 3) {
	case 0:
		*size = vic_vcpu_size();
		return c->vcpu_storage;
	case 1:
		*size = vic_lapic_size();
		return c->lapic_storage;
	default:
		*size = VIC_APIC_PAGE_SIZE;
		return c->page;
	}
}

static void copy_init(const struct apic_world *w, struct apic_copy *copy)
{
	size_t size;

	for (uint32_t n = 0; piece(w, n, &size); n++) {
		copy->piece[n] = malloc(size);
		REQUIRE(copy->piece[n]);
	}
}

static void copy_free(struct apic_copy *copy)
{
	for (uint32_t n = 0; n < APIC_PIECES; n++)
		free(copy->piece[n]);
}

void apic_copy_take(const struct apic_world *w, struct apic_copy *copy)
{
	size_t size;

	for (uint32_t n = 0; piece(w, n, &size); n++)
		memcpy(copy->piece[n], piece(w, n, &size), size);
	for (uint32_t i = 0; i < w->count; i++)
		copy->seen[i] = w->cpu[i].seen;
}

void apic_copy_put_back(struct apic_world *w, const struct apic_copy *copy)
{
	size_t size;

	for (uint32_t n = 0; piece(w, n, &size); n++)
		memcpy(piece(w, n, &size), copy->piece[n], size);
	for (uint32_t i = 0; i < w->count; i++)
		w->cpu[i].seen = copy->seen[i];
}

bool apic_copy_equal(const struct apic_world *w, const struct apic_copy *copy)
{
	size_t size;

	for (uint32_t n = 0; piece(w, n, &size); n++)
		if (memcmp(piece(w, n, &size), copy->piece[n], size))
			return false;
	return true;
}

static void bus_init(struct apic_world *w, uint32_t msi_format)
{
	const struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.flags = w->policy,
		.max_vcpus = w->count,
		.msi_format = msi_format,
	};

	w->bus_size = vic_apic_bus_size(w->count);
	w->bus_storage = storage(w->bus_size, VIC_CACHE_LINE);
	REQUIRE(!vic_apic_bus_init(w->bus_storage, w->bus_size, &config,
				   &w->bus));
}

static void cpu_init(struct apic_world *w, uint32_t index)
{
	struct apic_cpu *c = &w->cpu[index];
	const struct vic_vcpu_config vcpu = {
		.size = sizeof(vcpu),
		.index = index,
		.ops = &w->ops,
		.opaque = c,
	};
	struct vic_lapic_config config = {
		.size = sizeof(config),
		.flags = c->flags,
		.id = c->id,
		.physical_bits = c->physical_bits,
		.bus = w->bus,
	};

	c->world = w;
	c->vcpu_storage = storage(vic_vcpu_size(), VIC_CACHE_LINE);
	c->lapic_storage = storage(vic_lapic_size(), VIC_CACHE_LINE);
	c->page = storage(VIC_APIC_PAGE_SIZE, VIC_APIC_PAGE_SIZE);
	REQUIRE(!vic_vcpu_init(c->vcpu_storage, vic_vcpu_size(), &vcpu,
			       &c->vcpu));
	config.vcpu = c->vcpu;
	config.page = c->page;
	REQUIRE(!vic_lapic_init(c->lapic_storage, vic_lapic_size(), &config,
				&c->lapic));
}

static void ops_init(struct apic_world *w, uint32_t environment)
{
	w->ops.size = sizeof(w->ops);
	w->ops.wake = wake;
	w->ops.kick = kick;
	w->ops.eoi = environment & 1 ? NULL : eoi;
	w->ops.now = environment & 2 ? NULL : now;
	w->ops.inta = environment & 4 ? NULL : inta;
	/* Clocks that stand still for the time of an exit, or run. */
	w->drift = environment & 8 ? environment >> 4 : 0;
}

void apic_world_init(struct apic_world *w, const uint8_t *data, size_t size,
		     uint32_t count, uint32_t never, struct hw *hw)
{
	static const uint32_t ids[] = {0, 0x1f, 0x1ff, 0xffff0};
	static const uint32_t physical_bits[] = {0, 36, 46, 52};
	const uint32_t all = 2 * VIC_LAPIC_NO_TSC_DEADLINE - 1;
	uint32_t shape;

	memset(w, 0, sizeof(*w));
	w->input = (struct input){data, size};
	w->count = count;
	w->hw = hw;
	w->policy = input_u8(&w->input);
	w->policy |= (uint32_t)input_u8(&w->input) << 8;
	w->policy &= 2 * VIC_BUS_NO_LOWEST - 1;
	ops_init(w, input_u8(&w->input));
	if (hw)
		hw_init(w, input_u8(&w->input));
	shape = input_u8(&w->input);
	/* Near the middle of 64 bits, where signs change, or at 0. */
	w->clock[VIC_CLOCK_TSC] = shape & 1 ? UINT64_MAX >> 2 : 0;
	w->clock[VIC_CLOCK_BUS] = shape & 2 ? UINT64_MAX >> 2 : 0;
	bus_init(w, (shape >> 2 & 3) % 3);
	for (uint32_t i = 0; i < count; i++) {
		struct apic_cpu *c = &w->cpu[i];

		c->flags = input_u8(&w->input) & all & ~never;
		if (c->flags & VIC_LAPIC_NO_X2APIC)
			c->flags &= ~(uint32_t)VIC_LAPIC_X2APIC;
		c->id = ids[shape >> 4 & 3] + i;
		c->physical_bits = physical_bits[shape >> 6];
		c->waits = !(c->flags & VIC_LAPIC_BSP);
		cpu_init(w, i);
		if (hw)
			hw_cpu_init(c);
	}
	copy_init(w, &w->before);
	copy_init(w, &w->spare);
}

void apic_world_run(struct apic_world *w, const apic_step *steps, uint32_t n)
{
	apic_check(w, w->cpu);
	for (int i = 0; i < INPUT_MAX_OPS && w->input.left; i++) {
		apic_step step = steps[input_below(&w->input, n)];
		struct apic_cpu *c = w->cpu;

		if (w->count > 1)
			c += input_below(&w->input, w->count);
		apic_check_begin(w);
		if (w->hw && !hw_is_quiet(step))
			hw_forget(w);
		step(w, c);
		if (w->hw)
			hw_flush(w);
		apic_check(w, c);
	}
}

void apic_world_free(struct apic_world *w)
{
	copy_free(&w->before);
	copy_free(&w->spare);
	for (uint32_t i = 0; i < w->count; i++) {
		free(w->cpu[i].vcpu_storage);
		free(w->cpu[i].lapic_storage);
		free(w->cpu[i].page);
	}
	free(w->bus_storage);
	if (w->hw)
		hw_free(w);
}

void apic_come_home(struct apic_cpu *c)
{
	if (c->state == VIC_POSTED)
		hw_home(c);
	else if (c->state == VIC_GUEST)
		vic_vcpu_exit(c->vcpu, c->seen.kicks != c->signals);
	else if (c->state == VIC_BLOCKED)
		vic_vcpu_unblock(c->vcpu);
	if (c->hw && c->state == VIC_BLOCKED && !c->world->trial)
		c->hw->must_scan = true;
	c->state = VIC_HOST;
}

uint32_t apic_reg(const struct apic_cpu *c, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, c->page + offset, sizeof(value));
	return value;
}

bool apic_bit(const struct apic_cpu *c, uint32_t offset, uint32_t vector)
{
	return apic_reg(c, offset + vector / 32 * 16) >> vector % 32 & 1;
}

uint32_t apic_top(const struct apic_cpu *c, uint32_t offset)
{
	for (uint32_t n = 8; n-- > 0;) {
		uint32_t word = apic_reg(c, offset + n * 16);

		if (word)
			return n * 32 + 31 - (uint32_t)__builtin_clz(word);
	}
	return 0;
}

/* SDM 10.8.3.1 */
uint32_t apic_ppr(const struct apic_cpu *c)
{
	uint32_t tpr = apic_reg(c, VIC_APIC_TPR);
	uint32_t isrv = apic_top(c, VIC_APIC_ISR);

	return tpr >> 4 >= isrv >> 4 ? tpr : isrv & 0xf0;
}

bool apic_deliverable(const struct apic_cpu *c)
{
	return apic_top(c, VIC_APIC_IRR) >> 4 > apic_ppr(c) >> 4;
}

/* SDM 10.5.1; with the APIC off LINT0 is INTR, 10.4.7.2. */
bool apic_extint(const struct apic_cpu *c, const struct vic_vcpu_inbox *inbox)
{
	const uint32_t extint = VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT;
	bool is_off = !(vic_lapic_base(c->lapic) & VIC_APIC_BASE_EN);

	if (!c->world->ops.inta)
		return false;
	if (is_off)
		return inbox->lint & 1;
	if (inbox->extint)
		return true;
	for (uint32_t pin = 0; pin < 2; pin++) {
		uint32_t lvt = apic_reg(c, VIC_APIC_LVT_LINT0 + pin * 16);

		if ((inbox->lint >> pin & 1) &&
		    (lvt & (VIC_LVT_MASKED | VIC_LVT_MODE)) == extint)
			return true;
	}
	return false;
}

static void try_image(struct apic_cpu *c, uint8_t *image)
{
	struct apic_world *w = c->world;
	uint32_t drift = w->drift;
	enum vic_run_state state = c->state;

	w->drift = 0;
	w->trial = true;
	apic_come_home(c);
	vic_lapic_save(c->lapic, image);
	w->trial = false;
	w->drift = drift;
	c->state = state;
}

void apic_image(struct apic_cpu *c, uint8_t *image)
{
	struct apic_world *w = c->world;

	apic_copy_take(w, &w->spare);
	try_image(c, image);
	apic_copy_put_back(w, &w->spare);
}

void apic_settle(struct apic_world *w)
{
	uint8_t image[VIC_LAPIC_IMAGE_SIZE];

	for (uint32_t i = 0; i < w->count; i++) {
		w->nows = 0;
		try_image(&w->cpu[i], image);
	}
}
