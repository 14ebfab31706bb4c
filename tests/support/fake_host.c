/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "fake_host.h"

#include <string.h>

/* What take() returned last, less one. */
#define FLAGS UINT64_C(0x1122334455667788)

struct fake_host fake_host;
static unsigned int locks;

struct vic_vcpu *fake_host_vcpu(void)
{
	return fake_host.vm.cpu[0].vcpu;
}

uint64_t fake_host_control(void)
{
	return vic_vcpu_pid(fake_host_vcpu())->control;
}

void fake_host_device_posts(void)
{
	struct fake_notice now =
		fake_device_post(fake_host_vcpu(), FAKE_HOST_VECTOR);

	/* If not, one was on the way already. */
	if (now.sent)
		fake_host.notice = now;
}

void fake_host_preempt(void)
{
	vic_vcpu_put(fake_host_vcpu());
	vic_vcpu_load(fake_host_vcpu(), fake_host.pcpus[1]);
}

/* With the lock free: nobody is preempted under it. */
static void preempt_point(void)
{
	if (fake_host.preempt_at && --fake_host.preempt_at == 0)
		fake_host_preempt();
}

static void lock_point(void)
{
	if (fake_host.post_at && --fake_host.post_at == 0)
		fake_host_device_posts();
}

static uint64_t take(uint32_t *word)
{
	assert_int_equal(*word, 0);
	preempt_point();
	*word = 1;
	fake_host.held++;
	locks++;
	lock_point();
	return FLAGS + locks;
}

static void drop(uint32_t *word, uint64_t flags)
{
	assert_true(flags == FLAGS + locks);
	assert_int_equal(*word, 1);
	lock_point();
	*word = 0;
	fake_host.held--;
	preempt_point();
}

static void wake(void *opaque)
{
	assert_int_equal(fake_host.held, 0);
	((struct fake_vcpu *)opaque)->wakes++;
}

static void kick(void *opaque)
{
	assert_int_equal(fake_host.held, 0);
	((struct fake_vcpu *)opaque)->kicks++;
}

const struct vic_vcpu_ops fake_host_ops = {
	.size = sizeof(fake_host_ops),
	.wake = wake,
	.kick = kick,
	.lock = take,
	.unlock = drop,
};

void fake_host_make(uint32_t vcpus)
{
	struct fake_spec spec = {
		.vcpus = vcpus,
		.lapic_flags = VIC_LAPIC_X2APIC,
		.ops = &fake_host_ops,
	};

	fake_reset(NULL);
	memset(&fake_host, 0, sizeof(fake_host));
	fake_vm_make(&fake_host.vm, &spec);
	fake_host.pcpus[0] = fake_pcpu(0, 0, &fake_host_ops);
	fake_host.pcpus[1] = fake_pcpu(1, 0, &fake_host_ops);
}

uint64_t fake_running_on(uint32_t n)
{
	return fake_control(FAKE_NV, FAKE_PCPU_ID(n), false);
}

uint64_t fake_asleep_on(uint32_t n)
{
	return fake_control(FAKE_WAKEUP, FAKE_PCPU_ID(n), false);
}
