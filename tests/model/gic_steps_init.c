/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* From a seed to a VM, and the end of one. */

#include "gic_steps.h"

#include <stddef.h>
#include <string.h>

static void pick_affinities(struct gic_steps *s, struct gm_config *c)
{
	static const uint32_t scattered[GM_VCPUS] = {
		0x00000000, 0x00000001, 0x00000100, 0x00000011,
		0x00010000, 0x0100000f, 0x02030405, 0x000000ff,
	};
	bool plain = one_in(s, 2);

	for (uint32_t v = 0; v < GM_VCPUS; v++)
		c->affinity[v] = plain ? v : scattered[v];
}

static void pick_spec(struct gic_steps *s, struct gic_rig_spec *spec)
{
	static const uint32_t lrs[] = {1, 1, 2, 2, 3, 4, 4, 8, 16};
	static const uint32_t spis[] = {32, 32, 32, 64, 64, 96, 988};
	static const uint32_t espis[] = {0, 0, 32, 64};
	struct gm_config *c = &spec->model;
	uint32_t left = 1 + any(s, GM_VCPUS);

	memset(spec, 0, sizeof(*spec));
	while (left) {
		uint32_t count = 1 + any(s, left);

		spec->region_count[spec->nr_regions++] = count;
		left -= count;
	}
	spec->nr_lrs = PICK(s, lrs);
	spec->prebits = 5 + any(s, 3);
	spec->ties_high = one_in(s, 4);
	c->spis = PICK(s, spis);
	c->espis = one_in(s, 40) ? 1024 : PICK(s, espis);
	c->eppis = 32 * any(s, 3);
	c->iidr = any(s, 1u << 31);
	c->one_of_n = one_in(s, 4);
	c->reset_group0 = one_in(s, 4);
	c->reset_awake = one_in(s, 4);
	c->sgi1r_any = one_in(s, 4);
	pick_affinities(s, c);
}

static void add_hot(struct gic_steps *s, uint32_t intid)
{
	if (gm_irq(&s->rig.gm, 0, intid))
		s->hot[s->nr_hot++] = intid;
}

static void pick_hot(struct gic_steps *s)
{
	const struct gm_config *c = &s->rig.gm.config;
	static const uint32_t some[] = {0,  1,    7,    15,   16,  27, 30,
					31, 1056, 32,   33,   34,  35, 47,
					63, 95,   4096, 4097, 4127};

	for (uint32_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		add_hot(s, some[i]);
	add_hot(s, VIC_INTID_SPI + c->spis - 1);
	if (c->eppis)
		add_hot(s, VIC_INTID_EPPI + c->eppis - 1);
	if (c->espis)
		add_hot(s, VIC_INTID_ESPI + c->espis - 1);
}

static void pick_links(struct gic_steps *s)
{
	static const uint32_t pairs[][2] = {{27, 27}, {1056, 31}, {33, 1019},
					    {47, 32}, {63, 77},   {4097, 500}};

	for (uint32_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (!one_in(s, 3))
			gic_rig_link(&s->rig, pairs[i][0], pairs[i][1]);
}

/* Into the guest and out of it, whatever it takes. */
static void into_guest(struct gic_rig *rig, uint32_t vcpu)
{
	do {
		gic_rig_flush(rig, vcpu);
		gic_rig_enter(rig, vcpu);
	} while (rig->cpu[vcpu].where != RIG_GUEST);
}

static void out_of_guest(struct gic_rig *rig, uint32_t vcpu)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];

	if (cpu->where == RIG_BLOCKED)
		gic_rig_unblock(rig, vcpu);
	if (cpu->where == RIG_FLUSHED || cpu->where == RIG_REFUSED)
		into_guest(rig, vcpu);
	if (cpu->where == RIG_GUEST)
		gic_rig_exit(rig, vcpu);
	if (cpu->where == RIG_LEFT)
		gic_rig_sync(rig, vcpu);
}

/* As an operating system does: wake, enable, priorities, open the PE. */
static void boot(struct gic_steps *s)
{
	static const uint8_t priorities[] = {0x20, 0x80, 0xa0, 0xa0};
	struct gic_rig *rig = &s->rig;
	const struct gm_config *c = &rig->gm.config;
	uint64_t d = c->gicd_base;

	gic_rig_write(rig, 0, d + VIC_GICD_CTLR, 4, 3);
	for (uint32_t n = 1; n <= c->spis / 32; n++)
		gic_rig_write(rig, 0, d + VIC_GICD_ISENABLER + 4 * n, 4,
			      UINT32_MAX);
	for (uint32_t i = 0; i < s->nr_hot; i++) {
		uint32_t intid = s->hot[i];

		if (intid < VIC_INTID_SPI)
			for (uint32_t v = 0; v < c->vcpus; v++)
				gic_rig_write(rig, 0,
					      c->gicr_base[v] + intid +
						      VIC_GICR_IPRIORITYR0,
					      1, PICK(s, priorities));
		else if (intid < VIC_INTID_SPECIAL)
			gic_rig_write(rig, 0, d + VIC_GICD_IPRIORITYR + intid,
				      1, PICK(s, priorities));
	}
	for (uint32_t v = 0; v < c->vcpus; v++) {
		uint64_t r = c->gicr_base[v];

		gic_rig_write(rig, v, r + VIC_GICR_WAKER, 4, 0);
		gic_rig_write(rig, v, r + VIC_GICR_ISENABLER0, 4, UINT32_MAX);
		into_guest(rig, v);
		gic_rig_pmr(rig, v, 0xff);
		gic_rig_igrpen(rig, v, 1, true);
		if (one_in(s, 2))
			gic_rig_igrpen(rig, v, 0, true);
		out_of_guest(rig, v);
	}
}

void gic_steps_init(struct gic_steps *s, uint64_t seed)
{
	struct gic_rig_spec spec;

	memset(s, 0, sizeof(*s));
	/* Near seeds make near states: spread them. 0 would stay 0. */
	s->random = (seed + 1) * 0x9e3779b97f4a7c15ull;
	pick_spec(s, &spec);
	gic_rig_init(&s->rig, &spec);
	pick_hot(s);
	if (one_in(s, 2))
		pick_links(s);
	if (!one_in(s, 8))
		boot(s);
}

void gic_steps_end(struct gic_steps *s)
{
	struct gic_rig *rig = &s->rig;
	uint32_t vcpus = rig->gm.config.vcpus;

	for (uint32_t v = 0; v < vcpus; v++)
		out_of_guest(rig, v);
	gic_check(rig);
	gic_check_peek(rig);
	for (uint32_t from = 0; from < vcpus; from++)
		for (uint32_t to = 0; to < vcpus; to++)
			if (rig->matrix[from * vcpus + to] !=
			    rig->gm.sgis[from][to])
				gic_rig_fail(
					rig,
					"SGIs %u to %u: %llu, not "
					"%llu",
					from, to,
					(unsigned long long)
						rig->matrix[from * vcpus + to],
					(unsigned long long)
						rig->gm.sgis[from][to]);
	gic_rig_reset(rig);
	gic_check_peek(rig);
}
