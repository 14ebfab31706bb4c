/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Instructions that a KVM without VT-x or SVM cannot emulate and that
 * kernels use before they know it: INT3 and INT n, FWAIT, LDMXCSR and
 * RDSSP, all at CPL 0 only. A KVM with either runs them on the processor, and
 * nothing of this is used.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "vm.h"

#define VECTOR_NM 7
#define VECTOR_BP 3

#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_EM (1u << 2)
#define CR0_TS (1u << 3)
#define CR4_OSFXSR (1u << 9)
#define CR4_CET (1u << 23)
#define RFLAGS_TF (1u << 8)
#define RFLAGS_VM (1u << 17)
/* FPU status word: an exception that is not masked is pending. */
#define FSW_ES (1u << 7)

/* Words of the XSAVE area. */
#define XSAVE_MXCSR (24 / 4)
#define XSAVE_MXCSR_MASK (28 / 4)
#define XSAVE_XSTATE_BV (512 / 4)
#define XSTATE_SSE (1u << 1)

#define REX_B (1u << 0)
#define REX_X (1u << 1)

struct emulation {
	struct cpu *cpu;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	const uint8_t *bytes;
	uint32_t size;
};

static bool begin(struct emulation *emulation, struct cpu *cpu)
{
	const struct kvm_run *run = cpu->run;
	const struct kvm_vcpu_events *events = &emulation->events;

	if (run->emulation_failure.ndata < 3 ||
	    !(run->emulation_failure.flags &
	      KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES))
		return false;
	emulation->cpu = cpu;
	emulation->bytes = run->emulation_failure.insn_bytes;
	emulation->size = run->emulation_failure.insn_size;
	if (emulation->size > sizeof(run->emulation_failure.insn_bytes))
		return false;
	cpu_ioctl(cpu, KVM_GET_REGS, &emulation->regs, "KVM_GET_REGS");
	cpu_ioctl(cpu, KVM_GET_SREGS, &emulation->sregs, "KVM_GET_SREGS");
	cpu_ioctl(cpu, KVM_GET_VCPU_EVENTS, &emulation->events,
		  "KVM_GET_VCPU_EVENTS");
	/* What is on its way would be lost. */
	if (events->exception.injected || events->interrupt.injected)
		return false;
	if (!(emulation->sregs.cr0 & CR0_PE))
		return true;
	return !emulation->sregs.ss.dpl &&
	       !(emulation->regs.rflags & RFLAGS_VM);
}

/* The guest goes on behind the instruction, which has @length bytes. */
static void skip(struct emulation *emulation, uint32_t length)
{
	emulation->regs.rip += length;
	/* STI and MOV SS hold interrupts back for one instruction. */
	emulation->events.interrupt.shadow = 0;
	cpu_ioctl(emulation->cpu, KVM_SET_REGS, &emulation->regs,
		  "KVM_SET_REGS");
}

static void set_events(struct emulation *emulation)
{
	cpu_ioctl(emulation->cpu, KVM_SET_VCPU_EVENTS, &emulation->events,
		  "KVM_SET_VCPU_EVENTS");
	/* KVM holds one event at a time: no vector in this round. */
	emulation->cpu->irq_ready = false;
}

static void raise_exception(struct emulation *emulation, uint8_t vector)
{
	emulation->events.exception.injected = 1;
	emulation->events.exception.nr = vector;
	emulation->events.exception.has_error_code = 0;
	set_events(emulation);
}

static bool int3(struct emulation *emulation)
{
	skip(emulation, 1);
	raise_exception(emulation, VECTOR_BP);
	return true;
}

/* Like an interrupt from outside: no error code, whatever the vector. */
static bool int_n(struct emulation *emulation)
{
	if (emulation->size < 2)
		return false;
	skip(emulation, 2);
	emulation->events.interrupt.injected = 1;
	emulation->events.interrupt.nr = emulation->bytes[1];
	emulation->events.interrupt.soft = 0;
	set_events(emulation);
	return true;
}

static bool fwait(struct emulation *emulation)
{
	struct kvm_fpu fpu;

	if ((emulation->sregs.cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) {
		raise_exception(emulation, VECTOR_NM);
		return true;
	}
	cpu_ioctl(emulation->cpu, KVM_GET_FPU, &fpu, "KVM_GET_FPU");
	/* Without one that is pending, FWAIT does nothing. */
	if (fpu.fsw & FSW_ES || emulation->regs.rflags & RFLAGS_TF)
		return false;
	skip(emulation, 1);
	set_events(emulation);
	return true;
}

/* By the number in ModRM and SIB, bit 3 from REX. */
static uint64_t reg(const struct kvm_regs *regs, uint32_t number)
{
	const uint64_t values[16] = {
		regs->rax, regs->rcx, regs->rdx, regs->rbx,
		regs->rsp, regs->rbp, regs->rsi, regs->rdi,
		regs->r8,  regs->r9,  regs->r10, regs->r11,
		regs->r12, regs->r13, regs->r14, regs->r15,
	};

	return values[number];
}

/*
 * The linear address of a ModRM operand in 64-bit mode, ModRM being byte
 * @at, and the length of the whole instruction. False: cut short.
 */
static bool operand(const struct emulation *emulation, uint32_t at, uint8_t rex,
		    uint64_t *address, uint32_t *length)
{
	const uint8_t *bytes = emulation->bytes;
	uint32_t mod = bytes[at] >> 6, base = bytes[at] & 7, displacement = 0;
	uint32_t extend = rex & REX_B ? 8 : 0;
	bool has_base = true, rip = false;
	uint64_t sum = 0;

	at++;
	if (base == 4) {
		if (at >= emulation->size)
			return false;
		uint32_t index = (bytes[at] >> 3 & 7) + (rex & REX_X ? 8 : 0);

		base = bytes[at] & 7;
		has_base = mod || base != 5;
		if (index != 4)
			sum = reg(&emulation->regs, index) << (bytes[at] >> 6);
		at++;
	} else if (!mod && base == 5) {
		rip = true;
		has_base = false;
	}
	if (has_base)
		sum += reg(&emulation->regs, base + extend);
	if (mod == 1)
		displacement = 1;
	else if (mod == 2 || !has_base)
		displacement = 4;
	if (displacement > emulation->size - at)
		return false;
	if (displacement == 1) {
		sum += (uint64_t)(int64_t)(int8_t)bytes[at];
	} else if (displacement) {
		int32_t value;

		memcpy(&value, bytes + at, sizeof(value));
		sum += (uint64_t)(int64_t)value;
	}
	*length = at + displacement;
	*address = rip ? sum + emulation->regs.rip + *length : sum;
	return true;
}

/* Four bytes at a linear address, in memory and in one page. */
static bool
load_word(const struct emulation *emulation, uint64_t address, uint32_t *value)
{
	const struct vm *vm = emulation->cpu->vm;
	struct kvm_translation translation = {.linear_address = address};

	if ((address & 0xfff) > 0xffc ||
	    ioctl(emulation->cpu->fd, KVM_TRANSLATE, &translation) ||
	    !translation.valid ||
	    translation.physical_address > vm->memory_size - sizeof(*value))
		return false;
	memcpy(value, vm->memory + translation.physical_address,
	       sizeof(*value));
	return true;
}

/* Only in 64-bit mode, without prefixes but REX, and where it cannot fault. */
static bool ldmxcsr(struct emulation *emulation, uint32_t at, uint8_t rex)
{
	struct cpu *cpu = emulation->cpu;
	const struct kvm_sregs *sregs = &emulation->sregs;
	struct kvm_xsave xsave;
	uint64_t address;
	uint32_t length, value, mask;

	if (!sregs->cs.l || sregs->cr0 & (CR0_EM | CR0_TS) ||
	    !(sregs->cr4 & CR4_OSFXSR) || emulation->regs.rflags & RFLAGS_TF ||
	    !operand(emulation, at, rex, &address, &length) ||
	    !load_word(emulation, address, &value))
		return false;
	cpu_ioctl(cpu, KVM_GET_XSAVE, &xsave, "KVM_GET_XSAVE");
	/* 0 stands for the mask of the first processors with SSE. */
	mask = xsave.region[XSAVE_MXCSR_MASK];
	if (value & ~(mask ? mask : 0xffbf))
		return false;
	xsave.region[XSAVE_MXCSR] = value;
	xsave.region[XSAVE_XSTATE_BV] |= XSTATE_SSE;
	cpu_ioctl(cpu, KVM_SET_XSAVE, &xsave, "KVM_SET_XSAVE");
	skip(emulation, length);
	set_events(emulation);
	return true;
}

static bool is_ldmxcsr(const struct emulation *emulation, uint32_t at)
{
	const uint8_t *bytes = emulation->bytes + at;

	return emulation->size > at + 2 && bytes[0] == 0x0f &&
	       bytes[1] == 0xae && (bytes[2] >> 3 & 7) == 2 &&
	       bytes[2] >> 6 != 3;
}

/* Without CET it does nothing: kernels find out so whether they have it. */
static bool rdssp(struct emulation *emulation)
{
	const uint8_t *bytes = emulation->bytes;
	uint32_t at = 1;

	if (emulation->size > at && bytes[at] >> 4 == 4)
		at++;
	if (emulation->size < at + 3 || bytes[at] != 0x0f ||
	    bytes[at + 1] != 0x1e || bytes[at + 2] >> 3 != 031 ||
	    emulation->sregs.cr4 & CR4_CET ||
	    emulation->regs.rflags & RFLAGS_TF)
		return false;
	skip(emulation, at + 3);
	set_events(emulation);
	return true;
}

bool emulate_finish(struct cpu *cpu)
{
	struct emulation emulation;
	uint8_t rex = 0;
	uint32_t at = 0;

	if (!begin(&emulation, cpu) || !emulation.size)
		return false;
	switch (emulation.bytes[0]) {
	case 0xcc:
		return int3(&emulation);
	case 0xcd:
		return int_n(&emulation);
	case 0x9b:
		return fwait(&emulation);
	case 0xf3:
		return rdssp(&emulation);
	default:
		break;
	}
	if (emulation.bytes[0] >> 4 == 4)
		rex = emulation.bytes[at++];
	return is_ldmxcsr(&emulation, at) && ldmxcsr(&emulation, at + 2, rex);
}
