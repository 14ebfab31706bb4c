/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "fake_image.h"

#include <string.h>

uint32_t fake_image_get(const struct fake_image *image, uint32_t at)
{
	const unsigned char *b = image->bytes + at;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

uint64_t fake_image_get64(const struct fake_image *image, uint32_t at)
{
	return fake_image_get(image, at) |
	       (uint64_t)fake_image_get(image, at + 4) << 32;
}

void fake_image_put(struct fake_image *image, uint32_t at, uint32_t value)
{
	int i;

	for (i = 0; i < 4; i++)
		image->bytes[at + (uint32_t)i] =
			(unsigned char)(value >> (8 * i));
}

void fake_image_put64(struct fake_image *image, uint32_t at, uint64_t value)
{
	fake_image_put(image, at, (uint32_t)value);
	fake_image_put(image, at + 4, (uint32_t)(value >> 32));
}

struct fake_image fake_save(const struct fake_vcpu *cpu)
{
	struct fake_image image;

	memset(&image, 0x5a, sizeof(image));
	vic_lapic_save(cpu->lapic, image.bytes);
	return image;
}

void fake_restore(struct fake_vcpu *cpu, const struct fake_image *image)
{
	const char *what = "not NULL";

	assert_int_equal(vic_lapic_restore(cpu->lapic, image->bytes,
					   sizeof(image->bytes), &what),
			 VIC_OK);
	assert_null(what);
}

/* The registers whose load has no effect. */
static const struct {
	uint32_t first, last;
} readable[] = {
	{VIC_APIC_ID, VIC_APIC_VERSION},
	{VIC_APIC_TPR, VIC_APIC_TPR},
	{VIC_APIC_PPR, VIC_APIC_PPR},
	{VIC_APIC_LDR, VIC_APIC_SVR},
	{VIC_APIC_ISR, VIC_APIC_ESR},
	{VIC_APIC_ICR_LO, VIC_APIC_TIMER_CCR},
	{VIC_APIC_TIMER_DCR, VIC_APIC_TIMER_DCR},
};

static uint64_t
load(const struct fake_vcpu *cpu, uint64_t base, uint32_t offset)
{
	uint64_t value;
	enum vic_access access;

	if (base & VIC_APIC_BASE_EXTD)
		access = vic_lapic_msr_read(cpu->lapic, FAKE_MSR(offset),
					    &value);
	else
		access = vic_lapic_mmio_read(cpu->lapic, offset, 4, &value);
	return access == VIC_ACCESS_DONE ? value : 0;
}

struct fake_view fake_look(const struct fake_vcpu *cpu)
{
	struct fake_view view;
	struct vic_deadline deadline;
	uint32_t cmci = VIC_APIC_LVT_CMCI;
	uint32_t offset;
	size_t i;

	memset(&view, 0, sizeof(view));
	view.base = vic_lapic_base(cpu->lapic);
	if (vic_lapic_msr_read(cpu->lapic, VIC_MSR_TSC_DEADLINE,
			       &view.tsc_deadline) != VIC_ACCESS_DONE)
		view.tsc_deadline = 0;
	for (i = 0; i < FAKE_COUNT(readable); i++)
		for (offset = readable[i].first; offset <= readable[i].last;
		     offset += 16)
			view.regs[offset / 16] = load(cpu, view.base, offset);
	/* The highest LVT entry is 6 only if this one exists. */
	if (view.regs[VIC_APIC_VERSION / 16] >> 16 == 6)
		view.regs[cmci / 16] = load(cpu, view.base, cmci);
	vic_vcpu_peek(cpu->vcpu, &view.inbox);
	if (vic_lapic_deadline(cpu->lapic, &deadline)) {
		view.armed = 1;
		view.clock = deadline.clock;
		view.due = deadline.at - (deadline.clock == VIC_CLOCK_TSC
						  ? cpu->vm->tsc
						  : cpu->vm->ticks);
	}
	return view;
}

void fake_expect_same_view(const struct fake_view *is,
			   const struct fake_view *should)
{
	size_t i;

	assert_true(is->base == should->base);
	assert_true(is->tsc_deadline == should->tsc_deadline);
	for (i = 0; i < FAKE_COUNT(is->regs); i++)
		assert_true(is->regs[i] == should->regs[i]);
	assert_int_equal(is->inbox.nmi, should->inbox.nmi);
	assert_int_equal(is->inbox.smi, should->inbox.smi);
	assert_int_equal(is->inbox.init, should->inbox.init);
	assert_int_equal(is->inbox.sipi, should->inbox.sipi);
	assert_int_equal(is->inbox.sipi_vector, should->inbox.sipi_vector);
	assert_int_equal(is->inbox.extint, should->inbox.extint);
	assert_int_equal(is->inbox.lint, should->inbox.lint);
	assert_memory_equal(is->inbox.pir, should->inbox.pir,
			    sizeof(is->inbox.pir));
	assert_int_equal(is->armed, should->armed);
	assert_int_equal(is->clock, should->clock);
	assert_true(is->due == should->due);
}

static void post(struct fake_vcpu *cpu, uint8_t vector, bool level)
{
	vic_vcpu_post(cpu->vcpu, &cpu->vm->device, vector, level);
	fake_harvest(cpu);
}

void fake_busy(struct fake_vcpu *cpu)
{
	bool x2apic = vic_lapic_base(cpu->lapic) & VIC_APIC_BASE_EXTD;

	fake_serve(cpu->vm, cpu, 0x31);
	post(cpu, 0x72, true);
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x72), VIC_OK);
	post(cpu, 0x53, true);
	post(cpu, 0x91, false);
	fake_write(cpu, VIC_APIC_TPR, 0x25);
	fake_write(cpu, VIC_APIC_SVR, 0x3f3);
	if (!x2apic) {
		fake_write(cpu, VIC_APIC_LDR, 0x46000000);
		fake_write(cpu, VIC_APIC_DFR, 0x0fffffff);
	}
	/* To nobody. */
	fake_icr(cpu,
		 x2apic ? FAKE_TO32(0x12345678) | 0x84 : FAKE_TO8(0x9a) | 0x84);
	/* One error latched, another one pending. */
	fake_icr(cpu, VIC_ICR_SELF | 3);
	assert_int_equal(fake_esr(cpu), 0x20);
	vic_msi(cpu->vm->bus, &cpu->vm->device,
		VIC_MSI_BASE | vic_vcpu_index(cpu->vcpu) << VIC_MSI_DEST_SHIFT,
		3);
	fake_harvest(cpu);
	fake_write(cpu, VIC_APIC_LVT_THERMAL, 0x10241);
	fake_write(cpu, VIC_APIC_LVT_PERF, 0x444);
	fake_write(cpu, VIC_APIC_LVT_LINT0, 0xa0a5);
	fake_write(cpu, VIC_APIC_LVT_LINT1, 0x400);
	fake_write(cpu, VIC_APIC_LVT_ERROR, 0xfe);
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_PERIODIC | 0xef);
	fake_write(cpu, VIC_APIC_TIMER_DCR, 3);
	fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
	cpu->vm->ticks += 5007;
	fake_request(cpu, VIC_REQUEST_LINT0, 1);
	fake_request(cpu, VIC_REQUEST_LINT1, 1);
	fake_request(cpu, VIC_REQUEST_NMI, 0);
	fake_request(cpu, VIC_REQUEST_SMI, 0);
	fake_request(cpu, VIC_REQUEST_EXTINT, 0);
	fake_harvest(cpu);
}
