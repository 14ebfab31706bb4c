/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All interrupt controllers of a VM at once: <vic/pc.h>, docs/images.md.
 */

#include "fake_pc.h"

#include <string.h>

#define VCPUS 2u
#define PINS 4u
#define EXTINT ((uint32_t)VIC_MODE_EXTINT << VIC_LVT_MODE_SHIFT)
/* The image: its head, the local APICs, the IOAPIC, the PIC. */
#define HEAD 32u
#define AT_LAPIC(n) (HEAD + (n)*VIC_LAPIC_IMAGE_SIZE)
#define AT_IOAPIC AT_LAPIC(VCPUS)
#define IOAPIC_SIZE (48u + 16u * PINS)
#define AT_PIC (AT_IOAPIC + IOAPIC_SIZE)
#define SIZE (AT_PIC + VIC_PIC_IMAGE_SIZE)

/* A VM and its description. */
struct machine {
	struct fake_pc pc;
	struct vic_lapic *lapics[VCPUS];
	struct vic_pc desc;
};

struct image {
	unsigned char bytes[SIZE];
};

static const struct fake_pc_spec plain = {
	.vcpus = VCPUS,
	.pins = PINS,
	.wires = 1,
	.hub = true,
};

static void make(struct machine *m)
{
	uint32_t i;

	fake_pc_make(&m->pc, &plain);
	for (i = 0; i < VCPUS; i++)
		m->lapics[i] = m->pc.vm.cpu[i].lapic;
	m->desc = (struct vic_pc){
		.size = sizeof(m->desc),
		.nr_lapics = VCPUS,
		.nr_ioapics = 1,
		.lapics = m->lapics,
		.ioapics = &m->pc.ioapic,
		.pic = m->pc.pic,
		.counters = &m->pc.device,
	};
}

static struct image save(struct machine *m)
{
	struct image image;

	memset(&image, 0x5a, sizeof(image));
	assert_int_equal(vic_pc_image_size(&m->desc), SIZE);
	assert_int_equal(vic_pc_save(&m->desc, image.bytes, SIZE), VIC_OK);
	return image;
}

/*
 * In the middle of everything: a level interrupt in service whose entry was
 * re-routed, one that nobody accepts, one pending, an ExtINT on its way by
 * LINT0 and by pin 0, an IRQ in service at each 8259A, and NMIs.
 */
static void upset(struct machine *m)
{
	struct fake_pc *pc = &m->pc;
	struct fake_vcpu *cpu = pc->vm.cpu;

	fake_pic_setup(pc);
	fake_write(&cpu[0], VIC_APIC_LVT_LINT0, EXTINT);
	fake_program(pc, 0, FAKE_RTE_TO(1) | FAKE_RTE_MODE(VIC_MODE_EXTINT));
	fake_program(pc, 1, FAKE_RTE_LEVEL(0x51));
	fake_program(pc, 2, FAKE_RTE_TO(1) | FAKE_RTE_LEVEL(0x61));
	fake_program(pc, 3, FAKE_RTE_TO(9) | FAKE_RTE_LEVEL(0x71));
	fake_line(pc, 1, true);
	fake_pc_serve(pc, 0, 0x51);
	fake_ioapic_put(pc, VIC_IOAPIC_REDTBL + 3, 0x01000000);
	fake_line(pc, 2, true);
	fake_line(pc, 3, true);
	fake_out(pc, VIC_PIC_ELCR_SLAVE, 0x10);
	fake_irq(pc, 12, true);
	fake_inta(pc);
	fake_irq(pc, 9, true);
	fake_irq(pc, 0, true);
	fake_request(&cpu[1], VIC_REQUEST_NMI, 0);
}

/* The same guest's next steps, as words. */
static void tell(struct machine *m, uint32_t out[32])
{
	struct fake_pc *pc = &m->pc;
	struct fake_vcpu *cpu = pc->vm.cpu;
	uint32_t n = 0, pin;
	uint8_t vector;

	out[n++] = fake_todo(&cpu[0]) & ~(uint32_t)VIC_WORK_RESYNC;
	out[n++] = fake_todo(&cpu[1]) & ~(uint32_t)VIC_WORK_RESYNC;
	assert_int_equal(vic_lapic_ack_nmi(cpu[1].lapic), VIC_OK);
	/* By LINT0, and what pin 0 told the other one is a spurious one. */
	assert_int_equal(vic_lapic_ack_extint(cpu[0].lapic, &vector), VIC_OK);
	out[n++] = vector;
	assert_int_equal(vic_lapic_ack_extint(cpu[1].lapic, &vector), VIC_OK);
	out[n++] = vector;
	fake_out(pc, VIC_PIC_MASTER, FAKE_EOI);
	fake_out(pc, VIC_PIC_SLAVE, FAKE_EOI);
	out[n++] = pc->heard_count;
	out[n++] = pc->heard[0].number;
	fake_out(pc, VIC_PIC_MASTER, FAKE_EOI);
	assert_int_equal(vic_lapic_ack_extint(cpu[0].lapic, &vector), VIC_OK);
	out[n++] = vector;
	/* The old target ends it, and the new one gets it. */
	fake_pc_eoi(pc, 0);
	out[n++] = pc->heard_count;
	out[n++] = fake_pc_next(pc, 0);
	fake_pc_serve(pc, 1, 0x61);
	fake_line(pc, 2, false);
	fake_pc_eoi(pc, 1);
	fake_pc_serve(pc, 1, 0x51);
	fake_line(pc, 1, false);
	fake_pc_eoi(pc, 1);
	fake_write(&cpu[0], VIC_APIC_ID, 0x09000000);
	out[n++] = fake_pc_next(pc, 0);
	for (pin = 0; pin < PINS; pin++)
		out[n++] = (uint32_t)fake_entry(pc, pin);
	out[n++] = pc->heard_count;
	assert_true(n <= 32);
}

static void the_image(void **state)
{
	static struct machine m;
	unsigned char part[VIC_LAPIC_IMAGE_SIZE];
	struct image image, again;

	(void)state;
	make(&m);
	upset(&m);
	image = save(&m);
	again = save(&m);
	assert_memory_equal(&image, &again, sizeof(image));
	assert_memory_equal(image.bytes, "vicPC\0\0\0", 8);
	assert_int_equal(fake_get32(image.bytes, 8), 1);
	assert_int_equal(fake_get32(image.bytes, 12), SIZE);
	assert_int_equal(fake_get32(image.bytes, 16), VCPUS);
	assert_int_equal(fake_get32(image.bytes, 20), 1);
	assert_int_equal(fake_get32(image.bytes, 24), 1);
	assert_int_equal(fake_get32(image.bytes, 28), 0);
	vic_lapic_save(m.lapics[0], part);
	assert_memory_equal(image.bytes + AT_LAPIC(0), part,
			    VIC_LAPIC_IMAGE_SIZE);
	vic_lapic_save(m.lapics[1], part);
	assert_memory_equal(image.bytes + AT_LAPIC(1), part,
			    VIC_LAPIC_IMAGE_SIZE);
	vic_ioapic_save(m.pc.ioapic, part);
	assert_memory_equal(image.bytes + AT_IOAPIC, part, IOAPIC_SIZE);
	vic_pic_save(m.pc.pic, part);
	assert_memory_equal(image.bytes + AT_PIC, part, VIC_PIC_IMAGE_SIZE);
}

/* IOAPIC-32, PIC-32: in the middle of all, to another VM, exactly. */
static void it_goes_on(void **state)
{
	static struct machine m, other;
	uint32_t should[32] = {0}, is[32] = {0};
	struct image image, again;
	const char *what = "not NULL";
	uint32_t part = 77;
	int which;

	(void)state;
	make(&m);
	upset(&m);
	image = save(&m);
	tell(&m, should);
	for (which = 0; which < 2; which++) {
		struct machine *to = which ? &other : &m;

		if (which)
			make(&other);
		to->pc.heard_count = 0;
		assert_int_equal(vic_pc_restore(&to->desc, image.bytes, SIZE,
						&what, &part),
				 VIC_OK);
		assert_null(what);
		again = save(to);
		assert_memory_equal(&image, &again, sizeof(image));
		fake_heard_nothing(&to->pc);
		tell(to, is);
		assert_memory_equal(is, should, sizeof(is));
	}
	/* What the steps came to. */
	assert_int_equal(should[0], VIC_WORK_EXTINT);
	assert_int_equal(should[1],
			 VIC_WORK_EXTINT | VIC_WORK_NMI | VIC_WORK_IRQ);
	assert_int_equal(should[2], 0x30);
	assert_int_equal(should[3], 0x37);
	assert_int_equal(should[5], 12);
	assert_int_equal(should[6], 0x71);
	assert_int_equal(should[8], 0);
	assert_int_equal(should[9], 0x71);
}

static void refused(struct machine *m, const struct image *bad, size_t size,
		    int err, uint32_t where)
{
	struct image before = save(m), after, copy = *bad;
	const char *what = NULL;
	uint32_t part = UINT32_MAX;

	assert_int_equal(
		vic_pc_restore(&m->desc, copy.bytes, size, &what, &part), err);
	assert_non_null(what);
	assert_int_equal(part, where);
	assert_int_equal(vic_pc_restore(&m->desc, copy.bytes, size, NULL, NULL),
			 err);
	after = save(m);
	assert_memory_equal(&before, &after, sizeof(after));
}

/* IOAPIC-33, PIC-33: one bad part, and no other one changes. */
static void a_bad_part(void **state)
{
	static const struct {
		uint32_t at;
		unsigned char flip;
		int err;
		uint32_t part;
	} rows[] = {
		{0, 1, VIC_ERR_IMAGE, 4},
		{8, 2, VIC_ERR_IMAGE, 4},
		{13, 1, VIC_ERR_IMAGE, 4},
		{16, 1, VIC_ERR_IMAGE_CONFIG, 4},
		{20, 1, VIC_ERR_IMAGE_CONFIG, 4},
		{24, 1, VIC_ERR_IMAGE_CONFIG, 4},
		{AT_LAPIC(0), 1, VIC_ERR_IMAGE, 0},
		{AT_LAPIC(0) + 1048, 1, VIC_ERR_IMAGE_CONFIG, 0},
		{AT_LAPIC(0) + 1072, 4, VIC_ERR_IMAGE_STATE, 0},
		{AT_LAPIC(1), 1, VIC_ERR_IMAGE, 1},
		{AT_LAPIC(1) + 1040, 1, VIC_ERR_IMAGE_CONFIG, 1},
		{AT_LAPIC(1) + 1079, 1, VIC_ERR_IMAGE_STATE, 1},
		{AT_IOAPIC + 8, 2, VIC_ERR_IMAGE, 2},
		{AT_IOAPIC + 28, 1, VIC_ERR_IMAGE_CONFIG, 2},
		{AT_IOAPIC + 40, 0x10, VIC_ERR_IMAGE_STATE, 2},
		{AT_IOAPIC + 48 + 16 * (PINS - 1) + 1, 0x10,
		 VIC_ERR_IMAGE_STATE, 2},
		{AT_PIC + 12, 1, VIC_ERR_IMAGE, 3},
		{AT_PIC + 16, 1, VIC_ERR_IMAGE_CONFIG, 3},
		{SIZE - 1, 1, VIC_ERR_IMAGE_STATE, 3},
	};
	static struct machine m, other;
	struct image image, bad;
	size_t i;

	(void)state;
	make(&m);
	upset(&m);
	image = save(&m);
	make(&other);
	for (i = 0; i < FAKE_COUNT(rows); i++) {
		bad = image;
		bad.bytes[rows[i].at] ^= rows[i].flip;
		refused(&other, &bad, SIZE, rows[i].err, rows[i].part);
	}
	refused(&other, &image, 0, VIC_ERR_IMAGE, 4);
	refused(&other, &image, HEAD - 1, VIC_ERR_IMAGE, 4);
	refused(&other, &image, HEAD, VIC_ERR_IMAGE, 4);
	refused(&other, &image, SIZE - 1, VIC_ERR_IMAGE, 4);
}

/* Another set of parts. */
static void another_vm(void **state)
{
	static struct machine m;
	struct image image;
	struct vic_pc desc;
	const char *what;
	uint32_t part;

	(void)state;
	make(&m);
	image = save(&m);
	desc = m.desc;
	desc.pic = NULL;
	assert_int_equal(vic_pc_image_size(&desc), SIZE - VIC_PIC_IMAGE_SIZE);
	assert_int_not_equal(
		vic_pc_restore(&desc, image.bytes, SIZE, &what, &part), VIC_OK);
	assert_non_null(what);
	assert_int_equal(part, 3);
	desc = m.desc;
	desc.nr_ioapics = 0;
	assert_int_not_equal(
		vic_pc_restore(&desc, image.bytes, SIZE, &what, &part), VIC_OK);
	assert_int_equal(part, 3);
	desc.ioapics = NULL;
	assert_int_equal(vic_pc_image_size(&desc), SIZE - IOAPIC_SIZE);
	/* An image of local APICs alone. */
	desc.pic = NULL;
	assert_int_equal(vic_pc_save(&desc, image.bytes, SIZE), VIC_OK);
	assert_int_equal(
		vic_pc_restore(&desc, image.bytes, AT_IOAPIC, NULL, NULL),
		VIC_OK);
}

static void what_a_pc_is(void **state)
{
	static struct machine m;
	struct image image;
	struct vic_pc bad[8];
	size_t i;

	(void)state;
	make(&m);
	for (i = 0; i < FAKE_COUNT(bad); i++)
		bad[i] = m.desc;
	bad[0].size--;
	bad[1].flags = 1;
	bad[2].nr_lapics = 0;
	bad[3].nr_lapics = VIC_BUS_MAX_VCPUS + 1;
	bad[4].nr_ioapics = VIC_PC_MAX_IOAPICS + 1;
	bad[5].lapics = NULL;
	bad[6].ioapics = NULL;
	bad[7].counters = NULL;
	for (i = 0; i < FAKE_COUNT(bad); i++) {
		int err = i < 2 ? VIC_ERR_ABI : VIC_ERR_INVAL;

		assert_int_equal(vic_pc_image_size(&bad[i]), 0);
		assert_int_equal(vic_pc_save(&bad[i], image.bytes, SIZE), err);
		assert_int_equal(
			vic_pc_restore(&bad[i], image.bytes, SIZE, NULL, NULL),
			err);
		assert_int_equal(vic_pc_reset(&bad[i], VIC_PC_POWER_UP), err);
	}
	assert_int_equal(vic_pc_save(&m.desc, image.bytes, SIZE - 1),
			 VIC_ERR_STORAGE);
	assert_int_equal(vic_pc_reset(&m.desc, (enum vic_pc_reset)2),
			 VIC_ERR_INVAL);
}

/* Power-up: all are as they were made, but for the wires. */
static void power_up(void **state)
{
	static struct machine m;
	struct vic_pic_chip chip;
	struct vic_ioapic_pin pin;
	uint32_t i;

	(void)state;
	make(&m);
	upset(&m);
	assert_int_equal(vic_pc_reset(&m.desc, VIC_PC_POWER_UP), VIC_OK);
	for (i = 0; i < VCPUS; i++) {
		struct fake_vcpu *cpu = &m.pc.vm.cpu[i];

		assert_int_equal(fake_read(cpu, VIC_APIC_SVR), VIC_SVR_RESET);
		assert_int_equal(fake_read(cpu, VIC_APIC_LVT_LINT0), 0x10000);
		assert_int_equal(fake_todo(cpu) & ~(uint32_t)VIC_WORK_RESYNC,
				 i ? VIC_WORK_WAIT_SIPI : 0);
	}
	for (i = 0; i < PINS; i++) {
		assert_true(fake_entry(&m.pc, i) == VIC_RTE_MASKED);
		assert_int_equal(vic_ioapic_peek(m.pc.ioapic, i, &pin), VIC_OK);
		assert_true(pin.sources == (i != 0));
	}
	for (i = 0; i < 2; i++) {
		chip = fake_chip(&m.pc, i);
		assert_int_equal(chip.irr | chip.isr | chip.elcr, 0);
	}
	assert_false(vic_pic_output(m.pc.pic));
}

/* INIT: to all processors, and to nothing else. */
static void init(void **state)
{
	static struct machine m;
	struct vic_vcpu_inbox inbox;
	struct image before, after;
	uint32_t i;

	(void)state;
	make(&m);
	upset(&m);
	before = save(&m);
	assert_int_equal(vic_pc_reset(&m.desc, VIC_PC_INIT), VIC_OK);
	for (i = 0; i < VCPUS; i++) {
		vic_vcpu_peek(m.pc.vm.cpu[i].vcpu, &inbox);
		assert_true(inbox.init);
		assert_true(fake_todo(&m.pc.vm.cpu[i]) & VIC_WORK_INIT);
	}
	after = save(&m);
	assert_memory_equal(before.bytes + AT_IOAPIC, after.bytes + AT_IOAPIC,
			    SIZE - AT_IOAPIC);
	for (i = 0; i < VCPUS; i++)
		assert_int_equal(vic_lapic_ack_init(m.lapics[i]), VIC_OK);
	/* LINT0 and remote IRR are as they were. */
	assert_true(fake_remote_irr(&m.pc, 1));
	assert_true(fake_remote_irr(&m.pc, 2));
	fake_write(&m.pc.vm.cpu[0], VIC_APIC_SVR,
		   VIC_SVR_RESET | VIC_SVR_ENABLE);
	fake_write(&m.pc.vm.cpu[0], VIC_APIC_LVT_LINT0, EXTINT);
	assert_int_equal(fake_todo(&m.pc.vm.cpu[0]) &
				 ~(uint32_t)VIC_WORK_RESYNC,
			 VIC_WORK_EXTINT);
}

/* An APIC that is disabled by IA32_APIC_BASE gets nothing: 10.4.3. */
static void one_is_disabled(void **state)
{
	static struct machine m;
	struct image disabled, image;
	struct fake_vcpu *cpu;
	const char *what;

	(void)state;
	make(&m);
	cpu = &m.pc.vm.cpu[1];
	fake_write_base(cpu, VIC_APIC_BASE_RESET);
	disabled = save(&m);
	fake_write_base(cpu, VIC_APIC_BASE_RESET | VIC_APIC_BASE_EN);
	fake_write(cpu, VIC_APIC_SVR, VIC_SVR_RESET | VIC_SVR_ENABLE);
	assert_int_equal(
		vic_pc_restore(&m.desc, disabled.bytes, SIZE, &what, NULL),
		VIC_OK);
	vic_vcpu_post(cpu->vcpu, &m.pc.device, 0x51, true);
	image = save(&m);
	assert_memory_equal(image.bytes + AT_LAPIC(1),
			    disabled.bytes + AT_LAPIC(1), VIC_LAPIC_IMAGE_SIZE);
	assert_int_equal(
		vic_pc_restore(&m.desc, image.bytes, SIZE, &what, NULL),
		VIC_OK);
}

/* A level that was on its way is taken after a software disable, too. */
static void enabled_by_an_image(void **state)
{
	static struct machine from, to;
	struct fake_vcpu *cpu;
	struct image image;
	const char *what;

	(void)state;
	make(&from);
	image = save(&from);
	make(&to);
	cpu = &to.pc.vm.cpu[1];
	vic_lapic_reset(cpu->lapic);
	assert_int_equal(
		vic_pc_restore(&to.desc, image.bytes, SIZE, &what, NULL),
		VIC_OK);
	fake_write(cpu, VIC_APIC_SVR, VIC_SVR_RESET);
	vic_vcpu_post(cpu->vcpu, &to.pc.device, 0x51, true);
	fake_todo(cpu);
	assert_int_equal(fake_read(cpu, VIC_APIC_IRR + 0x20), 1u << 0x11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_PC_TEST(the_image),
		FAKE_PC_TEST(it_goes_on),
		FAKE_PC_TEST(a_bad_part),
		FAKE_PC_TEST(another_vm),
		FAKE_PC_ONCE(what_a_pc_is),
		FAKE_PC_TEST(power_up),
		FAKE_PC_TEST(init),
		FAKE_PC_TEST(one_is_disabled),
		FAKE_PC_TEST(enabled_by_an_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
