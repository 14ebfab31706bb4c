/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* A guest's load or store: to a frame, to a row, to its effect. */
#include "gic/regs.h"

/*
 * Which frame @address is in: the offset in it, and in *bank whose, NULL
 * for the Distributor. False if it is in none.
 */
static bool find_frame(const struct vic_gic *gic, uint64_t address,
		       struct vic_gicr **bank, uint32_t *offset)
{
	uint32_t index = 0;

	*bank = NULL;
	if (address - gic->gicd_base < VIC_GICD_FRAME_SIZE) {
		*offset = (uint32_t)(address - gic->gicd_base);
		return true;
	}
	for (uint32_t i = 0; i < gic->nr_regions; i++) {
		const struct vic_gic_region *region = &gic->regions[i];
		uint64_t at = address - region->base;

		if (at / VIC_GICR_FRAME_SIZE < region->count) {
			index += (uint32_t)(at / VIC_GICR_FRAME_SIZE);
			*offset = at % VIC_GICR_FRAME_SIZE;
			*bank = gicr_at(gic, index);
			return *bank != NULL;
		}
		index += region->count;
	}
	return false;
}

/*
 * Where the row is most often: the registers with a bit for each interrupt
 * are 128 bytes each, in order.
 */
#define GUESS_SHIFT 7
#define GUESS_FIRST 8

static bool covers(const struct gic_reg *row, uint32_t offset)
{
	return offset - row->offset < row->size;
}

static const struct gic_reg *
find_row(const struct gic_reg *rows, uint32_t nr, uint32_t offset)
{
	uint32_t guess = (offset >> GUESS_SHIFT) + GUESS_FIRST, low = 0;

	if (guess < nr && covers(&rows[guess], offset))
		return &rows[guess];
	/* A binary search: the last row that starts at or below. */
	while (nr > 1) {
		uint32_t half = nr / 2;

		if (rows[low + half].offset <= offset)
			low += half;
		nr -= half;
	}
	return covers(&rows[low], offset) ? &rows[low] : NULL;
}

/* What to do with an access. */
enum outcome {
	OUTCOME_FOREIGN,
	/* Reserved, or of a width that is not there: RAZ/WI. */
	OUTCOME_IGNORE,
	OUTCOME_ROW,
};

static enum outcome find(struct gic_access *a, struct vic_gicr *self,
			 uint64_t address, uint32_t len)
{
	uint32_t offset;

	a->self = self;
	a->address = address;
	a->len = len;
	a->hold = (struct hold){.counters = &self->vcpu->counters};
	if (!find_frame(self->gic, address, &a->bank, &offset))
		return OUTCOME_FOREIGN;
	a->reg = a->bank ? find_row(gicr_regs, gicr_nr_regs, offset)
			 : find_row(gicd_regs, gicd_nr_regs, offset);
	/* Widths are powers of two, so a row's mask has the width's log. */
	if (!a->reg || !len || len > 8 || (len & (len - 1)) ||
	    (offset & (len - 1)) || !(a->reg->widths >> low_bit32(len) & 1))
		return OUTCOME_IGNORE;
	a->offset = offset - a->reg->offset;
	return OUTCOME_ROW;
}

/* The half of a 64-bit register that is at this offset. */
static unsigned int half_shift(const struct gic_access *a)
{
	return a->len == 4 && (a->reg->widths & WIDTH_64) ? a->offset % 8 * 8
							  : 0;
}

static uint64_t width_mask(uint32_t len)
{
	return UINT64_MAX >> (64 - len * 8);
}

enum vic_access vic_gic_mmio_read(struct vic_gicr *gicr, uint64_t address,
				  uint32_t len, uint64_t *value)
{
	struct gic_access a;

	*value = 0;
	switch (find(&a, gicr, address, len)) {
	case OUTCOME_FOREIGN:
		return VIC_ACCESS_FOREIGN;
	case OUTCOME_IGNORE:
		return VIC_ACCESS_DONE;
	case OUTCOME_ROW:
		break;
	}
	if (a.reg->get)
		return field_read(&a, value);
	gicr->retry.address = 0;
	if (a.reg->read)
		*value = a.reg->read(&a) >> half_shift(&a) & width_mask(len);
	return VIC_ACCESS_DONE;
}

enum vic_access vic_gic_mmio_write(struct vic_gicr *gicr, uint64_t address,
				   uint32_t len, uint64_t value)
{
	struct gic_access a;
	unsigned int shift;
	uint64_t mask;

	switch (find(&a, gicr, address, len)) {
	case OUTCOME_FOREIGN:
		return VIC_ACCESS_FOREIGN;
	case OUTCOME_IGNORE:
		return VIC_ACCESS_DONE;
	case OUTCOME_ROW:
		break;
	}
	gicr->retry.address = 0;
	if (a.reg->set) {
		field_write(&a, value);
		return VIC_ACCESS_DONE;
	}
	if (!a.reg->write)
		return VIC_ACCESS_DONE;
	value &= width_mask(len);
	shift = half_shift(&a);
	if (len == 4 && (a.reg->widths & WIDTH_64)) {
		/* The other half stays. */
		mask = width_mask(4) << shift;
		value = (a.reg->read(&a) & ~mask) | value << shift;
	}
	a.reg->write(&a, value);
	return VIC_ACCESS_DONE;
}
