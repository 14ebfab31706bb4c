/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* --stats and --report. */
#include <stdlib.h>
#include <string.h>

#include "../common/report.h"
#include "vm.h"

static const struct {
	uint32_t reason;
	const char *name;
} exits[] = {
	{KVM_EXIT_IO, "io"},           {KVM_EXIT_MMIO, "mmio"},
	{KVM_EXIT_X86_RDMSR, "rdmsr"}, {KVM_EXIT_X86_WRMSR, "wrmsr"},
	{KVM_EXIT_HLT, "hlt"},         {KVM_EXIT_IRQ_WINDOW_OPEN, "irq_window"},
};

static void print_exits(const struct vm *vm)
{
	uint64_t strays = 0;

	for (uint32_t c = 0; c < vm->options.vcpus; c++)
		strays += vm->cpus[c].strays;
	fprintf(stderr, "stat strays %llu\n", (unsigned long long)strays);
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		uint64_t count = 0;

		for (uint32_t c = 0; c < vm->options.vcpus; c++)
			count += vm->cpus[c].exits[exits[i].reason];
		fprintf(stderr, "stat kvm_exits.%s %llu\n", exits[i].name,
			(unsigned long long)count);
	}
}

static void print_lines(const struct vm *vm)
{
	for (uint32_t i = 0; i < CHIPS_LINES; i++)
		fprintf(stderr, "stat line.%u %llu\n", i,
			(unsigned long long)vm->chips.rises[i]);
}

static uint64_t kept(const struct cpu *cpu)
{
	return cpu->nr_latency < LATENCY_SAMPLES ? cpu->nr_latency
						 : LATENCY_SAMPLES;
}

/* The samples of all vCPUs in one array. */
static void gather_latency(const struct vm *vm, struct report *report)
{
	size_t count = 0;

	for (uint32_t i = 0; i < vm->options.vcpus; i++)
		count += kept(&vm->cpus[i]);
	report->latency = malloc((count + 1) * sizeof(uint64_t));
	if (!report->latency)
		die(EXIT_NO_KVM, "out of memory for the statistics");
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		const struct cpu *cpu = &vm->cpus[i];

		if (kept(cpu))
			memcpy(report->latency + report->nr_latency,
			       cpu->latency, kept(cpu) * sizeof(uint64_t));
		report->nr_latency += kept(cpu);
	}
}

/* Messages of the IOAPIC, and INTA cycles of the PIC. */
static void sum_chips(const struct report *report, unsigned long long *messages,
		      unsigned long long *intas)
{
	*messages = 0;
	*intas = 0;
	for (size_t i = 0; i < report->nr_counters; i++) {
		*messages += report->counters[i]->ioapic;
		*intas += report->counters[i]->acked[VIC_MODE_EXTINT];
	}
}

static void print_chips(const struct report *report)
{
	unsigned long long messages, intas;

	sum_chips(report, &messages, &intas);
	fprintf(stderr, "stat ioapic %llu\nstat delivered.extint %llu\n",
		messages, intas);
}

static void report_chips(const struct vm *vm, const struct report *report)
{
	unsigned long long messages, intas;

	sum_chips(report, &messages, &intas);
	fprintf(stderr,
		"IOAPIC: %llu messages; PIC: %llu INTA cycles\n"
		"Lines, how often each rose:",
		messages, intas);
	for (uint32_t i = 0; i < CHIPS_LINES; i++)
		if (vm->chips.rises[i])
			fprintf(stderr, " %u: %llu", i,
				(unsigned long long)vm->chips.rises[i]);
	fputc('\n', stderr);
}

static void print_libvic(struct vm *vm)
{
	const struct vic_counters *counters[2 * MAX_VCPUS + 1];
	struct report report = {
		.counters = counters,
		.matrix = vm->matrix,
		.nr_vcpus = vm->options.vcpus,
		.latency_of = "from a wake or kick to the injection",
	};

	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		counters[report.nr_counters++] =
			vic_vcpu_counters(vm->cpus[i].vcpu);
		counters[report.nr_counters++] = &vm->cpus[i].counters;
		report.pending += irq_pending(&vm->cpus[i]);
	}
	counters[report.nr_counters++] = &vm->timer.counters;
	gather_latency(vm, &report);
	if (vm->options.stats) {
		fprintf(stderr, "stat save_restores %llu\n",
			(unsigned long long)vm->rounds);
		print_chips(&report);
		report_stats(stderr, &report);
	}
	if (vm->options.report) {
		report_print(stderr, &report);
		report_chips(vm, &report);
	}
	free(report.latency);
}

void stats_print(struct vm *vm)
{
	if (vm->options.stats) {
		print_exits(vm);
		print_lines(vm);
	}
	if (vm->options.vic && (vm->options.stats || vm->options.report))
		print_libvic(vm);
}
