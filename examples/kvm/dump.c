/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Where each vCPU is when the guest hangs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vm.h"

static void print_registers(struct cpu *cpu)
{
	struct kvm_regs r;
	struct kvm_sregs s;

	cpu_ioctl(cpu, KVM_GET_REGS, &r, "KVM_GET_REGS");
	cpu_ioctl(cpu, KVM_GET_SREGS, &s, "KVM_GET_SREGS");
#define HEX(value) (unsigned long long)(value)
	fprintf(stderr,
		"  rip %016llx rflags %08llx cs %04x:%llx%s%s\n"
		"  rax %016llx rbx %016llx rcx %016llx\n"
		"  rdx %016llx rsi %016llx rdi %016llx\n"
		"  rbp %016llx rsp %016llx r8  %016llx\n"
		"  r9  %016llx r10 %016llx r11 %016llx\n"
		"  r12 %016llx r13 %016llx r14 %016llx\n"
		"  r15 %016llx cr0 %llx cr2 %llx cr3 %llx\n"
		"  cr4 %llx cr8 %llx efer %llx apic_base %llx\n",
		HEX(r.rip), HEX(r.rflags), s.cs.selector, HEX(s.cs.base),
		r.rflags & 0x200 ? " IF=1" : " IF=0",
		cpu->halted ? " halted" : "", HEX(r.rax), HEX(r.rbx),
		HEX(r.rcx), HEX(r.rdx), HEX(r.rsi), HEX(r.rdi), HEX(r.rbp),
		HEX(r.rsp), HEX(r.r8), HEX(r.r9), HEX(r.r10), HEX(r.r11),
		HEX(r.r12), HEX(r.r13), HEX(r.r14), HEX(r.r15), HEX(s.cr0),
		HEX(s.cr2), HEX(s.cr3), HEX(s.cr4), HEX(s.cr8), HEX(s.efer),
		HEX(s.apic_base));
#undef HEX
}

/* The vectors of one of the page's three 256-bit registers. */
static void
print_vectors(const char *name, const uint32_t *page, uint32_t offset)
{
	fprintf(stderr, " %s", name);
	for (uint32_t vector = 0; vector < 256; vector++)
		if (page[(offset + vector / 32 * 0x10) / 4] >> vector % 32 & 1)
			fprintf(stderr, " %02x", vector);
	fputc(';', stderr);
}

static void print_page(const uint32_t *page)
{
	fprintf(stderr, "  id %08x tpr %02x svr %03x icr %08x:%08x\n ",
		page[VIC_APIC_ID / 4], page[VIC_APIC_TPR / 4],
		page[VIC_APIC_SVR / 4], page[VIC_APIC_ICR_HI / 4],
		page[VIC_APIC_ICR_LO / 4]);
	print_vectors("irr", page, VIC_APIC_IRR);
	print_vectors("isr", page, VIC_APIC_ISR);
	fprintf(stderr, "\n  timer: lvt %05x icr %08x dcr %x\n",
		page[VIC_APIC_LVT_TIMER / 4], page[VIC_APIC_TIMER_ICR / 4],
		page[VIC_APIC_TIMER_DCR / 4]);
}

static void print_inbox(const struct cpu *cpu)
{
	static const char *const states[] = {[VIC_HOST] = "HOST",
					     [VIC_GUEST] = "GUEST",
					     [VIC_BLOCKED] = "BLOCKED"};
	const struct vic_vcpu_inbox inbox = cpu->inbox;

	fprintf(stderr, "  inbox: %s, requests%s:",
		inbox.state <= VIC_BLOCKED ? states[inbox.state] : "?",
		inbox.request_new ? " (new)" : "");
	if (inbox.nmi)
		fprintf(stderr, " NMI x%u", inbox.nmi);
	fputs(inbox.smi ? " SMI" : "", stderr);
	fputs(inbox.init ? " INIT" : "", stderr);
	fputs(inbox.extint ? " ExtINT" : "", stderr);
	fputs(inbox.lint & 1 ? " LINT0" : "", stderr);
	if (inbox.sipi)
		fprintf(stderr, " SIPI %02x", inbox.sipi_vector);
	fprintf(stderr, "; vectors%s:", inbox.outstanding ? " (ON)" : "");
	for (uint32_t vector = 0; vector < 256; vector++)
		if (inbox.pir[vector / 64] >> vector % 64 & 1)
			fprintf(stderr, " %02x", vector);
	fputc('\n', stderr);
}

static void print_pin(struct vm *vm, uint32_t pin)
{
	struct vic_ioapic_pin is;

	apic_must(vic_ioapic_peek(vm->chips.ioapic, pin, &is),
		  "vic_ioapic_peek()");
	if (is.entry & VIC_RTE_MASKED && !is.sources)
		return;
	fprintf(stderr, "  pin %2u: entry %016llx sources %llx\n", pin,
		(unsigned long long)is.entry, (unsigned long long)is.sources);
}

static void print_pic(struct vm *vm, uint32_t which)
{
	struct vic_pic_chip chip;

	vic_pic_peek(vm->chips.pic, which, &chip);
	fprintf(stderr,
		"  %s: irr %02x isr %02x imr %02x elcr %02x base %02x "
		"lowest %u output %u\n",
		which ? "slave " : "master", chip.irr, chip.isr, chip.imr,
		chip.elcr, chip.base, chip.lowest, chip.output);
}

static void print_chips(struct vm *vm)
{
	fputs("IOAPIC, pins that are not masked or high\n", stderr);
	for (uint32_t pin = 0; pin < CHIPS_LINES; pin++)
		print_pin(vm, pin);
	fputs("PIC\n", stderr);
	print_pic(vm, 0);
	print_pic(vm, 1);
}

void dump_look(struct vm *vm)
{
	for (uint32_t i = 0; vm->options.vic && i < vm->options.vcpus; i++)
		vic_vcpu_peek(vm->cpus[i].vcpu, &vm->cpus[i].inbox);
}

void dump_print(struct vm *vm)
{
	/* As KVM_GET_LAPIC gives it: the start of the page. */
	uint32_t page[sizeof(struct kvm_lapic_state) / 4];

	if (vm->options.vic)
		print_chips(vm);
	for (uint32_t i = 0; i < vm->options.vcpus; i++) {
		struct cpu *cpu = &vm->cpus[i];

		fprintf(stderr, "vCPU %u\n", i);
		print_registers(cpu);
		if (vm->options.vic) {
			print_page(cpu->page);
			print_inbox(cpu);
		} else {
			cpu_ioctl(cpu, KVM_GET_LAPIC, page, "KVM_GET_LAPIC");
			print_page(page);
		}
	}
}
