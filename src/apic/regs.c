/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The rows, and the effects of writes. SDM vol. 3, tables 10-1 and 10-6.
 * Reserved bits are #GP in a WRMSR (10.12.1.2, 10.12.1.3) and dropped in a
 * store.
 */
#include "apic/regs.h"

/* PLAIN is for what needs no look at inbox, clock or features. */
#define RO (REG_MMIO_READ | REG_MSR_READ)
#define RO_PLAIN (RO | REG_MSR_PLAIN)
#define RW (RO | REG_MMIO_WRITE | REG_MSR_WRITE)
#define RW_PLAIN (RW | REG_MSR_PLAIN)

static void write_id(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	if (lapic->bus->flags & VIC_BUS_ID_READ_ONLY)
		return;
	*reg(lapic, offset) = value;
	lapic_republish(lapic);
}

/* LDR and DFR. */
static void write_dest(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	*reg(lapic, offset) = value;
	lapic_republish(lapic);
}

static void write_svr(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	/* Software disable keeps what was accepted so far: SDM 10.4.7.2. */
	if (!(value & VIC_SVR_ENABLE)) {
		lapic_harvest(lapic);
		lapic_mask_lvt(lapic);
	}
	*reg(lapic, offset) = value;
	lapic_republish(lapic);
}

static void write_tpr(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	(void)offset;
	set_tpr(lapic, value);
}

/* A write latches what was recorded since the last, and arms anew. */
static void write_esr(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	(void)value;
	lapic_take_local(lapic);
	*reg(lapic, offset) = lapic->esr_pending;
	lapic->esr_pending = 0;
}

static void
write_self_ipi(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	(void)offset;
	lapic_send_self(lapic, (uint8_t)value);
}

static void
write_timer_icr(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	(void)offset;
	lapic_timer_write_icr(lapic, value);
}

static void
write_timer_dcr(struct vic_lapic *lapic, uint32_t offset, uint32_t value)
{
	(void)offset;
	lapic_timer_write_dcr(lapic, value);
}

#define LVT_ROW(entry, bits)                                              \
	[VIC_APIC_LVT_##entry >> 4] = {.name = "LVT_" #entry,             \
				       .section = "10.5.1",               \
				       .access = RW_PLAIN,                \
				       .reset = VIC_LVT_MASKED,           \
				       .stored = VIC_LVT_MASKED | (bits), \
				       .ignored = VIC_LVT_BUSY,           \
				       .write = lapic_write_lvt}
#define LINT_ROW(pin)                                                         \
	[VIC_APIC_LVT_LINT##pin >> 4] = {                                     \
		.name = "LVT_LINT" #pin,                                      \
		.section = "10.5.1",                                          \
		.access = RW_PLAIN,                                           \
		.reset = VIC_LVT_MASKED,                                      \
		.stored = VIC_LVT_MASKED | VIC_LVT_LEVEL |                    \
			  VIC_LVT_LOW_ACTIVE | VIC_LVT_MODE | VIC_LVT_VECTOR, \
		.ignored = VIC_LVT_BUSY | VIC_LVT_REMOTE_IRR,                 \
		.write = lapic_write_lvt,                                     \
	}

#define VECTOR_ROW(register, n)                \
	[(VIC_APIC_##register >> 4) + (n)] = { \
		.name = #register #n, .section = "10.8.4", .access = RO}
#define VECTOR_ROWS(register)                                     \
	VECTOR_ROW(register, 0), VECTOR_ROW(register, 1),         \
		VECTOR_ROW(register, 2), VECTOR_ROW(register, 3), \
		VECTOR_ROW(register, 4), VECTOR_ROW(register, 5), \
		VECTOR_ROW(register, 6), VECTOR_ROW(register, 7)

const struct reg_row reg_rows[REG_ROWS] = {
	[VIC_APIC_ID >> 4] =
		{
			.name = "ID",
			.section = "10.4.6",
			.access = RO_PLAIN | REG_MMIO_WRITE,
			.stored = 0xff000000,
			.write = write_id,
		},
	[VIC_APIC_VERSION >> 4] =
		{
			.name = "VERSION",
			.section = "10.4.8",
			.access = RO_PLAIN,
			.reset = VIC_APIC_VERSION_VALUE,
		},
	[VIC_APIC_TPR >> 4] =
		{
			.name = "TPR",
			.section = "10.8.3.1",
			.access = RW_PLAIN,
			.stored = 0xff,
			.write = write_tpr,
		},
	[VIC_APIC_PPR >> 4] =
		{
			.name = "PPR",
			.section = "10.8.3.1",
			.access = RO_PLAIN,
		},
	[VIC_APIC_EOI >> 4] =
		{
			.name = "EOI",
			.section = "10.8.5",
			.access =
				REG_MMIO_ZERO | REG_MMIO_WRITE | REG_MSR_WRITE,
		},
	[VIC_APIC_LDR >> 4] =
		{
			.name = "LDR",
			.section = "10.6.2.2",
			.access = RO_PLAIN | REG_MMIO_WRITE,
			.stored = 0xff000000,
			.write = write_dest,
		},
	[VIC_APIC_DFR >> 4] =
		{
			.name = "DFR",
			.section = "10.6.2.2",
			.access = REG_MMIO_READ | REG_MMIO_WRITE,
			.reset = UINT32_MAX,
			.stored = 0xf0000000,
			.ones = VIC_DFR_ONES,
			.write = write_dest,
		},
	[VIC_APIC_SVR >> 4] =
		{
			.name = "SVR",
			.section = "10.9",
			.access = RW_PLAIN,
			.reset = VIC_SVR_RESET,
			.stored = 0x3ff,
			.feature = FEATURE_SUPPRESS_EOI,
			.optional = VIC_SVR_SUPPRESS,
			.write = write_svr,
		},
	VECTOR_ROWS(ISR),
	VECTOR_ROWS(TMR),
	VECTOR_ROWS(IRR),
	[VIC_APIC_ESR >> 4] =
		{
			.name = "ESR",
			.section = "10.5.3",
			.access = RW_PLAIN,
			.write = write_esr,
		},
	[VIC_APIC_ICR_LO >> 4] =
		{
			.name = "ICR",
			.section = "10.6.1",
			.access = RW,
			.stored = ~(VIC_ICR_RESERVED | VIC_ICR_BUSY),
		},
	[VIC_APIC_ICR_HI >> 4] =
		{
			.name = "ICR2",
			.section = "10.6.1",
			.access = REG_MMIO_READ | REG_MMIO_WRITE,
			.stored = 0xff000000,
		},
	[VIC_APIC_SELF_IPI >> 4] =
		{
			.name = "SELF_IPI",
			.section = "10.12.11",
			.access = REG_MSR_WRITE,
			.stored = 0xff,
			.write = write_self_ipi,
		},
	[VIC_APIC_LVT_TIMER >> 4] =
		{
			.name = "LVT_TIMER",
			.section = "10.5.4",
			.access = RW_PLAIN,
			.reset = VIC_LVT_MASKED,
			.stored = VIC_LVT_MASKED | VIC_LVT_PERIODIC |
				  VIC_LVT_VECTOR,
			.ignored = VIC_LVT_BUSY,
			.feature = FEATURE_TSC_DEADLINE,
			.optional = VIC_LVT_TSC_DEADLINE,
			.write = lapic_write_lvt,
		},
	[VIC_APIC_LVT_CMCI >> 4] =
		{
			.name = "LVT_CMCI",
			.section = "10.5.1",
			.access = RW,
			.reset = VIC_LVT_MASKED,
			.stored =
				VIC_LVT_MASKED | VIC_LVT_MODE | VIC_LVT_VECTOR,
			.ignored = VIC_LVT_BUSY,
			.feature = FEATURE_CMCI,
			.write = lapic_write_lvt,
		},
	LVT_ROW(THERMAL, VIC_LVT_MODE | VIC_LVT_VECTOR),
	LVT_ROW(PERF, VIC_LVT_MODE | VIC_LVT_VECTOR),
	LVT_ROW(ERROR, VIC_LVT_VECTOR),
	LINT_ROW(0),
	LINT_ROW(1),
	[VIC_APIC_TIMER_ICR >> 4] =
		{
			.name = "TIMER_ICR",
			.section = "10.5.4",
			.access = RW_PLAIN,
			.stored = UINT32_MAX,
			.write = write_timer_icr,
		},
	[VIC_APIC_TIMER_CCR >> 4] =
		{
			.name = "TIMER_CCR",
			.section = "10.5.4",
			.access = RO,
			.read = lapic_timer_ccr,
		},
	[VIC_APIC_TIMER_DCR >> 4] =
		{
			.name = "TIMER_DCR",
			.section = "10.5.4",
			.access = RW_PLAIN,
			.stored = VIC_DCR_MASK,
			.write = write_timer_dcr,
		},
};

/* The highest LVT entry, and what SVR can do. */
static uint32_t version(const struct vic_lapic *lapic)
{
	uint32_t last = lapic->features & FEATURE_CMCI ? 6 : 5;

	return VIC_APIC_VERSION_VALUE | last << VIC_APIC_VERSION_LVT_SHIFT |
	       (lapic->features & FEATURE_SUPPRESS_EOI
			? VIC_APIC_VERSION_SUPPRESS
			: 0);
}

/* Rows that a reset does not make 0. */
static const uint8_t nonzero[] = {
	VIC_APIC_DFR >> 4,         VIC_APIC_SVR >> 4,
	VIC_APIC_LVT_CMCI >> 4,    VIC_APIC_LVT_TIMER >> 4,
	VIC_APIC_LVT_THERMAL >> 4, VIC_APIC_LVT_PERF >> 4,
	VIC_APIC_LVT_LINT0 >> 4,   VIC_APIC_LVT_LINT1 >> 4,
	VIC_APIC_LVT_ERROR >> 4,
};

void regs_reset(struct vic_lapic *lapic)
{
	uint32_t id = *reg(lapic, VIC_APIC_ID);

	memset(lapic->page, 0, REG_ROWS * 16);
	*reg(lapic, VIC_APIC_ID) = id;
	*reg(lapic, VIC_APIC_VERSION) = version(lapic);
	for (uint32_t i = 0; i < sizeof(nonzero); i++)
		if (reg_exists(lapic, nonzero[i]))
			lapic->page[nonzero[i] * 4] =
				reg_rows[nonzero[i]].reset;
}
