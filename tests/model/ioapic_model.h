/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An IOAPIC: slow, obvious, and written from the data sheet of the 82093AA
 * (section numbers are its own). It knows nothing of libvic, and only keeps
 * what software writes and what devices drive; all else it works out when
 * it is asked. A message is delivered, or refused, before the next thing
 * happens.
 */
#ifndef IOAPIC_MODEL_H
#define IOAPIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <vic/spec/ioapic.h>

#define IM_PINS 240
#define IM_SOURCES 64

struct im_config {
	uint32_t pins, version, id;
	/* Polarity is that of a voltage; else a bit like any other. */
	bool voltages;
	/* Bits 55:49 of an entry exist. */
	bool wide;
	/* Whether a local APIC accepted the message. */
	bool (*send)(void *opaque, uint64_t address, uint32_t data);
	/* The interrupt of a level-triggered pin has ended. */
	void (*eoi)(void *opaque, uint32_t pin);
	void *opaque;
};

struct im_pin {
	/* What can be written of the entry. */
	uint64_t entry;
	bool remote_irr;
	bool sources[IM_SOURCES];
};

struct im {
	struct im_config config;
	uint32_t select;
	uint8_t id, arb;
	struct im_pin pin[IM_PINS];
};

void im_init(struct im *m, const struct im_config *config);
/* What devices drive stays. */
void im_reset(struct im *m);

/* Whether a message was sent, and accepted. */
bool im_line(struct im *m, uint32_t pin, uint32_t source, bool level);
/* False if the offset is not in the page, or there is no such width. */
bool im_read(const struct im *m, uint32_t offset, uint32_t len,
	     uint64_t *value);
bool im_write(struct im *m, uint32_t offset, uint32_t len, uint64_t value);
void im_eoi(struct im *m, uint8_t vector);
void im_retry(struct im *m);

/* As software reads it, and the sources as a mask. */
uint64_t im_entry(const struct im *m, uint32_t pin);
uint64_t im_sources(const struct im *m, uint32_t pin);

#endif
