/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether a run was exact: every message was seen, and for each domain
 *
 *     newly pending = delivered + folded + discarded + still pending
 *
 * where the left side is what all posts said, of the library and of devices,
 * and what the processors sent to themselves.
 */
#include <inttypes.h>

#include "xen.h"

uint64_t check_progress(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < run.options->domains; i++)
		for (uint32_t j = 0; j < run.options->vcpus; j++) {
			struct guest *g = &run.domains[i].vcpus[j].guest;

			sum += atomic_load_explicit(&g->taken,
						    memory_order_relaxed);
			sum += atomic_load_explicit(&g->loops,
						    memory_order_relaxed);
		}
	return sum;
}

static bool is_resting(struct vcpu *v)
{
	return atomic_load(&v->guest.halted) &&
	       atomic_load(&v->guest.resting) && !vcpu_posted(v);
}

static uint32_t unseen(const struct guest_memory *memory)
{
	size_t count = (size_t)KINDS * memory->senders * memory->cpus;
	uint32_t missing = 0;

	for (size_t i = 0; i < count; i++)
		missing += atomic_load(&memory->messages[i].number) >> 1 !=
			   atomic_load(&memory->messages[i].seen);
	return missing;
}

static uint32_t busy_lines(const struct domain *d)
{
	uint32_t busy = 0;

	for (uint32_t i = 0; i < d->nr_devices; i++)
		busy += atomic_load(&d->memory->lines[i]) != 0;
	return busy;
}

bool check_quiet(void)
{
	for (uint32_t i = 0; i < run.options->domains; i++) {
		struct domain *d = &run.domains[i];

		for (uint32_t j = 0; j < run.options->vcpus; j++)
			if (!is_resting(&d->vcpus[j]))
				return false;
		if (unseen(d->memory) || busy_lines(d))
			return false;
	}
	return true;
}

/* Both sides, as far as libvic's counters have them. */
static void
add(struct ledger *ledger, const struct vic_counters *counters, bool of_vcpu)
{
	const struct vic_outcomes *v = &counters->vectors;

	ledger->posted +=
		v->coalesced + v->silent + v->woken + v->kicked + v->notified;
	ledger->folded += counters->folded;
	ledger->discarded += counters->discarded;
	if (of_vcpu)
		ledger->acked += counters->acked[VIC_MODE_FIXED] +
				 counters->acked[VIC_MODE_LOWEST];
}

void check_ledger(const struct domain *d, struct ledger *ledger)
{
	*ledger = (struct ledger){0};
	for (uint32_t i = 0; i < run.options->vcpus; i++) {
		const struct vcpu *v = &d->vcpus[i];
		const struct vtx_stats *stats = &v->vmcs.stats;

		add(ledger, vic_vcpu_counters(v->vic), true);
		add(ledger, &v->counters, false);
		ledger->hw_posted +=
			vtx_sum(stats->self_ipis) - vtx_sum(stats->self_folds);
		ledger->hw_folded += vtx_sum(stats->folds);
		ledger->hw_delivered += vtx_sum(stats->delivered);
		ledger->injected += vtx_sum(stats->injected);
		ledger->taken += atomic_load(&v->guest.taken);
		ledger->pending += vcpu_pending(v);
	}
	for (uint32_t i = 0; i < d->nr_devices; i++) {
		add(ledger, &d->devices[i].counters, false);
		ledger->hw_posted += d->devices[i].posted;
	}
}

static bool is_exact(const struct domain *d)
{
	struct ledger l;
	uint64_t newly, known;
	bool balances;

	check_ledger(d, &l);
	newly = l.posted + l.hw_posted;
	known = l.injected + l.hw_delivered + l.folded + l.hw_folded +
		l.discarded + l.pending;
	balances = newly == known && l.injected == l.acked &&
		   l.taken == l.injected + l.hw_delivered;
	if (balances && !unseen(d->memory))
		return true;
	fprintf(stderr,
		"vic-xen: domain %" PRIu32 ": %" PRIu32
		" messages unseen; newly pending: %" PRIu64
		" by the library, %" PRIu64 " by hardware; %" PRIu64
		" delivered, %" PRIu64 " injected (%" PRIu64
		" acknowledged), %" PRIu64 " taken by the guest, %" PRIu64
		" + %" PRIu64 " folded, %" PRIu64 " discarded, %" PRIu64
		" pending: off by %" PRId64 "\n",
		d->id, unseen(d->memory), l.posted, l.hw_posted, l.hw_delivered,
		l.injected, l.acked, l.taken, l.folded, l.hw_folded,
		l.discarded, l.pending, (int64_t)(newly - known));
	return false;
}

bool check_exact(void)
{
	bool all = true;

	for (uint32_t i = 0; i < run.options->domains; i++)
		all &= is_exact(&run.domains[i]);
	return all;
}
