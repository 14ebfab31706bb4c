/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief A model of a VT-x processor with APIC virtualization and posted
 * interrupts, and of the VT-d unit that posts for devices.
 *
 * It is slow and literal: Intel SDM vol. 3, chapters "VM Entries", "VM
 * Exits" and "APIC Virtualization and Virtual Interrupts" (26, 27 and 29 in
 * the classic numbering, which all comments use), and the VT-d
 * specification, 5.2 and 9.11. It knows nothing of any interrupt controller
 * library: a VMM under test meets it through memory in hardware layout only,
 * that is the virtual-APIC page, the posted-interrupt descriptor, the MSR
 * bitmaps and the fields of struct vtx_vmcs.
 *
 * Threads. A struct vtx_pcpu belongs to one thread, which plays the VMM's
 * host loop, VMX non-root operation and the guest's program in turn; only
 * vtx_ipi() may be called by any thread. A struct vtx_vmcs belongs to the
 * thread that enters it. The descriptor is shared and is accessed with
 * locked (sequentially consistent) operations. The virtual-APIC page is not
 * shared while the guest is in non-root operation: the model reads and
 * writes it with plain accesses, so ThreadSanitizer reports a VMM that
 * touches it from elsewhere. A VMM must also leave the fields of the VMCS
 * alone between vtx_enter() and the VM exit; the processor has copies and
 * writes guest state back at the exit.
 *
 * A loop that runs a guest's program: README.md.
 */
#ifndef VTX_H
#define VTX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <vic/spec/apic.h>
#include <vic/spec/pid.h>

/*
 * VMCS controls: the bits of the SDM's tables 24-5 to 24-7 and 24-11 that
 * the model knows. Other bits are ignored, so a VMM may pass the words that
 * it would write to a real VMCS.
 */

/* Pin-based VM-execution controls. */
#define VTX_PIN_EXTERNAL_INTERRUPT_EXITING (1u << 0)
#define VTX_PIN_PROCESS_POSTED_INTERRUPTS (1u << 7)

/* Primary processor-based VM-execution controls. */
#define VTX_PROC_INTERRUPT_WINDOW_EXITING (1u << 2)
#define VTX_PROC_HLT_EXITING (1u << 7)
#define VTX_PROC_CR8_LOAD_EXITING (1u << 19)
#define VTX_PROC_CR8_STORE_EXITING (1u << 20)
#define VTX_PROC_USE_TPR_SHADOW (1u << 21)
#define VTX_PROC_USE_MSR_BITMAPS (1u << 28)
/** Without it all secondary controls count as 0. */
#define VTX_PROC_ACTIVATE_SECONDARY (1u << 31)

/* Secondary processor-based VM-execution controls. */
#define VTX_PROC2_VIRTUALIZE_APIC_ACCESSES (1u << 0)
#define VTX_PROC2_VIRTUALIZE_X2APIC_MODE (1u << 4)
#define VTX_PROC2_APIC_REGISTER_VIRTUALIZATION (1u << 8)
#define VTX_PROC2_VIRTUAL_INTERRUPT_DELIVERY (1u << 9)

/* VM-exit controls. */
#define VTX_EXIT_CTL_ACKNOWLEDGE_INTERRUPT (1u << 15)

/* Guest state. */
#define VTX_RFLAGS_IF (1u << 9)
#define VTX_ACTIVITY_ACTIVE 0u
#define VTX_ACTIVITY_HLT 1u
#define VTX_BLOCKING_BY_STI (1u << 0)
#define VTX_BLOCKING_BY_MOV_SS (1u << 1)
#define VTX_BLOCKING_BY_NMI (1u << 3)

/* VM-entry and VM-exit interruption information. */
#define VTX_INFO_VECTOR 0xffu
#define VTX_INFO_TYPE 0x700u
#define VTX_INFO_EXTERNAL_INTERRUPT 0x000u
#define VTX_INFO_NMI 0x200u
#define VTX_INFO_VALID (1u << 31)
#define VTX_NMI_VECTOR 2u

/** Basic exit reasons: SDM appendix C. */
enum vtx_exit_reason {
	VTX_EXIT_EXTERNAL_INTERRUPT = 1,
	VTX_EXIT_INTERRUPT_WINDOW = 7,
	VTX_EXIT_HLT = 12,
	VTX_EXIT_VMCALL = 18,
	VTX_EXIT_CR_ACCESS = 28,
	VTX_EXIT_RDMSR = 31,
	VTX_EXIT_WRMSR = 32,
	/** A failed VM entry: VTX_EXIT_ENTRY_FAILURE is set beside it. */
	VTX_EXIT_INVALID_GUEST_STATE = 33,
	VTX_EXIT_TPR_BELOW_THRESHOLD = 43,
	VTX_EXIT_APIC_ACCESS = 44,
	VTX_EXIT_VIRTUALIZED_EOI = 45,
	VTX_EXIT_APIC_WRITE = 56,
	VTX_EXIT_REASONS,
};

/** Bit 31 of the exit reason. */
#define VTX_EXIT_ENTRY_FAILURE (1u << 31)

/* Exit qualification of an APIC access: type in bits 15:12, offset below. */
#define VTX_QUAL_APIC_OFFSET 0xfffu
#define VTX_QUAL_APIC_READ 0x0000u
#define VTX_QUAL_APIC_WRITE 0x1000u
/* Exit qualification of MOV CR8: register 8, access type in bits 5:4. */
#define VTX_QUAL_MOV_TO_CR8 0x08u
#define VTX_QUAL_MOV_FROM_CR8 0x18u

/** The check that a VM entry failed: SDM 26.2.1 and 26.3.1. */
enum vtx_error {
	VTX_ERROR_NONE,
	/* Controls, 26.2.1.1: VMfailValid. */
	/** "Use TPR shadow", and the page is NULL or not 4 KiB aligned. */
	VTX_ERROR_VIRTUAL_APIC_ADDRESS,
	/** "Use MSR bitmaps", and the page is NULL or not 4 KiB aligned. */
	VTX_ERROR_MSR_BITMAP_ADDRESS,
	/** Bits 31:4 are not 0 ("use TPR shadow", no VID). */
	VTX_ERROR_TPR_THRESHOLD_RESERVED,
	/** Above VTPR[7:4] (as above and no "virtualize APIC accesses"). */
	VTX_ERROR_TPR_THRESHOLD_ABOVE_VTPR,
	/** A virtual-APIC control without "use TPR shadow". */
	VTX_ERROR_NEEDS_TPR_SHADOW,
	/** Both "virtualize x2APIC mode" and "virtualize APIC accesses". */
	VTX_ERROR_X2APIC_AND_APIC_ACCESSES,
	/** VID without "external-interrupt exiting". */
	VTX_ERROR_VID_NEEDS_EXTERNAL_INTERRUPT_EXITING,
	/** "Process posted interrupts" without VID. */
	VTX_ERROR_POSTED_NEEDS_VID,
	/** It, without "acknowledge interrupt on exit". */
	VTX_ERROR_POSTED_NEEDS_ACKNOWLEDGE,
	/** Bits 15:8 of the notification vector are not 0. */
	VTX_ERROR_NOTIFICATION_VECTOR,
	/** The descriptor is NULL or not 64-byte aligned. */
	VTX_ERROR_PID_ADDRESS,
	/* Event injection, 26.2.1.3: VMfailValid. */
	/** Neither an external interrupt nor an NMI. */
	VTX_ERROR_INJECTION_TYPE,
	/** An NMI's vector is not 2. */
	VTX_ERROR_INJECTION_VECTOR,
	/** Bits 30:12 are not 0, or an error code is to be delivered. */
	VTX_ERROR_INJECTION_RESERVED,
	/* Guest state, 26.3.1.4 and 26.3.1.5: exit reason 80000021H. */
	/** Injection of an external interrupt with RFLAGS.IF = 0. */
	VTX_ERROR_INJECTION_IF,
	/** The same with blocking by STI or MOV SS; NMI with MOV SS. */
	VTX_ERROR_INJECTION_BLOCKED,
	/** Neither active nor HLT. */
	VTX_ERROR_ACTIVITY,
	/** HLT with blocking by STI or MOV SS. */
	VTX_ERROR_ACTIVITY_BLOCKED,
	/** A bit that is neither STI, MOV SS nor NMI. */
	VTX_ERROR_INTERRUPTIBILITY_RESERVED,
	/** Both STI and MOV SS, or STI with RFLAGS.IF = 0. */
	VTX_ERROR_INTERRUPTIBILITY_STI,
};

/** What became of vtx_enter() or of one guest instruction. */
enum vtx_result {
	/** The instruction was carried out; the guest goes on. */
	VTX_OK,
	/**
	 * An interrupt or NMI went through the guest's IDT: vtx_pcpu.vector.
	 * The caller runs the handler, which ends with vtx_iret().
	 */
	VTX_VECTOR,
	/** VM exit: the VMCS has the reason; the processor is in the host. */
	VTX_EXIT,
	/** In HLT with nothing to wake it (vtx_enter(), vtx_pcpu.nowait). */
	VTX_HALTED,
	/** The instruction was not carried out: #GP(0) for the guest. */
	VTX_GP,
	/**
	 * The access is neither intercepted nor virtualized: on a processor
	 * it would reach the host's own APIC, or the memory behind the page
	 * tables. A VMM that meets this has a hole in its tables.
	 */
	VTX_PHYSICAL,
	/** vtx_enter() alone: a check failed, see vtx_vmcs.error. */
	VTX_FAILED,
};

/**
 * What happened to this VMCS, counted by the model. Whoever posts counts the
 * PIR bits that it newly set; when all is quiet, for each vector
 *
 *   newly set = delivered - (self_ipis - self_folds) + folds
 *               + still set in VIRR + still set in PIR
 *
 * as long as nobody else moves bits from PIR to VIRR; what a VMM moves
 * itself in the host, it adds to the folds itself.
 */
struct vtx_stats {
	uint64_t entries;
	/** By basic reason; a failed entry is not an exit. */
	uint64_t exits[VTX_EXIT_REASONS];
	/** Posted-interrupt processings: notification vectors consumed. */
	uint64_t notifications;
	/** PIR bits that these processings took. */
	uint64_t posted[256];
	/** Those of them that merged into a VIRR bit that was set already. */
	uint64_t folds[256];
	/** Self-IPI virtualizations, and those whose VIRR bit was set. */
	uint64_t self_ipis[256];
	uint64_t self_folds[256];
	/** Virtual interrupts delivered (29.2.2). */
	uint64_t delivered[256];
	/** Events injected by VM entry. */
	uint64_t injected[256];
};

/** A VMCS as far as it matters here; zeroed is a valid start. */
struct vtx_vmcs {
	/* Controls, written by the VMM. */
	uint32_t pin_based;
	uint32_t primary;
	uint32_t secondary;
	uint32_t exit_controls;
	uint32_t tpr_threshold;
	/** EOI-exit bitmap: vector v is bit v % 64 of word v / 64. */
	uint64_t eoi_exit[4];
	uint16_t notification_vector;
	/** The posted-interrupt descriptor. */
	struct vic_pid *pid;
	/** The virtual-APIC page, VIC_APIC_PAGE_SIZE bytes. */
	void *virtual_apic;
	/** The four MSR bitmaps, 4 KiB as in 24.6.9. */
	const uint8_t *msr_bitmap;
	/**
	 * VM-entry interruption information: VTX_INFO_*. The valid bit is
	 * cleared by the VM exit.
	 */
	uint32_t entry_info;

	/* Guest state, loaded by VM entry and saved by VM exit. */
	/** VTX_RFLAGS_IF; the other bits are kept. */
	uint64_t rflags;
	/** VTX_BLOCKING_*. */
	uint32_t interruptibility;
	/** VTX_ACTIVITY_*. */
	uint32_t activity;
	/** Guest interrupt status: RVI in bits 7:0, SVI in bits 15:8. */
	uint16_t interrupt_status;

	/* Information about the last VM exit or failed entry. */
	enum vtx_error error;
	/** enum vtx_exit_reason, and VTX_EXIT_ENTRY_FAILURE. */
	uint32_t exit_reason;
	/**
	 * APIC access: VTX_QUAL_APIC_*. APIC write: the page offset.
	 * Virtualized EOI: the vector. MOV CR8: VTX_QUAL_MOV_*. Else 0.
	 */
	uint64_t exit_qualification;
	/**
	 * External interrupt: valid, with its vector, if it was acknowledged
	 * on exit. Invalid after any other exit.
	 */
	uint32_t exit_info;
	/**
	 * The guest's registers, where the VMM would look for the operands:
	 * ECX of RDMSR and WRMSR, and the value that a WRMSR, a store or MOV
	 * to CR8 was about to write.
	 */
	uint32_t msr;
	uint64_t value;

	struct vtx_stats stats;
};

/**
 * Called between the model's single accesses to memory that others share
 * (the descriptor), so that a test can let somebody else run there; NULL for
 * none. It may call vtx_ipi() and post, but not run this processor.
 */
struct vtx_hook {
	void (*yield)(void *arg);
	void *arg;
};

/** A logical processor; initialize with vtx_pcpu_init(). */
struct vtx_pcpu {
	/* May be set by the owner at any time. */
	struct vtx_hook hook;
	/** Return VTX_HALTED instead of waiting in HLT. */
	bool nowait;

	/* To be read by the owner. */
	uint32_t apic_id;
	/** After VTX_VECTOR: the vector. */
	uint8_t vector;
	/**
	 * Whether the instruction of the last call was carried out, that is
	 * RIP points behind it. It is after VTX_OK (but vtx_wait() has no
	 * instruction), and after the trap-like VM exits (TPR below threshold,
	 * virtualized EOI, APIC write); for vtx_hlt() it is once the processor
	 * is in HLT. It is not if the interrupt or VM exit came at the boundary
	 * before the instruction, nor after a fault-like VM exit (HLT, VMCALL,
	 * MOV CR8, RDMSR, WRMSR, APIC access), after which the VMM completes
	 * it.
	 */
	bool retired;

	/* The model's own. */
	/** What is in non-root operation here, or NULL. */
	struct vtx_vmcs *vmcs;
	/** The controls that VM entry found; secondary as activated. */
	struct {
		uint32_t pin_based;
		uint32_t primary;
		uint32_t secondary;
		uint32_t exit_controls;
		uint32_t tpr_threshold;
		uint64_t eoi_exit[4];
		uint8_t notification_vector;
		struct vic_pid *pid;
		unsigned char *page;
		const uint8_t *msr_bitmap;
	} ctl;
	uint64_t rflags;
	uint32_t interruptibility;
	uint32_t activity;
	uint8_t rvi;
	uint8_t svi;
	/** A pending virtual interrupt is recognized (29.2.1). */
	bool recognized;
	/** A TPR-threshold exit is due right after VM entry (26.6.7). */
	bool below_threshold;
	/** Pending physical interrupts, one bit for each vector. */
	uint64_t pending[4];
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

/** A processor in the host, nothing pending; @p apic_id is its own. */
void vtx_pcpu_init(struct vtx_pcpu *cpu, uint32_t apic_id);

void vtx_pcpu_destroy(struct vtx_pcpu *cpu);

/**
 * A physical interrupt arrives, by any thread: latched, and merged with a
 * pending one of the same vector. @p vector is 16 to 255.
 *
 * @return whether it was newly latched
 */
bool vtx_ipi(struct vtx_pcpu *cpu, uint8_t vector);

/** Whether a physical interrupt is pending. */
bool vtx_pending(const struct vtx_pcpu *cpu);

/**
 * The host takes an interrupt, as it would with its interrupts enabled.
 * In the host the notification vector is like any other.
 *
 * @return the highest pending vector, which is no longer pending, or 0
 */
uint8_t vtx_host_interrupt(struct vtx_pcpu *cpu);

/**
 * The host idles until a physical interrupt is pending; it is not taken.
 *
 * @param milliseconds give up after so many; negative: never
 * @return whether one is pending
 */
bool vtx_sleep(struct vtx_pcpu *cpu, int milliseconds);

/**
 * VM entry. Never waits: with the HLT activity state and nothing to wake the
 * guest it returns VTX_HALTED, and the next call below waits.
 *
 * @return VTX_OK, VTX_VECTOR, VTX_EXIT, VTX_HALTED or VTX_FAILED. After an
 *         injection it is VTX_VECTOR; whatever is pending comes with the
 *         next instruction's boundary, that is before the handler's first.
 *         After VTX_FAILED the processor is in the host, and the VMCS is as
 *         before except for the error and exit fields.
 */
enum vtx_result vtx_enter(struct vtx_pcpu *cpu, struct vtx_vmcs *vmcs);

/*
 * One instruction of the guest each, only between vtx_enter() and the next
 * VM exit. A call begins with the instruction boundary, where by falling
 * priority there may be: a TPR-threshold exit due since VM entry; an
 * interrupt-window exit; delivery of a recognized virtual interrupt (29.2.2);
 * a physical interrupt, that is posted-interrupt processing (29.6), which
 * may lead to delivery at once, or an external-interrupt exit. If there was
 * a vector or an exit, the instruction is not carried out (vtx_pcpu.retired)
 * and the caller runs it again when the guest is back at it.
 *
 * If the guest is in HLT the call waits for an event that ends it, so it
 * returns VTX_VECTOR or VTX_EXIT (or VTX_HALTED with vtx_pcpu.nowait).
 *
 * Results are VTX_OK, VTX_VECTOR, VTX_EXIT or VTX_HALTED unless noted.
 */

/** An instruction that concerns nothing here. */
enum vtx_result vtx_step(struct vtx_pcpu *cpu);

/** If IF was 0: sets it, and blocks interrupts for one more instruction. */
enum vtx_result vtx_sti(struct vtx_pcpu *cpu);

enum vtx_result vtx_cli(struct vtx_pcpu *cpu);

/**
 * HLT; STI and HLT in a row halt with interrupts enabled and leave no gap.
 * With IF = 0 only a VM exit ends it.
 */
enum vtx_result vtx_hlt(struct vtx_pcpu *cpu);

/**
 * No instruction: the boundary alone. Waits if the guest is in HLT; returns
 * VTX_OK if it is active and nothing happens.
 */
enum vtx_result vtx_wait(struct vtx_pcpu *cpu);

/**
 * IRET to code that ran with RFLAGS.IF = @p interrupts, which the handler
 * found on its stack: true after an interrupt, what the caller knows after
 * an NMI. Ends blocking by NMI.
 */
enum vtx_result vtx_iret(struct vtx_pcpu *cpu, bool interrupts);

/** Also VTX_PHYSICAL; VTX_GP if bits 63:4 of @p value are not 0. */
enum vtx_result vtx_mov_to_cr8(struct vtx_pcpu *cpu, uint64_t value);

/** Also VTX_PHYSICAL. */
enum vtx_result vtx_mov_from_cr8(struct vtx_pcpu *cpu, uint64_t *value);

/**
 * Read 32 bits of the APIC-access page. Also VTX_PHYSICAL.
 *
 * @param offset 0 to 0xffc; need not be aligned
 */
enum vtx_result
vtx_load(struct vtx_pcpu *cpu, uint32_t offset, uint32_t *value);

/** Write 32 bits of it. Also VTX_PHYSICAL. */
enum vtx_result
vtx_store(struct vtx_pcpu *cpu, uint32_t offset, uint32_t value);

/** RDMSR, any index. Also VTX_GP and VTX_PHYSICAL. */
enum vtx_result vtx_rdmsr(struct vtx_pcpu *cpu, uint32_t msr, uint64_t *value);

/** WRMSR, any index. Also VTX_GP and VTX_PHYSICAL. */
enum vtx_result vtx_wrmsr(struct vtx_pcpu *cpu, uint32_t msr, uint64_t value);

/** VMCALL: always a VM exit, for the guest program's own use. */
enum vtx_result vtx_vmcall(struct vtx_pcpu *cpu);

/** What a VT-d unit did for an interrupt request in posted format. */
struct vtx_notification {
	/**
	 * A reserved field of the descriptor is not 0 (9.11): the request is
	 * blocked and reported to the host; the rest of this is 0.
	 */
	bool fault;
	/** Whether the PIR bit was 0 before. */
	bool posted;
	/** A notification is to be sent; it is for the caller to do. */
	bool notify;
	/** Its vector (NV), and its destination as in the descriptor. */
	uint8_t vector;
	uint32_t ndst;
};

/**
 * A device's interrupt through a remapping entry in posted format: VT-d
 * 5.2.3. Any thread.
 *
 * @param pid    the descriptor that the entry names
 * @param vector its virtual vector
 * @param urgent its URG bit: notify even if SN is 1
 * @param hook   called between the accesses; may be NULL
 */
struct vtx_notification vtx_device_post(struct vic_pid *pid, uint8_t vector,
					bool urgent,
					const struct vtx_hook *hook);

/**
 * The physical APIC id in an NDST: all 32 bits if the host's APICs are in
 * x2APIC mode, else its bits 15:8.
 */
uint32_t vtx_ndst_apic_id(uint32_t ndst, bool x2apic_host);

/** The sum of one of the statistics over all vectors. */
uint64_t vtx_sum(const uint64_t counts[256]);

/** The name of a result or error, for messages. */
const char *vtx_result_name(enum vtx_result result);
const char *vtx_error_name(enum vtx_error error);

#endif
