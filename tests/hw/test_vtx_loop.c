/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The loop of README.md, with the smallest VMM that has tables: x2APIC, full
 * virtualization, one device with a level-triggered interrupt.
 */

#include "machine.h"

#define LEVEL 0x41
#define EDGE 0x51
#define LAST 0x61

struct vcpu {
	struct machine m;
	/** What the guest's handlers and the VMM saw. */
	int taken[256];
	int eois[256];
	int physical;
};

typedef enum vtx_result instruction(struct vtx_pcpu *cpu);

static void guest_handler(struct vcpu *vcpu, uint8_t vector);

/* The VMM's part: true if it carried out the instruction that exited. */
static bool vmm_exit(struct vcpu *vcpu, const struct vtx_vmcs *vmcs)
{
	switch (vmcs->exit_reason) {
	case VTX_EXIT_VIRTUALIZED_EOI:
		vcpu->eois[vmcs->exit_qualification]++;
		return false;
	case VTX_EXIT_VMCALL:
		return true;
	default:
		assert_int_equal(vmcs->exit_reason,
				 VTX_EXIT_EXTERNAL_INTERRUPT);
		return false;
	}
}

/* One instruction of the guest, with all that comes before and after it. */
static void execute(struct vcpu *vcpu, instruction *call)
{
	struct vtx_pcpu *cpu = &vcpu->m.cpu;
	struct vtx_vmcs *vmcs = &vcpu->m.vmcs;
	bool done;

	do {
		enum vtx_result result = call(cpu);

		done = cpu->retired;
		while (result == VTX_EXIT || result == VTX_HALTED) {
			if (result == VTX_HALTED) {
				result = vtx_wait(cpu);
				continue;
			}
			done |= vmm_exit(vcpu, vmcs);
			result = vtx_enter(cpu, vmcs);
		}
		if (result == VTX_VECTOR) {
			guest_handler(vcpu, cpu->vector);
		} else if (result != VTX_OK) {
			vcpu->physical += result == VTX_PHYSICAL;
			done = true;
		}
	} while (!done);
}

static enum vtx_result write_eoi(struct vtx_pcpu *cpu)
{
	return vtx_wrmsr(cpu, 0x80b, 0);
}

static enum vtx_result write_icr(struct vtx_pcpu *cpu)
{
	return vtx_wrmsr(cpu, 0x830, 0x100000041);
}

static enum vtx_result iret(struct vtx_pcpu *cpu)
{
	return vtx_iret(cpu, true);
}

static void guest_handler(struct vcpu *vcpu, uint8_t vector)
{
	vcpu->taken[vector]++;
	execute(vcpu, write_eoi);
	execute(vcpu, iret);
}

static void *device(void *arg)
{
	struct machine *m = arg;

	machine_post(m, LEVEL);
	machine_post(m, EDGE);
	vtx_ipi(&m->cpu, HOST_VECTOR);
	machine_post(m, LAST);
	return NULL;
}

static void start(struct vcpu *vcpu)
{
	memset(vcpu, 0, sizeof(*vcpu));
	machine_make(&vcpu->m, X2APIC);
	vcpu->m.cpu.nowait = false;
	vcpu->m.vmcs.eoi_exit[LEVEL / 64] = UINT64_C(1) << (LEVEL % 64);
	assert_carries_on(vtx_enter(&vcpu->m.cpu, &vcpu->m.vmcs));
}

static void a_guest_runs_and_halts_until_all_has_come(void **state)
{
	static struct vcpu vcpu;
	pthread_t thread;

	(void)state;
	start(&vcpu);
	assert_int_equal(pthread_create(&thread, NULL, device, &vcpu.m), 0);
	while (!vcpu.taken[LAST]) {
		execute(&vcpu, vtx_cli);
		execute(&vcpu, vtx_vmcall);
		if (!vcpu.taken[LAST]) {
			execute(&vcpu, vtx_sti);
			execute(&vcpu, vtx_hlt);
		}
	}
	pthread_join(thread, NULL);
	execute(&vcpu, vtx_sti);
	while (vtx_pending(&vcpu.m.cpu) || !vcpu.taken[EDGE] ||
	       !vcpu.taken[LEVEL])
		execute(&vcpu, vtx_step);
	assert_int_equal(vcpu.taken[LEVEL], 1);
	assert_int_equal(vcpu.taken[EDGE], 1);
	assert_int_equal(vcpu.taken[LAST], 1);
	assert_int_equal(vcpu.eois[LEVEL], 1);
	assert_int_equal(vcpu.eois[EDGE], 0);
	assert_int_equal(vcpu.m.vmcs.stats.exits[VTX_EXIT_EXTERNAL_INTERRUPT],
			 1);
	assert_int_equal(vcpu.physical, 0);
}

/* A write bitmap that lets ICR through is a VMM's mistake. */
static void a_hole_in_the_tables_shows(void **state)
{
	static struct vcpu vcpu;

	(void)state;
	start(&vcpu);
	vcpu.m.bitmap[2048 + 0x830 / 8] &= (uint8_t) ~(1u << (0x830 % 8));
	execute(&vcpu, write_icr);
	assert_int_equal(vcpu.physical, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_runs_and_halts_until_all_has_come),
		cmocka_unit_test(a_hole_in_the_tables_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
