/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * vic-xen: the core of a type-1 hypervisor on host threads; see README.md.
 *
 * To build it against an installed libvic, in this folder:
 *
 *     cc -std=c11 -D_GNU_SOURCE *.c ../common/report.c \
 *        ../../tests/hw/vtx_*.c \
 *        $(pkg-config --cflags --libs libvic) -pthread -o vic-xen
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xen.h"

#define MS 1000000u

struct run run;

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("vic-xen: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(EXIT_FAILURE);
}

void *allocate(size_t alignment, size_t size)
{
	size_t rounded = (size + alignment - 1) / alignment * alignment;
	void *memory = aligned_alloc(alignment, rounded);

	if (!memory)
		die("no memory for %zu bytes", size);
	return memset(memory, 0, rounded);
}

void must(int result, const char *call)
{
	if (result)
		die("%s returns %d", call, result);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* SplitMix64: good enough from any seed. */
uint64_t draw(uint64_t *random)
{
	uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void start(void)
{
	const struct options *options = run.options;

	run.pcpus =
		allocate(VIC_CACHE_LINE, sizeof(*run.pcpus) * options->pcpus);
	run.domains = allocate(VIC_CACHE_LINE,
			       sizeof(*run.domains) * options->domains);
	for (uint32_t i = 0; i < options->pcpus; i++)
		pcpu_create(&run.pcpus[i], i);
	for (uint32_t i = 0; i < options->domains; i++)
		domain_create(&run.domains[i], i);
	for (uint32_t i = 0; i < options->pcpus; i++)
		MUST(pthread_create(&run.pcpus[i].thread, NULL, pcpu_thread,
				    &run.pcpus[i]));
	MUST(pthread_create(&run.ticker, NULL, ticker_thread, NULL));
	device_start_all();
}

static void pause_main(void)
{
	struct timespec pause = {.tv_nsec = MS};

	nanosleep(&pause, NULL);
}

static void tell(uint64_t began, uint64_t *told, uint64_t progress)
{
	uint64_t now = now_ns();

	if (now - *told < 2000 * MS)
		return;
	*told = now;
	fprintf(stderr, "vic-xen: %s: %llu interrupts in %llu s\n",
		run.mode->name, (unsigned long long)progress,
		(unsigned long long)((now - began) / 1000 / MS));
}

static bool has_sent_enough(uint64_t began, uint64_t progress)
{
	const struct options *options = run.options;

	if (options->interrupts)
		return progress >= options->interrupts;
	return now_ns() - began >= options->seconds * UINT64_C(1000) * MS;
}

/* Until all has been sent; false if nothing happens any more. */
static bool wait_while_sending(void)
{
	uint64_t began = now_ns(), told = began, moved = began, last = 0;
	uint64_t limit = run.options->timeout * UINT64_C(1000) * MS;

	for (;;) {
		uint64_t progress = check_progress();

		if (has_sent_enough(began, progress))
			break;
		if (progress != last)
			moved = now_ns();
		else if (now_ns() - moved > limit)
			return false;
		last = progress;
		tell(began, &told, progress);
		pause_main();
	}
	run.ns = now_ns() - began;
	return true;
}

/* Until every message was seen and all vCPUs rest; false if not in time. */
static bool wait_until_quiet(void)
{
	uint64_t limit = now_ns() + run.options->timeout * UINT64_C(1000) * MS;
	uint64_t quiet_at = UINT64_MAX;

	while (now_ns() < limit) {
		uint64_t progress = check_progress();

		if (!check_quiet())
			quiet_at = UINT64_MAX;
		else if (quiet_at == progress)
			return true;
		else
			quiet_at = progress;
		pause_main();
	}
	return false;
}

static void end(void)
{
	atomic_store(&run.over, true);
	for (uint32_t i = 0; i < run.options->pcpus; i++)
		vtx_ipi(&run.pcpus[i].cpu, VECTOR_KICK);
	for (uint32_t i = 0; i < run.options->pcpus; i++)
		MUST(pthread_join(run.pcpus[i].thread, NULL));
	MUST(pthread_join(run.ticker, NULL));
}

static void destroy(void)
{
	for (uint32_t i = 0; i < run.options->domains; i++)
		domain_destroy(&run.domains[i]);
	for (uint32_t i = 0; i < run.options->pcpus; i++)
		pcpu_destroy(&run.pcpus[i]);
	free(run.domains);
	free(run.pcpus);
}

/* One mode; false unless it was exact. */
static bool run_mode(const struct options *options, const struct mode *mode)
{
	bool is_exact;

	run.options = options;
	run.mode = mode;
	atomic_store(&run.stop, false);
	atomic_store(&run.over, false);
	start();
	if (!wait_while_sending()) {
		fprintf(stderr, "vic-xen: %s: nothing happens any more\n",
			mode->name);
		check_dump();
		exit(EXIT_FAILURE);
	}
	atomic_store(&run.stop, true);
	device_join_all();
	if (!wait_until_quiet()) {
		fprintf(stderr, "vic-xen: %s: not all was seen in time\n",
			mode->name);
		check_dump();
		exit(EXIT_FAILURE);
	}
	end();
	is_exact = check_exact();
	if (!is_exact)
		check_dump();
	stats_keep();
	destroy();
	return is_exact;
}

int main(int argc, char **argv)
{
	struct options options;
	bool is_exact = true;

	options_parse(&options, argc, argv);
	for (uint32_t i = 0; i < nr_modes; i++)
		if (options.compare || options.mode == i)
			is_exact &= run_mode(&options, &modes[i]);
	stats_print();
	return is_exact ? EXIT_SUCCESS : EXIT_FAILURE;
}
