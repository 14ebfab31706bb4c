/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief An IOAPIC: lines of devices become messages to local APICs.
 *
 * It stands on a bus of libvic's local APICs, which tell it of EOIs by
 * themselves, or alone: then vic_vcpu_ops.msi carries its messages to
 * whoever models the local APICs, and vic_ioapic_eoi() brings EOIs back.
 *
 * Every call but init, reset, save and restore may come from any thread at
 * any time; each brings a struct vic_counters of its own thread, and no
 * thread one that libvic counts in itself (vic_vcpu_counters()).
 *
 * A pin (Intel 82093AA data sheet, 3.2.4):
 *
 * - Its input is asserted while one of its sources is (vic_ioapic_line_set).
 * - Edge: a message goes out when the input becomes asserted and the entry
 *   is not masked. What a masked pin missed is gone.
 * - Level: a message goes out when the input is asserted, the entry is not
 *   masked and remote IRR is 0, whichever of these came last. Remote IRR
 *   becomes 1 when a local APIC accepts it, and 0 with the EOI of the
 *   entry's vector, with a write to the EOI register, or when a write makes
 *   the entry edge. If nobody accepts it, delivery status reads 1, and it is
 *   sent again after a write to the entry, a rise of the input,
 *   vic_ioapic_retry(), or a guest's access that changes what a local APIC
 *   of the bus accepts.
 * - NMI, SMI, INIT and ExtINT are edge, whatever the entry's trigger mode;
 *   delivery modes 011 and 110 send nothing.
 * - A message that is on its way when the entry changes arrives, as the
 *   entry was.
 *
 * docs/conformance-ioapic.md has the cases and choices.
 */
#ifndef VIC_IOAPIC_H
#define VIC_IOAPIC_H

#include <vic/bus.h>
#include <vic/spec/ioapic.h>
#include <vic/types.h>
#include <vic/vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An IOAPIC. The caller gives the storage. */
struct vic_ioapic;

/** The largest vic_ioapic_config.pins. */
#define VIC_IOAPIC_MAX_PINS 240
/** Sources of one pin. */
#define VIC_IOAPIC_SOURCES 64

enum vic_ioapic_flags {
	/**
	 * A source's level is a voltage: with input pin polarity 1 the input
	 * is asserted while no source is high. Default: a source that is 1
	 * asserts the input, and polarity is a bit that reads as written.
	 */
	VIC_IOAPIC_VOLTAGES = 1 << 0,
};

struct vic_ioapic_config {
	/** sizeof(struct vic_ioapic_config) of the caller. */
	uint32_t size;
	/** enum vic_ioapic_flags. */
	uint32_t flags;
	/** 1 to VIC_IOAPIC_MAX_PINS; 0 means 24. */
	uint32_t pins;
	/** 0x11, without the EOI register, or 0x20; 0 means 0x20. */
	uint32_t version;
	/** ID after reset: 0 to 15. */
	uint32_t id;
	/** Must be 0. */
	uint32_t reserved;
	/** Where messages go; NULL: to vic_vcpu_ops.msi. */
	struct vic_apic_bus *bus;
	/**
	 * Uses eoi, lock, unlock and, without a bus, msi; wake and kick are
	 * not needed here. Must outlive the IOAPIC.
	 */
	const struct vic_vcpu_ops *ops;
	/** Given to eoi and msi. */
	void *opaque;
};

/** What a pin is like; for dumps and tests. */
struct vic_ioapic_pin {
	/** The redirection table entry, as the guest reads it. */
	uint64_t entry;
	/** Bit n: source n is 1. */
	uint64_t sources;
};

/** Bytes for @p config; 0 if it is not valid. Any thread. */
VIC_API size_t vic_ioapic_size(const struct vic_ioapic_config *config);

/**
 * Make an IOAPIC, in reset, with all sources 0. On a bus: not while local
 * APICs of it are used by other threads, and one at a time; it stays on the
 * bus as long as that is used.
 *
 * @param storage aligned to VIC_CACHE_LINE.
 * @return VIC_OK, VIC_ERR_STORAGE, VIC_ERR_ABI, VIC_ERR_INVAL, or
 * VIC_ERR_EXISTS if @p storage is an IOAPIC of that bus already.
 */
VIC_API VIC_NODISCARD int
vic_ioapic_init(void *storage, size_t size,
		const struct vic_ioapic_config *config,
		struct vic_ioapic **ioapic);

/**
 * The reset of the chip: registers as vic_ioapic_init() made them. Lines are
 * wires and stay as they are. No other thread inside libvic for this IOAPIC.
 */
VIC_API void vic_ioapic_reset(struct vic_ioapic *ioapic);

/**
 * Drive one of the sources of a pin.
 *
 * @param source 0 to VIC_IOAPIC_SOURCES - 1.
 * @return true if a message was sent that made something newly pending. Of
 * a message through vic_vcpu_ops.msi: if that accepted it.
 */
VIC_API bool vic_ioapic_line_set(struct vic_ioapic *ioapic,
				 struct vic_counters *counters, uint32_t pin,
				 uint32_t source, bool level);

/**
 * A guest's load. @p offset is from the start of the page; @p len 1, 2, 4 or
 * 8 bytes. What is no register reads 0, as does the EOI register; of a
 * register the low @p len bytes, 0 above 32 bits.
 * @return VIC_ACCESS_DONE, or VIC_ACCESS_FOREIGN beyond the page or for
 * another @p len.
 */
VIC_API VIC_NODISCARD enum vic_access
vic_ioapic_read(struct vic_ioapic *ioapic, uint32_t offset, uint32_t len,
		uint64_t *value);

/**
 * A guest's store. A narrow one writes zeroes above, one of 8 bytes its low
 * half. IOREGSEL has 8 bits, and 9 with more than 120 pins. Read-only bits
 * and what is no register ignore it.
 */
VIC_API VIC_NODISCARD enum vic_access
vic_ioapic_write(struct vic_ioapic *ioapic, struct vic_counters *counters,
		 uint32_t offset, uint32_t len, uint64_t value);

/**
 * The broadcast of a local APIC's EOI of @p vector, which was level. Local
 * APICs of the bus do it themselves.
 *
 * Remote IRR of all entries with the vector becomes 0 first; then
 * vic_vcpu_ops.eoi hears of each pin (VIC_EOI_IOAPIC), and may lower or
 * raise its line; then what is still asserted is sent again, once.
 */
VIC_API void vic_ioapic_eoi(struct vic_ioapic *ioapic,
			    struct vic_counters *counters, uint8_t vector);

/**
 * Send again what no local APIC accepted. For an IOAPIC without a bus, when
 * an APIC has been enabled.
 */
VIC_API void vic_ioapic_retry(struct vic_ioapic *ioapic,
			      struct vic_counters *counters);

/** Look at a pin. VIC_ERR_INVAL if there is no such. */
VIC_API VIC_NODISCARD int vic_ioapic_peek(struct vic_ioapic *ioapic,
					  uint32_t pin,
					  struct vic_ioapic_pin *out);

/** Bytes of an image: vic_ioapic_save(). Any thread. */
VIC_API size_t vic_ioapic_image_size(const struct vic_ioapic *ioapic);

/**
 * Write the state to @p image, as docs/images.md has it: registers and
 * lines. No other thread inside libvic for this IOAPIC.
 */
VIC_API void vic_ioapic_save(struct vic_ioapic *ioapic, void *image);

/**
 * Take the state in @p image, which must be private to the caller; under the
 * same rule. Nothing is sent: what was, is in the images of the local APICs.
 *
 * @param what NULL, or receives what is wrong; NULL after VIC_OK.
 * @return VIC_OK; VIC_ERR_IMAGE, VIC_ERR_IMAGE_CONFIG or
 * VIC_ERR_IMAGE_STATE, and nothing has changed.
 */
VIC_API VIC_NODISCARD int vic_ioapic_restore(struct vic_ioapic *ioapic,
					     const void *image, size_t size,
					     const char **what);

#ifdef __cplusplus
}
#endif

#endif
