/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * PSCI 1.1 (DEN 0022) for the vCPUs, by SMC or HVC. The firmware's is not
 * asked: vCPUs are not physical CPUs.
 */
#include "el2.h"

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
/* Hypervisor's own: the number of exits of the calling vCPU. */
#define VENDOR_EXITS 0x86000000u
#define SMC64 0x40000000u

#define VERSION_1_1 0x10001u
#define NO_MIGRATION_NEEDED 2u
#define AFFINITY_ON 0u
#define AFFINITY_OFF 1u
#define SUCCESS 0u
#define NOT_SUPPORTED ((uint64_t)-1)
#define INVALID_PARAMETERS ((uint64_t)-2)
#define ALREADY_ON ((uint64_t)-4)

#define MPIDR_AFFINITY 0xff00ffffffull

static struct vcpu *find(uint64_t mpidr)
{
	uint64_t index = (mpidr & MPIDR_AFFINITY) - options.aff0;

	return index < options.vcpus ? &vcpus[index] : NULL;
}

static uint64_t cpu_on(const uint64_t *x)
{
	struct vcpu *target = find(x[1]);

	if (!target)
		return INVALID_PARAMETERS;
	return sched_on(target, x[2], x[3]) ? SUCCESS : ALREADY_ON;
}

static uint64_t affinity_info(const uint64_t *x)
{
	struct vcpu *target = find(x[1]);

	if (!target || x[2])
		return INVALID_PARAMETERS;
	return sched_is_off(target) ? AFFINITY_OFF : AFFINITY_ON;
}

static uint64_t features(uint32_t function)
{
	switch (function) {
	case PSCI_VERSION:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMC64:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMC64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
		return SUCCESS;
	}
	return NOT_SUPPORTED;
}

static _Noreturn void system_off(const struct pcpu *pcpu, uint32_t status)
{
	if (options.stats) {
		dump_stop_others(pcpu);
		dump_stats();
	}
	power_off(status);
}

void psci_call(struct pcpu *pcpu, struct vcpu *vcpu)
{
	uint64_t *x = vcpu->context.x;

	switch ((uint32_t)x[0]) {
	case PSCI_VERSION:
		x[0] = VERSION_1_1;
		break;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMC64:
		x[0] = cpu_on(x);
		break;
	case PSCI_CPU_OFF:
		sched_off(pcpu, vcpu);
		break;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMC64:
		x[0] = affinity_info(x);
		break;
	case PSCI_MIGRATE_INFO_TYPE:
		x[0] = NO_MIGRATION_NEEDED;
		break;
	case PSCI_SYSTEM_OFF:
		system_off(pcpu, 0);
	case PSCI_SYSTEM_RESET:
		say("the guest wanted a reset");
		system_off(pcpu, 1);
	case PSCI_FEATURES:
		x[0] = features((uint32_t)x[1]);
		break;
	case VENDOR_EXITS:
	case VENDOR_EXITS | SMC64:
		x[0] = vcpu->exits_irq + vcpu->exits_sync;
		break;
	default:
		x[0] = NOT_SUPPORTED;
	}
}
