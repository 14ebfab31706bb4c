/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What a vCPU's guest and its thread do. */

#include "lapic_rig.h"

#include <string.h>

static void same_access(struct lapic_rig *rig, enum vic_access access,
			enum lm_access wanted)
{
	static const enum vic_access translated[] = {
		[LM_DONE] = VIC_ACCESS_DONE,
		[LM_FAULT] = VIC_ACCESS_FAULT,
		[LM_FOREIGN] = VIC_ACCESS_FOREIGN,
	};

	if (access != translated[wanted])
		lapic_rig_fail(rig, "access %d, not %d", access, wanted);
}

/*
 * Whether a store is to a register that decides which messages the vCPU
 * accepts, though it may change nothing.
 */
static bool
is_identity(const struct lapic_rig *rig, uint32_t vcpu, uint32_t offset)
{
	switch (offset) {
	case VIC_APIC_ID:
		return !(rig->spec.model.policy & LM_ID_READ_ONLY);
	case VIC_APIC_LDR:
	case VIC_APIC_DFR:
		return !lm_is_x2apic(&rig->lm.vcpu[vcpu]);
	default:
		return offset == VIC_APIC_SVR;
	}
}

static void
tell_chips(struct lapic_rig *rig, uint32_t vcpu, uint32_t eois, bool moved)
{
	bool ended = rig->lm.nr_eois > eois;

	if (rig->chips.accessed)
		rig->chips.accessed(rig->chips.opaque, vcpu,
				    ended ? &rig->lm.eois[eois] : NULL, moved);
}

void lapic_rig_load(struct lapic_rig *rig, uint32_t vcpu, uint32_t offset,
		    uint32_t len)
{
	enum lm_access wanted;
	enum vic_access access;
	uint64_t value = 0, model;

	access = vic_lapic_mmio_read(rig->cpu[vcpu].lapic, offset, len, &value);
	lapic_rig_note(rig, "cpu%u: load%u %x -> %d %llx", vcpu, len * 8,
		       offset, access, (unsigned long long)value);
	wanted = lm_mmio_read(&rig->lm, vcpu, offset, len, &model);
	same_access(rig, access, wanted);
	if (wanted == LM_DONE && value != model)
		lapic_rig_fail(rig, "load: %llx", (unsigned long long)model);
}

void lapic_rig_store(struct lapic_rig *rig, uint32_t vcpu, uint32_t offset,
		     uint32_t len, uint64_t value)
{
	uint32_t eois = rig->lm.nr_eois;
	enum vic_access access;

	access = vic_lapic_mmio_write(rig->cpu[vcpu].lapic, offset, len, value);
	lapic_rig_note(rig, "cpu%u: store%u %x = %llx -> %d", vcpu, len * 8,
		       offset, (unsigned long long)value, access);
	same_access(rig, access,
		    lm_mmio_write(&rig->lm, vcpu, offset, len, value));
	tell_chips(rig, vcpu, eois,
		   access == VIC_ACCESS_DONE && len == 4 &&
			   is_identity(rig, vcpu, offset));
}

void lapic_rig_rdmsr(struct lapic_rig *rig, uint32_t vcpu, uint32_t msr)
{
	enum lm_access wanted;
	enum vic_access access;
	uint64_t value = 0, model;

	access = vic_lapic_msr_read(rig->cpu[vcpu].lapic, msr, &value);
	lapic_rig_note(rig, "cpu%u: rdmsr %x -> %d %llx", vcpu, msr, access,
		       (unsigned long long)value);
	wanted = lm_rdmsr(&rig->lm, vcpu, msr, &model);
	same_access(rig, access, wanted);
	if (wanted == LM_DONE && value != model)
		lapic_rig_fail(rig, "rdmsr: %llx", (unsigned long long)model);
}

void lapic_rig_wrmsr(struct lapic_rig *rig, uint32_t vcpu, uint32_t msr,
		     uint64_t value)
{
	const uint64_t mode = VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD;
	uint64_t base = rig->lm.vcpu[vcpu].base;
	uint32_t eois = rig->lm.nr_eois;
	enum vic_access access;
	bool moved;

	access = vic_lapic_msr_write(rig->cpu[vcpu].lapic, msr, value);
	lapic_rig_note(rig, "cpu%u: wrmsr %x = %llx -> %d", vcpu, msr,
		       (unsigned long long)value, access);
	same_access(rig, access, lm_wrmsr(&rig->lm, vcpu, msr, value));
	moved = msr == VIC_MSR_X2APIC + VIC_APIC_SVR / 16;
	if (msr == VIC_MSR_APIC_BASE)
		moved = ((rig->lm.vcpu[vcpu].base ^ base) & mode) &&
			lm_is_enabled(&rig->lm.vcpu[vcpu]);
	tell_chips(rig, vcpu, eois, access == VIC_ACCESS_DONE && moved);
}

void lapic_rig_set_tpr(struct lapic_rig *rig, uint32_t vcpu, uint8_t cr8)
{
	lapic_rig_note(rig, "cpu%u: cr8 = %x", vcpu, cr8);
	vic_lapic_set_tpr(rig->cpu[vcpu].lapic, (uint8_t)(cr8 << 4));
	lm_set_cr8(&rig->lm, vcpu, cr8);
}

static void same_error(struct lapic_rig *rig, int err, int wanted)
{
	if (err != wanted)
		lapic_rig_fail(rig, "error %d, not %d", err, wanted);
}

void lapic_rig_ack(struct lapic_rig *rig, uint32_t vcpu, uint8_t vector)
{
	static const int wanted[] = {
		[LM_TAKEN] = VIC_OK,
		[LM_ABSENT] = VIC_ERR_ABSENT,
		[LM_TOO_LOW] = VIC_ERR_STATE,
	};
	enum lm_ack ack;

	lapic_rig_note(rig, "cpu%u: ack %02x", vcpu, vector);
	ack = lm_ack(&rig->lm, vcpu, vector);
	same_error(rig, vic_lapic_ack(rig->cpu[vcpu].lapic, vector),
		   wanted[ack]);
	rig->taken += ack == LM_TAKEN;
}

void lapic_rig_unack(struct lapic_rig *rig, uint32_t vcpu, uint8_t vector)
{
	lapic_rig_note(rig, "cpu%u: unack %02x", vcpu, vector);
	same_error(rig, vic_lapic_unack(rig->cpu[vcpu].lapic, vector),
		   lm_unack(&rig->lm, vcpu, vector) ? VIC_OK : VIC_ERR_ABSENT);
}

void lapic_rig_inta(struct lapic_rig *rig, uint32_t vcpu)
{
	uint8_t vector = vic_lapic_inta(rig->cpu[vcpu].lapic);

	lapic_rig_note(rig, "cpu%u: inta -> %02x", vcpu, vector);
	if (vector != lm_inta(&rig->lm, vcpu))
		lapic_rig_fail(rig, "inta: %02x", vector);
}

void lapic_rig_ack_extint(struct lapic_rig *rig, uint32_t vcpu, uint8_t vector)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	uint32_t before = cpu->intas;
	uint8_t answer = 0;
	bool waits;

	lapic_rig_before_wire(rig);
	waits = lm_ack_extint(&rig->lm, vcpu);
	lapic_rig_note(rig, "cpu%u: ack extint %02x", vcpu, vector);
	cpu->inta = vector;
	same_error(rig, vic_lapic_ack_extint(cpu->lapic, &answer),
		   waits ? VIC_OK : VIC_ERR_ABSENT);
	if (waits && rig->chips.model_inta)
		vector = rig->chips.model_inta(rig->chips.opaque);
	lapic_rig_after_wire(rig);
	if (cpu->intas != before + waits || (waits && answer != vector))
		lapic_rig_fail(rig, "%u intas, answer %02x",
			       cpu->intas - before, answer);
}

void lapic_rig_ack_nmi(struct lapic_rig *rig, uint32_t vcpu)
{
	lapic_rig_note(rig, "cpu%u: ack nmi", vcpu);
	same_error(rig, vic_lapic_ack_nmi(rig->cpu[vcpu].lapic),
		   lm_ack_nmi(&rig->lm, vcpu) ? VIC_OK : VIC_ERR_ABSENT);
}

void lapic_rig_ack_smi(struct lapic_rig *rig, uint32_t vcpu)
{
	lapic_rig_note(rig, "cpu%u: ack smi", vcpu);
	same_error(rig, vic_lapic_ack_smi(rig->cpu[vcpu].lapic),
		   lm_ack_smi(&rig->lm, vcpu) ? VIC_OK : VIC_ERR_ABSENT);
}

void lapic_rig_ack_init(struct lapic_rig *rig, uint32_t vcpu)
{
	bool pends = lm_ack_init(&rig->lm, vcpu);

	lapic_rig_note(rig, "cpu%u: ack init", vcpu);
	same_error(rig, vic_lapic_ack_init(rig->cpu[vcpu].lapic),
		   pends ? VIC_OK : VIC_ERR_ABSENT);
	rig->inits += pends;
}

void lapic_rig_ack_sipi(struct lapic_rig *rig, uint32_t vcpu, bool late)
{
	bool pends;
	uint8_t vector;

	if (late)
		lapic_rig_request(rig, vcpu, VIC_REQUEST_INIT, 0);
	lapic_rig_note(rig, "cpu%u: ack sipi", vcpu);
	pends = lm_ack_sipi(&rig->lm, vcpu, &vector) || late;
	same_error(rig, vic_lapic_ack_sipi(rig->cpu[vcpu].lapic),
		   pends ? VIC_OK : VIC_ERR_ABSENT);
	/* It had started when the INIT came. */
	if (late)
		rig->lm.vcpu[vcpu].waits = false;
}

void lapic_rig_reset(struct lapic_rig *rig, uint32_t vcpu)
{
	lapic_rig_note(rig, "cpu%u: reset", vcpu);
	vic_lapic_reset(rig->cpu[vcpu].lapic);
	lm_reset(&rig->lm, vcpu);
}

void lapic_rig_enter(struct lapic_rig *rig, uint32_t vcpu)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];

	lapic_rig_note(rig, "cpu%u: enter", vcpu);
	/* What the local vector table raised in the scan is news once. */
	if (vic_vcpu_enter(cpu->vcpu) == VIC_ENTER_GUEST) {
		cpu->where = LAPIC_RIG_GUEST;
		cpu->told = false;
		return;
	}
	lapic_check_scan(rig, vcpu, 0);
	if (vic_vcpu_enter(cpu->vcpu) != VIC_ENTER_GUEST) {
		lapic_rig_fail(rig, "cpu%u: refused, but has scanned", vcpu);
		return;
	}
	cpu->where = LAPIC_RIG_GUEST;
	cpu->told = false;
}

/* What the scan of vic_lapic_block() finds keeps it from its sleep. */
void lapic_rig_block(struct lapic_rig *rig, uint32_t vcpu, uint32_t can)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	bool work, blocked;

	lapic_check_scan(rig, vcpu, can);
	work = cpu->work.flags &
	       (VIC_WORK_INIT | VIC_WORK_SIPI | VIC_WORK_NMI | VIC_WORK_SMI |
		VIC_WORK_IRQ | VIC_WORK_EXTINT);
	blocked = vic_lapic_block(cpu->lapic, can);
	lapic_rig_note(rig, "cpu%u: block %x -> %d", vcpu, can, blocked);
	if (blocked == work)
		lapic_rig_fail(rig, "cpu%u: blocked %d, work %x", vcpu, blocked,
			       cpu->work.flags);
	if (!blocked)
		return;
	cpu->where = LAPIC_RIG_BLOCKED;
	cpu->told = false;
}

void lapic_rig_leave(struct lapic_rig *rig, uint32_t vcpu)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];

	if (cpu->where == LAPIC_RIG_HOST)
		return;
	lapic_rig_note(rig, "cpu%u: leave", vcpu);
	if (cpu->where == LAPIC_RIG_GUEST)
		vic_vcpu_exit(cpu->vcpu, cpu->told);
	else
		vic_vcpu_unblock(cpu->vcpu);
	cpu->where = LAPIC_RIG_HOST;
}

void lapic_rig_save(struct lapic_rig *rig, uint32_t vcpu, uint8_t *image)
{
	vic_lapic_save(rig->cpu[vcpu].lapic, image);
	rig->cpu[vcpu].resync = true;
}

void lapic_rig_put_back(struct lapic_rig *rig, uint32_t vcpu,
			const struct lm_vcpu *kept)
{
	struct lm_vcpu *v = &rig->lm.vcpu[vcpu];
	bool was_enabled = v->was_enabled;

	*v = *kept;
	/* What senders of now have seen; but a disabled APIC gets nothing. */
	v->was_enabled = (was_enabled || (v->svr & VIC_SVR_ENABLE)) &&
			 lm_is_enabled(v);
}

void lapic_rig_restored(struct lapic_rig *rig, uint32_t vcpu)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];

	rig->restored++;
	cpu->resync = true;
	cpu->armed = false;
	lapic_check_scan(rig, vcpu, 0);
	if (!(cpu->work.flags & VIC_WORK_TIMER))
		lapic_rig_fail(rig, "restore: no news of the timer");
}

static void restore(struct lapic_rig *rig, uint32_t vcpu, const uint8_t *image)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	const char *what = "";
	int err = vic_lapic_restore(cpu->lapic, image, VIC_LAPIC_IMAGE_SIZE,
				    &what);

	lapic_rig_note(rig, "cpu%u: restore -> %d %s", vcpu, err,
		       what ? what : "");
	if (err != VIC_OK || what) {
		lapic_rig_fail(rig, "restore: %d, %s", err, what);
		return;
	}
	lapic_rig_restored(rig, vcpu);
}

void lapic_rig_keep(struct lapic_rig *rig, uint32_t vcpu)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];

	lapic_rig_note(rig, "cpu%u: save", vcpu);
	lapic_rig_save(rig, vcpu, cpu->kept);
	cpu->kept_model = rig->lm.vcpu[vcpu];
	cpu->has_kept = true;
}

/* Counts go on where they stood; the guest's TSC has gone on meanwhile. */
void lapic_rig_go_back(struct lapic_rig *rig, uint32_t vcpu)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];

	if (!cpu->has_kept)
		return;
	lapic_rig_note(rig, "cpu%u: go back", vcpu);
	lapic_rig_put_back(rig, vcpu, &cpu->kept_model);
	restore(rig, vcpu, cpu->kept);
	lapic_rig_pass(rig, VIC_CLOCK_TSC, 0);
	lapic_rig_ring(rig);
}

static bool has_illegal_vector(const uint8_t *page)
{
	static const uint32_t offsets[] = {VIC_APIC_ISR, VIC_APIC_TMR,
					   VIC_APIC_IRR};
	uint32_t word;

	for (uint32_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		memcpy(&word, page + offsets[i], sizeof(word));
		if (word & ((1u << VIC_VECTOR_MIN) - 1))
			return true;
	}
	return false;
}

void lapic_rig_image(struct lapic_rig *rig, uint32_t vcpu, uint32_t flip)
{
	struct lapic_rig_cpu *cpu = &rig->cpu[vcpu];
	uint8_t image[VIC_LAPIC_IMAGE_SIZE], again[VIC_LAPIC_IMAGE_SIZE];
	const char *what = "";
	int err;

	lapic_rig_save(rig, vcpu, image);
	memcpy(again, image, sizeof(again));
	if (flip < 8 * VIC_LAPIC_IMAGE_SIZE) {
		again[flip / 8] ^= (uint8_t)(1u << flip % 8);
		err = vic_lapic_restore(cpu->lapic, again, sizeof(again),
					&what);
		lapic_rig_note(rig, "cpu%u: restore, bit %x wrong -> %d %s",
			       vcpu, flip, err, what ? what : "");
		if (err != VIC_OK) {
			if (!what)
				lapic_rig_fail(rig, "restore: what?");
			return;
		}
		if (has_illegal_vector(cpu->page))
			lapic_rig_fail(rig, "restore: a vector below 16");
	}
	restore(rig, vcpu, image);
	lapic_rig_save(rig, vcpu, again);
	if (memcmp(image, again, sizeof(image)) != 0)
		lapic_rig_fail(rig, "restore: saved again, it is another");
}
