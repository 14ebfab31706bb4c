/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Sending: resolve a message and make it pending at each target. The
 * public ways in are the ICR (src/apic/icr.c), vic_msi() and the shorthand
 * "self".
 */
#ifndef VIC_SRC_IPI_SEND_H
#define VIC_SRC_IPI_SEND_H

#include "ipi/bus_priv.h"
#include "ipi/inbox.h"

/* One message on its way. */
struct send {
	struct vic_counters *counters;
	/* The sender's row of the matrix, or NULL. */
	uint64_t *row;
	uint8_t intid, mode;
	bool level;
	/* Somebody was addressed. */
	bool matched;
	/* Of bus_send_others(): who is left out, and whether he was meant. */
	const struct vic_vcpu *self;
	bool self_meant;
	/* Of a message with many targets, if they are kicked together. */
	struct kicks *kicks;
};

ALWAYS_INLINE void send_account(struct send *send, const struct vic_vcpu *vcpu)
{
	if (UNLIKELY(send->row))
		count(&send->row[vcpu->index]);
}

/* Accept a vector (16 or more): Fixed and lowest priority. */
ALWAYS_INLINE void
send_vector(void *ctx, struct vic_vcpu *vcpu, uint64_t identity)
{
	struct send *send = ctx;

	send->matched = true;
	if (UNLIKELY(identity & IDENTITY_NO_VECTORS)) {
		count(&send->counters->refused);
		return;
	}
	send_account(send, vcpu);
	inbox_post(vcpu, send->counters, send->intid, send->level);
}

ALWAYS_INLINE struct send
send_begin(const struct vic_apic_bus *bus, const struct vic_vcpu *sender,
	   struct vic_counters *counters, const struct vic_ipi *ipi)
{
	if (sender)
		count(&counters->sent[ipi->kind][ipi->mode]);
	return (struct send){
		.counters = counters,
		.row = sender && UNLIKELY(bus->matrix)
			       ? &bus->matrix[(size_t)sender->index * bus->max]
			       : NULL,
		.intid = ipi->intid,
		.mode = ipi->mode,
		.level = ipi->level,
	};
}

/*
 * An edge with a legal vector to all others, and with @self to @sender too,
 * of a bus without a matrix. @sender's thread, as bus_send().
 */
void bus_broadcast(struct vic_apic_bus *bus, struct vic_vcpu *sender,
		   bool self, unsigned int vector);

/*
 * Send @ipi, a message that vic_decode() or vic_msi_decode() calls
 * VIC_DECODE_SEND. @sender is NULL for an MSI. Any thread; @counters are
 * that thread's.
 */
void bus_send(struct vic_apic_bus *bus, struct vic_vcpu *sender,
	      struct vic_counters *counters, const struct vic_ipi *ipi);

/*
 * vic_msi() the long way, counted in @sent; *accepted says whether an APIC
 * accepted it, newly pending or merged.
 */
int bus_message(struct vic_apic_bus *bus, struct vic_counters *counters,
		uint64_t *sent, uint64_t address, uint32_t data,
		bool *accepted);

/*
 * The same for a Fixed edge with a legal vector, except that @sender gets
 * nothing: true if it is one of the targets and accepts vectors.
 */
bool bus_send_others(struct vic_apic_bus *bus, struct vic_vcpu *sender,
		     const struct vic_ipi *ipi);

#endif
