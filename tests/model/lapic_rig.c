/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The VM, and what reaches a vCPU from elsewhere. */

#include "lapic_rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Notes that led to a failure. */
#define SHOWN 120u

void lapic_rig_note(struct lapic_rig *rig, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(rig->notes[rig->nr_notes++ % LAPIC_RIG_NOTES], LAPIC_RIG_NOTE,
		  format, args);
	va_end(args);
}

void lapic_rig_show(const struct lapic_rig *rig)
{
	uint32_t first = rig->nr_notes > SHOWN ? rig->nr_notes - SHOWN : 0;

	for (uint32_t i = first; i < rig->nr_notes; i++)
		fprintf(stderr, "# %s\n", rig->notes[i % LAPIC_RIG_NOTES]);
}

void lapic_rig_fail(struct lapic_rig *rig, const char *format, ...)
{
	va_list args;

	if (rig->failed)
		return;
	rig->failed = true;
	va_start(args, format);
	vsnprintf(rig->failure, sizeof(rig->failure), format, args);
	va_end(args);
}

static void wake(void *opaque)
{
	struct lapic_rig_cpu *cpu = opaque;

	if (cpu->where != LAPIC_RIG_BLOCKED)
		lapic_rig_fail(cpu->rig, "cpu%u woken, not blocked",
			       cpu->index);
	cpu->told = true;
}

static void kick(void *opaque)
{
	struct lapic_rig_cpu *cpu = opaque;

	if (cpu->where != LAPIC_RIG_GUEST)
		lapic_rig_fail(cpu->rig, "cpu%u kicked, not in the guest",
			       cpu->index);
	cpu->told = true;
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct lapic_rig_cpu *cpu = opaque;
	struct lapic_rig *rig = cpu->rig;

	if (source != VIC_EOI_LAPIC || number > 0xff ||
	    rig->nr_eois == LAPIC_RIG_EOIS) {
		lapic_rig_fail(rig, "eoi of source %u, number %x", source,
			       number);
		return;
	}
	rig->eois[rig->nr_eois].vcpu = cpu->index;
	rig->eois[rig->nr_eois].vector = (uint8_t)number;
	rig->nr_eois++;
	if (rig->lines_stay)
		vic_vcpu_post(cpu->vcpu, &rig->counters, (uint8_t)number, true);
}

static uint64_t now(void *opaque, uint32_t clock)
{
	struct lapic_rig_cpu *cpu = opaque;

	return cpu->rig->now[clock];
}

static uint8_t inta(void *opaque)
{
	struct lapic_rig_cpu *cpu = opaque;

	cpu->intas++;
	if (cpu->rig->chips.inta)
		cpu->inta = cpu->rig->chips.inta(cpu->rig->chips.opaque);
	return cpu->inta;
}

static void *storage(size_t size, size_t alignment)
{
	size_t rounded = (size + alignment - 1) / alignment * alignment;
	void *result = aligned_alloc(alignment, rounded);

	if (!result) {
		perror("aligned_alloc");
		exit(1);
	}
	memset(result, 0, rounded);
	return result;
}

static void must(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "%s: error %d\n", what, err);
		abort();
	}
}

static const uint32_t bus_flags[][2] = {
	{LM_ARBITRATE, VIC_BUS_ARBITRATE},
	{LM_MSI_FF_IS_ID, VIC_BUS_MSI_FF_IS_ID},
	{LM_NO_XAPIC_ALIAS, VIC_BUS_NO_XAPIC_ALIAS},
	{LM_SUPPRESS_EOI, VIC_BUS_SUPPRESS_EOI},
	{LM_LEVEL_IPIS, VIC_BUS_LEVEL_IPIS},
	{LM_BUSY_FAULTS, VIC_BUS_BUSY_FAULTS},
	{LM_ID_READ_ONLY, VIC_BUS_ID_READ_ONLY},
	{LM_BASE_FIXED, VIC_BUS_BASE_FIXED},
	{LM_ICR_SPLIT, VIC_BUS_ICR_SPLIT},
	{LM_PMI_KEEPS_MASK, VIC_BUS_PMI_KEEPS_MASK},
	{LM_NO_LOWEST, VIC_BUS_NO_LOWEST},
	{0, 0},
};

static const uint32_t lapic_flags[][2] = {
	{LM_BSP, VIC_LAPIC_BSP},
	{LM_X2APIC, VIC_LAPIC_X2APIC},
	{LM_NO_X2APIC, VIC_LAPIC_NO_X2APIC},
	{LM_CMCI, VIC_LAPIC_CMCI},
	{LM_NO_TSC_DEADLINE, VIC_LAPIC_NO_TSC_DEADLINE},
	{0, 0},
};

static uint32_t translated(const uint32_t (*pairs)[2], uint32_t flags)
{
	uint32_t result = 0;

	for (; (*pairs)[0]; pairs++)
		if (flags & (*pairs)[0])
			result |= (*pairs)[1];
	return result;
}

static void add_bus(struct lapic_rig *rig)
{
	static const uint32_t formats[] = {
		[LM_MSI_8] = VIC_MSI_8BIT,
		[LM_MSI_15] = VIC_MSI_15BIT,
		[LM_MSI_32] = VIC_MSI_32BIT,
	};
	const struct lm_config *c = &rig->spec.model;
	const struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.flags = translated(bus_flags, c->policy),
		.max_vcpus = c->vcpus,
		.msi_format = formats[c->msi],
	};
	size_t size = vic_apic_bus_size(c->vcpus);

	rig->bus_storage = storage(size, VIC_CACHE_LINE);
	must(vic_apic_bus_init(rig->bus_storage, size, &config, &rig->bus),
	     "vic_apic_bus_init");
}

static void add_cpu(struct lapic_rig *rig, uint32_t index)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[index];
	const struct lm_config *c = &rig->spec.model;
	const struct vic_vcpu_config vcpu_config = {
		.size = sizeof(vcpu_config),
		.index = index,
		.ops = &rig->ops,
		.opaque = cpu,
	};
	struct vic_lapic_config config = {
		.size = sizeof(config),
		.flags = translated(lapic_flags, c->flags[index]),
		.id = c->id[index],
		.physical_bits = c->phys_bits,
		.bus = rig->bus,
	};

	cpu->rig = rig;
	cpu->index = index;
	cpu->vcpu_storage = storage(vic_vcpu_size(), VIC_CACHE_LINE);
	cpu->lapic_storage = storage(vic_lapic_size(), VIC_CACHE_LINE);
	cpu->page = storage(VIC_APIC_PAGE_SIZE, VIC_APIC_PAGE_SIZE);
	must(vic_vcpu_init(cpu->vcpu_storage, vic_vcpu_size(), &vcpu_config,
			   &cpu->vcpu),
	     "vic_vcpu_init");
	config.vcpu = cpu->vcpu;
	config.page = cpu->page;
	must(vic_lapic_init(cpu->lapic_storage, vic_lapic_size(), &config,
			    &cpu->lapic),
	     "vic_lapic_init");
}

static bool in_page(const uint8_t *page, uint32_t offset, uint8_t vector)
{
	uint32_t word;

	memcpy(&word, page + offset + vector / 32 * 16, sizeof(word));
	return word >> vector % 32 & 1;
}

/* What an illegal vector leaves is seen in the image. */
static bool is_error(struct lapic_rig *rig, uint32_t vcpu)
{
	uint8_t image[VIC_LAPIC_IMAGE_SIZE];

	lapic_rig_save(rig, vcpu, image);
	return image[LAPIC_IMAGE_ERRORS] & VIC_ESR_RECEIVE_ILLEGAL;
}

/*
 * How sure it is that the vCPU has taken a message that the model has not
 * yet: 3 if it shows, 1 or 2 if it may have merged.
 */
static uint32_t
takes(struct lapic_rig *rig, uint32_t vcpu, const struct lm_message *msg)
{
	const struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	const struct lm_vcpu *v = &rig->lm.vcpu[vcpu];
	uint8_t vector = msg->vector;
	struct vic_vcpu_inbox inbox;
	bool pir, level;

	vic_vcpu_peek(cpu->vcpu, &inbox);
	switch (msg->mode) {
	case VIC_MODE_SMI:
		return v->smi ? 1 : inbox.smi ? 3 : 0;
	case VIC_MODE_NMI:
		return v->nmis == 2 ? 1 : inbox.nmi > v->nmis ? 3 : 0;
	case VIC_MODE_INIT:
		/* It cancels a SIPI that came after an earlier INIT. */
		if (v->init && v->sipi)
			return inbox.sipi ? 0 : 3;
		return v->init ? 1 : inbox.init ? 3 : 0;
	case VIC_MODE_EXTINT:
		return v->extint ? 1 : inbox.extint ? 3 : 0;
	default:
		break;
	}
	if (vector < VIC_VECTOR_MIN)
		return v->errors & VIC_ESR_RECEIVE_ILLEGAL ? 1
		       : is_error(rig, vcpu)               ? 3
							   : 0;
	pir = inbox.pir[vector / 64] >> vector % 64 & 1;
	if (!pir && !in_page(cpu->page, VIC_APIC_IRR, vector))
		return 0;
	if (!v->irr[vector])
		return 3;
	level = pir ? inbox.trigger[vector / 64] >> vector % 64 & 1
		    : in_page(cpu->page, VIC_APIC_TMR, vector);
	if (level != msg->level)
		return 0;
	return v->tmr[vector] == level ? 1 : 2;
}

/* Any one of them may be chosen. Where it merged, it makes no difference. */
static uint32_t choose(void *opaque, const struct lm_message *msg, uint32_t set)
{
	struct lapic_rig *rig = opaque;
	uint32_t best = 0, taker = 0;

	rig->choices++;
	for (uint32_t i = 0; i < LAPIC_RIG_VCPUS; i++) {
		uint32_t sure = set >> i & 1 ? takes(rig, i, msg) : 0;

		if (sure > best) {
			best = sure;
			taker = i;
		}
	}
	if (!best)
		lapic_rig_fail(rig, "vector %x for one of %x: nobody's",
			       msg->vector, set);
	return taker;
}

void lapic_rig_init(struct lapic_rig *rig, const struct lapic_rig_spec *spec)
{
	memset(rig, 0, sizeof(*rig));
	rig->spec = *spec;
	rig->ops = (struct vic_vcpu_ops){
		.size = sizeof(rig->ops),
		.wake = wake,
		.kick = kick,
		.eoi = eoi,
		.now = spec->clock ? now : NULL,
		.inta = spec->model.extint ? inta : NULL,
	};
	rig->spec.model.choose = choose;
	rig->spec.model.opaque = rig;
	add_bus(rig);
	for (uint32_t i = 0; i < spec->model.vcpus; i++)
		add_cpu(rig, i);
	lm_init(&rig->lm, &rig->spec.model);
}

void lapic_rig_free(struct lapic_rig *rig)
{
	for (uint32_t i = 0; i < rig->spec.model.vcpus; i++) {
		free(rig->cpu[i].page);
		free(rig->cpu[i].lapic_storage);
		free(rig->cpu[i].vcpu_storage);
	}
	free(rig->bus_storage);
}

void lapic_rig_msi(struct lapic_rig *rig, uint64_t address, uint32_t data)
{
	int count;
	bool sent;

	/* Whoever takes an illegal vector must not be in the guest. */
	if ((data & VIC_ICR_VECTOR) < VIC_VECTOR_MIN)
		for (uint32_t i = 0; i < rig->spec.model.vcpus; i++)
			lapic_rig_leave(rig, i);
	lapic_rig_note(rig, "msi %llx = %x", (unsigned long long)address, data);
	count = vic_msi(rig->bus, &rig->counters, address, data);
	sent = lm_msi(&rig->lm, address, data);
	if (sent ? count < 0 : count != VIC_ERR_INVAL)
		lapic_rig_fail(rig, "msi: %d", count);
}

void lapic_rig_post(struct lapic_rig *rig, uint32_t vcpu, uint8_t vector,
		    bool level)
{
	struct lm_vcpu *v = &rig->lm.vcpu[vcpu];
	bool refused = vector < VIC_VECTOR_MIN;
	enum vic_post post;

	lapic_rig_note(rig, "post cpu%u %02x %s", vcpu, vector,
		       level ? "level" : "edge");
	post = vic_vcpu_post(rig->cpu[vcpu].vcpu, &rig->counters, vector,
			     level);
	if ((post == VIC_POST_REFUSED) != refused)
		lapic_rig_fail(rig, "post: %d", post);
	/*
	 * It is no message, but is taken as one; what an IOAPIC may wait for
	 * the EOI of also after the APIC was disabled.
	 */
	if (!refused && (lm_is_software_enabled(v) ||
			 (level && v->was_enabled && rig->chips.accessed)))
		lm_accept(v, vector, level);
}

static void request(struct lapic_rig *rig, uint32_t vcpu,
		    enum vic_request request, uint8_t argument)
{
	struct lm_vcpu *v = &rig->lm.vcpu[vcpu];

	switch (request) {
	case VIC_REQUEST_NMI:
		lm_accept_nmi(v);
		break;
	case VIC_REQUEST_SMI:
		v->smi = true;
		break;
	case VIC_REQUEST_INIT:
		lm_accept_init(v);
		break;
	case VIC_REQUEST_SIPI:
		lm_accept_sipi(v, argument);
		break;
	case VIC_REQUEST_ESR:
		for (uint32_t bit = 1; bit < 0x100; bit <<= 1)
			if ((argument & bit) && lm_is_enabled(v))
				lm_error(v, bit);
		break;
	case VIC_REQUEST_RESYNC:
		rig->cpu[vcpu].resync = true;
		break;
	case VIC_REQUEST_TIMER:
		/* It went off, if too early, and has to be armed again. */
		rig->cpu[vcpu].armed = false;
		break;
	case VIC_REQUEST_PERF:
		lm_local(&rig->lm, vcpu, LM_SOURCE_PERF);
		break;
	case VIC_REQUEST_THERMAL:
		lm_local(&rig->lm, vcpu, LM_SOURCE_THERMAL);
		break;
	case VIC_REQUEST_CMCI:
		lm_local(&rig->lm, vcpu, LM_SOURCE_CMCI);
		break;
	case VIC_REQUEST_LINT0:
		lm_lint(&rig->lm, vcpu, 0, argument);
		break;
	case VIC_REQUEST_LINT1:
		lm_lint(&rig->lm, vcpu, 1, argument);
		break;
	case VIC_REQUEST_EXTINT:
		lm_accept_extint(&rig->lm, v);
		break;
	}
}

/* What the model's local sources do at once waits for a scan. */
static bool is_local(enum vic_request request)
{
	return request == VIC_REQUEST_ESR || request == VIC_REQUEST_TIMER ||
	       request == VIC_REQUEST_PERF || request == VIC_REQUEST_THERMAL ||
	       request == VIC_REQUEST_CMCI || request == VIC_REQUEST_LINT0 ||
	       request == VIC_REQUEST_LINT1;
}

/* What is pending is taken over: of what comes now the order is known. */
static void settle(struct lapic_rig *rig, uint32_t vcpu)
{
	if (rig->cpu[vcpu].where == LAPIC_RIG_HOST || !rig->cpu[vcpu].told)
		return;
	lapic_rig_leave(rig, vcpu);
	lapic_check_scan(rig, vcpu, 0);
}

void lapic_rig_before_wire(struct lapic_rig *rig)
{
	for (uint32_t i = 0; i < rig->spec.model.vcpus; i++) {
		if (!(rig->chips.wired >> i & 1))
			continue;
		settle(rig, i);
		if (rig->cpu[i].where == LAPIC_RIG_HOST)
			lapic_check_scan(rig, i, 0);
	}
}

void lapic_rig_after_wire(struct lapic_rig *rig)
{
	if (!rig->chips.wired)
		return;
	lapic_check_told(rig);
	for (uint32_t i = 0; i < rig->spec.model.vcpus; i++)
		if (rig->chips.wired >> i & 1)
			lapic_rig_leave(rig, i);
}

void lapic_rig_request(struct lapic_rig *rig, uint32_t vcpu,
		       enum vic_request what, uint8_t argument)
{
	static const char *const names[] = {
		"NMI",  "SMI",     "INIT", "SIPI",  "ESR",   "RESYNC", "TIMER",
		"PERF", "THERMAL", "CMCI", "LINT0", "LINT1", "EXTINT",
	};

	if (is_local(what))
		settle(rig, vcpu);
	lapic_rig_note(rig, "request cpu%u %s %x", vcpu, names[what], argument);
	vic_vcpu_request(rig->cpu[vcpu].vcpu, &rig->counters, what, argument);
	request(rig, vcpu, what, argument);
	if (!is_local(what))
		return;
	lapic_check_told(rig);
	lapic_rig_leave(rig, vcpu);
}

static bool is_due(const struct lapic_rig *rig, uint32_t vcpu)
{
	const struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];

	return cpu->armed && cpu->deadline.at <= rig->now[cpu->deadline.clock];
}

void lapic_rig_pass(struct lapic_rig *rig, enum vic_clock clock, uint64_t ticks)
{
	for (uint32_t i = 0; i < rig->spec.model.vcpus; i++)
		settle(rig, i);
	lapic_rig_note(rig, "%s %llu later",
		       clock == VIC_CLOCK_TSC ? "tsc" : "bus",
		       (unsigned long long)ticks);
	rig->now[clock] += ticks;
	if (rig->spec.clock && clock == VIC_CLOCK_TSC)
		lm_set_tsc(&rig->lm, rig->now[clock]);
	else if (rig->spec.clock)
		lm_set_bus(&rig->lm, rig->now[clock]);
}

void lapic_rig_ring(struct lapic_rig *rig)
{
	uint32_t due = 0;

	for (uint32_t i = 0; i < rig->spec.model.vcpus; i++) {
		if (!is_due(rig, i))
			continue;
		due |= 1u << i;
		rig->expired++;
		lapic_rig_note(rig, "cpu%u's timer", i);
		vic_vcpu_request(rig->cpu[i].vcpu, &rig->counters,
				 VIC_REQUEST_TIMER, 0);
		rig->cpu[i].armed = false;
	}
	lapic_check_told(rig);
	for (uint32_t i = 0; i < rig->spec.model.vcpus; i++)
		if (due >> i & 1)
			lapic_rig_leave(rig, i);
}
