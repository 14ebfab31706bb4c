/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The guest's device tree (Devicetree Specification 0.4, chapter 5): CPUs,
 * memory, PSCI, the GIC, the architected timers and the PL011.
 */
#include "el2.h"

#define FDT_MAGIC 0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_END 9u
#define FDT_VERSION 17u
#define FDT_COMPATIBLE 16u
#define HEADER_SIZE 40u
#define RESERVATIONS_SIZE 16u
#define STRINGS_SIZE 512u

#define PHANDLE_GIC 1u
#define PHANDLE_CLOCK 2u
/* Of a GIC's interrupt specifier: the kind and the trigger. */
#define KIND_SPI 0u
#define KIND_PPI 1u
#define LEVEL_HIGH 4u

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define HIGH(value) ((uint32_t)((value) >> 32))
#define LOW(value) ((uint32_t)(value))

static uint8_t *out;
static char strings[STRINGS_SIZE];
static uint32_t strings_used;

static void put_u32(uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(out, &value, sizeof(value));
	out += sizeof(value);
}

/* Padded to whole words. */
static void put_bytes(const void *bytes, size_t size)
{
	memcpy(out, bytes, size);
	for (out += size; (uintptr_t)out % 4; out++)
		*out = 0;
}

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static void begin(const char *name)
{
	put_u32(FDT_BEGIN_NODE);
	put_bytes(name, length(name) + 1);
}

static void end(void)
{
	put_u32(FDT_END_NODE);
}

/* Where the name of a property is among the strings. */
static uint32_t name_offset(const char *name)
{
	size_t size = length(name) + 1;

	for (uint32_t i = 0; i + size <= strings_used; i++)
		if (!memcmp(strings + i, name, size))
			return i;
	if (size > STRINGS_SIZE - strings_used)
		die("the device tree has too many names");
	memcpy(strings + strings_used, name, size);
	strings_used += (uint32_t)size;
	return strings_used - (uint32_t)size;
}

static void property(const char *name, const void *value, size_t size)
{
	put_u32(FDT_PROP);
	put_u32((uint32_t)size);
	put_u32(name_offset(name));
	put_bytes(value, size);
}

static void text(const char *name, const char *value)
{
	property(name, value, length(value) + 1);
}

static void cells(const char *name, const uint32_t *values, size_t count)
{
	put_u32(FDT_PROP);
	put_u32((uint32_t)(count * 4));
	put_u32(name_offset(name));
	for (size_t i = 0; i < count; i++)
		put_u32(values[i]);
}

static void cell(const char *name, uint32_t value)
{
	cells(name, &value, 1);
}

static void cell64(const char *name, uint64_t value)
{
	const uint32_t values[] = {HIGH(value), LOW(value)};

	cells(name, values, LENGTH(values));
}

static void reg(uint64_t base, uint64_t size)
{
	const uint32_t values[] = {HIGH(base), LOW(base), HIGH(size),
				   LOW(size)};

	cells("reg", values, LENGTH(values));
}

static void put_chosen(void)
{
	begin("chosen");
	text("bootargs", options.append);
	text("stdout-path", "/pl011@9000000");
	if (options.initrd_size) {
		cell64("linux,initrd-start", INITRD_BASE);
		cell64("linux,initrd-end", INITRD_BASE + options.initrd_size);
	}
	end();
}

/* "cpu@" and the affinity. */
static void begin_cpu(uint32_t affinity)
{
	static const char digits[] = "0123456789abcdef";
	char name[] = "cpu@00", *digit = name + 4;

	if (affinity > 0xf)
		*digit++ = digits[affinity >> 4];
	*digit++ = digits[affinity & 0xf];
	*digit = '\0';
	begin(name);
}

static void put_cpus(void)
{
	begin("cpus");
	cell("#address-cells", 1);
	cell("#size-cells", 0);
	for (uint32_t i = 0; i < options.vcpus; i++) {
		begin_cpu(vcpu_affinity(&vcpus[i]));
		text("device_type", "cpu");
		text("compatible", "arm,cortex-a57");
		cell("reg", vcpu_affinity(&vcpus[i]));
		text("enable-method", "psci");
		end();
	}
	end();
	begin("psci");
	text("compatible", "arm,psci-1.0");
	text("method", "smc");
	end();
}

static void put_gic(void)
{
	const uint64_t gicr_size = options.vcpus * VIC_GICR_FRAME_SIZE;
	const uint32_t frames[] = {HIGH(GICD_BASE), LOW(GICD_BASE),
				   0,		    VIC_GICD_FRAME_SIZE,
				   HIGH(GICR_BASE), LOW(GICR_BASE),
				   HIGH(gicr_size), LOW(gicr_size)};

	begin("intc@8000000");
	text("compatible", "arm,gic-v3");
	property("interrupt-controller", "", 0);
	cell("#interrupt-cells", 3);
	cells("reg", frames, LENGTH(frames));
	cell("phandle", PHANDLE_GIC);
	end();
}

/* In the order secure, physical, virtual, EL2's; two do not exist here. */
static void put_timer(void)
{
	const uint32_t interrupts[] = {
		KIND_PPI, 13, LEVEL_HIGH,
		KIND_PPI, INTID_PHYSICAL_TIMER - VIC_INTID_PPI, LEVEL_HIGH,
		KIND_PPI, INTID_VIRTUAL_TIMER - VIC_INTID_PPI, LEVEL_HIGH,
		KIND_PPI, INTID_EL2_TIMER - VIC_INTID_PPI, LEVEL_HIGH,
	};

	begin("timer");
	text("compatible", "arm,armv8-timer");
	property("always-on", "", 0);
	cells("interrupts", interrupts, LENGTH(interrupts));
	end();
}

static void put_uart(void)
{
	const uint32_t interrupts[] = {KIND_SPI, INTID_UART - VIC_INTID_SPI,
				       LEVEL_HIGH};
	const uint32_t clocks[] = {PHANDLE_CLOCK, PHANDLE_CLOCK};

	begin("apb-pclk");
	text("compatible", "fixed-clock");
	cell("#clock-cells", 0);
	cell("clock-frequency", 24000000);
	cell("phandle", PHANDLE_CLOCK);
	end();
	begin("pl011@9000000");
	property("compatible", "arm,pl011\0arm,primecell",
		 sizeof("arm,pl011\0arm,primecell"));
	reg(UART_BASE, 0x1000);
	cells("interrupts", interrupts, LENGTH(interrupts));
	cells("clocks", clocks, LENGTH(clocks));
	property("clock-names", "uartclk\0apb_pclk",
		 sizeof("uartclk\0apb_pclk"));
	end();
}

static void put_root(void)
{
	begin("");
	cell("#address-cells", 2);
	cell("#size-cells", 2);
	text("compatible", "linux,dummy-virt");
	text("model", "libvic vic-el2");
	cell("interrupt-parent", PHANDLE_GIC);
	put_chosen();
	begin("memory@42000000");
	text("device_type", "memory");
	reg(RAM_BASE, RAM_END - RAM_BASE);
	end();
	put_cpus();
	put_gic();
	put_timer();
	put_uart();
	end();
	put_u32(FDT_END);
}

static void put_header(uint32_t structure_size)
{
	uint32_t structure = HEADER_SIZE + RESERVATIONS_SIZE;
	uint32_t names = structure + structure_size;

	put_u32(FDT_MAGIC);
	put_u32(names + strings_used);
	put_u32(structure);
	put_u32(names);
	put_u32(HEADER_SIZE);
	put_u32(FDT_VERSION);
	put_u32(FDT_COMPATIBLE);
	put_u32(0);
	put_u32(strings_used);
	put_u32(structure_size);
	memset(out, 0, RESERVATIONS_SIZE);
}

void fdt_write(void)
{
	uint8_t *start = (uint8_t *)(uintptr_t)DTB_BASE;
	uint8_t *structure = start + HEADER_SIZE + RESERVATIONS_SIZE;
	uint32_t size;

	out = structure;
	put_root();
	size = (uint32_t)(out - structure);
	memcpy(out, strings, strings_used);
	out = start;
	put_header(size);
}
