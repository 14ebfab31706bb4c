/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * --trace: each thread collects in memory of its own, so that tracing
 * orders nothing that would otherwise race; the file is written at the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

/* 24 bytes each: 96 MiB for a vCPU, then the rest is counted only. */
#define MAX_RECORDS (4u << 20)

struct record {
	uint64_t ns;
	uint32_t cpu;
	uint32_t target;
	uint8_t event;
	uint8_t vector;
};

struct trace_buffer {
	struct record *records;
	size_t count;
	size_t capacity;
	uint64_t dropped;
};

static const char *const names[] = {
	[TRACE_SEND] = "send",     [TRACE_WAKE] = "wake",
	[TRACE_KICK] = "kick",     [TRACE_INJECT] = "inject",
	[TRACE_EXTINT] = "extint", [TRACE_NMI] = "nmi",
	[TRACE_INIT] = "init",     [TRACE_SIPI] = "sipi",
	[TRACE_SLEEP] = "sleep",   [TRACE_UNBLOCK] = "unblock",
};

void trace_init(struct vm *vm)
{
	if (!vm->options.trace)
		return;
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		vm->cpus[i].trace = calloc(1, sizeof(struct trace_buffer));
		if (!vm->cpus[i].trace)
			die(EXIT_NO_KVM, "out of memory");
	}
}

static bool grow(struct trace_buffer *buffer)
{
	size_t capacity = buffer->capacity ? 2 * buffer->capacity : 1024;
	struct record *records;

	if (capacity > MAX_RECORDS)
		return false;
	records = realloc(buffer->records, capacity * sizeof(*records));
	if (!records)
		return false;
	buffer->records = records;
	buffer->capacity = capacity;
	return true;
}

void trace_add(struct cpu *cpu, enum trace_event event, uint8_t vector,
	       uint32_t target)
{
	struct trace_buffer *buffer = cpu ? cpu->trace : NULL;

	if (!buffer)
		return;
	if (buffer->count == buffer->capacity && !grow(buffer)) {
		buffer->dropped++;
		return;
	}
	buffer->records[buffer->count++] = (struct record){
		.ns = now_ns(),
		.cpu = cpu->index,
		.target = target,
		.event = (uint8_t)event,
		.vector = vector,
	};
}

void trace_send(struct cpu *cpu, enum vic_send_register reg, uint64_t value)
{
	uint32_t indices[MAX_VCPUS];
	struct vic_targets targets = {.indices = indices,
				      .capacity = MAX_VCPUS};

	bool xapic = reg == VIC_SEND_XAPIC_ICR;
	uint64_t mode = vic_lapic_base(cpu->lapic) &
			(VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD);

	/* In another mode the register is not there. */
	if (!cpu->trace || !(mode & VIC_APIC_BASE_EN) ||
	    xapic == !!(mode & VIC_APIC_BASE_EXTD))
		return;
	if (xapic)
		value |= (uint64_t)cpu->page[VIC_APIC_ICR_HI / 4] << 32;
	vic_apic_bus_compile(cpu->vm->bus, cpu->vcpu, reg, value, &targets);
	for (uint32_t i = 0; i < targets.count; i++)
		trace_add(cpu, TRACE_SEND, targets.ipi.intid, indices[i]);
}

static int by_time(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

/* All buffers in one array, in order of time. */
static struct record *merge(const struct vm *vm, size_t *count)
{
	struct record *all;
	size_t at = 0;

	*count = 0;
	for (uint32_t i = 0; i < vm->options.vcpus; i++)
		*count += vm->cpus[i].trace->count;
	all = malloc((*count + 1) * sizeof(*all));
	if (!all)
		die(EXIT_NO_KVM, "out of memory for the trace");
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		const struct trace_buffer *buffer = vm->cpus[i].trace;

		if (buffer->dropped)
			fprintf(stderr,
				"vic-kvm: vCPU %u: %llu events are not in the "
				"trace, it holds %u of each vCPU\n",
				i, (unsigned long long)buffer->dropped,
				MAX_RECORDS);
		if (buffer->count)
			memcpy(all + at, buffer->records,
			       buffer->count * sizeof(*all));
		at += buffer->count;
	}
	qsort(all, *count, sizeof(*all), by_time);
	return all;
}

void trace_write(struct vm *vm)
{
	size_t count;
	FILE *file;

	if (!vm->options.trace)
		return;
	struct record *all = merge(vm, &count);
	file = fopen(vm->options.trace, "w");
	if (!file)
		die(EXIT_USAGE, "--trace %s: %s", vm->options.trace,
		    strerror(errno));
	fputs("ns,vcpu,event,vector,target\n", file);
	for (size_t i = 0; i < count; i++)
		fprintf(file, "%llu,%u,%s,%u,%u\n",
			(unsigned long long)(all[i].ns - all[0].ns), all[i].cpu,
			names[all[i].event], all[i].vector, all[i].target);
	if (fclose(file))
		die(EXIT_USAGE, "--trace %s: %s", vm->options.trace,
		    strerror(errno));
	free(all);
}
