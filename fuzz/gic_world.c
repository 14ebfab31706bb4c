/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The VM, its hardware, and the order of calls in <vic/gic_lr.h>. */
#include "gic_world.h"

#include <string.h>

#include "storage.h"

/* Whose locks are taken: one target, one thread, one world. */
static struct gic_world *world;

/* Locks that are free, held, or were never libvic's. */
static uint64_t take_lock(uint32_t *word)
{
	REQUIRE(world->depth < 3);
	for (uint32_t i = 0; i < world->depth; i++)
		REQUIRE(world->words[i] != (void *)word);
	REQUIRE(*word == 0);
	*word = 1;
	world->words[world->depth++] = (void *)word;
	world->locks++;
	return UINT64_C(0x1234567890) + world->depth;
}

static void drop_lock(uint32_t *word, uint64_t flags)
{
	uint32_t i = 0;

	while (i < world->depth && world->words[i] != (void *)word)
		i++;
	REQUIRE(i < world->depth);
	REQUIRE(*word == 1);
	REQUIRE(flags > UINT64_C(0x1234567890) &&
		flags <= UINT64_C(0x1234567893));
	*word = 0;
	world->depth--;
	for (; i < world->depth; i++)
		world->words[i] = world->words[i + 1];
}

static void wake(void *opaque)
{
	struct gic_cpu *cpu = opaque;

	REQUIRE(cpu->world->depth == 0);
	REQUIRE(cpu->place == AT_BLOCKED);
	cpu->signals++;
}

static void kick(void *opaque)
{
	struct gic_cpu *cpu = opaque;

	REQUIRE(cpu->world->depth == 0);
	REQUIRE(cpu->place == AT_GUEST);
	cpu->signals++;
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct gic_cpu *cpu = opaque;
	struct gic_world *w = cpu->world;
	struct vic_gic_state state;

	REQUIRE(w->depth == 0);
	REQUIRE(source == VIC_EOI_GIC);
	REQUIRE(vic_gic_peek(w->gic, cpu->gicr, number, &state) == VIC_OK);
	REQUIRE(!state.edge);
	/* A device that still has something to say, or no more. */
	switch (input_u8(&w->input) & 7) {
	case 0:
		vic_gic_line_set(w->gic, cpu->gicr, &cpu->world->counters,
				 number, 1, true);
		break;
	case 1:
		vic_gic_line_set(w->gic, cpu->gicr, &cpu->world->counters,
				 number, 1, false);
		break;
	default:
		break;
	}
}

static void set_active(void *opaque, uint32_t pintid, bool active)
{
	struct gic_cpu *cpu = opaque;

	REQUIRE(cpu->world->depth == 0);
	REQUIRE(pintid >= VIC_INTID_PPI && pintid < VIC_INTID_SPECIAL);
	if (pintid < VIC_INTID_SPI)
		cpu->active[pintid] = active;
	else
		cpu->world->active[pintid] = active;
}

static bool line(void *opaque, uint32_t intid)
{
	struct gic_cpu *cpu = opaque;

	REQUIRE(intid >= VIC_INTID_PPI && intid < VIC_INTID_SPECIAL);
	return input_u8(&cpu->world->input) & 1;
}

/* The hardware deactivates what HW = 1 links. */
static void deactivated(void *opaque, uint32_t pintid)
{
	set_active(opaque, pintid, false);
}

/* The second one has locks of its own and can ask for lines. */
static const struct vic_vcpu_ops operations[] = {
	{
		.size = sizeof(operations[0]),
		.wake = wake,
		.kick = kick,
		.eoi = eoi,
		.hw_set_active = set_active,
	},
	{
		.size = sizeof(operations[0]),
		.wake = wake,
		.kick = kick,
		.eoi = eoi,
		.lock = take_lock,
		.unlock = drop_lock,
		.hw_set_active = set_active,
		.hw_line = line,
	},
};

/* Affinities: dense, of two clusters, beyond 15, at all levels. */
static uint32_t affinity(const struct gic_world *w, uint32_t i)
{
	static const uint32_t last[] = {1, 0x100, 0x10000, 0x1000000};

	switch (w->affinity) {
	case 0:
		return i;
	case 1:
		return (i / 2) << 8 | i % 2;
	case 2:
		return i * 17;
	default:
		return i ? last[i] | 0xff : 0;
	}
}

/* The physical CPU, and the image. */
static void reset_hw(struct gic_cpu *cpu)
{
	struct gic_world *w = cpu->world;

	vcpuif_init(&cpu->hw, w->nr_lrs, w->prebits);
	cpu->hw.deactivated = deactivated;
	cpu->hw.opaque = cpu;
	cpu->image = (struct vic_gic_lrs){.prebits = w->prebits};
	memset(cpu->active, 0, sizeof(cpu->active));
}

void world_add(struct gic_world *w, uint32_t i)
{
	struct gic_cpu *cpu = &w->cpu[i];
	const struct vic_vcpu_config vcpu = {
		.size = sizeof(vcpu),
		.index = i,
		.ops = w->config.ops,
		.opaque = cpu,
	};
	struct vic_gicr_config config = {
		.size = sizeof(config),
		.gic = w->gic,
		.affinity = affinity(w, i),
		.nr_lrs = w->nr_lrs,
	};

	if (cpu->vcpu)
		return;
	cpu->world = w;
	cpu->vcpu_storage = storage(vic_vcpu_size(), VIC_CACHE_LINE);
	REQUIRE(vic_vcpu_init(cpu->vcpu_storage, vic_vcpu_size(), &vcpu,
			      &cpu->vcpu) == VIC_OK);
	config.vcpu = cpu->vcpu;
	cpu->gicr_storage = storage(vic_gicr_size(w->gic), VIC_CACHE_LINE);
	REQUIRE(vic_gicr_init(cpu->gicr_storage, vic_gicr_size(w->gic), &config,
			      &cpu->gicr) == VIC_OK);
	REQUIRE(vic_gicr_init(cpu->gicr_storage, vic_gicr_size(w->gic), &config,
			      &cpu->gicr) == VIC_ERR_EXISTS);
	reset_hw(cpu);
	cpu->generation = cpu->gicr->generation;
}

void world_reset(struct gic_world *w)
{
	for (uint32_t i = 0; i < w->config.max_vcpus; i++)
		if (w->cpu[i].vcpu)
			world_put(&w->cpu[i]);
	vic_gic_reset(w->gic);
	for (uint32_t i = 0; i < w->config.max_vcpus; i++)
		if (w->cpu[i].vcpu)
			reset_hw(&w->cpu[i]);
	memset(w->active, 0, sizeof(w->active));
}

/* Physical interrupts for some of the virtual ones. */
static void link_some(struct gic_world *w)
{
	for (uint32_t i = 0; i < w->config.max_vcpus; i++)
		if (w->cpu[i].vcpu)
			REQUIRE(vic_gic_link(w->gic, w->cpu[i].gicr, 27, 26) ==
				VIC_OK);
	for (uint32_t n = 40; n < 44 && w->config.spis; n++)
		REQUIRE(vic_gic_link(w->gic, NULL, n, n + 100) == VIC_OK);
}

/* 0x29: all groups and vCPUs are open, as an operating system does. */
static void boot(struct gic_cpu *cpu)
{
	struct gic_world *w = cpu->world;
	uint64_t gicr = world_gicr(w, cpu->gicr->index);

	world_write(cpu, w->config.gicd_base + VIC_GICD_CTLR, 4, 3);
	world_write(cpu, gicr + VIC_GICR_WAKER, 4, 0);
	world_write(cpu, gicr + VIC_GICR_ISENABLER0, 4, UINT32_MAX);
	for (uint32_t n = 1; n < 4; n++)
		world_write(cpu,
			    w->config.gicd_base + VIC_GICD_ISENABLER + 4 * n, 4,
			    UINT32_MAX);
	vcpuif_set_pmr(&cpu->hw, 0xf8);
	vcpuif_set_igrpen(&cpu->hw, 0, true);
	vcpuif_set_igrpen(&cpu->hw, 1, true);
}

void world_init(struct gic_world *w, const uint8_t *data, size_t size)
{
	static const uint32_t spis[] = {64, 0, 32, 96, 64, 288, 64, 988};
	static const uint32_t espis[] = {0, 32, 0, 64};
	static const uint32_t lrs[] = {4, 1, 2, 3, 4, 8, 16, 5};
	static const uint32_t eppis[] = {0, 32, 64, 32};
	uint32_t kind, numbers, cpus;

	memset(w, 0, sizeof(*w));
	world = w;
	w->input = (struct input){data, size};
	kind = input_u8(&w->input);
	numbers = input_u8(&w->input);
	cpus = input_u8(&w->input);
	w->nr_lrs = lrs[kind & 7];
	w->prebits = 5 + (kind >> 3 & 3) % 3;
	w->affinity = cpus >> 2 & 3;
	w->config = (struct vic_gic_config){
		.size = sizeof(w->config),
		.flags = cpus >> 4,
		.max_vcpus = 1 + (cpus & 3),
		.spis = spis[numbers & 7],
		.espis = espis[numbers >> 3 & 3],
		.eppis = eppis[numbers >> 5 & 3],
		.iidr = 0x43b,
		.nr_regions = 1,
		.gicd_base = 0x8000000,
		.ops = &operations[kind >> 5 & 1],
	};
	/* All there can be is slow. */
	if (w->config.spis == 988 && w->config.espis == 64)
		w->config.espis = 1024;
	/* At the end of memory, in two pieces. */
	w->config.regions[0].base = 0x80a0000;
	w->config.regions[0].count = w->config.max_vcpus;
	if ((kind & 0x40) && w->config.max_vcpus > 2) {
		w->config.nr_regions = 2;
		w->config.gicd_base = 0;
		w->config.regions[0].base =
			0xffffffffffff0000 - 2 * VIC_GICR_FRAME_SIZE;
		w->config.regions[0].count = 2;
		w->config.regions[1].base = 0x10000;
		w->config.regions[1].count = w->config.max_vcpus - 2;
	}
	w->gic_storage = storage(vic_gic_size(&w->config), VIC_CACHE_LINE);
	REQUIRE(vic_gic_init(w->gic_storage, vic_gic_size(&w->config),
			     &w->config, &w->gic) == VIC_OK);
	for (uint32_t i = 0; i < w->config.max_vcpus; i++)
		if (i == 0 || !(numbers & 0x80))
			world_add(w, i);
	if (kind & 0x80)
		link_some(w);
	if (input_below(&w->input, 4))
		for (uint32_t i = 0; i < w->config.max_vcpus; i++)
			if (w->cpu[i].vcpu)
				boot(&w->cpu[i]);
	world_check(w);
}

void world_free(struct gic_world *w)
{
	for (uint32_t i = 0; i < w->config.max_vcpus; i++) {
		free(w->cpu[i].gicr_storage);
		free(w->cpu[i].vcpu_storage);
	}
	free(w->gic_storage);
}

uint32_t world_intid(struct gic_world *w)
{
	uint32_t low = input_u8(&w->input);

	switch (low >> 6) {
	case 0:
	case 1:
		return low & 0x3f;
	case 2:
		if (low & 0x20)
			return VIC_INTID_EPPI + (low & 0x1f);
		return VIC_INTID_ESPI + (low & 0x1f);
	default:
		return low << 8 | input_u8(&w->input);
	}
}

uint64_t world_gicr(const struct gic_world *w, uint32_t i)
{
	uint32_t region = 0;

	while (i >= w->config.regions[region].count)
		i -= w->config.regions[region++].count;
	return w->config.regions[region].base + i * VIC_GICR_FRAME_SIZE;
}

struct gic_cpu *world_pick(struct gic_world *w)
{
	struct gic_cpu *cpu =
		&w->cpu[input_below(&w->input, w->config.max_vcpus)];

	return cpu->vcpu ? cpu : &w->cpu[0];
}

/* What the guest left behind, or what the fuzzer makes of it. */
static void leave(struct gic_cpu *cpu)
{
	struct input *input = &cpu->world->input;
	struct vic_gic_lrs *image = &cpu->image;
	uint32_t used = image->used;

	vic_vcpu_exit(cpu->vcpu, cpu->signals);
	*image = cpu->hw.regs;
	image->used = used;
	if (!cpu->world->hostile)
		return;
	cpu->garbled = true;
	for (uint32_t n = 0; n < VIC_GIC_MAX_LRS; n++) {
		uint32_t how = input_u8(input);

		/* Mostly a state, which libvic believes. */
		if (how < 0xc0)
			image->lr[n] ^= (uint64_t)(how & 3) << 62;
		else if (how < 0xe0)
			image->lr[n] = image->lr[how & 0xf];
		else if (how < 0xf0)
			image->lr[n] = input_u64(input);
	}
	image->hcr = input_u32(input);
	image->vmcr = input_u32(input);
	image->used = input_u32(input);
	image->prebits = input_u8(input) & 0x80 ? input_u32(input) : 0;
	for (uint32_t n = 0; n < 4; n++) {
		image->ap0r[n] = (uint32_t)input_u8(input) << (n * 8);
		image->ap1r[n] = (uint32_t)input_u8(input) << (24 - n * 8);
	}
}

void world_home(struct gic_cpu *cpu)
{
	enum place place = cpu->place;

	if (place == AT_GUEST)
		leave(cpu);
	cpu->place = AT_HOST;
	if (place == AT_GUEST || place == AT_FLUSHED) {
		vic_gic_sync(cpu->gicr, &cpu->image);
		if (!cpu->world->hostile)
			cpu->hw.regs.hcr = 0;
	} else if (place == AT_BLOCKED) {
		vic_vcpu_unblock(cpu->vcpu);
	}
	if (!cpu->on_cpu)
		vic_gic_load(cpu->gicr);
	cpu->on_cpu = true;
}

void world_put(struct gic_cpu *cpu)
{
	world_home(cpu);
	vic_gic_put(cpu->gicr);
	cpu->on_cpu = false;
	cpu->place = AT_HOST;
}

/* libvic reads these, and the physical CPU has them. */
static void save(struct gic_cpu *cpu)
{
	if (cpu->world->hostile)
		return;
	cpu->image.vmcr = cpu->hw.regs.vmcr;
	memcpy(cpu->image.ap0r, cpu->hw.regs.ap0r, sizeof(cpu->image.ap0r));
	memcpy(cpu->image.ap1r, cpu->hw.regs.ap1r, sizeof(cpu->image.ap1r));
}

/* What of ICH_VMCR_EL2 makes flush choose anew. */
#define CHOICE (VIC_VMCR_VENG0 | VIC_VMCR_VENG1 | VIC_VMCR_VEOIM)

/* Whether flush fills the image; otherwise it stays as it is. */
static bool rebuilds(const struct gic_cpu *cpu)
{
	const struct vic_gicr *r = cpu->gicr;

	if ((r->vmcr ^ cpu->image.vmcr) & CHOICE)
		return true;
	return r->changed && (!r->loaded || (cpu->vcpu->request & REQUEST_NEW));
}

void world_flush(struct gic_cpu *cpu)
{
	uint32_t word;

	if (cpu->place != AT_FLUSHED)
		world_home(cpu);
	save(cpu);
	if (rebuilds(cpu))
		cpu->garbled = false;
	word = vic_gic_flush(cpu->gicr, &cpu->image);
	REQUIRE(!(word & ~(uint32_t)VIC_GIC_WORK_RESYNC));
	cpu->place = AT_FLUSHED;
	for (uint32_t n = 0; n < VIC_GIC_MAX_LRS; n++) {
		if (cpu->image.used >> n & 1)
			cpu->hw.regs.lr[n] = cpu->image.lr[n];
		else if (cpu->hw.regs.used >> n & 1)
			cpu->hw.regs.lr[n] = 0;
		if (!cpu->world->hostile && !(cpu->image.used >> n & 1))
			REQUIRE(!(cpu->hw.regs.lr[n] & VIC_LR_STATE));
	}
	cpu->hw.regs.used = cpu->image.used;
	cpu->hw.regs.hcr = cpu->image.hcr;
}

void world_enter(struct gic_cpu *cpu)
{
	enum vic_enter entered = VIC_ENTER_AGAIN;

	/* Nobody else runs meanwhile, but for what ends in callbacks. */
	for (int i = 0; i < 6 && entered == VIC_ENTER_AGAIN; i++) {
		world_flush(cpu);
		cpu->signals = 0;
		entered = vic_vcpu_enter(cpu->vcpu);
	}
	REQUIRE(entered != VIC_ENTER_AGAIN);
	cpu->place = AT_GUEST;
	cpu->armed = entered == VIC_ENTER_EXIT;
}

void world_block(struct gic_cpu *cpu)
{
	bool takes;

	world_home(cpu);
	save(cpu);
	takes = vic_gic_deliverable(cpu->gicr, &cpu->image);
	if (!cpu->world->hostile)
		REQUIRE(takes == world_would_take(cpu));
	cpu->signals = 0;
	if (!vic_gic_block(cpu->gicr, &cpu->image))
		return;
	REQUIRE(!takes);
	cpu->place = AT_BLOCKED;
}
