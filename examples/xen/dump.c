/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where each vCPU is, after a failure. Its owner may be running: what only
 * the owner may read is a snapshot that need not fit together.
 */
#include <inttypes.h>
#include <string.h>

#include "xen.h"

static const char *const run_states[] = {
	[VIC_HOST] = "HOST",
	[VIC_GUEST] = "GUEST",
	[VIC_BLOCKED] = "BLOCKED",
	[VIC_POSTED] = "POSTED",
};
static const char *const sched_states[] = {
	[SCHED_RUNNABLE] = "runnable",
	[SCHED_RUNNING] = "running",
	[SCHED_BLOCKED] = "blocked",
};

/* Vectors in one of the page's bitmaps. */
static void print_page(const struct vcpu *v, const char *name, uint32_t base)
{
	fprintf(stderr, " %s", name);
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t word;

		memcpy(&word, v->page + base + i / 32 * 0x10, sizeof(word));
		if (word >> i % 32 & 1)
			fprintf(stderr, " %02x", i);
	}
	fputc(';', stderr);
}

static void print_inbox(const struct vic_vcpu_inbox *inbox)
{
	fprintf(stderr, "  %s%s%s%s%s, PIR", run_states[inbox->state],
		inbox->request_new ? ", a request is new" : "",
		inbox->init ? ", INIT" : "", inbox->sipi ? ", SIPI" : "",
		inbox->outstanding ? ", ON" : "");
	for (int i = 0; i < 256; i++)
		if (inbox->pir[i / 64] >> i % 64 & 1)
			fprintf(stderr, " %02x", (unsigned int)i);
	fputc('\n', stderr);
}

static void print_descriptor(const struct vcpu *v)
{
	uint64_t control = __atomic_load_n(&vic_vcpu_pid(v->vic)->control,
					   __ATOMIC_RELAXED);

	fprintf(stderr, "  descriptor: ON %d, SN %d, NV %02x, NDST %x\n",
		!!(control & VIC_PID_ON), !!(control & VIC_PID_SN),
		(unsigned int)((control & VIC_PID_NV) >> VIC_PID_NV_SHIFT),
		(unsigned int)(control >> VIC_PID_NDST_SHIFT));
}

static void print_guest(const struct guest *g)
{
	const struct frame *f = &g->frames[g->depth];

	fprintf(stderr,
		"  guest:%s%s depth %" PRIu32 ", vector %02x, pc %" PRIu32
		", instruction %d of %" PRIu32 "/%" PRIu32
		", waits for %u answers\n",
		atomic_load(&g->halted) ? " halted," : "",
		atomic_load(&g->resting) ? " resting," : "", g->depth,
		f->vector, f->pc, (int)f->queue[f->at % QUEUE_SIZE].op, f->at,
		f->count, atomic_load(&g->memory->remaining[g->id]));
}

static void print_vcpu(const struct domain *d, struct vcpu *v)
{
	struct vic_vcpu_inbox inbox;
	const struct pcpu *home = atomic_load(&v->home);

	vic_vcpu_peek(v->vic, &inbox);
	fprintf(stderr,
		"domain %" PRIu32 " vCPU %" PRIu32 ": %s%s, pCPU %" PRIu32
		"%s\n",
		d->id, v->index, sched_states[v->sched],
		v->wake_latched ? " (wake latched)" : "", home->id,
		v->wait_sipi ? ", waits for a SIPI" : "");
	print_inbox(&inbox);
	print_descriptor(v);
	fprintf(stderr, "  page:");
	print_page(v, "IRR", VIC_APIC_IRR);
	print_page(v, "ISR", VIC_APIC_ISR);
	print_page(v, "TMR", VIC_APIC_TMR);
	fprintf(stderr,
		" RVI %02x, SVI %02x; IF %d, blocking %" PRIx32
		", activity %" PRIu32 ", entry %08" PRIx32
		", last exit %" PRIu32 "\n",
		v->vmcs.interrupt_status & 0xffu,
		(unsigned int)v->vmcs.interrupt_status >> 8,
		!!(v->vmcs.rflags & VTX_RFLAGS_IF), v->vmcs.interruptibility,
		v->vmcs.activity, v->vmcs.entry_info, v->vmcs.exit_reason);
	print_guest(&v->guest);
}

static void print_unseen(const struct guest_memory *memory)
{
	for (uint32_t kind = 0; kind < KINDS; kind++)
		for (uint32_t to = 0; to < memory->cpus; to++)
			for (uint32_t from = 0; from < memory->senders;
			     from++) {
				struct message *m = message_of(
					memory, (enum kind)kind, from, to);
				uint64_t sent = atomic_load(&m->number) >> 1;
				uint64_t seen = atomic_load(&m->seen);

				if (sent != seen)
					fprintf(stderr,
						"unseen: vector %02x from "
						"%" PRIu32 " to %" PRIu32
						": %" PRIu64 " of %" PRIu64
						"\n",
						kind_vector((enum kind)kind),
						from, to, seen, sent);
			}
}

static void print_pcpu(const struct pcpu *p)
{
	const struct vcpu *v = atomic_load(&p->current);

	fprintf(stderr,
		"pCPU %" PRIu32 " (APIC id %" PRIu32 "): %s%s, %u queued",
		p->id, p->cpu.apic_id, atomic_load(&p->idle) ? "idle" : "busy",
		atomic_load(&p->halted) ? ", sleeps in HLT" : "",
		atomic_load(&p->queue.length));
	if (v)
		fprintf(stderr, ", runs domain %" PRIu32 " vCPU %" PRIu32,
			v->domain->id, v->index);
	fputs(", pending", stderr);
	for (int i = 0; i < 256; i++)
		if (__atomic_load_n(&p->cpu.pending[i / 64],
				    __ATOMIC_RELAXED) >>
			    i % 64 &
		    1)
			fprintf(stderr, " %02x", (unsigned int)i);
	fputc('\n', stderr);
}

void check_dump(void)
{
	const struct options *o = run.options;

	fprintf(stderr,
		"mode %s, workload %s, %" PRIu32 " pCPUs, %" PRIu32
		" vCPUs, %" PRIu32 " domains, seed %" PRIu32 "\n",
		run.mode->name, o->workload->name, o->pcpus, o->vcpus,
		o->domains, o->seed);
	for (uint32_t i = 0; i < o->pcpus; i++)
		print_pcpu(&run.pcpus[i]);
	for (uint32_t i = 0; i < o->domains; i++) {
		struct domain *d = &run.domains[i];

		for (uint32_t j = 0; j < o->vcpus; j++)
			print_vcpu(d, &d->vcpus[j]);
		for (uint32_t j = 0; j < d->nr_devices; j++)
			fprintf(stderr,
				"device %" PRIu32 ": line %u to %" PRIu32 "\n",
				j, atomic_load(&d->memory->lines[j]),
				d->devices[j].line_target);
		print_unseen(d->memory);
	}
}
