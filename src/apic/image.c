/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The state of a local APIC as bytes; docs/images.md has the layout. What
 * an image says is compared with what an APIC can be, register by register,
 * before the first word of the present state changes.
 */
#include "apic/image.h"
#include "apic/regs.h"

#define VERSION 1

/* Offsets in the image. */
enum {
	AT_PAGE = IMAGE_BODY,
	AT_FLAGS = 1040,
	AT_POLICY = 1044,
	AT_ID = 1048,
	AT_PHYSICAL_BITS = 1052,
	AT_BASE = 1056,
	AT_ESR_PENDING = 1064,
	AT_WAIT_SIPI = 1068,
	AT_NMI = 1072,
	AT_SMI,
	AT_INIT,
	AT_SIPI,
	AT_SIPI_VECTOR,
	AT_EXTINT,
	AT_LINES,
	AT_ZERO,
	AT_LINT_VECTOR = 1080,
	AT_TIMER_COUNT = 1084,
	AT_TIMER_ELAPSED = 1088,
	AT_TSC_DEADLINE = 1096,
	AT_END = 1104,
};

_Static_assert(AT_END == VIC_LAPIC_IMAGE_SIZE, "published size");

static const char magic[8] = {'v', 'i', 'c', 'L', 'A', 'P', 'I', 'C'};

/* An image that is being looked at. */
struct image {
	const struct vic_lapic *lapic;
	const unsigned char *bytes;
	/* What is wrong with it. */
	const char *what;
	/* IA32_APIC_BASE, and the mode that it means. */
	uint64_t base;
	enum lapic_mode mode;
};

static uint32_t page32(const struct image *image, uint32_t offset)
{
	return get32(image->bytes, AT_PAGE + offset);
}

static void save_page(const struct vic_lapic *lapic, unsigned char *bytes)
{
	for (uint32_t i = 0; i < REG_ROWS; i++)
		if (reg_exists(lapic, i) &&
		    (reg_rows[i].access & REG_MMIO_READ))
			put32(bytes, AT_PAGE + i * 16, lapic->page[i * 4]);
	put32(bytes, AT_PAGE + VIC_APIC_ICR_HI, *icr_high(lapic));
}

static void save_inbox(uint64_t word, unsigned char *bytes)
{
	bytes[AT_NMI] = word & REQUEST_NMI;
	bytes[AT_SMI] = (word & REQUEST_SMI) != 0;
	bytes[AT_INIT] = (word & REQUEST_INIT) != 0;
	bytes[AT_SIPI] = (word & REQUEST_SIPI) != 0;
	bytes[AT_SIPI_VECTOR] = (unsigned char)(word >> REQUEST_SIPI_SHIFT);
	bytes[AT_EXTINT] = (word & REQUEST_EXTINT) != 0;
	bytes[AT_LINES] = word >> REQUEST_LINT_SHIFT & 3;
}

/* An earlier scan, or the sleep that followed it, is out of date. */
static void look_again(struct vic_lapic *lapic)
{
	inbox_request(lapic->vcpu, &lapic->vcpu->counters, VIC_REQUEST_RESYNC,
		      0);
}

void vic_lapic_save(struct vic_lapic *lapic, void *image)
{
	unsigned char *bytes = image;
	uint32_t ccr;

	/* So that nothing is left in the inbox but what has its place. */
	lapic_harvest(lapic);
	if (posting(lapic))
		vic_lapic_reload(lapic);
	lapic_take_local(lapic);
	ccr = lapic_timer_ccr(lapic);
	image_begin(bytes, magic, VERSION, AT_END);
	save_page(lapic, bytes);
	put32(bytes, AT_PAGE + VIC_APIC_TIMER_CCR, ccr);
	put32(bytes, AT_FLAGS, lapic->flags);
	put32(bytes, AT_POLICY, lapic->bus->flags);
	put32(bytes, AT_ID, lapic->vcpu->id);
	put32(bytes, AT_PHYSICAL_BITS, lapic->physical_bits);
	put64(bytes, AT_BASE, lapic->base);
	put32(bytes, AT_ESR_PENDING, lapic->esr_pending);
	put32(bytes, AT_WAIT_SIPI, lapic->attention & ATTENTION_WAIT_SIPI);
	save_inbox(load_acquire(&lapic->vcpu->request), bytes);
	put32(bytes, AT_LINT_VECTOR, lapic->lint_vector);
	put32(bytes, AT_TIMER_COUNT, lapic->timer_count);
	put64(bytes, AT_TIMER_ELAPSED, lapic_timer_elapsed(lapic));
	put64(bytes, AT_TSC_DEADLINE, lapic->tsc_deadline);
	look_again(lapic);
}

/* Note @what unless @right; whether it is. */
static bool check(struct image *image, bool right, const char *what)
{
	if (!right)
		image->what = what;
	return right;
}

static bool check_config(struct image *image)
{
	const unsigned char *bytes = image->bytes;
	const struct vic_lapic *lapic = image->lapic;

	return check(image, get32(bytes, AT_FLAGS) == lapic->flags,
		     "vic_lapic_config.flags") &&
	       check(image, get32(bytes, AT_POLICY) == lapic->bus->flags,
		     "vic_apic_bus_config.flags") &&
	       check(image, get32(bytes, AT_ID) == lapic->vcpu->id,
		     "vic_lapic_config.id") &&
	       check(image,
		     get32(bytes, AT_PHYSICAL_BITS) == lapic->physical_bits,
		     "vic_lapic_config.physical_bits");
}

/* What the register at @index may hold, besides what its row says. */
static uint32_t possible(const struct image *image, uint32_t index)
{
	const struct reg_row *row = &reg_rows[index];
	uint32_t bits = reg_stored(image->lapic, row) | row->ones;

	if (index == VIC_APIC_LVT_LINT0 >> 4)
		bits |= VIC_LVT_REMOTE_IRR;
	if (index == VIC_APIC_ESR >> 4)
		bits = 0xff;
	if (index >= VIC_APIC_ISR >> 4 && index < VIC_APIC_ESR >> 4)
		bits = index & 7 ? UINT32_MAX : ~0u << VIC_VECTOR_MIN;
	if (index == VIC_APIC_ICR_HI >> 4 && image->mode >= LAPIC_X2APIC)
		bits = UINT32_MAX;
	return bits;
}

/* Registers that follow from the rest: id, LDR, version, PPR, CCR. */
static bool derived(const struct image *image, uint32_t index)
{
	switch (index << 4) {
	case VIC_APIC_ID:
	case VIC_APIC_LDR:
		return image->mode >= LAPIC_X2APIC;
	case VIC_APIC_VERSION:
	case VIC_APIC_PPR:
	case VIC_APIC_TIMER_CCR:
		return true;
	default:
		return false;
	}
}

static bool check_row(struct image *image, uint32_t index)
{
	const struct reg_row *row = &reg_rows[index];
	uint32_t value = page32(image, index << 4);

	/* EOI and SELF IPI hold nothing, nor does what is no register. */
	if (!reg_exists(image->lapic, index) || !(row->access & REG_MMIO_READ))
		return check(image, value == 0,
			     row->name ? row->name : "reserved register");
	if (derived(image, index))
		return true;
	return check(image,
		     !(value & ~possible(image, index)) &&
			     !(~value & row->ones),
		     row->name);
}

/* What is between the registers: 12 bytes after each. */
static bool check_gaps(struct image *image)
{
	for (uint32_t i = 0; i < REG_ROWS * 16; i++)
		if ((i & 0xf) >= 4 && image->bytes[AT_PAGE + i])
			return check(image, false, "reserved bytes");
	return true;
}

static uint32_t image_isr_top(const struct image *image)
{
	for (uint32_t i = 8; i-- > 0;) {
		uint32_t word = page32(image, VIC_APIC_ISR + i * 16);

		if (word)
			return i * 32 + top_bit32(word);
	}
	return 0;
}

static uint32_t image_ppr(const struct image *image)
{
	uint32_t tpr = page32(image, VIC_APIC_TPR);
	uint32_t isrv = image_isr_top(image) & 0xf0;

	return (tpr & 0xf0) < isrv ? isrv : tpr;
}

static bool check_derived(struct image *image)
{
	const struct vic_lapic *lapic = image->lapic;
	uint32_t id = lapic->vcpu->id;

	if (image->mode == LAPIC_XAPIC &&
	    (lapic->bus->flags & VIC_BUS_ID_READ_ONLY) &&
	    !check(image, page32(image, VIC_APIC_ID) == id << 24, "ID"))
		return false;
	if (image->mode >= LAPIC_X2APIC &&
	    !(check(image, page32(image, VIC_APIC_ID) == id, "ID") &&
	      check(image, page32(image, VIC_APIC_LDR) == lapic_x2apic_ldr(id),
		    "LDR")))
		return false;
	return check(image,
		     page32(image, VIC_APIC_VERSION) ==
			     *reg(lapic, VIC_APIC_VERSION),
		     "VERSION") &&
	       check(image, page32(image, VIC_APIC_PPR) == image_ppr(image),
		     "PPR");
}

/* One of each class at most is in service. */
static bool check_isr(struct image *image)
{
	for (uint32_t n = 1; n < 16; n++) {
		uint32_t word = page32(image, VIC_APIC_ISR + n / 2 * 16);
		uint32_t bits = word >> (n & 1) * 16 & 0xffff;

		if (!check(image, !(bits & (bits - 1)), "ISR"))
			return false;
	}
	return true;
}

/* Pending or in service. */
static bool image_holds(const struct image *image, uint32_t vector)
{
	uint32_t word = vector / 32 * 16;

	return (page32(image, VIC_APIC_IRR + word) |
		page32(image, VIC_APIC_ISR + word)) >>
		       vector % 32 &
	       1;
}

/* Remote IRR is that of a level, and of a vector whose EOI is to come. */
static bool check_lint0(struct image *image)
{
	uint32_t vector = get32(image->bytes, AT_LINT_VECTOR);
	uint32_t lint0 = page32(image, VIC_APIC_LVT_LINT0);
	bool fixed_level =
		(lint0 & (VIC_LVT_LEVEL | VIC_LVT_MODE)) == VIC_LVT_LEVEL;
	bool legal = vector >= VIC_VECTOR_MIN && vector <= 0xff &&
		     image_holds(image, vector);

	return check(image,
		     lint0 & VIC_LVT_REMOTE_IRR ? legal && fixed_level
						: !vector,
		     "LVT_LINT0");
}

/* Software disable masks every entry. */
static bool check_lvt(struct image *image)
{
	if (page32(image, VIC_APIC_SVR) & VIC_SVR_ENABLE)
		return true;
	for (uint32_t i = 0; i < REG_ROWS; i++)
		if (reg_rows[i].reset == VIC_LVT_MASKED &&
		    reg_exists(image->lapic, i) &&
		    !check(image, page32(image, i << 4) & VIC_LVT_MASKED,
			   reg_rows[i].name))
			return false;
	return true;
}

static bool check_timer(struct image *image)
{
	uint32_t mode = page32(image, VIC_APIC_LVT_TIMER) & VIC_LVT_TIMER_MODE;
	uint32_t initial = page32(image, VIC_APIC_TIMER_ICR);
	uint32_t count = get32(image->bytes, AT_TIMER_COUNT);
	uint64_t elapsed = get64(image->bytes, AT_TIMER_ELAPSED);
	uint64_t deadline = get64(image->bytes, AT_TSC_DEADLINE);
	bool counts = !(mode & VIC_LVT_TSC_DEADLINE);
	uint64_t length =
		timer_length(count, page32(image, VIC_APIC_TIMER_DCR));

	/* The count does not start above what it was set to. */
	return check(image,
		     count <= initial && (counts || !initial) &&
			     (count ? elapsed < length : !elapsed),
		     "TIMER_ICR") &&
	       check(image, !deadline || mode == VIC_LVT_TSC_DEADLINE,
		     "IA32_TSC_DEADLINE");
}

static bool check_inbox(struct image *image)
{
	const unsigned char *bytes = image->bytes;

	for (uint32_t i = AT_SMI; i <= AT_EXTINT; i++)
		if (i != AT_SIPI_VECTOR &&
		    !check(image, bytes[i] <= 1, "inbox"))
			return false;
	return check(image,
		     bytes[AT_NMI] <= REQUEST_NMI_MAX &&
			     (bytes[AT_SIPI] || !bytes[AT_SIPI_VECTOR]) &&
			     (!bytes[AT_EXTINT] ||
			      image->lapic->vcpu->ops->inta) &&
			     bytes[AT_LINES] <= 3 && !bytes[AT_ZERO] &&
			     get32(bytes, AT_WAIT_SIPI) <= 1,
		     "inbox") &&
	       check(image,
		     !(get32(bytes, AT_ESR_PENDING) &
		       ~possible(image, VIC_APIC_ESR >> 4)),
		     "ESR");
}

/* A disabled APIC is as after power-up, but for LINT0 and LINT1. */
static bool check_disabled(struct image *image)
{
	const unsigned char *bytes = image->bytes;

	if (image->mode != LAPIC_DISABLED)
		return true;
	for (uint32_t i = 0; i < REG_ROWS; i++) {
		uint32_t reset = reg_rows[i].reset;

		if (i == VIC_APIC_ID >> 4)
			reset = image->lapic->vcpu->id << 24;
		if (reg_exists(image->lapic, i) && !derived(image, i) &&
		    !check(image, page32(image, i << 4) == reset,
			   reg_rows[i].name))
			return false;
	}
	return check(image,
		     !get32(bytes, AT_ESR_PENDING) && !bytes[AT_EXTINT] &&
			     !get32(bytes, AT_TIMER_COUNT),
		     "IA32_APIC_BASE");
}

static bool base_possible(const struct image *image)
{
	const uint64_t flags = VIC_APIC_PAGE_SIZE - 1;

	if (!lapic_base_legal(image->lapic, image->base))
		return false;
	return !(image->lapic->bus->flags & VIC_BUS_BASE_FIXED) ||
	       (image->base & ~flags) == VIC_APIC_BASE_RESET;
}

static bool check_state(struct image *image)
{
	if (!check(image, base_possible(image), "IA32_APIC_BASE"))
		return false;
	for (uint32_t i = 0; i < REG_ROWS; i++)
		if (!check_row(image, i))
			return false;
	return check_gaps(image) && check_derived(image) && check_isr(image) &&
	       check_lvt(image) && check_lint0(image) && check_timer(image) &&
	       check_inbox(image) && check_disabled(image);
}

static void restore_page(struct vic_lapic *lapic, const struct image *image)
{
	for (uint32_t i = 0; i < REG_ROWS; i++) {
		lapic->page[i * 4] = page32(image, i << 4);
		lapic->page[i * 4 + 1] = 0;
	}
	*reg(lapic, VIC_APIC_TIMER_CCR) = 0;
	*icr_high(lapic) = page32(image, VIC_APIC_ICR_HI);
	if (lapic->mode == LAPIC_X2APIC)
		*reg(lapic, VIC_APIC_ICR_HI) = 0;
	for (uint32_t i = 0; i < 4; i++) {
		inbox_count(&lapic->vcpu->counters.vectors.silent,
			    in_irr64(lapic, i));
		inbox_set_modes(lapic->vcpu, i, in_tmr64(lapic, i));
	}
	lapic_count_vectors(lapic);
	ppr_update(lapic->page, lapic->vcpu, lapic->isr_top);
}

static uint64_t restore_inbox(const unsigned char *bytes)
{
	return bytes[AT_NMI] | (bytes[AT_SMI] ? REQUEST_SMI : 0) |
	       (bytes[AT_INIT] ? REQUEST_INIT : 0) |
	       (bytes[AT_SIPI] ? REQUEST_SIPI : 0) |
	       (uint64_t)bytes[AT_SIPI_VECTOR] << REQUEST_SIPI_SHIFT |
	       (bytes[AT_EXTINT] ? REQUEST_EXTINT : 0) |
	       (uint64_t)bytes[AT_LINES] << REQUEST_LINT_SHIFT;
}

static void restore(struct vic_lapic *lapic, const struct image *image)
{
	const unsigned char *bytes = image->bytes;

	lapic_end_posting(lapic);
	/* What was pending goes, and what comes is newly pending. */
	lapic_discard(lapic);
	inbox_discard(lapic->vcpu);
	inbox_drop(lapic->vcpu, REQUEST_ALL);
	lapic->base = image->base;
	lapic->mode = image->mode;
	restore_page(lapic, image);
	lapic->esr_pending = get32(bytes, AT_ESR_PENDING);
	lapic->attention = get32(bytes, AT_WAIT_SIPI);
	set_lint_vector(lapic, get32(bytes, AT_LINT_VECTOR));
	lapic->timer_count = get32(bytes, AT_TIMER_COUNT);
	lapic->tsc_deadline = get64(bytes, AT_TSC_DEADLINE);
	lapic_timer_resume(lapic, get64(bytes, AT_TIMER_ELAPSED));
	lapic_publish(lapic);
	inbox_restore(lapic->vcpu, restore_inbox(bytes));
	lapic_hear(lapic);
	look_again(lapic);
}

/* What vic_lapic_restore() answers; @image is ready to be restored then. */
static int check_all(struct image *image, size_t size)
{
	const struct vic_lapic *lapic = image->lapic;

	image->what = image_head(image->bytes, size, magic, VERSION, AT_END);
	if (image->what)
		return VIC_ERR_IMAGE;
	if (!check_config(image))
		return VIC_ERR_IMAGE_CONFIG;
	image->base = get64(image->bytes, AT_BASE);
	image->mode = lapic_mode_of(lapic, image->base);
	return check_state(image) ? VIC_OK : VIC_ERR_IMAGE_STATE;
}

int lapic_image_check(const struct vic_lapic *lapic, const void *bytes,
		      size_t size, const char **what)
{
	struct image i = {.lapic = lapic, .bytes = bytes};
	int err = check_all(&i, size);

	*what = i.what;
	return err;
}

int vic_lapic_restore(struct vic_lapic *lapic, const void *image, size_t size,
		      const char **what)
{
	struct image i = {.lapic = lapic, .bytes = image};
	int err = check_all(&i, size);

	if (!err)
		restore(lapic, &i);
	if (what)
		*what = i.what;
	return err;
}
