/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What no embedder should pass: a named error, or nothing happens. */

#include "fake_pc.h"

static _Alignas(VIC_CACHE_LINE) unsigned char storage[1u << 16];

/* Each with no configuration, and with nowhere to put its result. */
#define REFUSES_NULL(init, config, result)                               \
	do {                                                             \
		assert_int_equal(                                        \
			init(storage, sizeof(storage), NULL, &(result)), \
			VIC_ERR_INVAL);                                  \
		assert_int_equal(                                        \
			init(storage, sizeof(storage), &(config), NULL), \
			VIC_ERR_INVAL);                                  \
	} while (0)

static void init_without_its_pointers(void **state)
{
	struct vic_vcpu_config vcpu_config = {.size = sizeof(vcpu_config)};
	struct vic_apic_bus_config bus_config = {.size = sizeof(bus_config)};
	struct vic_lapic_config lapic_config = {.size = sizeof(lapic_config)};
	struct vic_pcpu_config pcpu_config = {.size = sizeof(pcpu_config)};
	struct vic_ioapic_config ioapic_config = {
		.size = sizeof(ioapic_config)};
	struct vic_pic_config pic_config = {.size = sizeof(pic_config)};
	struct vic_gic_config gic_config = {.size = sizeof(gic_config)};
	struct vic_gicr_config gicr_config = {.size = sizeof(gicr_config)};
	struct vic_vcpu *vcpu;
	struct vic_apic_bus *bus;
	struct vic_lapic *lapic;
	struct vic_pcpu *pcpu;
	struct vic_ioapic *ioapic;
	struct vic_pic *pic;
	struct vic_gic *gic;
	struct vic_gicr *gicr;

	(void)state;
	REFUSES_NULL(vic_vcpu_init, vcpu_config, vcpu);
	REFUSES_NULL(vic_apic_bus_init, bus_config, bus);
	REFUSES_NULL(vic_lapic_init, lapic_config, lapic);
	REFUSES_NULL(vic_pcpu_init, pcpu_config, pcpu);
	REFUSES_NULL(vic_ioapic_init, ioapic_config, ioapic);
	REFUSES_NULL(vic_pic_init, pic_config, pic);
	REFUSES_NULL(vic_gic_init, gic_config, gic);
	REFUSES_NULL(vic_gicr_init, gicr_config, gicr);
}

static void a_pc_without_its_parts(void **state)
{
	static struct fake_pc pc;
	struct fake_pc_spec spec = {.vcpus = 2};
	struct vic_lapic *lapics[2];
	struct vic_ioapic *ioapics[1];
	struct vic_pc desc = {
		.size = sizeof(desc),
		.nr_lapics = 2,
		.nr_ioapics = 1,
		.lapics = lapics,
		.ioapics = ioapics,
		.counters = &pc.device,
	};

	(void)state;
	fake_pc_make(&pc, &spec);
	lapics[0] = pc.vm.cpu[0].lapic;
	lapics[1] = pc.vm.cpu[1].lapic;
	ioapics[0] = pc.ioapic;
	assert_true(vic_pc_image_size(&desc) > 0);
	assert_int_equal(vic_pc_image_size(NULL), 0);
	assert_int_equal(vic_pc_reset(NULL, VIC_PC_INIT), VIC_ERR_INVAL);
	lapics[1] = NULL;
	assert_int_equal(vic_pc_image_size(&desc), 0);
	assert_int_equal(vic_pc_reset(&desc, VIC_PC_INIT), VIC_ERR_INVAL);
	lapics[1] = pc.vm.cpu[1].lapic;
	ioapics[0] = NULL;
	assert_int_equal(vic_pc_image_size(&desc), 0);
	assert_int_equal(vic_pc_reset(&desc, VIC_PC_INIT), VIC_ERR_INVAL);
}

static void a_vcpu_that_is_not_there(void **state)
{
	static struct fake_pc pc;
	struct fake_pc_spec spec = {.vcpus = 3, .present = 2};
	struct vic_apic_bus *bus;

	(void)state;
	fake_pc_make(&pc, &spec);
	bus = pc.vm.bus;
	assert_int_equal(vic_apic_bus_remove(bus, 2), VIC_ERR_ABSENT);
	assert_int_equal(vic_apic_bus_remove(bus, UINT32_MAX), VIC_ERR_ABSENT);
	assert_int_equal(vic_apic_bus_remove(bus, 1), VIC_OK);
}

/* The bus has it already. */
static void an_ioapic_that_is_in_use(void **state)
{
	static struct fake_pc pc;
	struct fake_pc_spec spec = {.vcpus = 1};
	struct vic_ioapic_config config = {.size = sizeof(config)};
	struct vic_ioapic *again;

	(void)state;
	fake_pc_make(&pc, &spec);
	fake_program(&pc, 3, FAKE_RTE_LEVEL(0x51));
	config.bus = pc.vm.bus;
	config.ops = &fake_pc_ops;
	assert_int_equal(vic_ioapic_init(pc.ioapic, vic_ioapic_size(&config),
					 &config, &again),
			 VIC_ERR_EXISTS);
	assert_int_equal(fake_entry(&pc, 3), FAKE_RTE_LEVEL(0x51));
}

static void lines_that_are_not_there(void **state)
{
	static struct fake_pc pc;
	struct fake_pc_spec spec = {.pins = 24, .wires = 1};
	struct vic_ioapic_pin pin;

	(void)state;
	fake_pc_make(&pc, &spec);
	fake_pic_setup(&pc);
	fake_program(&pc, 5, 0x51);
	fake_program(&pc, 6, FAKE_RTE_LEVEL(0x61));
	for (uint32_t level = 0; level < 2; level++) {
		assert_false(fake_source(&pc, 24, 0, level));
		assert_false(fake_source(&pc, UINT32_MAX, 0, level));
		assert_false(fake_source(&pc, 5, 64, level));
		assert_false(fake_source(&pc, 5, UINT32_MAX, level));
		assert_false(fake_source(&pc, 6, 64, level));
		assert_false(fake_irq(&pc, 16, level));
		assert_false(fake_irq(&pc, UINT32_MAX, level));
		assert_false(fake_irq(&pc, VIC_PIC_CASCADE, level));
		assert_false(
			vic_pic_line_set(pc.pic, &pc.device, 5, 64, level));
		assert_false(
			vic_pic_line_set(pc.pic, &pc.device, 12, 64, level));
	}
	assert_int_equal(vic_ioapic_peek(pc.ioapic, 24, &pin), VIC_ERR_INVAL);
	for (uint32_t n = 5; n < 7; n++) {
		assert_int_equal(vic_ioapic_peek(pc.ioapic, n, &pin), VIC_OK);
		assert_int_equal(pin.sources, 0);
	}
	assert_int_equal(fake_pc_next(&pc, 0), 0);
	for (uint32_t chip = 0; chip < 2; chip++)
		assert_int_equal(fake_chip(&pc, chip).irr, 0);
	assert_false(vic_pic_output(pc.pic));
}

static void a_gics_callbacks(void **state)
{
	struct vic_vcpu_ops ops = {.size = sizeof(ops) - 1};
	struct vic_gic_config config = {
		.size = sizeof(config),
		.max_vcpus = 1,
		.spis = 32,
		.nr_regions = 1,
		.gicd_base = 0x8000000,
		.regions = {{.base = 0x80a0000, .count = 1}},
		.ops = &ops,
	};
	struct vic_gic *gic;

	(void)state;
	assert_int_equal(vic_gic_init(storage, sizeof(storage), &config, &gic),
			 VIC_ERR_ABI);
	ops.size = sizeof(ops);
	ops.flags = 1;
	assert_int_equal(vic_gic_init(storage, sizeof(storage), &config, &gic),
			 VIC_ERR_ABI);
	ops.flags = 0;
	assert_int_equal(vic_gic_init(storage, sizeof(storage), &config, &gic),
			 VIC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(init_without_its_pointers),
		FAKE_PC_ONCE(a_pc_without_its_parts),
		FAKE_PC_ONCE(a_vcpu_that_is_not_there),
		FAKE_PC_ONCE(an_ioapic_that_is_in_use),
		FAKE_PC_TEST(lines_that_are_not_there),
		FAKE_TEST(a_gics_callbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
