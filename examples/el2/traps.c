/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What the guest did that EL2 has to do for it. */
#include "el2.h"

#define ESR_EC_SHIFT 26
#define EC_WFX 0x01
#define EC_HVC 0x16
#define EC_SMC 0x17
#define EC_SYSREG 0x18
#define EC_DATA_ABORT_LOWER 0x24

/* ISS of a data abort. */
#define ISS_ISV (1u << 24)
#define ISS_SAS_SHIFT 22
#define ISS_SSE (1u << 21)
#define ISS_SRT_SHIFT 16
#define ISS_SF (1u << 15)
#define ISS_WNR (1u << 6)
/* ISS of WFI and WFE; of MSR and MRS. */
#define ISS_TI_WFE 1u
#define ISS_READ 1u

#define HPFAR_FIPA 0xffffffffff0ull
#define XZR 31

/* Exceptions that EL1 takes from EL1h, and from EL0. */
#define VECTOR_EL1H_SYNC 0x200
#define VECTOR_EL0_SYNC 0x400
#define PSTATE_MODE 0xfu
#define PSTATE_EL1H_MASKED 0x3c5u
#define ESR_IL (1u << 25)
#define ESR_UNKNOWN (0u << ESR_EC_SHIFT)
/* A synchronous external abort, from EL0; one more in EC from EL1. */
#define ESR_DATA_ABORT (0x24u << ESR_EC_SHIFT | 0x10u)
#define ESR_SAME_EL (1u << ESR_EC_SHIFT)

static _Noreturn void die_of(const struct vcpu *vcpu, const char *what)
{
	die("vCPU %u: %s: ESR 0x%lx, ELR 0x%lx, FAR 0x%lx, HPFAR 0x%lx",
	    vcpu->index, what, sysreg_read(esr_el2), vcpu->context.pc,
	    sysreg_read(far_el2), sysreg_read(hpfar_el2));
}

static uint64_t register_read(const struct vcpu *vcpu, uint32_t rt)
{
	return rt == XZR ? 0 : vcpu->context.x[rt];
}

static void register_write(struct vcpu *vcpu, uint32_t rt, uint64_t value)
{
	if (rt != XZR)
		vcpu->context.x[rt] = value;
}

static void skip(struct vcpu *vcpu)
{
	vcpu->context.pc += 4;
}

/* The EL1 registers of the vCPU are in the hardware. */
static void inject(struct vcpu *vcpu, uint32_t esr)
{
	struct context *context = &vcpu->context;
	bool from_el0 = !(context->pstate & PSTATE_MODE);

	sysreg_write(esr_el1, esr | ESR_IL);
	sysreg_write(elr_el1, context->pc);
	sysreg_write(spsr_el1, context->pstate);
	context->pc = sysreg_read(vbar_el1) +
		      (from_el0 ? VECTOR_EL0_SYNC : VECTOR_EL1H_SYNC);
	context->pstate = PSTATE_EL1H_MASKED;
}

static void inject_abort(struct vcpu *vcpu)
{
	bool from_el0 = !(vcpu->context.pstate & PSTATE_MODE);

	sysreg_write(far_el1, sysreg_read(far_el2));
	inject(vcpu, ESR_DATA_ABORT | (from_el0 ? 0 : ESR_SAME_EL));
}

static uint64_t extend(uint64_t value, uint32_t iss, uint32_t len)
{
	uint64_t sign = 1ull << (len * 8 - 1);

	if (len < 8)
		value &= sign * 2 - 1;
	if (iss & ISS_SSE)
		value = (value ^ sign) - sign;
	return iss & ISS_SF ? value : (uint32_t)value;
}

static void data_abort(struct vcpu *vcpu, uint32_t iss)
{
	uint64_t ipa = (sysreg_read(hpfar_el2) & HPFAR_FIPA) << 8 |
		       (sysreg_read(far_el2) & 0xfff);
	uint32_t len = 1u << (iss >> ISS_SAS_SHIFT & 3);
	uint32_t rt = iss >> ISS_SRT_SHIFT & 0x1f;
	enum vic_access access;
	uint64_t value;

	if (!(iss & ISS_ISV))
		die_of(vcpu, "an access to a device that is no plain "
			     "load or store");
	if (iss & ISS_WNR) {
		value = extend(register_read(vcpu, rt), ISS_SF, len);
		access = vic_gic_mmio_write(vcpu->gicr, ipa, len, value);
	} else {
		access = vic_gic_mmio_read(vcpu->gicr, ipa, len, &value);
	}
	switch (access) {
	case VIC_ACCESS_DONE:
		if (!(iss & ISS_WNR))
			register_write(vcpu, rt, extend(value, iss, len));
		skip(vcpu);
		break;
	case VIC_ACCESS_FAULT:
		inject_abort(vcpu);
		break;
	case VIC_ACCESS_RETRY:
		/* The guest runs the same instruction again. */
		break;
	case VIC_ACCESS_FOREIGN:
		die_of(vcpu, "there is nothing at this address");
	}
}

static bool sends_sgi(uint32_t sysreg)
{
	return sysreg == VIC_ICC_SGI1R_EL1 || sysreg == VIC_ICC_SGI0R_EL1 ||
	       sysreg == VIC_ICC_ASGI1R_EL1;
}

static void system_register(struct pcpu *pcpu, struct vcpu *vcpu, uint32_t iss)
{
	uint32_t sysreg =
		VIC_SYSREG(iss >> 20 & 3, iss >> 14 & 7, iss >> 10 & 0xf,
			   iss >> 1 & 0xf, iss >> 17 & 7);
	uint32_t rt = iss >> 5 & 0x1f;
	enum vic_access access;
	uint64_t value = 0;

	if (iss & ISS_READ) {
		access = vic_gic_sysreg_read(vcpu->gicr, sysreg, &value);
		if (access == VIC_ACCESS_DONE)
			register_write(vcpu, rt, value);
	} else {
		access = vic_gic_sysreg_write(vcpu->gicr, sysreg,
					      register_read(vcpu, rt));
		if (sends_sgi(sysreg))
			sched_hurry(pcpu);
	}
	if (access == VIC_ACCESS_DONE)
		skip(vcpu);
	else if (access == VIC_ACCESS_FAULT)
		inject(vcpu, ESR_UNKNOWN);
	else
		die_of(vcpu, "an access to a system register that is not "
			     "emulated");
}

void trap_handle(struct pcpu *pcpu, struct vcpu *vcpu)
{
	uint64_t esr = sysreg_read(esr_el2);
	uint32_t iss = (uint32_t)esr & 0x1ffffff;

	switch (esr >> ESR_EC_SHIFT & 0x3f) {
	case EC_DATA_ABORT_LOWER:
		data_abort(vcpu, iss);
		break;
	case EC_SYSREG:
		system_register(pcpu, vcpu, iss);
		break;
	case EC_WFX:
		skip(vcpu);
		if (!(iss & ISS_TI_WFE) && vgic_block(vcpu))
			sched_block(vcpu);
		break;
	case EC_SMC:
		skip(vcpu);
		psci_call(pcpu, vcpu);
		break;
	case EC_HVC:
		psci_call(pcpu, vcpu);
		break;
	default:
		die_of(vcpu, "an exception that is not known");
	}
}
