/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "hw_world.h"

#include <string.h>

#define MSR_BITMAP_SIZE 4096
#define MSR_BITMAP_WRITES 2048

static struct hw *the_hw;

static uint64_t lock(uint32_t *word)
{
	REQUIRE(!*word);
	*word = 1;
	return the_hw->locks++;
}

static void unlock(uint32_t *word, uint64_t flags)
{
	REQUIRE(*word == 1);
	*word = 0;
	REQUIRE(flags == --the_hw->locks);
}

static void notify(void *opaque, uint32_t dest, uint8_t vector)
{
	struct apic_cpu *c = opaque;

	REQUIRE(c->state == VIC_POSTED && !c->world->hw->locks);
	c->seen.notifies++;
	c->seen.notify_dest = dest;
	c->seen.notify_vector = vector;
	c->seen.notify_due = true;
}

static void kick_many(void *const *opaques, uint32_t n)
{
	const struct apic_cpu *first = opaques[0];

	REQUIRE(n && n <= VIC_KICK_MANY);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < i; j++)
			REQUIRE(opaques[i] != opaques[j]);
		first->world->ops.kick(opaques[i]);
	}
}

static void *memory(size_t size, size_t alignment, int fill)
{
	void *result = aligned_alloc(alignment, size);

	REQUIRE(result);
	memset(result, fill, size);
	return result;
}

/* Exits: all but reads of 800H-8FFH without CCR, and TPR, EOI, SELF IPI. */
static uint8_t *msr_bitmap(void)
{
	static const uint16_t written[] = {VIC_APIC_TPR, VIC_APIC_EOI,
					   VIC_APIC_SELF_IPI};
	const uint32_t ccr = VIC_MSR_X2APIC + VIC_APIC_TIMER_CCR / 16;
	uint8_t *bitmap = memory(MSR_BITMAP_SIZE, 4096, 0xff);

	memset(bitmap + VIC_MSR_X2APIC / 8, 0, 256 / 8);
	bitmap[ccr / 8] |= 1u << ccr % 8;
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t msr = VIC_MSR_X2APIC + written[i] / 16u;

		bitmap[MSR_BITMAP_WRITES + msr / 8] &=
			(uint8_t) ~(1u << msr % 8);
	}
	return bitmap;
}

static void pcpu_init(struct apic_world *w, uint32_t n, uint32_t id)
{
	struct hw_pcpu *p = &w->hw->pcpu[n];
	const struct vic_pcpu_config config = {
		.size = sizeof(config),
		.flags = w->hw->xapic ? VIC_PCPU_XAPIC : 0,
		.id = id,
		.notify_vector = w->hw->notify_vector,
		.wakeup_vector = w->hw->wakeup_vector,
		.ops = &w->ops,
	};

	p->storage = memory(VIC_PCPU_SIZE, VIC_CACHE_LINE, 0);
	REQUIRE(vic_pcpu_size() <= VIC_PCPU_SIZE);
	REQUIRE(!vic_pcpu_init(p->storage, VIC_PCPU_SIZE, &config, &p->pcpu));
	vtx_pcpu_init(&p->cpu, id);
	p->cpu.nowait = true;
}

void hw_init(struct apic_world *w, uint32_t shape)
{
	static const uint32_t ids[] = {0, 7, 253, 0x12345};
	struct hw *hw = w->hw;
	uint32_t id = ids[shape >> 3 & 3];

	memset(hw, 0, sizeof(*hw));
	the_hw = hw;
	hw->xapic = (shape & 1) && id < 254;
	/* Of the host's vectors each may have the higher priority. */
	hw->notify_vector = shape & 2 ? 0xf2 : 0x21;
	hw->wakeup_vector = shape & 2 ? 0x21 : 0xf1;
	w->ops.notify = notify;
	if (shape & 4)
		w->ops.kick_many = kick_many;
	if (shape & 0x20) {
		w->ops.lock = lock;
		w->ops.unlock = unlock;
	}
	hw->booted = shape & 0x40;
	hw->msr_bitmap = msr_bitmap();
	for (uint32_t n = 0; n < APIC_PCPUS; n++)
		pcpu_init(w, n, id + n);
}

void hw_cpu_init(struct apic_cpu *c)
{
	struct hw *hw = c->world->hw;

	c->hw = &hw->cpu[c - c->world->cpu];
	c->hw->vmcs = (struct vtx_vmcs){
		.pin_based = VTX_PIN_EXTERNAL_INTERRUPT_EXITING |
			     VTX_PIN_PROCESS_POSTED_INTERRUPTS,
		.primary = VTX_PROC_USE_TPR_SHADOW | VTX_PROC_USE_MSR_BITMAPS |
			   VTX_PROC_ACTIVATE_SECONDARY,
		.exit_controls = VTX_EXIT_CTL_ACKNOWLEDGE_INTERRUPT,
		.pid = vic_vcpu_pid(c->vcpu),
		.virtual_apic = c->page,
		.msr_bitmap = hw->msr_bitmap,
		.rflags = VTX_RFLAGS_IF,
		.notification_vector = hw->notify_vector,
	};
	REQUIRE((uintptr_t)c->hw->vmcs.pid % 64 == 0);
}

void hw_free(struct apic_world *w)
{
	for (uint32_t n = 0; n < APIC_PCPUS; n++) {
		vtx_pcpu_destroy(&w->hw->pcpu[n].cpu);
		free(w->hw->pcpu[n].storage);
	}
	free(w->hw->msr_bitmap);
}

void *hw_piece(const struct apic_world *w, uint32_t n, size_t *size)
{
	if (!w->hw || n >= APIC_PCPUS)
		return NULL;
	*size = VIC_PCPU_SIZE;
	return w->hw->pcpu[n].storage;
}

void hw_notify(struct apic_world *w, uint32_t ndst, uint8_t vector)
{
	uint32_t id = vtx_ndst_apic_id(ndst, !w->hw->xapic);
	struct hw_pcpu *p = w->hw->pcpu;

	REQUIRE(vector == w->hw->notify_vector ||
		vector == w->hw->wakeup_vector);
	while (p->cpu.apic_id != id) {
		p++;
		REQUIRE(p != w->hw->pcpu + APIC_PCPUS);
	}
	vtx_ipi(&p->cpu, vector);
}

void hw_flush(struct apic_world *w)
{
	for (uint32_t i = 0; i < w->count; i++) {
		struct apic_cpu *c = &w->cpu[i];

		if (c->seen.notify_due)
			hw_notify(w, c->seen.notify_dest,
				  c->seen.notify_vector);
		c->seen.notify_due = false;
		if (c->seen.kicks != c->hw->kicks && c->hw->at)
			vtx_ipi(&c->hw->at->cpu, HW_KICK);
		c->hw->kicks = c->seen.kicks;
	}
}

/* Who is to be woken on @p: asleep, outstanding, and not woken before. */
static bool wants_wakeup(const struct apic_cpu *c, const struct hw_pcpu *p)
{
	return c->state == VIC_BLOCKED && c->hw->at == p && !c->hw->woken &&
	       c->hw->vmcs.pid->control & VIC_PID_ON;
}

/* The handlers that <vic/pcpu.h> asks for. */
void hw_host_vector(struct apic_world *w, struct hw_pcpu *p, uint8_t vector)
{
	uint64_t counted = w->device.wakeups;
	uint32_t wakes[APIC_CPUS], expected = 0;

	if (vector != w->hw->wakeup_vector)
		return;
	for (uint32_t i = 0; i < w->count; i++) {
		struct apic_cpu *c = &w->cpu[i];
		bool wants = wants_wakeup(c, p);

		wakes[i] = c->seen.wakes + wants;
		expected += wants;
		c->hw->woken = c->hw->woken || wants;
	}
	REQUIRE(vic_pcpu_wakeup(p->pcpu, &w->device) == expected);
	for (uint32_t i = 0; i < w->count; i++)
		REQUIRE(w->cpu[i].seen.wakes == wakes[i]);
	REQUIRE(w->device.wakeups == counted + expected);
}

void hw_home(struct apic_cpu *c)
{
	struct apic_world *w = c->world;
	struct hw_pcpu *p = c->hw->at;
	struct vtx_vmcs *vmcs = &c->hw->vmcs;
	enum vtx_result result;

	if (w->trial) {
		vic_lapic_exit(c->lapic,
			       (uint16_t)(p->cpu.svi << 8 | p->cpu.rvi), false);
		return;
	}
	/* Any interrupt of the host brings it out. */
	hw_flush(w);
	vtx_ipi(&p->cpu, HW_KICK);
	while ((result = vtx_step(&p->cpu)) != VTX_EXIT)
		if (result == VTX_VECTOR)
			hw_delivered(c, p->cpu.vector);
	REQUIRE(vmcs->exit_reason == VTX_EXIT_EXTERNAL_INTERRUPT);
	hw_host_vector(w, p, (uint8_t)vmcs->exit_info);
	hw_leave(c, (uint8_t)vmcs->exit_info == HW_KICK);
}

void hw_looked(struct apic_cpu *c, uint32_t flags)
{
	uint64_t bitmap[4];

	c->hw->must_scan = false;
	vic_lapic_eoi_exit_bitmap(c->lapic, bitmap);
	if (flags & VIC_WORK_EOI_EXIT)
		memcpy(c->hw->vmcs.eoi_exit, bitmap, sizeof(bitmap));
}
