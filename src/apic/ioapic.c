/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Lines, messages and EOIs of an IOAPIC: Intel 82093AA data sheet, 3.2.4
 * and 3.4.
 *
 * A level message that nobody accepts waits until somebody does. The two
 * sides must not miss each other:
 *
 *     sender                          vCPU that begins to accept
 *     A1 load arrivals                B1 publish the identity
 *     A2 send: nobody accepts         B2 arrivals + 1, full barrier
 *     A3 remote IRR = 0, waiting = 1  B3 load waiting; if set, clear it and
 *        full barrier                    send all that wants to be sent
 *     A4 load arrivals; if it is not
 *        what A1 saw, send again
 *
 * If A4 misses B2, A3 came before it and B3 sees the mark. If A1 saw B2, A2
 * saw B1. Without the barrier of A3 or B2 both can miss the other, and the
 * device waits for ever.
 */
#include "apic/ioapic_priv.h"
#include "ipi/unicast.h"

#define PINS_DEFAULT 24u
/* Of the 82093AA, and with an EOI register. */
#define VERSION_82093AA 0x11u
#define VERSION_DEFAULT 0x20u

static uint32_t config_pins(const struct vic_ioapic_config *config)
{
	return config->pins ? config->pins : PINS_DEFAULT;
}

static int config_check(const struct vic_ioapic_config *config)
{
	uint32_t version = config->version;

	if (!abi_known(config, config->size, sizeof(*config),
		       sizeof(*config)) ||
	    (config->flags & ~(uint32_t)VIC_IOAPIC_VOLTAGES))
		return VIC_ERR_ABI;
	if (config->pins > VIC_IOAPIC_MAX_PINS || config->id > 15 ||
	    (version && version != VERSION_82093AA &&
	     version != VERSION_DEFAULT) ||
	    config->reserved || !chip_ops_valid(config->ops) ||
	    (!config->bus && !config->ops->msi))
		return VIC_ERR_INVAL;
	return VIC_OK;
}

size_t vic_ioapic_size(const struct vic_ioapic_config *config)
{
	size_t size;

	if (!config || config_check(config))
		return 0;
	size = sizeof(struct vic_ioapic) +
	       config_pins(config) * sizeof(struct ioapic_pin);
	return (size + VIC_CACHE_LINE - 1) & ~(size_t)(VIC_CACHE_LINE - 1);
}

static bool
on_bus(const struct vic_apic_bus *bus, const struct vic_ioapic *ioapic)
{
	for (const struct vic_ioapic *io = bus->ioapics; io; io = io->next)
		if (io == ioapic)
			return true;
	return false;
}

int vic_ioapic_init(void *storage, size_t size,
		    const struct vic_ioapic_config *config,
		    struct vic_ioapic **ioapic)
{
	struct vic_ioapic *io = storage;
	int err;

	if (!config || !ioapic)
		return VIC_ERR_INVAL;
	err = config_check(config);
	if (err)
		return err;
	if (!io || size < vic_ioapic_size(config) ||
	    !aligned(io, VIC_CACHE_LINE))
		return VIC_ERR_STORAGE;
	if (config->bus && on_bus(config->bus, io))
		return VIC_ERR_EXISTS;
	memset(io, 0, vic_ioapic_size(config));
	lock_init(&io->lock, config->ops);
	io->bus = config->bus;
	io->ops = config->ops;
	io->opaque = config->opaque;
	io->nr = config_pins(config);
	io->flags = config->flags;
	if (!config->ops->lock && !(config->flags & VIC_IOAPIC_VOLTAGES))
		io->short_pins = io->nr;
	io->version =
		(uint8_t)(config->version ? config->version : VERSION_DEFAULT);
	io->reset_id = (uint8_t)config->id;
	io->writable = (UINT64_C(0xff) << VIC_RTE_DEST_SHIFT) | VIC_RTE_VECTOR |
		       VIC_RTE_MODE | VIC_RTE_LOGICAL | VIC_RTE_LOW |
		       VIC_RTE_LEVEL | VIC_RTE_MASKED;
	if (io->bus) {
		if (io->bus->msi_format == VIC_MSI_15BIT)
			io->writable |= (uint64_t)VIC_RTE_EXT_DEST
					<< VIC_RTE_EXT_DEST_SHIFT;
		io->next = io->bus->ioapics;
		io->bus->ioapics = io;
	}
	vic_ioapic_reset(io);
	*ioapic = io;
	return VIC_OK;
}

void vic_ioapic_reset(struct vic_ioapic *ioapic)
{
	ioapic->id = ioapic->reset_id;
	ioapic->select = 0;
	memset(ioapic->remote, 0, sizeof(ioapic->remote));
	for (uint32_t i = 0; i < ioapic->nr; i++) {
		ioapic->pins[i].entry = VIC_RTE_MASKED;
		ioapic->pins[i].way = PIN_LONG;
	}
}

void ioapic_choose_way(const struct vic_ioapic *ioapic, struct ioapic_pin *pin)
{
	const uint64_t unusual =
		VIC_RTE_MODE | VIC_RTE_LOGICAL | VIC_RTE_MASKED |
		(uint64_t)VIC_RTE_EXT_DEST << VIC_RTE_EXT_DEST_SHIFT;

	pin->way = PIN_LONG;
	if (ioapic->bus && !(pin->entry & unusual) &&
	    (pin->entry & VIC_RTE_VECTOR) >= VIC_VECTOR_MIN &&
	    pin->entry >> VIC_RTE_DEST_SHIFT != 0xff)
		pin->way = pin->entry & VIC_RTE_LEVEL ? PIN_LEVEL : PIN_EDGE;
}

bool ioapic_level(struct vic_ioapic *ioapic, uint32_t pin,
		  struct ioapic_message *message)
{
	struct ioapic_pin *p = &ioapic->pins[pin];

	if ((p->entry & VIC_RTE_MASKED) || !entry_is_level(p->entry) ||
	    !pin_asserted(ioapic, p))
		return false;
	if (p->entry & VIC_RTE_REMOTE_IRR) {
		/* If that comes to be refused, its sender sends again. */
		p->missed++;
		return false;
	}
	/* Before it is sent: its EOI may come before the sender is back. */
	pin_remote_irr(ioapic, pin, true);
	*message = (struct ioapic_message){
		.entry = p->entry,
		.pin = pin,
		.attempt = ++p->attempts,
		.missed = p->missed,
	};
	return true;
}

ALWAYS_INLINE bool line_move(struct vic_ioapic *ioapic, uint32_t pin,
			     uint32_t source, bool level,
			     struct ioapic_message *message)
{
	struct ioapic_pin *p = &ioapic->pins[pin];
	uint64_t old = p->sources, bit = UINT64_C(1) << source;

	store_relaxed(&p->sources, level ? old | bit : old & ~bit);
	if (!old == !p->sources)
		return false;
	return entry_is_level(p->entry) ? ioapic_level(ioapic, pin, message)
					: ioapic_edge(ioapic, pin, message);
}

bool ioapic_move(struct vic_ioapic *ioapic, uint32_t pin, uint32_t source,
		 bool level, struct ioapic_message *message)
{
	bool due;

	lock_take(&ioapic->lock);
	due = line_move(ioapic, pin, source, level, message);
	lock_drop(&ioapic->lock);
	return due;
}

static uint64_t message_address(uint64_t entry)
{
	uint64_t ext = entry >> VIC_RTE_EXT_DEST_SHIFT & VIC_RTE_EXT_DEST;

	return VIC_MSI_BASE |
	       entry >> VIC_RTE_DEST_SHIFT << VIC_MSI_DEST_SHIFT |
	       ext << VIC_MSI_EXT_DEST_SHIFT |
	       (entry & VIC_RTE_LOGICAL ? VIC_MSI_DM : 0);
}

static uint32_t message_data(uint64_t entry)
{
	uint32_t data = (uint32_t)entry & (VIC_RTE_VECTOR | VIC_RTE_MODE);

	return entry & VIC_RTE_LEVEL ? data | VIC_ICR_LEVEL | VIC_ICR_ASSERT
				     : data;
}

/* Delivery modes that mean nothing; a bus knows by itself. */
static bool reserved_mode(uint64_t entry)
{
	uint32_t mode = (uint32_t)(entry & VIC_RTE_MODE) >> VIC_RTE_MODE_SHIFT;

	return mode == VIC_MODE_RESERVED || mode == VIC_MODE_SIPI;
}

/* Send once. */
static bool transmit(struct vic_ioapic *ioapic, struct vic_counters *counters,
		     uint64_t entry, bool *accepted)
{
	uint64_t address = message_address(entry);
	uint32_t data = message_data(entry);

	if (ioapic->bus)
		return bus_message(ioapic->bus, counters, &counters->ioapic,
				   address, data, accepted) > 0;
	*accepted = false;
	if (reserved_mode(entry))
		return false;
	count(&counters->ioapic);
	*accepted = ioapic->ops->msi(ioapic->opaque, address, data);
	return *accepted;
}

/* Nobody accepted it. True if something called for another attempt since. */
static bool
refused(struct vic_ioapic *ioapic, const struct ioapic_message *message)
{
	struct ioapic_pin *p = &ioapic->pins[message->pin];
	bool again = false;

	lock_take(&ioapic->lock);
	/* Another attempt is not this one's to end. */
	if (p->attempts == message->attempt) {
		pin_remote_irr(ioapic, message->pin, false);
		p->refused = p->attempts;
		again = p->missed != message->missed;
	}
	lock_drop(&ioapic->lock);
	return again;
}

/* If @pin is a level that wants to be sent, by *message. */
static bool
wants(struct vic_ioapic *ioapic, uint32_t pin, struct ioapic_message *message)
{
	bool due;

	lock_take(&ioapic->lock);
	due = ioapic_level(ioapic, pin, message);
	lock_drop(&ioapic->lock);
	return due;
}

/*
 * Likewise, if its last attempt was refused or is on its way. Not between an
 * EOI and its callback, which may lower the line.
 */
static bool
waits(struct vic_ioapic *ioapic, uint32_t pin, struct ioapic_message *message)
{
	const struct ioapic_pin *p = &ioapic->pins[pin];
	bool due;

	lock_take(&ioapic->lock);
	due = (p->refused == p->attempts || (p->entry & VIC_RTE_REMOTE_IRR)) &&
	      ioapic_level(ioapic, pin, message);
	lock_drop(&ioapic->lock);
	return due;
}

static bool send_level(struct vic_ioapic *ioapic, struct vic_counters *counters,
		       const struct ioapic_message *message)
{
	struct ioapic_message m = *message;
	struct vic_apic_bus *bus = ioapic->bus;
	uint64_t arrivals;
	bool accepted, sent, again;

	/* Again only if entry, line or a local APIC changed meanwhile. */
	do {
		arrivals = bus ? load_acquire(&bus->arrivals) : 0;     /* A1 */
		sent = transmit(ioapic, counters, m.entry, &accepted); /* A2 */
		if (LIKELY(accepted))
			return sent;
		again = refused(ioapic, &m); /* A3 */
		if (bus) {
			fetch_or(&bus->waiting, 1);
			/* A4 */
			again |= load_seq(&bus->arrivals) != arrivals;
		}
	} while (again && waits(ioapic, m.pin, &m));
	return false;
}

bool ioapic_send(struct vic_ioapic *ioapic, struct vic_counters *counters,
		 const struct ioapic_message *message)
{
	bool accepted;

	if (entry_is_level(message->entry))
		return send_level(ioapic, counters, message);
	return transmit(ioapic, counters, message->entry, &accepted);
}

static __attribute__((noinline)) bool
line_set_long(struct vic_ioapic *ioapic, struct vic_counters *counters,
	      uint32_t pin, uint32_t source, bool level)
{
	struct ioapic_message message;

	if (pin >= ioapic->nr || source >= VIC_IOAPIC_SOURCES)
		return false;
	return ioapic_move(ioapic, pin, source, level, &message) &&
	       ioapic_send(ioapic, counters, &message);
}

/* The short way found nobody: others may be meant. */
static __attribute__((noinline)) bool
send_edge_long(struct vic_ioapic *ioapic, struct vic_counters *counters,
	       uint64_t entry)
{
	bool accepted;

	return transmit(ioapic, counters, entry, &accepted);
}

static __attribute__((noinline)) bool
send_level_long(struct vic_ioapic *ioapic, struct vic_counters *counters,
		uint32_t pin, uint64_t entry, uint64_t attempt)
{
	struct ioapic_message message = {
		.entry = entry,
		.pin = pin,
		.attempt = (uint32_t)attempt,
		.missed = (uint32_t)(attempt >> 32),
	};

	return send_level(ioapic, counters, &message);
}

/* The short ways. @pin and @source exist, and the lock is libvic's own. */

/* The vCPU of an entry that has one; choose_way() left 0xFF out. */
ALWAYS_INLINE struct vic_vcpu *
sole_target(const struct vic_ioapic *ioapic, uint64_t entry)
{
	return unicast_id8(ioapic->bus, (uint32_t)(entry >> VIC_RTE_DEST_SHIFT),
			   false);
}

static __attribute__((noinline)) bool
raise_level(struct vic_ioapic *ioapic, struct vic_counters *counters,
	    struct ioapic_pin *p, uint32_t source)
{
	uint64_t old = p->sources, entry = p->entry, attempt;
	uint32_t pin = (uint32_t)(p - ioapic->pins);
	struct vic_vcpu *vcpu;

	store_relaxed(&p->sources, old | UINT64_C(1) << source);
	if (UNLIKELY(old || (entry & VIC_RTE_REMOTE_IRR))) {
		p->missed += !old;
		lock_drop_known(&ioapic->lock, true);
		return false;
	}
	pin_remote_irr(ioapic, pin, true);
	attempt = ++p->attempts | (uint64_t)p->missed << 32;
	lock_drop_known(&ioapic->lock, true);
	vcpu = sole_target(ioapic, entry);
	if (UNLIKELY(!vcpu))
		return send_level_long(ioapic, counters, pin, entry, attempt);
	count(&counters->ioapic);
	return inbox_post(vcpu, counters, entry & VIC_RTE_VECTOR, true) !=
	       VIC_POST_MERGED;
}

static __attribute__((noinline)) bool
raise_long(struct vic_ioapic *ioapic, struct vic_counters *counters,
	   const struct ioapic_pin *p, uint32_t source)
{
	lock_drop_known(&ioapic->lock, true);
	return line_set_long(ioapic, counters, (uint32_t)(p - ioapic->pins),
			     source, true);
}

static __attribute__((noinline)) bool
line_rises(struct vic_ioapic *ioapic, struct vic_counters *counters,
	   struct ioapic_pin *p, uint32_t source)
{
	uint64_t old, entry;
	struct vic_vcpu *vcpu;

	lock_take_known(&ioapic->lock, true);
	if (UNLIKELY(p->way != PIN_EDGE))
		return p->way == PIN_LEVEL
			       ? raise_level(ioapic, counters, p, source)
			       : raise_long(ioapic, counters, p, source);
	old = p->sources;
	entry = p->entry;
	store_relaxed(&p->sources, old | UINT64_C(1) << source);
	lock_drop_known(&ioapic->lock, true);
	if (UNLIKELY(old))
		return false;
	vcpu = sole_target(ioapic, entry);
	if (UNLIKELY(!vcpu))
		return send_edge_long(ioapic, counters, entry);
	count(&counters->ioapic);
	return inbox_post(vcpu, counters, entry & VIC_RTE_VECTOR, false) !=
	       VIC_POST_MERGED;
}

bool vic_ioapic_line_set(struct vic_ioapic *ioapic,
			 struct vic_counters *counters, uint32_t pin,
			 uint32_t source, bool level)
{
	struct ioapic_pin *p;

	if (UNLIKELY(pin >= ioapic->short_pins))
		return line_set_long(ioapic, counters, pin, source, level);
	if (UNLIKELY(source >= VIC_IOAPIC_SOURCES))
		return false;
	p = &ioapic->pins[pin];
	if (level)
		return line_rises(ioapic, counters, p, source);
	/* A fall sends nothing, whatever the entry. */
	lock_take_known(&ioapic->lock, true);
	store_relaxed(&p->sources, p->sources & ~(UINT64_C(1) << source));
	lock_drop_known(&ioapic->lock, true);
	return false;
}

/* Send @pin if it is a level that wants to be sent. */
static __attribute__((noinline)) void
resend(struct vic_ioapic *ioapic, struct vic_counters *counters, uint32_t pin)
{
	struct ioapic_message message;

	if (wants(ioapic, pin, &message))
		send_level(ioapic, counters, &message);
}

/* Remote IRR of those pins of word @i with @vector ends; which they were. */
static uint64_t
take_remote(struct vic_ioapic *ioapic, uint32_t i, uint8_t vector)
{
	uint64_t taken = 0;

	for (uint64_t bits = ioapic->remote[i]; bits; bits &= bits - 1) {
		uint32_t n = low_bit(bits);
		struct ioapic_pin *pin = &ioapic->pins[i * 64 + n];

		if ((pin->entry & VIC_RTE_VECTOR) != vector)
			continue;
		pin->entry &= ~(uint64_t)VIC_RTE_REMOTE_IRR;
		taken |= UINT64_C(1) << n;
	}
	ioapic->remote[i] &= ~taken;
	return taken;
}

/* The pins of word @i that ended: their devices hear of it. */
ALWAYS_INLINE void
tell_ended(const struct vic_ioapic *ioapic, uint32_t i, uint64_t bits)
{
	for (; bits; bits &= bits - 1)
		ioapic->ops->eoi(ioapic->opaque, VIC_EOI_IOAPIC,
				 i * 64 + low_bit(bits));
}

/* Without the lock: not asserted a moment ago. */
ALWAYS_INLINE bool
pin_is_low(const struct vic_ioapic *ioapic, const struct ioapic_pin *pin)
{
	return !load_relaxed(&pin->sources) &&
	       !(ioapic->flags & VIC_IOAPIC_VOLTAGES);
}

/* Afterwards: what is still asserted. */
ALWAYS_INLINE void resend_ended(struct vic_ioapic *ioapic,
				struct vic_counters *counters, uint32_t i,
				uint64_t bits)
{
	for (; bits; bits &= bits - 1) {
		uint32_t n = i * 64 + low_bit(bits);
		const struct ioapic_pin *pin = &ioapic->pins[n];

		/* Who raises it from now on finds remote IRR 0 himself. */
		if (LIKELY(pin_is_low(ioapic, pin)))
			continue;
		resend(ioapic, counters, n);
	}
}

static __attribute__((noinline)) void eoi_long(struct vic_ioapic *ioapic,
					       struct vic_counters *counters,
					       uint8_t vector)
{
	uint32_t words = (ioapic->nr + 63) / 64;
	uint64_t taken[PIN_WORDS];

	lock_take(&ioapic->lock);
	for (uint32_t i = 0; i < words; i++)
		taken[i] = take_remote(ioapic, i, vector);
	lock_drop(&ioapic->lock);
	if (ioapic->ops->eoi)
		for (uint32_t i = 0; i < words; i++)
			tell_ended(ioapic, i, taken[i]);
	for (uint32_t i = 0; i < words; i++)
		resend_ended(ioapic, counters, i, taken[i]);
}

void vic_ioapic_eoi(struct vic_ioapic *ioapic, struct vic_counters *counters,
		    uint8_t vector)
{
	struct ioapic_pin *pin;
	uint64_t bits;
	uint32_t n;

	/* Of 1 to 64 pins, usually one waits for its EOI. */
	if (UNLIKELY(ioapic->short_pins - 1 > 63)) {
		eoi_long(ioapic, counters, vector);
		return;
	}
	lock_take_known(&ioapic->lock, true);
	bits = ioapic->remote[0];
	if (UNLIKELY(!bits || (bits & (bits - 1)))) {
		lock_drop_known(&ioapic->lock, true);
		if (bits)
			eoi_long(ioapic, counters, vector);
		return;
	}
	n = low_bit(bits);
	pin = &ioapic->pins[n];
	if (UNLIKELY((pin->entry & VIC_RTE_VECTOR) != vector)) {
		lock_drop_known(&ioapic->lock, true);
		return;
	}
	pin_remote_irr(ioapic, n, false);
	lock_drop_known(&ioapic->lock, true);
	if (LIKELY(ioapic->ops->eoi))
		ioapic->ops->eoi(ioapic->opaque, VIC_EOI_IOAPIC, n);
	/* Who raises it from now on finds remote IRR 0 himself. */
	if (UNLIKELY(load_relaxed(&pin->sources)))
		resend(ioapic, counters, n);
}

void vic_ioapic_retry(struct vic_ioapic *ioapic, struct vic_counters *counters)
{
	struct ioapic_message message;

	for (uint32_t i = 0; i < ioapic->nr; i++)
		if (waits(ioapic, i, &message))
			send_level(ioapic, counters, &message);
}

void ioapic_eoi_bus(struct vic_apic_bus *bus, struct vic_counters *counters,
		    uint8_t vector)
{
	for (struct vic_ioapic *io = bus->ioapics; io; io = io->next)
		vic_ioapic_eoi(io, counters, vector);
}

void ioapic_arrival(struct vic_apic_bus *bus, struct vic_counters *counters)
{
	fetch_add(&bus->arrivals, 1); /* B2 */
	if (!load_seq(&bus->waiting)) /* B3 */
		return;
	exchange(&bus->waiting, 0);
	for (struct vic_ioapic *io = bus->ioapics; io; io = io->next)
		vic_ioapic_retry(io, counters);
}

int vic_ioapic_peek(struct vic_ioapic *ioapic, uint32_t pin,
		    struct vic_ioapic_pin *out)
{
	const struct ioapic_pin *p;

	if (pin >= ioapic->nr)
		return VIC_ERR_INVAL;
	p = &ioapic->pins[pin];
	lock_take(&ioapic->lock);
	out->entry = p->entry | (pin_wants(ioapic, p) ? VIC_RTE_BUSY : 0);
	out->sources = p->sources;
	lock_drop(&ioapic->lock);
	return VIC_OK;
}
