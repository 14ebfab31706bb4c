/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "fake_pair.h"

#include "fake_image.h"

#include <string.h>

static struct fake_vcpu *plain(struct fake_pair *pair)
{
	return &pair->plain.cpu[0];
}

static struct fake_vcpu *posting(struct fake_pair *pair)
{
	return &pair->posting.cpu[0];
}

void fake_pair_make(struct fake_pair *pair, uint32_t bus_flags,
		    uint32_t lapic_flags)
{
	struct fake_spec spec = {
		.vcpus = 2,
		.bus_flags = bus_flags,
		.lapic_flags = lapic_flags,
	};

	fake_reset(NULL);
	fake_vm_make(&pair->plain, &spec);
	fake_vm_make(&pair->posting, &spec);
	fake_run_start(&pair->run, posting(pair), fake_pcpu(0, 0, NULL));
	pair->on = true;
}

void fake_pair_switch(struct fake_pair *pair, bool on)
{
	assert_int_equal(vic_lapic_set_posting(posting(pair)->lapic, on),
			 VIC_OK);
	pair->on = on;
}

static uint32_t scan(struct fake_pair *pair, struct fake_vcpu *cpu)
{
	struct vic_work work;

	if (cpu == posting(pair))
		return fake_run_scan(&pair->run);
	return vic_lapic_scan(cpu->lapic, FAKE_CAN_ALL, &work);
}

static void settle(struct fake_pair *pair, struct fake_vcpu *cpu)
{
	if (scan(pair, cpu) & VIC_WORK_INIT) {
		assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
		scan(pair, cpu);
	}
}

void fake_pair_settle(struct fake_pair *pair)
{
	settle(pair, plain(pair));
	settle(pair, posting(pair));
	if (pair->on)
		fake_run_touch(&pair->run);
}

static void compare_cpu(struct fake_vcpu *a, struct fake_vcpu *b)
{
	struct vic_deadline one = {0}, two = {0};
	struct fake_image images[2];

	assert_memory_equal(a->page, b->page, 0x400);
	assert_int_equal(vic_lapic_deadline(a->lapic, &one),
			 vic_lapic_deadline(b->lapic, &two));
	assert_true(one.at == two.at);
	assert_int_equal(one.clock, two.clock);
	images[0] = fake_save(a);
	images[1] = fake_save(b);
	assert_memory_equal(images[0].bytes, images[1].bytes,
			    sizeof(images[0].bytes));
	assert_int_equal(a->eois, b->eois);
	assert_int_equal(a->eoi_number, b->eoi_number);
}

void fake_pair_compare(struct fake_pair *pair)
{
	const uint32_t own = VIC_WORK_IRQ | VIC_WORK_TIMER;
	uint32_t flags;

	fake_pair_settle(pair);
	flags = scan(pair, plain(pair));
	assert_int_equal((scan(pair, posting(pair)) ^ flags) & ~own, 0);
	compare_cpu(plain(pair), posting(pair));
	compare_cpu(&pair->plain.cpu[1], &pair->posting.cpu[1]);
	/* The saves asked for a look. */
	fake_pair_settle(pair);
}

/* What a signal leads to. */
static void answer(struct fake_pair *pair, unsigned int notifies)
{
	if (posting(pair)->notifies != notifies)
		fake_notification(&pair->run);
}

void fake_pair_post(struct fake_pair *pair, uint8_t vector, bool level,
		    bool host)
{
	unsigned int notifies = posting(pair)->notifies;

	vic_vcpu_post(plain(pair)->vcpu, &pair->plain.device, vector, level);
	if (pair->on && !host)
		fake_run_enter(&pair->run);
	vic_vcpu_post(posting(pair)->vcpu, &pair->posting.device, vector,
		      level);
	if (!pair->on || host)
		return;
	answer(pair, notifies);
	fake_run_exit(&pair->run, false);
}

void fake_pair_device(struct fake_pair *pair, uint8_t vector, bool host)
{
	struct fake_notice notice;

	vic_vcpu_post(plain(pair)->vcpu, &pair->plain.device, vector, false);
	if (pair->on && !host)
		fake_run_enter(&pair->run);
	notice = fake_device_post(posting(pair)->vcpu, vector);
	if (!pair->on || host)
		return;
	assert_true(notice.sent);
	fake_notification(&pair->run);
	fake_run_exit(&pair->run, false);
}

void fake_pair_request(struct fake_pair *pair, enum vic_request request,
		       uint8_t argument)
{
	fake_request(plain(pair), request, argument);
	fake_request(posting(pair), request, argument);
}

void fake_pair_ticks(struct fake_pair *pair, uint64_t ticks)
{
	pair->plain.ticks += ticks;
	pair->plain.tsc += ticks;
	pair->posting.ticks += ticks;
	pair->posting.tsc += ticks;
	fake_pair_request(pair, VIC_REQUEST_TIMER, 0);
}

static uint8_t take(struct fake_vcpu *cpu)
{
	uint8_t vector = fake_deliverable(cpu);

	if (vector)
		assert_int_equal(vic_lapic_ack(cpu->lapic, vector), VIC_OK);
	return vector;
}

uint8_t fake_pair_deliver(struct fake_pair *pair)
{
	uint8_t vector, other;

	fake_pair_settle(pair);
	vector = take(plain(pair));
	if (pair->on) {
		fake_run_enter(&pair->run);
		other = fake_deliver(&pair->run);
		fake_run_exit(&pair->run, false);
	} else {
		other = take(posting(pair));
	}
	assert_int_equal(other, vector);
	return vector;
}

void fake_pair_eoi(struct fake_pair *pair)
{
	uint8_t vector;

	fake_pair_settle(pair);
	fake_write(plain(pair), VIC_APIC_EOI, 0);
	if (!pair->on) {
		fake_write(posting(pair), VIC_APIC_EOI, 0);
		return;
	}
	fake_run_enter(&pair->run);
	if (fake_virtual_eoi(&pair->run, &vector)) {
		fake_run_exit(&pair->run, false);
		vic_lapic_eoi_exit(posting(pair)->lapic, vector);
		return;
	}
	fake_run_exit(&pair->run, false);
}

void fake_pair_tpr(struct fake_pair *pair, uint8_t tpr)
{
	fake_write(plain(pair), VIC_APIC_TPR, tpr);
	if (!pair->on) {
		fake_write(posting(pair), VIC_APIC_TPR, tpr);
		return;
	}
	fake_run_enter(&pair->run);
	fake_virtual_tpr(&pair->run, tpr);
	fake_run_exit(&pair->run, false);
}

void fake_pair_self_ipi(struct fake_pair *pair, uint8_t vector)
{
	vic_vcpu_post(plain(pair)->vcpu, &pair->plain.device, vector, false);
	if (!pair->on) {
		vic_vcpu_post(posting(pair)->vcpu, &pair->posting.device,
			      vector, false);
		return;
	}
	fake_run_enter(&pair->run);
	fake_self_ipi(&pair->run, vector);
	fake_run_exit(&pair->run, false);
}

static enum vic_access
emulate(struct fake_vcpu *cpu, uint32_t offset, uint64_t value)
{
	if (vic_lapic_base(cpu->lapic) & VIC_APIC_BASE_EXTD)
		return vic_lapic_msr_write(cpu->lapic, FAKE_MSR(offset), value);
	if (offset == VIC_APIC_ICR_LO)
		assert_int_equal(vic_lapic_mmio_write(cpu->lapic,
						      VIC_APIC_ICR_HI, 4,
						      value >> 32),
				 VIC_ACCESS_DONE);
	return vic_lapic_mmio_write(cpu->lapic, offset, 4, (uint32_t)value);
}

void fake_pair_access(struct fake_pair *pair, uint32_t offset, uint64_t value)
{
	assert_int_equal(emulate(plain(pair), offset, value),
			 emulate(posting(pair), offset, value));
}

enum vic_access
fake_pair_write(struct fake_pair *pair, uint32_t offset, uint64_t value)
{
	struct fake_vcpu *cpu = posting(pair);
	enum vic_access access, other;

	fake_pair_settle(pair);
	access = emulate(plain(pair), offset, value);
	if (!pair->on) {
		assert_int_equal(emulate(cpu, offset, value), access);
		return access;
	}
	fake_run_enter(&pair->run);
	if (offset == VIC_APIC_ICR_LO &&
	    vic_lapic_base(cpu->lapic) & VIC_APIC_BASE_EXTD)
		fake_store(cpu, offset + 4, (uint32_t)(value >> 32));
	else if (offset == VIC_APIC_ICR_LO)
		/* SDM 29.4.3.2: no exit, and bytes 2:0 are cleared. */
		fake_store(cpu, VIC_APIC_ICR_HI,
			   (uint32_t)(value >> 32) & 0xff000000u);
	fake_store(cpu, offset, (uint32_t)value);
	fake_run_exit(&pair->run, false);
	other = vic_lapic_write_exit(cpu->lapic, offset);
	assert_int_equal(other, access);
	return access;
}
