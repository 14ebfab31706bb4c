/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A page, a guest interrupt status and a descriptor that hold anything.
 *
 * What can a guest store in the page itself (SDM 29.4.3, 29.5)? In xAPIC mode
 * four bytes each at ID, LDR, DFR, SVR, ESR, ICR, the LVT, and the timer's
 * initial count and divisor, and each of these stores exits: there is one
 * such value at a time, and vic_lapic_write_exit() comes next. Without an exit
 * it stores one byte each of TPR and of ICR's high half, in x2APIC mode TPR
 * and a byte of SELF IPI; ISR, IRR, PPR and the status follow from what the
 * processor does with legal vectors. A device that goes through an interrupt
 * remapping entry adds any vector. That is reach() below.
 *
 * Nothing that libvic does may lean on that: wreck() stores anything in all
 * of the page, and spoil() in all of the descriptor, its reserved bits too,
 * while libvic may not crash, read past an end, or call back amiss. The other
 * vCPU stays sound all the time; after a reset the wrecked one is, too.
 */
#include <string.h>

#include "hw_world.h"

static const uint16_t written[] = {
	VIC_APIC_ID,        VIC_APIC_LDR,       VIC_APIC_DFR,
	VIC_APIC_SVR,       VIC_APIC_ESR,       VIC_APIC_ICR_LO,
	VIC_APIC_LVT_CMCI,  VIC_APIC_LVT_TIMER, VIC_APIC_LVT_THERMAL,
	VIC_APIC_LVT_PERF,  VIC_APIC_LVT_LINT0, VIC_APIC_LVT_LINT1,
	VIC_APIC_LVT_ERROR, VIC_APIC_TIMER_ICR, VIC_APIC_TIMER_DCR,
	VIC_APIC_SELF_IPI,  VIC_APIC_EOI,       VIC_APIC_TPR,
};

static bool in_guest(const struct apic_cpu *c)
{
	return c->state == VIC_GUEST || c->state == VIC_POSTED;
}

static void put32(struct apic_cpu *c, uint32_t offset, uint32_t value)
{
	memcpy(c->page + offset, &value, sizeof(value));
}

/* What the guest and its processor can do to the page. */
static void reach(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t n = input_below(&w->input, 8), vector;

	put32(c, VIC_APIC_TPR, input_u8(&w->input));
	while (n--) {
		uint32_t at =
			input_u8(&w->input) & 1 ? VIC_APIC_IRR : VIC_APIC_ISR;

		vector = input_u8(&w->input) | 0x10;
		at += vector / 32 * 16;
		put32(c, at, apic_reg(c, at) ^ 1u << vector % 32);
	}
	put32(c, VIC_APIC_PPR, apic_ppr(c) & 0xff);
}

/* More than anybody can do. */
static void wreck(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t how = input_u8(&w->input), n = how >> 3, at;

	switch (how & 7) {
	case 0:
		memset(c->page, input_u8(&w->input), VIC_APIC_PAGE_SIZE);
		break;
	case 1:
		for (at = 0; at < VIC_APIC_PAGE_SIZE; at++)
			c->page[at] = input_u8(&w->input);
		break;
	case 2:
		memset(c->page + VIC_APIC_ISR + (how & 0x18) * 16, 0xff, 128);
		break;
	default:
		while (n--) {
			at = (uint32_t)(input_u8(&w->input) & 63) << 4;
			put32(c, at, input_u32(&w->input));
		}
	}
}

static void spoil(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_pid *pid = vic_vcpu_pid(c->vcpu);
	uint32_t how = input_u8(&w->input);

	if (how & 1)
		pid->pir[how >> 6] = input_u64(&w->input);
	if (how & 2)
		pid->control = input_u64(&w->input);
	if (how & 4)
		pid->control |= VIC_PID_ON;
	if (how & 8)
		pid->reserved[how % 3] = input_u64(&w->input);
	if (how & 16)
		memset(pid, input_u8(&w->input), sizeof(*pid));
}

/* Out of the guest; what the VMCS has of the status is anything. */
static void home(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t status;

	if (!in_guest(c)) {
		apic_come_home(c);
		return;
	}
	status = input_u16(&w->input);
	vic_lapic_exit(c->lapic, (uint16_t)status, status & 1);
	c->state = VIC_HOST;
}

static void enter(struct apic_world *w, struct apic_cpu *c)
{
	uint16_t status = 0;

	home(w, c);
	if (vic_lapic_enter(c->lapic, &status) != VIC_ENTER_AGAIN)
		c->state = vic_lapic_posting(c->lapic) ? VIC_POSTED : VIC_GUEST;
}

static void fast(struct apic_world *w, struct apic_cpu *c)
{
	uint64_t value = input_u32(&w->input);
	enum vic_fast result;
	uint8_t vector;

	value |= (uint64_t)input_u8(&w->input) << VIC_ICR_DEST_SHIFT;
	if (!in_guest(c))
		return;
	result = vic_lapic_icr_fast(c->lapic, value, &vector);
	REQUIRE(result <= VIC_FAST_EXIT);
}

static void access(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t how = input_u8(&w->input), len = 1u << (how >> 6);
	uint32_t at = (how & 0x3f) << 4;
	uint64_t value = input_u32(&w->input), read;
	enum vic_access done;

	home(w, c);
	if (how & 1)
		done = vic_lapic_mmio_write(c->lapic, at, 4, value);
	else
		done = vic_lapic_mmio_read(c->lapic, at, len, &read);
	if (done == VIC_ACCESS_DONE)
		return;
	if (how & 1)
		done = vic_lapic_msr_write(c->lapic, VIC_MSR_X2APIC + at / 16,
					   value);
	else
		done = vic_lapic_msr_read(c->lapic, VIC_MSR_X2APIC + at / 16,
					  &read);
	REQUIRE(done == VIC_ACCESS_DONE || done == VIC_ACCESS_FAULT);
}

static void write_exit(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t at = written[input_below(
		&w->input, sizeof(written) / sizeof(written[0]))];
	bool posting = vic_lapic_posting(c->lapic);
	uint32_t value = input_u32(&w->input);
	uint32_t odd = input_u8(&w->input);

	/* Stored while it was in the guest. */
	if (c->state == VIC_POSTED)
		put32(c, at, value);
	home(w, c);
	if (odd >= 0xe0)
		at = (odd & 0x1f) * 0x111;
	if (vic_lapic_write_exit(c->lapic, at) == VIC_ACCESS_DONE)
		REQUIRE(posting);
}

static void base(struct apic_world *w, struct apic_cpu *c)
{
	uint64_t old = vic_lapic_base(c->lapic), value;
	uint32_t how = input_u8(&w->input);

	home(w, c);
	value = old ^ (uint64_t)(how & 3) << 10;
	if (vic_lapic_msr_write(c->lapic, VIC_MSR_APIC_BASE, value) ==
	    VIC_ACCESS_FAULT)
		REQUIRE(vic_lapic_base(c->lapic) == old);
}

/* Each call that acknowledges, wanted or not. */
static void acks(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t how = input_below(&w->input, 8);
	uint8_t vector = input_u8(&w->input);
	int err = 0;

	home(w, c);
	switch (how) {
	case 0:
		err = vic_lapic_ack(c->lapic, vector);
		break;
	case 1:
		err = vic_lapic_unack(c->lapic, vector);
		break;
	case 2:
		vic_lapic_inta(c->lapic);
		break;
	case 3:
		err = vic_lapic_ack_extint(c->lapic, &vector);
		break;
	case 4:
		err = vic_lapic_ack_nmi(c->lapic);
		break;
	case 5:
		err = vic_lapic_ack_smi(c->lapic);
		break;
	case 6:
		err = vic_lapic_ack_init(c->lapic);
		break;
	default:
		err = vic_lapic_ack_sipi(c->lapic);
		break;
	}
	REQUIRE(err == VIC_OK || err == VIC_ERR_ABSENT || err == VIC_ERR_STATE);
}

/* What the guest ended as the hardware says. */
static void eoi_exit(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t vector = input_u8(&w->input);
	uint32_t eois = c->seen.eois;
	uint64_t bitmap[4];

	home(w, c);
	w->line_stays = vector & 1;
	vic_lapic_eoi_exit_bitmap(c->lapic, bitmap);
	vic_lapic_eoi_exit(c->lapic, vector);
	REQUIRE(c->seen.eois <= eois + 1);
	if (c->seen.eois != eois)
		REQUIRE(c->seen.eoi_vector == vector);
}

/* Whatever is saved may be refused, but by name and with nothing changed. */
static void in_place(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t image[VIC_LAPIC_IMAGE_SIZE];
	const char *what = NULL;
	int err;

	home(w, c);
	vic_lapic_save(c->lapic, image);
	apic_copy_take(w, &w->before);
	err = vic_lapic_restore(c->lapic, image, sizeof(image), &what);
	REQUIRE(!what == !err);
	if (!err)
		return;
	REQUIRE(err == VIC_ERR_IMAGE_STATE);
	REQUIRE(apic_copy_equal(w, &w->before));
}

/*
 * What follows from the page is derived anew: the highest of IRR, which a
 * harvest says, and a scan if it is deliverable; its ack delivers it.
 */
static void reload(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_work work;
	uint32_t irr, tpr, isr;

	home(w, c);
	vic_lapic_reload(c->lapic);
	irr = apic_top(c, VIC_APIC_IRR);
	isr = apic_top(c, VIC_APIC_ISR) & 0xf0;
	tpr = apic_reg(c, VIC_APIC_TPR) & 0xff;
	REQUIRE((uint8_t)apic_reg(c, VIC_APIC_PPR) >> 4 ==
		(tpr > isr ? tpr : isr) >> 4);
	REQUIRE(vic_lapic_harvest(c->lapic) >= irr);
	if (vic_lapic_posting(c->lapic))
		return;
	vic_lapic_scan(c->lapic, 7, &work);
	if (!(work.flags & VIC_WORK_IRQ))
		return;
	REQUIRE(work.vector == apic_top(c, VIC_APIC_IRR));
	REQUIRE(vic_lapic_ack(c->lapic, work.vector) == VIC_OK);
	REQUIRE(apic_top(c, VIC_APIC_ISR) == work.vector);
	REQUIRE(!apic_bit(c, VIC_APIC_IRR, work.vector));
}

static void guest_writes(struct apic_cpu *c, uint32_t offset, uint32_t value)
{
	if (vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD)
		REQUIRE(vic_lapic_msr_write(c->lapic,
					    VIC_MSR_X2APIC + offset / 16,
					    value) == VIC_ACCESS_DONE);
	else
		REQUIRE(vic_lapic_mmio_write(c->lapic, offset, 4, value) ==
			VIC_ACCESS_DONE);
}

/* What is no register, which nobody but wreck() can have touched, is 0. */
static void tidy(struct apic_cpu *c)
{
	memset(c->page + 1024, 0, VIC_APIC_PAGE_SIZE - 1024);
	for (uint32_t at = 0; at < 1024; at += 16)
		if (at != VIC_APIC_ICR_LO)
			memset(c->page + at + 4, 0, 12);
}

/* It is as after power-up, and delivers a level interrupt and ends it. */
static void reset(struct apic_world *w, struct apic_cpu *c)
{
	const uint8_t vector = 0x10 | input_u8(&w->input);
	struct vic_work work;
	uint32_t eois = c->seen.eois;

	home(w, c);
	tidy(c);
	vic_lapic_reset(c->lapic);
	c->waits = !(c->flags & VIC_LAPIC_BSP);
	apic_check_sound(c);
	REQUIRE(vic_lapic_set_posting(c->lapic, false) == VIC_OK);
	if (c->waits) {
		vic_vcpu_request(c->vcpu, &w->device, VIC_REQUEST_SIPI, 1);
		REQUIRE(vic_lapic_scan(c->lapic, 7, &work) & VIC_WORK_SIPI);
		REQUIRE(vic_lapic_ack_sipi(c->lapic) == VIC_OK);
		c->waits = false;
	}
	guest_writes(c, VIC_APIC_SVR, VIC_SVR_ENABLE | 0xff);
	REQUIRE(vic_vcpu_post(c->vcpu, &w->device, vector, true) ==
		VIC_POST_SILENT);
	REQUIRE(vic_lapic_scan(c->lapic, 7, &work) & VIC_WORK_IRQ);
	REQUIRE(work.vector == vector);
	REQUIRE(vic_lapic_ack(c->lapic, vector) == VIC_OK);
	w->line_stays = false;
	guest_writes(c, VIC_APIC_EOI, 0);
	REQUIRE(c->seen.eois == eois + (w->ops.eoi != NULL));
	apic_check_sound(c);
}

static void sleep(struct apic_world *w, struct apic_cpu *c)
{
	home(w, c);
	if (vic_lapic_block(c->lapic, input_u8(&w->input) & 7))
		c->state = VIC_BLOCKED;
}

/* Calls that cannot go wrong in many ways. */
static void others(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t how = input_u8(&w->input), n = how >> 4;
	struct hw_pcpu *p = &w->hw->pcpu[n & 1];
	struct vic_deadline deadline;
	struct vic_work work;
	uint8_t top;

	if ((how & 7) != 7)
		home(w, c);
	switch (how & 7) {
	case 0:
	case 1:
		vic_lapic_scan(c->lapic, n & 7, &work);
		break;
	case 2:
		top = vic_lapic_harvest(c->lapic);
		REQUIRE(top == vic_lapic_harvest(c->lapic));
		break;
	case 3:
		vic_lapic_set_tpr(c->lapic, input_u8(&w->input));
		vic_lapic_tpr(c->lapic);
		break;
	case 4:
		if (vic_lapic_deadline(c->lapic, &deadline))
			REQUIRE(deadline.clock <= VIC_CLOCK_BUS);
		break;
	case 5:
		vic_vcpu_load(c->vcpu, p->pcpu);
		break;
	case 6:
		vic_vcpu_put(c->vcpu);
		break;
	default:
		vic_pcpu_wakeup(p->pcpu, &w->device);
		break;
	}
}

static void posting(struct apic_world *w, struct apic_cpu *c)
{
	bool on = input_u8(&w->input) & 3;
	int err;

	home(w, c);
	err = vic_lapic_set_posting(c->lapic, on);
	REQUIRE(err == VIC_OK || err == VIC_ERR_STATE);
}

static void senders(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t how = input_u8(&w->input);
	uint8_t value = input_u8(&w->input);
	uint64_t dest = (uint64_t)(c->id & 0xff) << VIC_MSI_DEST_SHIFT;

	if (how & 1)
		vic_vcpu_post(c->vcpu, &w->device, value, how & 2);
	else if (how & 2)
		vic_msi(w->bus, &w->device, VIC_MSI_BASE | dest, value);
	else if (how & 4)
		vic_vcpu_request(c->vcpu, &w->device,
				 (enum vic_request)((how >> 3) % 13),
				 value & 1);
}

static void hostile(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t how = input_u8(&w->input);

	if (in_guest(c) && how & 1)
		wreck(w, c);
	else if (in_guest(c))
		reach(w, c);
	if (how & 2)
		spoil(w, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const apic_step steps[] = {
		hostile,  hostile, hostile,    enter,  enter,      enter,
		fast,     access,  write_exit, base,   acks,       eoi_exit,
		in_place, reload,  reset,      sleep,  others,     others,
		posting,  senders, senders,    access, write_exit, eoi_exit,
	};
	const uint32_t count = sizeof(steps) / sizeof(steps[0]);
	struct apic_world w;
	struct hw hw;

	apic_world_init(&w, data, size, 2, 0, &hw);
	if (hw.booted)
		hw_boot(&w, w.cpu);
	for (int i = 0; i < INPUT_MAX_OPS && w.input.left; i++) {
		apic_step step = steps[input_below(&w.input, count)];

		w.nows = 0;
		w.line_stays = false;
		step(&w, w.cpu);
		REQUIRE(!hw.locks);
		if (i % 8 == 0)
			apic_check_sound(&w.cpu[1]);
	}
	apic_check_sound(&w.cpu[1]);
	apic_world_free(&w);
	return 0;
}
