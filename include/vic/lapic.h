/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief The local APIC of one vCPU: xAPIC and x2APIC.
 *
 * All calls are the owner's: the one thread that runs the vCPU. Others
 * reach the APIC through the bus (<vic/bus.h>) or the vCPU (<vic/vcpu.h>).
 *
 * The loop of an embedder:
 *
 *     for (;;) {
 *         vic_lapic_scan(lapic, can, &work);
 *         act on work: INIT, SIPI, NMI, inject work.vector; ack each
 *         entry = vic_vcpu_enter(vcpu);
 *         if (entry == VIC_ENTER_AGAIN) continue;
 *         run the guest; with an immediate exit if VIC_ENTER_EXIT
 *         vic_vcpu_exit(vcpu, kicked);
 *         emulate: vic_lapic_mmio_write(), vic_lapic_msr_write(), ...
 *     }
 *
 * It models every register but APR and RRD, which are illegal registers.
 *
 * Time: libvic arms nothing. When VIC_WORK_TIMER says that the timer's
 * deadline has changed, the embedder asks vic_lapic_deadline() and arms a
 * timer of its host. When that goes off, on any thread:
 *
 *     vic_vcpu_request(vcpu, counters, VIC_REQUEST_TIMER, 0);
 *
 * and the next scan looks at the clock (vic_vcpu_ops.now). Too early or too
 * often does no harm; too late is one interrupt, with the phase kept.
 */
#ifndef VIC_LAPIC_H
#define VIC_LAPIC_H

#include <vic/bus.h>
#include <vic/types.h>
#include <vic/vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A local APIC. The caller gives the storage, 64-byte aligned. */
struct vic_lapic;

/** Enough bytes for a struct vic_lapic. */
#define VIC_LAPIC_SIZE (4 * VIC_CACHE_LINE)

/** Bytes of an image of a local APIC: vic_lapic_save(). */
#define VIC_LAPIC_IMAGE_SIZE 1104

enum vic_lapic_flags {
	/** IA32_APIC_BASE.BSP: the bootstrap processor. */
	VIC_LAPIC_BSP = 1 << 0,
	/** Come out of reset in x2APIC mode, as after a firmware. */
	VIC_LAPIC_X2APIC = 1 << 1,
	/** CPUID says no x2APIC: IA32_APIC_BASE.EXTD is reserved. */
	VIC_LAPIC_NO_X2APIC = 1 << 2,
	/** LVT CMCI exists, and VERSION counts it. */
	VIC_LAPIC_CMCI = 1 << 3,
	/**
	 * CPUID says no TSC-deadline: that mode of LVT TIMER is reserved,
	 * and IA32_TSC_DEADLINE is VIC_ACCESS_FOREIGN.
	 */
	VIC_LAPIC_NO_TSC_DEADLINE = 1 << 4,
};

struct vic_lapic_config {
	/** sizeof(struct vic_lapic_config) of the caller. */
	uint32_t size;
	/** enum vic_lapic_flags. */
	uint32_t flags;
	/** The APIC id; not 0xFFFFFFFF, unique on the bus. */
	uint32_t id;
	/** MAXPHYADDR of the vCPU: 36 to 52; 0 means 52. */
	uint32_t physical_bits;
	struct vic_apic_bus *bus;
	struct vic_vcpu *vcpu;
	/**
	 * The register page in the hardware's layout: 4096 bytes, aligned
	 * to 4096. Only the owner and the hardware touch it.
	 */
	void *page;
};

/** What the vCPU could take right now. */
enum vic_can {
	VIC_CAN_IRQ = 1 << 0,
	VIC_CAN_NMI = 1 << 1,
	VIC_CAN_SMI = 1 << 2,
};

/**
 * What there is to do. Where several can be injected and an entry takes one,
 * inject in the order EXTINT after NMI and SMI, then IRQ, and ask for the
 * window of what is left, or scan again after the entry: it is no news, and
 * nobody kicks for it.
 */
enum vic_work_flags {
	/** Reset the vCPU by INIT, then vic_lapic_ack_init(). */
	VIC_WORK_INIT = 1 << 0,
	/** Start at vic_work.sipi_vector, then vic_lapic_ack_sipi(). */
	VIC_WORK_SIPI = 1 << 1,
	VIC_WORK_NMI = 1 << 2,
	VIC_WORK_SMI = 1 << 3,
	/** Inject vic_work.vector, then vic_lapic_ack(). */
	VIC_WORK_IRQ = 1 << 4,
	/** An interrupt waits only because VIC_CAN_IRQ was not given. */
	VIC_WORK_IRQ_WINDOW = 1 << 5,
	/** An NMI waits only because VIC_CAN_NMI was not given. */
	VIC_WORK_NMI_WINDOW = 1 << 6,
	/** An SMI waits only because VIC_CAN_SMI was not given. */
	VIC_WORK_SMI_WINDOW = 1 << 8,
	/** Somebody asked for a look (VIC_REQUEST_RESYNC); told once. */
	VIC_WORK_RESYNC = 1 << 9,
	/**
	 * The vCPU waits for a SIPI: run no guest code. Until it comes
	 * nothing but INIT is offered, and the rest stays pending.
	 */
	VIC_WORK_WAIT_SIPI = 1 << 7,
	/**
	 * Inject what vic_lapic_ack_extint() says. Before VIC_WORK_IRQ, for
	 * no priority holds it back.
	 */
	VIC_WORK_EXTINT = 1 << 10,
	/**
	 * Ask vic_lapic_deadline(): it is not what it was, or the report of
	 * its end came too early. Told once.
	 */
	VIC_WORK_TIMER = 1 << 11,
	/**
	 * Posting: load what vic_lapic_eoi_exit_bitmap() says. Told once.
	 */
	VIC_WORK_EOI_EXIT = 1 << 12,
};

/** What vic_lapic_icr_fast() leaves to do. */
enum vic_fast {
	/** Nothing: enter the guest again. */
	VIC_FAST_DONE,
	/**
	 * The vCPU is a target itself, and the vector is in IRR already.
	 * With posting: raise RVI to it and enter again. Without: leave
	 * GUEST and scan.
	 */
	VIC_FAST_SELF,
	/** All: leave GUEST and emulate the write. */
	VIC_FAST_EXIT,
};

/** When the timer of a local APIC expires. */
struct vic_deadline {
	/** On that clock. It may have passed. */
	uint64_t at;
	/** enum vic_clock. */
	uint32_t clock;
};

/** The answer of vic_lapic_scan(). */
struct vic_work {
	/** enum vic_work_flags. */
	uint32_t flags;
	/**
	 * The vector to inject (VIC_WORK_IRQ), or that waits for the window;
	 * 0 if that is an ExtINT.
	 */
	uint8_t vector;
	/** The start page: CS.selector = page << 8, CS.base = page << 12. */
	uint8_t sipi_vector;
	/**
	 * Not 0: the highest pending vector waits because TPR[7:4] is this
	 * or more; look again when the guest's TPR falls below.
	 */
	uint8_t tpr_threshold;
	/**
	 * Pending NMIs, 0 to 2; 0 while only an INIT or a SIPI counts. Who
	 * injects one of two asks for the NMI window too: the other is no
	 * news and kicks nobody.
	 */
	uint8_t nmis;
};

/** Bytes of a struct vic_lapic: at most VIC_LAPIC_SIZE. Any thread. */
VIC_API size_t vic_lapic_size(void);

/**
 * Make a local APIC, reset it and add it to the bus; senders may run. One
 * thread at a time may add to or remove from a bus.
 *
 * After power-up a vCPU that is not the BSP waits for a SIPI.
 *
 * @return VIC_OK, VIC_ERR_STORAGE, VIC_ERR_ABI, VIC_ERR_INVAL,
 * VIC_ERR_EXISTS when the vCPU's index or the id is taken, or VIC_ERR_STATE
 * when the vCPU is on a bus.
 */
VIC_API VIC_NODISCARD int vic_lapic_init(void *storage, size_t size,
					 const struct vic_lapic_config *config,
					 struct vic_lapic **lapic);

/**
 * A guest's load from the APIC page.
 *
 * @param offset from the page's start. @param len 1, 2, 4 or 8 bytes.
 * Bytes 4-15 of each 16 read 0; an illegal register reads 0 and sets
 * ESR[7].
 * @return VIC_ACCESS_FOREIGN in x2APIC mode or when disabled, and beyond
 * the page: no APIC is there.
 */
VIC_API VIC_NODISCARD enum vic_access
vic_lapic_mmio_read(struct vic_lapic *lapic, uint32_t offset, uint32_t len,
		    uint64_t *value);

/**
 * A guest's store to the APIC page. Only 4 bytes at an offset that is a
 * multiple of 16 store; other widths and offsets are ignored (SDM 10.4.1
 * leaves them undefined).
 */
VIC_API VIC_NODISCARD enum vic_access
vic_lapic_mmio_write(struct vic_lapic *lapic, uint32_t offset, uint32_t len,
		     uint64_t value);

/**
 * RDMSR of IA32_APIC_BASE, IA32_TSC_DEADLINE or 0x800-0x8FF; others are
 * VIC_ACCESS_FOREIGN.
 * VIC_ACCESS_FAULT is #GP(0) (SDM 10.12.1.2, table 10-6).
 */
VIC_API VIC_NODISCARD enum vic_access
vic_lapic_msr_read(struct vic_lapic *lapic, uint32_t msr, uint64_t *value);

/**
 * WRMSR, likewise. After VIC_ACCESS_DONE of IA32_APIC_BASE ask
 * vic_lapic_base() where the page is.
 */
VIC_API VIC_NODISCARD enum vic_access
vic_lapic_msr_write(struct vic_lapic *lapic, uint32_t msr, uint64_t value);

/** IA32_APIC_BASE as the guest reads it. */
VIC_API uint64_t vic_lapic_base(const struct vic_lapic *lapic);

/** TPR, for an embedder that keeps CR8 (= TPR[7:4]) elsewhere. */
VIC_API uint8_t vic_lapic_tpr(const struct vic_lapic *lapic);

/**
 * Set TPR, as MOV to CR8 does with @p tpr = CR8 << 4. A disabled APIC has
 * none: nothing changes.
 */
VIC_API void vic_lapic_set_tpr(struct vic_lapic *lapic, uint8_t tpr);

/**
 * Take what is in the inbox over and say what there is to do: pending
 * vectors go to IRR, the local vector table takes what its sources raised.
 * Nothing is delivered; the ack calls do that.
 *
 * @param can enum vic_can bits.
 * @return vic_work.flags.
 */
VIC_API uint32_t vic_lapic_scan(struct vic_lapic *lapic, uint32_t can,
				struct vic_work *work);

/**
 * @p vector is delivered: IRR to ISR. Call it in the step that commits to
 * the delivery: with the injection, or at the acknowledge cycle of an
 * emulated processor, however long after the scan that was. Between an
 * injection and its ack no other call for this APIC may come: a second
 * interrupt of the vector would merge into the one that is on its way.
 *
 * @return VIC_ERR_ABSENT if it is not in IRR, VIC_ERR_STATE if one of its
 * class or above is in service: no processor would have taken it.
 */
VIC_API VIC_NODISCARD int vic_lapic_ack(struct vic_lapic *lapic,
					uint8_t vector);

/**
 * The injection of @p vector failed: back from ISR to IRR, before any EOI.
 *
 * @return VIC_ERR_ABSENT if it is not the highest in service.
 */
VIC_API VIC_NODISCARD int vic_lapic_unack(struct vic_lapic *lapic,
					  uint8_t vector);

/**
 * The acknowledge cycle of a processor that emulates one: the highest
 * deliverable vector goes to service. If priorities rose since the scan
 * and there is none, it is the spurious vector (SVR[7:0]) that the
 * processor takes, and nothing is in service (SDM 10.9). Not while vectors
 * are posted.
 */
VIC_API uint8_t vic_lapic_inta(struct vic_lapic *lapic);

/**
 * An ExtINT is delivered: an INTA cycle with vic_vcpu_ops.inta, whose
 * answer is the vector to inject. VIC_ERR_ABSENT if none waits any more.
 */
VIC_API VIC_NODISCARD int vic_lapic_ack_extint(struct vic_lapic *lapic,
					       uint8_t *vector);

/** One NMI was injected. VIC_ERR_ABSENT if none is pending. */
VIC_API VIC_NODISCARD int vic_lapic_ack_nmi(struct vic_lapic *lapic);

/** The SMI was injected. VIC_ERR_ABSENT if none is pending. */
VIC_API VIC_NODISCARD int vic_lapic_ack_smi(struct vic_lapic *lapic);

/**
 * INIT: reset the APIC (SDM 10.4.7.3) and discard the inbox. Id, base and
 * mode stay. A vCPU that is not the BSP waits for a SIPI from now on.
 * VIC_ERR_ABSENT if none is pending.
 */
VIC_API VIC_NODISCARD int vic_lapic_ack_init(struct vic_lapic *lapic);

/**
 * The vCPU starts: it no longer waits for a SIPI. VIC_OK too if an INIT
 * has cancelled the SIPI since the scan: the next scan offers that INIT.
 * VIC_ERR_ABSENT if none was pending or the vCPU does not wait for one.
 */
VIC_API VIC_NODISCARD int vic_lapic_ack_sipi(struct vic_lapic *lapic);

/**
 * Back to the state after power-up, at any time: registers, base and mode
 * as vic_lapic_init() made them, nothing pending. An AP waits for a SIPI.
 * LINT0 and LINT1 are wires: they stay as they are.
 */
VIC_API void vic_lapic_reset(struct vic_lapic *lapic);

/**
 * vic_vcpu_block(), unless the scan with @p can finds work: any flag but
 * VIC_WORK_WAIT_SIPI, VIC_WORK_EOI_EXIT and windows; with posting on also a
 * vector that the processor would deliver, if @p can has VIC_CAN_IRQ.
 */
VIC_API VIC_NODISCARD bool vic_lapic_block(struct vic_lapic *lapic,
					   uint32_t can);

/**
 * A write to ICR, from an exit that need not become one: the vCPU is still
 * in GUEST or POSTED, with host interrupts masked, so that kicks and
 * notifications for it stay latched until it enters again. What it takes is
 * a Fixed edge, to whomever; of targets other than this vCPU each is
 * reached as ever.
 *
 * @param value as WRMSR wrote it; in xAPIC mode ICR's low half, as stored
 * or, after an APIC-write exit, as in the page, which has the high half.
 * @param vector receives that of VIC_FAST_SELF.
 * @return after VIC_FAST_EXIT nothing was done: vic_lapic_exit() comes next,
 * then vic_lapic_msr_write(), vic_lapic_mmio_write() or
 * vic_lapic_write_exit().
 */
VIC_API VIC_NODISCARD enum vic_fast vic_lapic_icr_fast(struct vic_lapic *lapic,
						       uint64_t value,
						       uint8_t *vector);

/**
 * Post vectors to a processor with virtual-interrupt delivery and
 * posted-interrupt processing, which shares the page (SDM vol. 3, "APIC
 * Virtualization and Virtual Interrupts"), or stop that: an inhibition, or
 * a host without them. In HOST. While it is on
 *
 * - vic_lapic_enter() and vic_lapic_exit() stand in for vic_vcpu_enter()
 *   and vic_vcpu_exit(), and carry the guest interrupt status;
 * - vic_lapic_scan() offers no vector, and is only needed after
 *   VIC_ENTER_AGAIN, an access to the APIC, a vic_lapic_block() that
 *   refused, vic_vcpu_unblock() and this; there are no acks for vectors,
 *   for the processor delivers them;
 * - vic_lapic_eoi_exit() and vic_lapic_write_exit() serve the exits that
 *   only such a processor has.
 *
 * It starts off. A guest that disables the APIC, and vic_lapic_restore(),
 * end it: see vic_lapic_posting(). Handle an exit before it ends: the page
 * may hold what only vic_lapic_write_exit() can put right. A guest that
 * disables its APIC by SVR still gets what a device posts, for processors
 * do not look there; inhibit posting meanwhile if that matters.
 *
 * @return VIC_OK; VIC_ERR_INVAL without vic_vcpu_ops.notify, VIC_ERR_STATE
 * while the APIC is disabled, or if the vCPU was never loaded
 * (vic_vcpu_load()).
 */
VIC_API VIC_NODISCARD int vic_lapic_set_posting(struct vic_lapic *lapic,
						bool on);

/** Whether vectors are posted. */
VIC_API bool vic_lapic_posting(const struct vic_lapic *lapic);

/**
 * HOST to POSTED, as vic_vcpu_enter() under the same rule, except that
 * vectors do not make it refuse: they are taken over. Without posting it is
 * vic_vcpu_enter().
 *
 * @param status the guest interrupt status for the VMCS: RVI in bits 7:0,
 * SVI in bits 15:8. Not after VIC_ENTER_AGAIN.
 * @return VIC_ENTER_AGAIN also while a scan has VIC_WORK_EOI_EXIT or
 * VIC_WORK_TIMER to tell.
 */
VIC_API VIC_NODISCARD enum vic_enter vic_lapic_enter(struct vic_lapic *lapic,
						     uint16_t *status);

/**
 * POSTED to HOST, or without posting vic_vcpu_exit().
 *
 * @param status the guest interrupt status in the VMCS.
 * @param kicked this exit was caused by a kick.
 */
VIC_API void vic_lapic_exit(struct vic_lapic *lapic, uint16_t status,
			    bool kicked);

/**
 * Take over what the descriptor holds. In HOST, at any time. Vectors that
 * could not be posted (vic_counters.held) wait for a scan, and of a vCPU
 * that is put what devices post waits for vic_vcpu_load().
 *
 * @return the highest vector in IRR, whether or not anything was posted.
 */
VIC_API uint8_t vic_lapic_harvest(struct vic_lapic *lapic);

/**
 * Which vectors' EOI must exit: those that are accepted as level. Bit v % 64
 * of word v / 64, as in the VMCS.
 */
VIC_API void vic_lapic_eoi_exit_bitmap(const struct vic_lapic *lapic,
				       uint64_t bitmap[4]);

/**
 * An EOI-induced VM exit: the processor has done the EOI of @p vector, and
 * vic_vcpu_ops.eoi hears of it. In HOST.
 */
VIC_API void vic_lapic_eoi_exit(struct vic_lapic *lapic, uint8_t vector);

/**
 * An APIC-write VM exit: the processor has stored the guest's value in the
 * page already. What libvic kept of the register takes its place, then it
 * is a write like any other. In HOST.
 *
 * @param offset of the access in the page: the exit qualification.
 * @return VIC_ACCESS_FOREIGN where no such exit comes from: without posting,
 * of an offset that no processor virtualizes, or of ICR in the format of
 * VIC_BUS_ICR_SPLIT. Nothing changed.
 */
VIC_API VIC_NODISCARD enum vic_access
vic_lapic_write_exit(struct vic_lapic *lapic, uint32_t offset);

/**
 * Hardware, or an embedder, changed TPR, IRR or ISR in the page: derive
 * anew what follows from them. Needed without posting, of a processor with
 * a TPR shadow, after each exit that finds another TPR in the page than the
 * entry left there; an exit for a TPR below threshold is one of them.
 */
VIC_API void vic_lapic_reload(struct vic_lapic *lapic);

/**
 * When the timer will raise an interrupt next.
 *
 * @return false if it will not: it is stopped or masked.
 */
VIC_API VIC_NODISCARD bool vic_lapic_deadline(const struct vic_lapic *lapic,
					      struct vic_deadline *deadline);

/**
 * Write the APIC's state, its inbox included, to @p image. The owner, in
 * HOST or BLOCKED, while no other thread is inside libvic for this VM.
 *
 * The image is the same on every host, little endian: 16 bytes of head,
 * the 1 KiB page as KVM_GET_LAPIC gives it, then what the page lacks
 * (docs/images.md). It changes nothing that the guest can see, and asks
 * for a scan (VIC_REQUEST_RESYNC): one made before it is out of date.
 *
 * @param image VIC_LAPIC_IMAGE_SIZE bytes.
 */
VIC_API void vic_lapic_save(struct vic_lapic *lapic, void *image);

/**
 * Take the state in @p image, which must be private to the caller, in
 * place of the present one; under the same rule. Posting is off
 * afterwards. The timer goes on from
 * where it stood; IA32_TSC_DEADLINE is as the guest wrote it, so the guest's
 * TSC must go on, too. Afterwards VIC_WORK_TIMER and VIC_WORK_RESYNC
 * are told.
 *
 * @param what NULL, or receives what is wrong: the name of a register or
 * of a part of the configuration; NULL after VIC_OK.
 * @return VIC_OK; VIC_ERR_IMAGE, VIC_ERR_IMAGE_CONFIG or
 * VIC_ERR_IMAGE_STATE, and nothing has changed.
 */
VIC_API VIC_NODISCARD int vic_lapic_restore(struct vic_lapic *lapic,
					    const void *image, size_t size,
					    const char **what);

#ifdef __cplusplus
}
#endif

#endif
