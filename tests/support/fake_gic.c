/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "fake_gic.h"

#include <string.h>

#define MAX_VCPUS (2 * VIC_GIC_MAX_VCPUS)
#define STORAGE_BYTES (64u << 20)
#define GARBAGE 0xa5
#define REGION_STRIDE 0x10000000ull

static _Alignas(VIC_CACHE_LINE) unsigned char storage[STORAGE_BYTES];
static size_t storage_used;
static struct fake_gic_cpu cpus[MAX_VCPUS];
static uint32_t cpus_used;

static void count_wake(void *opaque)
{
	((struct fake_gic_cpu *)opaque)->wakes++;
}

static void count_kick(void *opaque)
{
	((struct fake_gic_cpu *)opaque)->kicks++;
}

static void count_eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct fake_gic_cpu *cpu = opaque;

	cpu->eois++;
	cpu->eoi_source = source;
	cpu->eoi_number = number;
	if (cpu->eoi_lowers)
		fake_gic_line(cpu, number, false);
}

static void count_hw_set_active(void *opaque, uint32_t pintid, bool active)
{
	struct fake_gic_cpu *cpu = opaque;

	assert_true(pintid < FAKE_COUNT(cpu->hw_active));
	cpu->hw_sets++;
	cpu->hw_active[pintid] = active;
}

static bool read_hw_line(void *opaque, uint32_t intid)
{
	(void)intid;
	return ((struct fake_gic_cpu *)opaque)->hw_line;
}

const struct vic_vcpu_ops fake_gic_ops = {
	.size = sizeof(fake_gic_ops),
	.wake = count_wake,
	.kick = count_kick,
	.eoi = count_eoi,
	.hw_set_active = count_hw_set_active,
	.hw_line = read_hw_line,
};

int fake_gic_reset(void **state)
{
	(void)state;
	storage_used = 0;
	cpus_used = 0;
	return 0;
}

void *fake_gic_storage(size_t size)
{
	unsigned char *bytes = storage + storage_used;

	assert_true(size > 0 && size <= STORAGE_BYTES - storage_used);
	memset(bytes, GARBAGE, size);
	storage_used +=
		(size + VIC_CACHE_LINE - 1) & ~(size_t)(VIC_CACHE_LINE - 1);
	return bytes;
}

int fake_gic_add(struct fake_gic *vm, uint32_t index, uint32_t affinity,
		 uint32_t nr_lrs)
{
	struct fake_gic_cpu *cpu = &vm->cpu[index];
	struct vic_vcpu_config vcpu_config = {
		.size = sizeof(vcpu_config),
		.index = index,
		.ops = vm->config.ops,
		.opaque = cpu,
	};
	struct vic_gicr_config config = {
		.size = sizeof(config),
		.gic = vm->gic,
		.affinity = affinity,
		.nr_lrs = nr_lrs,
	};
	size_t size = vic_gicr_size(vm->gic);

	memset(cpu, 0, sizeof(*cpu));
	cpu->vm = vm;
	cpu->nr_lrs = nr_lrs;
	cpu->hw_line = true;
	cpu->lrs.vmcr = FAKE_VMCR;
	cpu->lrs.prebits = 5;
	assert_int_equal(vic_vcpu_init(fake_gic_storage(VIC_VCPU_SIZE),
				       VIC_VCPU_SIZE, &vcpu_config, &cpu->vcpu),
			 VIC_OK);
	config.vcpu = cpu->vcpu;
	return vic_gicr_init(fake_gic_storage(size), size, &config, &cpu->gicr);
}

static void
lay_out(struct vic_gic_config *config, const struct fake_gic_spec *spec)
{
	uint32_t n = 0;

	while (n < VIC_GIC_MAX_REGIONS && spec->regions[n]) {
		config->regions[n].base = FAKE_GICR_BASE + n * REGION_STRIDE;
		config->regions[n].count = spec->regions[n];
		n++;
	}
	if (n == 0) {
		config->regions[0].base = FAKE_GICR_BASE;
		config->regions[0].count = spec->vcpus;
		n = 1;
	}
	config->nr_regions = n;
}

void fake_gic_make(struct fake_gic *vm, const struct fake_gic_spec *spec)
{
	uint32_t present = spec->present ? spec->present : spec->vcpus;
	uint32_t i;
	size_t size;

	assert_true(spec->vcpus <= MAX_VCPUS - cpus_used);
	memset(vm, 0, sizeof(*vm));
	vm->config = (struct vic_gic_config){
		.size = sizeof(vm->config),
		.flags = spec->flags,
		.max_vcpus = spec->vcpus,
		.spis = spec->spis ? spec->spis : 64,
		.espis = spec->espis,
		.eppis = spec->eppis,
		.iidr = FAKE_IIDR,
		.gicd_base = FAKE_GICD_BASE,
		.ops = spec->ops ? spec->ops : &fake_gic_ops,
		.matrix = spec->matrix,
	};
	lay_out(&vm->config, spec);
	size = vic_gic_size(&vm->config);
	assert_int_equal(vic_gic_init(fake_gic_storage(size), size, &vm->config,
				      &vm->gic),
			 VIC_OK);
	vm->cpu = cpus + cpus_used;
	cpus_used += spec->vcpus;
	for (i = 0; i < present; i++) {
		uint32_t affinity = spec->affinities ? spec->affinities[i] : i;

		assert_int_equal(fake_gic_add(vm, i, affinity,
					      spec->nr_lrs ? spec->nr_lrs : 4),
				 VIC_OK);
		vm->count++;
		if (!spec->raw)
			fake_gicr_write(&vm->cpu[i], VIC_GICR_WAKER, 0);
	}
	if (!spec->raw)
		fake_gicd_write(&vm->cpu[0], VIC_GICD_CTLR,
				VIC_GICD_CTLR_GRP0 | VIC_GICD_CTLR_GRP1);
}

void fake_gic_plain(struct fake_gic *vm, uint32_t vcpus)
{
	struct fake_gic_spec spec = {.vcpus = vcpus};

	fake_gic_make(vm, &spec);
}

uint64_t fake_gicr_at(const struct fake_gic_cpu *cpu, uint32_t offset)
{
	const struct vic_gic_config *config = &cpu->vm->config;
	uint32_t index = (uint32_t)(cpu - cpu->vm->cpu);
	uint32_t n = 0;

	while (index >= config->regions[n].count)
		index -= config->regions[n++].count;
	return config->regions[n].base + (uint64_t)index * VIC_GICR_FRAME_SIZE +
	       offset;
}

uint64_t fake_gic_load(struct fake_gic_cpu *by, uint64_t address, uint32_t len)
{
	uint64_t value = 0x5a5a5a5a5a5a5a5a;

	assert_int_equal(vic_gic_mmio_read(by->gicr, address, len, &value),
			 VIC_ACCESS_DONE);
	return value;
}

void fake_gic_store(struct fake_gic_cpu *by, uint64_t address, uint32_t len,
		    uint64_t value)
{
	assert_int_equal(vic_gic_mmio_write(by->gicr, address, len, value),
			 VIC_ACCESS_DONE);
}

uint32_t fake_gicd_read(struct fake_gic_cpu *cpu, uint32_t offset)
{
	return (uint32_t)fake_gic_load(cpu, FAKE_GICD_BASE + offset, 4);
}

void fake_gicd_write(struct fake_gic_cpu *cpu, uint32_t offset, uint32_t value)
{
	fake_gic_store(cpu, FAKE_GICD_BASE + offset, 4, value);
}

uint32_t fake_gicr_read(struct fake_gic_cpu *cpu, uint32_t offset)
{
	return (uint32_t)fake_gic_load(cpu, fake_gicr_at(cpu, offset), 4);
}

void fake_gicr_write(struct fake_gic_cpu *cpu, uint32_t offset, uint32_t value)
{
	fake_gic_store(cpu, fake_gicr_at(cpu, offset), 4, value);
}

uint64_t fake_gic_field(const struct fake_gic_cpu *of, enum fake_field field,
			uint32_t intid)
{
	static const struct {
		uint32_t offset, extended, bits;
	} rows[] = {
		{VIC_GICD_IGROUPR, VIC_GICD_IGROUPRE, 1},
		{VIC_GICD_ISENABLER, VIC_GICD_ISENABLERE, 1},
		{VIC_GICD_ICENABLER, VIC_GICD_ICENABLERE, 1},
		{VIC_GICD_ISPENDR, VIC_GICD_ISPENDRE, 1},
		{VIC_GICD_ICPENDR, VIC_GICD_ICPENDRE, 1},
		{VIC_GICD_ISACTIVER, VIC_GICD_ISACTIVERE, 1},
		{VIC_GICD_ICACTIVER, VIC_GICD_ICACTIVERE, 1},
		{VIC_GICD_IPRIORITYR, VIC_GICD_IPRIORITYRE, 8},
		{VIC_GICD_ICFGR, VIC_GICD_ICFGRE, 2},
	};
	uint32_t bits = rows[field].bits;
	uint32_t offset = rows[field].offset;
	uint64_t frame = FAKE_GICD_BASE;

	if (intid >= VIC_INTID_ESPI) {
		offset = rows[field].extended;
		intid -= VIC_INTID_ESPI;
	} else if (intid >= VIC_INTID_EPPI || intid < VIC_INTID_SPI) {
		/* GICR_*<n>E follow as if they were INTIDs from 32 on. */
		frame = fake_gicr_at(of, VIC_GICR_SGI_BASE);
		intid &= 1023;
	}
	if (bits == 8)
		return frame + offset + intid;
	return frame + offset + intid * bits / 32 * 4;
}

void fake_gic_set_by(struct fake_gic_cpu *by, struct fake_gic_cpu *of,
		     enum fake_field field, uint32_t intid)
{
	fake_gic_store(by, fake_gic_field(of, field, intid), 4,
		       UINT64_C(1) << intid % 32);
}

void fake_gic_set(struct fake_gic_cpu *cpu, enum fake_field field,
		  uint32_t intid)
{
	fake_gic_set_by(cpu, cpu, field, intid);
}

bool fake_gic_get(struct fake_gic_cpu *cpu, enum fake_field field,
		  uint32_t intid)
{
	uint64_t word =
		fake_gic_load(cpu, fake_gic_field(cpu, field, intid), 4);

	if (field == FAKE_CONFIG)
		return ((word >> (intid % 16 * 2 + 1)) & 1) != 0;
	return ((word >> intid % 32) & 1) != 0;
}

static void
put_bit(struct fake_gic_cpu *cpu, uint64_t address, uint32_t position, bool on)
{
	uint64_t bit = UINT64_C(1) << position;
	uint64_t word = fake_gic_load(cpu, address, 4);

	fake_gic_store(cpu, address, 4, on ? word | bit : word & ~bit);
}

void fake_gic_group(struct fake_gic_cpu *cpu, uint32_t intid, bool group1)
{
	put_bit(cpu, fake_gic_field(cpu, FAKE_GROUP, intid), intid % 32,
		group1);
}

void fake_gic_edge(struct fake_gic_cpu *cpu, uint32_t intid, bool edge)
{
	put_bit(cpu, fake_gic_field(cpu, FAKE_CONFIG, intid),
		intid % 16 * 2 + 1, edge);
}

void fake_gic_priority(struct fake_gic_cpu *cpu, uint32_t intid,
		       uint8_t priority)
{
	fake_gic_store(cpu, fake_gic_field(cpu, FAKE_PRIORITY, intid), 1,
		       priority);
}

static uint64_t router(uint32_t intid)
{
	if (intid >= VIC_INTID_ESPI)
		return FAKE_GICD_BASE + VIC_GICD_IROUTERE +
		       (intid - VIC_INTID_ESPI) * UINT64_C(8);
	return FAKE_GICD_BASE + VIC_GICD_IROUTER + intid * UINT64_C(8);
}

void fake_gic_route(struct fake_gic_cpu *cpu, uint32_t intid, uint64_t value)
{
	fake_gic_store(cpu, router(intid), 8, value);
}

uint64_t fake_gic_routed(struct fake_gic_cpu *cpu, uint32_t intid)
{
	return fake_gic_load(cpu, router(intid), 8);
}

void fake_gic_ready(struct fake_gic_cpu *cpu, uint32_t intid, uint8_t priority)
{
	if (intid >= VIC_INTID_PPI)
		fake_gic_edge(cpu, intid, true);
	fake_gic_priority(cpu, intid, priority);
	fake_gic_set(cpu, FAKE_ENABLE, intid);
}

void fake_gic_ready_level(struct fake_gic_cpu *cpu, uint32_t intid,
			  uint8_t priority)
{
	fake_gic_edge(cpu, intid, false);
	fake_gic_priority(cpu, intid, priority);
	fake_gic_set(cpu, FAKE_ENABLE, intid);
}

enum vic_post
fake_gic_line(struct fake_gic_cpu *cpu, uint32_t intid, bool level)
{
	return vic_gic_line_set(cpu->vm->gic, cpu->gicr, &cpu->vm->device,
				intid, 0, level);
}

enum vic_post fake_gic_pulse(struct fake_gic_cpu *cpu, uint32_t intid)
{
	enum vic_post post = fake_gic_line(cpu, intid, true);

	fake_gic_line(cpu, intid, false);
	return post;
}

struct vic_gic_state fake_gic_peek(struct fake_gic_cpu *cpu, uint32_t intid)
{
	struct vic_gic_state state;

	memset(&state, GARBAGE, sizeof(state));
	assert_int_equal(vic_gic_peek(cpu->vm->gic, cpu->gicr, intid, &state),
			 VIC_OK);
	return state;
}

void fake_gic_sleep(struct fake_gic_cpu *cpu)
{
	unsigned int tries = 0;

	while (!vic_gic_block(cpu->gicr, &cpu->lrs)) {
		assert_false(vic_gic_deliverable(cpu->gicr, &cpu->lrs));
		assert_true(++tries < 3);
		fake_gic_flush(cpu);
		vic_gic_sync(cpu->gicr, &cpu->lrs);
	}
}

void fake_gic_rise(struct fake_gic_cpu *cpu)
{
	vic_vcpu_unblock(cpu->vcpu);
}
