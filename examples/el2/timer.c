/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The vCPUs' virtual and physical timers, which count in hardware while
 * their vCPU is on a physical CPU, and EL2's own: its clock.
 */
#include "el2.h"

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u

static uint64_t timeout = NEVER;

void timers_save(struct vcpu *vcpu)
{
	vcpu->virtual_timer.ctl = sysreg_read(cntv_ctl_el0);
	vcpu->virtual_timer.cval = sysreg_read(cntv_cval_el0);
	vcpu->physical_timer.ctl = sysreg_read(cntp_ctl_el0);
	vcpu->physical_timer.cval = sysreg_read(cntp_cval_el0);
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntp_ctl_el0, 0);
	isb();
}

void timers_load(const struct vcpu *vcpu)
{
	sysreg_write(cntv_cval_el0, vcpu->virtual_timer.cval);
	sysreg_write(cntp_cval_el0, vcpu->physical_timer.cval);
	isb();
	sysreg_write(cntv_ctl_el0, vcpu->virtual_timer.ctl);
	sysreg_write(cntp_ctl_el0, vcpu->physical_timer.ctl);
	isb();
}

static bool is_armed(const struct timer *timer)
{
	return (timer->ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
}

bool timer_line(const struct vcpu *vcpu, uint32_t intid)
{
	bool is_virtual = intid == INTID_VIRTUAL_TIMER;
	struct timer timer =
		is_virtual ? vcpu->virtual_timer : vcpu->physical_timer;

	if (this_pcpu()->resident != vcpu)
		return is_armed(&timer) && counter_now() >= timer.cval;
	timer.ctl = is_virtual ? sysreg_read(cntv_ctl_el0)
			       : sysreg_read(cntp_ctl_el0);
	return is_armed(&timer) && timer.ctl & CTL_ISTATUS;
}

/* An interrupt that the guest has not dealt with yet wakes nobody again. */
static uint64_t
deadline(const struct vcpu *vcpu, const struct timer *timer, uint32_t intid)
{
	struct vic_gic_state state;

	if (!is_armed(timer) ||
	    vic_gic_peek(gic, vcpu->gicr, intid, &state) != VIC_OK ||
	    state.pending || state.active)
		return NEVER;
	return timer->cval;
}

uint64_t timers_deadline(const struct vcpu *vcpu)
{
	uint64_t v = deadline(vcpu, &vcpu->virtual_timer, INTID_VIRTUAL_TIMER);
	uint64_t p =
		deadline(vcpu, &vcpu->physical_timer, INTID_PHYSICAL_TIMER);

	return v < p ? v : p;
}

uint64_t clock_seconds(uint32_t seconds)
{
	return seconds * sysreg_read(cntfrq_el0);
}

void clock_init(void)
{
	if (options.timeout)
		timeout = counter_now() + clock_seconds(options.timeout);
}

/* The first CPU also looks after the run's time. */
void clock_set(struct pcpu *pcpu, uint64_t next)
{
	if (pcpu->index == 0 && timeout < next)
		next = timeout;
	if (next == pcpu->clock_next)
		return;
	pcpu->clock_next = next;
	sysreg_write(cnthp_cval_el2, next);
	sysreg_write(cnthp_ctl_el2, next != NEVER ? CTL_ENABLE : 0);
	isb();
}

void clock_advance(struct pcpu *pcpu, uint64_t next)
{
	if (next < pcpu->clock_next)
		clock_set(pcpu, next);
}

void clock_check_timeout(struct pcpu *pcpu)
{
	if (pcpu->index != 0 || counter_now() < timeout)
		return;
	say("the guest was not done after %u seconds", options.timeout);
	dump_stop_others(pcpu);
	dump_state();
	dump_stats();
	power_off(124);
}
