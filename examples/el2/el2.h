/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * vic-el2: a small type-1 hypervisor at EL2 with one VM, for QEMU's virt
 * machine with GICv3. The VM's GIC is libvic's.
 *
 * EL2 always runs with interrupts masked: an interrupt that comes meanwhile
 * stays pending and takes the vCPU out of the guest at once, which is the
 * latched kick that vic_vcpu_enter() asks for.
 */
#ifndef EL2_H
#define EL2_H

#include <vic/vic.h>

#include "layout.h"
#include "sysreg.h"

#define MAX_VCPUS 8
#define MAX_PCPUS 8

/* The machine. Guest physical addresses are physical ones. */
#define GICD_BASE 0x08000000ull
#define GICR_BASE 0x080a0000ull
#define DEVICES_BASE 0x09000000ull
#define DEVICES_END 0x0a200000ull
#define UART_BASE 0x09000000ull
#define OPTIONS_BASE 0x41f00000ull
#define OPTIONS_SIZE 0x1000u
#define RAM_BASE 0x42000000ull
#define RAM_END 0x60000000ull
#define KERNEL_BASE 0x44000000ull
#define DTB_BASE 0x4f000000ull
#define INITRD_BASE 0x50000000ull

/* INTIDs. */
#define INTID_KICK 7u
#define INTID_MAINTENANCE 25u
#define INTID_EL2_TIMER 26u
#define INTID_VIRTUAL_TIMER 27u
#define INTID_PHYSICAL_TIMER 30u
#define INTID_UART 33u

#define NEVER UINT64_MAX

/* scripts/el2.sh writes them as text to OPTIONS_BASE. */
struct options {
	uint32_t vcpus, pcpus;
	/* Of vCPU 0; the others follow. Aff1 to Aff3 are 0. */
	uint32_t aff0;
	/* HCR_EL2.TWI: a vCPU that waits for an interrupt leaves the guest. */
	bool wfi_exits;
	/* The guest has a device tree already. */
	bool dtb;
	/* Tell the counters when the guest powers off. */
	bool stats;
	/* Seconds, then the state is dumped and the run ends; 0: never. */
	uint32_t timeout;
	/* In bytes; 0: none. */
	uint64_t initrd_size;
	const char *append;
};

/* Written at each exit. enter_guest() knows the layout. */
struct context {
	uint64_t x[31];
	uint64_t reserved;
	uint64_t pc, pstate;
};

_Static_assert(offsetof(struct context, pc) == CONTEXT_PC, "layout.h");

/* The rest is the physical CPU's until another vCPU comes to it. */
#define EL1_REGISTERS(X)                                                    \
	X(sctlr_el1) X(actlr_el1) X(cpacr_el1) X(ttbr0_el1) X(ttbr1_el1)    \
	X(tcr_el1) X(mair_el1) X(amair_el1) X(vbar_el1) X(contextidr_el1)   \
	X(esr_el1) X(far_el1) X(afsr0_el1) X(afsr1_el1) X(elr_el1)          \
	X(spsr_el1) X(par_el1) X(csselr_el1) X(mdscr_el1) X(cntkctl_el1)    \
	X(sp_el0) X(sp_el1) X(tpidr_el0) X(tpidrro_el0) X(tpidr_el1)        \
	X(vmpidr_el2)

#define EL1_FIELD(name) uint64_t name;
struct el1 {
	EL1_REGISTERS(EL1_FIELD)
};
#undef EL1_FIELD

struct fp {
	_Alignas(16) uint8_t q[32][16];
	uint64_t fpcr, fpsr;
};

_Static_assert(offsetof(struct fp, fpcr) == FP_CONTROL, "layout.h");

/* CNTV_* or CNTP_* of a vCPU that is on no physical CPU. */
struct timer {
	uint64_t ctl, cval;
};

enum vcpu_state {
	VCPU_OFF,
	VCPU_QUEUED,
	VCPU_RUNNING,
	VCPU_BLOCKED,
};

struct vcpu {
	struct context context;
	struct el1 el1;
	struct fp fp;
	struct timer virtual_timer, physical_timer;
	struct vic_gic_lrs lrs;
	uint32_t index;
	/* vic_vcpu_unblock() is due. */
	bool blocked;
	struct vic_vcpu *vic;
	struct vic_gicr *gicr;
	uint64_t exits_irq, exits_sync;

	/* The scheduler's, under its lock. */
	enum vcpu_state state;
	/* A wake came while it was not blocked. */
	bool wake;
	struct vcpu *next;
	/* Whose registers hold its state; no other may run it. */
	struct pcpu *pcpu;
	/* When clock has to wake it. */
	struct pcpu *clock;
	uint64_t deadline;

	_Alignas(VIC_CACHE_LINE) unsigned char storage[VIC_VCPU_SIZE];
};

struct pcpu {
	uint32_t index;
	/* The vCPU whose state its registers hold. */
	struct vcpu *resident;
	/* Its TLB may hold entries of this one. */
	struct vcpu *last;
	/* Waits for a kick; under the scheduler's lock. */
	bool idle;
	/* Out of the guest for good. */
	bool stopped;
	uint64_t slice_end;
	/* What its clock is set to. */
	uint64_t clock_next;
	/* List registers that are not 0, and ICH_HCR_EL2. */
	uint32_t lrs_used, ich_hcr;
	struct vic_counters counters;
};

struct lock {
	uint32_t word;
};

static inline void lock(struct lock *lock)
{
	while (__atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock->word, __ATOMIC_RELAXED))
			__asm__ volatile("yield");
}

static inline void unlock(struct lock *lock)
{
	__atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

static inline struct pcpu *this_pcpu(void)
{
	return (struct pcpu *)(uintptr_t)sysreg_read(tpidr_el2);
}

extern struct options options;
extern struct vcpu vcpus[MAX_VCPUS];
extern struct pcpu pcpus[MAX_PCPUS];
extern struct vic_gic *gic;
extern uint64_t sgi_matrix[MAX_VCPUS * MAX_VCPUS];

/* As MPIDR_EL1 and GICR_TYPER have it. */
static inline uint32_t vcpu_affinity(const struct vcpu *vcpu)
{
	return options.aff0 + vcpu->index;
}

/* mem.c */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);

/* vectors.S and head.S */
uint64_t enter_guest(struct context *context);
void fp_save(struct fp *fp);
void fp_load(const struct fp *fp);
extern char secondary[];

/* main.c: where assembler comes to */
_Noreturn void cpu_main(uint64_t index);
_Noreturn void fault_at_el2(uint64_t esr, uint64_t elr, uint64_t far);

/* console.c: to QEMU's standard error */
void say(const char *format, ...);
_Noreturn void power_off(uint32_t status);
_Noreturn void die(const char *format, ...);

/* options.c and fdt.c */
void options_read(void);
void fdt_write(void);

/* mmu.c */
void mmu_init(void);
void mmu_init_cpu(void);

/* gic_phys.c: the physical GIC */
void gic_phys_init(void);
void gic_phys_init_cpu(const struct pcpu *pcpu);
/* The INTID, with its priority dropped; VIC_INTID_NONE if there is none. */
uint32_t gic_phys_ack(void);
void gic_phys_deactivate(uint32_t intid);
void gic_phys_kick(const struct pcpu *pcpu);
bool gic_phys_line(uint32_t intid);
void gic_phys_set_active(uint32_t intid, bool active);

/* vgic.c: the VM's GIC, on libvic */
void vgic_init(void);
void vgic_init_vcpu(struct vcpu *vcpu);
void vgic_load(struct vcpu *vcpu);
void vgic_put(struct vcpu *vcpu);
/* False: look again, nothing was entered. */
bool vgic_before_entry(struct pcpu *pcpu, struct vcpu *vcpu);
void vgic_after_exit(struct pcpu *pcpu, struct vcpu *vcpu, bool kicked);
bool vgic_block(struct vcpu *vcpu);

/* vcpu.c */
void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t x0);
void vcpu_load(struct pcpu *pcpu, struct vcpu *vcpu);
void vcpu_put(struct pcpu *pcpu, struct vcpu *vcpu);
_Noreturn void vcpu_run_all(struct pcpu *pcpu);

/* irq.c */
void irq_handle(struct pcpu *pcpu, uint32_t intid);
void irq_drain(struct pcpu *pcpu);

/* timer.c */
void timers_save(struct vcpu *vcpu);
void timers_load(const struct vcpu *vcpu);
bool timer_line(const struct vcpu *vcpu, uint32_t intid);
/* When a vCPU that is on no physical CPU has to be woken. */
uint64_t timers_deadline(const struct vcpu *vcpu);
void clock_init(void);
void clock_set(struct pcpu *pcpu, uint64_t next);
/* At @p next, or when it was set to before if that is earlier. */
void clock_advance(struct pcpu *pcpu, uint64_t next);
void clock_check_timeout(struct pcpu *pcpu);
uint64_t clock_seconds(uint32_t seconds);

/* sched.c */
/* The next vCPU for this CPU, loaded; waits until there is one. */
struct vcpu *sched_next(struct pcpu *pcpu);
bool sched_runs(const struct pcpu *pcpu, const struct vcpu *vcpu);
void sched_tick(struct pcpu *pcpu);
void sched_hurry(struct pcpu *pcpu);
void sched_wake(struct vcpu *vcpu);
void sched_block(struct vcpu *vcpu);
/* False if it is on. */
bool sched_on(struct vcpu *vcpu, uint64_t pc, uint64_t x0);
void sched_off(struct pcpu *pcpu, struct vcpu *vcpu);
bool sched_is_off(struct vcpu *vcpu);

/* traps.c and psci.c */
void trap_handle(struct pcpu *pcpu, struct vcpu *vcpu);
void psci_call(struct pcpu *pcpu, struct vcpu *vcpu);

/* dump.c */
void dump_stop_others(const struct pcpu *self);
void dump_stop_if_asked(struct pcpu *pcpu);
void dump_state(void);
void dump_stats(void);

#endif
