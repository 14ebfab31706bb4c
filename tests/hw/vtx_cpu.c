/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The processor seen from the host: its physical interrupts, as far as
 * notification needs them. An interrupt is in service for no time: it is
 * acknowledged and its EOI done in one.
 */

#define _POSIX_C_SOURCE 200809L

#include "vtx_priv.h"

#include <time.h>

void vtx_pcpu_init(struct vtx_pcpu *cpu, uint32_t apic_id)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->apic_id = apic_id;
	pthread_mutex_init(&cpu->lock, NULL);
	pthread_cond_init(&cpu->wake, NULL);
}

void vtx_pcpu_destroy(struct vtx_pcpu *cpu)
{
	pthread_cond_destroy(&cpu->wake);
	pthread_mutex_destroy(&cpu->lock);
}

bool vtx_ipi(struct vtx_pcpu *cpu, uint8_t vector)
{
	uint64_t bit = UINT64_C(1) << (vector % 64);
	uint64_t old;

	assert(vector >= VIC_VECTOR_MIN);
	/* Under the lock, so that it cannot fall between test and sleep. */
	pthread_mutex_lock(&cpu->lock);
	old = __atomic_fetch_or(&cpu->pending[vector / 64], bit,
				__ATOMIC_SEQ_CST);
	pthread_cond_broadcast(&cpu->wake);
	pthread_mutex_unlock(&cpu->lock);
	return !(old & bit);
}

uint8_t vtx_highest(const struct vtx_pcpu *cpu)
{
	int i;

	for (i = 3; i >= 0; i--) {
		uint64_t bits =
			__atomic_load_n(&cpu->pending[i], __ATOMIC_SEQ_CST);

		if (bits)
			return (uint8_t)(i * 64 + 63 - __builtin_clzll(bits));
	}
	return 0;
}

bool vtx_acknowledge(struct vtx_pcpu *cpu, uint8_t vector)
{
	uint64_t bit = UINT64_C(1) << (vector % 64);

	return __atomic_fetch_and(&cpu->pending[vector / 64], ~bit,
				  __ATOMIC_SEQ_CST) &
	       bit;
}

bool vtx_pending(const struct vtx_pcpu *cpu)
{
	return vtx_highest(cpu);
}

uint8_t vtx_host_interrupt(struct vtx_pcpu *cpu)
{
	uint8_t vector = vtx_highest(cpu);

	if (vector)
		vtx_acknowledge(cpu, vector);
	return vector;
}

static struct timespec deadline(int milliseconds)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += milliseconds / 1000;
	at.tv_nsec += milliseconds % 1000 * 1000000L;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000L;
	}
	return at;
}

bool vtx_sleep(struct vtx_pcpu *cpu, int milliseconds)
{
	struct timespec at = {0};
	int error = 0;

	if (milliseconds >= 0)
		at = deadline(milliseconds);
	pthread_mutex_lock(&cpu->lock);
	while (!vtx_pending(cpu) && !error)
		error = milliseconds < 0
				? pthread_cond_wait(&cpu->wake, &cpu->lock)
				: pthread_cond_timedwait(&cpu->wake, &cpu->lock,
							 &at);
	pthread_mutex_unlock(&cpu->lock);
	return vtx_pending(cpu);
}
