/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief What libvic asks of a hypervisor.
 *
 * One table of callbacks, const and shared by all vCPUs. The callbacks may
 * run inside any libvic call, on any thread, with no libvic lock held. They
 * may not call libvic, block, or take a lock that the embedder holds around
 * libvic calls. @c eoi alone may post: vic_msi(), vic_vcpu_post(),
 * vic_gic_line_set(), vic_ioapic_line_set(), vic_pic_line_set(), so that a
 * level line that is still high is pending again, and @c inta may call
 * vic_pic_ack(). @c lock and @c unlock are the exception to "no lock held".
 */
#ifndef VIC_OPS_H
#define VIC_OPS_H

#include <vic/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who reports an EOI through vic_vcpu_ops.eoi. */
enum vic_eoi_source {
	/** A local APIC's EOI of a vector that was accepted as level. */
	VIC_EOI_LAPIC,
	/** The deactivation of a level-sensitive SPI or PPI. */
	VIC_EOI_GIC,
	/**
	 * An EOI, of a local APIC or directed, for a pin of an IOAPIC whose
	 * entry is level: a device that still wants service may raise its
	 * line anew, or lower it.
	 */
	VIC_EOI_IOAPIC,
	/** A PIC's EOI of a level-triggered IRQ. */
	VIC_EOI_PIC,
};

/** What vic_vcpu_ops.now reads: 64 bits. */
enum vic_clock {
	/** The guest's time-stamp counter, as its RDTSC gives it. */
	VIC_CLOCK_TSC,
	/**
	 * What the local APIC's timer divides: bus clock or core crystal. It
	 * never goes backwards; what looks like 2^63 ticks or more at once is
	 * taken for a step back, and no time passed.
	 */
	VIC_CLOCK_BUS,
};

/** The callbacks. Unused trailing members of a larger struct must be 0. */
struct vic_vcpu_ops {
	/** sizeof(struct vic_vcpu_ops) of the caller. */
	uint32_t size;
	/** Must be 0. */
	uint32_t flags;
	/**
	 * The vCPU is BLOCKED and something is pending: make its thread
	 * return from its wait. Must be latched, as a semaphore is: a wake
	 * that comes before the wait ends the wait. A vector and a request
	 * may each wake one sleep: drain a counting semaphore after the
	 * wait. Required.
	 */
	void (*wake)(void *opaque);
	/**
	 * The vCPU is in GUEST and something is pending: make it leave the
	 * guest soon. Must be latched until guest entry (see
	 * vic_vcpu_enter()). Required.
	 */
	void (*kick)(void *opaque);
	/**
	 * A level interrupt was completed, by the guest or, in a GIC, by a
	 * write of ICACTIVER, which may be another vCPU's. Runs on the
	 * thread of the vCPU whose guest did it; for an IOAPIC without a
	 * bus, and at the end of an automatic EOI, on the caller's.
	 * @p number is the vector for VIC_EOI_LAPIC, the INTID for
	 * VIC_EOI_GIC, the pin for VIC_EOI_IOAPIC, the IRQ for VIC_EOI_PIC;
	 * @p opaque is that of the vCPU, or of the IOAPIC or PIC. NULL:
	 * nobody asks.
	 */
	void (*eoi)(void *opaque, uint32_t source, uint32_t number);
	/**
	 * Take the lock whose word is @p word, which starts as 0 and is the
	 * embedder's to use; the result comes back to @c unlock. For
	 * embedders that enter libvic from a host interrupt's handler (mask
	 * interrupts here, return what was) or that would rather yield than
	 * spin. Locks nest, at most three deep, and the last one taken is
	 * dropped first. Both or neither: NULL is a spin lock, right for
	 * those whose threads are never interrupted by libvic's own users.
	 */
	uint64_t (*lock)(uint32_t *word);
	void (*unlock)(uint32_t *word, uint64_t flags);
	/**
	 * Set the active state of the physical interrupt @p pintid, on the
	 * physical CPU that this runs on if it is a PPI. Runs on the thread
	 * that owns the vCPU. Required for vic_gic_link().
	 */
	void (*hw_set_active)(void *opaque, uint32_t pintid, bool active);
	/**
	 * Whether the physical line of the hardware-linked interrupt
	 * @p intid, the guest's number, is high. Runs on the thread that
	 * owns the vCPU, on sync and on its guest's accesses; of a PPI it is
	 * the physical CPU's that this runs on, so emulate accesses of a
	 * vCPU where it is loaded (vic_gic_load()). NULL: it stays high
	 * until it is deactivated.
	 */
	bool (*hw_line)(void *opaque, uint32_t intid);
	/**
	 * The vCPU's enum vic_clock @p clock. Runs on the vCPU's thread, on
	 * accesses to the local APIC's timer, software disable, its expiry,
	 * save and restore; an embedder may freeze it for the time of an
	 * exit. NULL: no time passes, and the timer never expires. A guest
	 * that writes its TSC moves VIC_CLOCK_TSC: ask vic_lapic_deadline()
	 * afterwards.
	 */
	uint64_t (*now)(void *opaque, uint32_t clock);
	/**
	 * An INTA cycle: the vector of the interrupt controller that is
	 * wired to LINT0 (an 8259). Runs in vic_lapic_ack_extint(), and
	 * calls vic_pic_ack(), or vic_vcpu_request() to lower LINT0, as an
	 * 8259 with nothing else does. NULL: there is none, and ExtINT is
	 * refused.
	 */
	uint8_t (*inta)(void *opaque);
	/**
	 * The vCPU is in VIC_POSTED and its descriptor holds something new:
	 * send the physical interrupt @p vector, which is NV, to @p dest,
	 * which is NDST as the descriptor has it: a physical APIC id, in a
	 * host in xAPIC mode in bits 15:8. The processor there takes the
	 * vectors from the descriptor without an exit; if the vCPU left
	 * meanwhile nothing is lost, and the host's handler of @p vector has
	 * nothing to do. Required for vic_lapic_set_posting().
	 */
	void (*notify)(void *opaque, uint32_t dest, uint8_t vector);
	/**
	 * The same as @c kick for each of @p n vCPUs, 2 to VIC_KICK_MANY:
	 * one call for a Fixed IPI or an SGI with many targets, for a
	 * hypervisor that can reach many processors at once. Other messages
	 * still use @c kick, and so does all if this is NULL.
	 */
	void (*kick_many)(void *const *opaques, uint32_t n);
	/**
	 * A message of an IOAPIC that stands on no bus: write @p data to
	 * @p address, as a device's MSI, in the format of vic_msi(). The
	 * answer is whether a local APIC accepted it; where that is not
	 * known, true. Runs on the thread that made the IOAPIC send.
	 */
	bool (*msi)(void *opaque, uint64_t address, uint32_t data);
};

/** The most vCPUs that one vic_vcpu_ops.kick_many is told. */
#define VIC_KICK_MANY 32

#ifdef __cplusplus
}
#endif

#endif
