/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Images that vic_lapic_restore() must refuse, by name and without a trace:
 * <vic/lapic.h>, docs/images.md.
 */

#include "fake_image.h"

#include <string.h>

static struct fake_vcpu *
make(struct fake_vm *vm, uint32_t lapic_flags, uint32_t bus_flags)
{
	struct fake_spec spec = {
		.vcpus = 2,
		.lapic_flags = lapic_flags,
		.bus_flags = bus_flags,
	};

	fake_reset(NULL);
	fake_vm_make(vm, &spec);
	return &vm->cpu[1];
}

/* Refuse it as @err because of @name, and change nothing. */
static void refused(struct fake_vcpu *cpu, const struct fake_image *image,
		    size_t size, int err, const char *name)
{
	struct fake_image before = fake_save(cpu);
	struct fake_view view = fake_look(cpu);
	struct fake_image copy = *image;
	struct fake_image after;
	struct fake_view still;
	const char *what = NULL;

	assert_int_equal(vic_lapic_restore(cpu->lapic, copy.bytes, size, &what),
			 err);
	assert_non_null(what);
	if (name)
		assert_string_equal(what, name);
	assert_int_equal(vic_lapic_restore(cpu->lapic, copy.bytes, size, NULL),
			 err);
	still = fake_look(cpu);
	fake_expect_same_view(&still, &view);
	after = fake_save(cpu);
	assert_memory_equal(&after, &before, sizeof(after));
	assert_memory_equal(&copy, image, sizeof(copy));
}

static void no_image(void **state)
{
	static const uint32_t sizes[] = {
		0, 1, 8, 15, 16, 1039, 1040, VIC_LAPIC_IMAGE_SIZE - 1,
	};
	static const uint32_t versions[] = {0, 2, 0x01000000, UINT32_MAX};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct fake_image image, bad;
	uint32_t i;

	(void)state;
	cpu = make(&vm, 0, 0);
	image = fake_save(cpu);
	fake_busy(cpu);
	for (i = 0; i < FAKE_COUNT(sizes); i++)
		refused(cpu, &image, sizes[i], VIC_ERR_IMAGE, NULL);
	for (i = 0; i < 64; i++) {
		bad = image;
		bad.bytes[i / 8] ^= (unsigned char)(1u << i % 8);
		refused(cpu, &bad, sizeof(bad), VIC_ERR_IMAGE, NULL);
	}
	for (i = 0; i < FAKE_COUNT(versions); i++) {
		bad = image;
		fake_image_put(&bad, IMAGE_VERSION, versions[i]);
		refused(cpu, &bad, sizeof(bad), VIC_ERR_IMAGE, NULL);
	}
	for (i = 0; i < 32; i++) {
		bad = image;
		fake_image_put(&bad, IMAGE_SIZE,
			       VIC_LAPIC_IMAGE_SIZE ^ UINT32_C(1) << i);
		refused(cpu, &bad, sizeof(bad), VIC_ERR_IMAGE, NULL);
	}
	fake_restore(cpu, &image);
}

static void another_configuration(void **state)
{
	static const struct {
		uint32_t at;
		const char *name;
	} words[] = {
		{IMAGE_LAPIC_FLAGS, "vic_lapic_config.flags"},
		{IMAGE_BUS_FLAGS, "vic_apic_bus_config.flags"},
		{IMAGE_ID, "vic_lapic_config.id"},
		{IMAGE_PHYSICAL_BITS, "vic_lapic_config.physical_bits"},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct fake_image image, bad;
	uint32_t i, bit;

	(void)state;
	cpu = make(&vm, 0, 0);
	image = fake_save(cpu);
	fake_busy(cpu);
	for (i = 0; i < FAKE_COUNT(words); i++)
		for (bit = 0; bit < 32; bit++) {
			bad = image;
			fake_image_put(&bad, words[i].at,
				       fake_image_get(&image, words[i].at) ^
					       UINT32_C(1) << bit);
			refused(cpu, &bad, sizeof(bad), VIC_ERR_IMAGE_CONFIG,
				words[i].name);
		}
}

/* The same by objects that really are configured otherwise. */
static void images_of_other_objects(void **state)
{
	static const struct {
		uint32_t lapic, bus;
	} rows[] = {
		{VIC_LAPIC_CMCI, 0},         {VIC_LAPIC_X2APIC, 0},
		{VIC_LAPIC_NO_X2APIC, 0},    {VIC_LAPIC_NO_TSC_DEADLINE, 0},
		{0, VIC_BUS_SUPPRESS_EOI},   {0, VIC_BUS_LEVEL_IPIS},
		{0, VIC_BUS_BUSY_FAULTS},    {0, VIC_BUS_ID_READ_ONLY},
		{0, VIC_BUS_BASE_FIXED},     {0, VIC_BUS_ICR_SPLIT},
		{0, VIC_BUS_PMI_KEEPS_MASK}, {0, VIC_BUS_NO_LOWEST},
		{0, VIC_BUS_ARBITRATE},      {0, VIC_BUS_MSI_FF_IS_ID},
		{0, VIC_BUS_NO_XAPIC_ALIAS},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct fake_image plain, image;
	size_t i;

	(void)state;
	cpu = make(&vm, 0, 0);
	plain = fake_save(cpu);
	/* Its neighbour has another id, and is the BSP. */
	refused(&vm.cpu[0], &plain, sizeof(plain), VIC_ERR_IMAGE_CONFIG, NULL);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		const char *name = rows[i].bus ? "vic_apic_bus_config.flags"
					       : "vic_lapic_config.flags";

		cpu = make(&vm, rows[i].lapic, rows[i].bus);
		image = fake_save(cpu);
		refused(cpu, &plain, sizeof(plain), VIC_ERR_IMAGE_CONFIG, name);
		cpu = make(&vm, 0, 0);
		refused(cpu, &image, sizeof(image), VIC_ERR_IMAGE_CONFIG, name);
	}
}

/* What to put where, and the name that it is refused by. */
struct hostile {
	const char *name;
	uint32_t at;
	uint32_t value;
};

static void refuse_all(struct fake_vcpu *cpu, const struct fake_image *image,
		       const struct hostile *rows, size_t count)
{
	size_t i;

	fake_restore(cpu, image);
	for (i = 0; i < count; i++) {
		struct fake_image bad = *image;

		fake_image_put(&bad, rows[i].at, rows[i].value);
		refused(cpu, &bad, sizeof(bad), VIC_ERR_IMAGE_STATE,
			rows[i].name);
	}
}

#define PAGE(name) IMAGE_PAGE(VIC_APIC_##name)

static void hostile_registers(void **state)
{
	static const struct hostile rows[] = {
		{"ID", PAGE(ID), 0x01000001},
		{"ID", PAGE(ID), 1},
		{"VERSION", PAGE(VERSION), 0x00050014},
		{"VERSION", PAGE(VERSION), 0x01060014},
		{"VERSION", PAGE(VERSION), 0},
		{"TPR", PAGE(TPR), 0x100},
		{"PPR", PAGE(PPR), 0x10},
		{"EOI", PAGE(EOI), 1},
		{"LDR", PAGE(LDR), 0x00010000},
		{"DFR", PAGE(DFR), 0xf0000000},
		{"DFR", PAGE(DFR), 0xfffffffe},
		{"SVR", PAGE(SVR), 0x5ff},
		{"SVR", PAGE(SVR), 0x11ff},
		{"SVR", PAGE(SVR), 0x800001ff},
		{"ISR0", PAGE(ISR), 1},
		{"ISR0", PAGE(ISR), 0x8000},
		{"TMR0", PAGE(TMR), 0x8000},
		{"IRR0", PAGE(IRR), 1},
		{"IRR0", PAGE(IRR), 0x8000},
		{"ESR", PAGE(ESR), 0x100},
		{"ICR", PAGE(ICR_LO), VIC_ICR_BUSY},
		{"ICR2", PAGE(ICR_HI), 1},
		{"LVT_CMCI", PAGE(LVT_CMCI), 0x12000},
		{"LVT_TIMER", PAGE(LVT_TIMER), 0x10400},
		{"LVT_TIMER", PAGE(LVT_TIMER), 0x90000},
		{"LVT_THERMAL", PAGE(LVT_THERMAL), 0x11000},
		{"LVT_PERF", PAGE(LVT_PERF), 0x18000},
		{"LVT_LINT0", PAGE(LVT_LINT0), 0x10800},
		{"LVT_LINT0", PAGE(LVT_LINT0), 0x11000},
		{"LVT_LINT1", PAGE(LVT_LINT1), 0x14000},
		{"LVT_LINT1", PAGE(LVT_LINT1), 0x30000},
		{"LVT_ERROR", PAGE(LVT_ERROR), 0x10100},
		{"TIMER_DCR", PAGE(TIMER_DCR), 4},
		{"TIMER_DCR", PAGE(TIMER_DCR), 0x10},
		{"SELF_IPI", PAGE(SELF_IPI), 0x41},
		{"reserved register", PAGE(APR), 1},
		{"reserved register", PAGE(RRD), 1},
		{"reserved register", IMAGE_PAGE(0x000), 1},
		{"reserved register", IMAGE_PAGE(0x3d0), 1},
		{"reserved bytes", PAGE(TPR) + 4, 1},
		{"reserved bytes", PAGE(TPR) + 12, 0x80000000},
		/* A remote IRR of no vector, and a vector of none. */
		{"LVT_LINT0", PAGE(LVT_LINT0), 0x1c051},
		{"LVT_LINT0", IMAGE_LINT0_VECTOR, 0x51},
		/* A count without its start, and more than its start. */
		{NULL, IMAGE_TIMER_COUNT, 10},
		{NULL, IMAGE_TIMER_TICKS, 10},
		{NULL, IMAGE_TSC_DEADLINE, 1},
		{NULL, IMAGE_ESR_PENDING, 0x100},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, VIC_LAPIC_CMCI, 0);
	struct fake_image image = fake_save(cpu);

	(void)state;
	refuse_all(cpu, &image, rows, FAKE_COUNT(rows));
}

static void hostile_registers_of_x2apic(void **state)
{
	static const struct hostile rows[] = {
		{"ID", PAGE(ID), 2},
		{"ID", PAGE(ID), 0x01000000},
		{"LDR", PAGE(LDR), 0},
		{"LDR", PAGE(LDR), 0x10002},
		{"DFR", PAGE(DFR), 0xf0000000},
		{"ICR", PAGE(ICR_LO), VIC_ICR_BUSY},
		{"ICR", PAGE(ICR_LO), 0x2000},
		{"ICR", PAGE(ICR_LO), 0x10000},
		{"ICR", PAGE(ICR_LO), 0x80000000},
		{"reserved bytes", PAGE(ICR_LO) + 4, 1},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, VIC_LAPIC_X2APIC, 0);
	struct fake_image image = fake_save(cpu);

	(void)state;
	refuse_all(cpu, &image, rows, FAKE_COUNT(rows));
}

/* While SVR says disabled, every entry is masked. */
static void unmasked_while_disabled(void **state)
{
	static const struct hostile rows[] = {
		{"LVT_CMCI", PAGE(LVT_CMCI), 0x51},
		{"LVT_TIMER", PAGE(LVT_TIMER), 0x51},
		{"LVT_THERMAL", PAGE(LVT_THERMAL), 0x51},
		{"LVT_PERF", PAGE(LVT_PERF), 0x51},
		{"LVT_LINT0", PAGE(LVT_LINT0), 0x51},
		{"LVT_LINT1", PAGE(LVT_LINT1), 0x51},
		{"LVT_ERROR", PAGE(LVT_ERROR), 0x51},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, VIC_LAPIC_CMCI, 0);
	struct fake_image image;

	(void)state;
	fake_write(cpu, VIC_APIC_SVR, 0xff);
	image = fake_save(cpu);
	refuse_all(cpu, &image, rows, FAKE_COUNT(rows));
}

static void hostile_timers(void **state)
{
	static const struct hostile counting[] = {
		{NULL, IMAGE_TSC_DEADLINE, 5000},
		{NULL, IMAGE_TIMER_COUNT, 1001},
		/* That long ago it would have expired. */
		{NULL, IMAGE_TIMER_TICKS, 16000},
		{NULL, IMAGE_TIMER_TICKS + 4, 1},
		{NULL, PAGE(TIMER_ICR), 0},
	};
	static const struct hostile by_tsc[] = {
		{NULL, PAGE(TIMER_ICR), 1000},
		{NULL, IMAGE_TIMER_COUNT, 1000},
		{NULL, IMAGE_TIMER_TICKS, 1},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, 0, 0);
	struct fake_image image;

	(void)state;
	fake_write(cpu, VIC_APIC_LVT_TIMER, 0x51);
	fake_write(cpu, VIC_APIC_TIMER_DCR, 3);
	fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
	vm.ticks += 100;
	image = fake_save(cpu);
	refuse_all(cpu, &image, counting, FAKE_COUNT(counting));
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_TSC_DEADLINE | 0x51);
	image = fake_save(cpu);
	refuse_all(cpu, &image, by_tsc, FAKE_COUNT(by_tsc));
	/* A processor without that mode. */
	cpu = make(&vm, VIC_LAPIC_NO_TSC_DEADLINE, 0);
	image = fake_save(cpu);
	fake_image_put(&image, PAGE(LVT_TIMER), 0x50051);
	refused(cpu, &image, sizeof(image), VIC_ERR_IMAGE_STATE, "LVT_TIMER");
}

/* A remote IRR that no EOI would end. */
static void hostile_remote_irr(void **state)
{
	static const struct hostile rows[] = {
		{"LVT_LINT0", IMAGE_LINT0_VECTOR, 0},
		{"LVT_LINT0", IMAGE_LINT0_VECTOR, 0xf},
		{"LVT_LINT0", IMAGE_LINT0_VECTOR, 0x52},
		{"LVT_LINT0", IMAGE_LINT0_VECTOR, 0x151},
		{"LVT_LINT0", PAGE(LVT_LINT0), 0x8051},
		{"LVT_LINT0", PAGE(LVT_LINT0), 0x4051},
		{"LVT_LINT0", PAGE(LVT_LINT0), 0xc451},
		{"LVT_LINT0", PAGE(IRR) + 0x20, 0},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, 0, 0);
	struct fake_image image;

	(void)state;
	fake_write(cpu, VIC_APIC_LVT_LINT0, 0x8051);
	fake_request(cpu, VIC_REQUEST_LINT0, 1);
	image = fake_save(cpu);
	refuse_all(cpu, &image, rows, FAKE_COUNT(rows));
	/* In service it waits, too. */
	assert_int_equal(vic_lapic_ack(cpu->lapic, 0x51), VIC_OK);
	image = fake_save(cpu);
	fake_restore(cpu, &image);
}

/* Two of one class: no processor would have taken the second. */
static void hostile_isr(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, 0, 0);
	struct fake_image image;

	(void)state;
	fake_serve(&vm, cpu, 0x51);
	fake_serve(&vm, cpu, 0x61);
	image = fake_save(cpu);
	fake_restore(cpu, &image);
	fake_image_put(&image, PAGE(ISR) + 0x20, 0x00030000);
	refused(cpu, &image, sizeof(image), VIC_ERR_IMAGE_STATE, "ISR");
}

static void a_fixed_id(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, 0, VIC_BUS_ID_READ_ONLY);
	struct fake_image image = fake_save(cpu);

	(void)state;
	fake_image_put(&image, PAGE(ID), 0x44000000);
	refused(cpu, &image, sizeof(image), VIC_ERR_IMAGE_STATE, "ID");
}

static void without_cmci(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, 0, 0);
	struct fake_image image = fake_save(cpu);

	(void)state;
	fake_image_put(&image, PAGE(LVT_CMCI), 0x10000);
	refused(cpu, &image, sizeof(image), VIC_ERR_IMAGE_STATE, NULL);
}

static void hostile_bases(void **state)
{
	static const struct {
		uint32_t lapic_flags, bus_flags;
		uint64_t base;
	} rows[] = {
		/* Reserved bits, EXTD alone, EXTD that is reserved. */
		{0, 0, 0xfee00801},
		{0, 0, 0xfee00a00},
		{0, 0, UINT64_C(0x00100000fee00800)},
		{0, 0, UINT64_C(0x80000000fee00800)},
		{0, 0, 0xfee00400},
		{VIC_LAPIC_NO_X2APIC, 0, 0xfee00c00},
		{0, VIC_BUS_BASE_FIXED, 0xfef00800},
	};
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct fake_image image;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		cpu = make(&vm, rows[i].lapic_flags, rows[i].bus_flags);
		image = fake_save(cpu);
		fake_image_put64(&image, IMAGE_BASE, rows[i].base);
		refused(cpu, &image, sizeof(image), VIC_ERR_IMAGE_STATE,
			"IA32_APIC_BASE");
	}
	/* A legal one, and what it does not go with. */
	cpu = make(&vm, 0, 0);
	image = fake_save(cpu);
	fake_image_put64(&image, IMAGE_BASE, 0x345678800);
	fake_restore(cpu, &image);
	assert_true(vic_lapic_base(cpu->lapic) == 0x345678800);
	fake_image_put64(&image, IMAGE_BASE, 0xfee00000);
	refused(cpu, &image, sizeof(image), VIC_ERR_IMAGE_STATE, NULL);
	fake_image_put64(&image, IMAGE_BASE, 0xfee00c00);
	refused(cpu, &image, sizeof(image), VIC_ERR_IMAGE_STATE, NULL);
}

static void hostile_inboxes(void **state)
{
	static const struct {
		uint32_t at;
		uint8_t value;
	} rows[] = {
		{IMAGE_NMIS, 3},          {IMAGE_NMIS, 0xff},
		{IMAGE_SMI, 2},           {IMAGE_INIT, 2},
		{IMAGE_SIPI, 2},          {IMAGE_EXTINT, 2},
		{IMAGE_LINES, 4},         {IMAGE_LINES, 0x80},
		{IMAGE_ZERO, 1},          {IMAGE_WAIT_SIPI, 2},
		{IMAGE_WAIT_SIPI + 3, 1},
	};
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_spec spec = {.vcpus = 1, .ops = &ops};
	struct fake_vm vm;
	struct fake_vcpu *cpu = make(&vm, 0, 0);
	struct fake_image image = fake_save(cpu), bad;
	size_t i;

	(void)state;
	fake_busy(cpu);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		bad = image;
		bad.bytes[rows[i].at] = rows[i].value;
		refused(cpu, &bad, sizeof(bad), VIC_ERR_IMAGE_STATE, NULL);
	}
	/* Without an 8259 there is no ExtINT. */
	ops.inta = NULL;
	fake_reset(NULL);
	fake_vm_make(&vm, &spec);
	image = fake_save(&vm.cpu[0]);
	image.bytes[IMAGE_EXTINT] = 1;
	refused(&vm.cpu[0], &image, sizeof(image), VIC_ERR_IMAGE_STATE, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(no_image),
		FAKE_TEST(another_configuration),
		FAKE_TEST(images_of_other_objects),
		FAKE_TEST(hostile_registers),
		FAKE_TEST(hostile_registers_of_x2apic),
		FAKE_TEST(unmasked_while_disabled),
		FAKE_TEST(hostile_timers),
		FAKE_TEST(hostile_remote_irr),
		FAKE_TEST(hostile_isr),
		FAKE_TEST(a_fixed_id),
		FAKE_TEST(without_cmci),
		FAKE_TEST(hostile_bases),
		FAKE_TEST(hostile_inboxes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
