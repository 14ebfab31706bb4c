/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* CPUs that go off and come back, and their interrupts. DEN 0022 5. */

#include "gic.h"

#define AFFINITY_ON 0
#define AFFINITY_OFF 1
#define INVALID_PARAMETERS (-2)
#define ALREADY_ON (-4)
#define ABSENT_MPIDR 0x7f7f7fu

static void off(struct cpu *me, void *arg)
{
	(void)arg;
	irq_off();
	write_icc_igrpen1_el1(0);
	write_icc_igrpen0_el1(0);
	/* In every other round as a firmware does it: quiesced. */
	if (me->starts % 2) {
		uint64_t waker = me->gicr + GICR_WAKER;

		write32(waker, read32(waker) | GICR_WAKER_SLEEP);
		while (!(read32(waker) & GICR_WAKER_ASLEEP))
			yield();
	}
	psci_cpu_off();
}

static void await_off(struct cpu *cpu)
{
	uint64_t start = now();

	while (psci_affinity_info(cpu) != AFFINITY_OFF) {
		if (out_of_patience(start)) {
			fail("cpu %u does not go off", cpu->id);
			return;
		}
		yield();
	}
}

static void turn_off(struct cpu *cpu)
{
	run_begin(cpu, off, NULL);
	await_off(cpu);
}

void check_psci_off_on(void)
{
	for (uint32_t i = 1; i < nr_cpus && !failed(); i++) {
		for (uint32_t n = 1; n <= 4; n++) {
			turn_off(&cpus[i]);
			cpu_start(&cpus[i]);
			sgi_send(&cpus[i], 1);
			if (!reached(&cpus[i].count[1], n))
				fail("cpu %u takes no SGI after start %u", i,
				     n);
		}
	}
	settle();
	for (uint32_t i = 1; i < nr_cpus; i++)
		expect("interrupts taken", cpus[i].logged, 4);
}

/* It waits in the Redistributor. */
void check_psci_off_sgi(void)
{
	struct cpu *cpu = &cpus[nr_cpus - 1];

	for (uint32_t n = 1; n <= 2 && !failed(); n++) {
		turn_off(cpu);
		sgi_send(cpu, 1);
		sgi_send(cpu, 1);
		sgi_send_others(2);
		delay(2000);
		expect("taken while off", LOAD(cpu->logged), 2 * n - 2);
		expect("GICR_ISPENDR0 while off",
		       read32(cpu->gicr + GICR_SGI_BASE + ISPENDR) & 0xffff,
		       1 << 1 | 1 << 2);
		cpu_start(cpu);
		if (!reached(&cpu->logged, 2 * n))
			fail("cpu %u took %u of what came while it was off",
			     cpu->id, LOAD(cpu->logged));
	}
	settle();
	expect("interrupts taken", cpu->logged, 4);
	for (uint32_t i = 1; i + 1 < nr_cpus; i++)
		expect("interrupts taken by others", cpus[i].logged, 2);
}

/* As an operating system does: its SPIs go elsewhere first. */
static void hand_over_and_off(struct cpu *me, void *arg)
{
	irq_off();
	gic_pend(me, SPI_FREE);
	gic_pend(me, SPI_FREE + 1);
	gic_route(SPI_FREE, affinity_of(&cpus[0]));
	gic_route(SPI_FREE + 1, affinity_of(&cpus[0]));
	off(me, arg);
}

void check_psci_off_spi(void)
{
	struct cpu *me = this_cpu(), *cpu = &cpus[nr_cpus - 1];

	gic_spi(cpu, SPI_FREE, PRIORITY_USUAL);
	gic_spi(cpu, SPI_FREE + 1, 0x40);
	run_begin(cpu, hand_over_and_off, NULL);
	if (!reached(&me->logged, 2))
		fail("%u of 2 SPIs are taken here", me->logged);
	await_off(cpu);
	gic_pend(NULL, SPI_FREE);
	if (!reached(&me->logged, 3))
		fail("the SPI is not taken here while the other CPU is off");
	/* And back: it waits for the CPU. */
	gic_route(SPI_FREE, affinity_of(cpu));
	gic_pend(NULL, SPI_FREE);
	delay(2000);
	expect("ISPENDR while off", gic_get(NULL, ISPENDR, SPI_FREE), 1);
	cpu_start(cpu);
	if (!reached(&cpu->count[SPI_FREE], 1))
		fail("the SPI is not taken when its CPU is back");
	settle();
	expect("taken here", me->logged, 3);
	expect("taken there", cpu->logged, 1);
}

void check_psci_busy(void)
{
	struct cpu *me = this_cpu();

	for (uint32_t i = 0; i < nr_cpus; i++) {
		expect("AFFINITY_INFO", (uint64_t)psci_affinity_info(&cpus[i]),
		       AFFINITY_ON);
		expect("CPU_ON of a running CPU",
		       (uint64_t)psci_cpu_on(affinity_of(&cpus[i]), &cpus[i]),
		       (uint64_t)ALREADY_ON);
	}
	expect("CPU_ON of no CPU", (uint64_t)psci_cpu_on(ABSENT_MPIDR, me),
	       (uint64_t)INVALID_PARAMETERS);
}
