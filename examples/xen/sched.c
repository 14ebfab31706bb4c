/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Run queues, one for each pCPU with one lock each. A vCPU goes to another
 * queue when it is woken or preempted, or a pCPU that has nothing to do
 * takes it. Two locks are never held at once, and nobody calls the library
 * under one.
 */
#include "xen.h"

static void push(struct run_queue *q, struct vcpu *v)
{
	v->next = NULL;
	if (q->head)
		q->tail->next = v;
	else
		q->head = v;
	q->tail = v;
	atomic_fetch_add(&q->length, 1);
}

static struct vcpu *pop(struct run_queue *q)
{
	struct vcpu *v = q->head;

	if (!v)
		return NULL;
	q->head = v->next;
	atomic_fetch_sub(&q->length, 1);
	v->sched = SCHED_RUNNING;
	/* It looks before it sleeps again. */
	v->wake_latched = false;
	return v;
}

/* The pCPU in whose queue it belongs, with that queue locked. */
static struct pcpu *lock_home(struct vcpu *v)
{
	for (;;) {
		struct pcpu *p = atomic_load(&v->home);

		pthread_mutex_lock(&p->queue.lock);
		if (atomic_load(&v->home) == p)
			return p;
		pthread_mutex_unlock(&p->queue.lock);
	}
}

static unsigned int load_of(struct pcpu *p)
{
	return atomic_load(&p->queue.length) + !atomic_load(&p->idle);
}

/* Now and then anywhere; else the less busy of here and one other. */
static struct pcpu *choose(struct vcpu *v, struct pcpu *here)
{
	uint64_t random = draw(&v->random);
	struct pcpu *other = &run.pcpus[(random >> 8) % run.options->pcpus];

	if (random % 8 == 0)
		return other;
	return load_of(other) < load_of(here) ? other : here;
}

/* Somebody was put into the queue of @p. */
static void prod(struct pcpu *p)
{
	if (atomic_load(&p->idle))
		vtx_ipi(&p->cpu, VECTOR_KICK);
	else if (atomic_load(&p->halted))
		vtx_ipi(&p->cpu, VECTOR_TIMER);
}

/* @here is the home of @v, and locked; it is not on return. */
static void make_runnable(struct vcpu *v, struct pcpu *here)
{
	struct pcpu *there = choose(v, here);

	v->sched = SCHED_RUNNABLE;
	if (there != here) {
		v->migrations++;
		atomic_store(&v->home, there);
		pthread_mutex_unlock(&here->queue.lock);
		pthread_mutex_lock(&there->queue.lock);
	}
	push(&there->queue, v);
	pthread_mutex_unlock(&there->queue.lock);
	prod(there);
}

void sched_start(struct vcpu *v, struct pcpu *p)
{
	atomic_store(&v->home, p);
	push(&p->queue, v);
}

void sched_wake(struct vcpu *v)
{
	struct pcpu *p = lock_home(v);

	if (v->sched == SCHED_BLOCKED) {
		make_runnable(v, p);
		return;
	}
	v->wake_latched = true;
	pthread_mutex_unlock(&p->queue.lock);
}

void sched_leave(struct pcpu *p, struct vcpu *v)
{
	pthread_mutex_lock(&p->queue.lock);
	if (!v->is_blocked || v->wake_latched) {
		make_runnable(v, p);
		return;
	}
	v->sched = SCHED_BLOCKED;
	pthread_mutex_unlock(&p->queue.lock);
}

/* From the longest queue of another. */
static struct vcpu *steal(struct pcpu *p)
{
	struct pcpu *busiest = NULL;
	unsigned int most = 0;
	struct vcpu *v;

	for (uint32_t i = 0; i < run.options->pcpus; i++) {
		unsigned int length = atomic_load(&run.pcpus[i].queue.length);

		if (length > most) {
			most = length;
			busiest = &run.pcpus[i];
		}
	}
	if (!busiest)
		return NULL;
	pthread_mutex_lock(&busiest->queue.lock);
	v = pop(&busiest->queue);
	if (v) {
		v->migrations += busiest != p;
		atomic_store(&v->home, p);
	}
	pthread_mutex_unlock(&busiest->queue.lock);
	return v;
}

struct vcpu *sched_next(struct pcpu *p)
{
	struct vcpu *v;

	pthread_mutex_lock(&p->queue.lock);
	v = pop(&p->queue);
	pthread_mutex_unlock(&p->queue.lock);
	if (!v)
		v = steal(p);
	if (v)
		return v;
	pthread_mutex_lock(&p->queue.lock);
	v = pop(&p->queue);
	atomic_store(&p->idle, !v);
	pthread_mutex_unlock(&p->queue.lock);
	return v;
}
