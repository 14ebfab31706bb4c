/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Physical CPUs: their threads, and their interrupts in the host. */
#include <time.h>

#include "xen.h"

/* Physical APIC ids are no indices. */
#define FIRST_APIC_ID 5
#define APIC_ID_STEP 3
/* Between two ticks. */
#define TICK_NS 500000

/* NDST is laid out for the mode of the host's APICs. */
static bool host_is_xapic(void)
{
	return run.options->seed % 2;
}

void pcpu_create(struct pcpu *p, uint32_t id)
{
	struct vic_pcpu_config config = {
		.size = sizeof(config),
		.flags = host_is_xapic() ? VIC_PCPU_XAPIC : 0,
		.id = FIRST_APIC_ID + id * APIC_ID_STEP,
		.notify_vector = VECTOR_NOTIFY,
		.wakeup_vector = VECTOR_WAKEUP,
		.ops = &vcpu_ops,
	};

	p->id = id;
	pthread_mutex_init(&p->queue.lock, NULL);
	vtx_pcpu_init(&p->cpu, config.id);
	MUST(vic_pcpu_init(p->vic_storage, sizeof(p->vic_storage), &config,
			   &p->vic));
}

void pcpu_destroy(struct pcpu *p)
{
	vtx_pcpu_destroy(&p->cpu);
	pthread_mutex_destroy(&p->queue.lock);
}

void pcpu_notify(uint32_t ndst, uint8_t vector)
{
	uint32_t apic_id = vtx_ndst_apic_id(ndst, !host_is_xapic());
	uint32_t id = (apic_id - FIRST_APIC_ID) / APIC_ID_STEP;

	if (id >= run.options->pcpus || run.pcpus[id].cpu.apic_id != apic_id)
		die("an interrupt for APIC id %u, which no pCPU has", apic_id);
	vtx_ipi(&run.pcpus[id].cpu, vector);
}

/* Of kicks and notifications it is enough that they came. */
void pcpu_interrupt(struct pcpu *p, uint8_t vector)
{
	if (vector == VECTOR_TIMER)
		p->resched = true;
	else if (vector == VECTOR_WAKEUP)
		vic_pcpu_wakeup(p->vic, &p->counters);
}

void pcpu_take_interrupts(struct pcpu *p)
{
	uint8_t vector;

	while ((vector = vtx_host_interrupt(&p->cpu)))
		pcpu_interrupt(p, vector);
}

static void idle(struct pcpu *p)
{
	p->idles++;
	vtx_sleep(&p->cpu, -1);
	atomic_store(&p->idle, false);
	pcpu_take_interrupts(p);
}

void *pcpu_thread(void *pcpu)
{
	struct pcpu *p = pcpu;

	while (!atomic_load(&run.over)) {
		struct vcpu *v = sched_next(p);

		if (!v) {
			idle(p);
			continue;
		}
		atomic_store(&p->current, v);
		vcpu_schedule_in(p, v);
		vcpu_run(p, v);
		/* Before anybody else can run it. */
		vic_vcpu_put(v->vic);
		atomic_store(&p->current, NULL);
		sched_leave(p, v);
	}
	return NULL;
}

/* The timers of all pCPUs: a tick only where others wait for who runs. */
void *ticker_thread(void *unused)
{
	struct timespec pause = {.tv_nsec = TICK_NS};

	(void)unused;
	while (!atomic_load(&run.over)) {
		nanosleep(&pause, NULL);
		for (uint32_t i = 0; i < run.options->pcpus; i++) {
			struct pcpu *p = &run.pcpus[i];

			if (atomic_load(&p->queue.length) &&
			    !atomic_load(&p->idle))
				vtx_ipi(&p->cpu, VECTOR_TIMER);
		}
	}
	return NULL;
}
