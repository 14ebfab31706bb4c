/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's x86 test guest. It brings up its CPUs by INIT and SIPI, runs the
 * checks in main.c in xAPIC and in x2APIC mode, prints one line for each and
 * leaves through port 0xf4: 0 if all passed, else 1.
 *
 * CPU 0 (the BSP) leads. The others idle, sometimes spinning, sometimes
 * halted, until it gives them a function to run (cpu.c). Everything is
 * decided by what handlers counted; time only ends a wait that would last
 * for ever.
 */
#ifndef GUEST_H
#define GUEST_H

#include "../report.h"

#include "x86.h"

#define MAX_CPUS 16u

/*
 * The convention with the VMM (vic-kvm): entry in 64-bit mode on CPU 0,
 * interrupts off, %rdi = the address of this structure; 4 GiB mapped one to
 * one by the page tables at 0x2000; page 0x8000 is ours for the trampoline;
 * CPU i has APIC id i; console at port 0x3f8.
 */
#define BOOT_MAGIC 0x56494342u

struct guest_boot {
	uint32_t magic;
	uint32_t nr_vcpus;
	uint32_t x2apic_allowed;
	uint32_t flags;
	char append[1024];
};

#define TRAMPOLINE 0x8000u

/* Vectors with a meaning of their own. Checks use others, 0x20 to 0xef. */
enum vector {
	VECTOR_NMI = 2,
	VECTOR_GP = 13,
	VECTOR_WAKE = 0xf1,
	VECTOR_SPURIOUS = 0xff,
};

/* A CPU's local APIC as the code after SIPI finds it. */
struct reset_state {
	uint64_t base;
	uint32_t svr, tpr, ldr, dfr;
	/* All ISR and all IRR words ORed. */
	uint32_t isr, irr;
	/* What any LVT entry has that it should not; ICR, CCR, DCR ORed. */
	uint32_t lvt, timer;
};

struct cpu {
	struct cpu *self; /* %gs:0 */
	uint32_t id;
	uint32_t x2apic;
	/* How often it came out of SIPI. */
	uint32_t starts;
	struct reset_state reset;

	/* Work from the BSP: cpu.c. */
	void (*work)(struct cpu *me, void *arg);
	void *arg;
	uint32_t parked;
	uint32_t wakes;

	/* Written by its handlers, cleared by clear_counts(). */
	uint32_t count[256];
	uint32_t nmis;
	uint32_t spurious;
	uint32_t log[32];
	uint32_t logged;

	/* For the check that runs: progress that others watch, and notes. */
	uint32_t step;
	uint32_t note[16];
};

extern struct cpu cpus[MAX_CPUS];
extern uint32_t nr_cpus;

static inline struct cpu *this_cpu(void)
{
	struct cpu *me;

	__asm__("mov %%gs:0, %0" : "=r"(me));
	return me;
}

/* boot.S calls trap() with this, interrupts off. */
struct trap_frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* trap.c */
typedef void (*handler_fn)(struct cpu *me, uint32_t vector);

/* Called in place of the EOI, with the vector counted and logged. */
extern handler_fn handlers[256];

/* idt.c */
void trap_build(void);
void trap_load(void);

/* cpu.c: all but cpu_main and cpu_setup are for the BSP. */
void cpu_setup(struct cpu *me);
bool cpu_start(struct cpu *cpu);
void cpu_lost(struct cpu *cpu);
void run_begin(struct cpu *cpu, void (*work)(struct cpu *, void *), void *arg);
bool run_end(struct cpu *cpu);
bool run_on(struct cpu *cpu, void (*work)(struct cpu *, void *), void *arg);
bool run_all(void (*work)(struct cpu *, void *), void *arg);
void clear_counts(void);
void settle(void);

/* Spin until the word is at least the value; false after long patience. */
bool reached(const uint32_t *word, uint32_t value);
bool out_of_patience(uint64_t start);
void delay(uint64_t cycles);
#define MILLISECOND 2000000u /* cycles, at 2 GHz; never decides a verdict */

/* main.c */
extern const char *mode_name;
extern uint32_t storm_messages; /* per CPU */

/* The checks; main.c has the table. */
void check_base(void);
void check_base_gp(void);
void check_id(void);
void check_version(void);
void check_svr(void);
void check_tpr_rw(void);
void check_ldr(void);
void check_dfr(void);
void check_read_only(void);
void check_reserved_ignored(void);
void check_icr_readback(void);
void check_self_ipi_keeps_icr(void);
void check_msrs_in_xapic(void);
void check_readable(void);
void check_gp_write_only(void);
void check_gp_absent(void);
void check_gp_read_only(void);
void check_gp_tpr(void);
void check_gp_eoi(void);
void check_gp_esr(void);
void check_gp_svr(void);
void check_gp_icr(void);
void check_gp_self_ipi(void);
void check_esr_send_illegal(void);
void check_esr_self_ipi_illegal(void);
void check_illegal_vector_dropped(void);

void check_self_shorthand(void);
void check_self_own_id(void);
void check_self_ipi_msr(void);
void check_unicast_physical(void);
void check_absent_physical(void);
void check_wide_physical(void);
void check_ff_is_an_id(void);
void check_flat_unicast(void);
void check_flat_multi(void);
void check_flat_broadcast(void);
void check_cluster_unicast(void);
void check_cluster_multi(void);
void check_cluster_absent(void);
void check_logical_broadcast(void);
void check_broadcast_shorthand(void);
void check_broadcast_physical(void);
void check_all_but_self(void);
void check_lowest_one(void);
void check_lowest_skips_disabled(void);

void check_tpr_register(void);
void check_tpr_cr8(void);
void check_tpr_remote(void);
void check_cr8_is_tpr(void);
void check_ppr_idle(void);
void check_ppr_in_handler(void);
void check_priority_order(void);
void check_nested(void);
void check_merge_pending(void);
void check_irr_isr_two(void);
void check_irr_isr_bits(void);
void check_eoi_highest(void);
void check_eoi_empty(void);

void check_nmi_unicast(void);
void check_nmi_self_id(void);
void check_nmi_others(void);
void check_nmi_self_shorthand(void);
void check_nmi_all_shorthand(void);
void check_halted_ipi(void);
void check_halted_broadcast(void);
void check_halted_nmi(void);
void check_disabled_target(void);
void check_disabled_sends(void);
void check_disabled_keeps_irr(void);
void check_init_sipi(void);
void check_init_reset_state(void);
void check_init_stops(void);
void check_init_sipi_others(void);
void check_init_deassert(void);
void check_second_sipi(void);
void check_x2apic_switch(void);

void check_timer_one_shot(void);
void check_timer_counts(void);
void check_timer_divide(void);
void check_timer_periodic(void);
void check_timer_restart(void);
void check_timer_stop(void);
void check_timer_mode_change(void);
void check_timer_masked(void);
void check_timer_halted(void);
void check_timer_disabled(void);
void check_timer_illegal(void);
void check_tsc_deadline(void);
void check_tsc_deadline_past(void);
void check_tsc_deadline_disarm(void);
void check_tsc_deadline_masked(void);
void check_tsc_deadline_mode(void);

void check_lvt_rw(void);
void check_lvt_gp(void);
void check_lvt_disabled(void);
void check_timer_gp(void);
void check_esr_illegal_register(void);
void check_esr_accumulates(void);
void check_error_interrupt(void);
void check_error_masked(void);
void check_error_illegal(void);
void check_lowest_illegal(void);

void check_base_move(void);
void check_disable_enable(void);
void check_x2apic_disable(void);
void check_x2apic_hides_page(void);

void check_pit_pin(void);
void check_pit_pic(void);
void check_pit_ticks(void);
void check_pit_gate(void);
void check_serial_irq(void);
/* Whether a byte has come. */
bool serial_offered(void);
void check_serial_input(void);
void check_rtc_irq(void);
void check_rtc_registers(void);
void check_fw_cfg(void);
void check_ports(void);

void check_pingpong(void);
void check_storm(void);
void check_storm_timers(void);
void check_storm_lines(void);

void check_ioapic_regs(void);
void check_ioapic_entries(void);
void check_ioapic_edge(void);
void check_ioapic_edge_shared(void);
void check_ioapic_edge_narrow(void);
void check_ioapic_edge_masked(void);
void check_ioapic_edge_pending(void);
void check_ioapic_broadcast(void);
void check_ioapic_logical(void);
void check_ioapic_lowest(void);
void check_ioapic_nmi(void);
void check_ioapic_illegal(void);

void check_level(void);
void check_level_masked(void);
void check_level_mask_in_service(void);
void check_level_withdrawn(void);
void check_level_bounces(void);
void check_level_shared_line(void);
void check_level_until_eoi(void);
void check_level_shared_vector(void);
void check_level_ipi_same_vector(void);
void check_level_move(void);
void check_level_change_vector(void);
void check_level_eoi_register(void);
void check_level_refused(void);
void check_level_suppressed(void);

void check_pic_regs(void);
void check_pic_extint(void);
void check_pic_halted(void);
void check_pic_priority(void);
void check_pic_rotate(void);
void check_pic_aeoi(void);
void check_pic_nested(void);
void check_pic_sfnm(void);
void check_pic_special_mask(void);
void check_pic_masked(void);
void check_pic_level(void);
void check_pic_withdrawn(void);
void check_pic_poll(void);
void check_pic_pin(void);
void check_pic_spurious(void);

/* check_timer.c: one-shots, each started by the handler of the last. */
void chain_begin(struct cpu *me);
void chain_end(struct cpu *me);
/* On CPU 0, after all have ended theirs. */
void chain_report(void);
/* check_lines.c: devices; on each CPU but for the first and the last. */
void lines_prepare(void);
void lines_step(struct cpu *me, uint32_t random);
void lines_end(struct cpu *me);
void lines_report(void);
/* There is a timer in TSC-deadline mode. */
bool tsc_deadline_offered(void);
/* check_level.c: EOI broadcasts can be suppressed; the IOAPIC has EOI. */
bool suppress_offered(void);
bool eoi_register_offered(void);

#endif
