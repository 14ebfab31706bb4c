/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include <inttypes.h>
#include <stdlib.h>

#include "report.h"

/* Columns of the matrix that fit on a page. */
#define MATRIX_COLUMNS 8

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The kinds and delivery modes that x86 has, in the order of the tables. */
static const struct {
	enum vic_dest_kind kind;
	const char *name;
} kinds[] = {
	{VIC_DEST_PHYSICAL, "physical"}, {VIC_DEST_LOGICAL, "logical"},
	{VIC_DEST_SELF, "self"},         {VIC_DEST_ALL, "all"},
	{VIC_DEST_OTHERS, "others"},
};

static const struct {
	enum vic_delivery_mode mode;
	const char *name;
} modes[] = {
	{VIC_MODE_FIXED, "fixed"}, {VIC_MODE_LOWEST, "lowest"},
	{VIC_MODE_SMI, "smi"},     {VIC_MODE_NMI, "nmi"},
	{VIC_MODE_INIT, "init"},   {VIC_MODE_SIPI, "sipi"},
};

static const struct {
	uint32_t share;
	const char *name;
} percentiles[] = {{50, "p50"}, {90, "p90"}, {99, "p99"}, {100, "max"}};

/* Plain counters: the name, and where it is. */
#define COUNTER(name)                                      \
	{                                                  \
#name, offsetof(struct vic_counters, name) \
	}
static const struct {
	const char *name;
	size_t offset;
} plain[] = {
	COUNTER(msi),
	COUNTER(vectors.merged),
	COUNTER(vectors.coalesced),
	COUNTER(vectors.silent),
	COUNTER(vectors.woken),
	COUNTER(vectors.kicked),
	COUNTER(vectors.notified),
	COUNTER(requests.merged),
	COUNTER(requests.coalesced),
	COUNTER(requests.silent),
	COUNTER(requests.woken),
	COUNTER(requests.kicked),
	COUNTER(refused),
	COUNTER(unmatched),
	COUNTER(invalid),
	COUNTER(enters),
	COUNTER(enter_refusals),
	COUNTER(exits),
	COUNTER(kicks),
	COUNTER(kicks_spurious),
	COUNTER(blocks),
	COUNTER(block_refusals),
	COUNTER(wakes_spurious),
	COUNTER(discarded),
	COUNTER(folded),
	COUNTER(eois),
	COUNTER(held),
	COUNTER(wakeups),
};

/* struct vic_counters is uint64_t throughout. */
static struct vic_counters sum(const struct report *report)
{
	struct vic_counters total = {0};
	uint64_t *to = (uint64_t *)&total;

	for (size_t i = 0; i < report->nr_counters; i++) {
		const uint64_t *from = (const uint64_t *)report->counters[i];

		for (size_t j = 0; j < sizeof(total) / sizeof(*to); j++)
			to[j] += from[j];
	}
	return total;
}

static uint64_t new_at_targets(const struct vic_outcomes *outcomes)
{
	return outcomes->coalesced + outcomes->silent + outcomes->woken +
	       outcomes->kicked + outcomes->notified;
}

static uint64_t
newly_pending(const struct report *report, const struct vic_counters *total)
{
	return new_at_targets(&total->vectors) + report->hardware.posted;
}

/* Vectors that guests were given. */
static uint64_t
delivered(const struct report *report, const struct vic_counters *total)
{
	return total->acked[VIC_MODE_FIXED] + total->acked[VIC_MODE_LOWEST] +
	       report->hardware.delivered;
}

static uint64_t
folded(const struct report *report, const struct vic_counters *total)
{
	return total->folded + report->hardware.folded;
}

int64_t report_balance(const struct report *report)
{
	struct vic_counters total = sum(report);

	return (int64_t)(newly_pending(report, &total) -
			 delivered(report, &total) - folded(report, &total) -
			 total.discarded - report->pending);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sort_latency(struct report *report)
{
	if (report->nr_latency)
		qsort(report->latency, report->nr_latency,
		      sizeof(*report->latency), by_value);
}

/* The smallest sample that @share percent of all do not exceed. */
static uint64_t percentile(const struct report *report, uint32_t share)
{
	size_t rank = (report->nr_latency * share + 99) / 100;

	return rank ? report->latency[rank - 1] : 0;
}

static void
stat(FILE *out, const char *prefix, const char *name, uint64_t value)
{
	fprintf(out, "stat %s%s %" PRIu64 "\n", prefix, name, value);
}

static void stats_sent(FILE *out, const struct vic_counters *total)
{
	uint64_t all = 0;

	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (size_t m = 0; m < COUNT(modes); m++) {
			uint64_t n = total->sent[kinds[k].kind][modes[m].mode];

			all += n;
			fprintf(out, "stat sent.%s.%s %" PRIu64 "\n",
				kinds[k].name, modes[m].name, n);
		}
	}
	stat(out, "", "sent", all);
}

void report_stats(FILE *out, struct report *report)
{
	struct vic_counters total = sum(report);
	uint32_t n = report->nr_vcpus;

	stats_sent(out, &total);
	for (size_t m = 0; m < COUNT(modes); m++)
		stat(out, "delivered.", modes[m].name,
		     total.acked[modes[m].mode]);
	stat(out, "hardware.", "posted", report->hardware.posted);
	stat(out, "hardware.", "folded", report->hardware.folded);
	stat(out, "hardware.", "delivered", report->hardware.delivered);
	for (size_t i = 0; i < COUNT(plain); i++)
		stat(out, "", plain[i].name,
		     *(const uint64_t *)((const char *)&total +
					 plain[i].offset));
	sort_latency(report);
	stat(out, "latency.", "samples", report->nr_latency);
	for (size_t i = 0; i < COUNT(percentiles); i++)
		stat(out, "latency.", percentiles[i].name,
		     percentile(report, percentiles[i].share));
	for (size_t i = 0; report->matrix && i < (size_t)n * n; i++)
		fprintf(out, "stat matrix.%zu.%zu %" PRIu64 "\n", i / n, i % n,
			report->matrix[i]);
	stat(out, "", "pending", report->pending);
	fprintf(out, "stat balance %" PRId64 "\n", report_balance(report));
}

/* One cell of a table; nothing for a zero, so that the rest stands out. */
static void cell(FILE *out, uint64_t value)
{
	if (value)
		fprintf(out, " %9" PRIu64, value);
	else
		fprintf(out, " %9s", "-");
}

static void row(FILE *out, const char *name, const uint64_t *values,
		size_t count, size_t stride)
{
	uint64_t total = 0;

	fprintf(out, "  %-9s", name);
	for (size_t i = 0; i < count; i++) {
		total += values[i * stride];
		cell(out, values[i * stride]);
	}
	cell(out, total);
	fputc('\n', out);
}

static void print_messages(FILE *out, const struct report *report,
			   const struct vic_counters *total)
{
	uint64_t values[COUNT(modes)];

	fputs("IPIs sent, by destination and delivery mode\n           ", out);
	for (size_t m = 0; m < COUNT(modes); m++)
		fprintf(out, " %9s", modes[m].name);
	fputs("     total\n", out);
	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (size_t m = 0; m < COUNT(modes); m++)
			values[m] = total->sent[kinds[k].kind][modes[m].mode];
		row(out, kinds[k].name, values, COUNT(modes), 1);
	}
	fputs("Delivered to guests (lowest priority arrives as fixed)\n", out);
	for (size_t m = 0; m < COUNT(modes); m++)
		values[m] = total->acked[modes[m].mode];
	values[0] += report->hardware.delivered;
	row(out, "", values, COUNT(modes), 1);
}

static void
print_outcomes(FILE *out, const char *name, const struct vic_outcomes *outcomes)
{
	const uint64_t values[] = {outcomes->woken,     outcomes->kicked,
				   outcomes->notified,  outcomes->silent,
				   outcomes->coalesced, outcomes->merged};

	row(out, name, values, COUNT(values), 1);
}

static void print_signals(FILE *out, const struct vic_counters *total)
{
	fputs("How each target was reached\n", out);
	fprintf(out, "  %-9s %9s %9s %9s %9s %9s %9s %9s\n", "", "wake", "kick",
		"notify", "nothing", "coalesced", "merged", "total");
	print_outcomes(out, "vectors", &total->vectors);
	print_outcomes(out, "requests", &total->requests);
	fputs("  wake, kick: it slept, it ran; notify: it ran, and needed no "
	      "exit;\n  nothing: it was on its way into the guest; coalesced: "
	      "it was signalled\n  before; merged: the interrupt was "
	      "pending\n",
	      out);
	fprintf(out,
		"vCPUs: %" PRIu64 " exits (%" PRIu64 " by kicks, %" PRIu64
		" of them spurious),\n  %" PRIu64 " sleeps (%" PRIu64
		" spurious wakes), %" PRIu64 " refused entries, %" PRIu64
		" EOIs\n",
		total->exits, total->kicks, total->kicks_spurious,
		total->blocks, total->wakes_spurious, total->enter_refusals,
		total->eois);
}

static void print_matrix(FILE *out, const struct report *report)
{
	uint32_t n = report->nr_vcpus;
	uint32_t shown = n < MATRIX_COLUMNS ? n : MATRIX_COLUMNS;
	char name[16];

	fputs("Source x target\n  from \\ to", out);
	for (uint32_t i = 0; i < shown; i++)
		fprintf(out, " %9" PRIu32, i);
	fputs(shown < n ? "       sum\n" : "     total\n", out);
	for (uint32_t i = 0; i < shown; i++) {
		snprintf(name, sizeof(name), "%" PRIu32, i);
		row(out, name, report->matrix + (size_t)i * n, shown, 1);
	}
	if (shown < n)
		fprintf(out,
			"  the first %" PRIu32 " of %" PRIu32
			" vCPUs; the statistics have all\n",
			shown, n);
}

void report_print(FILE *out, struct report *report)
{
	struct vic_counters total = sum(report);
	int64_t balance = report_balance(report);

	print_messages(out, report, &total);
	print_signals(out, &total);
	sort_latency(report);
	fprintf(out, "Latency, %s\n ", report->latency_of);
	for (size_t i = 0; i < COUNT(percentiles); i++) {
		uint64_t ns = percentile(report, percentiles[i].share);

		fprintf(out, " %s %" PRIu64 ".%" PRIu64 " us,",
			percentiles[i].name, ns / 1000, ns % 1000 / 100);
	}
	fprintf(out, " %zu samples\n", report->nr_latency);
	if (report->matrix)
		print_matrix(out, report);
	fprintf(out,
		"Vectors: %" PRIu64 " made pending = %" PRIu64
		" delivered + %" PRIu64
		" folded into a pending one\n  + %" PRIu64
		" discarded + %" PRIu64 " still pending: ",
		newly_pending(report, &total), delivered(report, &total),
		folded(report, &total), total.discarded, report->pending);
	if (balance)
		fprintf(out, "WRONG by %" PRId64 "\n", balance);
	else
		fputs("exact\n", out);
}
