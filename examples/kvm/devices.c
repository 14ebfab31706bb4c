/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The devices' ports, their lines and their time: what stands between the
 * models in pit.c, rtc.c, serial.c and fw_cfg.c and the VM.
 */
#include "devices.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "acpi.h"
#include "chips.h"
#include "vm.h"

#define IRQ_PIT 0
#define IRQ_SERIAL 4
#define IRQ_RTC 8
/* A guest that asks for more ticks than this loses some. */
#define LEAST_NS 50000

#define PM1_STATUS ACPI_PORT_PM1_EVENT
#define PM1_ENABLE (ACPI_PORT_PM1_EVENT + 2)
#define PM1_CONTROL ACPI_PORT_PM1_CONTROL
/* ACPI mode is always on. */
#define PM1_SCI_EN 0x0001
/* SLP_EN with SLP_TYP, which is 0 for power off. */
#define PM1_SLEEP 0x3c00
#define PM1_POWER_OFF 0x2000
#define PM_TIMER_HZ 3579545

static void set_line(struct vm *vm, struct vic_counters *counters, bool *line,
		     uint32_t irq, enum line_source source, bool level)
{
	if (*line == level)
		return;
	*line = level;
	chips_line(vm, counters, irq, source, level);
}

/* @at in nanoseconds; UINT64_MAX: never. */
static void arm(const struct watch *timer, uint64_t at)
{
	struct itimerspec spec = {0};
	uint64_t least = now_ns() + LEAST_NS;

	if (at != UINT64_MAX) {
		if (at < least)
			at = least;
		spec.it_value.tv_sec = (time_t)(at / 1000000000);
		spec.it_value.tv_nsec = (long)(at % 1000000000);
	}
	timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/*
 * Whatever rises were missed are one: a guest that did not run for a while
 * gets no burst of ticks.
 */
static void
pit_catch_up(struct vm *vm, struct vic_counters *counters, uint64_t tick)
{
	struct devices *d = &vm->devices;
	bool rose = pit_next_rise(&d->pit.pit, d->pit.seen) <= tick;

	d->pit.seen = tick;
	if (rose && pit_ticking(&d->pit.pit))
		set_line(vm, counters, &d->pit.line, IRQ_PIT, SOURCE_PIT,
			 false);
	if (rose)
		set_line(vm, counters, &d->pit.line, IRQ_PIT, SOURCE_PIT, true);
}

/* Counter 0 counts anew. */
static void
pit_changed(struct vm *vm, struct vic_counters *counters, uint64_t tick)
{
	struct devices *d = &vm->devices;
	struct pit *pit = &d->pit.pit;
	uint64_t next = pit_next_rise(pit, tick);

	set_line(vm, counters, &d->pit.line, IRQ_PIT, SOURCE_PIT,
		 pit_ticking(pit) || pit_out(pit, tick, 0));
	arm(&d->pit.timer, next == PIT_NEVER ? next : pit_ns(next));
}

static void pit_expired(struct vm *vm, void *opaque)
{
	struct devices *d = opaque;
	uint64_t tick;

	timer_read(&d->pit.timer);
	pthread_mutex_lock(&d->pit.lock);
	tick = pit_ticks(now_ns());
	pit_catch_up(vm, &vm->timer.counters, tick);
	pit_changed(vm, &vm->timer.counters, tick);
	pthread_mutex_unlock(&d->pit.lock);
}

uint32_t dev_pit_in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	struct devices *d = &cpu->vm->devices;
	uint64_t tick;
	uint8_t value;

	(void)size;
	pthread_mutex_lock(&d->pit.lock);
	tick = pit_ticks(now_ns());
	pit_catch_up(cpu->vm, &cpu->counters, tick);
	value = pit_read(&d->pit.pit, tick, port);
	pthread_mutex_unlock(&d->pit.lock);
	return value;
}

void dev_pit_out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value)
{
	struct devices *d = &cpu->vm->devices;
	uint64_t tick;

	(void)size;
	pthread_mutex_lock(&d->pit.lock);
	tick = pit_ticks(now_ns());
	pit_catch_up(cpu->vm, &cpu->counters, tick);
	pit_write(&d->pit.pit, tick, port, (uint8_t)value);
	pit_changed(cpu->vm, &cpu->counters, tick);
	pthread_mutex_unlock(&d->pit.lock);
}

static void
rtc_changed(struct vm *vm, struct vic_counters *counters, uint64_t ns)
{
	struct devices *d = &vm->devices;

	set_line(vm, counters, &d->rtc.line, IRQ_RTC, SOURCE_RTC,
		 rtc_irq(&d->rtc.rtc, ns));
	arm(&d->rtc.timer, rtc_next(&d->rtc.rtc, ns));
}

static void rtc_expired(struct vm *vm, void *opaque)
{
	struct devices *d = opaque;

	timer_read(&d->rtc.timer);
	pthread_mutex_lock(&d->rtc.lock);
	rtc_changed(vm, &vm->timer.counters, now_ns());
	pthread_mutex_unlock(&d->rtc.lock);
}

uint32_t dev_rtc_in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	struct devices *d = &cpu->vm->devices;
	uint64_t ns;
	uint8_t value;

	(void)size;
	pthread_mutex_lock(&d->rtc.lock);
	ns = now_ns();
	value = rtc_read(&d->rtc.rtc, ns, port);
	rtc_changed(cpu->vm, &cpu->counters, ns);
	pthread_mutex_unlock(&d->rtc.lock);
	return value;
}

void dev_rtc_out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value)
{
	struct devices *d = &cpu->vm->devices;
	uint64_t ns;

	(void)size;
	pthread_mutex_lock(&d->rtc.lock);
	ns = now_ns();
	rtc_write(&d->rtc.rtc, ns, port, (uint8_t)value);
	rtc_changed(cpu->vm, &cpu->counters, ns);
	pthread_mutex_unlock(&d->rtc.lock);
}

static void print(void *opaque, uint8_t byte)
{
	(void)opaque;
	putchar(byte);
}

/*
 * What standard input has, as far as there is room: the rest when the guest
 * has read that, or when more comes.
 */
static void serial_fill(struct devices *d)
{
	struct pollfd in = {.fd = d->serial.input.fd, .events = POLLIN};
	unsigned char bytes[SERIAL_FIFO];
	uint32_t room = serial_room(&d->serial.serial);
	ssize_t got;

	if (in.fd < 0 || !room || d->serial.serial.count ||
	    poll(&in, 1, 0) != 1)
		return;
	got = read(in.fd, bytes, room);
	for (ssize_t i = 0; i < got; i++)
		serial_receive(&d->serial.serial, bytes[i]);
	/* The end, or an error: nothing will come. */
	if (got <= 0)
		d->serial.input.fd = -1;
}

static void serial_changed(struct vm *vm, struct vic_counters *counters)
{
	struct devices *d = &vm->devices;

	serial_fill(d);
	set_line(vm, counters, &d->serial.line, IRQ_SERIAL, SOURCE_SERIAL,
		 serial_irq(&d->serial.serial));
}

static void serial_came(struct vm *vm, void *opaque)
{
	struct devices *d = opaque;

	pthread_mutex_lock(&d->serial.lock);
	serial_changed(vm, &vm->timer.counters);
	pthread_mutex_unlock(&d->serial.lock);
}

uint32_t dev_serial_in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	struct devices *d = &cpu->vm->devices;
	uint8_t value;

	(void)size;
	pthread_mutex_lock(&d->serial.lock);
	value = serial_read(&d->serial.serial, port);
	serial_changed(cpu->vm, &cpu->counters);
	pthread_mutex_unlock(&d->serial.lock);
	return value;
}

void dev_serial_out(struct cpu *cpu, uint16_t port, uint8_t size,
		    uint32_t value)
{
	struct devices *d = &cpu->vm->devices;

	(void)size;
	pthread_mutex_lock(&d->serial.lock);
	serial_write(&d->serial.serial, port, (uint8_t)value);
	serial_changed(cpu->vm, &cpu->counters);
	pthread_mutex_unlock(&d->serial.lock);
}

uint32_t dev_fw_cfg_in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	struct devices *d = &cpu->vm->devices;
	uint32_t value;

	if (port != FW_CFG_DATA || size != 1)
		return UINT32_MAX;
	pthread_mutex_lock(&d->fw_cfg_lock);
	value = fw_cfg_byte(&d->fw_cfg);
	pthread_mutex_unlock(&d->fw_cfg_lock);
	return value;
}

void dev_fw_cfg_out(struct cpu *cpu, uint16_t port, uint8_t size,
		    uint32_t value)
{
	struct devices *d = &cpu->vm->devices;

	if (port != FW_CFG_SELECT || size != 2)
		return;
	pthread_mutex_lock(&d->fw_cfg_lock);
	fw_cfg_select(&d->fw_cfg, (uint16_t)value);
	pthread_mutex_unlock(&d->fw_cfg_lock);
}

/* ACPI's PM1a registers: there are no events, and one state to sleep in. */
uint32_t dev_pm1_in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	uint32_t enable = atomic_load(&cpu->vm->devices.pm1_enable);

	switch (port) {
	case PM1_STATUS:
		return size == 4 ? enable << 16 : 0;
	case PM1_ENABLE:
		return enable;
	case PM1_CONTROL:
		return PM1_SCI_EN;
	default:
		return 0;
	}
}

void dev_pm1_out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value)
{
	if (port == PM1_ENABLE && size == 2)
		atomic_store(&cpu->vm->devices.pm1_enable, (uint16_t)value);
	else if (port == PM1_STATUS && size == 4)
		atomic_store(&cpu->vm->devices.pm1_enable,
			     (uint16_t)(value >> 16));
	else if (port == PM1_CONTROL && size >= 2 &&
		 (value & PM1_SLEEP) == PM1_POWER_OFF)
		vm_end(cpu->vm, 0);
}

/* It only counts: its overflow is no event. */
uint32_t dev_pm_timer_in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	uint64_t ns = now_ns();
	uint64_t count = ns / 1000000000 * PM_TIMER_HZ +
			 ns % 1000000000 * PM_TIMER_HZ / 1000000000;

	(void)cpu;
	(void)size;
	return (uint32_t)count >> 8 * (port - PORT_PM_TIMER);
}

static void add_timer(struct vm *vm, struct watch *watch,
		      void (*expired)(struct vm *vm, void *opaque))
{
	watch->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	watch->ready = expired;
	watch->opaque = &vm->devices;
	timer_watch(vm, watch);
}

static void add_input(struct vm *vm)
{
	struct watch *input = &vm->devices.serial.input;

	input->fd = vm->options.input ? STDIN_FILENO : -1;
	input->ready = serial_came;
	input->opaque = &vm->devices;
	if (vm->options.input)
		timer_watch_news(vm, input);
}

void devices_init(struct vm *vm)
{
	struct devices *d = &vm->devices;

	pthread_mutex_init(&d->pit.lock, NULL);
	pthread_mutex_init(&d->rtc.lock, NULL);
	pthread_mutex_init(&d->serial.lock, NULL);
	pthread_mutex_init(&d->fw_cfg_lock, NULL);
	pit_init(&d->pit.pit);
	rtc_init(&d->rtc.rtc, now_ns(), time(NULL));
	serial_init(&d->serial.serial, print, NULL);
	d->fw_cfg.memory_size = vm->memory_size;
	d->fw_cfg.vcpus = (uint16_t)vm->options.vcpus;
	add_timer(vm, &d->pit.timer, pit_expired);
	add_timer(vm, &d->rtc.timer, rtc_expired);
	add_input(vm);
}
