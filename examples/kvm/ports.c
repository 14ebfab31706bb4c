/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The guest's IN and OUT: which device has which port. */
#include <sched.h>
#include <string.h>

#include "acpi.h"
#include "boot.h"
#include "chips.h"
#include "vm.h"

/* System control port A: A20 is open, as bit 1 says. */
#define PORT_A 0x92
#define PORT_A_A20 2

struct range {
	uint16_t first;
	uint16_t last;
	/* Bytes of the widest access; wider ones are several, as on a bus. */
	uint8_t width;
	/* NULL: reads all ones; ignores it. */
	uint32_t (*in)(struct cpu *cpu, uint16_t port, uint8_t size);
	void (*out)(struct cpu *cpu, uint16_t port, uint8_t size,
		    uint32_t value);
};

static void yield(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value)
{
	(void)cpu;
	(void)port;
	(void)size;
	(void)value;
	sched_yield();
}

static uint32_t port_a_in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	(void)cpu;
	(void)port;
	(void)size;
	return PORT_A_A20;
}

/*
 * What is not here reads all ones and ignores writes: among others PCI's
 * configuration at 0xcf8 (there is no PCI), the POST code at 0x80, the
 * keyboard controller.
 */
static const struct range ranges[] = {
	{VIC_PIC_MASTER, VIC_PIC_MASTER_A0, 1, chips_in, chips_out},
	{PIT_PORT, PIT_PORT + 3, 1, dev_pit_in, dev_pit_out},
	{PIT_PORT_B, PIT_PORT_B, 1, dev_pit_in, dev_pit_out},
	{RTC_PORT, RTC_PORT + 1, 1, dev_rtc_in, dev_rtc_out},
	{PORT_A, PORT_A, 1, port_a_in, NULL},
	{VIC_PIC_SLAVE, VIC_PIC_SLAVE_A0, 1, chips_in, chips_out},
	{BOOT_PORT_YIELD, BOOT_PORT_YIELD, 4, NULL, yield},
	{BOOT_PORT_EXIT, BOOT_PORT_EXIT, 4, NULL, testdev_exit_out},
	{SERIAL_PORT, SERIAL_PORT + 7, 1, dev_serial_in, dev_serial_out},
	{VIC_PIC_ELCR_MASTER, VIC_PIC_ELCR_SLAVE, 1, chips_in, chips_out},
	{FW_CFG_SELECT, FW_CFG_DATA, 2, dev_fw_cfg_in, dev_fw_cfg_out},
	{ACPI_PORT_PM1_EVENT, ACPI_PORT_PM1_EVENT + 3, 4, dev_pm1_in,
	 dev_pm1_out},
	{ACPI_PORT_PM1_CONTROL, ACPI_PORT_PM1_CONTROL + 1, 4, dev_pm1_in,
	 dev_pm1_out},
	{PORT_PM_TIMER, PORT_PM_TIMER + 3, 4, dev_pm_timer_in, NULL},
	{PORT_TESTDEV, PORT_TESTDEV + 0x5f, 4, NULL, testdev_line_out},
};

static const struct range *find(uint16_t port)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (port >= ranges[i].first && port <= ranges[i].last)
			return &ranges[i];
	return NULL;
}

static uint32_t in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	const struct range *range = find(port);
	uint32_t value = 0;

	if (!range || !range->in)
		return UINT32_MAX;
	if (size <= range->width)
		return range->in(cpu, port, size);
	for (uint8_t i = 0; i < size; i++)
		value |= (in(cpu, (uint16_t)(port + i), 1) & 0xff) << 8 * i;
	return value;
}

static void out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value)
{
	const struct range *range = find(port);

	if (!range || !range->out)
		return;
	if (size <= range->width) {
		range->out(cpu, port, size, value);
		return;
	}
	for (uint8_t i = 0; i < size; i++)
		out(cpu, (uint16_t)(port + i), 1, value >> 8 * i & 0xff);
}

void ports_access(struct cpu *cpu)
{
	struct kvm_run *run = cpu->run;
	uint8_t size = run->io.size;
	unsigned char *data = (unsigned char *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, data += size) {
		uint32_t value = 0;

		if (run->io.direction == KVM_EXIT_IO_IN) {
			value = in(cpu, run->io.port, size);
			memcpy(data, &value, size);
		} else {
			memcpy(&value, data, size);
			out(cpu, run->io.port, size, value);
		}
	}
}
