/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The state of the VM's GIC, for people who look for a lost interrupt. */
#include "el2.h"

static bool stop;

/* By the kick's handler: the vCPU is synced. */
void dump_stop_if_asked(struct pcpu *pcpu)
{
	if (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		return;
	__atomic_store_n(&pcpu->stopped, true, __ATOMIC_RELEASE);
	for (;;)
		wait_for_interrupt();
}

/* One that does not answer within a second is stuck in EL2. */
void dump_stop_others(const struct pcpu *self)
{
	uint64_t end = counter_now() + clock_seconds(1);

	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < options.pcpus; i++)
		if (&pcpus[i] != self)
			gic_phys_kick(&pcpus[i]);
	for (uint32_t i = 0; i < options.pcpus; i++) {
		if (&pcpus[i] == self)
			continue;
		while (!__atomic_load_n(&pcpus[i].stopped, __ATOMIC_ACQUIRE) &&
		       counter_now() < end)
			__asm__ volatile("yield");
		if (!pcpus[i].stopped)
			say("physical CPU %u does not answer", i);
	}
}

static void dump_interrupt(struct vcpu *vcpu, uint32_t intid)
{
	struct vic_gic_state state;
	const struct vic_gicr *gicr = intid < VIC_INTID_SPI ? vcpu->gicr : NULL;

	if (vic_gic_peek(gic, gicr, intid, &state) != VIC_OK ||
	    !(state.pending || state.active || state.level))
		return;
	if (intid >= VIC_INTID_SPI && state.home != vcpu->index)
		return;
	say("  INTID %u:%s%s%s%s%s group %u priority 0x%x", intid,
	    state.pending ? " pending" : "", state.active ? " active" : "",
	    state.level ? " high" : "", state.enabled ? "" : " disabled",
	    state.resident ? " in a list register" : "", state.group1,
	    state.priority);
}

static const char *run_state(const struct vcpu *vcpu)
{
	static const char *const names[] = {
		[VCPU_OFF] = "off",
		[VCPU_QUEUED] = "waits for a CPU",
		[VCPU_RUNNING] = "runs",
		[VCPU_BLOCKED] = "blocked",
	};

	return names[vcpu->state];
}

static void dump_vcpu(struct vcpu *vcpu)
{
	static const char *const libvic[] = {"HOST", "GUEST", "BLOCKED"};
	const struct vic_gic_lrs *lrs = &vcpu->lrs;
	struct vic_vcpu_inbox inbox;

	vic_vcpu_peek(vcpu->vic, &inbox);
	say("vCPU %u: %s, %s%s; PC 0x%lx, PSTATE 0x%lx", vcpu->index,
	    run_state(vcpu), libvic[inbox.state],
	    inbox.request_new ? ", has a request" : "", vcpu->context.pc,
	    vcpu->context.pstate);
	say("  HCR 0x%08x VMCR 0x%08x AP0R 0x%08x AP1R 0x%08x", lrs->hcr,
	    lrs->vmcr, lrs->ap0r[0], lrs->ap1r[0]);
	for (unsigned int n = 0; n < VIC_GIC_MAX_LRS; n++)
		if (lrs->used >> n & 1)
			say("  LR%u 0x%016lx", n, lrs->lr[n]);
	for (uint32_t intid = 0; intid < VIC_INTID_SPECIAL; intid++)
		dump_interrupt(vcpu, intid);
}

void dump_state(void)
{
	for (uint32_t i = 0; i < options.vcpus; i++)
		dump_vcpu(&vcpus[i]);
}

static uint64_t sum(const uint64_t *numbers, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += numbers[i];
	return total;
}

static void
dump_counters(const char *what, uint32_t index, const struct vic_counters *from)
{
	struct vic_counters c;
	const struct vic_outcomes *to = &c.vectors;

	vic_counters_read(from, &c);
	say("%s %u: IPIs sent %lu, taken %lu, EOIs %lu; made pending: "
	    "merged %lu, coalesced %lu, silent %lu, woken %lu, kicked %lu",
	    what, index, sum(&c.sent[0][0], VIC_DEST_KINDS * 8ul),
	    sum(c.acked, 8), c.eois, to->merged, to->coalesced, to->silent,
	    to->woken, to->kicked);
}

static void dump_run(const struct vcpu *vcpu)
{
	struct vic_counters c;

	vic_counters_read(vic_vcpu_counters(vcpu->vic), &c);
	say("vCPU %u: exits by interrupts %lu, by traps %lu; enters %lu, "
	    "kicks %lu (%lu spurious), blocks %lu",
	    vcpu->index, vcpu->exits_irq, vcpu->exits_sync, c.enters, c.kicks,
	    c.kicks_spurious, c.blocks);
}

void dump_stats(void)
{
	for (uint32_t i = 0; i < options.vcpus; i++) {
		dump_counters("vCPU", i, vic_vcpu_counters(vcpus[i].vic));
		dump_run(&vcpus[i]);
	}
	for (uint32_t i = 0; i < options.pcpus; i++)
		dump_counters("physical CPU", i, &pcpus[i].counters);
	for (uint32_t i = 0; i < options.vcpus * options.vcpus; i++)
		if (sgi_matrix[i])
			say("SGIs %u to %u: %lu", i / options.vcpus,
			    i % options.vcpus, sgi_matrix[i]);
}
