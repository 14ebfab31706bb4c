/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The VM's GIC: how libvic is set up, what it asks of this hypervisor, and
 * the way of its list registers into the hardware and back.
 */
#include "el2.h"

#define STORAGE_SIZE (1u << 20)
#define SPIS 256u
#define ESPIS 64u
#define EPPIS 32u
/* ICC_CTLR_EL1: the CPU interface has extended ranges. */
#define ICC_EXT_RANGE (1u << 19)

struct vic_gic *gic;
uint64_t sgi_matrix[MAX_VCPUS * MAX_VCPUS];

static uint32_t nr_lrs, prebits;
static _Alignas(VIC_CACHE_LINE) unsigned char storage[STORAGE_SIZE];
static size_t storage_used;

static void wake(void *opaque)
{
	sched_wake(opaque);
}

/* If it has left its physical CPU meanwhile it needs no kick. */
static void kick(void *opaque)
{
	const struct vcpu *vcpu = opaque;
	const struct pcpu *pcpu =
		__atomic_load_n(&vcpu->pcpu, __ATOMIC_RELAXED);

	if (pcpu)
		gic_phys_kick(pcpu);
}

static void hw_set_active(void *opaque, uint32_t pintid, bool active)
{
	(void)opaque;
	gic_phys_set_active(pintid, active);
}

static bool hw_line(void *opaque, uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER || intid == INTID_PHYSICAL_TIMER)
		return timer_line(opaque, intid);
	return gic_phys_line(intid);
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
	.hw_set_active = hw_set_active,
	.hw_line = hw_line,
};

static void *allocate(size_t size)
{
	void *memory = storage + storage_used;

	size = (size + VIC_CACHE_LINE - 1) / VIC_CACHE_LINE * VIC_CACHE_LINE;
	if (!size || size > STORAGE_SIZE - storage_used)
		die("no memory for the GIC");
	storage_used += size;
	return memory;
}

static void expect_ok(int error, const char *what)
{
	if (error)
		die("%s: error %u", what, (unsigned int)-error);
}

void vgic_init(void)
{
	bool extended = sysreg_read(icc_ctlr_el1) & ICC_EXT_RANGE;
	struct vic_gic_config config = {
		.size = sizeof(config),
		.max_vcpus = options.vcpus,
		.spis = SPIS,
		.espis = extended ? ESPIS : 0,
		.eppis = extended ? EPPIS : 0,
		.nr_regions = 1,
		.gicd_base = GICD_BASE,
		.regions = {{.base = GICR_BASE, .count = options.vcpus}},
		.ops = &ops,
		/* It costs each SGI a little more. */
		.matrix = options.stats ? sgi_matrix : NULL,
	};
	uint64_t vtr = sysreg_read(ich_vtr_el2);
	size_t size = vic_gic_size(&config);

	nr_lrs = (vtr & VIC_VTR_LISTREGS) + 1;
	prebits = (vtr >> VIC_VTR_PREBITS_SHIFT & 7) + 1;
	expect_ok(vic_gic_init(allocate(size), size, &config, &gic),
		  "vic_gic_init");
}

void vgic_init_vcpu(struct vcpu *vcpu)
{
	struct vic_vcpu_config config = {
		.size = sizeof(config),
		.index = vcpu->index,
		.ops = &ops,
		.opaque = vcpu,
	};
	struct vic_gicr_config gicr = {
		.size = sizeof(gicr),
		.gic = gic,
		.affinity = vcpu_affinity(vcpu),
		.nr_lrs = nr_lrs,
	};
	size_t size = vic_gicr_size(gic);

	vcpu->lrs.prebits = prebits;
	expect_ok(vic_vcpu_init(vcpu->storage, sizeof(vcpu->storage), &config,
				&vcpu->vic),
		  "vic_vcpu_init");
	gicr.vcpu = vcpu->vic;
	expect_ok(vic_gicr_init(allocate(size), size, &gicr, &vcpu->gicr),
		  "vic_gicr_init");
	expect_ok(vic_gic_link(gic, vcpu->gicr, INTID_VIRTUAL_TIMER,
			       INTID_VIRTUAL_TIMER),
		  "vic_gic_link");
	expect_ok(vic_gic_link(gic, vcpu->gicr, INTID_PHYSICAL_TIMER,
			       INTID_PHYSICAL_TIMER),
		  "vic_gic_link");
	if (vcpu->index == 0)
		expect_ok(vic_gic_link(gic, NULL, INTID_UART, INTID_UART),
			  "vic_gic_link");
}

#define FOR_EACH_LR(X)                                                      \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) \
	X(13) X(14) X(15)

static void lr_write(unsigned int n, uint64_t value)
{
	switch (n) {
#define LR_CASE(n)                                                          \
	case n:                                                             \
		sysreg_write(ich_lr##n##_el2, value);                       \
		break;
		FOR_EACH_LR(LR_CASE)
#undef LR_CASE
	}
}

static uint64_t lr_read(unsigned int n)
{
	switch (n) {
#define LR_CASE(n)                                                          \
	case n:                                                             \
		return sysreg_read(ich_lr##n##_el2);
		FOR_EACH_LR(LR_CASE)
#undef LR_CASE
	}
	return 0;
}

/* Registers that exist with 5, 6 and 7 bits of preemption. */
#define FOR_EACH_APR(X)                                                     \
	X(0)                                                                \
	if (prebits > 5) {                                                  \
		X(1)                                                        \
	}                                                                   \
	if (prebits > 6) {                                                  \
		X(2) X(3)                                                   \
	}

static void aprs_read(struct vic_gic_lrs *lrs)
{
#define APR_READ(n)                                                         \
	lrs->ap0r[n] = (uint32_t)sysreg_read(ich_ap0r##n##_el2);            \
	lrs->ap1r[n] = (uint32_t)sysreg_read(ich_ap1r##n##_el2);
	FOR_EACH_APR(APR_READ)
#undef APR_READ
}

static void aprs_write(const struct vic_gic_lrs *lrs)
{
#define APR_WRITE(n)                                                        \
	sysreg_write(ich_ap0r##n##_el2, lrs->ap0r[n]);                      \
	sysreg_write(ich_ap1r##n##_el2, lrs->ap1r[n]);
	FOR_EACH_APR(APR_WRITE)
#undef APR_WRITE
}

void vgic_load(struct vcpu *vcpu)
{
	vic_gic_load(vcpu->gicr);
	sysreg_write(ich_vmcr_el2, vcpu->lrs.vmcr);
	aprs_write(&vcpu->lrs);
	isb();
}

void vgic_put(struct vcpu *vcpu)
{
	aprs_read(&vcpu->lrs);
	vic_gic_put(vcpu->gicr);
}

static void hcr_write(struct pcpu *pcpu, uint32_t value)
{
	pcpu->ich_hcr = value;
	sysreg_write(ich_hcr_el2, value);
}

#define HCR_IDLE (VIC_HCR_EN | VIC_HCR_TDIR)

/* Without list registers nothing asks for maintenance: En may stay. */
static bool is_quiet(const struct vic_gic_lrs *lrs)
{
	return !lrs->used && lrs->hcr == HCR_IDLE;
}

/* Each access costs, so only what is in use moves. */
static void lrs_to_hardware(struct pcpu *pcpu, const struct vic_gic_lrs *lrs)
{
	uint32_t wanted = lrs->used, stale = pcpu->lrs_used & ~wanted;

	for (uint32_t bits = wanted; bits; bits &= bits - 1) {
		unsigned int n = (unsigned int)__builtin_ctz(bits);

		lr_write(n, lrs->lr[n]);
	}
	for (; stale; stale &= stale - 1)
		lr_write((unsigned int)__builtin_ctz(stale), 0);
	pcpu->lrs_used = wanted;
	if (!is_quiet(lrs) || pcpu->ich_hcr != HCR_IDLE)
		hcr_write(pcpu, lrs->hcr);
}

static void lrs_from_hardware(struct pcpu *pcpu, struct vic_gic_lrs *lrs)
{
	for (uint32_t bits = lrs->used; bits; bits &= bits - 1) {
		unsigned int n = (unsigned int)__builtin_ctz(bits);

		lrs->lr[n] = lr_read(n);
	}
	lrs->vmcr = (uint32_t)sysreg_read(ich_vmcr_el2);
	if (!is_quiet(lrs)) {
		lrs->hcr = (uint32_t)sysreg_read(ich_hcr_el2);
		hcr_write(pcpu, 0);
	}
}

bool vgic_before_entry(struct pcpu *pcpu, struct vcpu *vcpu)
{
	vic_gic_flush(vcpu->gicr, &vcpu->lrs);
	switch (vic_vcpu_enter(vcpu->vic)) {
	case VIC_ENTER_AGAIN:
		return false;
	case VIC_ENTER_EXIT:
		gic_phys_kick(pcpu);
		break;
	case VIC_ENTER_GUEST:
		break;
	}
	lrs_to_hardware(pcpu, &vcpu->lrs);
	return true;
}

void vgic_after_exit(struct pcpu *pcpu, struct vcpu *vcpu, bool kicked)
{
	lrs_from_hardware(pcpu, &vcpu->lrs);
	vic_vcpu_exit(vcpu->vic, kicked);
	vic_gic_sync(vcpu->gicr, &vcpu->lrs);
}

bool vgic_block(struct vcpu *vcpu)
{
	aprs_read(&vcpu->lrs);
	return vic_gic_block(vcpu->gicr, &vcpu->lrs);
}
