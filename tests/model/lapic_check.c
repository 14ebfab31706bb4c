/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What must hold between any two steps: all that the model knows. */

#include "lapic_rig.h"

#include <stdio.h>
#include <string.h>

static uint32_t read32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static uint64_t read64(const uint8_t *from)
{
	return read32(from) | (uint64_t)read32(from + 4) << 32;
}

/* The image is little endian on every host; the page is the host's. */
static uint32_t image32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

static uint64_t image64(const uint8_t *from)
{
	return image32(from) | (uint64_t)image32(from + 4) << 32;
}

/* What a vCPU that can take that much has to do. */
static uint32_t wanted_work(const struct lapic_rig *rig, uint32_t vcpu,
			    uint32_t can, const struct lm_pending *p)
{
	const struct lm_vcpu *v = &rig->lm.vcpu[vcpu];
	uint32_t flags = 0;

	if (rig->cpu[vcpu].resync)
		flags |= VIC_WORK_RESYNC;
	if (p->init)
		return flags | VIC_WORK_INIT;
	if (p->sipi)
		return flags | VIC_WORK_SIPI;
	if (v->waits)
		return flags | VIC_WORK_WAIT_SIPI;
	if (p->nmis)
		flags |= can & VIC_CAN_NMI ? VIC_WORK_NMI : VIC_WORK_NMI_WINDOW;
	if (p->smi)
		flags |= can & VIC_CAN_SMI ? VIC_WORK_SMI : VIC_WORK_SMI_WINDOW;
	if (p->extint)
		flags |= can & VIC_CAN_IRQ ? VIC_WORK_EXTINT
					   : VIC_WORK_IRQ_WINDOW;
	if (p->vector >= 0)
		flags |= can & VIC_CAN_IRQ ? VIC_WORK_IRQ : VIC_WORK_IRQ_WINDOW;
	return flags;
}

static void check_work(struct lapic_rig *rig, uint32_t vcpu, uint32_t can)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	struct lm_pending p = lm_pending(&rig->lm, vcpu);
	uint32_t wanted = wanted_work(rig, vcpu, can, &p);
	uint32_t flags = cpu->work.flags & ~(uint32_t)VIC_WORK_TIMER;
	bool has_vector = p.vector >= 0 && !p.blocked;

	cpu->resync = false;
	if (flags != wanted)
		lapic_rig_fail(rig, "cpu%u: scan %x: %x, not %x", vcpu, can,
			       flags, wanted);
	else if (has_vector && cpu->work.vector != p.vector)
		lapic_rig_fail(rig, "cpu%u: scan: vector %02x, not %02x", vcpu,
			       cpu->work.vector, p.vector);
	else if (p.sipi && cpu->work.sipi_vector != p.sipi_vector)
		lapic_rig_fail(rig, "cpu%u: scan: SIPI %02x, not %02x", vcpu,
			       cpu->work.sipi_vector, p.sipi_vector);
	else if (cpu->work.nmis != (p.blocked ? 0 : p.nmis))
		lapic_rig_fail(rig, "cpu%u: scan: %u NMIs, not %u", vcpu,
			       cpu->work.nmis, p.nmis);
	else if (cpu->work.tpr_threshold != p.tpr_threshold)
		lapic_rig_fail(rig, "cpu%u: scan: threshold %u, not %u", vcpu,
			       cpu->work.tpr_threshold, p.tpr_threshold);
}

/* The timer goes off if it expires unmasked; of a change there is news. */
static void check_deadline(struct lapic_rig *rig, uint32_t vcpu)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	const struct lm_vcpu *v = &rig->lm.vcpu[vcpu];
	struct vic_deadline d = {0};
	bool armed = vic_lapic_deadline(cpu->lapic, &d);
	bool is_tsc, expires;
	uint64_t at;

	if (!(cpu->work.flags & VIC_WORK_TIMER) &&
	    (armed != cpu->armed ||
	     (armed &&
	      (d.at != cpu->deadline.at || d.clock != cpu->deadline.clock))))
		lapic_rig_fail(rig, "cpu%u: no news of the timer", vcpu);
	cpu->armed = armed;
	cpu->deadline = d;
	expires = lm_expiry(&rig->lm, vcpu, &is_tsc, &at) &&
		  !(v->lvt[LM_LVT_TIMER] & VIC_LVT_MASKED);
	if (armed != expires ||
	    (armed && (d.at != at ||
		       d.clock != (is_tsc ? VIC_CLOCK_TSC : VIC_CLOCK_BUS))))
		lapic_rig_fail(rig, "cpu%u: expires %d %d %llu, not %d %d %llu",
			       vcpu, armed, d.clock, (unsigned long long)d.at,
			       expires, is_tsc, (unsigned long long)at);
}

void lapic_check_scan(struct lapic_rig *rig, uint32_t vcpu, uint32_t can)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	uint32_t flags;

	memset(&cpu->work, 0xa5, sizeof(cpu->work));
	flags = vic_lapic_scan(cpu->lapic, can, &cpu->work);
	if (flags != cpu->work.flags)
		lapic_rig_fail(rig, "cpu%u: scan: %x and %x", vcpu, flags,
			       cpu->work.flags);
	check_work(rig, vcpu, can);
	check_deadline(rig, vcpu);
}

/* Where the page has something that is not there for the guest's reads. */
static bool is_special(uint32_t offset)
{
	return offset == VIC_APIC_TIMER_CCR || offset == VIC_APIC_ICR_LO ||
	       offset == VIC_APIC_ICR_HI;
}

static void
check_page(struct lapic_rig *rig, uint32_t vcpu, const struct lm_dump *dump)
{
	const uint8_t *page = rig->cpu[vcpu].page;
	bool is_wide = lm_is_x2apic(&rig->lm.vcpu[vcpu]) &&
		       !(rig->spec.model.policy & LM_ICR_SPLIT);
	uint64_t icr = read64(page + VIC_APIC_ICR_LO);

	if (!is_wide)
		icr |= (uint64_t)read32(page + VIC_APIC_ICR_HI) << 32;
	else if (read32(page + VIC_APIC_ICR_HI))
		lapic_rig_fail(rig, "cpu%u: 310 is not 0", vcpu);
	if (icr !=
	    (dump->reg[VIC_APIC_ICR_LO / 16] | (uint64_t)dump->icr_high << 32))
		lapic_rig_fail(rig, "cpu%u: ICR %llx", vcpu,
			       (unsigned long long)icr);
	for (uint32_t i = 0; i < LM_REGS; i++) {
		uint32_t word = read32(page + 16 * i);

		if (word != dump->reg[i] && !is_special(16 * i))
			lapic_rig_fail(rig, "cpu%u: page has %x at %x, not %x",
				       vcpu, word, 16 * i, dump->reg[i]);
		if ((read32(page + 16 * i + 4) && !is_special(16 * i)) ||
		    read64(page + 16 * i + 8))
			lapic_rig_fail(rig, "cpu%u: page has more at %x", vcpu,
				       16 * i);
	}
}

static void check_inbox(struct lapic_rig *rig, uint32_t vcpu)
{
	const struct lm_vcpu *v = &rig->lm.vcpu[vcpu];
	uint8_t lint = (uint8_t)(v->pins[0] | v->pins[1] << 1);
	struct vic_vcpu_inbox inbox;

	vic_vcpu_peek(rig->cpu[vcpu].vcpu, &inbox);
	if (inbox.nmi != v->nmis || inbox.smi != v->smi ||
	    inbox.init != v->init || inbox.extint != v->extint ||
	    inbox.lint != lint)
		lapic_rig_fail(rig,
			       "cpu%u: nmi %u smi %d init %d extint %d lint %x",
			       vcpu, inbox.nmi, inbox.smi, inbox.init,
			       inbox.extint, inbox.lint);
	if (v->sipi != inbox.sipi ||
	    (v->sipi && inbox.sipi_vector != v->sipi_vector))
		lapic_rig_fail(rig, "cpu%u: sipi %d %02x", vcpu, inbox.sipi,
			       inbox.sipi_vector);
	for (uint32_t i = 0; i < 4; i++)
		if (inbox.pir[i])
			lapic_rig_fail(rig, "cpu%u: not taken over", vcpu);
}

void lapic_check_image(struct lapic_rig *rig, uint32_t vcpu)
{
	const struct lm_vcpu *v = &rig->lm.vcpu[vcpu];
	uint8_t image[VIC_LAPIC_IMAGE_SIZE];
	uint32_t lines = v->pins[0] | (uint32_t)v->pins[1] << 1;
	struct lm_dump dump;

	lm_dump(&rig->lm, vcpu, &dump);
	lapic_rig_save(rig, vcpu, image);
	for (uint32_t i = 0; i < LM_REGS; i++) {
		uint32_t word = image32(image + LAPIC_IMAGE_PAGE + 16 * i);
		uint32_t wanted = dump.reg[i];

		if (16 * i == VIC_APIC_ICR_HI)
			wanted = dump.icr_high;
		if (word != wanted)
			lapic_rig_fail(rig, "cpu%u: image has %x at %x, not %x",
				       vcpu, word, 16 * i, wanted);
	}
	if (image32(image + LAPIC_IMAGE_ERRORS) != dump.errors)
		lapic_rig_fail(rig, "cpu%u: errors %x, not %x", vcpu,
			       image32(image + LAPIC_IMAGE_ERRORS),
			       dump.errors);
	if (image64(image + LAPIC_IMAGE_DEADLINE) != dump.deadline)
		lapic_rig_fail(rig, "cpu%u: deadline %llx, not %llx", vcpu,
			       (unsigned long long)image64(
				       image + LAPIC_IMAGE_DEADLINE),
			       (unsigned long long)dump.deadline);
	if (image64(image + LAPIC_IMAGE_BASE) != dump.base ||
	    image32(image + LAPIC_IMAGE_WAITS) != v->waits ||
	    image[LAPIC_IMAGE_NMIS] != v->nmis ||
	    image[LAPIC_IMAGE_SMI] != v->smi ||
	    image[LAPIC_IMAGE_INIT] != v->init ||
	    image[LAPIC_IMAGE_LINES] != lines)
		lapic_rig_fail(
			rig,
			"cpu%u: image: base %llx waits %x, "
			"nmi %u smi %u init %u lint %x",
			vcpu,
			(unsigned long long)image64(image + LAPIC_IMAGE_BASE),
			image32(image + LAPIC_IMAGE_WAITS),
			image[LAPIC_IMAGE_NMIS], image[LAPIC_IMAGE_SMI],
			image[LAPIC_IMAGE_INIT], image[LAPIC_IMAGE_LINES]);
}

void lapic_check(struct lapic_rig *rig, uint32_t vcpu)
{
	struct vic_lapic *lapic = rig->cpu[vcpu].lapic;
	struct lm_dump dump;

	lm_dump(&rig->lm, vcpu, &dump);
	if (vic_lapic_base(lapic) != dump.base)
		lapic_rig_fail(rig, "cpu%u: base %llx, not %llx", vcpu,
			       (unsigned long long)vic_lapic_base(lapic),
			       (unsigned long long)dump.base);
	if (vic_lapic_tpr(lapic) != rig->lm.vcpu[vcpu].tpr)
		lapic_rig_fail(rig, "cpu%u: tpr %x", vcpu,
			       vic_lapic_tpr(lapic));
	check_page(rig, vcpu, &dump);
	check_inbox(rig, vcpu);
}

/* Reads that record no error, and so change nothing. */
void lapic_check_reads(struct lapic_rig *rig, uint32_t vcpu)
{
	const struct lm_vcpu *v = &rig->lm.vcpu[vcpu];
	uint32_t errors = v->errors;

	lapic_rig_rdmsr(rig, vcpu, VIC_MSR_APIC_BASE);
	lapic_rig_rdmsr(rig, vcpu, VIC_MSR_TSC_DEADLINE);
	for (uint32_t i = 0; i < LM_REGS; i++) {
		lapic_rig_rdmsr(rig, vcpu, VIC_MSR_X2APIC + i);
		if (lm_is_register(v, 16 * i))
			lapic_rig_load(rig, vcpu, 16 * i, 4);
	}
	if (v->errors != errors)
		lapic_rig_fail(rig, "cpu%u: a read was an error", vcpu);
}

void lapic_check_eois(struct lapic_rig *rig)
{
	struct lm_eoi eoi;
	uint32_t i;

	for (i = 0; lm_take_eoi(&rig->lm, &eoi); i++) {
		if (i >= rig->nr_eois || rig->eois[i].vcpu != eoi.vcpu ||
		    rig->eois[i].vector != eoi.vector)
			lapic_rig_fail(rig, "cpu%u: no eoi of %02x", eoi.vcpu,
				       eoi.vector);
		rig->ended++;
		if (rig->lines_stay &&
		    lm_is_software_enabled(&rig->lm.vcpu[eoi.vcpu]))
			lm_accept(&rig->lm.vcpu[eoi.vcpu], eoi.vector, true);
	}
	if (i < rig->nr_eois)
		lapic_rig_fail(rig, "cpu%u: eoi of %02x", rig->eois[i].vcpu,
			       rig->eois[i].vector);
	rig->nr_eois = 0;
}

void lapic_check_counters(struct lapic_rig *rig)
{
	struct vic_counters c = rig->counters;
	uint64_t in = 0, out = 0, pending = 0;

	for (uint32_t i = 0;; i++) {
		in += c.vectors.coalesced + c.vectors.silent + c.vectors.woken +
		      c.vectors.kicked;
		out += c.acked[VIC_MODE_FIXED] + c.discarded + c.folded;
		if (i == rig->spec.model.vcpus)
			break;
		vic_counters_read(vic_vcpu_counters(rig->cpu[i].vcpu), &c);
		for (uint32_t n = 0; n < 256; n++)
			pending += rig->lm.vcpu[i].irr[n];
	}
	if (in != out + pending)
		lapic_rig_fail(rig, "%llu newly pending, %llu gone, %llu left",
			       (unsigned long long)in, (unsigned long long)out,
			       (unsigned long long)pending);
}

/* Something is new to a vCPU that looked before it went away. */
static bool is_news(const struct lapic_rig *rig, uint32_t vcpu)
{
	const struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	struct lm_pending p = lm_pending(&rig->lm, vcpu);
	uint32_t done = cpu->work.flags;

	if (p.init)
		return !(done & VIC_WORK_INIT);
	if (p.sipi)
		return !(done & VIC_WORK_SIPI);
	if (p.blocked)
		return false;
	if (p.nmis && !(done & (VIC_WORK_NMI | VIC_WORK_NMI_WINDOW)))
		return true;
	if (p.smi && !(done & (VIC_WORK_SMI | VIC_WORK_SMI_WINDOW)))
		return true;
	if (p.extint && !(done & (VIC_WORK_EXTINT | VIC_WORK_IRQ_WINDOW)))
		return true;
	if (p.vector < 0)
		return false;
	return !(done & (VIC_WORK_IRQ | VIC_WORK_IRQ_WINDOW)) ||
	       (!(done & VIC_WORK_EXTINT) && p.vector > cpu->work.vector);
}

void lapic_check_told(struct lapic_rig *rig)
{
	for (uint32_t i = 0; i < rig->spec.model.vcpus; i++) {
		const struct lapic_rig_cpu *cpu = &rig->cpu[i];

		if (cpu->where == LAPIC_RIG_HOST || cpu->told)
			continue;
		if (is_news(rig, i) || cpu->resync)
			lapic_rig_fail(rig, "cpu%u: not told", i);
	}
}

void lapic_check_show(const struct lapic_rig *rig)
{
	for (uint32_t i = 0; i < rig->spec.model.vcpus; i++) {
		const struct lm_vcpu *v = &rig->lm.vcpu[i];

		fprintf(stderr,
			"# cpu%u: id %x flags %x base %llx tpr %02x svr %x "
			"errors %x nmis %u smi %d init %d sipi %d extint %d "
			"waits %d pins %d %d where %d told %d\n",
			i, v->id, v->flags, (unsigned long long)v->base, v->tpr,
			v->svr, v->errors, v->nmis, v->smi, v->init, v->sipi,
			v->extint, v->waits, v->pins[0], v->pins[1],
			rig->cpu[i].where, rig->cpu[i].told);
		fprintf(stderr, "#   in IRR, ISR (TMR):");
		for (uint32_t n = 0; n < 256; n++)
			if (v->irr[n] || v->isr[n])
				fprintf(stderr, " %02x%s%s%s", n,
					v->irr[n] ? "r" : "",
					v->isr[n] ? "s" : "",
					v->tmr[n] ? "t" : "");
		fprintf(stderr, "; LVT:");
		for (uint32_t n = 0; n < LM_LVTS; n++)
			fprintf(stderr, " %x", v->lvt[n]);
		fprintf(stderr, "; timer %x/%x %d %llu %llu\n",
			v->initial_count, v->divide, v->counting,
			(unsigned long long)v->left,
			(unsigned long long)v->deadline);
	}
}
