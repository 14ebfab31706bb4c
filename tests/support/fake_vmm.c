/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "fake_vmm.h"

#include <string.h>

#define MAX_VCPUS (VIC_BUS_MAX_VCPUS + 64)
#define MAX_BUS_BYTES (4u << 20)
#define GARBAGE 0xa5

struct storage {
	_Alignas(VIC_CACHE_LINE) unsigned char vcpu[VIC_VCPU_SIZE];
	_Alignas(VIC_CACHE_LINE) unsigned char lapic[VIC_LAPIC_SIZE];
};

static _Alignas(
	VIC_APIC_PAGE_SIZE) unsigned char pages[MAX_VCPUS][VIC_APIC_PAGE_SIZE];
static struct storage storages[MAX_VCPUS];
static _Alignas(VIC_CACHE_LINE) unsigned char bus_bytes[MAX_BUS_BYTES];
static struct fake_vcpu vcpus[MAX_VCPUS];
static uint32_t vcpus_used;
static size_t bus_used;

static void count_wake(void *opaque)
{
	((struct fake_vcpu *)opaque)->wakes++;
}

static void count_kick(void *opaque)
{
	((struct fake_vcpu *)opaque)->kicks++;
}

static void count_eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct fake_vcpu *cpu = opaque;

	cpu->eois++;
	cpu->eoi_source = source;
	cpu->eoi_number = number;
}

static uint64_t read_clock(void *opaque, uint32_t clock)
{
	const struct fake_vm *vm = ((struct fake_vcpu *)opaque)->vm;

	assert_true(clock == VIC_CLOCK_TSC || clock == VIC_CLOCK_BUS);
	return clock == VIC_CLOCK_TSC ? vm->tsc : vm->ticks;
}

static uint8_t count_inta(void *opaque)
{
	struct fake_vcpu *cpu = opaque;

	cpu->intas++;
	return cpu->inta_vector;
}

static void count_notify(void *opaque, uint32_t dest, uint8_t vector)
{
	struct fake_vcpu *cpu = opaque;

	cpu->notifies++;
	cpu->notify_dest = dest;
	cpu->notify_vector = vector;
}

const struct vic_vcpu_ops fake_ops = {
	.size = sizeof(fake_ops),
	.wake = count_wake,
	.kick = count_kick,
	.eoi = count_eoi,
	.now = read_clock,
	.inta = count_inta,
	.notify = count_notify,
};

int fake_reset(void **state)
{
	(void)state;
	vcpus_used = 0;
	bus_used = 0;
	return 0;
}

/* The builder's own messages are not the test's. */
static void
request(struct fake_vcpu *cpu, enum vic_request request, uint8_t argument)
{
	struct vic_counters scratch = {0};

	vic_vcpu_request(cpu->vcpu, &scratch, request, argument);
}

void fake_vcpu_start(struct fake_vcpu *cpu)
{
	struct vic_work work;

	if (vic_lapic_scan(cpu->lapic, 0, &work) &
	    (VIC_WORK_WAIT_SIPI | VIC_WORK_SIPI)) {
		request(cpu, VIC_REQUEST_SIPI, 0x10);
		assert_true(vic_lapic_scan(cpu->lapic, 0, &work) &
			    VIC_WORK_SIPI);
		assert_int_equal(vic_lapic_ack_sipi(cpu->lapic), VIC_OK);
	}
	fake_write(cpu, VIC_APIC_SVR, VIC_SVR_RESET | VIC_SVR_ENABLE);
}

int fake_vcpu_add_at(struct fake_vm *vm, uint32_t slot, uint32_t index,
		     uint32_t id, uint32_t lapic_flags)
{
	struct fake_vcpu *cpu = &vm->cpu[slot];
	size_t n = (size_t)(cpu - vcpus);
	struct vic_vcpu_config vcpu_config = {
		.size = sizeof(vcpu_config),
		.index = index,
		.ops = vm->ops,
		.opaque = cpu,
	};
	struct vic_lapic_config config = {
		.size = sizeof(config),
		.flags = lapic_flags,
		.id = id,
		.bus = vm->bus,
		.page = pages[n],
	};

	memset(cpu, 0, sizeof(*cpu));
	memset(&storages[n], GARBAGE, sizeof(storages[n]));
	memset(pages[n], GARBAGE, sizeof(pages[n]));
	cpu->vm = vm;
	cpu->page = pages[n];
	assert_int_equal(vic_vcpu_init(storages[n].vcpu, VIC_VCPU_SIZE,
				       &vcpu_config, &cpu->vcpu),
			 VIC_OK);
	config.vcpu = cpu->vcpu;
	return vic_lapic_init(storages[n].lapic, VIC_LAPIC_SIZE, &config,
			      &cpu->lapic);
}

int fake_vcpu_add(struct fake_vm *vm, uint32_t index, uint32_t id,
		  uint32_t lapic_flags)
{
	return fake_vcpu_add_at(vm, index, index, id, lapic_flags);
}

void fake_vm_make(struct fake_vm *vm, const struct fake_spec *spec)
{
	struct vic_apic_bus_config config = {
		.size = sizeof(config),
		.flags = spec->bus_flags,
		.max_vcpus = spec->vcpus,
		.msi_format = spec->msi_format,
		.matrix = spec->matrix,
	};
	size_t size = vic_apic_bus_size(spec->vcpus);
	uint32_t i;

	assert_true(size > 0 && size <= MAX_BUS_BYTES - bus_used);
	assert_true(spec->vcpus <= MAX_VCPUS - vcpus_used);
	memset(vm, 0, sizeof(*vm));
	memset(bus_bytes + bus_used, GARBAGE, size);
	assert_int_equal(vic_apic_bus_init(bus_bytes + bus_used, size, &config,
					   &vm->bus),
			 VIC_OK);
	bus_used += (size + VIC_CACHE_LINE - 1) & ~(size_t)(VIC_CACHE_LINE - 1);
	vm->ops = spec->ops ? spec->ops : &fake_ops;
	vm->cpu = vcpus + vcpus_used;
	vm->count = spec->present ? spec->present : spec->vcpus;
	vcpus_used += spec->vcpus;
	for (i = 0; i < vm->count; i++) {
		uint32_t id = spec->ids ? spec->ids[i] : i;
		uint32_t bsp = i == 0 ? VIC_LAPIC_BSP : 0;

		assert_int_equal(
			fake_vcpu_add(vm, i, id, spec->lapic_flags | bsp),
			VIC_OK);
		if (!spec->raw)
			fake_vcpu_start(&vm->cpu[i]);
	}
}

void fake_vm_plain(struct fake_vm *vm, uint32_t count, bool x2apic)
{
	struct fake_spec spec = {
		.vcpus = count,
		.lapic_flags = x2apic ? VIC_LAPIC_X2APIC : 0,
	};

	fake_vm_make(vm, &spec);
}

static bool in_x2apic(const struct fake_vcpu *cpu)
{
	return (vic_lapic_base(cpu->lapic) & VIC_APIC_BASE_EXTD) != 0;
}

void fake_write_base(const struct fake_vcpu *cpu, uint64_t value)
{
	assert_int_equal(
		vic_lapic_msr_write(cpu->lapic, VIC_MSR_APIC_BASE, value),
		VIC_ACCESS_DONE);
}

void fake_hardware_enable(struct fake_vcpu *cpu, bool enable)
{
	uint64_t base = vic_lapic_base(cpu->lapic);

	base &= ~(uint64_t)(VIC_APIC_BASE_EN | VIC_APIC_BASE_EXTD);
	fake_write_base(cpu, enable ? base | VIC_APIC_BASE_EN : base);
}

void fake_x2apic(struct fake_vcpu *cpu)
{
	fake_write_base(cpu, vic_lapic_base(cpu->lapic) | VIC_APIC_BASE_EXTD);
}

uint64_t fake_read(const struct fake_vcpu *cpu, uint32_t offset)
{
	uint64_t value = 0;
	enum vic_access access;

	if (in_x2apic(cpu))
		access = vic_lapic_msr_read(cpu->lapic, FAKE_MSR(offset),
					    &value);
	else
		access = vic_lapic_mmio_read(cpu->lapic, offset, 4, &value);
	assert_int_equal(access, VIC_ACCESS_DONE);
	return value;
}

void fake_write(const struct fake_vcpu *cpu, uint32_t offset, uint64_t value)
{
	enum vic_access access;

	if (in_x2apic(cpu))
		access = vic_lapic_msr_write(cpu->lapic, FAKE_MSR(offset),
					     value);
	else
		access = vic_lapic_mmio_write(cpu->lapic, offset, 4, value);
	assert_int_equal(access, VIC_ACCESS_DONE);
}

uint32_t fake_page(const struct fake_vcpu *cpu, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, cpu->page + offset, sizeof(value));
	return value;
}

enum vic_post fake_post(struct fake_vcpu *cpu, uint8_t vector, bool level)
{
	return vic_vcpu_post(cpu->vcpu, &cpu->vm->device, vector, level);
}

struct vic_vcpu_inbox fake_inbox(const struct fake_vcpu *cpu)
{
	struct vic_vcpu_inbox inbox;

	vic_vcpu_peek(cpu->vcpu, &inbox);
	return inbox;
}

void fake_request(struct fake_vcpu *cpu, enum vic_request request,
		  uint8_t argument)
{
	vic_vcpu_request(cpu->vcpu, &cpu->vm->device, request, argument);
}

void fake_harvest(const struct fake_vcpu *cpu)
{
	struct vic_work work;

	vic_lapic_scan(cpu->lapic, 0, &work);
}

void fake_lint0(struct fake_vcpu *cpu, bool high)
{
	fake_request(cpu, VIC_REQUEST_LINT0, high);
	fake_harvest(cpu);
}

void fake_lint1(struct fake_vcpu *cpu, bool high)
{
	fake_request(cpu, VIC_REQUEST_LINT1, high);
	fake_harvest(cpu);
}

void fake_alarm(struct fake_vcpu *cpu)
{
	fake_request(cpu, VIC_REQUEST_TIMER, 0);
	fake_harvest(cpu);
}

bool fake_armed(const struct fake_vcpu *cpu)
{
	struct vic_deadline deadline;

	return vic_lapic_deadline(cpu->lapic, &deadline);
}

bool fake_told(const struct fake_vcpu *cpu)
{
	struct vic_work work;
	uint32_t flags = vic_lapic_scan(cpu->lapic, 0, &work);

	assert_int_equal(flags, work.flags);
	assert_false(vic_lapic_scan(cpu->lapic, 0, &work) & VIC_WORK_TIMER);
	return flags & VIC_WORK_TIMER;
}

void fake_write_deadline(const struct fake_vcpu *cpu, uint64_t value)
{
	assert_int_equal(
		vic_lapic_msr_write(cpu->lapic, VIC_MSR_TSC_DEADLINE, value),
		VIC_ACCESS_DONE);
}

/* High, seen, and low again. */
static void pulse(struct fake_vcpu *cpu, enum vic_request pin)
{
	fake_request(cpu, pin, 1);
	fake_harvest(cpu);
	fake_request(cpu, pin, 0);
}

void fake_fire(struct fake_vcpu *cpu, uint32_t offset)
{
	switch (offset) {
	case VIC_APIC_LVT_LINT0:
		pulse(cpu, VIC_REQUEST_LINT0);
		break;
	case VIC_APIC_LVT_LINT1:
		pulse(cpu, VIC_REQUEST_LINT1);
		break;
	case VIC_APIC_LVT_THERMAL:
		fake_request(cpu, VIC_REQUEST_THERMAL, 0);
		break;
	case VIC_APIC_LVT_PERF:
		fake_request(cpu, VIC_REQUEST_PERF, 0);
		break;
	case VIC_APIC_LVT_CMCI:
		fake_request(cpu, VIC_REQUEST_CMCI, 0);
		break;
	case VIC_APIC_LVT_TIMER:
		/* Long enough for every divisor. */
		fake_write(cpu, VIC_APIC_TIMER_ICR, 1);
		cpu->vm->ticks += 128;
		fake_request(cpu, VIC_REQUEST_TIMER, 0);
		break;
	default:
		assert_int_equal(offset, VIC_APIC_LVT_ERROR);
		fake_icr(cpu, VIC_ICR_SELF | 3);
		break;
	}
	fake_harvest(cpu);
}

uint32_t fake_todo(const struct fake_vcpu *cpu)
{
	struct vic_work work;

	return vic_lapic_scan(cpu->lapic, FAKE_CAN_ALL, &work) &
	       ~(uint32_t)VIC_WORK_TIMER;
}

uint8_t fake_deliverable(const struct fake_vcpu *cpu)
{
	struct vic_work work;
	uint32_t flags = vic_lapic_scan(cpu->lapic, VIC_CAN_IRQ, &work);

	assert_int_equal(flags, work.flags);
	return flags & VIC_WORK_IRQ ? work.vector : 0;
}

bool fake_bit(const struct fake_vcpu *cpu, uint32_t offset, uint8_t vector)
{
	uint64_t word = fake_read(cpu, offset + vector / 32u * 16u);

	return ((word >> (vector % 32u)) & 1) != 0;
}

uint64_t fake_esr(const struct fake_vcpu *cpu)
{
	fake_write(cpu, VIC_APIC_ESR, 0);
	return fake_read(cpu, VIC_APIC_ESR);
}

void fake_complete(const struct fake_vcpu *cpu, uint8_t vector)
{
	assert_int_equal(fake_deliverable(cpu), vector);
	assert_int_equal(vic_lapic_ack(cpu->lapic, vector), VIC_OK);
	fake_write(cpu, VIC_APIC_EOI, 0);
}

bool fake_complete_any(const struct fake_vcpu *cpu, uint8_t vector)
{
	if (!fake_deliverable(cpu))
		return false;
	fake_complete(cpu, vector);
	assert_int_equal(fake_deliverable(cpu), 0);
	return true;
}

void fake_serve(struct fake_vm *vm, struct fake_vcpu *cpu, uint8_t vector)
{
	vic_vcpu_post(cpu->vcpu, &vm->device, vector, false);
	fake_harvest(cpu);
	assert_int_equal(vic_lapic_ack(cpu->lapic, vector), VIC_OK);
}

void fake_icr(const struct fake_vcpu *cpu, uint64_t icr)
{
	if (!in_x2apic(cpu)) {
		fake_write(cpu, VIC_APIC_ICR_HI, icr >> 32);
		icr &= UINT32_MAX;
	}
	fake_write(cpu, VIC_APIC_ICR_LO, icr);
}

uint64_t fake_take(struct fake_vm *vm, uint8_t vector)
{
	uint64_t taken = 0;
	uint32_t i;

	for (i = 0; i < vm->count; i++) {
		struct fake_vcpu *cpu = &vm->cpu[i];
		int err;

		fake_harvest(cpu);
		err = vic_lapic_ack(cpu->lapic, vector);
		if (err == VIC_ERR_ABSENT)
			continue;
		assert_int_equal(err, VIC_OK);
		taken |= UINT64_C(1) << i;
		assert_true(fake_bit(cpu, VIC_APIC_ISR, vector));
		fake_write(cpu, VIC_APIC_EOI, 0);
	}
	return taken;
}

uint64_t fake_work(struct fake_vm *vm, uint32_t flags)
{
	struct vic_work work;
	uint64_t found = 0;
	uint32_t i;

	for (i = 0; i < vm->count; i++)
		if (vic_lapic_scan(vm->cpu[i].lapic, FAKE_CAN_ALL, &work) &
		    flags)
			found |= UINT64_C(1) << i;
	return found;
}

static uint64_t compile(struct fake_vm *vm, uint32_t sender, uint64_t icr)
{
	enum vic_send_register reg = VIC_SEND_XAPIC_ICR;
	uint32_t indices[64];
	struct vic_targets targets = {
		.indices = indices,
		.capacity = FAKE_COUNT(indices),
	};
	uint64_t named = 0;
	uint32_t i;

	if (in_x2apic(&vm->cpu[sender]))
		reg = VIC_SEND_X2APIC_ICR;
	vic_apic_bus_compile(vm->bus, vm->cpu[sender].vcpu, reg, icr, &targets);
	assert_int_equal(targets.decode, VIC_DECODE_SEND);
	assert_int_equal(targets.ipi.intid, icr & VIC_ICR_VECTOR);
	assert_true(targets.count <= targets.capacity);
	for (i = 0; i < targets.count; i++) {
		assert_false((named >> indices[i]) & 1);
		named |= UINT64_C(1) << indices[i];
	}
	return named;
}

uint64_t fake_send(struct fake_vm *vm, uint32_t sender, uint64_t icr)
{
	uint64_t named = compile(vm, sender, icr);
	uint64_t taken;

	fake_icr(&vm->cpu[sender], icr);
	taken = fake_take(vm, icr & VIC_ICR_VECTOR);
	assert_int_equal(taken, named);
	return taken;
}

uint64_t fake_msi(struct fake_vm *vm, uint64_t address, uint32_t data)
{
	int posted = vic_msi(vm->bus, &vm->device, address, data);
	uint64_t taken = fake_take(vm, data & VIC_ICR_VECTOR);

	assert_int_equal(posted, __builtin_popcountll(taken));
	return taken;
}

void fake_enter(const struct fake_vcpu *cpu)
{
	fake_harvest(cpu);
	assert_int_equal(vic_vcpu_enter(cpu->vcpu), VIC_ENTER_GUEST);
}

void fake_block(const struct fake_vcpu *cpu)
{
	fake_harvest(cpu);
	assert_true(vic_vcpu_block(cpu->vcpu));
}
