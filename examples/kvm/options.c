/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

static const char help[] =
	"Usage: vic-kvm --kernel FILE [OPTION]...\n"
	"Run a bare-metal guest on KVM; libvic is its interrupt\n"
	"controllers.\n"
	"\n"
	"  --kernel FILE   the guest: an ELF64 executable for x86-64, a\n"
	"                  kernel with a Multiboot header, or the bzImage\n"
	"                  or vmlinux of a 64-bit Linux\n"
	"  --vcpus N       1 to 255 (1)\n"
	"  --mem MIB       guest memory, 4 to 3072 (64)\n"
	"  --append STR    a command line for the guest\n"
	"  --initrd FILE   for Linux; the first module of Multiboot\n"
	"  --module 'FILE ARGS'   a module of Multiboot; ARGS are for the\n"
	"                  guest; up to 16 times\n"
	"  --input         standard input is what the guest's serial port\n"
	"                  receives\n"
	"  --share FILE    the file is guest memory at 0xd0000000\n"
	"  --irqchip WHO   vic: libvic (default); kernel: KVM's own\n"
	"  --suppress-eoi WHAT   off (default), or on: the guest may keep\n"
	"                  EOIs from the IOAPIC\n"
	"  --x2apic WHAT   on (default), or off: the guest has no x2APIC\n"
	"  --save-restore MS   so often, stop all vCPUs, save, reset and\n"
	"                  restore all interrupt controllers, and go on\n"
	"  --stats         print counters as lines `stat NAME VALUE`\n"
	"  --report        print them as tables\n"
	"  --trace FILE    write CSV: ns,vcpu,event,vector,target\n"
	"  --timeout S     end a guest that hangs after S seconds (60)\n"
	"  --help          this text\n"
	"\n"
	"The guest's console is standard output; all else is standard\n"
	"error. Latency is the time from the first wake or kick of a vCPU\n"
	"to the next interrupt that is given to it, for the last 65536 of\n"
	"each vCPU. A vCPU that was in the hypervisor is not signalled\n"
	"and not measured.\n"
	"\n"
	"Exit status: (v << 1) | 1 when the guest writes v to port 0xf4;\n"
	"0 when it powers off (ACPI's S5: 0x2000 to port 0x604); 123 when\n"
	"it did what KVM cannot run; 124 after the timeout, with the state\n"
	"of each vCPU; 125 when KVM is unusable; 126 for a wrong command\n"
	"line or kernel.\n"
	"\n"
	"--report, --trace and --save-restore need --irqchip vic.\n";

static uint32_t
number(const char *name, const char *text, uint32_t least, uint32_t most)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < least ||
	    value > most)
		die(EXIT_USAGE, "--%s is '%s'; give a number from %u to %u",
		    name, text, least, most);
	return (uint32_t)value;
}

/* True for @yes, false for @no. */
static bool
choice(const char *name, const char *text, const char *yes, const char *no)
{
	if (strcmp(text, yes) && strcmp(text, no))
		die(EXIT_USAGE, "--%s is '%s'; give '%s' or '%s'", name, text,
		    yes, no);
	return !strcmp(text, yes);
}

static void add_module(struct options *options, const char *module)
{
	if (options->nr_modules == MAX_MODULES)
		die(EXIT_USAGE,
		    "--module is given more than %d times; drop "
		    "some",
		    MAX_MODULES);
	options->modules[options->nr_modules++] = module;
}

static void check(const struct options *options)
{
	if (!options->kernel)
		die(EXIT_USAGE, "no guest given; add --kernel FILE "
				"(see --help)");
	if (!options->vic &&
	    (options->report || options->trace || options->save_restore))
		die(EXIT_USAGE,
		    "--report, --trace and --save-restore are about libvic; "
		    "drop them or use --irqchip vic");
}

void options_parse(struct options *options, int argc, char **argv)
{
	enum {
		KERNEL,
		VCPUS,
		MEM,
		APPEND,
		INITRD,
		MODULE,
		SHARE,
		IRQCHIP,
		X2APIC,
		SUPPRESS_EOI,
		INPUT,
		SAVE_RESTORE,
		STATS,
		REPORT,
		TRACE,
		TIMEOUT,
		HELP
	};
	static const struct option table[] = {
		{"kernel", required_argument, NULL, KERNEL},
		{"vcpus", required_argument, NULL, VCPUS},
		{"mem", required_argument, NULL, MEM},
		{"append", required_argument, NULL, APPEND},
		{"initrd", required_argument, NULL, INITRD},
		{"module", required_argument, NULL, MODULE},
		{"input", no_argument, NULL, INPUT},
		{"share", required_argument, NULL, SHARE},
		{"irqchip", required_argument, NULL, IRQCHIP},
		{"x2apic", required_argument, NULL, X2APIC},
		{"suppress-eoi", required_argument, NULL, SUPPRESS_EOI},
		{"save-restore", required_argument, NULL, SAVE_RESTORE},
		{"stats", no_argument, NULL, STATS},
		{"report", no_argument, NULL, REPORT},
		{"trace", required_argument, NULL, TRACE},
		{"timeout", required_argument, NULL, TIMEOUT},
		{"help", no_argument, NULL, HELP},
		{NULL, 0, NULL, 0},
	};
	int option, at;

	*options = (struct options){.append = "",
				    .vcpus = 1,
				    .mem_mib = 64,
				    .timeout = 60,
				    .vic = true,
				    .x2apic = true};
	while ((option = getopt_long(argc, argv, "", table, &at)) != -1) {
		const char *name = option == '?' ? "" : table[at].name;

		switch (option) {
		case KERNEL:
			options->kernel = optarg;
			break;
		case VCPUS:
			options->vcpus = number(name, optarg, 1, MAX_VCPUS);
			break;
		case MEM:
			options->mem_mib = number(name, optarg, 4, 3072);
			break;
		case APPEND:
			options->append = optarg;
			break;
		case INITRD:
			options->initrd = optarg;
			break;
		case MODULE:
			add_module(options, optarg);
			break;
		case INPUT:
			options->input = true;
			break;
		case SHARE:
			options->share = optarg;
			break;
		case IRQCHIP:
			options->vic = choice(name, optarg, "vic", "kernel");
			break;
		case X2APIC:
			options->x2apic = choice(name, optarg, "on", "off");
			break;
		case SUPPRESS_EOI:
			options->suppress_eoi =
				choice(name, optarg, "on", "off");
			break;
		case SAVE_RESTORE:
			options->save_restore = number(name, optarg, 1, 10000);
			break;
		case STATS:
			options->stats = true;
			break;
		case REPORT:
			options->report = true;
			break;
		case TRACE:
			options->trace = optarg;
			break;
		case TIMEOUT:
			options->timeout = number(name, optarg, 1, 86400);
			break;
		case HELP:
			fputs(help, stdout);
			exit(0);
		default:
			die(EXIT_USAGE, "see --help");
		}
	}
	if (optind != argc)
		die(EXIT_USAGE, "'%s' is no option; see --help", argv[optind]);
	check(options);
}
