/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A serial port: 16550A (National Semiconductor data sheet, June 1995).
 * What is written is sent at once.
 */
#ifndef VIC_KVM_SERIAL_H
#define VIC_KVM_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

#define SERIAL_PORT 0x3f8
#define SERIAL_FIFO 16

struct serial {
	/* The registers, in the data sheet's names. */
	uint8_t ier, lcr, mcr, lsr, msr, scr, dll, dlm;
	/* Receive FIFO: @count bytes from @first on. */
	uint8_t fifo[SERIAL_FIFO];
	uint8_t first, count;
	bool fifos_on;
	/* Bytes that make the receiver interrupt. */
	uint8_t trigger;
	/* An interrupt because the transmitter is empty waits. */
	bool thre;
	void (*send)(void *opaque, uint8_t byte);
	void *opaque;
};

void serial_init(struct serial *serial,
		 void (*send)(void *opaque, uint8_t byte), void *opaque);
/* SERIAL_PORT to SERIAL_PORT + 7. */
uint8_t serial_read(struct serial *serial, uint16_t port);
void serial_write(struct serial *serial, uint16_t port, uint8_t value);
/* Bytes that it can receive before it loses some; 0 in loopback. */
uint32_t serial_room(const struct serial *serial);
/* A byte comes in on the wire. */
void serial_receive(struct serial *serial, uint8_t byte);
/* Whether it asks for an interrupt. */
bool serial_irq(const struct serial *serial);

#endif
