/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "machine.h"

static void
intercept(struct machine *machine, uint32_t msr, bool write, bool on)
{
	uint8_t *byte = &machine->bitmap[(write ? 2048 : 0) + msr / 8];

	if (on)
		*byte |= (uint8_t)(1u << (msr % 8));
	else
		*byte &= (uint8_t) ~(1u << (msr % 8));
}

/* All MSRs exit but those that "virtualize x2APIC mode" virtualizes. */
static void make_bitmap(struct machine *machine)
{
	uint32_t msr;

	memset(machine->bitmap, 0xff, sizeof(machine->bitmap));
	for (msr = VIC_MSR_X2APIC; msr <= VIC_MSR_X2APIC_END; msr++)
		intercept(machine, msr, false, false);
	intercept(machine, 0x808, true, false);
	intercept(machine, 0x80b, true, false);
	intercept(machine, 0x83f, true, false);
}

void machine_make(struct machine *machine, enum machine_kind kind)
{
	struct vtx_vmcs *vmcs = &machine->vmcs;

	memset(machine, 0, sizeof(*machine));
	vtx_pcpu_init(&machine->cpu, 3);
	machine->cpu.nowait = true;
	make_bitmap(machine);
	machine->pid.control = (uint64_t)NV << VIC_PID_NV_SHIFT |
			       UINT64_C(3) << VIC_PID_NDST_SHIFT;
	vmcs->pin_based = VTX_PIN_EXTERNAL_INTERRUPT_EXITING;
	vmcs->exit_controls = VTX_EXIT_CTL_ACKNOWLEDGE_INTERRUPT;
	vmcs->primary = VTX_PROC_USE_MSR_BITMAPS | VTX_PROC_ACTIVATE_SECONDARY;
	vmcs->virtual_apic = machine->page;
	vmcs->pid = &machine->pid;
	vmcs->notification_vector = NV;
	vmcs->msr_bitmap = machine->bitmap;
	vmcs->rflags = VTX_RFLAGS_IF | 2;
	if (kind == PLAIN)
		return;
	vmcs->primary |= VTX_PROC_USE_TPR_SHADOW;
	vmcs->secondary = kind == X2APIC ? VTX_PROC2_VIRTUALIZE_X2APIC_MODE
					 : VTX_PROC2_VIRTUALIZE_APIC_ACCESSES;
	if (kind == SHADOW)
		return;
	vmcs->secondary |= VTX_PROC2_APIC_REGISTER_VIRTUALIZATION |
			   VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
	vmcs->pin_based |= VTX_PIN_PROCESS_POSTED_INTERRUPTS;
}

uint32_t machine_reg(const struct machine *machine, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, machine->page + offset, sizeof(value));
	return value;
}

void machine_set_reg(struct machine *machine, uint32_t offset, uint32_t value)
{
	memcpy(machine->page + offset, &value, sizeof(value));
}

bool machine_bit(const struct machine *machine, uint32_t base, uint8_t vector)
{
	return machine_reg(machine, base + vector / 32 * 16u) >> (vector % 32) &
	       1;
}

void machine_set_bit(struct machine *machine, uint32_t base, uint8_t vector)
{
	uint32_t offset = base + vector / 32 * 16u;

	machine_set_reg(machine, offset,
			machine_reg(machine, offset) | 1u << (vector % 32));
}

uint8_t machine_rvi(const struct machine *machine)
{
	return (uint8_t)machine->vmcs.interrupt_status;
}

uint8_t machine_svi(const struct machine *machine)
{
	return (uint8_t)(machine->vmcs.interrupt_status >> 8);
}

void machine_set_status(struct machine *machine, uint8_t svi, uint8_t rvi)
{
	machine->vmcs.interrupt_status = (uint16_t)(svi << 8 | rvi);
}

void machine_request(struct machine *machine, uint8_t vector)
{
	machine_set_bit(machine, VIC_APIC_IRR, vector);
	if (vector > machine_rvi(machine))
		machine_set_status(machine, machine_svi(machine), vector);
}

struct vtx_notification machine_post(struct machine *machine, uint8_t vector)
{
	struct vtx_notification done =
		vtx_device_post(&machine->pid, vector, false, NULL);

	if (done.notify)
		vtx_ipi(&machine->cpu, done.vector);
	return done;
}

void machine_exit(struct machine *machine)
{
	assert_exits(machine, vtx_vmcall(&machine->cpu), VTX_EXIT_VMCALL);
}
