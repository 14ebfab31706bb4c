/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* State images: <vic/lapic.h>, docs/images.md. */

#include "fake_image.h"

#include <string.h>

/* The states that an APIC may be saved in. */
enum shape {
	AT_RESET,
	XAPIC,
	X2APIC,
	SOFTWARE_DISABLED,
	HARDWARE_DISABLED,
	WAITING,
	BOOTING,
	SHAPES,
};

/* Two vCPUs; the second one is for the test. */
static struct fake_vcpu *make(struct fake_vm *vm, uint32_t bus_flags)
{
	static const uint32_t ids[] = {7, 1};
	struct fake_spec spec = {
		.vcpus = 2,
		.ids = ids,
		.lapic_flags = VIC_LAPIC_CMCI,
		.bus_flags = bus_flags,
		.raw = true,
	};

	fake_vm_make(vm, &spec);
	fake_vcpu_start(&vm->cpu[0]);
	return &vm->cpu[1];
}

static void bring_to(struct fake_vcpu *cpu, enum shape shape)
{
	const uint64_t base = VIC_APIC_BASE_RESET;

	if (shape == AT_RESET)
		return;
	if (shape == WAITING) {
		fake_request(cpu, VIC_REQUEST_NMI, 0);
		fake_harvest(cpu);
		return;
	}
	fake_vcpu_start(cpu);
	if (shape == X2APIC)
		fake_x2apic(cpu);
	fake_busy(cpu);
	if (shape == SOFTWARE_DISABLED)
		fake_write(cpu, VIC_APIC_SVR, 0x2f3);
	if (shape == HARDWARE_DISABLED)
		fake_write_base(cpu, base);
	if (shape == BOOTING) {
		fake_request(cpu, VIC_REQUEST_INIT, 0);
		fake_request(cpu, VIC_REQUEST_SIPI, 0x9a);
		fake_harvest(cpu);
	}
}

static void
expect_same_image(const struct fake_image *is, const struct fake_image *should)
{
	assert_memory_equal(is->bytes, should->bytes, sizeof(is->bytes));
}

static void head_and_layout(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct fake_image image;
	uint32_t offset;
	size_t i;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		struct fake_view view;

		cpu = make(&vm, VIC_BUS_ARBITRATE);
		bring_to(cpu, x2apic ? X2APIC : XAPIC);
		view = fake_look(cpu);
		image = fake_save(cpu);
		assert_memory_equal(image.bytes, "vicLAPIC", 8);
		assert_int_equal(fake_image_get(&image, IMAGE_VERSION), 1);
		assert_int_equal(fake_image_get(&image, IMAGE_SIZE),
				 VIC_LAPIC_IMAGE_SIZE);
		for (offset = 0; offset < 0x400; offset += 16) {
			uint32_t should = (uint32_t)view.regs[offset / 16];

			if (offset == VIC_APIC_ICR_HI && x2apic)
				should = 0;
			/* DFR is no register there, and keeps its value. */
			if (offset == VIC_APIC_DFR && x2apic)
				should = 0xffffffff;
			assert_int_equal(
				fake_image_get(&image, IMAGE_PAGE(offset)),
				should);
			for (i = 4; i < 16; i++)
				assert_int_equal(
					image.bytes[IMAGE_PAGE(offset) + i], 0);
		}
		assert_int_equal(fake_image_get(&image, IMAGE_LAPIC_FLAGS),
				 VIC_LAPIC_CMCI);
		assert_int_equal(fake_image_get(&image, IMAGE_BUS_FLAGS),
				 VIC_BUS_ARBITRATE);
		assert_int_equal(fake_image_get(&image, IMAGE_ID), 1);
		assert_int_equal(fake_image_get(&image, IMAGE_PHYSICAL_BITS),
				 52);
		assert_int_equal(fake_image_get64(&image, IMAGE_BASE),
				 x2apic ? 0xfee00c00 : 0xfee00800);
		assert_int_equal(fake_image_get(&image, IMAGE_ESR_PENDING),
				 0x40);
		assert_int_equal(fake_image_get(&image, IMAGE_WAIT_SIPI), 0);
		assert_int_equal(image.bytes[IMAGE_NMIS], 2);
		assert_int_equal(image.bytes[IMAGE_SMI], 1);
		assert_int_equal(image.bytes[IMAGE_INIT], 0);
		assert_int_equal(image.bytes[IMAGE_SIPI], 0);
		assert_int_equal(image.bytes[IMAGE_SIPI_VECTOR], 0);
		assert_int_equal(image.bytes[IMAGE_EXTINT], 1);
		assert_int_equal(image.bytes[IMAGE_LINES], 3);
		assert_int_equal(image.bytes[IMAGE_ZERO], 0);
		assert_int_equal(fake_image_get(&image, IMAGE_LINT0_VECTOR),
				 0xa5);
		assert_int_equal(fake_image_get(&image, IMAGE_TIMER_COUNT),
				 1000);
		assert_int_equal(fake_image_get64(&image, IMAGE_TIMER_TICKS),
				 5007);
		assert_int_equal(fake_image_get64(&image, IMAGE_TSC_DEADLINE),
				 0);
	}
}

/* 64 bits of ICR, wherever the hardware has them in the page. */
static void icr_in_the_image(void **state)
{
	static const uint32_t flags[] = {0, VIC_BUS_ICR_SPLIT};
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(flags); i++) {
		struct fake_vm vm;
		struct fake_vcpu *cpu = make(&vm, flags[i]);
		struct fake_image image;

		fake_vcpu_start(cpu);
		fake_x2apic(cpu);
		fake_icr(cpu, FAKE_TO32(0x12345678) | 0x84);
		image = fake_save(cpu);
		assert_int_equal(
			fake_image_get(&image, IMAGE_PAGE(VIC_APIC_ICR_LO)),
			0x84);
		assert_int_equal(
			fake_image_get(&image, IMAGE_PAGE(VIC_APIC_ICR_LO) + 4),
			0);
		assert_int_equal(
			fake_image_get(&image, IMAGE_PAGE(VIC_APIC_ICR_HI)),
			0x12345678);
		fake_icr(cpu, FAKE_TO32(9) | 0x85);
		fake_restore(cpu, &image);
		assert_true(fake_read(cpu, VIC_APIC_ICR_LO) ==
			    (FAKE_TO32(0x12345678) | 0x84));
	}
}

static void save_changes_nothing(void **state)
{
	struct fake_vm vm;
	int shape;

	(void)state;
	for (shape = 0; shape < SHAPES; shape++) {
		struct fake_vcpu *cpu = make(&vm, 0);
		struct fake_view before, after;
		struct fake_image first, second;
		uint32_t todo;

		bring_to(cpu, (enum shape)shape);
		todo = fake_todo(cpu);
		before = fake_look(cpu);
		first = fake_save(cpu);
		second = fake_save(cpu);
		after = fake_look(cpu);
		fake_expect_same_view(&after, &before);
		/* Somebody is to look, for this was more than a scan. */
		assert_int_equal(fake_todo(cpu), todo | VIC_WORK_RESYNC);
		assert_int_equal(fake_todo(cpu), todo);
		expect_same_image(&second, &first);
		assert_int_equal(cpu->eois + cpu->intas, 0);
	}
}

static void restore_gives_it_back(void **state)
{
	struct fake_vm from, to;
	int shape, other;

	(void)state;
	for (shape = 0; shape < SHAPES; shape++)
		for (other = 0; other < SHAPES; other++) {
			struct fake_vcpu *a = make(&from, 0);
			struct fake_vcpu *b = make(&to, 0);
			struct fake_view should, is;
			struct fake_image image, again;

			from.ticks = 1000;
			from.tsc = 4000;
			/* Another host's clock; the TSC is the guest's. */
			to.ticks = UINT64_C(0x123456789ab);
			to.tsc = 4000;
			bring_to(a, (enum shape)shape);
			bring_to(b, (enum shape)other);
			should = fake_look(a);
			image = fake_save(a);
			fake_restore(b, &image);
			is = fake_look(b);
			fake_expect_same_view(&is, &should);
			again = fake_save(b);
			expect_same_image(&again, &image);
			assert_int_equal(fake_todo(b), fake_todo(a));
			fake_reset(NULL);
		}
}

/* What the guest then gets is what it would have got. */
static void it_goes_on(void **state)
{
	struct fake_vm from, to;
	struct fake_vcpu *cpu;
	struct fake_image image;
	uint8_t vector;
	int x2apic;

	(void)state;
	for (x2apic = 0; x2apic < 2; x2apic++) {
		cpu = make(&from, 0);
		bring_to(cpu, x2apic ? X2APIC : XAPIC);
		image = fake_save(cpu);
		cpu = make(&to, 0);
		fake_restore(cpu, &image);
		assert_int_equal(fake_todo(cpu),
				 VIC_WORK_RESYNC | VIC_WORK_NMI | VIC_WORK_SMI |
					 VIC_WORK_EXTINT | VIC_WORK_IRQ);
		assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_OK);
		assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_OK);
		assert_int_equal(vic_lapic_ack_nmi(cpu->lapic), VIC_ERR_ABSENT);
		assert_int_equal(vic_lapic_ack_smi(cpu->lapic), VIC_OK);
		assert_int_equal(vic_lapic_ack_extint(cpu->lapic, &vector),
				 VIC_OK);
		assert_int_equal(fake_todo(cpu), VIC_WORK_IRQ);
		/* LINT0's level, and the rest by priority. */
		fake_complete(cpu, 0xa5);
		assert_int_equal(cpu->eois, 1);
		fake_request(cpu, VIC_REQUEST_LINT0, 0);
		fake_complete(cpu, 0xa5);
		fake_complete(cpu, 0x91);
		assert_int_equal(fake_deliverable(cpu), 0);
		assert_int_equal(cpu->eois, 2);
		fake_write(cpu, VIC_APIC_EOI, 0);
		assert_int_equal(cpu->eois, 3);
		assert_int_equal(cpu->eoi_number, 0x72);
		fake_complete(cpu, 0x53);
		fake_write(cpu, VIC_APIC_EOI, 0);
		assert_int_equal(cpu->eois, 4);
		assert_int_equal(fake_read(cpu, VIC_APIC_PPR), 0x25);
		assert_int_equal(fake_read(cpu, VIC_APIC_ESR), 0x20);
		assert_int_equal(fake_esr(cpu), 0x40);
		/* 16 x 1000 ticks, of which 5007 had passed. */
		to.ticks += 16000 - 5007 - 1;
		fake_request(cpu, VIC_REQUEST_TIMER, 0);
		assert_int_equal(fake_deliverable(cpu), 0);
		to.ticks++;
		fake_request(cpu, VIC_REQUEST_TIMER, 0);
		fake_complete(cpu, 0xef);
		to.ticks += 16000;
		fake_request(cpu, VIC_REQUEST_TIMER, 0);
		fake_complete(cpu, 0xef);
		/* No edge: LINT1 was high all the time. */
		assert_int_equal(fake_todo(cpu), 0);
	}
}

static void what_was_not_harvested(void **state)
{
	struct fake_vm from, to;
	struct fake_vcpu *cpu;
	struct fake_image image;

	(void)state;
	cpu = make(&from, 0);
	fake_vcpu_start(cpu);
	fake_write(cpu, VIC_APIC_LVT_PERF, 0x61);
	fake_write(cpu, VIC_APIC_LVT_LINT0, 0x62);
	fake_write(cpu, VIC_APIC_LVT_TIMER, 0x63);
	fake_write(cpu, VIC_APIC_TIMER_ICR, 10);
	from.ticks += 20;
	vic_vcpu_post(cpu->vcpu, &from.device, 0x91, true);
	vic_vcpu_post(cpu->vcpu, &from.device, 0x81, false);
	fake_request(cpu, VIC_REQUEST_PERF, 0);
	fake_request(cpu, VIC_REQUEST_LINT0, 1);
	fake_request(cpu, VIC_REQUEST_LINT0, 0);
	fake_request(cpu, VIC_REQUEST_NMI, 0);
	fake_request(cpu, VIC_REQUEST_ESR, 0x40);
	image = fake_save(cpu);
	/* Both have it: who was saved may run on. */
	cpu = make(&to, 0);
	fake_restore(cpu, &image);
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	assert_true(fake_bit(cpu, VIC_APIC_TMR, 0x91));
	fake_complete(cpu, 0x91);
	fake_complete(cpu, 0x81);
	fake_complete(cpu, 0x63);
	fake_complete(cpu, 0x62);
	fake_complete(cpu, 0x61);
	assert_int_equal(fake_todo(cpu), VIC_WORK_NMI);
	assert_int_equal(fake_read(cpu, VIC_APIC_LVT_PERF), 0x10061);
	assert_int_equal(fake_esr(cpu), 0x40);
	cpu = &from.cpu[1];
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	fake_complete(cpu, 0x91);
	fake_complete(cpu, 0x81);
	fake_complete(cpu, 0x63);
	fake_complete(cpu, 0x62);
	fake_complete(cpu, 0x61);
	assert_int_equal(fake_todo(cpu), VIC_WORK_NMI);
	assert_int_equal(fake_esr(cpu), 0x40);
}

static void booting_goes_on(void **state)
{
	struct fake_vm from, to;
	struct fake_vcpu *cpu;
	struct fake_image image;
	struct vic_work work;

	(void)state;
	cpu = make(&from, 0);
	bring_to(cpu, BOOTING);
	image = fake_save(cpu);
	cpu = make(&to, 0);
	fake_vcpu_start(cpu);
	fake_restore(cpu, &image);
	assert_true(fake_todo(cpu) & VIC_WORK_INIT);
	assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
	/* And once more between INIT and SIPI. */
	image = fake_save(cpu);
	assert_int_equal(fake_image_get(&image, IMAGE_WAIT_SIPI), 1);
	cpu = make(&to, 0);
	fake_vcpu_start(cpu);
	fake_restore(cpu, &image);
	vic_lapic_scan(cpu->lapic, FAKE_CAN_ALL, &work);
	assert_true(work.flags & VIC_WORK_SIPI);
	assert_int_equal(work.sipi_vector, 0x9a);
	assert_int_equal(vic_lapic_ack_sipi(cpu->lapic), VIC_OK);
	assert_int_equal(fake_todo(cpu), 0);
}

static void senders_find_it(void **state)
{
	const uint64_t cluster = FAKE_TO32(2) | VIC_ICR_LOGICAL | 0x41;
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct fake_image image, other;

	(void)state;
	cpu = make(&vm, 0);
	fake_vcpu_start(cpu);
	image = fake_save(cpu);
	fake_write(cpu, VIC_APIC_ID, 0x55u << 24);
	fake_write(cpu, VIC_APIC_LDR, 0x20u << 24);
	other = fake_save(cpu);
	fake_restore(cpu, &image);
	assert_int_equal(fake_read(cpu, VIC_APIC_ID), 1u << 24);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(0x55) | 0x41), 0);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(1) | 0x41), 2);
	fake_restore(cpu, &other);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(0x55) | 0x41), 2);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO8(1) | 0x41), 0);
	assert_int_equal(
		fake_send(&vm, 0, FAKE_TO8(0x20) | VIC_ICR_LOGICAL | 0x41), 2);
	/* Out of xAPIC mode, and of existence for Fixed. */
	fake_restore(cpu, &image);
	fake_x2apic(cpu);
	other = fake_save(cpu);
	fake_restore(cpu, &image);
	assert_int_equal(
		fake_send(&vm, 0, FAKE_TO8(0x20) | VIC_ICR_LOGICAL | 0x41), 0);
	fake_x2apic(&vm.cpu[0]);
	fake_restore(cpu, &other);
	assert_int_equal(fake_send(&vm, 0, cluster), 2);
	fake_write(cpu, VIC_APIC_SVR, 0xff);
	other = fake_save(cpu);
	fake_restore(cpu, &image);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO32(1) | 0x41), 2);
	fake_restore(cpu, &other);
	assert_int_equal(fake_send(&vm, 0, FAKE_TO32(1) | 0x41), 0);
}

/* Arbitration looks at the PPR of the restored state. */
static void its_priority_is_published(void **state)
{
	const uint64_t lowest =
		VIC_MSI_BASE | 0xff000 | VIC_MSI_RH | VIC_MSI_DM;
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct fake_image idle, busy;

	(void)state;
	cpu = make(&vm, VIC_BUS_ARBITRATE);
	fake_vcpu_start(cpu);
	fake_write(&vm.cpu[0], VIC_APIC_TPR, 0x30);
	idle = fake_save(cpu);
	fake_serve(&vm, cpu, 0x51);
	busy = fake_save(cpu);
	fake_write(cpu, VIC_APIC_EOI, 0);
	assert_int_equal(fake_msi(&vm, lowest, 0x61), 2);
	fake_restore(cpu, &busy);
	assert_int_equal(fake_msi(&vm, lowest, 0x61), 1);
	fake_restore(cpu, &idle);
	assert_int_equal(fake_msi(&vm, lowest, 0x61), 2);
}

static bool told(struct fake_vcpu *cpu)
{
	struct vic_work work;

	return vic_lapic_scan(cpu->lapic, 0, &work) & VIC_WORK_TIMER;
}

static void the_timers(void **state)
{
	/* LVT TIMER, then what was done at which tick; what is due. */
	static const struct {
		uint32_t lvt, dcr, then;
		uint64_t due;
	} rows[] = {
		{0xef, 0xb, 0xb, 1000 - 301},
		{0xef, 0, 0, 2000 - 301},
		/* CCR 699, rounded up, goes on at the new rate. */
		{0xef, 0xb, 0xa, 699 * 128},
		{0xef, 3, 0xb, 1000 - 18},
		{VIC_LVT_PERIODIC | 0xef, 0xb, 0xb, 1000 - 301},
		{VIC_LVT_PERIODIC | 0xef, 0xb, 0xa, 699 * 128},
	};
	struct fake_vm from, to;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		struct fake_vcpu *cpu = make(&from, 0);
		struct fake_image image;
		struct fake_view view;
		uint32_t ccr;

		fake_vcpu_start(cpu);
		from.ticks = 5000000;
		fake_write(cpu, VIC_APIC_LVT_TIMER, rows[i].lvt);
		fake_write(cpu, VIC_APIC_TIMER_DCR, rows[i].dcr);
		fake_write(cpu, VIC_APIC_TIMER_ICR, 1000);
		from.ticks += 301;
		fake_write(cpu, VIC_APIC_TIMER_DCR, rows[i].then);
		ccr = (uint32_t)fake_read(cpu, VIC_APIC_TIMER_CCR);
		image = fake_save(cpu);
		cpu = make(&to, 0);
		to.ticks = i & 1 ? 17 : 1000000000;
		told(cpu);
		fake_restore(cpu, &image);
		assert_true(told(cpu));
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_CCR), ccr);
		assert_int_equal(fake_read(cpu, VIC_APIC_TIMER_ICR), 1000);
		view = fake_look(cpu);
		assert_int_equal(view.armed, 1);
		assert_int_equal(view.clock, VIC_CLOCK_BUS);
		assert_int_equal(view.due, rows[i].due);
		to.ticks += rows[i].due;
		fake_request(cpu, VIC_REQUEST_TIMER, 0);
		fake_complete(cpu, 0xef);
		view = fake_look(cpu);
		assert_int_equal(view.armed, (rows[i].lvt >> 17) & 1);
	}
}

static void a_tsc_deadline(void **state)
{
	struct fake_vm from, to;
	struct fake_vcpu *cpu;
	struct fake_image image;
	struct fake_view view;

	(void)state;
	cpu = make(&from, 0);
	fake_vcpu_start(cpu);
	from.tsc = 1000;
	fake_write(cpu, VIC_APIC_LVT_TIMER, VIC_LVT_TSC_DEADLINE | 0xef);
	assert_int_equal(
		vic_lapic_msr_write(cpu->lapic, VIC_MSR_TSC_DEADLINE, 9000),
		VIC_ACCESS_DONE);
	image = fake_save(cpu);
	assert_int_equal(fake_image_get64(&image, IMAGE_TSC_DEADLINE), 9000);
	cpu = make(&to, 0);
	to.tsc = 5000;
	fake_restore(cpu, &image);
	assert_true(told(cpu));
	view = fake_look(cpu);
	assert_int_equal(view.tsc_deadline, 9000);
	assert_int_equal(view.clock, VIC_CLOCK_TSC);
	assert_int_equal(view.due, 4000);
	to.tsc = 9000;
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	fake_complete(cpu, 0xef);
	/* It passed while nothing ran: late, and once. */
	cpu = make(&to, 0);
	to.tsc = 10000;
	fake_restore(cpu, &image);
	assert_true(told(cpu));
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	fake_complete(cpu, 0xef);
	assert_int_equal(fake_todo(cpu), 0);
}

static void saved_while_it_sleeps(void **state)
{
	struct fake_vm vm;
	struct fake_vcpu *cpu;
	struct fake_image image;

	(void)state;
	cpu = make(&vm, 0);
	fake_vcpu_start(cpu);
	fake_block(cpu);
	image = fake_save(cpu);
	assert_int_equal(cpu->wakes, 1);
	/* A post still wakes it, too. */
	assert_int_equal(vic_vcpu_post(cpu->vcpu, &vm.device, 0x51, false),
			 VIC_POST_WOKEN);
	vic_vcpu_unblock(cpu->vcpu);
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	fake_complete(cpu, 0x51);
	fake_block(cpu);
	fake_restore(cpu, &image);
	assert_int_equal(cpu->wakes, 3);
	assert_int_equal(vic_vcpu_post(cpu->vcpu, &vm.device, 0x51, false),
			 VIC_POST_WOKEN);
	vic_vcpu_unblock(cpu->vcpu);
	fake_complete(cpu, 0x51);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(head_and_layout),
		FAKE_TEST(icr_in_the_image),
		FAKE_TEST(save_changes_nothing),
		FAKE_TEST(restore_gives_it_back),
		FAKE_TEST(it_goes_on),
		FAKE_TEST(what_was_not_harvested),
		FAKE_TEST(booting_goes_on),
		FAKE_TEST(senders_find_it),
		FAKE_TEST(its_priority_is_published),
		FAKE_TEST(the_timers),
		FAKE_TEST(a_tsc_deadline),
		FAKE_TEST(saved_while_it_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
