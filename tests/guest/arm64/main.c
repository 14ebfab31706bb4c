/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Options, in /chosen/bootargs, apart by spaces; others are ignored:
 *   tests=LIST   "all" (default), or names apart by commas: GROUP, or
 *                GROUP.NAME
 *   stress=N     SGIs of each stress check; default so many that the guest
 *                ends soon
 *   mode=NAME    that stress check alone: pairs, ring, broadcast or wfi
 *   limit=S      seconds that a stress check may take; default 60
 *   rs=on        RS of ICC_SGI1R_EL1 works whatever ICC_CTLR_EL1.RSS says,
 *                as where a hypervisor traps the register
 *   exit=psci    if all passed, power off, for a hypervisor that then tells
 *                what it counted
 */

#include "gic.h"

#define STRESS_DEFAULT 4000
#define LIMIT_DEFAULT 60

struct check {
	const char *name;
	void (*run)(void);
	uint32_t min_cpus;
};

static const struct check checks[] = {
	{"base.frames", check_frames, 1},
	{"base.icc", check_icc, 1},
	{"base.group_enables", check_group_enables, 1},
	{"base.fixed", check_fixed, 1},
	{"base.beyond", check_beyond, 1},

	{"sgi.self", check_sgi_self, 1},
	{"sgi.unicast", check_sgi_unicast, 1},
	{"sgi.list", check_sgi_list, 2},
	{"sgi.others", check_sgi_others, 1},
	{"sgi.absent", check_sgi_absent, 1},
	{"sgi.range", check_sgi_range, 1},
	{"sgi.intids", check_sgi_intids, 1},
	{"sgi.merge", check_sgi_merge, 1},
	{"sgi.disabled", check_sgi_disabled, 1},
	{"sgi.pending_bits", check_sgi_pending_bits, 1},
	{"sgi.remote_bits", check_sgi_remote_bits, 2},
	{"sgi.active", check_sgi_active, 1},
	{"sgi.group0", check_sgi_group0, 1},
	{"sgi.wrong_group", check_sgi_wrong_group, 1},

	{"prio.order", check_prio_order, 1},
	{"prio.nested", check_prio_nested, 1},
	{"prio.nested_again", check_prio_nested_again, 1},
	{"prio.nested_spis", check_prio_nested_spis, 1},
	{"prio.no_preemption", check_prio_no_preemption, 1},
	{"prio.pmr", check_prio_pmr, 1},
	{"prio.pmr_bits", check_prio_pmr_bits, 1},
	{"prio.lowest", check_prio_lowest, 1},
	{"prio.field", check_prio_field, 1},
	{"prio.field_bits", check_prio_field_bits, 1},
	{"prio.bpr", check_prio_bpr, 1},
	{"prio.cbpr", check_prio_cbpr, 1},
	{"prio.hppir", check_prio_hppir, 1},
	{"prio.iar", check_prio_iar, 1},
	{"prio.change", check_prio_change, 1},

	{"spi.pend", check_spi_pend, 1},
	{"spi.all", check_spi_all, 1},
	{"spi.merge", check_spi_merge, 1},
	{"spi.active_pending", check_spi_active_pending, 1},
	{"spi.latch", check_spi_latch, 1},
	{"spi.clear", check_spi_clear, 1},
	{"spi.disabled", check_spi_disabled, 1},
	{"spi.isactiver", check_spi_isactiver, 1},
	{"spi.icactiver", check_spi_icactiver, 1},
	{"spi.message_edge", check_spi_message_edge, 1},
	{"spi.message_level", check_spi_message_level, 1},
	{"spi.route", check_spi_route, 1},
	{"spi.route_halves", check_spi_route_halves, 1},
	{"spi.route_absent", check_spi_route_absent, 1},

	{"line.level", check_line_level, 1},
	{"line.low", check_line_low, 1},
	{"line.latch", check_line_latch, 1},
	{"line.disabled", check_line_disabled, 1},
	{"line.edge", check_line_edge, 1},
	{"line.route", check_line_route, 2},
	{"line.split", check_line_split, 1},

	{"timer.shot", check_timer_shot, 1},
	{"timer.periodic", check_timer_periodic, 1},
	{"timer.withdrawn", check_timer_withdrawn, 1},
	{"timer.level", check_timer_level, 1},
	{"timer.masked", check_timer_masked, 1},
	{"timer.pending", check_timer_pending, 1},

	{"remote.icenabler", check_remote_icenabler, 2},
	{"remote.icenabler_sgi", check_remote_icenabler_sgi, 2},
	{"remote.ispendr", check_remote_ispendr, 2},
	{"remote.icpendr", check_remote_icpendr, 2},
	{"remote.isactiver", check_remote_isactiver, 2},
	{"remote.icactiver", check_remote_icactiver, 2},
	{"remote.set_active", check_remote_set_active, 2},
	{"remote.active_pending", check_remote_active_pending, 2},
	{"remote.priority", check_remote_priority, 2},
	{"remote.group", check_remote_group, 2},
	{"remote.retarget", check_remote_retarget, 2},
	{"remote.halves", check_remote_halves, 2},
	{"remote.retarget_active", check_remote_retarget_active, 2},
	{"remote.retarget_both", check_remote_retarget_both, 2},
	{"remote.disable_active", check_remote_disable_active, 2},
	{"remote.toggle", check_remote_toggle, 2},
	{"remote.chase", check_remote_chase, 2},

	{"many.order", check_many_order, 1},
	{"many.reverse", check_many_reverse, 1},
	{"many.handler", check_many_handler, 1},
	{"many.nested", check_many_nested, 1},
	{"many.remote", check_many_remote, 2},
	{"many.spread", check_many_spread, 1},

	{"wfi.sgi", check_wfi_sgi, 2},
	{"wfi.spi", check_wfi_spi, 2},
	{"wfi.timer", check_wfi_timer, 1},
	{"wfi.off", check_wfi_off, 1},
	{"wfi.pmr", check_wfi_pmr, 1},
	{"wfi.group", check_wfi_group, 1},
	{"wfi.disabled", check_wfi_disabled, 1},
	{"wfi.ping", check_wfi_ping, 2},

	{"eoi.one_step", check_eoi_one_step, 1},
	{"eoi.two_steps", check_eoi_two_steps, 1},
	{"eoi.order", check_eoi_order, 1},
	{"eoi.many", check_eoi_many, 1},
	{"eoi.pending", check_eoi_pending, 1},
	{"eoi.remote_dir", check_eoi_remote_dir, 2},
	{"eoi.special", check_eoi_special, 1},
	{"eoi.sgis", check_eoi_sgis, 1},

	{"psci.off_on", check_psci_off_on, 2},
	{"psci.off_sgi", check_psci_off_sgi, 2},
	{"psci.off_spi", check_psci_off_spi, 2},
	{"psci.busy", check_psci_busy, 2},

	{"stress.pairs", check_stress_pairs, 1},
	{"stress.ring", check_stress_ring, 1},
	{"stress.broadcast", check_stress_broadcast, 2},
	{"stress.wfi", check_stress_wfi, 2},
};

struct options options = {
	.tests = "all",
	.stress = STRESS_DEFAULT,
	.limit = LIMIT_DEFAULT,
};

/* Why the check that runs cannot tell anything, if so. */
static const char *left_out;

const char *after(const char *text, const char *word)
{
	while (*word) {
		if (*text++ != *word++)
			return NULL;
	}
	return text;
}

bool is_word(const char *text, const char *word)
{
	const char *rest = after(text, word);

	return rest && *rest == '\0';
}

static bool ends(char c)
{
	return c == ' ' || c == '\0';
}

static uint32_t number(const char *text)
{
	uint32_t value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint32_t)(*text - '0');
	if (!ends(*text) || value == 0) {
		print("guest: not a number: %s\n", text);
		leave(1);
	}
	return value;
}

static void parse(const char *text)
{
	const char *value;

	while (*text) {
		if ((value = after(text, "tests=")))
			options.tests = value;
		else if ((value = after(text, "stress=")))
			options.stress = number(value);
		else if ((value = after(text, "mode=")))
			options.mode = value;
		else if ((value = after(text, "limit=")))
			options.limit = number(value);
		else if ((value = after(text, "exit=psci")))
			options.psci_exit = ends(*value);
		else if ((value = after(text, "rs=on")))
			options.rs = ends(*value);
		while (!ends(*text))
			text++;
		while (*text == ' ')
			text++;
	}
}

/* Whether an element of tests= is the name, or its group. */
static bool listed(const char *name)
{
	const char *list = options.tests;

	while (!ends(*list)) {
		const char *n = name;

		if (after(list, "all"))
			return true;
		while (*list == *n && *n) {
			list++;
			n++;
		}
		if ((*n == '.' || !*n) && (*list == ',' || ends(*list)))
			return true;
		while (*list != ',' && !ends(*list))
			list++;
		while (*list == ',')
			list++;
	}
	return false;
}

static bool selected(const struct check *check)
{
	const char *mode = after(check->name, "stress.");
	const char *rest;

	if (check->min_cpus > nr_cpus)
		return false;
	if (!options.mode)
		return listed(check->name);
	rest = mode ? after(options.mode, mode) : NULL;
	return rest && ends(*rest);
}

static void begin_own(struct cpu *me, void *arg)
{
	(void)arg;
	gic_reset_cpu(me);
	for (uint32_t i = 0; i < MAX_INTID; i++)
		me->count[i] = 0;
	for (uint32_t i = 0; i < sizeof(me->note) / sizeof(me->note[0]); i++)
		me->note[i] = 0;
	me->logged = 0;
	me->spurious = 0;
	STORE(me->step, 0);
}

void expect(const char *text, uint64_t have, uint64_t want)
{
	if (have != want)
		fail("cpu %u: %s: %lx, expected %lx", this_cpu()->id, text,
		     have, want);
}

void leave_out(const char *reason)
{
	left_out = reason;
}

static void run_check(const struct check *check)
{
	left_out = NULL;
	check_begin("%s", check->name);
	for (uint32_t i = 0; i < MAX_INTID; i++)
		handlers[i] = NULL;
	gic_reset();
	run_all(begin_own, NULL);
	check->run();
	if (left_out && !failed())
		print("check %s NONE %s\n", check->name, left_out);
	else
		check_end();
}

static void start_all(void)
{
	uint32_t present = nr_cpus;

	check_begin("base.start");
	for (uint32_t i = 1; i < present; i++) {
		nr_cpus = i + 1;
		if (cpu_start(&cpus[i]))
			continue;
		check_end();
		print_cpu(&cpus[i]);
		finish();
	}
	check_end();
}

_Noreturn void guest_main(const void *dtb)
{
	uint32_t ran = 0;

	if (!dtb_read(dtb)) {
		print("guest: no CPUs or no GICv3 in the device tree at %lx\n",
		      (uint64_t)dtb);
		leave(1);
	}
	parse(machine.bootargs);
	nr_cpus = machine.nr_cpus;
	for (uint32_t i = 0; i < nr_cpus; i++) {
		cpus[i].id = i;
		cpus[i].mpidr = machine.mpidr[i];
	}
	write_tpidr_el1((uint64_t)&cpus[0]);
	if (!gic_find()) {
		print("guest: not every CPU has a Redistributor\n");
		leave(1);
	}
	gic_reset();
	gic_setup_cpu(&cpus[0]);
	gic_reset_cpu(&cpus[0]);
	irq_on();
	print("info cpus %u from affinity %lx intids %u psci %s\n", nr_cpus,
	      affinity_of(&cpus[0]), gic_lines(),
	      machine.psci_smc ? "smc" : "hvc");
	start_all();
	for (uint32_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (selected(&checks[i])) {
			run_check(&checks[i]);
			ran++;
		}
	}
	if (!ran) {
		print("guest: no check ran: %s\n", machine.bootargs);
		leave(1);
	}
	finish();
}
