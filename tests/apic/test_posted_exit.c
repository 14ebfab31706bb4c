/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The exits of a processor that virtualizes the APIC: APIC-write (SDM vol. 3,
 * 29.4.3.3, 29.5), EOI-induced (29.1.4) and TPR below threshold (29.1.2).
 */

#include "fake_pair.h"

#include <string.h>

static struct fake_pair pair;

static struct fake_vcpu *cpu(void)
{
	return &pair.posting.cpu[0];
}

/* SDM 29.4.3.1 and 29.4.3.2. */
static bool exits(uint32_t offset)
{
	switch (offset) {
	case VIC_APIC_ID:
	case VIC_APIC_LDR:
	case VIC_APIC_DFR:
	case VIC_APIC_SVR:
	case VIC_APIC_ESR:
	case VIC_APIC_ICR_LO:
	case VIC_APIC_LVT_TIMER:
	case VIC_APIC_LVT_THERMAL:
	case VIC_APIC_LVT_PERF:
	case VIC_APIC_LVT_LINT0:
	case VIC_APIC_LVT_LINT1:
	case VIC_APIC_LVT_ERROR:
	case VIC_APIC_TIMER_ICR:
	case VIC_APIC_TIMER_DCR:
		return true;
	default:
		return false;
	}
}

/* No exit with virtual-interrupt delivery, or not on every processor. */
static bool without_exit(uint32_t offset)
{
	return offset == VIC_APIC_TPR || offset == VIC_APIC_EOI ||
	       offset == VIC_APIC_ICR_HI || offset == VIC_APIC_LVT_CMCI;
}

static void write_exits_of_every_offset_in_xapic_mode(void **state)
{
	(void)state;
	fake_pair_make(&pair, 0, 0);
	for (uint32_t offset = 0; offset < VIC_APIC_PAGE_SIZE; offset++) {
		uint32_t reg = offset & ~15u;
		unsigned char before[VIC_APIC_PAGE_SIZE];

		if (without_exit(reg))
			continue;
		memcpy(before, cpu()->page, sizeof(before));
		if (!exits(reg) || offset % 16 > 3) {
			assert_int_equal(
				vic_lapic_write_exit(cpu()->lapic, offset),
				VIC_ACCESS_FOREIGN);
			assert_memory_equal(cpu()->page, before,
					    sizeof(before));
			continue;
		}
		/* Of a narrower store's effect the manual says nothing. */
		if (offset % 16)
			continue;
		assert_int_equal(fake_pair_write(&pair, offset, 0x1f1),
				 VIC_ACCESS_DONE);
		fake_pair_compare(&pair);
	}
	assert_int_equal(vic_lapic_write_exit(cpu()->lapic, 0x1000 + 0xf0),
			 VIC_ACCESS_FOREIGN);
	assert_int_equal(vic_lapic_write_exit(cpu()->lapic, UINT32_MAX),
			 VIC_ACCESS_FOREIGN);
}

static void write_exits_of_every_offset_in_x2apic_mode(void **state)
{
	(void)state;
	fake_pair_make(&pair, 0, VIC_LAPIC_X2APIC);
	for (uint32_t offset = 0; offset < VIC_APIC_PAGE_SIZE; offset++) {
		unsigned char before[VIC_APIC_PAGE_SIZE];

		if ((offset & ~3u) == VIC_APIC_ICR_LO ||
		    (offset & ~3u) == VIC_APIC_SELF_IPI)
			continue;
		memcpy(before, cpu()->page, sizeof(before));
		assert_int_equal(vic_lapic_write_exit(cpu()->lapic, offset),
				 VIC_ACCESS_FOREIGN);
		assert_memory_equal(cpu()->page, before, sizeof(before));
	}
	/* Those below 16 exit; others where there is no delivery. */
	for (uint32_t v = 0; v < 256; v++) {
		assert_int_equal(fake_pair_write(&pair, VIC_APIC_SELF_IPI, v),
				 VIC_ACCESS_DONE);
		fake_pair_compare(&pair);
	}
}

static void write_exits_only_while_posting(void **state)
{
	unsigned char before[VIC_APIC_PAGE_SIZE];

	(void)state;
	fake_pair_make(&pair, 0, 0);
	fake_pair_switch(&pair, false);
	memcpy(before, cpu()->page, sizeof(before));
	for (uint32_t offset = 0; offset < VIC_APIC_PAGE_SIZE; offset += 16)
		assert_int_equal(vic_lapic_write_exit(cpu()->lapic, offset),
				 VIC_ACCESS_FOREIGN);
	assert_memory_equal(cpu()->page, before, sizeof(before));
}

static void values_that_a_register_ignores(void **state)
{
	static const struct {
		uint32_t bus_flags, setup, setup_value, offset;
		uint64_t value;
	} rows[] = {
		{0, 0, 0, VIC_APIC_ID, 0x05123456},
		{VIC_BUS_ID_READ_ONLY, 0, 0, VIC_APIC_ID, 0x05000000},
		{0, 0, 0, VIC_APIC_SVR, 0xfffffdf3},
		{VIC_BUS_SUPPRESS_EOI, 0, 0, VIC_APIC_SVR, 0xffffffff},
		{0, 0, 0, VIC_APIC_LDR, 0x12345678},
		{0, 0, 0, VIC_APIC_DFR, 0x00000000},
		{0, 0, 0, VIC_APIC_ESR, 0xffffffff},
		/* Software-disabled: the mask bit stays. */
		{0, VIC_APIC_SVR, 0xf3, VIC_APIC_LVT_TIMER, 0x00000031},
		{0, VIC_APIC_SVR, 0xf3, VIC_APIC_LVT_LINT0, 0x0000a700},
		{0, VIC_APIC_SVR, 0xf3, VIC_APIC_LVT_ERROR, 0x000000fe},
		{0, 0, 0, VIC_APIC_LVT_TIMER, 0xffffffff},
		{0, 0, 0, VIC_APIC_LVT_TIMER, 0x00060031},
		{0, 0, 0, VIC_APIC_LVT_LINT0, 0xffffffff},
		{0, 0, 0, VIC_APIC_LVT_PERF, 0xffffffff},
		{0, 0, 0, VIC_APIC_LVT_ERROR, 0xffffffff},
		{0, VIC_APIC_LVT_TIMER, 0x40031, VIC_APIC_TIMER_ICR, 1000},
		{0, VIC_APIC_LVT_TIMER, 0x20031, VIC_APIC_TIMER_ICR, 1000},
		{0, VIC_APIC_TIMER_ICR, 50000, VIC_APIC_TIMER_DCR, 0xfffffff9},
		{0, VIC_APIC_TIMER_ICR, 50000, VIC_APIC_LVT_TIMER, 0x40031},
		{0, VIC_APIC_TIMER_ICR, 50000, VIC_APIC_TIMER_ICR, 0},
		{0, 0, 0, VIC_APIC_ICR_LO, 0xffff3000 | 0x31},
		{0, 0, 0, VIC_APIC_ICR_LO, VIC_ICR_SELF | VIC_ICR_BUSY | 0x31},
	};

	(void)state;
	for (size_t i = 0; i < FAKE_COUNT(rows); i++) {
		fake_pair_make(&pair, rows[i].bus_flags, 0);
		if (rows[i].setup)
			fake_pair_access(&pair, rows[i].setup,
					 rows[i].setup_value);
		fake_pair_ticks(&pair, 12345);
		fake_pair_compare(&pair);
		fake_pair_write(&pair, rows[i].offset, rows[i].value);
		fake_pair_compare(&pair);
		fake_pair_ticks(&pair, 54321);
		fake_pair_deliver(&pair);
		fake_pair_compare(&pair);
	}
}

/* Nor is what changed in the page while posting was off. */
static void remote_irr_is_not_the_guests(void **state)
{
	(void)state;
	for (int off = 0; off < 2; off++)
		for (int set = 0; set < 2; set++) {
			fake_pair_make(&pair, 0, 0);
			fake_pair_access(&pair, VIC_APIC_LVT_LINT0,
					 VIC_LVT_LEVEL | 0x51);
			fake_pair_compare(&pair);
			if (off)
				fake_pair_switch(&pair, false);
			fake_pair_request(&pair, VIC_REQUEST_LINT0, 1);
			fake_pair_compare(&pair);
			assert_true(fake_page(cpu(), VIC_APIC_LVT_LINT0) &
				    VIC_LVT_REMOTE_IRR);
			if (off)
				fake_pair_switch(&pair, true);
			fake_pair_write(&pair, VIC_APIC_LVT_LINT0,
					VIC_LVT_LEVEL | VIC_LVT_BUSY |
						(set ? VIC_LVT_REMOTE_IRR : 0) |
						0x51);
			fake_pair_compare(&pair);
			assert_int_equal(fake_page(cpu(), VIC_APIC_LVT_LINT0),
					 VIC_LVT_LEVEL | VIC_LVT_REMOTE_IRR |
						 0x51);
		}
}

/* APIC-74 */
static void apic_74_icr_writes_that_exit(void **state)
{
	/* SDM 29.4.3.2: these make it a self-IPI without any exit. */
	const uint32_t must_be_0 =
		VIC_ICR_RESERVED | VIC_ICR_BUSY | VIC_ICR_LEVEL | VIC_ICR_MODE;
	uint64_t seed = 5;
	int exited = 0;

	(void)state;
	assert_true((must_be_0 | 0x80000) == (0xfff3b700 | 0x80000));
	for (int i = 0; i < 4000; i++) {
		uint32_t low, dest;

		if (i % 100 == 0)
			fake_pair_make(&pair, i & 256 ? VIC_BUS_LEVEL_IPIS : 0,
				       0);
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		low = (uint32_t)(seed >> 32);
		dest = low >> 5 & 3;
		/* Mostly few bits; INIT and SIPI are for their own tests. */
		if (i % 3)
			low &= VIC_ICR_SHORTHAND | VIC_ICR_VECTOR |
			       VIC_ICR_ASSERT | VIC_ICR_LOGICAL;
		if ((low & VIC_ICR_MODE) > FAKE_MODE(VIC_MODE_NMI))
			low &= ~VIC_ICR_MODE;
		if ((low & VIC_ICR_SHORTHAND) == VIC_ICR_SELF &&
		    !(low & must_be_0) && (low & VIC_ICR_VECTOR) >= 16)
			continue;
		/* A vector has one trigger mode: see test_posted_held.c. */
		low = (low & ~UINT32_C(1)) | (low & VIC_ICR_LEVEL ? 1 : 0);
		exited++;
		fake_pair_write(&pair, VIC_APIC_ICR_LO, FAKE_TO8(dest) | low);
		fake_pair_compare(&pair);
	}
	assert_true(exited > 3000);
}

/* The processor has checked the reserved bits. */
static void icr_writes_that_exit_in_x2apic_mode(void **state)
{
	static const uint64_t values[] = {
		0x31,
		FAKE_TO32(1) | 0x41,
		FAKE_TO32(0) | 0x42,
		FAKE_TO32(1) | VIC_ICR_ASSERT | 0x43,
		FAKE_TO32(1) | VIC_ICR_LEVEL | 0x44,
		FAKE_TO32(1) | FAKE_MODE(VIC_MODE_NMI),
		FAKE_TO32(UINT32_MAX) | 0x47,
		FAKE_TO32(3) | VIC_ICR_LOGICAL | 0x48,
		VIC_ICR_OTHERS | 0x49,
		VIC_ICR_ALL | 0x4a,
		FAKE_TO32(1) | 5,
	};

	(void)state;
	for (size_t i = 0; i < FAKE_COUNT(values); i++) {
		fake_pair_make(&pair, 0, VIC_LAPIC_X2APIC);
		assert_int_equal(
			fake_pair_write(&pair, VIC_APIC_ICR_LO, values[i]),
			VIC_ACCESS_DONE);
		fake_pair_compare(&pair);
	}
}

/* A level interrupt in service in both. */
static void serve_level(uint8_t vector)
{
	fake_pair_post(&pair, vector, true, true);
	assert_int_equal(fake_pair_deliver(&pair), vector);
}

static const struct vic_counters *counters(void)
{
	return vic_vcpu_counters(cpu()->vcpu);
}

static void eoi_exit_of_a_level_interrupt(void **state)
{
	(void)state;
	fake_pair_make(&pair, 0, 0);
	for (uint32_t v = 16; v < 256; v++) {
		unsigned int eois = cpu()->eois;

		serve_level((uint8_t)v);
		fake_pair_eoi(&pair);
		assert_int_equal(cpu()->eois, eois + 1);
		assert_int_equal(cpu()->eoi_number, v);
		assert_int_equal(cpu()->eoi_source, VIC_EOI_LAPIC);
		assert_int_equal(counters()->eois, eois + 1);
	}
	fake_pair_compare(&pair);
	/* An edge does not exit. */
	fake_pair_make(&pair, 0, 0);
	fake_pair_post(&pair, 0x31, false, true);
	assert_int_equal(fake_pair_deliver(&pair), 0x31);
	fake_pair_eoi(&pair);
	assert_int_equal(cpu()->eois, 0);
	assert_int_equal(counters()->eois, 0);
	fake_pair_compare(&pair);
}

/* APIC-43: an exit that the bitmap of a moment ago asked for. */
static void eoi_exit_of_an_edge(void **state)
{
	(void)state;
	fake_pair_make(&pair, 0, 0);
	vic_lapic_eoi_exit(cpu()->lapic, 0x41);
	assert_int_equal(cpu()->eois, 0);
}

static void eoi_exit_that_is_suppressed(void **state)
{
	(void)state;
	for (int suppress = 0; suppress < 2; suppress++) {
		fake_pair_make(&pair, VIC_BUS_SUPPRESS_EOI, 0);
		fake_pair_access(&pair, VIC_APIC_SVR,
				 suppress ? 0x11ff : 0x1ff);
		serve_level(0x51);
		fake_pair_eoi(&pair);
		assert_int_equal(cpu()->eois, !suppress);
		fake_pair_compare(&pair);
	}
}

static void eoi_exit_of_lint0(void **state)
{
	(void)state;
	for (int high = 0; high < 2; high++) {
		fake_pair_make(&pair, 0, 0);
		fake_pair_access(&pair, VIC_APIC_LVT_LINT0,
				 VIC_LVT_LEVEL | 0x51);
		fake_pair_request(&pair, VIC_REQUEST_LINT0, 1);
		assert_int_equal(fake_pair_deliver(&pair), 0x51);
		if (!high)
			fake_pair_request(&pair, VIC_REQUEST_LINT0, 0);
		fake_pair_compare(&pair);
		fake_pair_eoi(&pair);
		fake_pair_compare(&pair);
		/* Still high: once more. */
		assert_int_equal(fake_pair_deliver(&pair), high ? 0x51 : 0);
	}
}

static struct fake_vm *still_high;

/* A device whose line is still high: vic/ops.h lets it post. */
static void eoi_posts(void *opaque, uint32_t source, uint32_t number)
{
	struct fake_vcpu *owner = opaque;

	assert_int_equal(source, VIC_EOI_LAPIC);
	if (owner->eois++ == 0)
		vic_vcpu_post(owner->vcpu, &still_high->device, (uint8_t)number,
			      true);
}

static void eoi_of_a_line_that_is_still_high(void **state)
{
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_spec spec = {.vcpus = 1, .ops = &ops};
	struct fake_run run;
	struct fake_vm vm;

	(void)state;
	ops.eoi = eoi_posts;
	fake_vm_make(&vm, &spec);
	still_high = &vm;
	fake_run_start(&run, &vm.cpu[0], fake_pcpu(0, 0, NULL));
	vic_vcpu_post(vm.cpu[0].vcpu, &vm.device, 0x51, true);
	for (unsigned int i = 1; i < 3; i++) {
		uint8_t vector;

		fake_run_enter(&run);
		assert_int_equal(fake_deliver(&run), 0x51);
		assert_true(fake_virtual_eoi(&run, &vector));
		fake_run_exit(&run, false);
		vic_lapic_eoi_exit(vm.cpu[0].lapic, vector);
		assert_int_equal(vm.cpu[0].eois, i);
	}
	fake_run_enter(&run);
	assert_int_equal(run.status, 0);
}

/* A TPR shadow without posting: SDM 29.1.2. */
static void tpr_below_threshold(void **state)
{
	struct vic_work work;
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, false);
	fake_write(&vm.cpu[0], VIC_APIC_TPR, 0x60);
	vic_vcpu_post(vm.cpu[0].vcpu, &vm.device, 0x51, false);
	assert_false(vic_lapic_scan(vm.cpu[0].lapic, VIC_CAN_IRQ, &work) &
		     VIC_WORK_IRQ);
	assert_int_equal(work.tpr_threshold, 5);
	/* The processor stores it, and exits. */
	fake_store(&vm.cpu[0], VIC_APIC_TPR, 0x40);
	vic_lapic_reload(vm.cpu[0].lapic);
	assert_int_equal(fake_page(&vm.cpu[0], VIC_APIC_PPR), 0x40);
	assert_int_equal(vic_lapic_tpr(vm.cpu[0].lapic), 0x40);
	assert_true(vic_lapic_scan(vm.cpu[0].lapic, VIC_CAN_IRQ, &work) &
		    VIC_WORK_IRQ);
	assert_int_equal(work.vector, 0x51);
	fake_complete(&vm.cpu[0], 0x51);
}

static void reload_of_irr_and_isr(void **state)
{
	struct fake_vm vm;

	(void)state;
	fake_vm_plain(&vm, 1, true);
	fake_store(&vm.cpu[0], VIC_APIC_IRR + 0x20, 1u << 9 | 1u << 17);
	fake_store(&vm.cpu[0], VIC_APIC_ISR + 0x20, 1u << 1);
	vic_lapic_reload(vm.cpu[0].lapic);
	assert_int_equal(fake_page(&vm.cpu[0], VIC_APIC_PPR), 0x40);
	assert_int_equal(fake_deliverable(&vm.cpu[0]), 0x51);
	fake_complete(&vm.cpu[0], 0x51);
	assert_int_equal(fake_deliverable(&vm.cpu[0]), 0);
	fake_write(&vm.cpu[0], VIC_APIC_EOI, 0);
	fake_complete(&vm.cpu[0], 0x49);
	assert_int_equal(fake_deliverable(&vm.cpu[0]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(write_exits_of_every_offset_in_xapic_mode),
		FAKE_TEST(write_exits_of_every_offset_in_x2apic_mode),
		FAKE_TEST(write_exits_only_while_posting),
		FAKE_TEST(values_that_a_register_ignores),
		FAKE_TEST(remote_irr_is_not_the_guests),
		FAKE_TEST(apic_74_icr_writes_that_exit),
		FAKE_TEST(icr_writes_that_exit_in_x2apic_mode),
		FAKE_TEST(eoi_exit_of_a_level_interrupt),
		FAKE_TEST(eoi_exit_of_an_edge),
		FAKE_TEST(eoi_exit_that_is_suppressed),
		FAKE_TEST(eoi_exit_of_lint0),
		FAKE_TEST(eoi_of_a_line_that_is_still_high),
		FAKE_TEST(tpr_below_threshold),
		FAKE_TEST(reload_of_irr_and_isr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
