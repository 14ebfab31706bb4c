/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The devices of the platform and what they share with the VM. */
#ifndef VIC_KVM_DEVICES_H
#define VIC_KVM_DEVICES_H

#include <pthread.h>
#include <stdatomic.h>

#include "fw_cfg.h"
#include "pit.h"
#include "rtc.h"
#include "serial.h"

struct vm;

/* ACPI's timer. */
#define PORT_PM_TIMER 0x608
/* The test devices, see testdev.c. */
#define PORT_TESTDEV 0x2000u

/* A file that the timer thread waits for. */
struct watch {
	int fd;
	void (*ready)(struct vm *vm, void *opaque);
	void *opaque;
};

/*
 * Each lock protects one device, and is held while the device drives its
 * line: so its levels reach libvic in their order. vCPU threads and the
 * timer thread take them; no callback of libvic does.
 */
struct devices {
	struct {
		pthread_mutex_t lock;
		struct pit pit;
		struct watch timer;
		/* Rises of OUT up to this tick are on the line. */
		uint64_t seen;
		bool line;
	} pit;
	struct {
		pthread_mutex_t lock;
		struct rtc rtc;
		struct watch timer;
		bool line;
	} rtc;
	struct {
		pthread_mutex_t lock;
		struct serial serial;
		struct watch input;
		bool line;
	} serial;
	pthread_mutex_t fw_cfg_lock;
	struct fw_cfg fw_cfg;
	/* PM1 enable, which no event ever needs. */
	atomic_uint_least16_t pm1_enable;
};

#endif
