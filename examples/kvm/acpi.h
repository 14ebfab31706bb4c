/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the ACPI tables tell a guest of vic-kvm's platform. */
#ifndef VIC_KVM_ACPI_H
#define VIC_KVM_ACPI_H

#include <stdint.h>

#define ACPI_LAPIC_ADDRESS 0xfee00000u
#define ACPI_IOAPIC_ADDRESS 0xfec00000u
#define ACPI_IOAPIC_ID 0
/* The PIT's IRQ 0 is IOAPIC pin 2. */
#define ACPI_PIT_GSI 2
/* Level, active high; nothing raises it. */
#define ACPI_SCI 9
/* Status and enable of fixed events, 16 bits each. */
#define ACPI_PORT_PM1_EVENT 0x600u
/* Bit 0, SCI_EN, is 1; sleep type 0 with SLP_EN is power off. */
#define ACPI_PORT_PM1_CONTROL 0x604u
/* 32 bits that count at 3.579545 MHz. */
#define ACPI_PORT_PM_TIMER 0x608u

/*
 * Write the tables to BOOT_BIOS and behind it.
 *
 * @param memory the guest's, from address 0.
 * @param nr_vcpus at most 255; the APIC id of a vCPU is its index.
 * @return the address of the RSDP.
 */
uint32_t acpi_write(unsigned char *memory, uint32_t nr_vcpus);

#endif
