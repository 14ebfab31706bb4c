/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * libvic's IOAPIC and PIC, or KVM's own with --irqchip kernel, behind the
 * same lines.
 */
#include "chips.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "acpi.h"
#include "vm.h"

/* Lines that the PIC has. */
#define ISA_LINES 16
/* Line 0 and line 2 share pin 2: their sources there are distinct. */
#define SOURCE_OF_LINE_0 32

static uint32_t pin_of(uint32_t gsi)
{
	return gsi ? gsi : ACPI_PIT_GSI;
}

/* Whether the PIC has it; input 2 is the cascade. */
static bool in_pic(uint32_t gsi)
{
	return gsi < ISA_LINES && gsi != VIC_PIC_CASCADE;
}

/*
 * A level interrupt was completed: devices that are only high until then go
 * low. libvic calls this inside others of its calls, so it takes no lock,
 * and those sources have none.
 */
static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct vm *vm = opaque;
	struct cpu *cpu = run_self();
	uint64_t bit = UINT64_C(1) << SOURCE_UNTIL_EOI;

	for (uint32_t gsi = 0; cpu && gsi < CHIPS_LINES; gsi++) {
		uint32_t input = source == VIC_EOI_PIC ? gsi : pin_of(gsi);

		if (input == number &&
		    atomic_load(&vm->chips.sources[gsi]) & bit)
			chips_line(vm, &cpu->counters, gsi, SOURCE_UNTIL_EOI,
				   false);
	}
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.eoi = eoi,
};

uint8_t chips_inta(void *opaque)
{
	struct cpu *cpu = opaque;

	return vic_pic_ack(cpu->vm->chips.pic, &cpu->counters);
}

static void init_ioapic(struct vm *vm)
{
	struct vic_ioapic_config config = {
		.size = sizeof(config),
		.pins = CHIPS_LINES,
		.id = ACPI_IOAPIC_ID,
		.bus = vm->bus,
		.ops = &ops,
		.opaque = vm,
	};
	size_t size = vic_ioapic_size(&config);

	apic_must(vic_ioapic_init(apic_storage(VIC_CACHE_LINE, size), size,
				  &config, &vm->chips.ioapic),
		  "vic_ioapic_init()");
}

static void init_pic(struct vm *vm)
{
	struct vic_pic_config config = {
		.size = sizeof(config),
		.ioapic = vm->chips.ioapic,
		.ops = &ops,
		.opaque = vm,
	};

	apic_must(vic_pic_init(apic_storage(VIC_CACHE_LINE, VIC_PIC_SIZE),
			       VIC_PIC_SIZE, &config, &vm->chips.pic),
		  "vic_pic_init()");
	for (uint32_t i = 0; i < vm->options.vcpus && i < VIC_PIC_MAX_WIRES;
	     i++)
		apic_must(vic_pic_wire(vm->chips.pic, &vm->timer.counters,
				       vm->cpus[i].vcpu),
			  "vic_pic_wire()");
}

static void init_vic(struct vm *vm)
{
	struct chips *chips = &vm->chips;
	struct vic_pc pc;

	init_ioapic(vm);
	init_pic(vm);
	chips->lapics = calloc(vm->options.vcpus, sizeof(struct vic_lapic *));
	if (!chips->lapics)
		die(EXIT_NO_KVM, "out of memory");
	for (uint32_t i = 0; i < vm->options.vcpus; i++)
		chips->lapics[i] = vm->cpus[i].lapic;
	pc = chips_pc(vm);
	chips->image_size = vic_pc_image_size(&pc);
	chips->image = malloc(chips->image_size);
	if (!chips->image_size || !chips->image)
		die(EXIT_NO_KVM, "no memory for an image of the interrupt "
				 "controllers");
}

struct vic_pc chips_pc(struct vm *vm)
{
	return (struct vic_pc){
		.size = sizeof(struct vic_pc),
		.nr_lapics = vm->options.vcpus,
		.nr_ioapics = 1,
		.lapics = vm->chips.lapics,
		.ioapics = &vm->chips.ioapic,
		.pic = vm->chips.pic,
		/* Its thread stands still whenever this is used. */
		.counters = &vm->timer.counters,
	};
}

static void
route(struct kvm_irq_routing *table, uint32_t gsi, uint32_t chip, uint32_t pin)
{
	table->entries[table->nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = {.irqchip = chip, .pin = pin},
	};
}

/* KVM's own table has line 0 on pin 0. */
static void init_kernel(struct vm *vm)
{
	union {
		struct kvm_irq_routing table;
		unsigned char
			room[sizeof(struct kvm_irq_routing) +
			     2 * CHIPS_LINES *
				     sizeof(struct kvm_irq_routing_entry)];
	} u = {.table.nr = 0};

	for (uint32_t gsi = 0; gsi < CHIPS_LINES; gsi++) {
		if (in_pic(gsi))
			route(&u.table, gsi,
			      gsi < 8 ? KVM_IRQCHIP_PIC_MASTER
				      : KVM_IRQCHIP_PIC_SLAVE,
			      gsi % 8);
		route(&u.table, gsi, KVM_IRQCHIP_IOAPIC, pin_of(gsi));
	}
	if (ioctl(vm->fd, KVM_SET_GSI_ROUTING, &u.table))
		die(EXIT_NO_KVM, "KVM_SET_GSI_ROUTING: %s", strerror(errno));
}

void chips_init(struct vm *vm)
{
	pthread_mutex_init(&vm->chips.kernel, NULL);
	if (vm->options.vic)
		init_vic(vm);
	else
		init_kernel(vm);
}

/* The level of the line now, after one of its sources changed. */
static bool merge(struct chips *chips, uint32_t gsi, uint64_t bit, bool level)
{
	uint64_t was = level ? atomic_fetch_or(&chips->sources[gsi], bit)
			     : atomic_fetch_and(&chips->sources[gsi], ~bit);

	if (level && !was)
		atomic_fetch_add(&chips->rises[gsi], 1);
	return level || was & ~bit;
}

/* KVM knows one source. */
static void kernel_line(struct vm *vm, uint32_t gsi, uint64_t bit, bool level)
{
	struct kvm_irq_level line = {.irq = gsi};

	pthread_mutex_lock(&vm->chips.kernel);
	line.level = merge(&vm->chips, gsi, bit, level);
	if (ioctl(vm->fd, KVM_IRQ_LINE, &line))
		die(EXIT_NO_KVM, "KVM_IRQ_LINE: %s", strerror(errno));
	pthread_mutex_unlock(&vm->chips.kernel);
}

void chips_line(struct vm *vm, struct vic_counters *counters, uint32_t gsi,
		enum line_source source, bool level)
{
	struct chips *chips = &vm->chips;
	uint64_t bit = UINT64_C(1) << source;

	if (!vm->options.vic) {
		kernel_line(vm, gsi, bit, level);
		return;
	}
	merge(chips, gsi, bit, level);
	if (in_pic(gsi))
		vic_pic_line_set(chips->pic, counters, gsi, source, level);
	vic_ioapic_line_set(chips->ioapic, counters, pin_of(gsi),
			    gsi ? source : source + SOURCE_OF_LINE_0, level);
}

static bool is_ioapic(uint64_t address)
{
	return address - ACPI_IOAPIC_ADDRESS < VIC_IOAPIC_PAGE_SIZE;
}

enum vic_access
chips_read(struct vm *vm, uint64_t address, uint32_t len, uint64_t *value)
{
	if (!is_ioapic(address))
		return VIC_ACCESS_FOREIGN;
	return vic_ioapic_read(vm->chips.ioapic,
			       (uint32_t)(address - ACPI_IOAPIC_ADDRESS), len,
			       value);
}

enum vic_access
chips_write(struct cpu *cpu, uint64_t address, uint32_t len, uint64_t value)
{
	if (!is_ioapic(address))
		return VIC_ACCESS_FOREIGN;
	return vic_ioapic_write(cpu->vm->chips.ioapic, &cpu->counters,
				(uint32_t)(address - ACPI_IOAPIC_ADDRESS), len,
				value);
}

uint32_t chips_in(struct cpu *cpu, uint16_t port, uint8_t size)
{
	uint8_t value = 0xff;

	(void)size;
	if (cpu->vm->chips.pic &&
	    vic_pic_read(cpu->vm->chips.pic, &cpu->counters, port, &value) !=
		    VIC_ACCESS_DONE)
		value = 0xff;
	return value;
}

void chips_out(struct cpu *cpu, uint16_t port, uint8_t size, uint32_t value)
{
	(void)size;
	if (cpu->vm->chips.pic &&
	    vic_pic_write(cpu->vm->chips.pic, &cpu->counters, port,
			  (uint8_t)value) != VIC_ACCESS_DONE)
		cpu->strays++;
}
