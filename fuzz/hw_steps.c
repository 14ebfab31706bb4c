/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Devices and a scheduler, and what the owner does where vectors are posted. */
#include "hw_world.h"

#include <string.h>

bool hw_is_quiet(apic_step step)
{
	static const apic_step quiet[] = {
		hw_enter,  hw_guest,  hw_device, hw_spurious, hw_load,
		hw_put,    hw_host,   hw_sleep,  hw_harvest,  hw_reload,
		apic_post, apic_take, apic_scan, apic_home,
	};

	for (uint32_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		if (step == quiet[i])
			return true;
	return false;
}

static void guest_writes(struct apic_world *w, struct apic_cpu *c,
			 uint32_t offset, uint32_t value)
{
	if (vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD)
		apic_wrmsr(w, c, VIC_MSR_X2APIC + offset / 16, value);
	else
		apic_store(w, c, offset, 4, value);
}

void hw_boot(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t what = input_u8(&w->input);
	uint64_t base;

	apic_come_home(c);
	if (c->waits) {
		vic_vcpu_request(c->vcpu, &w->device, VIC_REQUEST_SIPI, 1);
		apic_take(w, c);
	}
	base = vic_lapic_base(c->lapic) | VIC_APIC_BASE_EN;
	apic_wrmsr(w, c, VIC_MSR_APIC_BASE, base);
	if (what & 1 && !(c->flags & VIC_LAPIC_NO_X2APIC))
		apic_wrmsr(w, c, VIC_MSR_APIC_BASE, base | VIC_APIC_BASE_EXTD);
	guest_writes(w, c, VIC_APIC_SVR, VIC_SVR_ENABLE | 0xff);
	if (what & 2 || !c->hw->at)
		hw_load(w, c);
	REQUIRE(vic_lapic_set_posting(c->lapic, true) == VIC_OK);
	c->hw->must_scan = true;
}

static void
model_posts(struct apic_world *w, struct apic_cpu *c, uint8_t vector)
{
	uint64_t notify, before = c->hw->vmcs.pid->pir[vector / 64];
	bool pending = before >> vector % 64 & 1;
	enum vic_post post;

	post = vic_pid_post(c->hw->vmcs.pid, vector, &notify);
	REQUIRE((post == VIC_POST_REFUSED) == (vector < VIC_VECTOR_MIN));
	REQUIRE((post == VIC_POST_NOTIFIED) == (notify != 0));
	if (post == VIC_POST_REFUSED)
		return;
	REQUIRE((post == VIC_POST_MERGED) == pending);
	c->hw->posted += !pending;
	if (notify)
		hw_notify(w, (uint32_t)(notify >> VIC_PID_NDST_SHIFT),
			  (uint8_t)(notify >> VIC_PID_NV_SHIFT));
}

/* Any vector: an interrupt remapping entry may have an illegal one. */
void hw_device(struct apic_world *w, struct apic_cpu *c)
{
	uint8_t vector = input_u8(&w->input);
	uint32_t how = input_u8(&w->input);
	struct vtx_notification n;

	if (!c->hw->at)
		return;
	hw_posting(c, vector, false);
	if (how & 1) {
		model_posts(w, c, vector);
		return;
	}
	n = vtx_device_post(c->hw->vmcs.pid, vector, how >= 0xf0, NULL);
	REQUIRE(!n.fault);
	c->hw->posted += n.posted;
	if (n.notify)
		hw_notify(w, n.ndst, n.vector);
}

/* Hardware may say that something is outstanding when nothing is. */
void hw_spurious(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_pid *pid = c->hw->vmcs.pid;
	uint64_t old = pid->control;

	if (!c->hw->at)
		return;
	pid->control = old | VIC_PID_ON;
	if (!(old & (VIC_PID_ON | VIC_PID_SN)))
		hw_notify(w, (uint32_t)(old >> VIC_PID_NDST_SHIFT),
			  (uint8_t)(old >> VIC_PID_NV_SHIFT));
}

void hw_load(struct apic_world *w, struct apic_cpu *c)
{
	struct hw_pcpu *p = &w->hw->pcpu[input_u8(&w->input) & 1];

	apic_come_home(c);
	vic_vcpu_load(c->vcpu, p->pcpu);
	c->hw->at = p;
	c->hw->put = false;
}

void hw_put(struct apic_world *w, struct apic_cpu *c)
{
	bool asleep = input_u8(&w->input) & 1;

	if (!c->hw->at)
		return;
	if (c->state != VIC_BLOCKED || !asleep) {
		apic_come_home(c);
		c->hw->put = true;
	}
	vic_vcpu_put(c->vcpu);
}

/* The host on a pCPU has its interrupts enabled for a moment. */
void hw_host(struct apic_world *w, struct apic_cpu *c)
{
	struct hw_pcpu *p = &w->hw->pcpu[input_u8(&w->input) & 1];
	uint8_t vector;

	(void)c;
	for (uint32_t i = 0; i < w->count; i++)
		if (w->cpu[i].hw->at == p && w->cpu[i].state != VIC_BLOCKED)
			apic_come_home(&w->cpu[i]);
	while ((vector = vtx_host_interrupt(&p->cpu)))
		hw_host_vector(w, p, vector);
}

void hw_sleep(struct apic_world *w, struct apic_cpu *c)
{
	apic_come_home(c);
	/* Whoever runs has been loaded. */
	if (c->hw->put)
		vic_vcpu_load(c->vcpu, c->hw->at->pcpu);
	c->hw->put = false;
	c->hw->woken = false;
	apic_block(w, c);
	c->hw->must_scan = true;
}

void hw_set_posting(struct apic_world *w, struct apic_cpu *c)
{
	bool on = input_u8(&w->input) & 3, was;
	int want = VIC_OK;

	apic_come_home(c);
	was = vic_lapic_posting(c->lapic);
	if (on &&
	    (!(vic_lapic_base(c->lapic) & VIC_APIC_BASE_EN) || !c->hw->at))
		want = VIC_ERR_STATE;
	if (!on && !was)
		return;
	REQUIRE(vic_lapic_set_posting(c->lapic, on) == want);
	REQUIRE(vic_lapic_posting(c->lapic) == (want ? was : on));
	c->hw->must_scan = true;
}

void hw_harvest(struct apic_world *w, struct apic_cpu *c)
{
	struct vic_vcpu_inbox inbox;
	uint8_t top;

	(void)w;
	apic_come_home(c);
	top = vic_lapic_harvest(c->lapic);
	REQUIRE(top == apic_top(c, VIC_APIC_IRR));
	vic_vcpu_peek(c->vcpu, &inbox);
	REQUIRE(!inbox.outstanding);
}

void hw_reload(struct apic_world *w, struct apic_cpu *c)
{
	bool illegal;

	apic_come_home(c);
	illegal = apic_reg(c, VIC_APIC_IRR) & 0xffff;
	apic_copy_take(w, &w->before);
	vic_lapic_reload(c->lapic);
	/* A device posted them; they are an error, and may raise LVT ERROR. */
	REQUIRE(!(apic_reg(c, VIC_APIC_IRR) & 0xffff));
	if (!illegal)
		REQUIRE(!memcmp(c->page, w->before.piece[3 * (c - w->cpu) + 2],
				VIC_APIC_PAGE_SIZE));
}

/* Stores that lead to an APIC-write exit: SDM 29.4.3.1, 29.4.3.2, 29.5. */
static bool exits(const struct apic_cpu *c, uint32_t offset)
{
	if (vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD)
		return offset == VIC_APIC_SELF_IPI ||
		       (offset == VIC_APIC_ICR_LO &&
			!(c->world->policy & VIC_BUS_ICR_SPLIT));
	switch (offset) {
	case VIC_APIC_ID:
	case VIC_APIC_LDR:
	case VIC_APIC_DFR:
	case VIC_APIC_SVR:
	case VIC_APIC_ESR:
	case VIC_APIC_ICR_LO:
	case VIC_APIC_TIMER_ICR:
	case VIC_APIC_TIMER_DCR:
		return true;
	default:
		return offset >= VIC_APIC_LVT_TIMER &&
		       offset <= VIC_APIC_LVT_ERROR && offset % 16 == 0;
	}
}

/* What the same write leads to where it is trapped; false if it faults. */
static bool trapped(struct apic_world *w, struct apic_cpu *c, uint16_t status,
		    uint32_t offset, uint64_t value, uint8_t *image,
		    struct apic_seen *seen)
{
	enum vic_access access;

	apic_copy_take(w, &w->before);
	vic_lapic_exit(c->lapic, status, false);
	if (vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD)
		access = vic_lapic_msr_write(
			c->lapic, VIC_MSR_X2APIC + offset / 16, value);
	else
		access = vic_lapic_mmio_write(c->lapic, offset, 4, value);
	for (uint32_t i = 0; i < w->count; i++)
		seen[i] = w->cpu[i].seen;
	vic_lapic_save(c->lapic, image);
	w->nows = 0;
	apic_copy_put_back(w, &w->before);
	return access == VIC_ACCESS_DONE;
}

/* Between an entry and an exit. */
static void compare(struct apic_world *w, struct apic_cpu *c, uint16_t status,
		    uint32_t offset, uint64_t value)
{
	uint8_t expected[VIC_LAPIC_IMAGE_SIZE], image[VIC_LAPIC_IMAGE_SIZE];
	size_t bytes = vic_lapic_base(c->lapic) & VIC_APIC_BASE_EXTD ? 8 : 4;
	struct apic_seen seen[APIC_CPUS];
	bool same = exits(c, offset) &&
		    trapped(w, c, status, offset, value, expected, seen);

	if (same)
		memcpy(c->page + offset, &value, bytes);
	vic_lapic_exit(c->lapic, status, false);
	c->state = VIC_HOST;
	if (!same)
		return;
	REQUIRE(vic_lapic_write_exit(c->lapic, offset) == VIC_ACCESS_DONE);
	for (uint32_t i = 0; i < w->count; i++)
		REQUIRE(!memcmp(&seen[i], &w->cpu[i].seen, sizeof(seen[i])));
	w->nows = 0;
	apic_image(c, image);
	REQUIRE(!memcmp(image, expected, sizeof(image)));
	c->hw->must_scan = true;
}

void hw_write_exit(struct apic_world *w, struct apic_cpu *c)
{
	uint32_t offset = (uint32_t)input_u8(&w->input) << 4;
	uint64_t value = input_u32(&w->input);
	uint32_t drift = w->drift;
	uint16_t status = 0;

	/* Of the registers most often. */
	if (offset >= 0x800)
		offset = VIC_APIC_LVT_CMCI + (offset & 0xf0);
	if (offset == VIC_APIC_ICR_LO)
		value |= (uint64_t)input_u8(&w->input) << VIC_ICR_DEST_SHIFT;
	apic_come_home(c);
	w->drift = 0;
	if (!vic_lapic_posting(c->lapic)) {
		apic_copy_take(w, &w->before);
		REQUIRE(vic_lapic_write_exit(c->lapic, offset) ==
			VIC_ACCESS_FOREIGN);
		REQUIRE(apic_copy_equal(w, &w->before));
	} else if (!c->waits && c->hw->at && !c->hw->put &&
		   hw_go(w, c, &status)) {
		compare(w, c, status, offset, value);
	}
	w->drift = drift;
}

void hw_ack(struct apic_world *w, struct apic_cpu *c)
{
	apic_come_home(c);
	if (apic_offers_vectors(c))
		apic_ack(w, c);
}

void hw_unack(struct apic_world *w, struct apic_cpu *c)
{
	apic_come_home(c);
	if (apic_offers_vectors(c))
		apic_unack(w, c);
}

void hw_inta(struct apic_world *w, struct apic_cpu *c)
{
	apic_come_home(c);
	if (apic_offers_vectors(c))
		apic_inta(w, c);
}
