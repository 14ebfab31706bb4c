/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Posting to a vCPU that is preempted, migrates or sleeps: SDM vol. 3,
 * 29.6; VT-d 5.2. The orders are told in pcpu.h.
 */
#include "ipi/pcpu.h"
#include "ipi/inbox.h"

/* How many vCPUs are taken off a list before they are woken. */
#define WAKEUP_BATCH 16

_Static_assert(sizeof(struct vic_pcpu) <= VIC_PCPU_SIZE, "published bound");

size_t vic_pcpu_size(void)
{
	return sizeof(struct vic_pcpu);
}

static int config_check(const struct vic_pcpu_config *config)
{
	const struct vic_vcpu_ops *ops;
	bool xapic;

	if (!abi_known(config, config->size, sizeof(*config), sizeof(*config)))
		return VIC_ERR_ABI;
	if (config->flags & ~(uint32_t)VIC_PCPU_XAPIC)
		return VIC_ERR_ABI;
	ops = config->ops;
	if (ops && (!abi_known(ops, ops->size, sizeof(*ops), sizeof(*ops)) ||
		    ops->flags))
		return VIC_ERR_ABI;
	xapic = config->flags & VIC_PCPU_XAPIC;
	if (!ops || !ops->lock != !ops->unlock ||
	    config->notify_vector < VIC_VECTOR_MIN ||
	    config->wakeup_vector < VIC_VECTOR_MIN ||
	    config->notify_vector == config->wakeup_vector ||
	    config->id >= (xapic ? 0xff : UINT32_MAX))
		return VIC_ERR_INVAL;
	return VIC_OK;
}

int vic_pcpu_init(void *storage, size_t size,
		  const struct vic_pcpu_config *config, struct vic_pcpu **pcpu)
{
	struct vic_pcpu *p = storage;
	uint64_t dest;
	int err;

	if (!config || !pcpu)
		return VIC_ERR_INVAL;
	err = config_check(config);
	if (err)
		return err;
	if (!p || size < sizeof(*p) || !aligned(p, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	dest = (uint64_t)config->id
	       << (config->flags & VIC_PCPU_XAPIC ? VIC_PID_NDST_XAPIC_SHIFT
						  : VIC_PID_NDST_SHIFT);
	memset(p, 0, sizeof(*p));
	lock_init(&p->lock, config->ops);
	p->loaded = dest | (uint64_t)config->notify_vector << VIC_PID_NV_SHIFT;
	p->asleep = dest | (uint64_t)config->wakeup_vector << VIC_PID_NV_SHIFT;
	*pcpu = p;
	return VIC_OK;
}

/* L2: a device that saw SN left ON clear. */
static void look_at_pir(struct vic_pid *pid)
{
	if (load_seq(&pid->pir[0]) | load_seq(&pid->pir[1]) |
	    load_seq(&pid->pir[2]) | load_seq(&pid->pir[3]))
		test_and_set(&pid->control, PID_ON_BIT);
}

/*
 * NV and NDST as for a vCPU that is loaded, or asleep; SN clear, ON as it
 * is. Where to is looked up after the old value: a hook that loads the vCPU
 * elsewhere in between makes the exchange fail.
 */
static void redirect(struct vic_vcpu *vcpu, bool asleep)
{
	struct vic_pid *pid = &vcpu->pid;
	uint64_t old = load_acquire(&pid->control), to;

	/* L1; a retry also each time that a device changes ON meanwhile. */
	do
		to = asleep ? vcpu->bed->asleep : vcpu->pcpu->loaded;
	while (!compare_exchange(&pid->control, &old, (old & VIC_PID_ON) | to));
	if (UNLIKELY(old & VIC_PID_SN) && !(old & VIC_PID_ON))
		look_at_pir(pid);
}

void vic_vcpu_load(struct vic_vcpu *vcpu, struct vic_pcpu *pcpu)
{
	vcpu->pcpu = pcpu;
	/* Devices have to wake one that sleeps; see pcpu_unlist(). */
	if (load32_relaxed(&vcpu->state) != VIC_BLOCKED)
		redirect(vcpu, false);
}

void vic_vcpu_put(struct vic_vcpu *vcpu)
{
	if (load32_relaxed(&vcpu->state) != VIC_BLOCKED)
		test_and_set(&vcpu->pid.control, PID_SN_BIT);
}

void pcpu_list(struct vic_vcpu *vcpu)
{
	struct vic_pcpu *pcpu = vcpu->pcpu;

	vcpu->bed = pcpu;
	lock_take(&pcpu->lock);
	vcpu->prev = NULL;
	vcpu->next = pcpu->first;
	if (pcpu->first)
		pcpu->first->prev = vcpu;
	pcpu->first = vcpu;
	store32_relaxed(&vcpu->listed, 1);
	lock_drop(&pcpu->lock);
	redirect(vcpu, true);
}

/* Under the lock. */
static void unlink_vcpu(struct vic_pcpu *pcpu, struct vic_vcpu *vcpu)
{
	if (vcpu->prev)
		vcpu->prev->next = vcpu->next;
	else
		pcpu->first = vcpu->next;
	if (vcpu->next)
		vcpu->next->prev = vcpu->prev;
	store32_relaxed(&vcpu->listed, 0);
}

void pcpu_unlist(struct vic_vcpu *vcpu)
{
	struct vic_pcpu *pcpu = vcpu->bed;

	vcpu->bed = NULL;
	if (pcpu) {
		lock_take(&pcpu->lock);
		if (vcpu->listed)
			unlink_vcpu(pcpu, vcpu);
		lock_drop(&pcpu->lock);
	}
	redirect(vcpu, false);
}

/* Up to WAKEUP_BATCH that have something outstanding come off the list. */
static uint32_t take_batch(struct vic_pcpu *pcpu, struct vic_vcpu **batch)
{
	struct vic_vcpu *vcpu, *next;
	uint32_t n = 0;

	lock_take(&pcpu->lock);
	for (vcpu = pcpu->first; vcpu && n < WAKEUP_BATCH; vcpu = next) {
		next = vcpu->next;
		if (!(load_seq(&vcpu->pid.control) & VIC_PID_ON))
			continue;
		unlink_vcpu(pcpu, vcpu);
		batch[n++] = vcpu;
	}
	lock_drop(&pcpu->lock);
	return n;
}

uint32_t vic_pcpu_wakeup(struct vic_pcpu *pcpu, struct vic_counters *counters)
{
	struct vic_vcpu *batch[WAKEUP_BATCH];
	uint32_t n, woken = 0;

	do {
		n = take_batch(pcpu, batch);
		for (uint32_t i = 0; i < n; i++)
			batch[i]->ops->wake(batch[i]->opaque);
		woken += n;
	} while (n == WAKEUP_BATCH);
	counter_add(&counters->wakeups, woken);
	return woken;
}

struct vic_pid *vic_vcpu_pid(struct vic_vcpu *vcpu)
{
	return &vcpu->pid;
}

enum vic_post
vic_pid_post(struct vic_pid *pid, uint8_t vector, uint64_t *notify)
{
	const uint64_t told = VIC_PID_SN | VIC_PID_ON;
	uint64_t control, next;

	if (UNLIKELY(vector < VIC_VECTOR_MIN)) {
		*notify = 0;
		return VIC_POST_REFUSED;
	}
	/* D1 */
	if (UNLIKELY(test_and_set(&pid->pir[vector / 64], vector % 64))) {
		*notify = 0;
		return VIC_POST_MERGED;
	}
	control = load_relaxed(&pid->control);
	/*
	 * D2; a retry for each change by the owner or another poster. Like
	 * P3 it is an exchange also where nothing changes.
	 */
	do
		next = control & VIC_PID_SN ? control : control | VIC_PID_ON;
	while (!compare_exchange(&pid->control, &control, next));
	if (LIKELY(!(control & told))) {
		*notify = control;
		return VIC_POST_NOTIFIED;
	}
	*notify = 0;
	return control & VIC_PID_SN ? VIC_POST_SILENT : VIC_POST_COALESCED;
}
