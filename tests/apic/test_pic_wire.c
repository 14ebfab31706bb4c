/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From a PIC to a processor, through LINT0 and through an IOAPIC, and back by
 * its EOIs: MultiProcessor Specification 1.4, 3.6.2.2; SDM vol. 3, 10.5.1;
 * <vic/pic.h>.
 */

#include "fake_pc.h"

#define EXTINT ((uint32_t)VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT)

static void make(struct fake_pc *pc, const struct fake_pc_spec *spec)
{
	fake_reset(NULL);
	fake_pc_make(pc, spec);
	fake_pic_setup(pc);
}

/* Virtual wire through LINT0 of vCPU 0. */
static struct fake_vcpu *make_lint0(struct fake_pc *pc)
{
	struct fake_pc_spec spec = {.wires = 1};

	make(pc, &spec);
	fake_write(&pc->vm.cpu[0], VIC_APIC_LVT_LINT0, EXTINT);
	return &pc->vm.cpu[0];
}

/* The same through pin 0. */
static struct fake_vcpu *make_hub(struct fake_pc *pc)
{
	struct fake_pc_spec spec = {.hub = true};

	make(pc, &spec);
	fake_program(pc, 0, FAKE_RTE_MODE(VIC_MODE_EXTINT));
	return &pc->vm.cpu[0];
}

static bool lint0(struct fake_vcpu *cpu)
{
	return fake_inbox(cpu).lint & 1;
}

static void take(struct fake_vcpu *cpu, uint8_t expected)
{
	unsigned int before = cpu->intas;
	uint8_t vector = 0;

	assert_int_equal(fake_todo(cpu), VIC_WORK_EXTINT);
	assert_int_equal(vic_lapic_ack_extint(cpu->lapic, &vector), VIC_OK);
	assert_int_equal(vector, expected);
	assert_int_equal(cpu->intas, before + 1);
}

/* PIC-29: from the line to the EOI. */
static void pic_29_virtual_wire_by_lint0(void **state)
{
	struct fake_vcpu *cpu;
	struct fake_pc pc;

	(void)state;
	cpu = make_lint0(&pc);
	assert_int_equal(fake_todo(cpu), 0);
	assert_false(lint0(cpu));
	fake_irq(&pc, 1, true);
	assert_true(lint0(cpu));
	take(cpu, 0x31);
	/* In service at the PIC, and not at the local APIC. */
	assert_false(lint0(cpu));
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(fake_read(cpu, VIC_APIC_ISR + 0x10), 0);
	assert_int_equal(fake_chip(&pc, 0).isr, 0x02);
	/* Two wait; one after the other. */
	fake_irq(&pc, 4, true);
	fake_irq(&pc, 12, true);
	assert_int_equal(fake_todo(cpu), 0);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_true(lint0(cpu));
	take(cpu, 0x74);
	assert_int_equal(fake_todo(cpu), 0);
	fake_out(&pc, VIC_PIC_SLAVE, FAKE_EOI);
	assert_int_equal(fake_todo(cpu), 0);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	take(cpu, 0x34);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_todo(cpu), 0);
	/* The other vCPU has no wire. */
	assert_int_equal(fake_work(&pc.vm, VIC_WORK_EXTINT), 0);
	assert_false(lint0(&pc.vm.cpu[1]));
}

/* PIC-29: INT is a level; what was withdrawn is not taken. */
static void pic_29_withdrawn(void **state)
{
	struct fake_vcpu *cpu;
	struct fake_pc pc;
	uint8_t vector;

	(void)state;
	cpu = make_lint0(&pc);
	fake_irq(&pc, 1, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_EXTINT);
	fake_irq(&pc, 1, false);
	assert_false(lint0(cpu));
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(vic_lapic_ack_extint(cpu->lapic, &vector),
			 VIC_ERR_ABSENT);
	/* The slave's was latched by the master: a spurious one. */
	fake_pulse(&pc, 9);
	assert_true(lint0(cpu));
	take(cpu, 0x77);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_todo(cpu), 0);
}

/* PIC-29: LVT0's mask and mode. */
static void pic_29_masks_of_the_lvt(void **state)
{
	struct fake_vcpu *cpu;
	struct fake_pc pc;

	(void)state;
	cpu = make_lint0(&pc);
	fake_write(cpu, VIC_APIC_LVT_LINT0, VIC_LVT_MASKED | EXTINT);
	fake_enter(cpu);
	fake_irq(&pc, 1, true);
	/* It would look for nothing. */
	assert_int_equal(cpu->kicks, 0);
	assert_true(lint0(cpu));
	vic_vcpu_exit(cpu->vcpu, false);
	assert_int_equal(fake_todo(cpu), 0);
	fake_write(cpu, VIC_APIC_LVT_LINT0, EXTINT);
	/* It is news now. */
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_AGAIN);
	take(cpu, 0x31);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	/* With the mask off it is kicked. */
	fake_irq(&pc, 1, false);
	fake_enter(cpu);
	fake_irq(&pc, 1, true);
	assert_int_equal(cpu->kicks, 1);
	vic_vcpu_exit(cpu->vcpu, true);
	take(cpu, 0x31);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	fake_block(cpu);
	fake_irq(&pc, 3, true);
	assert_int_equal(cpu->wakes, 1);
	vic_vcpu_unblock(cpu->vcpu);
	take(cpu, 0x33);
}

/* PIC-29: before the local APIC is enabled, and with it off. */
static void pic_29_without_a_local_apic(void **state)
{
	struct fake_pc_spec spec = {.wires = 1, .raw = true};
	struct fake_vcpu *cpu;
	struct fake_pc pc;

	(void)state;
	make(&pc, &spec);
	cpu = &pc.vm.cpu[0];
	fake_hardware_enable(cpu, false);
	fake_irq(&pc, 1, true);
	take(cpu, 0x31);
	fake_irq(&pc, 0, true);
	take(cpu, 0x30);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_todo(cpu), 0);
}

/* PIC-29: two processors on the wire; one INTA takes it from both. */
static void pic_29_two_wires(void **state)
{
	struct fake_pc_spec spec = {.wires = 2};
	struct fake_pc pc;

	(void)state;
	make(&pc, &spec);
	fake_write(&pc.vm.cpu[0], VIC_APIC_LVT_LINT0, EXTINT);
	fake_write(&pc.vm.cpu[1], VIC_APIC_LVT_LINT0, EXTINT);
	fake_irq(&pc, 1, true);
	assert_int_equal(fake_work(&pc.vm, VIC_WORK_EXTINT), 3);
	take(&pc.vm.cpu[1], 0x31);
	assert_int_equal(fake_work(&pc.vm, VIC_WORK_EXTINT), 0);
	/* The next one comes to both anew. */
	fake_irq(&pc, 0, true);
	assert_int_equal(fake_work(&pc.vm, VIC_WORK_EXTINT), 3);
	take(&pc.vm.cpu[0], 0x30);
	assert_int_equal(fake_work(&pc.vm, VIC_WORK_EXTINT), 0);
}

static void wires(void **state)
{
	struct vic_vcpu_ops ops = fake_pc_ops;
	struct fake_pc_spec spec = {.vcpus = VIC_PIC_MAX_WIRES + 1};
	struct fake_pc pc;
	uint32_t i;

	(void)state;
	make(&pc, &spec);
	fake_irq(&pc, 3, true);
	for (i = 0; i < VIC_PIC_MAX_WIRES; i++) {
		assert_int_equal(
			vic_pic_wire(pc.pic, &pc.device, pc.vm.cpu[i].vcpu),
			VIC_OK);
		/* INT is high already. */
		assert_true(lint0(&pc.vm.cpu[i]));
	}
	assert_int_equal(vic_pic_wire(pc.pic, &pc.device, pc.vm.cpu[3].vcpu),
			 VIC_ERR_EXISTS);
	assert_int_equal(vic_pic_wire(pc.pic, &pc.device, pc.vm.cpu[i].vcpu),
			 VIC_ERR_STATE);
	fake_irq(&pc, 3, false);
	for (i = 0; i < VIC_PIC_MAX_WIRES; i++)
		assert_false(lint0(&pc.vm.cpu[i]));
	fake_reset(NULL);
	ops.inta = NULL;
	spec = (struct fake_pc_spec){.ops = &ops};
	fake_pc_make(&pc, &spec);
	assert_int_equal(vic_pic_wire(pc.pic, &pc.device, pc.vm.cpu[0].vcpu),
			 VIC_ERR_INVAL);
}

/* It sees INT as it is. */
static void a_wire_while_int_is_high(void **state)
{
	struct fake_pc_spec spec = {.wires = 1};
	struct fake_vcpu *late;
	struct fake_pc pc;

	(void)state;
	make(&pc, &spec);
	late = &pc.vm.cpu[1];
	fake_write(late, VIC_APIC_LVT_LINT0, EXTINT);
	fake_irq(&pc, 1, true);
	assert_int_equal(fake_todo(late), 0);
	assert_int_equal(vic_pic_wire(pc.pic, &pc.device, late->vcpu), VIC_OK);
	assert_int_equal(fake_todo(late), VIC_WORK_EXTINT);
	assert_int_equal(vic_pic_wire(pc.pic, &pc.device, late->vcpu),
			 VIC_ERR_EXISTS);
	assert_int_equal(vic_pic_wire(pc.pic, &pc.device, NULL), VIC_ERR_INVAL);
}

/* A reset lowers INT wherever it goes. */
static void reset_of_a_wired_pic(void **state)
{
	struct fake_pc_spec spec = {.wires = 1, .hub = true};
	struct vic_ioapic_pin pin;
	struct fake_pc pc;

	(void)state;
	make(&pc, &spec);
	fake_irq(&pc, 3, true);
	assert_true(lint0(&pc.vm.cpu[0]));
	assert_int_equal(vic_ioapic_peek(pc.ioapic, 0, &pin), VIC_OK);
	assert_true(pin.sources == UINT64_C(1) << 63);
	vic_pic_reset(pc.pic, &pc.device);
	assert_false(lint0(&pc.vm.cpu[0]));
	assert_int_equal(vic_ioapic_peek(pc.ioapic, 0, &pin), VIC_OK);
	assert_true(pin.sources == 0);
}

/* PIC-30 */
static void pic_30_virtual_wire_by_an_ioapic(void **state)
{
	struct fake_vcpu *cpu;
	struct fake_pc pc;

	(void)state;
	cpu = make_hub(&pc);
	fake_irq(&pc, 1, true);
	take(cpu, 0x31);
	assert_int_equal(fake_todo(cpu), 0);
	fake_irq(&pc, 4, true);
	fake_irq(&pc, 12, true);
	fake_irq(&pc, 3, true);
	assert_int_equal(fake_todo(cpu), 0);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	take(cpu, 0x74);
	fake_out(&pc, VIC_PIC_SLAVE, FAKE_EOI);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	take(cpu, 0x33);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	take(cpu, 0x34);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(fake_todo(cpu), 0);
	/* A nested one. */
	fake_irq(&pc, 6, true);
	take(cpu, 0x36);
	fake_irq(&pc, 1, false);
	fake_irq(&pc, 1, true);
	take(cpu, 0x31);
	/* No EOI of a local APIC is for it. */
	fake_heard_nothing(&pc);
}

/* PIC-30: INT drops with each INTA, so none of several is lost. */
static void pic_30_several_in_a_row(void **state)
{
	struct fake_vcpu *cpu;
	struct fake_pc pc;
	uint32_t irq;

	(void)state;
	cpu = make_hub(&pc);
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4,
		      FAKE_PIC_MASTER_BASE,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI);
	fake_pic_init(&pc, VIC_PIC_SLAVE, VIC_PIC_ICW1_IC4, FAKE_PIC_SLAVE_BASE,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI);
	for (irq = 16; irq-- > 0;)
		if (irq != VIC_PIC_CASCADE)
			fake_irq(&pc, irq, true);
	take(cpu, 0x30);
	take(cpu, 0x31);
	for (irq = 0; irq < 8; irq++)
		take(cpu, (uint8_t)(0x70 + irq));
	for (irq = 3; irq < 8; irq++)
		take(cpu, (uint8_t)(0x30 + irq));
	assert_int_equal(fake_todo(cpu), 0);
	/* With a poll it drops too. */
	fake_irq(&pc, 5, false);
	fake_irq(&pc, 6, false);
	fake_irq(&pc, 5, true);
	fake_irq(&pc, 6, true);
	assert_int_equal(fake_todo(cpu), VIC_WORK_EXTINT);
	take(cpu, 0x35);
	fake_irq(&pc, 5, false);
	fake_irq(&pc, 5, true);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x85);
	take(cpu, 0x36);
	assert_int_equal(fake_todo(cpu), 0);
}

/* PIC-30: a masked pin is no wire. */
static void pic_30_masked_pin(void **state)
{
	struct fake_vcpu *cpu;
	struct vic_ioapic_pin pin;
	struct fake_pc pc;

	(void)state;
	cpu = make_hub(&pc);
	fake_program(&pc, 0, VIC_RTE_MASKED | FAKE_RTE_MODE(VIC_MODE_EXTINT));
	fake_irq(&pc, 1, true);
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(vic_ioapic_peek(pc.ioapic, 0, &pin), VIC_OK);
	assert_true(pin.sources == UINT64_C(1) << 63);
	fake_irq(&pc, 1, false);
	assert_int_equal(vic_ioapic_peek(pc.ioapic, 0, &pin), VIC_OK);
	assert_true(pin.sources == 0);
	fake_program(&pc, 0, FAKE_RTE_MODE(VIC_MODE_EXTINT));
	fake_irq(&pc, 1, true);
	take(cpu, 0x31);
}

static void expect_heard(struct fake_pc *pc, uint32_t irq)
{
	fake_heard_one(pc, VIC_EOI_PIC, irq);
}

/* PIC-31: every kind of EOI of a level-triggered IRQ. */
static void pic_31_eoi_of_a_level(void **state)
{
	static const uint8_t words[] = {0x20, 0x65, 0xa0, 0xe5};
	static const uint8_t slave_words[] = {0x20, 0x64, 0xa0, 0xe4};
	struct fake_pc_spec spec = {0};
	struct fake_pc pc;
	size_t i;

	(void)state;
	make(&pc, &spec);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	fake_out(&pc, VIC_PIC_ELCR_SLAVE, 0x10);
	for (i = 0; i < FAKE_COUNT(words); i++) {
		fake_irq(&pc, 5, true);
		fake_inta(&pc);
		fake_irq(&pc, 5, false);
		fake_heard_nothing(&pc);
		fake_out(&pc, VIC_PIC_MASTER, words[i]);
		expect_heard(&pc, 5);
		/* There is nothing to end any more. */
		fake_out(&pc, VIC_PIC_MASTER, words[i]);
		fake_heard_nothing(&pc);
		fake_irq(&pc, 12, true);
		fake_inta(&pc);
		fake_irq(&pc, 12, false);
		fake_out(&pc, VIC_PIC_SLAVE, slave_words[i]);
		expect_heard(&pc, 12);
		/* IRQ 2 is no device's. */
		fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		fake_heard_nothing(&pc);
		/* Edge: nobody hears. */
		fake_irq(&pc, 6, true);
		fake_inta(&pc);
		fake_irq(&pc, 6, false);
		fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
		fake_heard_nothing(&pc);
	}
}

/* PIC-31: AEOI, poll, LTIM; and a spurious one. */
static void pic_31_other_ways(void **state)
{
	struct fake_pc_spec spec = {0};
	struct fake_pc pc;

	(void)state;
	make(&pc, &spec);
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4,
		      FAKE_PIC_MASTER_BASE,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0xa0);
	fake_irq(&pc, 5, true);
	fake_inta(&pc);
	expect_heard(&pc, 5);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_POLL);
	assert_int_equal(fake_in(&pc, VIC_PIC_MASTER), 0x85);
	expect_heard(&pc, 5);
	fake_irq(&pc, 5, false);
	assert_int_equal(fake_inta(&pc), 0x37);
	fake_heard_nothing(&pc);
	fake_irq(&pc, 6, true);
	fake_inta(&pc);
	fake_heard_nothing(&pc);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0);
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4 | VIC_PIC_ICW1_LTIM,
		      FAKE_PIC_MASTER_BASE, VIC_PIC_ICW4_UPM);
	fake_irq(&pc, 6, false);
	fake_irq(&pc, 1, true);
	fake_inta(&pc);
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	expect_heard(&pc, 1);
}

static void lower(struct fake_pc *pc, uint32_t source, uint32_t number)
{
	assert_int_equal(source, VIC_EOI_PIC);
	fake_irq(pc, number, false);
}

static void
lower_and_raise(struct fake_pc *pc, uint32_t source, uint32_t number)
{
	assert_int_equal(source, VIC_EOI_PIC);
	/* Its in-service bit has ended. */
	fake_irq(pc, number, false);
	fake_irq(pc, number, true);
}

/* PIC-31: the callback moves the line. */
static void pic_31_the_callback_moves_the_line(void **state)
{
	struct fake_vcpu *cpu;
	struct fake_pc pc;

	(void)state;
	cpu = make_lint0(&pc);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	fake_irq(&pc, 5, true);
	take(cpu, 0x35);
	pc.on_eoi = lower_and_raise;
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	expect_heard(&pc, 5);
	take(cpu, 0x35);
	pc.on_eoi = lower;
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	expect_heard(&pc, 5);
	assert_int_equal(fake_todo(cpu), 0);
	assert_false(vic_pic_output(pc.pic));
	/* From within the INTA cycle. */
	fake_pic_init(&pc, VIC_PIC_MASTER, VIC_PIC_ICW1_IC4,
		      FAKE_PIC_MASTER_BASE,
		      VIC_PIC_ICW4_UPM | VIC_PIC_ICW4_AEOI);
	fake_irq(&pc, 5, true);
	take(cpu, 0x35);
	expect_heard(&pc, 5);
	assert_int_equal(fake_todo(cpu), 0);
	/* An IOAPIC sees no edge of what was lowered in time. */
	cpu = make_hub(&pc);
	fake_out(&pc, VIC_PIC_ELCR_MASTER, 0x20);
	fake_irq(&pc, 5, true);
	take(cpu, 0x35);
	pc.on_eoi = lower;
	fake_out(&pc, VIC_PIC_MASTER, FAKE_EOI);
	expect_heard(&pc, 5);
	assert_int_equal(fake_todo(cpu), 0);
	assert_int_equal(pc.device.ioapic, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(pic_29_virtual_wire_by_lint0),
		FAKE_PC_TEST(pic_29_withdrawn),
		FAKE_PC_TEST(pic_29_masks_of_the_lvt),
		FAKE_PC_TEST(pic_29_without_a_local_apic),
		FAKE_PC_TEST(pic_29_two_wires),
		FAKE_PC_ONCE(wires),
		FAKE_PC_TEST(a_wire_while_int_is_high),
		FAKE_PC_TEST(reset_of_a_wired_pic),
		FAKE_PC_TEST(pic_30_virtual_wire_by_an_ioapic),
		FAKE_PC_TEST(pic_30_several_in_a_row),
		FAKE_PC_TEST(pic_30_masked_pin),
		FAKE_PC_TEST(pic_31_eoi_of_a_level),
		FAKE_PC_TEST(pic_31_other_ways),
		FAKE_PC_TEST(pic_31_the_callback_moves_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
