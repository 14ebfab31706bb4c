/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The ACPI tables, found and read as the ACPI Specification 6.5, 5.2 says. */

#include "kernel.h"

#define SEARCH_START 0xe0000u
#define SEARCH_END 0x100000u

#define IOAPIC_ADDRESS 0xfec00000u
#define LAPIC_ADDRESS 0xfee00000u
#define SLP_TYP_SHIFT 10
#define SLP_EN (1u << 13)
#define SCI_EN 1u

/* Offsets in the FADT and the MADT. */
#define FADT_FACS 36
#define FADT_DSDT 40
#define FADT_SCI_INT 46
#define FADT_SMI_CMD 48
#define FADT_PM1A_EVT 56
#define FADT_PM1A_CNT 64
#define FADT_PM1_CNT_LEN 89
#define FADT_X_DSDT 140
#define MADT_ENTRIES 44

static const unsigned char *rsdp, *fadt, *madt, *dsdt;
/* What \_S5 says. */
static uint32_t sleep_type;

static uint32_t read32(const unsigned char *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 |
	       (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static bool sums_up(const unsigned char *table, uint32_t size)
{
	unsigned int sum = 0;

	while (size--)
		sum += *table++;
	return !(sum & 0xff);
}

static bool sound(const unsigned char *table, const char *signature)
{
	return equal(table, signature, 4) && sums_up(table, read32(table + 4));
}

static void find_rsdp(void)
{
	for (uint32_t address = SEARCH_START; address < SEARCH_END && !rsdp;
	     address += 16)
		if (equal(at(address), "RSD PTR ", 8) &&
		    sums_up(at(address), 20))
			rsdp = at(address);
	check("tables.rsdp", rsdp && rsdp[15] >= 2 && read32(rsdp + 20) == 36 &&
				     sums_up(rsdp, 36));
}

/* Both name the same tables, of which there are these two. */
static bool find_tables(void)
{
	const unsigned char *rsdt = at(read32(rsdp + 16));
	const unsigned char *xsdt = at(read32(rsdp + 24));
	uint32_t count = (read32(rsdt + 4) - 36) / 4;
	bool same = (read32(xsdt + 4) - 36) / 8 == count;

	for (uint32_t i = 0; i < count; i++) {
		const unsigned char *table = at(read32(rsdt + 36 + 4 * i));

		same = same && at(read32(xsdt + 36 + 8 * i)) == table &&
		       !read32(xsdt + 40 + 8 * i);
		if (sound(table, "FACP"))
			fadt = table;
		if (sound(table, "APIC"))
			madt = table;
	}
	check("tables.rsdt", sound(rsdt, "RSDT"));
	check("tables.xsdt", sound(xsdt, "XSDT"));
	check("tables.rsdt_is_xsdt", same);
	check("tables.fadt", fadt);
	check("tables.madt", madt);
	return fadt && madt;
}

static void check_fadt(void)
{
	const unsigned char *facs = at(read32(fadt + FADT_FACS));

	dsdt = at(read32(fadt + FADT_DSDT));
	check("tables.dsdt",
	      sound(dsdt, "DSDT") && at(read32(fadt + FADT_X_DSDT)) == dsdt);
	check("tables.facs", equal(facs, "FACS", 4) &&
				     !((uintptr_t)facs & 63) &&
				     read32(facs + 4) == 64);
	check("tables.sci", fadt[FADT_SCI_INT] == 9);
	/* Without an SMI command port the platform is in ACPI mode. */
	check("tables.acpi_mode",
	      !read32(fadt + FADT_SMI_CMD) && read32(fadt + FADT_PM1A_EVT) &&
		      fadt[FADT_PM1_CNT_LEN] == 2 &&
		      in16((uint16_t)read32(fadt + FADT_PM1A_CNT)) & SCI_EN);
}

static void check_s5(void)
{
	/* Name (_S5, Package () {type, ...}), the package being short. */
	static const unsigned char name[] = {0x08, '_', 'S', '5', '_', 0x12};
	uint32_t size = read32(dsdt + 4);
	bool found = false;

	for (uint32_t i = 36; i + 10 <= size && !found; i++) {
		found = equal(dsdt + i, name, sizeof(name));
		/* Behind the lengths: ZeroOp is 0, 0x0a is a byte's prefix. */
		if (found)
			sleep_type =
				dsdt[i + 8] == 0x0a ? dsdt[i + 9] : dsdt[i + 8];
	}
	check("tables.s5", found && sleep_type < 8);
}

static void check_madt(void)
{
	uint32_t size = read32(madt + 4), cpus = 0, ioapics = 0, nmis = 0;
	bool pit = false, sci = false, ids = true;

	for (uint32_t i = MADT_ENTRIES; i + 2 <= size && madt[i + 1] >= 2;
	     i += madt[i + 1]) {
		const unsigned char *entry = madt + i;

		if (entry[0] == 0 && read32(entry + 4) & 1) {
			ids = ids && entry[3] == cpus;
			cpus++;
		} else if (entry[0] == 1) {
			ioapics += read32(entry + 4) == IOAPIC_ADDRESS &&
				   !read32(entry + 8);
		} else if (entry[0] == 2 && !entry[3]) {
			pit = read32(entry + 4) == 2;
		} else if (entry[0] == 2 && entry[3] == 9) {
			/* Level, active high. */
			sci = read32(entry + 4) == 9 && entry[8] == 0xd;
		} else if (entry[0] == 4) {
			nmis += entry[2] == 0xff && entry[5] == 1;
		}
	}
	check("tables.lapic_address",
	      read32(madt + 36) == LAPIC_ADDRESS && read32(madt + 40) & 1);
	check("tables.cpus", ids && cpus == option("cpus", 1));
	check("tables.ioapic", ioapics == 1);
	check("tables.overrides", pit && sci);
	check("tables.nmi", nmis == 1);
}

void check_tables(void)
{
	find_rsdp();
	if (!rsdp || !find_tables())
		return;
	check_fadt();
	check_s5();
	check_madt();
}

void power_off(void)
{
	uint16_t port = (uint16_t)read32(fadt + FADT_PM1A_CNT);
	uint32_t value = in16(port) & ~(7u << SLP_TYP_SHIFT | SLP_EN);

	value |= sleep_type << SLP_TYP_SHIFT;
	out16(port, (uint16_t)value);
	out16(port, (uint16_t)(value | SLP_EN));
	print("kernel: not off\n");
}
