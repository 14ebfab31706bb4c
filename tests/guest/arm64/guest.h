/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's arm64 test guest, an Image for EL1 that knows a GICv3, a PL011,
 * the virtual timer and PSCI, all as QEMU's "virt" machine has them. It runs
 * on that machine itself, on QEMU's GIC, and under a hypervisor. It starts
 * the CPUs that the device tree names, runs the checks in main.c, prints one
 * line for each and ends QEMU through semihosting: 0 if all passed, else 1.
 *
 * CPU 0 leads. The others halt until it gives them a function to run (cpu.c).
 * Everything is decided by what handlers counted; time only ends a wait that
 * would last for ever.
 */
#ifndef GUEST_H
#define GUEST_H

#include "../report.h"

#include "arch.h"

/* One SGI for each CPU, and two to spare. */
#define MAX_CPUS 14u
#define SGI_NOTE 14u /* for checks: look at what changed in memory */
#define SGI_WAKE 15u /* cpu.c: there is work */
#define MAX_INTID 1020u
#define LOG_SIZE 512u
#define LOG_FIQ 0x10000u

struct cpu {
	uint32_t id; /* boot.S reads it */
	/* How often it came out of CPU_ON. */
	uint32_t starts;
	uint64_t mpidr;
	/* Its Redistributor: RD_base. */
	uint64_t gicr;

	/* Work from CPU 0, and whether it holds this one: cpu.c. */
	void (*work)(struct cpu *me, void *arg);
	void *arg;
	uint32_t parked;
	uint32_t wakes;
	uint32_t held;

	/* Written by its handlers, cleared before each check. */
	uint32_t count[MAX_INTID];
	uint32_t spurious;
	uint32_t log[LOG_SIZE]; /* INTIDs as they were acknowledged */
	uint32_t logged;

	/* For the check that runs: progress that others watch, and notes. */
	uint32_t step;
	uint32_t note[64];
};

extern struct cpu cpus[MAX_CPUS];
extern uint32_t nr_cpus;

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)read_tpidr_el1();
}

/* trap.c: called in place of the EOI, with the interrupt logged. */
typedef void (*handler_fn)(struct cpu *me, uint32_t intid);

extern handler_fn handlers[MAX_INTID];

/* dtb.c */
struct machine {
	const char *bootargs;
	uint64_t gicd, gicr;
	uint64_t gicr_size;
	uint64_t mpidr[MAX_CPUS];
	uint32_t nr_cpus;
	bool psci_smc;
};

extern struct machine machine;

bool dtb_read(const void *dtb);

/* cpu.c: all but cpu_main and the waits are for CPU 0. */
_Noreturn void cpu_main(struct cpu *me);
int64_t psci_cpu_on(uint64_t affinity, struct cpu *cpu);
_Noreturn void psci_cpu_off(void);
int64_t psci_affinity_info(const struct cpu *cpu);
void psci_system_off(void);
bool cpu_start(struct cpu *cpu);
void run_begin(struct cpu *cpu, void (*work)(struct cpu *, void *), void *arg);
void run_end(struct cpu *cpu);
void run_on(struct cpu *cpu, void (*work)(struct cpu *, void *), void *arg);
void run_all(void (*work)(struct cpu *, void *), void *arg);
/* In between, the CPU runs a loop with its interrupts masked. */
void hold(struct cpu *cpu);
void let_go(struct cpu *cpu);
/* After it the counts are final. */
void settle(void);
/* What the GIC holds for a CPU, for a failure. */
void print_cpu(const struct cpu *cpu);

/* Spin until the word is at least the value; false after long patience. */
bool reached(const uint32_t *word, uint32_t value);
uint64_t now(void);
uint64_t microseconds(uint64_t n);
void delay(uint64_t us);
bool out_of_patience(uint64_t start);

/* main.c */
_Noreturn void guest_main(const void *dtb);
/* Fails with "text: have, expected want" unless they are equal. */
void expect(const char *text, uint64_t have, uint64_t want);
/* The machine lacks what the check wants. */
void leave_out(const char *reason);

struct options {
	const char *tests;
	uint32_t stress;
	const char *mode;
	uint32_t limit; /* seconds */
	bool psci_exit;
	bool rs;
};

extern struct options options;

/* The rest of `text` if it begins with the word. */
const char *after(const char *text, const char *word);
/* Whether that rest is empty. */
bool is_word(const char *text, const char *word);

/* The checks; main.c has the table. */
void check_frames(void);
void check_icc(void);
void check_group_enables(void);
void check_fixed(void);
void check_beyond(void);

void check_sgi_self(void);
void check_sgi_unicast(void);
void check_sgi_list(void);
void check_sgi_others(void);
void check_sgi_absent(void);
void check_sgi_range(void);
void check_sgi_intids(void);
void check_sgi_merge(void);
void check_sgi_disabled(void);
void check_sgi_pending_bits(void);
void check_sgi_remote_bits(void);
void check_sgi_active(void);
void check_sgi_group0(void);
void check_sgi_wrong_group(void);

void check_prio_order(void);
void check_prio_nested(void);
void check_prio_nested_again(void);
void check_prio_nested_spis(void);
void check_prio_no_preemption(void);
void check_prio_pmr(void);
void check_prio_pmr_bits(void);
void check_prio_lowest(void);
void check_prio_field(void);
void check_prio_field_bits(void);
void check_prio_bpr(void);
void check_prio_cbpr(void);
void check_prio_hppir(void);
void check_prio_iar(void);
void check_prio_change(void);

void check_spi_pend(void);
void check_spi_all(void);
void check_spi_merge(void);
void check_spi_active_pending(void);
void check_spi_latch(void);
void check_spi_clear(void);
void check_spi_disabled(void);
void check_spi_isactiver(void);
void check_spi_icactiver(void);
void check_spi_message_edge(void);
void check_spi_message_level(void);
void check_spi_route(void);
void check_spi_route_halves(void);
void check_spi_route_absent(void);

void check_line_level(void);
void check_line_low(void);
void check_line_latch(void);
void check_line_disabled(void);
void check_line_edge(void);
void check_line_route(void);
void check_line_split(void);

void check_timer_shot(void);
void check_timer_periodic(void);
void check_timer_withdrawn(void);
void check_timer_level(void);
void check_timer_masked(void);
void check_timer_pending(void);

void check_remote_icenabler(void);
void check_remote_icenabler_sgi(void);
void check_remote_ispendr(void);
void check_remote_icpendr(void);
void check_remote_isactiver(void);
void check_remote_icactiver(void);
void check_remote_set_active(void);
void check_remote_active_pending(void);
void check_remote_priority(void);
void check_remote_group(void);
void check_remote_retarget(void);
void check_remote_halves(void);
void check_remote_retarget_active(void);
void check_remote_retarget_both(void);
void check_remote_disable_active(void);
void check_remote_toggle(void);
void check_remote_chase(void);

void check_many_order(void);
void check_many_reverse(void);
void check_many_handler(void);
void check_many_nested(void);
void check_many_remote(void);
void check_many_spread(void);

void check_wfi_sgi(void);
void check_wfi_spi(void);
void check_wfi_timer(void);
void check_wfi_off(void);
void check_wfi_pmr(void);
void check_wfi_group(void);
void check_wfi_disabled(void);
void check_wfi_ping(void);

void check_eoi_one_step(void);
void check_eoi_two_steps(void);
void check_eoi_order(void);
void check_eoi_many(void);
void check_eoi_pending(void);
void check_eoi_remote_dir(void);
void check_eoi_special(void);
void check_eoi_sgis(void);

void check_psci_off_on(void);
void check_psci_off_sgi(void);
void check_psci_off_spi(void);
void check_psci_busy(void);

void check_stress_pairs(void);
void check_stress_ring(void);
void check_stress_broadcast(void);
void check_stress_wfi(void);

#endif
