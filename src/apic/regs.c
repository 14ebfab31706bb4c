/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The rows, and the effects of writes. SDM vol. 3, tables 10-1 and 10-6.
 * MSR masks: 10.12.1.2 and 10.12.1.3; reserved bits are #GP there and
 * ignored in a store.
 */
#include "apic/regs.h"

#define RO (REG_MMIO_READ | REG_MSR_READ)
#define RW (RO | REG_MMIO_WRITE | REG_MSR_WRITE)

static void write_id(struct vic_lapic *lapic, uint64_t value)
{
	*reg(lapic, VIC_APIC_ID) = (uint32_t)value;
	lapic_publish(lapic);
}

static void write_ldr(struct vic_lapic *lapic, uint64_t value)
{
	*reg(lapic, VIC_APIC_LDR) = (uint32_t)value;
	lapic_publish(lapic);
}

static void write_dfr(struct vic_lapic *lapic, uint64_t value)
{
	*reg(lapic, VIC_APIC_DFR) = (uint32_t)value;
	lapic_publish(lapic);
}

static void write_svr(struct vic_lapic *lapic, uint64_t value)
{
	/* Software disable keeps what was accepted so far: SDM 10.4.7.2. */
	if (!(value & VIC_SVR_ENABLE))
		lapic_harvest(lapic);
	*reg(lapic, VIC_APIC_SVR) = (uint32_t)value;
	lapic_publish(lapic);
}

static void write_tpr(struct vic_lapic *lapic, uint64_t value)
{
	set_tpr(lapic, (uint8_t)value);
}

static void write_eoi(struct vic_lapic *lapic, uint64_t value)
{
	(void)value;
	lapic_eoi(lapic);
}

/* A write latches what was recorded since the last, and arms anew. */
static void write_esr(struct vic_lapic *lapic, uint64_t value)
{
	(void)value;
	lapic_take_esr(lapic);
	*reg(lapic, VIC_APIC_ESR) = lapic->esr_pending;
	lapic->esr_pending = 0;
}

static void write_icr(struct vic_lapic *lapic, uint64_t value)
{
	if (lapic->mode == LAPIC_X2APIC)
		lapic_icr_x2apic(lapic, 0, value);
	else
		lapic_icr_xapic(lapic, (uint32_t)value);
}

static void write_self_ipi(struct vic_lapic *lapic, uint64_t value)
{
	lapic_send_self(lapic, (uint8_t)value);
}

#define VECTOR_ROW(register, n)                                              \
	[(VIC_APIC_##register >> 4) + (n)] = { .name = #register #n,         \
					       .section = "10.8.4",          \
					       .access = RO }
#define VECTOR_ROWS(register)                                                \
	VECTOR_ROW(register, 0), VECTOR_ROW(register, 1),                    \
		VECTOR_ROW(register, 2), VECTOR_ROW(register, 3),            \
		VECTOR_ROW(register, 4), VECTOR_ROW(register, 5),            \
		VECTOR_ROW(register, 6), VECTOR_ROW(register, 7)

const struct reg_row reg_rows[REG_ROWS] = {
	[VIC_APIC_ID >> 4] = {
		.name = "ID", .section = "10.4.6",
		.access = RO | REG_MMIO_WRITE,
		.mmio_mask = 0xff000000, .write = write_id,
	},
	[VIC_APIC_VERSION >> 4] = {
		.name = "VERSION", .section = "10.4.8", .access = RO,
		.reset = VIC_APIC_VERSION_VALUE,
	},
	[VIC_APIC_TPR >> 4] = {
		.name = "TPR", .section = "10.8.3.1", .access = RW,
		.mmio_mask = 0xff, .msr_mask = 0xff, .write = write_tpr,
	},
	[VIC_APIC_PPR >> 4] = {
		.name = "PPR", .section = "10.8.3.1", .access = RO,
	},
	[VIC_APIC_EOI >> 4] = {
		.name = "EOI", .section = "10.8.5",
		.access = REG_MMIO_ZERO | REG_MMIO_WRITE | REG_MSR_WRITE,
		.write = write_eoi,
	},
	[VIC_APIC_LDR >> 4] = {
		.name = "LDR", .section = "10.6.2.2",
		.access = RO | REG_MMIO_WRITE,
		.mmio_mask = 0xff000000, .write = write_ldr,
	},
	[VIC_APIC_DFR >> 4] = {
		.name = "DFR", .section = "10.6.2.2",
		.access = REG_MMIO_READ | REG_MMIO_WRITE,
		.reset = UINT32_MAX, .mmio_mask = 0xf0000000,
		.mmio_ones = VIC_DFR_ONES, .write = write_dfr,
	},
	[VIC_APIC_SVR >> 4] = {
		.name = "SVR", .section = "10.9", .access = RW,
		.reset = VIC_SVR_RESET, .mmio_mask = 0x3ff,
		.msr_mask = 0x3ff, .write = write_svr,
	},
	VECTOR_ROWS(ISR),
	VECTOR_ROWS(TMR),
	VECTOR_ROWS(IRR),
	[VIC_APIC_ESR >> 4] = {
		.name = "ESR", .section = "10.5.3", .access = RW,
		.write = write_esr,
	},
	[VIC_APIC_ICR_LO >> 4] = {
		.name = "ICR", .section = "10.6.1", .access = RW,
		.mmio_mask = ~(VIC_ICR_RESERVED | VIC_ICR_BUSY),
		.msr_mask = ~(uint64_t)VIC_ICR_RESERVED, .write = write_icr,
	},
	[VIC_APIC_ICR_HI >> 4] = {
		.name = "ICR2", .section = "10.6.1",
		.access = REG_MMIO_READ | REG_MMIO_WRITE,
		.mmio_mask = 0xff000000,
	},
	[VIC_APIC_SELF_IPI >> 4] = {
		.name = "SELF_IPI", .section = "10.12.11",
		.access = REG_MSR_WRITE, .msr_mask = 0xff,
		.write = write_self_ipi,
	},
};

void regs_reset(uint32_t *page)
{
	for (uint32_t i = 0; i < REG_ROWS; i++) {
		page[i * 4 + 1] = 0;
		if (i != VIC_APIC_ID >> 4)
			page[i * 4] = reg_rows[i].reset;
	}
}
