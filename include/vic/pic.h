/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief A PC's pair of 8259A interrupt controllers.
 *
 * IRQ 0 to 7 are the master's inputs, but for 2, where the slave's output
 * is wired; 8 to 15 are the slave's.
 *
 * The master's output (INT) goes to LINT0 of the vCPUs that are wired to it
 * (vic_pic_wire()) and to a pin of an IOAPIC (virtual wire mode, SDM 10.1
 * and the MultiProcessor Specification 3.6.2.2). When a vCPU or its local
 * APIC takes the ExtINT, vic_vcpu_ops.inta calls vic_pic_ack().
 *
 * Every call but init, wire, reset, save and restore may come from any
 * thread at any time; each brings a struct vic_counters of its own thread.
 *
 * Choices where the data sheet leaves some (docs/conformance-ioapic.md):
 * before the first ICW1 to ICW4, and while they are written, INT is low;
 * ICW1 clears ISR; SNGL and buffered mode are stored without an effect, and
 * LTIM makes all inputs level; the mode for 8080 processors gives ICW2's
 * bits as the one for 8086 does. IR2 of the master, as an edge, is latched
 * until an INTA cycle, a poll of the slave or ICW1, whatever becomes of the
 * slave's request.
 */
#ifndef VIC_PIC_H
#define VIC_PIC_H

#include <vic/ioapic.h>
#include <vic/spec/pic.h>
#include <vic/types.h>
#include <vic/vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A pair of 8259A. The caller gives the storage, 64-byte aligned. */
struct vic_pic;

/** Enough bytes for a struct vic_pic. */
#define VIC_PIC_SIZE (8 * VIC_CACHE_LINE)
/** vCPUs that can be wired to its output. */
#define VIC_PIC_MAX_WIRES 16
/** Bytes of an image: vic_pic_save(). */
#define VIC_PIC_IMAGE_SIZE 192

enum vic_pic_flags {
	/**
	 * A request of an edge-triggered input stays until it is
	 * acknowledged though the line falls, so that devices may pulse.
	 * Default: as in the chip, the line must stay high until then, or
	 * the processor gets a spurious IRQ 7 (15).
	 */
	VIC_PIC_KEEP_EDGES = 1 << 0,
};

struct vic_pic_config {
	/** sizeof(struct vic_pic_config) of the caller. */
	uint32_t size;
	/** enum vic_pic_flags. */
	uint32_t flags;
	/** NULL, or the IOAPIC whose pin @c ioapic_pin INT is wired to. */
	struct vic_ioapic *ioapic;
	/** Its source 63 is taken for that. */
	uint32_t ioapic_pin;
	/** Must be 0. */
	uint32_t reserved;
	/** Uses eoi, lock and unlock. Must outlive the PIC. */
	const struct vic_vcpu_ops *ops;
	/** Given to eoi. */
	void *opaque;
};

/** One of the two chips; for dumps and tests. */
struct vic_pic_chip {
	/** Registers; bit n is input n. */
	uint8_t irr, isr, imr, elcr;
	/** Bits 7:3 of its vectors. */
	uint8_t base;
	/** The input with the lowest priority, 7 after ICW1. */
	uint8_t lowest;
	/** Its output. */
	bool output;
};

/** Bytes of a struct vic_pic: at most VIC_PIC_SIZE. Any thread. */
VIC_API size_t vic_pic_size(void);

/**
 * Make a pair that was not initialized yet, with all lines low.
 *
 * @return VIC_OK, VIC_ERR_STORAGE, VIC_ERR_ABI, VIC_ERR_INVAL.
 */
VIC_API VIC_NODISCARD int vic_pic_init(void *storage, size_t size,
				       const struct vic_pic_config *config,
				       struct vic_pic **pic);

/**
 * Wire INT to LINT0 of @p vcpu, which needs vic_vcpu_ops.inta and must
 * outlive the PIC. Before other threads use the PIC. Firmware wires the
 * bootstrap processor; a kernel that may be started on another one by a
 * crash needs that, too.
 *
 * @return VIC_OK; VIC_ERR_EXISTS if it is wired, VIC_ERR_STATE if there are
 * VIC_PIC_MAX_WIRES, VIC_ERR_INVAL without vic_vcpu_ops.inta.
 */
VIC_API VIC_NODISCARD int vic_pic_wire(struct vic_pic *pic,
				       struct vic_counters *counters,
				       struct vic_vcpu *vcpu);

/**
 * As after vic_pic_init(), but for the lines, which stay as they are. No
 * other thread inside libvic for this PIC; the owner of a wired vCPU may.
 */
VIC_API void vic_pic_reset(struct vic_pic *pic, struct vic_counters *counters);

/**
 * Drive one of the sources of an IRQ; it is high while one of them is.
 *
 * @param irq 0 to 15, but not 2. @param source 0 to 63.
 * @return true if INT rose.
 */
VIC_API bool vic_pic_line_set(struct vic_pic *pic,
			      struct vic_counters *counters, uint32_t irq,
			      uint32_t source, bool level);

/**
 * IN from a port of <vic/spec/pic.h>, one byte; a poll acknowledges.
 * VIC_ACCESS_FOREIGN for other ports.
 */
VIC_API VIC_NODISCARD enum vic_access
vic_pic_read(struct vic_pic *pic, struct vic_counters *counters, uint32_t port,
	     uint8_t *value);

/** OUT, likewise. */
VIC_API VIC_NODISCARD enum vic_access
vic_pic_write(struct vic_pic *pic, struct vic_counters *counters,
	      uint32_t port, uint8_t value);

/**
 * The INTA cycle: the request of highest priority goes to service, and its
 * vector is returned. If there is none any more that of IRQ 7 is, and
 * nothing is in service; if the slave's was withdrawn, that of IRQ 15, and
 * IRQ 2 is in service. For vic_vcpu_ops.inta.
 */
VIC_API uint8_t vic_pic_ack(struct vic_pic *pic, struct vic_counters *counters);

/** Whether INT is high. */
VIC_API bool vic_pic_output(struct vic_pic *pic);

/** Look at the master (0) or the slave (1). */
VIC_API void vic_pic_peek(struct vic_pic *pic, uint32_t chip,
			  struct vic_pic_chip *out);

/**
 * Write the state to @p image, VIC_PIC_IMAGE_SIZE bytes, as docs/images.md
 * has it: registers and lines. No other thread inside libvic for this PIC.
 */
VIC_API void vic_pic_save(struct vic_pic *pic, void *image);

/**
 * Take the state in @p image, which must be private to the caller; under the
 * same rule. Nothing is told to LINT0 or the IOAPIC: their images have it.
 *
 * @param what NULL, or receives what is wrong; NULL after VIC_OK.
 * @return VIC_OK; VIC_ERR_IMAGE, VIC_ERR_IMAGE_CONFIG or
 * VIC_ERR_IMAGE_STATE, and nothing has changed.
 */
VIC_API VIC_NODISCARD int vic_pic_restore(struct vic_pic *pic,
					  const void *image, size_t size,
					  const char **what);

#ifdef __cplusplus
}
#endif

#endif
