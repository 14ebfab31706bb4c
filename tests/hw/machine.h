/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* One model processor with a VMCS and its pages, for the model's tests. */
#ifndef MACHINE_H
#define MACHINE_H

#include "vtx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NV 0xf2
#define HOST_VECTOR 0xef

enum machine_kind {
	/** External-interrupt exiting, all else off. */
	PLAIN,
	/** "Use TPR shadow" and "virtualize APIC accesses" besides. */
	SHADOW,
	/** APIC-register virtualization, VID and posted interrupts too. */
	XAPIC,
	/** The same with "virtualize x2APIC mode" for "APIC accesses". */
	X2APIC,
};

struct machine {
	_Alignas(VIC_APIC_PAGE_SIZE) unsigned char page[VIC_APIC_PAGE_SIZE];
	_Alignas(4096) uint8_t bitmap[4096];
	_Alignas(64) struct vic_pid pid;
	struct vtx_pcpu cpu;
	struct vtx_vmcs vmcs;
};

/* The guest is active with RFLAGS.IF = 1 and halts without waiting. */
void machine_make(struct machine *machine, enum machine_kind kind);

uint32_t machine_reg(const struct machine *machine, uint32_t offset);
void machine_set_reg(struct machine *machine, uint32_t offset, uint32_t value);

/* A bit of VISR, VTMR or VIRR (@base). */
bool machine_bit(const struct machine *machine, uint32_t base, uint8_t vector);
void machine_set_bit(struct machine *machine, uint32_t base, uint8_t vector);

/* RVI and SVI as the VMM finds them after a VM exit. */
uint8_t machine_rvi(const struct machine *machine);
uint8_t machine_svi(const struct machine *machine);
void machine_set_status(struct machine *machine, uint8_t svi, uint8_t rvi);

/* Make @vector pending in VIRR and RVI, as a VMM does before VM entry. */
void machine_request(struct machine *machine, uint8_t vector);

/* Post @vector as a VT-d unit does, and deliver the notification. */
struct vtx_notification machine_post(struct machine *machine, uint8_t vector);

/* End non-root operation by a VMCALL, which nothing may precede. */
void machine_exit(struct machine *machine);

#define assert_result(call, result) \
	assert_string_equal(vtx_result_name(call), vtx_result_name(result))

/* The guest carries on, takes @vector, or exits for @reason. */
#define assert_carries_on(call) assert_result(call, VTX_OK)
#define assert_takes(machine, call, taken)                        \
	do {                                                      \
		assert_result(call, VTX_VECTOR);                  \
		assert_int_equal((machine)->cpu.vector, (taken)); \
	} while (0)
#define assert_exits(machine, call, reason)                              \
	do {                                                             \
		assert_result(call, VTX_EXIT);                           \
		assert_int_equal((machine)->vmcs.exit_reason, (reason)); \
	} while (0)
#define assert_refused(machine, why)                                        \
	do {                                                                \
		assert_result(vtx_enter(&(machine)->cpu, &(machine)->vmcs), \
			      VTX_FAILED);                                  \
		assert_string_equal(vtx_error_name((machine)->vmcs.error),  \
				    vtx_error_name(why));                   \
	} while (0)

#endif
