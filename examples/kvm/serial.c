/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The 16550A; a byte that is written is gone before the next access. */
#include "serial.h"

#include <string.h>

/* Offsets from the port; some have two registers. */
enum {
	DATA,
	IER,
	IIR,
	LCR,
	MCR,
	LSR,
	MSR,
	SCR
};

#define IER_RECEIVED 0x01
#define IER_EMPTY 0x02
#define IER_LINE 0x04
#define IER_MODEM 0x08
#define IIR_NONE 0x01
#define IIR_LINE 0x06
#define IIR_RECEIVED 0x04
/* Fewer bytes than the trigger, and no more for a while. */
#define IIR_TIMEOUT 0x0c
#define IIR_EMPTY 0x02
#define IIR_MODEM 0x00
#define IIR_FIFOS 0xc0
#define FCR_ON 0x01
#define FCR_CLEAR 0x02
#define LCR_DLAB 0x80
#define MCR_LOOP 0x10
#define LSR_READY 0x01
#define LSR_OVERRUN 0x02
#define LSR_ERRORS 0x1e
/* The holding register is empty, and so is the shift register. */
#define LSR_EMPTY 0x60
#define MSR_DELTAS 0x0f
/* CTS, DSR and DCD: a modem that is there. */
#define MSR_CONNECTED 0xb0

void serial_init(struct serial *serial,
		 void (*send)(void *opaque, uint8_t byte), void *opaque)
{
	memset(serial, 0, sizeof(*serial));
	serial->lsr = LSR_EMPTY;
	serial->msr = MSR_CONNECTED;
	serial->trigger = 1;
	serial->dll = 1;
	serial->send = send;
	serial->opaque = opaque;
}

uint32_t serial_room(const struct serial *serial)
{
	uint32_t size = serial->fifos_on ? SERIAL_FIFO : 1;

	if (serial->mcr & MCR_LOOP || serial->count >= size)
		return 0;
	return size - serial->count;
}

static void receive(struct serial *serial, uint8_t byte)
{
	uint32_t size = serial->fifos_on ? SERIAL_FIFO : 1;

	if (serial->count >= size) {
		serial->lsr |= LSR_OVERRUN;
		/* The FIFO stays as it is; a single byte is overwritten. */
		if (serial->fifos_on)
			return;
		serial->count = 0;
	}
	serial->fifo[(serial->first + serial->count) % SERIAL_FIFO] = byte;
	serial->count++;
	serial->lsr |= LSR_READY;
}

void serial_receive(struct serial *serial, uint8_t byte)
{
	/* In loopback the wire is not looked at. */
	if (!(serial->mcr & MCR_LOOP))
		receive(serial, byte);
}

/* The interrupt of highest priority, as IIR's low bits. */
static uint8_t cause(const struct serial *serial)
{
	if (serial->ier & IER_LINE && serial->lsr & LSR_ERRORS)
		return IIR_LINE;
	if (serial->ier & IER_RECEIVED && serial->count)
		return serial->count >= serial->trigger ? IIR_RECEIVED
							: IIR_TIMEOUT;
	if (serial->ier & IER_EMPTY && serial->thre)
		return IIR_EMPTY;
	if (serial->ier & IER_MODEM && serial->msr & MSR_DELTAS)
		return IIR_MODEM;
	return IIR_NONE;
}

bool serial_irq(const struct serial *serial)
{
	/* PCs gate it with OUT2; kernels that know VMs only forget that. */
	return cause(serial) != IIR_NONE;
}

static void clear_fifo(struct serial *serial)
{
	serial->count = 0;
	serial->lsr &= (uint8_t) ~(LSR_READY | LSR_ERRORS);
}

static uint8_t read_data(struct serial *serial)
{
	uint8_t byte = serial->fifo[serial->first];

	if (!serial->count)
		return 0;
	serial->first = (uint8_t)((serial->first + 1) % SERIAL_FIFO);
	if (!--serial->count)
		serial->lsr &= (uint8_t)~LSR_READY;
	return byte;
}

static uint8_t read_iir(struct serial *serial)
{
	uint8_t value = cause(serial);

	if (value == IIR_EMPTY)
		serial->thre = false;
	return (uint8_t)(value | (serial->fifos_on ? IIR_FIFOS : 0));
}

uint8_t serial_read(struct serial *serial, uint16_t port)
{
	bool dlab = serial->lcr & LCR_DLAB;
	uint8_t value;

	switch (port - SERIAL_PORT) {
	case DATA:
		return dlab ? serial->dll : read_data(serial);
	case IER:
		return dlab ? serial->dlm : serial->ier;
	case IIR:
		return read_iir(serial);
	case LCR:
		return serial->lcr;
	case MCR:
		return serial->mcr;
	case LSR:
		value = serial->lsr;
		serial->lsr &= (uint8_t)~LSR_ERRORS;
		return value;
	case MSR:
		value = serial->msr;
		serial->msr &= (uint8_t)~MSR_DELTAS;
		return value;
	default:
		return serial->scr;
	}
}

static void write_data(struct serial *serial, uint8_t byte)
{
	if (serial->mcr & MCR_LOOP)
		receive(serial, byte);
	else
		serial->send(serial->opaque, byte);
	/* It has left already. */
	serial->thre = true;
}

static void write_ier(struct serial *serial, uint8_t value)
{
	uint8_t risen = value & (uint8_t)~serial->ier;

	serial->ier = value & 0xf;
	/* The transmitter is empty all the time. */
	if (risen & IER_EMPTY)
		serial->thre = true;
}

static void write_fcr(struct serial *serial, uint8_t value)
{
	static const uint8_t triggers[] = {1, 4, 8, 14};
	bool on = value & FCR_ON;

	if (on != serial->fifos_on || value & FCR_CLEAR)
		clear_fifo(serial);
	serial->fifos_on = on;
	serial->trigger = on ? triggers[value >> 6] : 1;
}

/* Modem lines, with the deltas of those that changed. */
static void set_lines(struct serial *serial, uint8_t lines)
{
	uint8_t changed = (serial->msr ^ lines) & 0xf0;
	/* RI counts when it ends. */
	uint8_t ri = lines & 0x40;

	if (ri)
		changed &= (uint8_t)~0x40;
	serial->msr =
		(uint8_t)(lines | (serial->msr & MSR_DELTAS) | changed >> 4);
}

static void write_mcr(struct serial *serial, uint8_t value)
{
	uint8_t lines = MSR_CONNECTED;

	serial->mcr = value & 0x1f;
	/* DTR is DSR, RTS is CTS, OUT1 is RI, OUT2 is DCD. */
	if (value & MCR_LOOP)
		lines = (uint8_t)((value & 1) << 5 | (value & 2) << 3 |
				  (value & 4) << 4 | (value & 8) << 4);
	set_lines(serial, lines);
}

void serial_write(struct serial *serial, uint16_t port, uint8_t value)
{
	bool dlab = serial->lcr & LCR_DLAB;

	switch (port - SERIAL_PORT) {
	case DATA:
		if (dlab)
			serial->dll = value;
		else
			write_data(serial, value);
		break;
	case IER:
		if (dlab)
			serial->dlm = value;
		else
			write_ier(serial, value);
		break;
	case IIR:
		write_fcr(serial, value);
		break;
	case LCR:
		serial->lcr = value;
		break;
	case MCR:
		write_mcr(serial, value);
		break;
	case SCR:
		serial->scr = value;
		break;
	default:
		/* LSR and MSR are for reading. */
		break;
	}
}
