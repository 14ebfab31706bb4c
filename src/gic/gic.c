/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Making a GIC and its Redistributors, and reset. */
#include "gic/irq.h"

#define SPIS_MAX 988u
#define ESPIS_MAX 1024u

#define KNOWN_FLAGS                                        \
	((uint32_t)VIC_GIC_1_OF_N | VIC_GIC_RESET_GROUP0 | \
	 VIC_GIC_RESET_AWAKE | VIC_GIC_SGI1R_ANY_GROUP)

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* SPIs as numbers count them. */
static uint32_t spi_numbers(uint32_t spis)
{
	return (uint32_t)round_up(spis, 32);
}

static uint32_t queue_words(uint32_t spis, uint32_t eppis, uint32_t espis)
{
	return (uint32_t)round_up(VIC_INTID_SPI + spis + eppis + espis, 64) /
	       64;
}

static size_t gicr_bytes(uint32_t spis, uint32_t eppis, uint32_t espis)
{
	size_t bytes =
		sizeof(struct vic_gicr) +
		(VIC_INTID_SPI + eppis) * sizeof(struct gic_irq) +
		(ROWS + 1) * sizeof(uint64_t) * queue_words(spis, eppis, espis);

	/* An odd number of cache lines: neighbours differ in their sets. */
	return round_up(bytes, 2 * VIC_CACHE_LINE) + VIC_CACHE_LINE;
}

/* The bytes of frame @i: the Distributor, then the regions. */
static uint64_t frame_base(const struct vic_gic_config *config, uint32_t i)
{
	return i ? config->regions[i - 1].base : config->gicd_base;
}

static uint64_t frame_size(const struct vic_gic_config *config, uint32_t i)
{
	return i ? config->regions[i - 1].count * (uint64_t)VIC_GICR_FRAME_SIZE
		 : VIC_GICD_FRAME_SIZE;
}

/* In guest physical memory, aligned, and apart from the others. */
static bool frames_valid(const struct vic_gic_config *config)
{
	for (uint32_t i = 0; i <= config->nr_regions; i++) {
		uint64_t base = frame_base(config, i);

		if (base % VIC_GICD_FRAME_SIZE ||
		    base > UINT64_MAX - frame_size(config, i))
			return false;
		for (uint32_t j = 0; j <= config->nr_regions; j++)
			if (i != j && frame_base(config, j) - base <
					      frame_size(config, i))
				return false;
	}
	return true;
}

static bool regions_valid(const struct vic_gic_config *config)
{
	uint32_t count = 0;

	if (config->nr_regions > VIC_GIC_MAX_REGIONS)
		return false;
	for (uint32_t i = 0; i < config->nr_regions; i++) {
		const struct vic_gic_region *region = &config->regions[i];

		if (region->reserved || !region->count ||
		    region->count > VIC_GIC_MAX_VCPUS)
			return false;
		count += region->count;
	}
	return count == config->max_vcpus && frames_valid(config);
}

static bool config_valid(const struct vic_gic_config *config)
{
	return config->max_vcpus && config->max_vcpus <= VIC_GIC_MAX_VCPUS &&
	       config->spis <= SPIS_MAX &&
	       (config->spis % 32 == 0 || config->spis == SPIS_MAX) &&
	       config->espis <= ESPIS_MAX && config->espis % 32 == 0 &&
	       (config->eppis == 0 || config->eppis == 32 ||
		config->eppis == 64) &&
	       config->ops && regions_valid(config);
}

/* What follows struct vic_gic: */
struct layout {
	/* pointers to Redistributors, ids, shared interrupts, nowhere. */
	size_t ids, shared, nowhere, size;
};

static struct layout layout(const struct vic_gic_config *config)
{
	uint32_t spis = spi_numbers(config->spis);
	size_t gicrs = sizeof(struct vic_gic);
	struct layout l;

	l.ids = round_up(gicrs + (config->max_vcpus + 1) *
					 sizeof(struct vic_gicr *),
			 sizeof(uint64_t));
	l.shared = l.ids + id_table_slots(config->max_vcpus) * ID_SLOT_SIZE;
	l.shared = round_up(l.shared, sizeof(uint64_t));
	l.nowhere = round_up(l.shared + (spis + config->espis) *
						sizeof(struct gic_irq),
			     VIC_CACHE_LINE);
	l.size = l.nowhere + gicr_bytes(spis, config->eppis, config->espis);
	return l;
}

static bool config_known(const struct vic_gic_config *config)
{
	return abi_known(config, config->size, sizeof(*config),
			 sizeof(*config)) &&
	       !(config->flags & ~KNOWN_FLAGS);
}

size_t vic_gic_size(const struct vic_gic_config *config)
{
	if (!config || !config_known(config) || !config_valid(config))
		return 0;
	return layout(config).size;
}

/* Back to reset, with an empty queue around it. */
static void irq_reset(const struct vic_gic *gic, struct gic_irq *irq,
		      uint32_t home, uint32_t keep)
{
	store32_relaxed(
		&irq->state,
		(irq->state & keep) |
			(gic->flags & VIC_GIC_RESET_GROUP0 ? 0 : IRQ_GROUP1));
	irq->affinity = 0;
	irq->home = home;
	irq->route = home;
	irq->lines = 0;
}

/* A Redistributor's memory, as at reset; it is in nobody's hands. */
static void gicr_make(struct vic_gicr *r, struct vic_gic *gic, uint32_t index)
{
	uint32_t privates = VIC_INTID_SPI + gic->eppis;

	memset(r, 0, gicr_bytes(gic->spis, gic->eppis, gic->espis));
	lock_init(&r->lock, gic->ops);
	r->gic = gic;
	r->plain = !gic->matrix && !r->lock.ops;
	r->index = index;
	r->bits = (uint64_t *)(r->private_irqs + privates);
	r->words = queue_words(gic->spis, gic->eppis, gic->espis);
	r->stale = true;
	r->held = HELD_NONE;
	r->asleep = !(gic->flags & VIC_GIC_RESET_AWAKE);
	for (uint32_t i = 0; i < privates; i++)
		irq_reset(gic, &r->private_irqs[i], index, 0);
	for (uint32_t i = 0; i < VIC_INTID_PPI; i++)
		r->private_irqs[i].state |= IRQ_EDGE;
}

int vic_gic_init(void *storage, size_t size,
		 const struct vic_gic_config *config, struct vic_gic **gic)
{
	struct vic_gic *g = storage;
	unsigned char *base = storage;
	struct vic_gicr *nowhere;
	struct layout l;

	if (!config || !gic)
		return VIC_ERR_INVAL;
	if (!config_known(config))
		return VIC_ERR_ABI;
	if (!config_valid(config))
		return VIC_ERR_INVAL;
	if (!abi_known(config->ops, config->ops->size, sizeof(*config->ops),
		       sizeof(*config->ops)))
		return VIC_ERR_ABI;
	if (config->ops->flags)
		return VIC_ERR_ABI;
	if (!config->ops->lock != !config->ops->unlock)
		return VIC_ERR_INVAL;
	l = layout(config);
	if (!g || size < l.size || !aligned(g, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	memset(g, 0, l.size);
	g->ops = config->ops;
	lock_init(&g->lock, g->ops);
	g->gicrs = (struct vic_gicr **)(g + 1);
	g->shared = (struct gic_irq *)(base + l.shared);
	g->matrix = config->matrix;
	g->flags = config->flags;
	g->max = config->max_vcpus;
	g->spis = spi_numbers(config->spis);
	g->spis_valid = config->spis;
	g->eppis = config->eppis;
	g->espis = config->espis;
	g->iidr = config->iidr ? config->iidr : VIC_GIC_IIDR;
	g->gicd_base = config->gicd_base;
	g->nr_regions = config->nr_regions;
	memcpy(g->regions, config->regions, sizeof(g->regions));
	id_table_init(&g->ids, base + l.ids, id_table_slots(g->max));
	for (uint32_t i = 0; i < g->spis + g->espis; i++)
		irq_reset(g, &g->shared[i], g->max, 0);
	nowhere = (struct vic_gicr *)(base + l.nowhere);
	gicr_make(nowhere, g, g->max);
	g->gicrs[g->max] = nowhere;
	*gic = g;
	return VIC_OK;
}

size_t vic_gicr_size(const struct vic_gic *gic)
{
	return gicr_bytes(gic->spis, gic->eppis, gic->espis);
}

/* Whether it is the last of its region. */
static bool is_last(const struct vic_gic *gic, uint32_t index)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < gic->nr_regions; i++) {
		end += gic->regions[i].count;
		if (index + 1 == end)
			return true;
	}
	return false;
}

int vic_gicr_init(void *storage, size_t size,
		  const struct vic_gicr_config *config, struct vic_gicr **gicr)
{
	struct vic_gicr *r = storage;
	struct vic_gic *gic;
	uint32_t index;

	if (!config || !gicr)
		return VIC_ERR_INVAL;
	if (!abi_known(config, config->size, sizeof(*config),
		       sizeof(*config)) ||
	    config->flags)
		return VIC_ERR_ABI;
	gic = config->gic;
	if (!gic || !config->vcpu || config->vcpu->index >= gic->max ||
	    !config->nr_lrs || config->nr_lrs > VIC_GIC_MAX_LRS)
		return VIC_ERR_INVAL;
	if (!r || size < vic_gicr_size(gic) || !aligned(r, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	index = config->vcpu->index;
	if (gic->gicrs[index] || id_table_find(&gic->ids, config->affinity))
		return VIC_ERR_EXISTS;
	gicr_make(r, gic, index);
	r->vcpu = config->vcpu;
	r->affinity = config->affinity;
	r->nr_lrs = config->nr_lrs;
	r->last = is_last(gic, index);
	r->vcpu->id = config->affinity;
	/* Whoever finds the id must find the Redistributor. */
	store_gicr(&gic->gicrs[index], r);
	if (!id_table_add(&gic->ids, config->affinity, r->vcpu))
		return VIC_ERR_EXISTS;
	if (index >= gic->nr)
		store32_release(&gic->nr, index + 1);
	store32_relaxed(&gic->added, gic->added + 1);
	irq_welcome(gic, &r->vcpu->counters);
	*gicr = r;
	return VIC_OK;
}

int vic_gic_link(struct vic_gic *gic, struct vic_gicr *gicr, uint32_t intid,
		 uint32_t pintid)
{
	uint32_t number = irq_number(gic, intid), place;
	struct hold hold = {0};
	struct gic_irq *irq;
	bool banked;

	if (number == NUMBER_NONE || intid < VIC_INTID_PPI ||
	    pintid < VIC_INTID_PPI || pintid >= VIC_INTID_SPECIAL ||
	    !gic->ops->hw_set_active)
		return VIC_ERR_INVAL;
	banked = irq_private(gic, number);
	if (banked && !gicr)
		return VIC_ERR_INVAL;
	irq = irq_at(gic, gicr, number);
	hold_irq(&hold, gic, banked ? gicr : NULL, irq);
	if (irq_pending(irq->state) ||
	    (irq->state & (IRQ_ACTIVE | IRQ_RESIDENT))) {
		hold_drop(&hold);
		return VIC_ERR_STATE;
	}
	irq->pintid = pintid;
	store32_relaxed(&irq->state, irq->state | IRQ_LINKED);
	if (banked) {
		place = private_place(gic, number);
		gicr->linked[place / 64] |= UINT64_C(1) << place % 64;
	}
	hold_drop(&hold);
	return VIC_OK;
}

static void gicr_reset(struct vic_gicr *r)
{
	struct vic_gic *gic = r->gic;
	uint32_t privates = VIC_INTID_SPI + gic->eppis;

	for (uint32_t i = 0; i < privates; i++)
		irq_reset(gic, &r->private_irqs[i], r->index,
			  i < VIC_INTID_PPI ? IRQ_EDGE : IRQ_LINKED);
	memset(r->bits, 0, (ROWS + 1) * r->words * sizeof(*r->bits));
	memset(r->summary, 0, sizeof(r->summary));
	memset(&r->retry, 0, sizeof(r->retry));
	r->levels = 0;
	gicr_listen(r, 0);
	r->loaded = 0;
	r->held = HELD_NONE;
	r->rwp = 0;
	r->dpg = 0;
	r->used = 0;
	r->used_linked = 0;
	r->vmcr = 0;
	r->stale = true;
	r->asleep = !(gic->flags & VIC_GIC_RESET_AWAKE);
	r->generation++;
}

void vic_gic_reset(struct vic_gic *gic)
{
	const struct vic_vcpu *first = id_table_find(&gic->ids, 0);
	uint32_t home = first ? first->index : gic->max;

	for (uint32_t i = 0; i <= gic->max; i++)
		if (gic->gicrs[i])
			gicr_reset(gic->gicrs[i]);
	for (uint32_t i = 0; i < gic->spis + gic->espis; i++)
		irq_reset(gic, &gic->shared[i], home, IRQ_LINKED);
	gic->ctlr = 0;
	gic->forward = 0;
	gic->rwp = 0;
	gic->cursor = 0;
}

int vic_gic_peek(const struct vic_gic *gic, const struct vic_gicr *gicr,
		 uint32_t intid, struct vic_gic_state *state)
{
	uint32_t number = irq_number(gic, intid), s;
	const struct gic_irq *irq;

	if (number == NUMBER_NONE || (irq_private(gic, number) && !gicr))
		return VIC_ERR_ABSENT;
	irq = irq_at(gic, gicr, number);
	s = load32_relaxed(&irq->state);
	state->enabled = (s & IRQ_ENABLED) != 0;
	state->pending = irq_pending(s);
	state->active = (s & IRQ_ACTIVE) != 0;
	state->level = (s & IRQ_LINE) != 0;
	state->edge = (s & IRQ_EDGE) != 0;
	state->group1 = (s & IRQ_GROUP1) != 0;
	state->resident = (s & IRQ_RESIDENT) != 0;
	state->priority = (uint8_t)((s & IRQ_LEVEL) << IRQ_LEVEL_SHIFT);
	state->home = load32_relaxed(&irq->home);
	return VIC_OK;
}
