/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The guest's instructions, and the loop of an embedder around them. */
#include "hw_world.h"

#include <string.h>

#define REFUSALS 4

static bool in_x2apic(const struct apic_cpu *c)
{
	return vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD;
}

void hw_leave(struct apic_cpu *c, bool kicked)
{
	vic_lapic_exit(c->lapic, c->hw->vmcs.interrupt_status, kicked);
	c->state = VIC_HOST;
}

static void serve_eoi(struct apic_world *w, struct apic_cpu *c, uint8_t vector)
{
	bool level = apic_bit(c, VIC_APIC_TMR, vector);
	uint32_t eois = c->seen.eois;

	if (apic_reg(c, VIC_APIC_SVR) & VIC_SVR_SUPPRESS || !w->ops.eoi)
		level = false;
	vic_lapic_eoi_exit(c->lapic, vector);
	REQUIRE(c->seen.eois == eois + level);
	if (level)
		REQUIRE(c->seen.eoi_vector == vector);
}

/* In HOST, for the reason that the VMCS has. */
static void serve(struct apic_world *w, struct apic_cpu *c)
{
	const struct vtx_vmcs *vmcs = &c->hw->vmcs;
	uint32_t qualification = (uint32_t)vmcs->exit_qualification;
	uint32_t offset = qualification & VTX_QUAL_APIC_OFFSET;
	uint64_t value;

	c->hw->must_scan = true;
	switch (vmcs->exit_reason) {
	case VTX_EXIT_RDMSR:
		REQUIRE(vic_lapic_msr_read(c->lapic, vmcs->msr, &value) !=
				VIC_ACCESS_FOREIGN ||
			vmcs->msr == VIC_MSR_TSC_DEADLINE);
		break;
	case VTX_EXIT_WRMSR:
		apic_wrmsr(w, c, vmcs->msr, vmcs->value);
		break;
	case VTX_EXIT_APIC_ACCESS:
		if (qualification & VTX_QUAL_APIC_WRITE)
			apic_store(w, c, offset, 4, vmcs->value);
		else
			REQUIRE(vic_lapic_mmio_read(c->lapic, offset, 4,
						    &value) == VIC_ACCESS_DONE);
		break;
	case VTX_EXIT_VIRTUALIZED_EOI:
		serve_eoi(w, c, (uint8_t)qualification);
		break;
	case VTX_EXIT_APIC_WRITE:
		REQUIRE(vic_lapic_write_exit(c->lapic, offset) ==
			VIC_ACCESS_DONE);
		break;
	default:
		REQUIRE(vmcs->exit_reason == VTX_EXIT_EXTERNAL_INTERRUPT ||
			vmcs->exit_reason == VTX_EXIT_HLT);
		c->hw->must_scan = false;
		break;
	}
}

/* A write to ICR, without leaving POSTED: whether that did. */
static bool serve_fast(struct apic_world *w, struct apic_cpu *c)
{
	struct vtx_vmcs *vmcs = &c->hw->vmcs;
	const uint32_t msr = VIC_MSR_X2APIC + VIC_APIC_ICR_LO / 16;
	uint64_t value = apic_reg(c, VIC_APIC_ICR_LO);
	uint8_t vector = 0;
	enum vic_fast fast;

	if (vmcs->exit_reason == VTX_EXIT_WRMSR && vmcs->msr == msr)
		value = vmcs->value;
	else if (vmcs->exit_reason != VTX_EXIT_APIC_WRITE ||
		 vmcs->exit_qualification != VIC_APIC_ICR_LO)
		return false;
	if (input_u8(&w->input) & 1)
		return false;
	apic_copy_take(w, &w->before);
	fast = vic_lapic_icr_fast(c->lapic, value, &vector);
	if (fast == VIC_FAST_EXIT) {
		REQUIRE(apic_copy_equal(w, &w->before));
		return false;
	}
	if (fast == VIC_FAST_SELF) {
		REQUIRE(apic_bit(c, VIC_APIC_IRR, vector));
		if (vector > (uint8_t)vmcs->interrupt_status)
			vmcs->interrupt_status =
				(uint16_t)((vmcs->interrupt_status & 0xff00) |
					   vector);
	}
	return true;
}

static void
after(struct apic_world *w, struct apic_cpu *c, enum vtx_result result)
{
	struct vtx_vmcs *vmcs = &c->hw->vmcs;
	struct hw_pcpu *p = c->hw->at;
	bool kicked = false;

	/* What the guest itself did may post. */
	if (result == VTX_VECTOR)
		hw_delivered(c, p->cpu.vector);
	else if (p->cpu.retired || result == VTX_EXIT)
		hw_forget(w);
	while (result == VTX_EXIT && serve_fast(w, c)) {
		hw_flush(w);
		result = vtx_enter(&p->cpu, vmcs);
	}
	REQUIRE(result != VTX_FAILED);
	if (result != VTX_EXIT)
		return;
	if (vmcs->exit_reason == VTX_EXIT_EXTERNAL_INTERRUPT) {
		kicked = (uint8_t)vmcs->exit_info == HW_KICK;
		hw_host_vector(w, p, (uint8_t)vmcs->exit_info);
	}
	hw_leave(c, kicked);
	serve(w, c);
}

/* Who runs there already is preempted. */
static struct hw_pcpu *
get_pcpu(struct apic_world *w, struct apic_cpu *c, uint32_t what)
{
	if (!c->hw->at || c->hw->put || what & 2) {
		c->hw->at = &w->hw->pcpu[what & 1];
		c->hw->put = false;
		vic_vcpu_load(c->vcpu, c->hw->at->pcpu);
	}
	for (uint32_t i = 0; i < w->count; i++) {
		struct apic_cpu *other = &w->cpu[i];

		if (other != c && other->hw->at == c->hw->at &&
		    other->state != VIC_BLOCKED)
			apic_come_home(other);
	}
	return c->hw->at;
}

/* What a scan would have to tell that an entry waits for. */
static bool tells(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t drift = w->drift, flags;
	struct vic_work work;

	apic_copy_take(w, &w->before);
	w->drift = 0;
	flags = vic_lapic_scan(c->lapic, 0, &work);
	w->drift = drift;
	w->nows = 0;
	apic_copy_put_back(w, &w->before);
	return flags & (VIC_WORK_EOI_EXIT | VIC_WORK_TIMER);
}

bool hw_go(struct apic_world *w, struct apic_cpu *c, uint16_t *status)
{
	bool waits = tells(w, c), news;
	struct vic_vcpu_inbox inbox;
	struct vic_work work;
	enum vic_enter got;

	vic_vcpu_peek(c->vcpu, &inbox);
	news = inbox.request_new;
	if (c->hw->must_scan || (news && waits)) {
		apic_look(w, c, 7, &work);
		waits = tells(w, c);
		news = false;
	}
	c->signals = c->seen.kicks;
	got = vic_lapic_enter(c->lapic, status);
	if (waits || (news && c->refusals < REFUSALS))
		REQUIRE(got == VIC_ENTER_AGAIN);
	else
		REQUIRE(got == (news ? VIC_ENTER_EXIT : VIC_ENTER_GUEST));
	if (got == VIC_ENTER_AGAIN) {
		/* Four times in a row, but not for what a scan tells. */
		c->refusals += !waits;
		return false;
	}
	c->refusals = 0;
	REQUIRE((uint8_t)*status == apic_top(c, VIC_APIC_IRR));
	REQUIRE(*status >> 8 == apic_top(c, VIC_APIC_ISR));
	c->immediate = got == VIC_ENTER_EXIT;
	c->state = VIC_POSTED;
	return true;
}

static void set_controls(struct apic_cpu *c, bool hlt_exits)
{
	struct vtx_vmcs *vmcs = &c->hw->vmcs;

	vmcs->secondary = VTX_PROC2_APIC_REGISTER_VIRTUALIZATION |
			  VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY;
	vmcs->primary &= ~(VTX_PROC_USE_MSR_BITMAPS | VTX_PROC_HLT_EXITING);
	if (in_x2apic(c)) {
		vmcs->secondary |= VTX_PROC2_VIRTUALIZE_X2APIC_MODE;
		vmcs->primary |= VTX_PROC_USE_MSR_BITMAPS;
	} else {
		vmcs->secondary |= VTX_PROC2_VIRTUALIZE_APIC_ACCESSES;
	}
	if (hlt_exits)
		vmcs->primary |= VTX_PROC_HLT_EXITING;
}

void hw_enter(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t what = input_u8(&w->input);
	struct vic_work work;
	struct hw_pcpu *p;

	apic_come_home(c);
	/* <vic/lapic.h>: run no guest code. */
	if (c->waits)
		return;
	p = get_pcpu(w, c, what);
	if (c->hw->must_scan || what & 4)
		apic_look(w, c, what >> 4 & 7, &work);
	if (!vic_lapic_posting(c->lapic)) {
		apic_enter(w, c);
		return;
	}
	if (!hw_go(w, c, &c->hw->vmcs.interrupt_status))
		return;
	set_controls(c, what & 8);
	hw_flush(w);
	if (c->immediate)
		vtx_ipi(&p->cpu, HW_KICK);
	after(w, c, vtx_enter(&p->cpu, &c->hw->vmcs));
	memcpy(c->hw->page, c->page, sizeof(c->hw->page));
}

/* A write to a register by the door that the mode has. */
static enum vtx_result
put(struct apic_cpu *c, struct vtx_pcpu *cpu, uint32_t offset, uint64_t value)
{
	if (in_x2apic(c))
		return vtx_wrmsr(cpu, VIC_MSR_X2APIC + offset / 16, value);
	return vtx_store(cpu, offset, (uint32_t)value);
}

static enum vtx_result
get(struct apic_cpu *c, struct vtx_pcpu *cpu, uint32_t offset)
{
	uint64_t wide;
	uint32_t value;

	if (in_x2apic(c))
		return vtx_rdmsr(cpu, VIC_MSR_X2APIC + offset / 16, &wide);
	return vtx_load(cpu, offset, &value);
}

static enum vtx_result
self_ipi(struct apic_cpu *c, struct vtx_pcpu *cpu, uint8_t vector)
{
	if (in_x2apic(c))
		return put(c, cpu, VIC_APIC_SELF_IPI, vector);
	return put(c, cpu, VIC_APIC_ICR_LO, VIC_ICR_SELF | vector);
}

static enum vtx_result
ipi(struct apic_world *w, struct apic_cpu *c, struct vtx_pcpu *cpu)
{
	uint64_t icr = input_u8(&w->input);
	uint32_t what = input_u8(&w->input);
	uint64_t dest = w->cpu[(what >> 5) % w->count].id;

	if (what & 1)
		icr |= (uint64_t)input_u32(&w->input) << 8 & 0xffffff00;
	if (what & 2)
		icr |= VIC_ICR_ASSERT;
	icr |= (uint64_t)(what >> 3 & 3) << VIC_ICR_SHORTHAND_SHIFT;
	if (in_x2apic(c))
		return put(c, cpu, VIC_APIC_ICR_LO, icr | dest << 32);
	if (what & 4)
		return put(c, cpu, VIC_APIC_ICR_HI, dest << 24);
	return put(c, cpu, VIC_APIC_ICR_LO, icr);
}

static enum vtx_result
instruction(struct apic_world *w, struct apic_cpu *c, struct vtx_pcpu *cpu)
{
	uint32_t what = input_u8(&w->input), offset;

	switch (what & 15) {
	case 0:
		return vtx_sti(cpu);
	case 1:
		return vtx_cli(cpu);
	case 2:
		return vtx_hlt(cpu);
	case 3:
		return vtx_iret(cpu, true);
	case 4:
		return vtx_mov_to_cr8(cpu, what >> 4);
	case 5:
	case 6:
		w->line_stays = what >> 4 & 1;
		return put(c, cpu, VIC_APIC_EOI, 0);
	case 7:
		return put(c, cpu, VIC_APIC_TPR, input_u8(&w->input));
	case 8:
		return self_ipi(c, cpu, input_u8(&w->input));
	case 9:
	case 10:
		return ipi(w, c, cpu);
	case 11:
		offset = (uint32_t)input_u8(&w->input) << 4;
		return get(c, cpu, offset);
	case 12:
	case 13:
		offset = (uint32_t)(input_u8(&w->input) & 63) << 4;
		return put(c, cpu, offset, input_u32(&w->input));
	case 14:
		if (what >> 4 > 12)
			return vtx_wrmsr(cpu, VIC_MSR_APIC_BASE,
					 vic_lapic_base(c->lapic) ^
						 (what & 0x30) << 6);
		return vtx_wrmsr(cpu, VIC_MSR_TSC_DEADLINE,
				 w->clock[VIC_CLOCK_TSC] + (what >> 4));
	default:
		return vtx_step(cpu);
	}
}

void hw_guest(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t left = 1 + input_below(&w->input, 4);

	while (left-- && c->state == VIC_POSTED) {
		hw_flush(w);
		w->nows = 0;
		after(w, c, instruction(w, c, &c->hw->at->cpu));
	}
	memcpy(c->hw->page, c->page, sizeof(c->hw->page));
}

void hw_eoi_exit(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t vector = input_u8(&w->input);

	apic_come_home(c);
	w->line_stays = input_u8(&w->input) & 1;
	/* It says that the EOI is done. */
	if (!vic_lapic_posting(c->lapic) || apic_bit(c, VIC_APIC_ISR, vector))
		return;
	serve_eoi(w, c, vector);
	c->hw->must_scan = true;
}
