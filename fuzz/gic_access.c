/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A guest's trapped accesses, and what holds for each, whatever the address,
 * the width and the value are.
 */
#include "gic_world.h"

/* Offset of @address in the frame at @base, which may wrap. */
static bool
inside(uint64_t address, uint64_t base, uint32_t size, uint32_t *offset)
{
	*offset = (uint32_t)(address - base);
	return address - base < size;
}

enum width {
	/* In no frame. */
	FOREIGN,
	/* The architecture has no such access: RAZ/WI. */
	ILLEGAL,
	LEGAL,
};

static bool within(uint32_t offset, uint32_t first, uint32_t size)
{
	return offset - first < size;
}

static bool gicd_has(uint32_t offset, uint32_t len)
{
	if (len == 1)
		return within(offset, VIC_GICD_IPRIORITYR, 1024) ||
		       within(offset, VIC_GICD_IPRIORITYRE, 1024);
	if (len == 2)
		return offset == VIC_GICD_SETSPI_NSR ||
		       offset == VIC_GICD_CLRSPI_NSR;
	return len == 4 || within(offset, VIC_GICD_IROUTER + 32 * 8, 988 * 8) ||
	       within(offset, VIC_GICD_IROUTERE, 1024 * 8);
}

static bool gicr_has(uint32_t offset, uint32_t len)
{
	if (len == 1)
		return within(offset, VIC_GICR_IPRIORITYR0, 96);
	return len == 4 || (len == 8 && offset == VIC_GICR_TYPER);
}

static enum width
classify(const struct gic_world *w, uint64_t address, uint32_t len)
{
	bool shape =
		len && len <= 8 && !(len & (len - 1)) && address % len == 0;
	uint32_t offset;

	if (inside(address, w->config.gicd_base, VIC_GICD_FRAME_SIZE, &offset))
		return shape && gicd_has(offset, len) ? LEGAL : ILLEGAL;
	for (uint32_t i = 0; i < w->config.max_vcpus; i++)
		if (w->cpu[i].vcpu && inside(address, world_gicr(w, i),
					     VIC_GICR_FRAME_SIZE, &offset))
			return shape && gicr_has(offset, len) ? LEGAL : ILLEGAL;
	return FOREIGN;
}

void world_write(struct gic_cpu *cpu, uint64_t address, uint32_t len,
		 uint64_t value)
{
	struct gic_world *w = cpu->world;
	enum width width = classify(w, address, len);
	enum vic_access access;
	uint64_t digest = 0;

	world_home(cpu);
	if (width != LEGAL)
		digest = world_digest(w);
	w->locks = 0;
	access = vic_gic_mmio_write(cpu->gicr, address, len, value);
	REQUIRE(w->locks <= GIC_MAX_LOCKS(w));
	REQUIRE(access ==
		(width == FOREIGN ? VIC_ACCESS_FOREIGN : VIC_ACCESS_DONE));
	if (width != LEGAL)
		REQUIRE(world_digest(w) == digest);
}

void world_read(struct gic_cpu *cpu, uint64_t address, uint32_t len)
{
	struct gic_world *w = cpu->world;
	enum width width = classify(w, address, len);
	enum vic_access access;
	uint64_t digest, value = UINT64_MAX;

	world_home(cpu);
	digest = world_digest(w);
	w->locks = 0;
	access = vic_gic_mmio_read(cpu->gicr, address, len, &value);
	REQUIRE(w->locks <= GIC_MAX_LOCKS(w));
	/* Nothing changes, but where a physical line is asked for. */
	if (!w->config.ops->hw_line)
		REQUIRE(world_digest(w) == digest);
	if (access == VIC_ACCESS_RETRY) {
		REQUIRE(width == LEGAL);
		/* Another instruction may be next. */
		if (input_u8(&w->input) & 1)
			return;
		for (uint32_t i = 0; i < w->config.max_vcpus; i++)
			if (w->cpu[i].vcpu)
				world_home(&w->cpu[i]);
		access = vic_gic_mmio_read(cpu->gicr, address, len, &value);
	}
	REQUIRE(access ==
		(width == FOREIGN ? VIC_ACCESS_FOREIGN : VIC_ACCESS_DONE));
	if (width == LEGAL)
		REQUIRE(len == 8 || !(value >> len * 8));
	else
		REQUIRE(value == 0);
}

static uint32_t sgi_state(const struct gic_world *w, uint32_t i, uint32_t intid)
{
	return w->cpu[i].gicr->private_irqs[intid].state;
}

/* IHI 0069, ICC_SGI1R_EL1: whether vCPU @i is a target. */
static bool targeted(const struct gic_cpu *self, uint64_t value, uint32_t i)
{
	uint32_t affinity = self->world->cpu[i].gicr->affinity;

	if (value >> 40 & 1)
		return self != &self->world->cpu[i];
	return (value >> 48 & 0xff) == affinity >> 24 &&
	       (value >> 32 & 0xff) == (affinity >> 16 & 0xff) &&
	       (value >> 16 & 0xff) == (affinity >> 8 & 0xff) &&
	       (value >> 44 & 0xf) == (affinity >> 4 & 0xf) &&
	       (value >> (affinity & 0xf) & 1);
}

static void send(struct gic_cpu *cpu, uint32_t sysreg, uint64_t value)
{
	struct gic_world *w = cpu->world;
	uint32_t intid = value >> 24 & 0xf, before[GIC_VCPUS], groups = 1;

	if (sysreg == VIC_ICC_SGI1R_EL1)
		groups = w->config.flags & VIC_GIC_SGI1R_ANY_GROUP ? 3 : 2;
	for (uint32_t i = 0; i < w->config.max_vcpus; i++)
		if (w->cpu[i].vcpu)
			before[i] = sgi_state(w, i, intid);
	w->locks = 0;
	REQUIRE(vic_gic_sysreg_write(cpu->gicr, sysreg, value) ==
		VIC_ACCESS_DONE);
	REQUIRE(w->locks <= GIC_VCPUS);
	for (uint32_t i = 0; i < w->config.max_vcpus; i++) {
		bool group1, gets;

		if (!w->cpu[i].vcpu)
			continue;
		group1 = before[i] & IRQ_GROUP1;
		gets = targeted(cpu, value, i) && (groups >> group1 & 1);
		REQUIRE(irq_pending(sgi_state(w, i, intid)) ==
			(irq_pending(before[i]) || gets));
		if (!gets)
			REQUIRE(sgi_state(w, i, intid) == before[i]);
	}
}

static bool is_sgi(uint32_t sysreg)
{
	return sysreg == VIC_ICC_SGI1R_EL1 || sysreg == VIC_ICC_SGI0R_EL1 ||
	       sysreg == VIC_ICC_ASGI1R_EL1;
}

void world_sysreg(struct gic_cpu *cpu, uint32_t sysreg, bool write,
		  uint64_t value)
{
	struct gic_world *w = cpu->world;
	bool mine = is_sgi(sysreg) || sysreg == VIC_ICC_DIR_EL1;
	uint64_t digest;

	world_home(cpu);
	if (write && is_sgi(sysreg)) {
		send(cpu, sysreg, value);
		return;
	}
	digest = world_digest(w);
	w->locks = 0;
	if (write) {
		mine |= sysreg == VIC_ICC_SRE_EL1;
		REQUIRE(vic_gic_sysreg_write(cpu->gicr, sysreg, value) ==
			(mine ? VIC_ACCESS_DONE : VIC_ACCESS_FOREIGN));
		REQUIRE(w->locks <= 16);
		if (sysreg == VIC_ICC_DIR_EL1 &&
		    irq_number(w->gic, value & 0xffffff) != NUMBER_NONE)
			return;
	} else {
		mine = sysreg == VIC_ICC_SRE_EL1;
		REQUIRE(vic_gic_sysreg_read(cpu->gicr, sysreg, &value) ==
			(mine ? VIC_ACCESS_DONE : VIC_ACCESS_FOREIGN));
		REQUIRE(!mine || value == VIC_ICC_SRE_VALUE);
		REQUIRE(w->locks == 0);
	}
	REQUIRE(world_digest(w) == digest);
}
