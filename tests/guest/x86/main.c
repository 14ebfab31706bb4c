/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Options, in guest_boot.append, apart by spaces:
 *   mode=xapic|x2apic|both   which modes to run the checks in
 *   storm=N                  messages of each CPU in each storm; without it
 *                            so many that the guest ends soon; a quarter with
 *                            devices
 *   only=NAME                that check alone, or MODE.NAME; NAME* for all
 *                            whose names begin so
 */

#include "apic.h"

/* Of all CPUs together: a storm takes about as long on 4 as on 16. */
#define STORM_DEFAULT 3000

enum mode {
	XAPIC = 1,
	X2APIC = 2,
	BOTH = XAPIC | X2APIC,
	/* Besides: only where there is what the check is about. */
	EOI_REGISTER = 4,
	SUPPRESSION = 8,
	SERIAL_INPUT = 16,
};

struct check {
	const char *name;
	void (*run)(void);
	uint8_t modes;
	uint8_t min_cpus;
};

static const struct check checks[] = {
	{"base", check_base, BOTH, 1},
	{"base_gp", check_base_gp, BOTH, 1},
	{"id", check_id, BOTH, 1},
	{"version", check_version, BOTH, 1},
	{"svr", check_svr, BOTH, 1},
	{"tpr_rw", check_tpr_rw, BOTH, 1},
	{"ldr", check_ldr, BOTH, 1},
	{"dfr", check_dfr, XAPIC, 1},
	{"read_only", check_read_only, XAPIC, 1},
	{"reserved_ignored", check_reserved_ignored, XAPIC, 1},
	{"icr_readback", check_icr_readback, BOTH, 1},
	{"self_ipi_keeps_icr", check_self_ipi_keeps_icr, X2APIC, 1},
	{"msrs_gp", check_msrs_in_xapic, XAPIC, 1},
	{"readable", check_readable, X2APIC, 1},
	{"gp_write_only", check_gp_write_only, X2APIC, 1},
	{"gp_absent", check_gp_absent, X2APIC, 1},
	{"gp_read_only", check_gp_read_only, X2APIC, 1},
	{"gp_tpr", check_gp_tpr, X2APIC, 1},
	{"gp_eoi", check_gp_eoi, X2APIC, 1},
	{"gp_esr", check_gp_esr, X2APIC, 1},
	{"gp_svr", check_gp_svr, X2APIC, 1},
	{"gp_icr", check_gp_icr, X2APIC, 1},
	{"gp_self_ipi", check_gp_self_ipi, X2APIC, 1},
	{"esr_send_illegal", check_esr_send_illegal, BOTH, 1},
	{"esr_self_ipi_illegal", check_esr_self_ipi_illegal, X2APIC, 1},
	{"illegal_vector_dropped", check_illegal_vector_dropped, BOTH, 1},

	{"self_shorthand", check_self_shorthand, BOTH, 1},
	{"self_own_id", check_self_own_id, BOTH, 1},
	{"self_ipi_msr", check_self_ipi_msr, X2APIC, 1},
	{"unicast_physical", check_unicast_physical, BOTH, 2},
	{"absent_physical", check_absent_physical, BOTH, 1},
	{"wide_physical", check_wide_physical, X2APIC, 1},
	{"ff_is_an_id", check_ff_is_an_id, X2APIC, 1},
	{"flat_unicast", check_flat_unicast, XAPIC, 1},
	{"flat_multi", check_flat_multi, XAPIC, 2},
	{"flat_broadcast", check_flat_broadcast, XAPIC, 1},
	{"cluster_unicast", check_cluster_unicast, BOTH, 1},
	{"cluster_multi", check_cluster_multi, BOTH, 2},
	{"cluster_absent", check_cluster_absent, BOTH, 1},
	{"logical_broadcast", check_logical_broadcast, BOTH, 1},
	{"broadcast_shorthand", check_broadcast_shorthand, BOTH, 1},
	{"broadcast_physical", check_broadcast_physical, BOTH, 1},
	{"all_but_self", check_all_but_self, BOTH, 1},
	{"lowest_one", check_lowest_one, BOTH, 2},
	{"lowest_skips_disabled", check_lowest_skips_disabled, BOTH, 2},

	{"timer_one_shot", check_timer_one_shot, BOTH, 1},
	{"timer_counts", check_timer_counts, BOTH, 1},
	{"timer_divide", check_timer_divide, BOTH, 1},
	{"timer_periodic", check_timer_periodic, BOTH, 1},
	{"timer_restart", check_timer_restart, BOTH, 1},
	{"timer_stop", check_timer_stop, BOTH, 1},
	{"timer_mode_change", check_timer_mode_change, BOTH, 1},
	{"timer_masked", check_timer_masked, BOTH, 1},
	{"timer_halted", check_timer_halted, BOTH, 1},
	{"timer_disabled", check_timer_disabled, BOTH, 1},
	{"timer_illegal", check_timer_illegal, BOTH, 1},
	{"timer_gp", check_timer_gp, X2APIC, 1},
	{"tsc_deadline", check_tsc_deadline, BOTH, 1},
	{"tsc_deadline_past", check_tsc_deadline_past, BOTH, 1},
	{"tsc_deadline_disarm", check_tsc_deadline_disarm, BOTH, 1},
	{"tsc_deadline_masked", check_tsc_deadline_masked, BOTH, 1},
	{"tsc_deadline_mode", check_tsc_deadline_mode, BOTH, 1},
	{"lvt_rw", check_lvt_rw, BOTH, 1},
	{"lvt_gp", check_lvt_gp, X2APIC, 1},
	{"lvt_disabled", check_lvt_disabled, BOTH, 1},
	{"esr_illegal_register", check_esr_illegal_register, BOTH, 1},
	{"esr_accumulates", check_esr_accumulates, BOTH, 1},
	{"error_interrupt", check_error_interrupt, BOTH, 1},
	{"error_masked", check_error_masked, BOTH, 1},
	{"error_illegal", check_error_illegal, BOTH, 1},
	{"lowest_illegal", check_lowest_illegal, BOTH, 1},
	{"base_move", check_base_move, XAPIC, 1},
	{"disable_enable", check_disable_enable, XAPIC, 1},
	{"x2apic_disable", check_x2apic_disable, X2APIC, 1},
	{"x2apic_hides_page", check_x2apic_hides_page, X2APIC, 1},

	{"tpr_register", check_tpr_register, BOTH, 1},
	{"tpr_cr8", check_tpr_cr8, BOTH, 1},
	{"tpr_remote", check_tpr_remote, BOTH, 2},
	{"cr8_is_tpr", check_cr8_is_tpr, BOTH, 1},
	{"ppr_idle", check_ppr_idle, BOTH, 1},
	{"ppr_in_handler", check_ppr_in_handler, BOTH, 1},
	{"priority_order", check_priority_order, BOTH, 1},
	{"nested", check_nested, BOTH, 1},
	{"merge_pending", check_merge_pending, BOTH, 1},
	{"irr_isr_two", check_irr_isr_two, BOTH, 1},
	{"irr_isr_bits", check_irr_isr_bits, BOTH, 1},
	{"eoi_highest", check_eoi_highest, BOTH, 1},
	{"eoi_empty", check_eoi_empty, BOTH, 1},

	{"nmi_unicast", check_nmi_unicast, BOTH, 2},
	{"nmi_self_id", check_nmi_self_id, BOTH, 1},
	{"nmi_others", check_nmi_others, BOTH, 2},
	{"nmi_self_shorthand", check_nmi_self_shorthand, BOTH, 1},
	{"nmi_all_shorthand", check_nmi_all_shorthand, BOTH, 1},
	{"halted_ipi", check_halted_ipi, BOTH, 2},
	{"halted_broadcast", check_halted_broadcast, BOTH, 2},
	{"halted_nmi", check_halted_nmi, BOTH, 2},

	{"disabled_target", check_disabled_target, BOTH, 2},
	{"disabled_sends", check_disabled_sends, BOTH, 2},
	{"disabled_keeps_irr", check_disabled_keeps_irr, BOTH, 1},
	{"init_sipi", check_init_sipi, BOTH, 2},
	{"init_reset_state", check_init_reset_state, BOTH, 2},
	{"init_stops", check_init_stops, BOTH, 2},
	{"init_sipi_others", check_init_sipi_others, BOTH, 2},
	{"init_deassert", check_init_deassert, BOTH, 2},
	{"second_sipi", check_second_sipi, BOTH, 2},

	{"ioapic_regs", check_ioapic_regs, BOTH, 1},
	{"ioapic_entries", check_ioapic_entries, BOTH, 1},
	{"ioapic_edge", check_ioapic_edge, BOTH, 1},
	{"ioapic_edge_shared", check_ioapic_edge_shared, BOTH, 1},
	{"ioapic_edge_narrow", check_ioapic_edge_narrow, BOTH, 1},
	{"ioapic_edge_masked", check_ioapic_edge_masked, BOTH, 1},
	{"ioapic_edge_pending", check_ioapic_edge_pending, BOTH, 1},
	{"ioapic_broadcast", check_ioapic_broadcast, BOTH, 1},
	{"ioapic_logical", check_ioapic_logical, BOTH, 1},
	{"ioapic_lowest", check_ioapic_lowest, BOTH, 1},
	{"ioapic_nmi", check_ioapic_nmi, BOTH, 1},
	{"ioapic_illegal", check_ioapic_illegal, BOTH, 1},
	{"level", check_level, BOTH, 1},
	{"level_masked", check_level_masked, BOTH, 1},
	{"level_mask_in_service", check_level_mask_in_service, BOTH, 1},
	{"level_withdrawn", check_level_withdrawn, BOTH, 1},
	{"level_bounces", check_level_bounces, BOTH, 1},
	{"level_shared_line", check_level_shared_line, BOTH, 1},
	{"level_until_eoi", check_level_until_eoi, BOTH, 1},
	{"level_shared_vector", check_level_shared_vector, BOTH, 1},
	{"level_ipi_same_vector", check_level_ipi_same_vector, BOTH, 2},
	{"level_move", check_level_move, BOTH, 2},
	{"level_change_vector", check_level_change_vector, BOTH, 1},
	{"level_eoi_register", check_level_eoi_register, BOTH | EOI_REGISTER,
	 1},
	{"level_refused", check_level_refused, BOTH, 1},
	{"level_suppressed", check_level_suppressed, BOTH | SUPPRESSION, 1},

	{"pic_regs", check_pic_regs, BOTH, 1},
	{"pic_extint", check_pic_extint, BOTH, 1},
	{"pic_halted", check_pic_halted, BOTH, 2},
	{"pic_priority", check_pic_priority, BOTH, 1},
	{"pic_rotate", check_pic_rotate, BOTH, 1},
	{"pic_aeoi", check_pic_aeoi, BOTH, 1},
	{"pic_nested", check_pic_nested, BOTH, 1},
	{"pic_sfnm", check_pic_sfnm, BOTH, 1},
	{"pic_special_mask", check_pic_special_mask, BOTH, 1},
	{"pic_masked", check_pic_masked, BOTH, 1},
	{"pic_level", check_pic_level, BOTH, 1},
	{"pic_withdrawn", check_pic_withdrawn, BOTH, 1},
	{"pic_poll", check_pic_poll, BOTH, 1},
	{"pic_pin", check_pic_pin, BOTH, 1},
	{"pic_spurious", check_pic_spurious, BOTH, 1},

	{"pit_pin", check_pit_pin, BOTH, 1},
	{"pit_pic", check_pit_pic, BOTH, 1},
	{"pit_ticks", check_pit_ticks, BOTH, 1},
	{"pit_gate", check_pit_gate, BOTH, 1},
	{"serial_irq", check_serial_irq, BOTH, 1},
	{"serial_input", check_serial_input, XAPIC | SERIAL_INPUT, 1},
	{"rtc_irq", check_rtc_irq, BOTH, 1},
	{"rtc_registers", check_rtc_registers, XAPIC, 1},
	{"fw_cfg", check_fw_cfg, XAPIC, 1},
	{"ports", check_ports, XAPIC, 1},

	{"pingpong", check_pingpong, BOTH, 1},
	{"storm", check_storm, BOTH, 1},
	{"storm_timers", check_storm_timers, BOTH, 1},
	{"storm_lines", check_storm_lines, BOTH, 1},
};

struct options {
	uint32_t modes;
	char only[64];
};

/* boot.S */
extern const char trampoline[], trampoline_end[];

_Noreturn void guest_main(const struct guest_boot *boot);

const char *mode_name = "boot";
uint32_t storm_messages;

/* The rest of `text` if it begins with the word. */
static const char *after(const char *text, const char *word)
{
	while (*word) {
		if (*text++ != *word++)
			return NULL;
	}
	return text;
}

static bool is_word(const char *text, const char *word)
{
	const char *rest = after(text, word);

	return rest && (*rest == ' ' || *rest == '\0');
}

static _Noreturn void bad_option(const char *text)
{
	print("guest: unknown option at \"%s\": expected "
	      "mode=xapic|x2apic|both, storm=N, only=NAME\n",
	      text);
	leave(1);
}

static void parse_mode(struct options *options, const char *text)
{
	if (is_word(text, "xapic"))
		options->modes = XAPIC;
	else if (is_word(text, "x2apic"))
		options->modes = X2APIC;
	else if (is_word(text, "both"))
		options->modes = BOTH;
	else
		bad_option(text);
}

static void parse_storm(const char *text)
{
	storm_messages = 0;
	for (; *text >= '0' && *text <= '9'; text++)
		storm_messages = storm_messages * 10 + (uint32_t)(*text - '0');
	if (*text != ' ' && *text != '\0')
		bad_option(text);
}

static void parse_only(struct options *options, const char *text)
{
	uint32_t n = 0;

	while (text[n] && text[n] != ' ' && n < sizeof(options->only) - 1) {
		options->only[n] = text[n];
		n++;
	}
	options->only[n] = '\0';
}

static void parse(struct options *options, const char *text)
{
	const char *value;

	while (*text) {
		if ((value = after(text, "mode=")))
			parse_mode(options, value);
		else if ((value = after(text, "storm=")))
			parse_storm(value);
		else if ((value = after(text, "only=")))
			parse_only(options, value);
		else if (*text != ' ')
			bad_option(text);
		while (*text && *text != ' ')
			text++;
		while (*text == ' ')
			text++;
	}
}

static bool matches(const char *pattern, const char *name)
{
	while (*pattern && *pattern == *name) {
		pattern++;
		name++;
	}
	return *pattern == '*' || *pattern == *name;
}

static bool selected(const struct options *options, const char *name)
{
	const char *rest = after(options->only, mode_name);

	if (!options->only[0] || matches(options->only, name))
		return true;
	return rest && *rest == '.' && matches(rest + 1, name);
}

static bool offered(uint32_t modes)
{
	return (!(modes & EOI_REGISTER) || eoi_register_offered()) &&
	       (!(modes & SUPPRESSION) || suppress_offered()) &&
	       (!(modes & SERIAL_INPUT) || serial_offered());
}

static void run_check(const char *name, void (*run)(void))
{
	for (uint32_t i = 0; i < 256; i++)
		handlers[i] = NULL;
	check_begin("%s.%s", mode_name, name);
	clear_counts();
	run();
	check_end();
}

static uint32_t run_mode(const struct options *options, uint32_t mode)
{
	uint32_t ran = 0;

	for (uint32_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct check *check = &checks[i];

		if (check->modes & mode && check->min_cpus <= nr_cpus &&
		    selected(options, check->name) && offered(check->modes)) {
			run_check(check->name, check->run);
			ran++;
		}
	}
	return ran;
}

static void start_all(void)
{
	char *low = (char *)(uint64_t)TRAMPOLINE;
	uint32_t present = nr_cpus;

	for (const char *p = trampoline; p < trampoline_end; p++)
		*(volatile char *)low++ = *p;
	for (nr_cpus = 1; nr_cpus < present; nr_cpus++) {
		if (cpu_start(&cpus[nr_cpus]))
			continue;
		fail("cpu %u does not start", nr_cpus);
		check_end();
		finish();
	}
}

static bool x2apic_offered(const struct guest_boot *boot)
{
	uint32_t regs[4];

	cpuid(1, regs);
	/* KVM may show the CPUID bit against the VMM's wish. */
	return regs[2] >> 21 & 1 && boot->x2apic_allowed;
}

static bool all_in_x2apic(void)
{
	bool all = true;

	for (uint32_t i = 0; i < nr_cpus; i++)
		all &= cpus[i].x2apic;
	return all;
}

_Noreturn void guest_main(const struct guest_boot *boot)
{
	struct options options = {.modes = BOTH};
	uint32_t ran = 0;

	if (boot->magic != BOOT_MAGIC || boot->nr_vcpus == 0 ||
	    boot->nr_vcpus > MAX_CPUS) {
		print("guest: boot data with magic %x and %u vCPUs, expected "
		      "%x and 1 to %u\n",
		      boot->magic, boot->nr_vcpus, BOOT_MAGIC, MAX_CPUS);
		leave(1);
	}
	nr_cpus = boot->nr_vcpus;
	storm_messages = STORM_DEFAULT / nr_cpus;
	parse(&options, boot->append);
	trap_build();
	cpu_setup(&cpus[0]);
	sti();

	check_begin("%s.start", mode_name);
	start_all();
	check_end();
	print("info cpus %u storm %u\n", nr_cpus, storm_messages);
	if (options.modes & XAPIC) {
		mode_name = "xapic";
		ran += run_mode(&options, XAPIC);
	}
	if (options.modes & X2APIC && x2apic_offered(boot)) {
		mode_name = "x2apic";
		run_check("switch", check_x2apic_switch);
		ran += selected(&options, "switch");
		if (all_in_x2apic())
			ran += run_mode(&options, X2APIC);
		else
			print("info x2apic mode is not reached: not run\n");
	} else if (options.modes & X2APIC) {
		print("info x2apic is not offered\n");
	}
	if (!ran) {
		print("guest: no check ran: only=%s with %u CPUs\n",
		      options.only, nr_cpus);
		leave(1);
	}
	finish();
}
