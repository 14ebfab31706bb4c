/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "scenario.h"

#define MSR(offset) (VIC_MSR_X2APIC + (offset) / 16)
#define VECTOR 0x51u
#define TPR 0x30u
#define TPR_LOW 0x20u
#define CLUSTER 0xffffu
#define CAN_ALL (VIC_CAN_IRQ | VIC_CAN_NMI | VIC_CAN_SMI)

static void loop_icr_msr(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	struct target *t = b->first;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		if (!empty(b))
			b->bad |= vic_lapic_msr_write(
				lapic, MSR(VIC_APIC_ICR_LO), t->message);
		put_back(b, t);
	}
}

static void loop_icr_mmio(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	struct target *t = b->first;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		if (!empty(b)) {
			b->bad |= vic_lapic_mmio_write(lapic, VIC_APIC_ICR_HI,
						       4, t->message >> 32);
			b->bad |= vic_lapic_mmio_write(lapic, VIC_APIC_ICR_LO,
						       4, (uint32_t)t->message);
		}
		put_back(b, t);
	}
}

/* Lowest priority to a cluster: this target has it. */
static void loop_icr_arbitrate(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	struct target *t = b->first;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		vic_lapic_set_tpr(t->cpu->lapic, TPR_LOW);
		if (!empty(b))
			b->bad |= vic_lapic_msr_write(
				lapic, MSR(VIC_APIC_ICR_LO), t->message);
		put_back(b, t);
		vic_lapic_set_tpr(t->cpu->lapic, TPR);
	}
}

static void loop_broadcast(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b))
			b->bad |=
				vic_lapic_msr_write(lapic, MSR(VIC_APIC_ICR_LO),
						    VIC_ICR_OTHERS | VECTOR);
		for (uint32_t j = 0; j < b->count; j++)
			put_back(b, &b->targets[j]);
	}
}

static void loop_msi(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;
	struct target *t = b->first;

	for (uint64_t i = 0; i < iterations; i++, t = t->next) {
		if (!empty(b))
			b->bad |= vic_msi(m->bus, &m->device, t->message,
					  VECTOR) != 1;
		put_back(b, t);
	}
}

static void loop_scan(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	struct vic_work work;

	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			b->bad |= vic_lapic_scan(lapic, CAN_ALL, &work);
}

static void loop_exit_scan_enter(struct bench *b, uint64_t iterations)
{
	struct cpu *cpu = &b->machine.cpus[0];
	struct vic_work work;

	for (uint64_t i = 0; i < iterations; i++) {
		if (empty(b))
			continue;
		vic_vcpu_exit(cpu->vcpu, false);
		b->bad |= vic_lapic_scan(cpu->lapic, CAN_ALL, &work);
		b->bad |= vic_vcpu_enter(cpu->vcpu);
	}
}

static void loop_scan_ack_eoi(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	struct vic_work work;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b)) {
			b->bad |= vic_lapic_scan(lapic, CAN_ALL, &work) ^
				  VIC_WORK_IRQ;
			b->bad |= (unsigned)vic_lapic_ack(lapic, work.vector);
			b->bad |=
				vic_lapic_mmio_write(lapic, VIC_APIC_EOI, 4, 0);
		}
		put_back(b, b->targets);
	}
}

static void loop_write_eoi(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b))
			b->bad |=
				vic_lapic_mmio_write(lapic, VIC_APIC_EOI, 4, 0);
		put_back(b, b->targets);
	}
}

static void loop_read_tpr(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	uint64_t value = TPR;

	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			b->bad |= vic_lapic_mmio_read(lapic, VIC_APIC_TPR, 4,
						      &value);
	b->bad |= value != TPR;
}

static void loop_write_tpr(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;

	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			b->bad |= vic_lapic_mmio_write(lapic, VIC_APIC_TPR, 4,
						       i & 0xff);
	b->bad |=
		!b->empty && vic_lapic_tpr(lapic) != ((iterations - 1) & 0xff);
}

static void loop_read_id(struct bench *b, uint64_t iterations)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	uint64_t value = 0;

	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			b->bad |= vic_lapic_msr_read(lapic, MSR(VIC_APIC_ID),
						     &value);
	b->bad |= value != 0;
}

/* As a handler of performance counters does after each overflow. */
static void loop_write_lvt(struct bench *b, uint64_t iterations)
{
	const uint32_t nmi = VIC_MODE_NMI << VIC_ICR_MODE_SHIFT;
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;

	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			b->bad |= vic_lapic_msr_write(
				lapic, MSR(VIC_APIC_LVT_PERF), nmi);
}

/* What a tick costs: the guest arms, the host's timer goes off. */
static unsigned arm_and_fire(struct cpu *cpu, struct vic_counters *device)
{
	struct vic_deadline deadline;
	struct vic_work work;
	unsigned bad = 0;

	clock_now = 1;
	bad |= vic_lapic_msr_write(cpu->lapic, VIC_MSR_TSC_DEADLINE, 1000);
	bad |= vic_lapic_scan(cpu->lapic, CAN_ALL, &work) ^ VIC_WORK_TIMER;
	bad |= !vic_lapic_deadline(cpu->lapic, &deadline);
	clock_now = deadline.at;
	vic_vcpu_request(cpu->vcpu, device, VIC_REQUEST_TIMER, 0);
	bad |= ~vic_lapic_scan(cpu->lapic, CAN_ALL, &work) & VIC_WORK_IRQ;
	bad |= (unsigned)vic_lapic_ack(cpu->lapic, work.vector);
	bad |= vic_lapic_msr_write(cpu->lapic, MSR(VIC_APIC_EOI), 0);
	return bad;
}

static void loop_timer(struct bench *b, uint64_t iterations)
{
	struct machine *m = &b->machine;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b))
			b->bad |= arm_and_fire(&m->cpus[0], &m->device);
		put_back(b, b->targets);
	}
}

static void loop_save_restore(struct bench *b, uint64_t iterations)
{
	static unsigned char image[VIC_LAPIC_IMAGE_SIZE];
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;

	for (uint64_t i = 0; i < iterations; i++) {
		if (!empty(b)) {
			vic_lapic_save(lapic, image);
			b->bad |= (unsigned)vic_lapic_restore(
				lapic, image, sizeof(image), NULL);
		}
		put_back(b, b->targets);
	}
}

static void loop_boot(struct bench *b, uint64_t iterations)
{
	for (uint64_t i = 0; i < iterations; i++)
		if (!empty(b))
			b->bad |= machine_boot(&b->machine);
}

static uint64_t to_x2apic_id(uint32_t index)
{
	return (uint64_t)index << VIC_ICR_DEST_SHIFT | VECTOR;
}

static uint64_t to_xapic_id(uint32_t index)
{
	return (uint64_t)index << VIC_ICR_XAPIC_DEST_SHIFT | VECTOR;
}

static uint64_t to_cluster(uint32_t index)
{
	uint64_t mda = (uint64_t)(index >> 4) << 16 | 1u << (index & 15);

	return mda << VIC_ICR_DEST_SHIFT | VIC_ICR_LOGICAL | VECTOR;
}

static uint64_t to_lowest(uint32_t index)
{
	(void)index;
	return (uint64_t)CLUSTER << VIC_ICR_DEST_SHIFT | VIC_ICR_LOGICAL |
	       VIC_MODE_LOWEST << VIC_ICR_MODE_SHIFT | VECTOR;
}

static uint64_t to_flat(uint32_t index)
{
	return UINT64_C(1) << (VIC_ICR_XAPIC_DEST_SHIFT + index) |
	       VIC_ICR_LOGICAL | VECTOR;
}

static uint64_t to_msi(uint32_t index)
{
	return VIC_MSI_BASE | index << VIC_MSI_DEST_SHIFT;
}

static void post(struct bench *b, struct target *t, uint8_t vector)
{
	struct vic_vcpu *vcpu = (struct vic_vcpu *)t->regions[0].at;
	enum vic_post result =
		vic_vcpu_post(vcpu, &b->machine.device, vector, false);

	if (result == VIC_POST_MERGED || result == VIC_POST_REFUSED)
		die("a vector cannot be posted");
}

static void posted(struct bench *b, struct target *t)
{
	post(b, t, VECTOR);
}

/* Another vector came first: the target has been told. */
static void told(struct bench *b, struct target *t)
{
	post(b, t, VECTOR + 1);
}

static void in_service(struct bench *b, struct target *t)
{
	struct vic_lapic *lapic = b->machine.cpus[0].lapic;
	struct vic_work work;

	post(b, t, VECTOR);
	if (vic_lapic_scan(lapic, VIC_CAN_IRQ, &work) != VIC_WORK_IRQ)
		die("a scan does not find the vector that was posted");
	must(vic_lapic_ack(lapic, work.vector), "ack fails");
}

/* The message gets a vector with which it goes to this target. */
static void hashed(struct bench *b, struct target *t)
{
	uint32_t index = 0;
	struct vic_targets found = {.indices = &index, .capacity = 1};

	t->message &= ~(uint64_t)VIC_ICR_VECTOR;
	for (uint32_t vector = VIC_VECTOR_MIN; vector < 256; vector++) {
		vic_apic_bus_compile(b->machine.bus, b->machine.cpus[0].vcpu,
				     VIC_SEND_X2APIC_ICR, t->message | vector,
				     &found);
		if (found.count == 1 && index == vic_vcpu_index(t->cpu->vcpu)) {
			t->message |= vector;
			return;
		}
	}
	die("no vector leads to a target");
}

static void busy(struct bench *b, struct target *t)
{
	vic_lapic_set_tpr(b->machine.cpus[0].lapic, TPR);
	vic_lapic_set_tpr(t->cpu->lapic, TPR);
}

static void timer_is_set(struct bench *b, struct target *t)
{
	(void)t;
	must((int)vic_lapic_msr_write(b->machine.cpus[0].lapic,
				      MSR(VIC_APIC_LVT_TIMER),
				      VIC_LVT_TSC_DEADLINE | VECTOR),
	     "LVT TIMER refuses to be written");
}

static void tpr_is_set(struct bench *b, struct target *t)
{
	(void)t;
	vic_lapic_set_tpr(b->machine.cpus[0].lapic, TPR);
}

const struct scenario apic_scenarios[] = {
	{
		.name = "icr_x2apic_unicast",
		.sizes = {2, 16, 64, 255, 1024, 4096},
		.loop = loop_icr_msr,
		.machine = MACHINE_X2APIC,
		.guest = true,
		.regions = 1,
		.message = to_x2apic_id,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "icr_xapic_unicast",
		.sizes = {2, 16, 64, 255},
		.loop = loop_icr_mmio,
		.guest = true,
		.regions = 1,
		.message = to_xapic_id,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "icr_cluster",
		.sizes = {16, 1024},
		.loop = loop_icr_msr,
		.machine = MACHINE_X2APIC,
		.guest = true,
		.regions = 1,
		.message = to_cluster,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "icr_flat",
		.sizes = {8},
		.loop = loop_icr_mmio,
		.machine = MACHINE_FLAT,
		.guest = true,
		.regions = 1,
		.message = to_flat,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "icr_broadcast",
		.sizes = {16, 255, 1024},
		.loop = loop_broadcast,
		.machine = MACHINE_X2APIC,
		.broadcast = true,
		.regions = 1,
		.effect.vectors.silent = 1,
	},
	{
		.name = "icr_broadcast_coalesced",
		.sizes = {16, 255, 1024},
		.loop = loop_broadcast,
		.machine = MACHINE_X2APIC,
		.broadcast = true,
		.guest = true,
		.regions = 1,
		.prepare = told,
		.effect.vectors.coalesced = 1,
	},
	{
		.name = "icr_broadcast_kick",
		.sizes = {16, 255, 1024},
		.loop = loop_broadcast,
		.machine = MACHINE_X2APIC,
		.broadcast = true,
		.guest = true,
		.regions = 1,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "icr_already_pending",
		.sizes = {16},
		.loop = loop_icr_msr,
		.machine = MACHINE_X2APIC,
		.guest = true,
		.prepare = posted,
		.message = to_x2apic_id,
		.effect.vectors.merged = 1,
	},
	{
		.name = "icr_lowest_priority_hash",
		.sizes = {16},
		.loop = loop_icr_msr,
		.machine = MACHINE_X2APIC,
		.guest = true,
		.regions = 1,
		.prepare = hashed,
		.message = to_lowest,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "icr_lowest_priority_arb",
		.sizes = {16},
		.loop = loop_icr_arbitrate,
		.machine = MACHINE_X2APIC | MACHINE_ARBITRATE,
		.guest = true,
		.regions = 1,
		.prepare = busy,
		.message = to_lowest,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "scan_idle",
		.sizes = {1},
		.loop = loop_scan,
	},
	{
		.name = "exit_scan_enter_idle",
		.sizes = {1},
		.loop = loop_exit_scan_enter,
		.guest = true,
		.effect = {.enters = 1, .exits = 1},
	},
	{
		.name = "scan_ack_eoi",
		.sizes = {1},
		.loop = loop_scan_ack_eoi,
		.regions = MAX_REGIONS,
		.prepare = posted,
		.effect = {.acked = 1, .eois = 1},
	},
	{
		.name = "mmio_read_tpr",
		.sizes = {1},
		.loop = loop_read_tpr,
		.prepare = tpr_is_set,
	},
	{
		.name = "mmio_write_tpr",
		.sizes = {1},
		.loop = loop_write_tpr,
	},
	{
		.name = "mmio_write_eoi",
		.sizes = {1},
		.loop = loop_write_eoi,
		.regions = MAX_REGIONS,
		.prepare = in_service,
		.effect.eois = 1,
	},
	{
		.name = "msr_read_id",
		.sizes = {1},
		.loop = loop_read_id,
		.machine = MACHINE_X2APIC,
	},
	{
		.name = "lvt_write",
		.sizes = {1},
		.loop = loop_write_lvt,
		.machine = MACHINE_X2APIC,
	},
	{
		.name = "timer_tscdeadline_arm_fire",
		.sizes = {1},
		.loop = loop_timer,
		.machine = MACHINE_X2APIC,
		.regions = MAX_REGIONS,
		.prepare = timer_is_set,
		.effect = {.vectors.silent = 1, .acked = 1, .eois = 1},
	},
	{
		.name = "save_restore",
		.sizes = {1},
		.loop = loop_save_restore,
		.machine = MACHINE_X2APIC,
		.regions = MAX_REGIONS,
	},
	{
		.name = "msi_fixed",
		.sizes = {16},
		.loop = loop_msi,
		.machine = MACHINE_X2APIC,
		.guest = true,
		.regions = 1,
		.message = to_msi,
		.effect.vectors.kicked = 1,
	},
	{
		.name = "boot_vcpus",
		.sizes = {64, 1024, 4096},
		.loop = loop_boot,
		.boots = true,
		.effect.wakes = 2,
	},
};
const unsigned apic_scenario_count =
	sizeof(apic_scenarios) / sizeof(apic_scenarios[0]);
