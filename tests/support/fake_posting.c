/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "fake_posting.h"

#include <string.h>

static _Alignas(VIC_CACHE_LINE) unsigned char pcpus[FAKE_PCPUS][VIC_PCPU_SIZE];

struct vic_pcpu *
fake_pcpu(uint32_t n, uint32_t flags, const struct vic_vcpu_ops *ops)
{
	struct vic_pcpu_config config = {
		.size = sizeof(config),
		.flags = flags,
		.id = FAKE_PCPU_ID(n),
		.notify_vector = FAKE_NV,
		.wakeup_vector = FAKE_WAKEUP,
		.ops = ops ? ops : &fake_ops,
	};
	struct vic_pcpu *pcpu;

	assert_true(n < FAKE_PCPUS);
	memset(pcpus[n], 0xa5, sizeof(pcpus[n]));
	assert_int_equal(
		vic_pcpu_init(pcpus[n], sizeof(pcpus[n]), &config, &pcpu),
		VIC_OK);
	assert_ptr_equal(pcpu, pcpus[n]);
	return pcpu;
}

uint64_t fake_control(uint8_t vector, uint32_t ndst, bool suppress)
{
	return (uint64_t)ndst << VIC_PID_NDST_SHIFT |
	       (uint64_t)vector << VIC_PID_NV_SHIFT |
	       (suppress ? VIC_PID_SN : 0);
}

struct fake_notice fake_device_post(struct vic_vcpu *vcpu, uint8_t vector)
{
	struct vic_pid *pid = vic_vcpu_pid(vcpu);
	struct fake_notice notice = {0};
	uint64_t control = pid->control;

	pid->pir[vector / 64] |= UINT64_C(1) << vector % 64;
	if (!(control & (VIC_PID_ON | VIC_PID_SN))) {
		pid->control = control | VIC_PID_ON;
		notice.sent = true;
		notice.ndst = (uint32_t)(control >> VIC_PID_NDST_SHIFT);
		notice.vector = (uint8_t)(control >> VIC_PID_NV_SHIFT);
	}
	return notice;
}

static uint32_t word(const struct fake_run *run, uint32_t offset)
{
	return fake_page(run->cpu, offset);
}

void fake_store(struct fake_vcpu *cpu, uint32_t offset, uint32_t value)
{
	memcpy(cpu->page + offset, &value, sizeof(value));
}

static void change(struct fake_run *run, uint32_t reg, uint8_t vector, bool set)
{
	uint32_t offset = reg + vector / 32u * 16u;
	uint32_t bit = UINT32_C(1) << vector % 32;
	uint32_t old = word(run, offset);

	fake_store(run->cpu, offset, set ? old | bit : old & ~bit);
}

bool fake_page_bit(const struct fake_vcpu *cpu, uint32_t reg, uint8_t vector)
{
	return fake_page(cpu, reg + vector / 32u * 16u) >> vector % 32 & 1;
}

bool fake_eoi_exits(const struct fake_vcpu *cpu, uint8_t vector)
{
	uint64_t bitmap[4];

	vic_lapic_eoi_exit_bitmap(cpu->lapic, bitmap);
	return bitmap[vector / 64] >> vector % 64 & 1;
}

static bool is_set(const struct fake_run *run, uint32_t reg, uint8_t vector)
{
	return fake_page_bit(run->cpu, reg, vector);
}

static uint8_t highest(const struct fake_run *run, uint32_t reg)
{
	for (uint32_t v = 255; v > 0; v--)
		if (is_set(run, reg, (uint8_t)v))
			return (uint8_t)v;
	return 0;
}

uint8_t fake_rvi(const struct fake_run *run)
{
	return (uint8_t)run->status;
}

uint8_t fake_svi(const struct fake_run *run)
{
	return (uint8_t)(run->status >> 8);
}

static void set_status(struct fake_run *run, uint32_t r, uint32_t s)
{
	run->status = (uint16_t)(s << 8 | r);
}

/* SDM 29.1.3. */
static void virtual_ppr(struct fake_run *run)
{
	uint32_t tpr = word(run, VIC_APIC_TPR) & 0xff;
	uint32_t s = fake_svi(run);

	fake_store(run->cpu, VIC_APIC_PPR, tpr >> 4 >= s >> 4 ? tpr : s & 0xf0);
}

void fake_run_start(struct fake_run *run, struct fake_vcpu *cpu,
		    struct vic_pcpu *pcpu)
{
	memset(run, 0, sizeof(*run));
	run->cpu = cpu;
	vic_vcpu_load(cpu->vcpu, pcpu);
	assert_int_equal(vic_lapic_set_posting(cpu->lapic, true), VIC_OK);
	fake_run_scan(run);
}

void fake_run_make(struct fake_run *run, struct fake_vm *vm, bool x2apic)
{
	fake_reset(NULL);
	fake_vm_plain(vm, 2, x2apic);
	fake_run_start(run, &vm->cpu[0], fake_pcpu(0, 0, NULL));
}

uint32_t fake_run_scan(struct fake_run *run)
{
	struct vic_work work;

	vic_lapic_scan(run->cpu->lapic, FAKE_CAN_ALL, &work);
	if (work.flags & VIC_WORK_EOI_EXIT)
		vic_lapic_eoi_exit_bitmap(run->cpu->lapic, run->eoi_exit);
	return work.flags & ~(uint32_t)VIC_WORK_EOI_EXIT;
}

void fake_run_enter(struct fake_run *run)
{
	enum vic_enter entry = vic_lapic_enter(run->cpu->lapic, &run->status);

	while (entry == VIC_ENTER_AGAIN) {
		fake_run_scan(run);
		entry = vic_lapic_enter(run->cpu->lapic, &run->status);
	}
	assert_int_equal(entry, VIC_ENTER_GUEST);
	assert_int_equal(fake_inbox(run->cpu).state, VIC_POSTED);
	virtual_ppr(run);
}

void fake_run_exit(struct fake_run *run, bool kicked)
{
	vic_lapic_exit(run->cpu->lapic, run->status, kicked);
}

void fake_run_touch(struct fake_run *run)
{
	fake_run_enter(run);
	fake_run_exit(run, false);
}

void fake_notification(struct fake_run *run)
{
	struct vic_pid *pid = vic_vcpu_pid(run->cpu->vcpu);

	pid->control &= ~VIC_PID_ON;
	for (uint32_t v = 0; v < 256; v++) {
		if (!(pid->pir[v / 64] >> v % 64 & 1))
			continue;
		run->folds += is_set(run, VIC_APIC_IRR, (uint8_t)v);
		change(run, VIC_APIC_IRR, (uint8_t)v, true);
		if (v > fake_rvi(run))
			set_status(run, v, fake_svi(run));
	}
	memset(pid->pir, 0, sizeof(pid->pir));
}

uint8_t fake_deliver(struct fake_run *run)
{
	uint8_t vector = fake_rvi(run);

	if (vector >> 4 <= word(run, VIC_APIC_PPR) >> 4)
		return 0;
	/* RVI names what is pending, always. */
	assert_true(is_set(run, VIC_APIC_IRR, vector));
	change(run, VIC_APIC_ISR, vector, true);
	fake_store(run->cpu, VIC_APIC_PPR, vector & 0xf0u);
	change(run, VIC_APIC_IRR, vector, false);
	set_status(run, highest(run, VIC_APIC_IRR), vector);
	run->delivered++;
	return vector;
}

bool fake_virtual_eoi(struct fake_run *run, uint8_t *vector)
{
	*vector = fake_svi(run);
	change(run, VIC_APIC_ISR, *vector, false);
	set_status(run, fake_rvi(run), highest(run, VIC_APIC_ISR));
	virtual_ppr(run);
	return run->eoi_exit[*vector / 64] >> *vector % 64 & 1;
}

void fake_self_ipi(struct fake_run *run, uint8_t vector)
{
	change(run, VIC_APIC_IRR, vector, true);
	if (vector > fake_rvi(run))
		set_status(run, vector, fake_svi(run));
}

void fake_virtual_tpr(struct fake_run *run, uint8_t tpr)
{
	fake_store(run->cpu, VIC_APIC_TPR, tpr);
	virtual_ppr(run);
}
