/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the runs did, side by side. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/report.h"
#include "xen.h"

/* The run in one mode. */
struct kept {
	const struct mode *mode;
	uint64_t ns;
	/* Taken by guests; ICR and SELF IPI writes and MSIs. */
	uint64_t interrupts, sends;
	uint64_t entries, exits, fast;
	uint64_t by_reason[VTX_EXIT_REASONS];
	uint64_t notified, kicked, woken, held, wakeups;
	uint64_t processed;
	uint64_t scheduled, migrations, idles;
	struct report report;
};

static struct kept kept[8];
static unsigned int nr_kept;

struct row {
	const char *name;
	/* Of struct kept. */
	size_t offset;
};

#define ROW(text, member)                           \
	{                                           \
		text, offsetof(struct kept, member) \
	}

/* Each divided by the interrupts. */
static const struct row per_interrupt[] = {
	ROW("VM exits", exits),
	ROW("  ICR writes that stay in GUEST", fast),
	ROW("notifications sent", notified),
	ROW("notifications processed", processed),
	ROW("kicks", kicked),
	ROW("wakes", woken),
	ROW("wakes by the wake-up vector", wakeups),
	ROW("held, for their trigger mode", held),
	ROW("times scheduled", scheduled),
	ROW("migrations", migrations),
	ROW("times that a pCPU went idle", idles),
};

static const struct {
	enum vtx_exit_reason reason;
	const char *name;
} reasons[] = {
	{VTX_EXIT_EXTERNAL_INTERRUPT, "external interrupt"},
	{VTX_EXIT_INTERRUPT_WINDOW, "interrupt window"},
	{VTX_EXIT_HLT, "HLT"},
	{VTX_EXIT_VMCALL, "VMCALL"},
	{VTX_EXIT_RDMSR, "RDMSR"},
	{VTX_EXIT_WRMSR, "WRMSR"},
	{VTX_EXIT_TPR_BELOW_THRESHOLD, "TPR below threshold"},
	{VTX_EXIT_APIC_ACCESS, "APIC access"},
	{VTX_EXIT_VIRTUALIZED_EOI, "virtualized EOI"},
	{VTX_EXIT_APIC_WRITE, "APIC write"},
};

static const uint32_t percentiles[] = {50, 90, 99, 100};

static uint32_t all_vcpus(void)
{
	return run.options->domains * run.options->vcpus;
}

static struct vcpu *nth_vcpu(uint32_t n)
{
	return &run.domains[n / run.options->vcpus]
			.vcpus[n % run.options->vcpus];
}

static void keep_outcomes(struct kept *k, const struct vic_counters *c)
{
	k->notified += c->vectors.notified + c->requests.notified;
	k->kicked += c->vectors.kicked + c->requests.kicked;
	k->woken += c->vectors.woken + c->requests.woken;
	k->held += c->held;
	k->wakeups += c->wakeups;
	k->sends += c->msi;
	for (int kind = 0; kind < VIC_DEST_KINDS; kind++)
		for (int mode = 0; mode < 8; mode++)
			k->sends += c->sent[kind][mode];
}

static void keep_vcpu(struct kept *k, const struct vcpu *v)
{
	const struct vtx_stats *stats = &v->vmcs.stats;

	k->interrupts += atomic_load(&v->guest.taken);
	k->entries += stats->entries;
	for (int i = 0; i < VTX_EXIT_REASONS; i++) {
		k->by_reason[i] += stats->exits[i];
		k->exits += stats->exits[i];
	}
	k->sends += vtx_sum(stats->self_ipis);
	k->fast += v->fast_icrs;
	k->processed += stats->notifications;
	k->scheduled += v->scheduled;
	k->migrations += v->migrations;
}

/* The report reads these after the run's objects are gone. */
static void keep_counters(struct kept *k)
{
	uint32_t n = all_vcpus();
	size_t most = 2 * (size_t)n + run.options->pcpus +
		      (size_t)run.options->domains * MAX_DEVICES;
	struct vic_counters *copies =
		allocate(VIC_CACHE_LINE, most * sizeof(*copies));
	const struct vic_counters **list =
		allocate(VIC_CACHE_LINE, most * sizeof(*list));
	size_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		copies[count++] = *vic_vcpu_counters(nth_vcpu(i)->vic);
		copies[count++] = nth_vcpu(i)->counters;
	}
	for (uint32_t i = 0; i < run.options->pcpus; i++) {
		copies[count++] = run.pcpus[i].counters;
		k->idles += run.pcpus[i].idles;
	}
	for (uint32_t i = 0; i < run.options->domains; i++)
		for (uint32_t j = 0; j < run.domains[i].nr_devices; j++)
			copies[count++] = run.domains[i].devices[j].counters;
	for (size_t i = 0; i < count; i++) {
		list[i] = &copies[i];
		keep_outcomes(k, &copies[i]);
	}
	k->report.counters = list;
	k->report.nr_counters = count;
}

/* One table for all domains, which know nothing of each other. */
static void keep_matrix(struct kept *k)
{
	uint32_t n = all_vcpus(), m = run.options->vcpus;
	uint64_t *matrix = allocate(VIC_CACHE_LINE, sizeof(*matrix) * n * n);

	for (uint32_t i = 0; i < n; i++)
		memcpy(&matrix[(size_t)i * n + i / m * m],
		       &run.domains[i / m].matrix[i % m * m],
		       m * sizeof(*matrix));
	k->report.matrix = matrix;
	k->report.nr_vcpus = n;
}

static void keep_latency(struct kept *k)
{
	uint32_t n = all_vcpus();

	k->report.latency = allocate(VIC_CACHE_LINE,
				     sizeof(uint64_t) * LATENCY_SAMPLES * n);
	k->report.latency_of =
		"from a message to its handler, of a modelled processor";
	for (uint32_t i = 0; i < n; i++) {
		const struct guest *g = &nth_vcpu(i)->guest;
		size_t count = LATENCY_SAMPLES;

		if (g->nr_latency < count)
			count = (size_t)g->nr_latency;
		memcpy(k->report.latency + k->report.nr_latency, g->latency,
		       count * sizeof(uint64_t));
		k->report.nr_latency += count;
	}
}

void stats_keep(void)
{
	struct kept *k = &kept[nr_kept++];

	k->mode = run.mode;
	k->ns = run.ns;
	for (uint32_t i = 0; i < all_vcpus(); i++)
		keep_vcpu(k, nth_vcpu(i));
	keep_counters(k);
	keep_matrix(k);
	keep_latency(k);
	for (uint32_t i = 0; i < run.options->domains; i++) {
		struct ledger ledger;

		check_ledger(&run.domains[i], &ledger);
		k->report.pending += ledger.pending;
		k->report.hardware.posted += ledger.hw_posted;
		k->report.hardware.folded += ledger.hw_folded;
		k->report.hardware.delivered += ledger.hw_delivered;
	}
}

static void head(const char *name)
{
	printf("%-34s", name);
}

static void print_ratio(const char *name, size_t offset)
{
	head(name);
	for (unsigned int i = 0; i < nr_kept; i++) {
		uint64_t value =
			*(const uint64_t *)((const char *)&kept[i] + offset);

		if (kept[i].interrupts)
			printf(" %14.3f",
			       (double)value / (double)kept[i].interrupts);
		else
			printf(" %14s", "-");
	}
	putchar('\n');
}

static void print_counts(void)
{
	head("interrupts taken");
	for (unsigned int i = 0; i < nr_kept; i++)
		printf(" %14" PRIu64, kept[i].interrupts);
	head("\nmessages sent");
	putchar(' ');
	for (unsigned int i = 0; i < nr_kept; i++)
		printf(" %14" PRIu64, kept[i].sends);
	head("\nVM entries");
	putchar(' ');
	for (unsigned int i = 0; i < nr_kept; i++)
		printf(" %14" PRIu64, kept[i].entries);
	putchar('\n');
}

static void print_reasons(void)
{
	for (size_t r = 0; r < sizeof(reasons) / sizeof(reasons[0]); r++) {
		char name[40];
		uint64_t any = 0;

		for (unsigned int i = 0; i < nr_kept; i++)
			any |= kept[i].by_reason[reasons[r].reason];
		if (!any)
			continue;
		snprintf(name, sizeof(name), "  %s", reasons[r].name);
		print_ratio(name, offsetof(struct kept, by_reason) +
					  sizeof(uint64_t) *
						  (size_t)reasons[r].reason);
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_latency(void)
{
	puts("From a message to its handler, in ns of this host; the\n"
	     "processor is a model, so compare the columns with each other\n"
	     "and with nothing else.");
	for (unsigned int i = 0; i < nr_kept; i++)
		qsort(kept[i].report.latency, kept[i].report.nr_latency,
		      sizeof(uint64_t), by_value);
	for (size_t p = 0; p < sizeof(percentiles) / sizeof(uint32_t); p++) {
		printf("  %3" PRIu32 " %%%27s", percentiles[p], "");
		for (unsigned int i = 0; i < nr_kept; i++) {
			size_t n = kept[i].report.nr_latency;
			size_t rank = (n * percentiles[p] + 99) / 100;

			printf(" %14" PRIu64,
			       n ? kept[i].report.latency[rank - 1] : 0);
		}
		putchar('\n');
	}
}

void stats_print(void)
{
	printf("%s: %s\n", run.options->workload->name,
	       run.options->workload->what);
	head("");
	for (unsigned int i = 0; i < nr_kept; i++)
		printf(" %14s", kept[i].mode->name);
	putchar('\n');
	print_counts();
	puts("For each interrupt");
	for (size_t i = 0; i < sizeof(per_interrupt) / sizeof(struct row);
	     i++) {
		print_ratio(per_interrupt[i].name, per_interrupt[i].offset);
		if (i == 0)
			print_reasons();
	}
	print_latency();
	for (unsigned int i = 0; i < nr_kept; i++) {
		printf("\n%s\n", kept[i].mode->name);
		report_print(stdout, &kept[i].report);
	}
}
