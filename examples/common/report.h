/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What a run did, out of libvic's counters: for programs and for people. */
#ifndef EXAMPLES_REPORT_H
#define EXAMPLES_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <vic/counters.h>

struct report {
	/* The block of each vCPU and of each other thread that sent. */
	const struct vic_counters *const *counters;
	size_t nr_counters;
	/* vic_apic_bus_config.matrix, or NULL. */
	const uint64_t *matrix;
	uint32_t nr_vcpus;
	/* In nanoseconds, in any order. */
	uint64_t *latency;
	size_t nr_latency;
	/* What the latency is measured from and to; for people. */
	const char *latency_of;
	/* Vectors that are pending still, in IRR and in the inbox. */
	uint64_t pending;
	/*
	 * What a processor or a device did past libvic where vectors are
	 * posted: made newly pending, merged with a pending one, delivered.
	 */
	struct {
		uint64_t posted, folded, delivered;
	} hardware;
};

/*
 * Vectors made newly pending, less those acknowledged, folded, discarded and
 * still pending: 0 unless one was lost or invented. Only exact while no
 * thread is inside libvic.
 */
int64_t report_balance(const struct report *report);

/* Lines `stat NAME VALUE`. Sorts the latencies. */
void report_stats(FILE *out, struct report *report);

/* Tables. Sorts the latencies. */
void report_print(FILE *out, struct report *report);

#endif
