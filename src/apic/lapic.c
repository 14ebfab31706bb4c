/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Making, resetting and moving a local APIC between its modes. SDM vol. 3:
 * 10.4.3 (IA32_APIC_BASE), 10.4.7 (state after reset and INIT), 10.12.5
 * (transitions).
 */
#include "apic/ioapic_priv.h"
#include "apic/lapic_priv.h"
#include "apic/regs.h"

_Static_assert(sizeof(struct vic_lapic) <= VIC_LAPIC_SIZE, "published bound");

#define PHYSICAL_BITS_MIN 36
#define PHYSICAL_BITS_MAX 52

size_t vic_lapic_size(void)
{
	return sizeof(struct vic_lapic);
}

enum lapic_mode lapic_mode_of(const struct vic_lapic *lapic, uint64_t base)
{
	if (!(base & VIC_APIC_BASE_EN))
		return LAPIC_DISABLED;
	if (!(base & VIC_APIC_BASE_EXTD))
		return LAPIC_XAPIC;
	return lapic->bus->flags & VIC_BUS_ICR_SPLIT ? LAPIC_X2APIC_SPLIT
						     : LAPIC_X2APIC;
}

/* The word that senders see (ipi/vcpu_priv.h), from base and page. */
static uint64_t identity(const struct vic_lapic *lapic)
{
	uint64_t word = 0;
	uint32_t id = lapic->vcpu->id;

	if (lapic->mode == LAPIC_DISABLED)
		word |= IDENTITY_DISABLED;
	if (!accepts(lapic))
		word |= IDENTITY_NO_VECTORS;
	if (in_x2apic(lapic))
		return word | IDENTITY_X2APIC | id;
	if (id <= 0xff || !(lapic->bus->flags & VIC_BUS_NO_XAPIC_ALIAS))
		id = *reg(lapic, VIC_APIC_ID) >> 24;
	return word | id |
	       (uint64_t)(*reg(lapic, VIC_APIC_LDR) >> 24)
		       << IDENTITY_LDR_SHIFT |
	       (uint64_t)(*reg(lapic, VIC_APIC_DFR) >> 28)
		       << IDENTITY_DFR_SHIFT;
}

void lapic_publish(struct vic_lapic *lapic)
{
	if (lapic->mode == LAPIC_DISABLED)
		lapic->was_enabled = 0;
	else
		lapic->was_enabled |= accepts(lapic);
	bus_publish(lapic->bus, lapic->vcpu, identity(lapic));
}

void lapic_republish(struct vic_lapic *lapic)
{
	lapic_publish(lapic);
	if (lapic->bus->ioapics)
		ioapic_arrival(lapic->bus, &lapic->vcpu->counters);
}

uint32_t lapic_x2apic_ldr(uint32_t id)
{
	/* SDM 10.12.10.2: bits 19:4 of the id, then one of 16. */
	return (id >> 4 & 0xffff) << 16 | 1u << (id & 0xf);
}

/* Id and LDR as the mode that begins has them. */
static void set_ids(struct vic_lapic *lapic)
{
	uint32_t id = lapic->vcpu->id;

	if (in_x2apic(lapic)) {
		*reg(lapic, VIC_APIC_ID) = id;
		*reg(lapic, VIC_APIC_LDR) = lapic_x2apic_ldr(id);
	} else {
		*reg(lapic, VIC_APIC_ID) = id << 24;
		*reg(lapic, VIC_APIC_LDR) = 0;
	}
}

void lapic_discard(struct vic_lapic *lapic)
{
	for (uint32_t v = 0; v < 256; v += 32)
		inbox_count(&lapic->vcpu->counters.discarded,
			    *vector_word(lapic, VIC_APIC_IRR, v));
}

/* All registers but the id to their reset values. */
static void reset_registers(struct vic_lapic *lapic)
{
	lapic_discard(lapic);
	regs_reset(lapic);
	if (in_x2apic(lapic))
		*reg(lapic, VIC_APIC_LDR) = lapic_x2apic_ldr(lapic->vcpu->id);
	lapic_timer_reset(lapic);
	if (posting(lapic))
		lapic_reset_posted(lapic);
	lapic->irr_top = lapic->isr_top = 0;
	lapic->irr_words = lapic->isr_count = 0;
	lapic->lint_vector = 0;
	lapic->esr_pending = 0;
	lapic->was_enabled = 0;
	lapic_hear(lapic);
	ppr_update(lapic->page, lapic->vcpu, 0);
}

static int config_check(const struct vic_lapic_config *config)
{
	/* All up to the highest. */
	const uint32_t known = 2 * VIC_LAPIC_NO_TSC_DEADLINE - 1;
	const uint32_t both = VIC_LAPIC_X2APIC | VIC_LAPIC_NO_X2APIC;
	uint32_t bits = config->physical_bits;

	if (!abi_known(config, config->size, sizeof(*config), sizeof(*config)))
		return VIC_ERR_ABI;
	if (config->flags & ~known)
		return VIC_ERR_ABI;
	if (!config->bus || !config->vcpu || !config->page ||
	    !aligned(config->page, VIC_APIC_PAGE_SIZE) ||
	    config->id == UINT32_MAX || (config->flags & both) == both ||
	    (bits && (bits < PHYSICAL_BITS_MIN || bits > PHYSICAL_BITS_MAX)))
		return VIC_ERR_INVAL;
	return VIC_OK;
}

/* What the configuration decides once and for all. */
static void
configure(struct vic_lapic *lapic, const struct vic_lapic_config *config)
{
	uint32_t bits = config->physical_bits ? config->physical_bits
					      : PHYSICAL_BITS_MAX;
	uint32_t policy = config->bus->flags;
	uint64_t base = VIC_APIC_BASE_BSP | VIC_APIC_BASE_EN |
			((UINT64_C(1) << bits) - VIC_APIC_PAGE_SIZE);

	if (!(config->flags & VIC_LAPIC_NO_X2APIC))
		base |= VIC_APIC_BASE_EXTD;
	lapic->base_reserved = ~base;
	lapic->physical_bits = bits;
	lapic->flags = config->flags;
	if (config->flags & VIC_LAPIC_CMCI)
		lapic->features |= FEATURE_CMCI;
	if (!(config->flags & VIC_LAPIC_NO_TSC_DEADLINE))
		lapic->features |= FEATURE_TSC_DEADLINE;
	if (policy & VIC_BUS_SUPPRESS_EOI)
		lapic->features |= FEATURE_SUPPRESS_EOI;
	lapic->icr_reserved = VIC_ICR_RESERVED;
	if (policy & VIC_BUS_BUSY_FAULTS)
		lapic->icr_reserved |= VIC_ICR_BUSY;
	lapic->icr_long = VIC_ICR_SHORTHAND | VIC_ICR_MODE;
	if (policy & VIC_BUS_LEVEL_IPIS)
		lapic->icr_long |= VIC_ICR_LEVEL;
	lapic->icr_lowest = VIC_ICR_LOGICAL | VIC_MODE_LOWEST
						      << VIC_ICR_MODE_SHIFT;
	if (policy & VIC_BUS_NO_LOWEST)
		lapic->icr_lowest = UINT32_MAX;
	lapic->icr_long_all = config->bus->matrix
				      ? UINT32_MAX
				      : lapic->icr_long & ~VIC_ICR_SHORTHAND;
}

static void set_wait_sipi(struct vic_lapic *lapic, bool wait)
{
	lapic->attention &= ~ATTENTION_WAIT_SIPI;
	if (wait)
		lapic->attention |= ATTENTION_WAIT_SIPI;
}

static void power_up(struct vic_lapic *lapic)
{
	bool bsp = lapic->flags & VIC_LAPIC_BSP;

	lapic->base =
		VIC_APIC_BASE_RESET | VIC_APIC_BASE_EN |
		(bsp ? VIC_APIC_BASE_BSP : 0) |
		(lapic->flags & VIC_LAPIC_X2APIC ? VIC_APIC_BASE_EXTD : 0);
	lapic->mode = lapic_mode_of(lapic, lapic->base);
	reset_registers(lapic);
	set_wait_sipi(lapic, !bsp);
	set_ids(lapic);
	lapic_publish(lapic);
	/* After the identity: it ends what senders may still post. */
	inbox_discard(lapic->vcpu);
	inbox_drop(lapic->vcpu, REQUEST_ALL);
}

int vic_lapic_init(void *storage, size_t size,
		   const struct vic_lapic_config *config,
		   struct vic_lapic **lapic)
{
	struct vic_lapic *l = storage;
	int err;

	if (!config || !lapic)
		return VIC_ERR_INVAL;
	err = config_check(config);
	if (err)
		return err;
	if (!l || size < sizeof(*l) || !aligned(l, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	err = bus_add(config->bus, config->vcpu, config->id);
	if (err)
		return err;
	memset(l, 0, sizeof(*l));
	l->page = config->page;
	l->vcpu = config->vcpu;
	l->bus = config->bus;
	configure(l, config);
	memset(l->page, 0, VIC_APIC_PAGE_SIZE);
	power_up(l);
	*lapic = l;
	return VIC_OK;
}

void vic_lapic_reset(struct vic_lapic *lapic)
{
	power_up(lapic);
}

uint64_t vic_lapic_base(const struct vic_lapic *lapic)
{
	return lapic->base;
}

/*
 * Into x2APIC mode state is kept, but for the ids and the ICR's high half.
 * Out of a disabled APIC it is that of a reset, which disabling did.
 */
static void change_mode(struct vic_lapic *lapic, enum lapic_mode mode)
{
	lapic->mode = mode;
	if (mode == LAPIC_DISABLED)
		reset_registers(lapic);
	set_ids(lapic);
	lapic_hear(lapic);
	if (mode >= LAPIC_X2APIC) {
		*reg(lapic, VIC_APIC_ICR_HI) = 0;
		reg(lapic, VIC_APIC_ICR_LO)[1] = 0;
	}
	if (mode != LAPIC_DISABLED) {
		lapic_republish(lapic);
		return;
	}
	lapic_publish(lapic);
	/* NMI, SMI, INIT and SIPI are the processor's, not the APIC's. */
	lapic_end_posting(lapic);
	inbox_discard(lapic->vcpu);
	lapic_take_local(lapic);
}

bool lapic_base_legal(const struct vic_lapic *lapic, uint64_t base)
{
	return !(base & lapic->base_reserved) &&
	       (base & (VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD)) !=
		       VIC_APIC_BASE_EXTD;
}

static bool moves(uint64_t from, uint64_t to)
{
	return (from ^ to) & ~(uint64_t)(VIC_APIC_PAGE_SIZE - 1);
}

enum vic_access lapic_write_base(struct vic_lapic *lapic, uint64_t value)
{
	enum lapic_mode mode = lapic_mode_of(lapic, value);

	if (!lapic_base_legal(lapic, value))
		return VIC_ACCESS_FAULT;
	/* Only by way of disabled out of x2APIC mode, only from xAPIC in. */
	if (in_x2apic(lapic) && mode == LAPIC_XAPIC)
		return VIC_ACCESS_FAULT;
	if (lapic->mode == LAPIC_DISABLED && mode >= LAPIC_X2APIC)
		return VIC_ACCESS_FAULT;
	if ((lapic->bus->flags & VIC_BUS_BASE_FIXED) &&
	    moves(lapic->base, value))
		return VIC_ACCESS_FAULT;
	/* LINT0 and LINT1 did it while the table still had a say. */
	lapic_take_local(lapic);
	lapic->base = value;
	if (mode != lapic->mode)
		change_mode(lapic, mode);
	return VIC_ACCESS_DONE;
}

int vic_lapic_ack_init(struct vic_lapic *lapic)
{
	uint64_t word = load_acquire(&lapic->vcpu->request);

	if (!(word & REQUEST_INIT))
		return VIC_ERR_ABSENT;
	/* A SIPI stays: INIT cancelled older ones when it was sent. */
	inbox_ack(lapic->vcpu, REQUEST_INIT);
	inbox_drop(lapic->vcpu,
		   REQUEST_NMI | REQUEST_SMI | REQUEST_EXTINT | REQUEST_LOCAL);
	reset_registers(lapic);
	lapic_publish(lapic);
	inbox_discard(lapic->vcpu);
	set_wait_sipi(lapic, !(lapic->base & VIC_APIC_BASE_BSP));
	count(&lapic->vcpu->counters.acked[VIC_MODE_INIT]);
	return VIC_OK;
}

int vic_lapic_ack_sipi(struct vic_lapic *lapic)
{
	uint64_t word = load_acquire(&lapic->vcpu->request);

	/* An INIT since the scan has cancelled it, and follows. */
	if (!(lapic->attention & ATTENTION_WAIT_SIPI) ||
	    !(word & (REQUEST_SIPI | REQUEST_INIT)))
		return VIC_ERR_ABSENT;
	if (inbox_ack_sipi(lapic->vcpu))
		count(&lapic->vcpu->counters.acked[VIC_MODE_SIPI]);
	set_wait_sipi(lapic, false);
	return VIC_OK;
}
