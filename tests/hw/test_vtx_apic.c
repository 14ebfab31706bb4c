/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Virtual APIC state, evaluation and delivery of virtual interrupts: SDM
 * vol. 3, 29.1 and 29.2.
 */

#include "machine.h"

/* Virtual interrupts that the guest could take, but IF = 0 holds them. */
static void make_closed(struct machine *m, enum machine_kind kind)
{
	machine_make(m, kind);
	m->vmcs.rflags = 2;
}

static void enter(struct machine *m)
{
	assert_carries_on(vtx_enter(&m->cpu, &m->vmcs));
}

/* 29.1.2: without VID, a TPR below the threshold exits, trap-like. */
static void tpr_virtualization_without_vid(void **state)
{
	uint32_t tpr, threshold;

	(void)state;
	for (threshold = 0; threshold < 16; threshold++)
		for (tpr = 0; tpr < 16; tpr++) {
			struct machine m;

			machine_make(&m, SHADOW);
			m.vmcs.tpr_threshold = threshold;
			machine_set_reg(&m, VIC_APIC_TPR, 0xf0);
			enter(&m);
			if (tpr < threshold) {
				assert_exits(&m, vtx_mov_to_cr8(&m.cpu, tpr),
					     VTX_EXIT_TPR_BELOW_THRESHOLD);
				assert_int_equal(m.vmcs.exit_qualification, 0);
			} else {
				assert_carries_on(vtx_mov_to_cr8(&m.cpu, tpr));
			}
			assert_true(m.cpu.retired);
			assert_int_equal(machine_reg(&m, VIC_APIC_TPR),
					 tpr << 4);
			/* PPR virtualization is for VID alone. */
			assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0);
		}
}

/* 29.1.2: with VID the threshold means nothing. */
static void tpr_virtualization_with_vid(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	m.vmcs.tpr_threshold = 0xf;
	machine_set_reg(&m, VIC_APIC_TPR, 0x50);
	machine_request(&m, 0x51);
	enter(&m);
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_mov_to_cr8(&m.cpu, 4));
	assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0x40);
	assert_takes(&m, vtx_step(&m.cpu), 0x51);
}

/*
 * 29.1.3: VPPR is VTPR & FFH if VTPR[7:4] >= SVI[7:4], else SVI & F0H, and
 * bytes 3:1 are cleared. VM entry is one of its causes.
 */
static void ppr_virtualization(void **state)
{
	static const struct {
		uint32_t tpr;
		uint8_t svi;
		uint32_t ppr;
	} rows[] = {
		{0x00, 0x00, 0x00}, {0x00, 0x35, 0x30}, {0x2f, 0x35, 0x30},
		{0x30, 0x35, 0x30}, {0x37, 0x35, 0x37}, {0x45, 0x3f, 0x45},
		{0xff, 0xff, 0xff}, {0xef, 0xf0, 0xf0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine m;

		machine_make(&m, XAPIC);
		machine_set_reg(&m, VIC_APIC_TPR, rows[i].tpr);
		machine_set_reg(&m, VIC_APIC_PPR, 0xdeadbeef);
		machine_set_status(&m, rows[i].svi, 0);
		enter(&m);
		assert_int_equal(machine_reg(&m, VIC_APIC_PPR), rows[i].ppr);
	}
}

/* 29.1.4: the vector is SVI, and SVI becomes the highest left in VISR. */
static void eoi_virtualization(void **state)
{
	static const uint8_t vectors[] = {0x10, 0x3f, 0x60, 0x9f, 0xc0, 0xff};
	struct machine m;
	size_t i;

	(void)state;
	make_closed(&m, XAPIC);
	for (i = 0; i < sizeof(vectors); i++)
		machine_set_bit(&m, VIC_APIC_ISR, vectors[i]);
	machine_set_status(&m, 0xff, 0);
	enter(&m);
	for (i = sizeof(vectors); i > 0; i--) {
		uint8_t next = i > 1 ? vectors[i - 2] : 0;

		assert_int_equal(machine_reg(&m, VIC_APIC_PPR),
				 vectors[i - 1] & 0xf0);
		assert_carries_on(vtx_store(&m.cpu, VIC_APIC_EOI, 0x1234));
		assert_false(machine_bit(&m, VIC_APIC_ISR, vectors[i - 1]));
		assert_int_equal(machine_reg(&m, VIC_APIC_PPR), next & 0xf0);
		/* The processor clears VEOI. */
		assert_int_equal(machine_reg(&m, VIC_APIC_EOI), 0);
	}
	machine_exit(&m);
	assert_int_equal(machine_svi(&m), 0);
}

/* 29.1.4: vectors of the EOI-exit bitmap exit, trap-like. */
static void eoi_exits_by_the_bitmap(void **state)
{
	int vector;

	(void)state;
	for (vector = 16; vector < 256; vector++) {
		struct machine m;

		make_closed(&m, XAPIC);
		machine_set_bit(&m, VIC_APIC_ISR, (uint8_t)vector);
		machine_set_status(&m, (uint8_t)vector, 0);
		m.vmcs.eoi_exit[vector / 64] = UINT64_C(1) << (vector % 64);
		enter(&m);
		assert_exits(&m, vtx_store(&m.cpu, VIC_APIC_EOI, 0),
			     VTX_EXIT_VIRTUALIZED_EOI);
		assert_int_equal(m.vmcs.exit_qualification, vector);
		assert_true(m.cpu.retired);
		assert_false(machine_bit(&m, VIC_APIC_ISR, (uint8_t)vector));
		assert_int_equal(machine_svi(&m), 0);
		assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0);
		/* The bit's neighbours do not exit. */
		machine_set_bit(&m, VIC_APIC_ISR, (uint8_t)vector);
		machine_set_status(&m, (uint8_t)vector, 0);
		m.vmcs.eoi_exit[vector / 64] = ~m.vmcs.eoi_exit[vector / 64];
		enter(&m);
		assert_carries_on(vtx_store(&m.cpu, VIC_APIC_EOI, 0));
	}
}

/* 29.1.4: what had waited is evaluated by the EOI, or by the entry after. */
static void eoi_lets_the_next_interrupt_in(void **state)
{
	int exits;

	(void)state;
	for (exits = 0; exits < 2; exits++) {
		struct machine m;

		machine_make(&m, XAPIC);
		m.vmcs.eoi_exit[1] = exits ? UINT64_C(1) << 1 : 0;
		machine_request(&m, 0x41);
		machine_request(&m, 0x31);
		assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x41);
		assert_carries_on(vtx_sti(&m.cpu));
		assert_carries_on(vtx_step(&m.cpu));
		assert_carries_on(vtx_step(&m.cpu));
		if (exits) {
			assert_exits(&m, vtx_store(&m.cpu, VIC_APIC_EOI, 0),
				     VTX_EXIT_VIRTUALIZED_EOI);
			assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x31);
		} else {
			assert_carries_on(vtx_store(&m.cpu, VIC_APIC_EOI, 0));
			assert_takes(&m, vtx_step(&m.cpu), 0x31);
		}
	}
}

/* EOI with nothing in service; VISR[0] is cleared, SVI stays 0. */
static void eoi_with_nothing_in_service(void **state)
{
	struct machine m;

	(void)state;
	make_closed(&m, XAPIC);
	machine_set_reg(&m, VIC_APIC_TPR, 0x23);
	enter(&m);
	assert_carries_on(vtx_store(&m.cpu, VIC_APIC_EOI, 0));
	assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0x23);
	machine_exit(&m);
	assert_int_equal(m.vmcs.interrupt_status, 0);
}

/* 29.1.5: VIRR[V] := 1, RVI := max{RVI, V}; counted. */
static void self_ipi_virtualization(void **state)
{
	struct machine m;

	(void)state;
	make_closed(&m, X2APIC);
	enter(&m);
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x51));
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x91));
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x31));
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x51));
	assert_true(machine_bit(&m, VIC_APIC_IRR, 0x31));
	assert_true(machine_bit(&m, VIC_APIC_IRR, 0x51));
	assert_true(machine_bit(&m, VIC_APIC_IRR, 0x91));
	machine_exit(&m);
	assert_int_equal(machine_rvi(&m), 0x91);
	assert_int_equal(m.vmcs.stats.self_ipis[0x51], 2);
	assert_int_equal(m.vmcs.stats.self_folds[0x51], 1);
	assert_int_equal(vtx_sum(m.vmcs.stats.self_ipis), 4);
	assert_int_equal(vtx_sum(m.vmcs.stats.self_folds), 1);
}

/* 29.2.1: recognized if RVI[7:4] > VPPR[7:4]; equal is not enough. */
static void evaluation_compares_classes(void **state)
{
	uint32_t rvi, tpr;

	(void)state;
	for (rvi = 16; rvi < 256; rvi += 5)
		for (tpr = 0; tpr < 256; tpr += 0x0f) {
			struct machine m;
			enum vtx_result result;

			machine_make(&m, XAPIC);
			machine_set_reg(&m, VIC_APIC_TPR, tpr);
			machine_request(&m, (uint8_t)rvi);
			result = vtx_enter(&m.cpu, &m.vmcs);
			if (rvi >> 4 > tpr >> 4)
				assert_takes(&m, result, rvi);
			else
				assert_carries_on(result);
		}
}

/*
 * 29.2.1: nothing but the five operations evaluates. The page is changed
 * here as the guest's other processors cannot.
 */
static void other_instructions_do_not_evaluate(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	machine_set_reg(&m, VIC_APIC_TPR, 0x60);
	machine_request(&m, 0x51);
	enter(&m);
	machine_set_reg(&m, VIC_APIC_TPR, 0);
	machine_set_reg(&m, VIC_APIC_PPR, 0);
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_cli(&m.cpu));
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_iret(&m.cpu, true));
	assert_result(vtx_hlt(&m.cpu), VTX_HALTED);
	/* A notification with nothing in PIR does. */
	vtx_ipi(&m.cpu, NV);
	assert_takes(&m, vtx_wait(&m.cpu), 0x51);
}

/* 29.2.1: with interrupt-window exiting none is recognized. */
static void the_interrupt_window_takes_its_place(void **state)
{
	struct machine m;

	(void)state;
	make_closed(&m, XAPIC);
	m.vmcs.primary |= VTX_PROC_INTERRUPT_WINDOW_EXITING;
	machine_request(&m, 0x51);
	enter(&m);
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	assert_exits(&m, vtx_step(&m.cpu), VTX_EXIT_INTERRUPT_WINDOW);
	assert_false(m.cpu.retired);
	assert_int_equal(machine_rvi(&m), 0x51);
	assert_true(machine_bit(&m, VIC_APIC_IRR, 0x51));
}

/* 29.2.2, line by line. */
static void delivery_moves_the_vector_into_service(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	machine_set_bit(&m, VIC_APIC_ISR, 0x41);
	machine_set_status(&m, 0x41, 0);
	machine_set_reg(&m, VIC_APIC_TPR, 0x25);
	machine_request(&m, 0x7c);
	machine_request(&m, 0x9e);
	machine_request(&m, 0x20);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x9e);
	assert_true(machine_bit(&m, VIC_APIC_ISR, 0x9e));
	assert_true(machine_bit(&m, VIC_APIC_ISR, 0x41));
	assert_false(machine_bit(&m, VIC_APIC_IRR, 0x9e));
	assert_true(machine_bit(&m, VIC_APIC_IRR, 0x7c));
	assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0x90);
	/* IF = 0 in the handler, and recognition has ceased. */
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	machine_exit(&m);
	assert_int_equal(machine_svi(&m), 0x9e);
	assert_int_equal(machine_rvi(&m), 0x7c);
	assert_int_equal(m.vmcs.stats.delivered[0x9e], 1);
	assert_int_equal(vtx_sum(m.vmcs.stats.delivered), 1);
}

/* 29.1.3: delivery's way with VPPR is its own, and does not look at VTPR. */
static void delivery_is_no_ppr_virtualization(void **state)
{
	struct machine m;

	(void)state;
	make_closed(&m, XAPIC);
	machine_request(&m, 0x5a);
	enter(&m);
	machine_set_reg(&m, VIC_APIC_TPR, 0xee);
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	assert_takes(&m, vtx_step(&m.cpu), 0x5a);
	assert_int_equal(machine_reg(&m, VIC_APIC_PPR), 0x50);
}

static void the_last_delivery_leaves_rvi_zero(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, XAPIC);
	machine_request(&m, 0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
	machine_exit(&m);
	assert_int_equal(machine_rvi(&m), 0);
	assert_int_equal(machine_svi(&m), 0x51);
	assert_false(m.vmcs.rflags & VTX_RFLAGS_IF);
}

/* Handlers nest by class: 29.2.1 through delivery's VPPR. */
static void a_handler_is_interrupted_by_a_higher_class_only(void **state)
{
	struct machine m;

	(void)state;
	machine_make(&m, X2APIC);
	machine_request(&m, 0x51);
	assert_takes(&m, vtx_enter(&m.cpu, &m.vmcs), 0x51);
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x5f));
	assert_carries_on(vtx_sti(&m.cpu));
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x83f, 0x60));
	assert_takes(&m, vtx_step(&m.cpu), 0x60);
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x80b, 0));
	assert_carries_on(vtx_iret(&m.cpu, true));
	/* Back in the handler of 51H, which 5FH must not interrupt. */
	assert_carries_on(vtx_step(&m.cpu));
	assert_carries_on(vtx_wrmsr(&m.cpu, 0x80b, 0));
	assert_takes(&m, vtx_step(&m.cpu), 0x5f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tpr_virtualization_without_vid),
		cmocka_unit_test(tpr_virtualization_with_vid),
		cmocka_unit_test(ppr_virtualization),
		cmocka_unit_test(eoi_virtualization),
		cmocka_unit_test(eoi_exits_by_the_bitmap),
		cmocka_unit_test(eoi_lets_the_next_interrupt_in),
		cmocka_unit_test(eoi_with_nothing_in_service),
		cmocka_unit_test(self_ipi_virtualization),
		cmocka_unit_test(evaluation_compares_classes),
		cmocka_unit_test(other_instructions_do_not_evaluate),
		cmocka_unit_test(the_interrupt_window_takes_its_place),
		cmocka_unit_test(delivery_moves_the_vector_into_service),
		cmocka_unit_test(delivery_is_no_ppr_virtualization),
		cmocka_unit_test(the_last_delivery_leaves_rvi_zero),
		cmocka_unit_test(
			a_handler_is_interrupted_by_a_higher_class_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
