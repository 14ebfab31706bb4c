/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The ACPI tables; names and layouts of the ACPI Specification 6.5, 5.2.
 * They lie where a kernel searches for the RSDP on a PC.
 */
#include <stddef.h>
#include <string.h>

#include "acpi.h"
#include "boot.h"

#define FACS_AT BOOT_BIOS
#define TABLES_AT (BOOT_BIOS + 0x40)
#define RSDP_AT 0xf0000u

struct table_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

struct address {
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size;
	uint64_t address;
} __attribute__((packed));

#define SPACE_IO 1
#define ACCESS_WORD 2
#define ACCESS_DWORD 3

struct fadt {
	struct table_header header;
	uint32_t firmware_ctrl;
	uint32_t dsdt;
	uint8_t reserved0;
	uint8_t preferred_pm_profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable;
	uint8_t acpi_disable;
	uint8_t s4bios_req;
	uint8_t pstate_cnt;
	uint32_t pm1a_evt_blk;
	uint32_t pm1b_evt_blk;
	uint32_t pm1a_cnt_blk;
	uint32_t pm1b_cnt_blk;
	uint32_t pm2_cnt_blk;
	uint32_t pm_tmr_blk;
	uint32_t gpe0_blk;
	uint32_t gpe1_blk;
	uint8_t pm1_evt_len;
	uint8_t pm1_cnt_len;
	uint8_t pm2_cnt_len;
	uint8_t pm_tmr_len;
	uint8_t gpe0_blk_len;
	uint8_t gpe1_blk_len;
	uint8_t gpe1_base;
	uint8_t cst_cnt;
	uint16_t p_lvl2_lat;
	uint16_t p_lvl3_lat;
	uint16_t flush_size;
	uint16_t flush_stride;
	uint8_t duty_offset;
	uint8_t duty_width;
	uint8_t day_alrm;
	uint8_t mon_alrm;
	uint8_t century;
	uint16_t iapc_boot_arch;
	uint8_t reserved1;
	uint32_t flags;
	struct address reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor_version;
	uint64_t x_firmware_ctrl;
	uint64_t x_dsdt;
	struct address x_pm1a_evt_blk;
	struct address x_pm1b_evt_blk;
	struct address x_pm1a_cnt_blk;
	struct address x_pm1b_cnt_blk;
	struct address x_pm2_cnt_blk;
	struct address x_pm_tmr_blk;
	struct address x_gpe0_blk;
	struct address x_gpe1_blk;
	struct address sleep_control_reg;
	struct address sleep_status_reg;
	uint64_t hypervisor_vendor;
} __attribute__((packed));

_Static_assert(sizeof(struct fadt) == 276, "5.2.9: the length of revision 6");

#define FADT_WBINVD (1u << 0)
#define FADT_PROC_C1 (1u << 2)
/* There are no fixed buttons, and no RTC wake status. */
#define FADT_PWR_BUTTON (1u << 4)
#define FADT_SLP_BUTTON (1u << 5)
#define FADT_FIX_RTC (1u << 6)
#define FADT_TMR_VAL_EXT (1u << 8)

#define BOOT_ARCH_LEGACY_DEVICES (1u << 0)
#define BOOT_ARCH_NO_VGA (1u << 2)
#define BOOT_ARCH_NO_ASPM (1u << 4)

/* States beyond C1 take longer than these: there are none. */
#define NO_C2 101
#define NO_C3 1001
#define RTC_CENTURY 0x32

struct facs {
	char signature[4];
	uint32_t length;
	uint32_t hardware_signature;
	uint32_t waking_vector;
	uint32_t global_lock;
	uint32_t flags;
	uint64_t x_waking_vector;
	uint8_t version;
	uint8_t reserved[31];
} __attribute__((packed));

struct madt {
	struct table_header header;
	uint32_t lapic_address;
	uint32_t flags;
} __attribute__((packed));

/* There are 8259s as well. */
#define MADT_PCAT_COMPAT 1u

struct madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t processor;
	uint8_t apic_id;
	uint32_t flags;
} __attribute__((packed));

struct madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t address;
	uint32_t gsi_base;
} __attribute__((packed));

struct madt_override {
	uint8_t type;
	uint8_t length;
	uint8_t bus;
	uint8_t source;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));

struct madt_lapic_nmi {
	uint8_t type;
	uint8_t length;
	uint8_t processor;
	uint16_t flags;
	uint8_t lint;
} __attribute__((packed));

#define MADT_LAPIC 0
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_NMI 4
#define LAPIC_ENABLED 1u
#define ALL_PROCESSORS 0xff
#define INTI_BUS_DEFAULT 0x0
#define INTI_HIGH_LEVEL 0xd

/* Tables are written one behind the other. */
struct writer {
	unsigned char *memory;
	/* Of the table that is being written, and where it grows. */
	uint32_t start;
	uint32_t at;
};

static void append(struct writer *writer, const void *data, uint32_t size)
{
	memcpy(writer->memory + writer->at, data, size);
	writer->at += size;
}

/* The byte that makes the sum of @size bytes 0. */
static uint8_t checksum(const unsigned char *bytes, uint32_t size)
{
	unsigned int sum = 0;

	while (size--)
		sum += *bytes++;
	return (uint8_t)(0x100 - (sum & 0xff));
}

static struct table_header header(const char *signature, uint8_t revision)
{
	struct table_header header = {
		.revision = revision,
		.oem_id = {'L', 'I', 'B', 'V', 'I', 'C'},
		.oem_table_id = {'V', 'I', 'C', 'K', 'V', 'M', ' ', ' '},
		.oem_revision = 1,
		.creator_id = {'V', 'I', 'C', ' '},
		.creator_revision = 1};

	memcpy(header.signature, signature, sizeof(header.signature));
	return header;
}

/* Set length and checksum of the table; its address. */
static uint32_t finish(struct writer *writer)
{
	uint32_t start = writer->start;
	unsigned char *table = writer->memory + start;
	uint32_t length = writer->at - start;

	memcpy(table + offsetof(struct table_header, length), &length,
	       sizeof(length));
	table[offsetof(struct table_header, checksum)] =
		checksum(table, length);
	writer->at = (writer->at + 15) & ~15u;
	writer->start = writer->at;
	return start;
}

static uint32_t write_dsdt(struct writer *writer)
{
	struct table_header head = header("DSDT", 2);
	/* Name (_S5, Package (4) {0, 0, 0, 0}): sleep type 0 is power off. */
	static const uint8_t aml[] = {0x08, '_',  'S', '5', '_', 0x12,
				      0x06, 0x04, 0,   0,   0,   0};

	append(writer, &head, sizeof(head));
	append(writer, aml, sizeof(aml));
	return finish(writer);
}

static struct address port(uint32_t number, uint8_t bits, uint8_t access)
{
	return (struct address){.space = SPACE_IO,
				.bit_width = bits,
				.access_size = access,
				.address = number};
}

static uint32_t write_fadt(struct writer *writer, uint32_t dsdt)
{
	struct fadt fadt = {
		.header = header("FACP", 6),
		.firmware_ctrl = FACS_AT,
		.dsdt = dsdt,
		.sci_int = ACPI_SCI,
		.pm1a_evt_blk = ACPI_PORT_PM1_EVENT,
		.pm1a_cnt_blk = ACPI_PORT_PM1_CONTROL,
		.pm_tmr_blk = ACPI_PORT_PM_TIMER,
		.pm1_evt_len = 4,
		.pm1_cnt_len = 2,
		.pm_tmr_len = 4,
		.p_lvl2_lat = NO_C2,
		.p_lvl3_lat = NO_C3,
		.century = RTC_CENTURY,
		.iapc_boot_arch = BOOT_ARCH_LEGACY_DEVICES | BOOT_ARCH_NO_VGA |
				  BOOT_ARCH_NO_ASPM,
		.flags = FADT_WBINVD | FADT_PROC_C1 | FADT_PWR_BUTTON |
			 FADT_SLP_BUTTON | FADT_FIX_RTC | FADT_TMR_VAL_EXT,
		.minor_version = 5,
		.x_dsdt = dsdt,
		.x_pm1a_evt_blk = port(ACPI_PORT_PM1_EVENT, 32, ACCESS_WORD),
		.x_pm1a_cnt_blk = port(ACPI_PORT_PM1_CONTROL, 16, ACCESS_WORD),
		.x_pm_tmr_blk = port(ACPI_PORT_PM_TIMER, 32, ACCESS_DWORD),
	};

	append(writer, &fadt, sizeof(fadt));
	return finish(writer);
}

static void write_overrides(struct writer *writer)
{
	static const struct madt_override pit = {
		.type = MADT_OVERRIDE,
		.length = sizeof(pit),
		.source = 0,
		.gsi = ACPI_PIT_GSI,
		.flags = INTI_BUS_DEFAULT,
	};
	static const struct madt_override sci = {
		.type = MADT_OVERRIDE,
		.length = sizeof(sci),
		.source = ACPI_SCI,
		.gsi = ACPI_SCI,
		.flags = INTI_HIGH_LEVEL,
	};

	append(writer, &pit, sizeof(pit));
	append(writer, &sci, sizeof(sci));
}

static uint32_t write_madt(struct writer *writer, uint32_t nr_vcpus)
{
	struct madt madt = {.header = header("APIC", 5),
			    .lapic_address = ACPI_LAPIC_ADDRESS,
			    .flags = MADT_PCAT_COMPAT};
	struct madt_ioapic ioapic = {.type = MADT_IOAPIC,
				     .length = sizeof(ioapic),
				     .id = ACPI_IOAPIC_ID,
				     .address = ACPI_IOAPIC_ADDRESS};
	struct madt_lapic_nmi nmi = {.type = MADT_LAPIC_NMI,
				     .length = sizeof(nmi),
				     .processor = ALL_PROCESSORS,
				     .flags = INTI_BUS_DEFAULT,
				     .lint = 1};

	append(writer, &madt, sizeof(madt));
	for (uint32_t i = 0; i < nr_vcpus; i++) {
		struct madt_lapic lapic = {.type = MADT_LAPIC,
					   .length = sizeof(lapic),
					   .processor = (uint8_t)i,
					   .apic_id = (uint8_t)i,
					   .flags = LAPIC_ENABLED};

		append(writer, &lapic, sizeof(lapic));
	}
	append(writer, &ioapic, sizeof(ioapic));
	write_overrides(writer);
	append(writer, &nmi, sizeof(nmi));
	return finish(writer);
}

static uint32_t write_rsdt(struct writer *writer, uint32_t fadt, uint32_t madt)
{
	struct table_header head = header("RSDT", 1);
	const uint32_t tables[2] = {fadt, madt};

	append(writer, &head, sizeof(head));
	append(writer, tables, sizeof(tables));
	return finish(writer);
}

static uint32_t write_xsdt(struct writer *writer, uint32_t fadt, uint32_t madt)
{
	struct table_header head = header("XSDT", 1);
	const uint64_t tables[2] = {fadt, madt};

	append(writer, &head, sizeof(head));
	append(writer, tables, sizeof(tables));
	return finish(writer);
}

static void write_facs(unsigned char *memory)
{
	struct facs facs = {.signature = {'F', 'A', 'C', 'S'},
			    .length = sizeof(facs),
			    .version = 2};

	memcpy(memory + FACS_AT, &facs, sizeof(facs));
}

uint32_t acpi_write(unsigned char *memory, uint32_t nr_vcpus)
{
	struct writer writer = {memory, TABLES_AT, TABLES_AT};
	struct rsdp rsdp = {
		.signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '},
		.oem_id = {'L', 'I', 'B', 'V', 'I', 'C'},
		.revision = 2,
		.length = sizeof(rsdp),
	};
	uint32_t fadt, madt;

	write_facs(memory);
	fadt = write_fadt(&writer, write_dsdt(&writer));
	madt = write_madt(&writer, nr_vcpus);
	rsdp.rsdt = write_rsdt(&writer, fadt, madt);
	rsdp.xsdt = write_xsdt(&writer, fadt, madt);
	/* The first one is over the fields of revision 0. */
	rsdp.checksum = checksum((const unsigned char *)&rsdp,
				 offsetof(struct rsdp, length));
	rsdp.extended_checksum =
		checksum((const unsigned char *)&rsdp, sizeof(rsdp));
	memcpy(memory + RSDP_AT, &rsdp, sizeof(rsdp));
	return RSDP_AT;
}
