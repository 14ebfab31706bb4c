/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Every single-bit error of an image: vic_lapic_restore() refuses it, or the
 * APIC is in a state that a guest may lead to, and works.
 */

#include "fake_image.h"

#include <string.h>

enum shape {
	XAPIC,
	X2APIC,
	BY_TSC,
	DISABLED,
	HARDWARE_DISABLED,
	WAITING,
	SHAPES,
};

static struct fake_vcpu *make(struct fake_vm *vm, enum shape shape)
{
	struct fake_spec spec = {
		.vcpus = 2,
		.lapic_flags = VIC_LAPIC_CMCI,
		.raw = shape == WAITING,
	};
	struct fake_vcpu *cpu;

	fake_reset(NULL);
	fake_vm_make(vm, &spec);
	cpu = &vm->cpu[1];
	if (shape == WAITING) {
		fake_request(cpu, VIC_REQUEST_SIPI, 0x9a);
		fake_harvest(cpu);
		return cpu;
	}
	if (shape == X2APIC)
		fake_x2apic(cpu);
	fake_busy(cpu);
	if (shape == BY_TSC) {
		fake_write(cpu, VIC_APIC_LVT_TIMER,
			   VIC_LVT_TSC_DEADLINE | 0xef);
		fake_write_deadline(cpu, 0x5000000);
	}
	if (shape == DISABLED)
		fake_write(cpu, VIC_APIC_SVR, 0xff);
	if (shape == HARDWARE_DISABLED)
		fake_write_base(cpu, VIC_APIC_BASE_RESET);
	return cpu;
}

static uint32_t reg(const struct fake_image *image, uint32_t offset)
{
	return fake_image_get(image, IMAGE_PAGE(offset));
}

static uint32_t highest(const struct fake_image *image, uint32_t offset)
{
	uint32_t vector = 256;

	while (vector-- > 0)
		if (reg(image, offset + vector / 32 * 16) >> vector % 32 & 1)
			return vector;
	return 0;
}

static void check_lvts(const struct fake_image *image)
{
	static const uint32_t lvts[][2] = {
		{VIC_APIC_LVT_CMCI, 0x107ff},    {VIC_APIC_LVT_TIMER, 0x700ff},
		{VIC_APIC_LVT_THERMAL, 0x107ff}, {VIC_APIC_LVT_PERF, 0x107ff},
		{VIC_APIC_LVT_LINT0, 0x1e7ff},   {VIC_APIC_LVT_LINT1, 0x1a7ff},
		{VIC_APIC_LVT_ERROR, 0x100ff},
	};
	bool enabled = reg(image, VIC_APIC_SVR) & VIC_SVR_ENABLE;
	uint32_t remote = reg(image, VIC_APIC_LVT_LINT0) & VIC_LVT_REMOTE_IRR;
	uint32_t vector = fake_image_get(image, IMAGE_LINT0_VECTOR);
	size_t i;

	for (i = 0; i < FAKE_COUNT(lvts); i++) {
		assert_int_equal(reg(image, lvts[i][0]) & ~lvts[i][1], 0);
		assert_true(enabled || reg(image, lvts[i][0]) & VIC_LVT_MASKED);
	}
	assert_int_equal(vector != 0, remote != 0);
	assert_true(!vector || (vector >= 16 && vector < 256));
}

static void check_timer(const struct fake_image *image)
{
	uint32_t mode = reg(image, VIC_APIC_LVT_TIMER) & VIC_LVT_TIMER_MODE;
	uint32_t icr = reg(image, VIC_APIC_TIMER_ICR);
	uint32_t ccr = reg(image, VIC_APIC_TIMER_CCR);
	uint32_t count = fake_image_get(image, IMAGE_TIMER_COUNT);
	uint64_t deadline = fake_image_get64(image, IMAGE_TSC_DEADLINE);

	assert_true(count <= icr && ccr <= count);
	if (mode != VIC_LVT_TSC_DEADLINE)
		assert_true(deadline == 0);
	if (mode == VIC_LVT_TSC_DEADLINE)
		assert_int_equal(icr, 0);
	assert_int_equal(reg(image, VIC_APIC_TIMER_DCR) & ~VIC_DCR_MASK, 0);
}

/* What holds in every image that was saved. */
static void check(const struct fake_image *image)
{
	uint64_t base = fake_image_get64(image, IMAGE_BASE);
	uint32_t tpr = reg(image, VIC_APIC_TPR);
	uint32_t isrv = highest(image, VIC_APIC_ISR);
	uint32_t offset;

	assert_true(base & VIC_APIC_BASE_EN || !(base & VIC_APIC_BASE_EXTD));
	assert_true((base & 0x2ff & ~(uint64_t)VIC_APIC_BASE_BSP) == 0);
	assert_true(base >> 52 == 0);
	assert_int_equal(reg(image, VIC_APIC_SVR) & ~0x3ffu, 0);
	assert_int_equal(tpr & ~0xffu, 0);
	assert_int_equal(reg(image, VIC_APIC_PPR),
			 tpr >> 4 >= isrv >> 4 ? tpr : isrv & 0xf0);
	assert_int_equal(reg(image, VIC_APIC_VERSION), 0x00060014);
	assert_int_equal(reg(image, VIC_APIC_DFR) & VIC_DFR_ONES, VIC_DFR_ONES);
	for (offset = VIC_APIC_ISR; offset < VIC_APIC_ESR; offset += 0x80)
		assert_int_equal(reg(image, offset) & 0xffff, 0);
	assert_int_equal(reg(image, VIC_APIC_ESR) & ~0xffu, 0);
	assert_int_equal(fake_image_get(image, IMAGE_ESR_PENDING) & ~0xffu, 0);
	assert_int_equal(reg(image, VIC_APIC_ICR_LO) & VIC_ICR_BUSY, 0);
	if (base & VIC_APIC_BASE_EXTD) {
		assert_int_equal(reg(image, VIC_APIC_ID), 1);
		assert_int_equal(reg(image, VIC_APIC_LDR), 2);
	}
	assert_true(image->bytes[IMAGE_NMIS] <= 2);
	assert_true(image->bytes[IMAGE_SMI] <= 1);
	assert_true(image->bytes[IMAGE_INIT] <= 1);
	assert_true(image->bytes[IMAGE_SIPI] <= 1);
	assert_true(image->bytes[IMAGE_EXTINT] <= 1);
	assert_true(image->bytes[IMAGE_LINES] <= 3);
	assert_true(fake_image_get(image, IMAGE_WAIT_SIPI) <= 1);
	check_lvts(image);
	check_timer(image);
}

/* Let the guest have all that is pending; it must come to an end. */
static void use(struct fake_vcpu *cpu)
{
	struct vic_work work;
	uint8_t vector;
	int steps;

	cpu->vm->ticks += 100000;
	cpu->vm->tsc += 100000;
	fake_request(cpu, VIC_REQUEST_LINT0, 0);
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	for (steps = 0; steps < 600; steps++) {
		vic_lapic_scan(cpu->lapic, FAKE_CAN_ALL, &work);
		if (work.flags & VIC_WORK_INIT)
			assert_int_equal(vic_lapic_ack_init(cpu->lapic),
					 VIC_OK);
		else if (work.flags & VIC_WORK_SIPI)
			assert_int_equal(vic_lapic_ack_sipi(cpu->lapic),
					 VIC_OK);
		else if (work.flags & VIC_WORK_NMI)
			assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_OK);
		else if (work.flags & VIC_WORK_SMI)
			assert_int_equal(vic_lapic_ack_smi(cpu->lapic), VIC_OK);
		else if (work.flags & VIC_WORK_EXTINT)
			assert_int_equal(
				vic_lapic_ack_extint(cpu->lapic, &vector),
				VIC_OK);
		else if (work.flags & VIC_WORK_IRQ)
			assert_int_equal(vic_lapic_ack(cpu->lapic, work.vector),
					 VIC_OK);
		else
			break;
	}
	assert_true(steps < 600);
}

static bool same(const struct fake_image *a, const struct fake_image *b)
{
	struct fake_image x = *a, y = *b;

	/* Derived: not taken from an image. */
	fake_image_put(&x, IMAGE_PAGE(VIC_APIC_TIMER_CCR), 0);
	fake_image_put(&y, IMAGE_PAGE(VIC_APIC_TIMER_CCR), 0);
	return memcmp(&x, &y, sizeof(x)) == 0;
}

static void try_flip(struct fake_vcpu *cpu, const struct fake_image *good,
		     uint32_t bit, unsigned int *accepted)
{
	struct fake_image bad = *good, is, again;
	uint64_t ticks = cpu->vm->ticks, tsc = cpu->vm->tsc;
	const char *what = NULL;
	int err;

	bad.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	err = vic_lapic_restore(cpu->lapic, bad.bytes, sizeof(bad), &what);
	is = fake_save(cpu);
	if (err != VIC_OK) {
		assert_true(err == VIC_ERR_IMAGE ||
			    err == VIC_ERR_IMAGE_CONFIG ||
			    err == VIC_ERR_IMAGE_STATE);
		assert_non_null(what);
		assert_memory_equal(&is, good, sizeof(is));
		return;
	}
	assert_null(what);
	check(&is);
	(*accepted)++;
	/* What is taken is kept as it is. */
	assert_true(same(&is, &bad));
	fake_restore(cpu, &is);
	again = fake_save(cpu);
	assert_memory_equal(&again, &is, sizeof(is));
	use(cpu);
	cpu->vm->ticks = ticks;
	cpu->vm->tsc = tsc;
	fake_restore(cpu, good);
	is = fake_save(cpu);
	assert_memory_equal(&is, good, sizeof(is));
}

static void every_bit(void **state)
{
	struct fake_vm vm;
	int shape;

	(void)state;
	for (shape = 0; shape < SHAPES; shape++) {
		struct fake_vcpu *cpu = make(&vm, (enum shape)shape);
		struct fake_image good = fake_save(cpu);
		unsigned int accepted = 0;
		uint32_t bit;

		check(&good);
		for (bit = 0; bit < 8 * sizeof(good.bytes); bit++)
			try_flip(cpu, &good, bit, &accepted);
		/* IRR and TMR alone have 480 bits. */
		assert_true(accepted >=
			    (shape == HARDWARE_DISABLED ? 20 : 480));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
