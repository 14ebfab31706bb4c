/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All short orders of load, put, block, enter and the wake-up handler, with
 * one post between any two steps, and by a device inside those that take the
 * pCPU's lock: it is never lost (VT-d 5.2.3; SDM vol. 3, 29.6).
 */

#include "fake_host.h"

/* What may come next: steps of the owner, and the handler everywhere. */
enum step {
	LOAD_0,
	LOAD_1,
	PUT,
	BLOCK,
	UNBLOCK,
	ENTER,
	EXIT,
	HANDLER,
	STEPS,
};

/* What the last steps led to. */
struct owner {
	enum vic_run_state state;
	/* -1: never loaded. */
	int pcpu;
	/* Where it sleeps. */
	int bed;
	bool put;
};

static bool allowed(const struct owner *owner, enum step step)
{
	bool host = owner->state == VIC_HOST;
	bool loaded = owner->pcpu >= 0;

	switch (step) {
	case LOAD_0:
	case LOAD_1:
		return owner->state != VIC_GUEST;
	case PUT:
		return loaded && owner->state != VIC_GUEST;
	case BLOCK:
		return loaded && host;
	case UNBLOCK:
		return owner->state == VIC_BLOCKED;
	case ENTER:
		return loaded && host && !owner->put;
	case EXIT:
		return owner->state == VIC_GUEST;
	default:
		return loaded;
	}
}

static void do_step(struct owner *owner, enum step step)
{
	switch (step) {
	case LOAD_0:
	case LOAD_1:
		owner->pcpu = step == LOAD_1;
		owner->put = false;
		vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[owner->pcpu]);
		break;
	case PUT:
		owner->put |= owner->state == VIC_HOST;
		vic_vcpu_put(fake_host_vcpu());
		break;
	case BLOCK:
		owner->bed = owner->pcpu;
		if (vic_vcpu_block(fake_host_vcpu())) {
			owner->state = VIC_BLOCKED;
			owner->put = false;
		} else {
			/* Whether it is as loaded then is left open. */
			owner->put &= (fake_host_control() & VIC_PID_SN) != 0;
		}
		break;
	case UNBLOCK:
		vic_vcpu_unblock(fake_host_vcpu());
		owner->state = VIC_HOST;
		break;
	case ENTER:
		if (vic_vcpu_enter(fake_host_vcpu()) == VIC_ENTER_GUEST)
			owner->state = VIC_GUEST;
		break;
	case EXIT:
		vic_vcpu_exit(fake_host_vcpu(), false);
		owner->state = VIC_HOST;
		break;
	default:
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device);
		vic_pcpu_wakeup(fake_host.pcpus[1], &fake_host.vm.device);
		break;
	}
	assert_int_equal(fake_host.held, 0);
	assert_int_equal(fake_inbox(&fake_host.vm.cpu[0]).state, owner->state);
}

/* The descriptor says what the owner's steps ask for. */
static void check_control(const struct owner *owner)
{
	uint64_t now = fake_host_control() & ~VIC_PID_ON;

	if (owner->pcpu < 0)
		assert_int_equal(now & (VIC_PID_NV | VIC_PID_NDST), 0);
	else if (owner->state == VIC_BLOCKED)
		assert_true(now == fake_asleep_on((uint32_t)owner->bed));
	else if (owner->put)
		assert_true(now & VIC_PID_SN);
	else
		assert_true(now == fake_running_on((uint32_t)owner->pcpu));
}

static void check_notice(int pcpu, uint8_t vector)
{
	assert_true(fake_host.notice.sent);
	assert_int_equal(fake_host.notice.vector, vector);
	assert_int_equal(fake_host.notice.ndst, FAKE_PCPU_ID((uint32_t)pcpu));
}

/* What was posted is found where it has to be, or tells somebody. */
static void check_found(struct owner *owner, bool software)
{
	if (owner->state == VIC_GUEST) {
		if (fake_host.vm.cpu[0].kicks == 0)
			check_notice(owner->pcpu, FAKE_NV);
		do_step(owner, EXIT);
	}
	if (owner->state == VIC_BLOCKED) {
		if (fake_host.vm.cpu[0].wakes == 0) {
			check_notice(owner->bed, FAKE_WAKEUP);
			do_step(owner, HANDLER);
		}
		/* A stray handler does not know whom software has woken. */
		assert_in_range(fake_host.vm.cpu[0].wakes, 1, software ? 2 : 1);
		do_step(owner, UNBLOCK);
	}
	if (!owner->put)
		assert_int_equal(vic_vcpu_enter(fake_host_vcpu()),
				 VIC_ENTER_AGAIN);
	do_step(owner, BLOCK);
	assert_int_equal(owner->state, VIC_HOST);
	check_control(owner);
	fake_harvest(&fake_host.vm.cpu[0]);
	assert_true(
		fake_bit(&fake_host.vm.cpu[0], VIC_APIC_IRR, FAKE_HOST_VECTOR));
	/* Nothing is left over. */
	do_step(owner, BLOCK);
	assert_int_equal(owner->state, VIC_BLOCKED);
	check_control(owner);
	assert_false(fake_inbox(&fake_host.vm.cpu[0]).outstanding);
	assert_int_equal(
		vic_pcpu_wakeup(fake_host.pcpus[0], &fake_host.vm.device) +
			vic_pcpu_wakeup(fake_host.pcpus[1],
					&fake_host.vm.device),
		0);
}

/* Points of a post in a step: before it, and at its locks and unlocks. */
#define POINTS 5
#define DEPTH 6

static unsigned int walks;

/* What comes between the steps. */
enum event {
	DEVICE,
	/* A post of libvic's own. */
	SOFTWARE,
	/* The owner is preempted, and a device posts after that step. */
	PREEMPTION,
	EVENTS,
};

/* False: it cannot come there. */
static bool event_between(struct owner *owner, enum event event)
{
	/* An IOMMU posts from the first load on. */
	if (event != SOFTWARE && owner->pcpu < 0)
		return false;
	if (event == DEVICE) {
		fake_host_device_posts();
	} else if (event == SOFTWARE) {
		vic_vcpu_post(fake_host_vcpu(), &fake_host.vm.device,
			      FAKE_HOST_VECTOR, false);
	} else {
		if (owner->state == VIC_GUEST)
			return false;
		fake_host_preempt();
	}
	return true;
}

/* Run @steps with @event at point @at % POINTS of step @at / POINTS. */
static void walk(const enum step *steps, unsigned int count, unsigned int at,
		 enum event event)
{
	struct owner owner = {.state = VIC_HOST, .pcpu = -1};

	fake_host_make(1);
	for (unsigned int i = 0; i < count; i++) {
		bool here = i == at / POINTS;
		unsigned int point = here ? at % POINTS : 0;

		/* A refusal has led elsewhere. */
		if (!allowed(&owner, steps[i]))
			return;
		if (here && !point && !event_between(&owner, event))
			return;
		if (event == DEVICE)
			fake_host.post_at = point;
		else
			fake_host.preempt_at = point;
		if (here && !point && event == PREEMPTION) {
			owner.pcpu = 1;
			owner.put = false;
			if (!allowed(&owner, steps[i]))
				return;
		}
		do_step(&owner, steps[i]);
		/* It has no such point. */
		if (fake_host.post_at || fake_host.preempt_at)
			return;
		if (point && event == PREEMPTION) {
			owner.pcpu = 1;
			owner.put = false;
		}
		if (owner.pcpu < 0 && event != SOFTWARE && here)
			return;
		check_control(&owner);
		if (here && event == PREEMPTION)
			fake_host_device_posts();
	}
	if (owner.pcpu < 0)
		return;
	walks++;
	check_found(&owner, event == SOFTWARE);
}

static void all_walks(enum step *steps, unsigned int count)
{
	for (unsigned int at = 0; at < POINTS * count; at++)
		for (int event = 0; event < EVENTS; event++)
			if (event != SOFTWARE || at % POINTS == 0)
				walk(steps, count, at, (enum event)event);
	if (count == DEPTH)
		return;
	for (int step = 0; step < STEPS; step++) {
		struct owner owner = {.state = VIC_HOST, .pcpu = -1};

		fake_host_make(1);
		steps[count] = (enum step)step;
		for (unsigned int i = 0; i < count; i++)
			do_step(&owner, steps[i]);
		if (allowed(&owner, steps[count]))
			all_walks(steps, count + 1);
	}
}

/* APIC-69, APIC-70, APIC-71 */
static void apic_70_a_post_between_any_two_steps(void **state)
{
	enum step steps[DEPTH];

	(void)state;
	walks = 0;
	all_walks(steps, 0);
	assert_true(walks > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apic_70_a_post_between_any_two_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
