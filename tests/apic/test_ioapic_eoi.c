/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The end of level interrupts at an IOAPIC: SDM vol. 3, 10.8.5; the EOI
 * register of ICH data sheets; <vic/ioapic.h>, <vic/ops.h>.
 */

#include "fake_pc.h"
#include "fake_posting.h"

#define MASKED ((uint64_t)VIC_RTE_MASKED)

static void make_spec(struct fake_pc *pc, const struct fake_pc_spec *spec)
{
	fake_reset(NULL);
	fake_pc_make(pc, spec);
}

static void make(struct fake_pc *pc, uint32_t bus_flags)
{
	struct fake_pc_spec spec = {.bus_flags = bus_flags};

	make_spec(pc, &spec);
}

static void nothing(struct fake_pc *pc)
{
	assert_int_equal(fake_work(&pc->vm, ~(uint32_t)VIC_WORK_TIMER), 0);
}

static uint64_t own_messages(struct fake_pc *pc, uint32_t n)
{
	return vic_vcpu_counters(pc->vm.cpu[n].vcpu)->ioapic;
}

/* IOAPIC-27 */
static void ioapic_27_pins_that_share_a_vector(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 9, FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 11, FAKE_RTE_LEVEL(0x52));
	assert_true(fake_line(&pc, 3, true));
	/* One vector is pending for both. */
	assert_false(fake_line(&pc, 9, true));
	assert_true(fake_remote_irr(&pc, 3));
	assert_true(fake_remote_irr(&pc, 9));
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 3, false);
	fake_line(&pc, 11, true);
	fake_pc_eoi(&pc, 0);
	assert_int_equal(pc.heard_count, 2);
	assert_int_equal(pc.heard[0].number, 3);
	assert_int_equal(pc.heard[1].number, 9);
	pc.heard_count = 0;
	/* The other device still wants service; once. */
	assert_false(fake_remote_irr(&pc, 3));
	assert_true(fake_remote_irr(&pc, 9));
	assert_true(fake_remote_irr(&pc, 11));
	assert_int_equal(own_messages(&pc, 0), 1);
	fake_pc_serve(&pc, 0, 0x52);
	fake_line(&pc, 11, false);
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 11);
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 9, false);
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 9);
	nothing(&pc);
}

/* IOAPIC-27: sources of one pin. */
static void ioapic_27_a_shared_line(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_source(&pc, 3, 0, true);
	fake_source(&pc, 3, 1, true);
	fake_pc_serve(&pc, 0, 0x51);
	fake_source(&pc, 3, 0, false);
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	fake_pc_serve(&pc, 0, 0x51);
	fake_source(&pc, 3, 1, false);
	fake_pc_eoi(&pc, 0);
	nothing(&pc);
	assert_int_equal(pc.device.ioapic + own_messages(&pc, 0), 2);
}

/* IOAPIC-27: an edge entry, or one with nothing sent, hears of no EOI. */
static void ioapic_27_whom_it_is_for(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 3, 0x51);
	fake_program(&pc, 4, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	fake_pc_serve(&pc, 0, 0x51);
	/* An edge's EOI is not broadcast. */
	fake_pc_eoi(&pc, 0);
	fake_heard_nothing(&pc);
	vic_ioapic_eoi(pc.ioapic, &pc.device, 0x51);
	fake_heard_nothing(&pc);
	nothing(&pc);
	fake_line(&pc, 4, true);
	vic_ioapic_eoi(pc.ioapic, &pc.device, 0x50);
	fake_heard_nothing(&pc);
	assert_true(fake_remote_irr(&pc, 4));
	vic_ioapic_eoi(pc.ioapic, &pc.device, 0x51);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 4);
	assert_int_equal(pc.device.ioapic, 3);
}

/* IOAPIC-27 */
static void ioapic_27_several_ioapics_of_a_bus(void **state)
{
	struct vic_ioapic_config config = {
		.size = sizeof(config),
		.id = 2,
		.ops = &fake_pc_ops,
	};
	static _Alignas(VIC_CACHE_LINE) unsigned char bytes[FAKE_IOAPIC_BYTES];
	struct vic_ioapic_pin out;
	struct vic_ioapic *first;
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	config.bus = pc.vm.bus;
	config.opaque = &pc;
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	first = pc.ioapic;
	assert_int_equal(
		vic_ioapic_init(bytes, sizeof(bytes), &config, &pc.ioapic),
		VIC_OK);
	fake_program(&pc, 7, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 7, true);
	vic_ioapic_line_set(first, &pc.device, 3, 0, true);
	fake_pc_serve(&pc, 0, 0x51);
	vic_ioapic_line_set(first, &pc.device, 3, 0, false);
	fake_line(&pc, 7, false);
	fake_pc_eoi(&pc, 0);
	assert_int_equal(pc.heard_count, 2);
	assert_int_equal(pc.heard[0].number + pc.heard[1].number, 10);
	assert_false(fake_remote_irr(&pc, 7));
	assert_int_equal(vic_ioapic_peek(first, 3, &out), VIC_OK);
	assert_true(out.entry == FAKE_RTE_LEVEL(0x51));
	nothing(&pc);
	/* Both retry. */
	fake_write(&pc.vm.cpu[0], VIC_APIC_SVR, VIC_SVR_RESET);
	fake_line(&pc, 7, true);
	vic_ioapic_line_set(first, &pc.device, 3, 0, true);
	fake_write(&pc.vm.cpu[0], VIC_APIC_SVR, VIC_SVR_RESET | VIC_SVR_ENABLE);
	assert_true(fake_remote_irr(&pc, 7));
	assert_int_equal(vic_ioapic_peek(first, 3, &out), VIC_OK);
	assert_true(out.entry == (FAKE_RTE_LEVEL(0x51) | VIC_RTE_REMOTE_IRR));
}

/* IOAPIC-27: in x2APIC mode, where EOI is an MSR. */
static void ioapic_27_x2apic(void **state)
{
	struct fake_pc_spec spec = {.lapic_flags = VIC_LAPIC_X2APIC};
	struct fake_pc pc;

	(void)state;
	make_spec(&pc, &spec);
	fake_program(&pc, 3, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	fake_pc_serve(&pc, 1, 0x51);
	fake_line(&pc, 3, false);
	fake_pc_eoi(&pc, 1);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	assert_false(fake_remote_irr(&pc, 3));
}

/* IOAPIC-27: an EOI-induced exit of a processor that has posted vectors. */
static void ioapic_27_posted(void **state)
{
	struct fake_run run;
	struct fake_pc pc;
	uint8_t vector;
	int i;

	(void)state;
	make(&pc, 0);
	fake_run_start(&run, &pc.vm.cpu[0], fake_pcpu(0, 0, NULL));
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	for (i = 0; i < 2; i++) {
		fake_line(&pc, 3, true);
		fake_run_scan(&run);
		fake_run_enter(&run);
		assert_int_equal(fake_deliver(&run), 0x51);
		assert_true(fake_virtual_eoi(&run, &vector));
		fake_run_exit(&run, false);
		assert_true(fake_remote_irr(&pc, 3));
		fake_line(&pc, 3, false);
		vic_lapic_eoi_exit(pc.vm.cpu[0].lapic, vector);
		fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
		assert_false(fake_remote_irr(&pc, 3));
	}
}

static unsigned int raised;

/* When the first pin is told, the second one's remote IRR is 0 already. */
static void
pulse_the_other(struct fake_pc *pc, uint32_t source, uint32_t number)
{
	(void)source;
	if (number != 3)
		return;
	fake_line(pc, 9, false);
	raised += fake_line(pc, 9, true);
}

/* IOAPIC-28 */
static void ioapic_28_all_are_cleared_first(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 9, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	fake_line(&pc, 9, true);
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 3, false);
	pc.on_eoi = pulse_the_other;
	raised = 0;
	fake_pc_eoi(&pc, 0);
	assert_int_equal(raised, 1);
	assert_int_equal(pc.heard_count, 2);
	/* It was sent from there, and not once more. */
	assert_int_equal(pc.device.ioapic, 3);
	assert_int_equal(own_messages(&pc, 0), 0);
	assert_true(fake_remote_irr(&pc, 9));
	assert_false(fake_remote_irr(&pc, 3));
	fake_pc_serve(&pc, 0, 0x51);
}

static void lower(struct fake_pc *pc, uint32_t source, uint32_t number)
{
	assert_int_equal(source, VIC_EOI_IOAPIC);
	fake_line(pc, number, false);
}

static void
lower_and_raise(struct fake_pc *pc, uint32_t source, uint32_t number)
{
	assert_int_equal(source, VIC_EOI_IOAPIC);
	fake_line(pc, number, false);
	fake_line(pc, number, true);
}

/* IOAPIC-28 */
static void ioapic_28_the_callback_moves_the_line(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	fake_pc_serve(&pc, 0, 0x51);
	pc.on_eoi = lower_and_raise;
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	assert_int_equal(pc.device.ioapic + own_messages(&pc, 0), 2);
	fake_pc_serve(&pc, 0, 0x51);
	/* Lowered: there is nothing to send. */
	pc.on_eoi = lower;
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	assert_int_equal(pc.device.ioapic + own_messages(&pc, 0), 2);
	assert_false(fake_remote_irr(&pc, 3));
	nothing(&pc);
}

/* IOAPIC-29 */
static void ioapic_29_suppressed_broadcast(void **state)
{
	struct fake_pc pc;
	struct fake_vcpu *cpu;

	(void)state;
	make(&pc, VIC_BUS_SUPPRESS_EOI);
	cpu = &pc.vm.cpu[0];
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	fake_pc_serve(&pc, 0, 0x51);
	/* Not before the guest asks for it. */
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	fake_write(cpu, VIC_APIC_SVR,
		   VIC_SVR_RESET | VIC_SVR_ENABLE | VIC_SVR_SUPPRESS);
	fake_pc_serve(&pc, 0, 0x51);
	fake_pc_eoi(&pc, 0);
	fake_heard_nothing(&pc);
	assert_true(fake_remote_irr(&pc, 3));
	nothing(&pc);
	/* The directed one ends it; the line is still high. */
	fake_ioapic_store(&pc, VIC_IOAPIC_EOI, 0x51);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	assert_true(fake_remote_irr(&pc, 3));
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 3, false);
	/* Before the local one: as good. */
	fake_ioapic_store(&pc, VIC_IOAPIC_EOI, 0x51);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	assert_false(fake_remote_irr(&pc, 3));
	assert_true(fake_line(&pc, 3, true));
	fake_pc_eoi(&pc, 0);
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 3, false);
	fake_pc_eoi(&pc, 0);
	assert_true(fake_remote_irr(&pc, 3));
	fake_ioapic_store(&pc, VIC_IOAPIC_EOI, 0x51);
	assert_false(fake_remote_irr(&pc, 3));
	nothing(&pc);
}

/* IOAPIC-30 */
static void ioapic_30_eoi_register(void **state)
{
	static const struct {
		uint32_t len;
		uint64_t value;
		bool counts;
	} rows[] = {
		{4, 0x51, true},          {4, 0xffffff51, true},
		{1, 0x51, true},          {2, 0xff51, true},
		{8, 0x5200000051, true},  {4, 0x50, false},
		{4, 0x5100, false},       {1, 0x50, false},
		{8, 0x5100000000, false},
	};
	struct fake_pc pc;
	size_t i;

	(void)state;
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		make(&pc, 0);
		fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
		fake_line(&pc, 3, true);
		fake_line(&pc, 3, false);
		assert_int_equal(fake_ioapic_load(&pc, VIC_IOAPIC_EOI), 0);
		assert_int_equal(vic_ioapic_write(pc.ioapic, &pc.device,
						  VIC_IOAPIC_EOI, rows[i].len,
						  rows[i].value),
				 VIC_ACCESS_DONE);
		assert_int_equal(fake_remote_irr(&pc, 3), !rows[i].counts);
		assert_int_equal(pc.heard_count, rows[i].counts);
		assert_int_equal(fake_ioapic_load(&pc, VIC_IOAPIC_EOI), 0);
	}
}

/* IOAPIC-30: the 82093AA has none. */
static void ioapic_30_no_eoi_register(void **state)
{
	struct fake_pc_spec spec = {.version = 0x11};
	struct fake_pc pc;

	(void)state;
	make_spec(&pc, &spec);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	fake_ioapic_store(&pc, VIC_IOAPIC_EOI, 0x51);
	assert_true(fake_remote_irr(&pc, 3));
	fake_heard_nothing(&pc);
	assert_int_equal(pc.device.ioapic, 1);
	fake_pc_serve(&pc, 0, 0x51);
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
}

/* IOAPIC-30: of several, and of a masked one. */
static void ioapic_30_all_with_the_vector(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_program(&pc, 9, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	fake_line(&pc, 9, true);
	fake_program(&pc, 3, MASKED | FAKE_RTE_LEVEL(0x51));
	fake_ioapic_store(&pc, VIC_IOAPIC_EOI, 0x51);
	assert_int_equal(pc.heard_count, 2);
	assert_false(fake_remote_irr(&pc, 3));
	assert_true(fake_remote_irr(&pc, 9));
	assert_int_equal(pc.device.ioapic, 3);
}

/* IOAPIC-31 */
static void ioapic_31_the_target_gets_an_init(void **state)
{
	struct fake_pc pc;
	struct fake_vcpu *cpu;

	(void)state;
	make(&pc, 0);
	cpu = &pc.vm.cpu[1];
	fake_program(&pc, 3, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	fake_pc_serve(&pc, 1, 0x51);
	fake_request(cpu, VIC_REQUEST_INIT, 0);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
	fake_vcpu_start(cpu);
	/* It forgot what was in service. */
	assert_true(fake_remote_irr(&pc, 3));
	fake_pc_eoi(&pc, 1);
	fake_heard_nothing(&pc);
	assert_true(fake_remote_irr(&pc, 3));
	nothing(&pc);
	fake_ioapic_store(&pc, VIC_IOAPIC_EOI, 0x51);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	fake_pc_serve(&pc, 1, 0x51);
	/* Without the register: edge and level again. */
	fake_request(cpu, VIC_REQUEST_INIT, 0);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_ack_init(cpu->lapic), VIC_OK);
	fake_vcpu_start(cpu);
	fake_program(&pc, 3, MASKED | FAKE_RTE_TO(1) | 0x51);
	fake_program(&pc, 3, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51));
	fake_pc_serve(&pc, 1, 0x51);
}

/* IOAPIC-31: it was pending only. */
static void ioapic_31_reset_of_the_target(void **state)
{
	struct fake_pc pc;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 3, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	vic_lapic_reset(pc.vm.cpu[1].lapic);
	fake_vcpu_start(&pc.vm.cpu[1]);
	nothing(&pc);
	assert_true(fake_remote_irr(&pc, 3));
	fake_ioapic_store(&pc, VIC_IOAPIC_EOI, 0x51);
	fake_pc_serve(&pc, 1, 0x51);
}

/* IOAPIC-34: remote IRR is 1, so an EOI has to come. */
static void ioapic_34_accepted_and_disabled(void **state)
{
	struct fake_pc pc;
	struct fake_vcpu *cpu;

	(void)state;
	make(&pc, 0);
	cpu = &pc.vm.cpu[0];
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	fake_line(&pc, 3, true);
	/* Before it is looked at. */
	fake_write(cpu, VIC_APIC_SVR, VIC_SVR_RESET);
	fake_harvest(cpu);
	/* From a sender that saw the APIC enabled and was slow. */
	vic_vcpu_post(cpu->vcpu, &pc.vm.device, 0x61, true);
	vic_vcpu_post(cpu->vcpu, &pc.vm.device, 0x71, false);
	fake_harvest(cpu);
	assert_true(fake_remote_irr(&pc, 3));
	assert_int_equal(vic_vcpu_counters(cpu->vcpu)->discarded, 1);
	fake_write(cpu, VIC_APIC_SVR, VIC_SVR_RESET | VIC_SVR_ENABLE);
	fake_pc_serve(&pc, 0, 0x61);
	fake_pc_eoi(&pc, 0);
	fake_pc_serve(&pc, 0, 0x51);
	fake_line(&pc, 3, false);
	fake_pc_eoi(&pc, 0);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	assert_false(fake_remote_irr(&pc, 3));
	nothing(&pc);
}

/* A lock for each call that changes something; fake_pc.c checks the pairs. */
static void locks_and_callbacks(void **state)
{
	struct fake_pc pc;
	unsigned int before;

	(void)state;
	make(&pc, 0);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	before = fake_pc_locks();
	fake_line(&pc, 3, true);
	assert_true(fake_pc_locks() > before);
	fake_pc_serve(&pc, 0, 0x51);
	before = fake_pc_locks();
	/* A callback under the lock fails there. */
	fake_pc_eoi(&pc, 0);
	assert_true(fake_pc_locks() > before);
	fake_heard_one(&pc, VIC_EOI_IOAPIC, 3);
	fake_enter(&pc.vm.cpu[1]);
	fake_program(&pc, 5, FAKE_RTE_TO(1) | 0x61);
	fake_line(&pc, 5, true);
	assert_int_equal(pc.vm.cpu[1].kicks, 1);
	vic_vcpu_exit(pc.vm.cpu[1].vcpu, true);
	assert_int_equal(fake_take(&pc.vm, 0x61), 2);
	fake_block(&pc.vm.cpu[1]);
	fake_line(&pc, 5, false);
	fake_line(&pc, 5, true);
	assert_int_equal(pc.vm.cpu[1].wakes, 1);
	vic_vcpu_unblock(pc.vm.cpu[1].vcpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(ioapic_27_pins_that_share_a_vector),
		FAKE_PC_TEST(ioapic_27_a_shared_line),
		FAKE_PC_TEST(ioapic_27_whom_it_is_for),
		FAKE_PC_TEST(ioapic_27_several_ioapics_of_a_bus),
		FAKE_PC_TEST(ioapic_27_x2apic),
		FAKE_PC_TEST(ioapic_27_posted),
		FAKE_PC_TEST(ioapic_28_all_are_cleared_first),
		FAKE_PC_TEST(ioapic_28_the_callback_moves_the_line),
		FAKE_PC_TEST(ioapic_29_suppressed_broadcast),
		FAKE_PC_TEST(ioapic_30_eoi_register),
		FAKE_PC_TEST(ioapic_30_no_eoi_register),
		FAKE_PC_TEST(ioapic_30_all_with_the_vector),
		FAKE_PC_TEST(ioapic_31_the_target_gets_an_init),
		FAKE_PC_TEST(ioapic_31_reset_of_the_target),
		FAKE_PC_TEST(ioapic_34_accepted_and_disabled),
		FAKE_PC_ONCE(locks_and_callbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
