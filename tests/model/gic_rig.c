/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "gic_rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GICD_BASE 0x08000000ull
#define GICR_BASE 0x080a0000ull
/* Between regions. */
#define GAP 0x10000ull

void gic_rig_note(struct gic_rig *rig, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(rig->notes[rig->nr_notes++ % GIC_RIG_NOTES], GIC_RIG_NOTE,
		  format, args);
	va_end(args);
}

void gic_rig_fail(struct gic_rig *rig, const char *format, ...)
{
	va_list args;

	if (rig->failed)
		return;
	rig->failed = true;
	va_start(args, format);
	vsnprintf(rig->failure, sizeof(rig->failure), format, args);
	va_end(args);
}

static void wake(void *opaque)
{
	struct gic_rig_cpu *cpu = opaque;

	cpu->wakes++;
	cpu->rig->signals++;
	if (cpu->where != RIG_BLOCKED)
		gic_rig_fail(cpu->rig, "cpu%u woken, not blocked", cpu->index);
	cpu->told = true;
}

static void kick(void *opaque)
{
	struct gic_rig_cpu *cpu = opaque;

	cpu->kicks++;
	cpu->rig->signals++;
	if (cpu->where != RIG_GUEST)
		gic_rig_fail(cpu->rig, "cpu%u kicked, not in the guest",
			     cpu->index);
	cpu->told = true;
}

/* The device does so to source 1 when its interrupt has ended. */
static void answer(struct gic_rig_cpu *cpu, struct gm_irq *irq)
{
	struct gic_rig *rig = cpu->rig;
	bool level = rig->on_eoi == RIG_EOI_RAISES;

	if (rig->on_eoi == RIG_EOI_NOTHING)
		return;
	rig->raised += level;
	if (!rig->flushing) {
		gic_rig_line(rig, cpu->index, irq->intid, 1, level);
		return;
	}
	if (rig->nr_posted == GIC_RIG_POSTED)
		abort();
	gic_rig_note(rig, "  line %u.1 = %d", irq->intid, level);
	rig->posted[rig->nr_posted++] = irq;
	vic_gic_line_set(rig->gic, cpu->gicr, &rig->counters, irq->intid, 1,
			 level);
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct gic_rig_cpu *cpu = opaque;
	struct gm_irq *irq = gm_irq(&cpu->rig->gm, cpu->index, number);

	gic_rig_note(cpu->rig, "  eoi cpu%u %u", cpu->index, number);
	if (source != VIC_EOI_GIC || !irq || irq->edge)
		gic_rig_fail(cpu->rig, "eoi of source %u, number %u", source,
			     number);
	else if (irq->reported < irq->ended)
		irq->reported++;
	else if (irq->cleared)
		irq->cleared = false;
	else
		gic_rig_fail(cpu->rig, "cpu%u: eoi of %u, not ended",
			     cpu->index, number);
	if (irq && !irq->linked)
		answer(cpu, irq);
}

static void set_active(void *opaque, uint32_t pintid, bool active)
{
	struct gic_rig_cpu *cpu = opaque;
	struct gic_rig_link *link =
		gic_rig_linked(cpu->rig, cpu->index, pintid);

	gic_rig_note(cpu->rig, "  physical %u of cpu%u active %d", pintid,
		     cpu->index, active);
	if (!link || cpu->rig->thread != cpu->index ||
	    (active && link->irq->vcpu == GM_NOBODY))
		gic_rig_fail(cpu->rig, "hw_set_active of %u by cpu%d, %d",
			     pintid, (int)cpu->rig->thread, active);
	else
		link->active = active;
}

static bool line(void *opaque, uint32_t intid)
{
	struct gic_rig_cpu *cpu = opaque;
	struct gic_rig *rig = cpu->rig;
	const struct gm_irq *irq = gm_irq(&rig->gm, cpu->index, intid);

	for (uint32_t i = 0; i < rig->nr_links; i++)
		if (rig->links[i].irq == irq && rig->thread == cpu->index)
			return rig->links[i].requested;
	gic_rig_fail(rig, "hw_line of %u by cpu%d", intid, (int)rig->thread);
	return false;
}

/* By a list register. */
static void deactivated(void *opaque, uint32_t pintid)
{
	struct gic_rig_cpu *cpu = opaque;
	struct gic_rig_link *link =
		gic_rig_linked(cpu->rig, cpu->index, pintid);

	if (!link || !link->active)
		gic_rig_fail(cpu->rig, "cpu%u ends physical %u", cpu->index,
			     pintid);
	else
		link->active = false;
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
	.hw_set_active = set_active,
	.hw_line = line,
};

static void *storage(size_t size)
{
	size_t rounded =
		(size + VIC_CACHE_LINE - 1) / VIC_CACHE_LINE * VIC_CACHE_LINE;
	void *result = aligned_alloc(VIC_CACHE_LINE, rounded);

	if (!result) {
		perror("aligned_alloc");
		exit(1);
	}
	memset(result, 0, rounded);
	return result;
}

static void must(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "%s: error %d\n", what, err);
		abort();
	}
}

static void add_cpu(struct gic_rig *rig, uint32_t index)
{
	struct gic_rig_cpu *cpu = &rig->cpu[index];
	const struct vic_vcpu_config vcpu_config = {
		.size = sizeof(vcpu_config),
		.index = index,
		.ops = &ops,
		.opaque = cpu,
	};
	struct vic_gicr_config config = {
		.size = sizeof(config),
		.gic = rig->gic,
		.affinity = rig->spec.model.affinity[index],
		.nr_lrs = rig->spec.nr_lrs,
	};

	cpu->rig = rig;
	cpu->index = index;
	cpu->vcpu_storage = storage(vic_vcpu_size());
	must(vic_vcpu_init(cpu->vcpu_storage, vic_vcpu_size(), &vcpu_config,
			   &cpu->vcpu),
	     "vic_vcpu_init");
	config.vcpu = cpu->vcpu;
	cpu->gicr_storage = storage(vic_gicr_size(rig->gic));
	must(vic_gicr_init(cpu->gicr_storage, vic_gicr_size(rig->gic), &config,
			   &cpu->gicr),
	     "vic_gicr_init");
}

static void reset_pe(struct gic_rig *rig, uint32_t index)
{
	struct gic_rig_cpu *cpu = &rig->cpu[index];
	struct gm_pe *pe = &rig->gm.pe[index];

	vcpuif_init(&cpu->hw, rig->spec.nr_lrs, rig->spec.prebits);
	cpu->hw.ties_high = rig->spec.ties_high;
	cpu->hw.deactivated = deactivated;
	cpu->hw.opaque = cpu;
	cpu->image = (struct vic_gic_lrs){
		.vmcr = cpu->hw.regs.vmcr,
		.prebits = rig->spec.prebits,
	};
	pe->enabled[0] = pe->enabled[1] = false;
	pe->pmr = 0;
	pe->bpr[0] = (uint8_t)(7 - rig->spec.prebits);
	pe->bpr[1] = (uint8_t)(8 - rig->spec.prebits);
	pe->cbpr = pe->eoimode = false;
	pe->nr_active = 0;
	cpu->nr_dropped = 0;
}

static uint64_t raw_read(struct gic_rig *rig, uint64_t address, uint32_t len)
{
	uint64_t value = 0;

	must((int)vic_gic_mmio_read(rig->cpu[0].gicr, address, len, &value),
	     "vic_gic_mmio_read");
	return value;
}

/* What the manual leaves open is taken as it is, if it makes sense. */
static void learn(struct gic_rig *rig)
{
	struct gm_config *c = &rig->spec.model;
	uint64_t ctlr = c->gicd_base + VIC_GICD_CTLR;
	uint32_t typer, idbits;

	typer = (uint32_t)raw_read(rig, c->gicd_base + VIC_GICD_TYPER, 4);
	c->typer_open = typer & (0x1fu << VIC_GICD_TYPER_IDBITS_SHIFT |
				 VIC_GICD_TYPER_A3V | VIC_GICD_TYPER_RSS);
	idbits = (typer >> VIC_GICD_TYPER_IDBITS_SHIFT & 0x1f) + 1;
	if (idbits < (c->espis ? 13 : c->eppis ? 11 : 10))
		gic_rig_fail(rig, "GICD_TYPER.IDbits %u", idbits - 1);
	must((int)vic_gic_mmio_write(rig->cpu[0].gicr, ctlr, 4, UINT32_MAX),
	     "vic_gic_mmio_write");
	c->ctlr_open = (uint32_t)raw_read(rig, ctlr, 4) & VIC_GICD_CTLR_E1NWF;
	must((int)vic_gic_mmio_write(rig->cpu[0].gicr, ctlr, 4, 0),
	     "vic_gic_mmio_write");
	c->dpgs = raw_read(rig, c->gicr_base[0] + VIC_GICR_TYPER, 8) &
		  VIC_GICR_TYPER_DPGS;
}

void gic_rig_init(struct gic_rig *rig, const struct gic_rig_spec *spec)
{
	struct gm_config *c;
	struct vic_gic_config config = {
		.size = sizeof(config),
		.gicd_base = GICD_BASE,
		.ops = &ops,
	};
	uint64_t base = GICR_BASE;
	uint32_t v = 0;

	memset(rig, 0, sizeof(*rig));
	rig->spec = *spec;
	c = &rig->spec.model;
	c->gicd_base = GICD_BASE;
	config.nr_regions = spec->nr_regions;
	for (uint32_t r = 0; r < spec->nr_regions; r++) {
		config.regions[r].base = base;
		config.regions[r].count = spec->region_count[r];
		for (uint32_t i = 0; i < spec->region_count[r]; i++, v++) {
			c->gicr_base[v] = base;
			c->last[v] = i == spec->region_count[r] - 1;
			base += VIC_GICR_FRAME_SIZE;
		}
		base += GAP;
	}
	config.max_vcpus = c->vcpus = v;
	config.spis = c->spis;
	config.espis = c->espis;
	config.eppis = c->eppis;
	config.iidr = c->iidr;
	config.flags = (c->one_of_n ? VIC_GIC_1_OF_N : 0u) |
		       (c->reset_group0 ? VIC_GIC_RESET_GROUP0 : 0u) |
		       (c->reset_awake ? VIC_GIC_RESET_AWAKE : 0u) |
		       (c->sgi1r_any ? VIC_GIC_SGI1R_ANY_GROUP : 0u);
	rig->matrix = calloc((size_t)v * v, sizeof(*rig->matrix));
	config.matrix = rig->matrix;
	rig->gic_storage = storage(vic_gic_size(&config));
	must(vic_gic_init(rig->gic_storage, vic_gic_size(&config), &config,
			  &rig->gic),
	     "vic_gic_init");
	for (uint32_t i = 0; i < v; i++)
		add_cpu(rig, i);
	learn(rig);
	gm_init(&rig->gm, c);
	rig->gm.ties_open = spec->ties_high;
	for (uint32_t i = 0; i < v; i++)
		reset_pe(rig, i);
}

void gic_rig_free(struct gic_rig *rig)
{
	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++) {
		free(rig->cpu[v].gicr_storage);
		free(rig->cpu[v].vcpu_storage);
	}
	free(rig->gic_storage);
	free(rig->matrix);
}

void gic_rig_reset(struct gic_rig *rig)
{
	gic_rig_note(rig, "reset");
	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++)
		if (rig->cpu[v].loaded)
			gic_rig_put(rig, v);
	for (uint32_t i = 0; i < rig->nr_links; i++)
		rig->links[i].active = false;
	vic_gic_reset(rig->gic);
	gm_reset(&rig->gm);
	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++)
		reset_pe(rig, v);
}

/* An access is emulated where the vCPU runs: <vic/gic_lr.h>. */
static void run_on(struct gic_rig *rig, uint32_t vcpu)
{
	if (rig->nr_links && !rig->cpu[vcpu].loaded)
		gic_rig_put(rig, vcpu);
	rig->thread = vcpu;
}

/* A PPI's physical interrupt is out of another physical CPU's reach. */
static void keep_others(struct gic_rig *rig, uint32_t vcpu, uint64_t address)
{
	for (uint32_t i = 0; i < rig->nr_links; i++) {
		struct gm_irq *irq = rig->links[i].irq;
		uint64_t base;

		if (irq->vcpu == GM_NOBODY || irq->vcpu == vcpu)
			continue;
		base = rig->gm.config.gicr_base[irq->vcpu] +
		       VIC_GICR_ICACTIVER0;
		if (address >= base && address < base + 12)
			gm_keep_physical(irq);
	}
}

void gic_rig_write(struct gic_rig *rig, uint32_t vcpu, uint64_t address,
		   uint32_t len, uint64_t value)
{
	enum vic_access access;

	gic_rig_note(rig, "cpu%u: write%u %llx = %llx", vcpu, len * 8,
		     (unsigned long long)address, (unsigned long long)value);
	run_on(rig, vcpu);
	keep_others(rig, vcpu, address);
	gm_write(&rig->gm, address, len, value);
	access = vic_gic_mmio_write(rig->cpu[vcpu].gicr, address, len, value);
	if (access != (gm_is_mine(&rig->gm, address) ? VIC_ACCESS_DONE
						     : VIC_ACCESS_FOREIGN))
		gic_rig_fail(rig, "write: access %d", access);
}

/* The vCPUs that a read asked leave the guest once. */
static void let_out(struct gic_rig *rig, uint32_t asked)
{
	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++) {
		struct gic_rig_cpu *cpu = &rig->cpu[v];

		if (!(asked >> v & 1))
			continue;
		while (cpu->where == RIG_FLUSHED || cpu->where == RIG_REFUSED) {
			if (cpu->where == RIG_REFUSED)
				gic_rig_flush(rig, v);
			gic_rig_enter(rig, v);
		}
		if (cpu->where == RIG_GUEST)
			gic_rig_exit(rig, v);
		if (cpu->where == RIG_LEFT)
			gic_rig_sync(rig, v);
	}
}

/* Of those that hold something, at least one was told. */
static bool one_told(const struct gic_rig *rig, uint32_t asked)
{
	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++)
		if ((asked >> v & 1) &&
		    (rig->cpu[v].told || rig->cpu[v].where != RIG_GUEST))
			return true;
	return false;
}

void gic_rig_read(struct gic_rig *rig, uint32_t vcpu, uint64_t address,
		  uint32_t len, bool insist)
{
	struct gic_rig_cpu *cpu = &rig->cpu[vcpu];
	uint32_t asked = gm_asks(&rig->gm, address, len);
	bool repeated = cpu->asked_address == address && !cpu->asked;
	uint64_t value = 0;
	enum vic_access access;

	run_on(rig, vcpu);
	access = vic_gic_mmio_read(cpu->gicr, address, len, &value);
	gic_rig_note(rig, "cpu%u: read%u %llx -> %d %llx", vcpu, len * 8,
		     (unsigned long long)address, access,
		     (unsigned long long)value);
	if (access == VIC_ACCESS_RETRY) {
		rig->retries++;
		if (!one_told(rig, asked))
			gic_rig_fail(rig, "read: nobody of %x told", asked);
		cpu->asked_address = address;
		cpu->asked = asked;
		if (!insist)
			return;
		let_out(rig, asked);
		repeated = false;
		rig->thread = vcpu;
		access = vic_gic_mmio_read(cpu->gicr, address, len, &value);
		gic_rig_note(rig, "cpu%u: again -> %d %llx", vcpu, access,
			     (unsigned long long)value);
	}
	/* It may have looked at a physical line. */
	gic_check_physical(rig, GM_NOBODY);
	if (cpu->asked_address == address)
		cpu->asked_address = 0;
	if (access == VIC_ACCESS_FOREIGN) {
		if (gm_is_mine(&rig->gm, address))
			gic_rig_fail(rig, "read: foreign");
		return;
	}
	/* Repeated, it may be what was true when the last one left. */
	if (access != VIC_ACCESS_DONE)
		gic_rig_fail(rig, "read: access %d", access);
	else if (!(repeated && asked) &&
		 !gm_read(&rig->gm, address, len, value))
		gic_rig_fail(rig, "read: cannot be %llx",
			     (unsigned long long)value);
}

void gic_rig_link(struct gic_rig *rig, uint32_t intid, uint32_t pintid)
{
	for (uint32_t v = 0; v < rig->gm.config.vcpus; v++) {
		struct gm_irq *irq = gm_irq(&rig->gm, v, intid);

		if (!irq || irq->linked)
			return;
		must(vic_gic_link(rig->gic, rig->cpu[v].gicr, intid, pintid),
		     "vic_gic_link");
		irq->linked = true;
		rig->links[rig->nr_links++] =
			(struct gic_rig_link){.irq = irq, .pintid = pintid};
	}
}

struct gic_rig_link *
gic_rig_linked(struct gic_rig *rig, uint32_t vcpu, uint32_t pintid)
{
	for (uint32_t i = 0; i < rig->nr_links; i++) {
		struct gic_rig_link *link = &rig->links[i];

		if (link->pintid == pintid &&
		    (link->irq->vcpu == GM_NOBODY || link->irq->vcpu == vcpu))
			return link;
	}
	return NULL;
}

void gic_rig_request(struct gic_rig *rig, struct gic_rig_link *link, bool high)
{
	gic_rig_note(rig, "device of %u, cpu%d: %d", link->irq->intid,
		     (int)link->irq->vcpu, high);
	link->requested = high;
}

void gic_rig_fire(struct gic_rig *rig, struct gic_rig_link *link)
{
	uint32_t vcpu = link->irq->vcpu;
	bool here = vcpu == GM_NOBODY || rig->cpu[vcpu].loaded;

	if (!link->requested || link->active)
		return;
	/* Of a vCPU that has no physical CPU: the embedder's own timer. */
	link->active = here;
	rig->fired++;
	gic_rig_line(rig, vcpu == GM_NOBODY ? 0 : vcpu, link->irq->intid, 0,
		     true);
}

void gic_rig_sgi(struct gic_rig *rig, uint32_t vcpu, uint32_t sysreg,
		 uint64_t value)
{
	enum vic_access access;

	gic_rig_note(rig, "cpu%u: sgi %s %llx", vcpu,
		     sysreg == VIC_ICC_SGI1R_EL1 ? "1R" : "0R",
		     (unsigned long long)value);
	run_on(rig, vcpu);
	gm_sgi(&rig->gm, vcpu, sysreg == VIC_ICC_SGI1R_EL1, value);
	access = vic_gic_sysreg_write(rig->cpu[vcpu].gicr, sysreg, value);
	if (access != VIC_ACCESS_DONE)
		gic_rig_fail(rig, "sgi: access %d", access);
}

void gic_rig_sre(struct gic_rig *rig, uint32_t vcpu, uint64_t value)
{
	struct vic_gicr *gicr = rig->cpu[vcpu].gicr;
	uint64_t seen = 0;

	if (vic_gic_sysreg_write(gicr, VIC_ICC_SRE_EL1, value) !=
		    VIC_ACCESS_DONE ||
	    vic_gic_sysreg_read(gicr, VIC_ICC_SRE_EL1, &seen) !=
		    VIC_ACCESS_DONE ||
	    seen != VIC_ICC_SRE_VALUE)
		gic_rig_fail(rig, "ICC_SRE_EL1 %llx", (unsigned long long)seen);
}

/*
 * Who says that it signalled did. The converse does not hold: beside the
 * target, a vCPU with a list register to correct may be told.
 */
static void
check_post(struct gic_rig *rig, enum vic_post post, uint64_t signals)
{
	if ((post == VIC_POST_KICKED || post == VIC_POST_WOKEN) &&
	    rig->signals == signals)
		gic_rig_fail(rig, "post %d, but no signal", post);
}

void gic_rig_line(struct gic_rig *rig, uint32_t vcpu, uint32_t intid,
		  uint32_t source, bool level)
{
	struct gm_irq *irq = gm_irq(&rig->gm, vcpu, intid);
	uint64_t before = rig->signals;
	uint32_t thread = rig->thread;
	enum vic_post post;
	bool refused;

	gic_rig_note(rig, "line cpu%u %u.%u = %d", vcpu, intid, source, level);
	refused = !irq || intid < VIC_INTID_PPI || source >= GM_MESSAGE;
	if (!refused)
		gm_line(irq, source, level);
	rig->thread = GM_NOBODY;
	post = vic_gic_line_set(rig->gic, rig->cpu[vcpu].gicr, &rig->counters,
				intid, source, level);
	rig->thread = thread;
	if ((post == VIC_POST_REFUSED) != refused)
		gic_rig_fail(rig, "line: post %d", post);
	check_post(rig, post, before);
}

void gic_rig_message(struct gic_rig *rig, uint32_t intid, bool set)
{
	struct gm_irq *irq = gm_irq(&rig->gm, GM_NOBODY, intid);
	uint64_t before = rig->signals;
	enum vic_post post;

	gic_rig_note(rig, "message %u %s", intid, set ? "set" : "clear");
	if (irq)
		gm_message(irq, set);
	rig->thread = GM_NOBODY;
	post = vic_gic_message(rig->gic, &rig->counters, intid, set);
	if ((post == VIC_POST_REFUSED) != !irq)
		gic_rig_fail(rig, "message: post %d", post);
	check_post(rig, post, before);
}

void gic_rig_resync(struct gic_rig *rig, uint32_t vcpu)
{
	gic_rig_note(rig, "resync cpu%u", vcpu);
	rig->cpu[vcpu].resync = true;
	rig->thread = GM_NOBODY;
	vic_vcpu_request(rig->cpu[vcpu].vcpu, &rig->counters,
			 VIC_REQUEST_RESYNC, 0);
}
