/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The 8259s and the 8254 as kernels use them that never heard of an APIC;
 * software interrupts and instructions of the FPU that some KVMs leave to
 * userspace: SDM vol. 2, INT n/INT3, WAIT/FWAIT, LDMXCSR.
 */

#include "kernel.h"

#define CR0_MP (1ul << 1)
#define CR0_TS (1ul << 3)
#define CODE64 8

#define PIC_COMMAND 0x20
#define PIC_DATA 0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA 0xa1
#define PIC_EOI 0x20
#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND 0x43
/* 100 Hz. */
#define PIT_COUNT 11932
#define IRQ_BASE 32
#define INTERRUPT_GATE 0x8e

struct gate {
	uint16_t low;
	uint16_t selector;
	uint8_t stack;
	uint8_t type;
	uint16_t middle;
	uint32_t high;
	uint32_t reserved;
};

struct frame {
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
};

static struct gate idt[256] __attribute__((aligned(16)));
static struct {
	uint32_t count;
	uint64_t vector;
	uint64_t rip;
	uint64_t rsp;
	uint64_t cs;
} taken;

/* start.S */
void trap_3(void), trap_7(void), trap_17(void), trap_32(void), trap_33(void),
	trap_128(void), trap_255(void);
void take(const struct frame *frame, uint64_t vector);

void take(const struct frame *frame, uint64_t vector)
{
	taken.count++;
	taken.vector = vector;
	taken.rip = frame->rip;
	taken.rsp = frame->rsp;
	taken.cs = frame->cs;
	if (vector == IRQ_BASE)
		out8(PIC_COMMAND, PIC_EOI);
	/* Device not available: make it available, and try again. */
	if (vector == 7)
		__asm__ volatile("clts");
}

static void set_gate(uint32_t vector, void (*handler)(void))
{
	uint64_t address = (uintptr_t)handler;

	idt[vector] = (struct gate){
		.low = (uint16_t)address,
		.selector = CODE64,
		.type = INTERRUPT_GATE,
		.middle = (uint16_t)(address >> 16),
		.high = (uint32_t)(address >> 32),
	};
}

static void load_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, (uintptr_t)idt};

	set_gate(3, trap_3);
	set_gate(7, trap_7);
	set_gate(17, trap_17);
	set_gate(IRQ_BASE, trap_32);
	set_gate(33, trap_33);
	set_gate(128, trap_128);
	set_gate(255, trap_255);
	__asm__ volatile("lidt %0" : : "m"(pointer));
}

/*
 * Run @code. The handler has to see the vector, RIP at @label of the code
 * and the RSP from before: no error code was pushed.
 */
#define TRAP(name, code, number)                                            \
	do {                                                                \
		uint64_t rip, rsp;                                          \
		taken.count = 0;                                            \
		__asm__ volatile("leaq 2f(%%rip), %0\n\t"                   \
				 "movq %%rsp, %1\n" code                    \
				 : "=&r"(rip), "=&r"(rsp)                   \
				 :                                          \
				 : "memory", "cc");                         \
		check(name, taken.count == 1 && taken.vector == (number) && \
				    taken.rip == rip && taken.rsp == rsp && \
				    taken.cs == CODE64);                    \
	} while (0)

static void check_software_interrupts(void)
{
	bool again = true;

	TRAP("traps.int3", "int3\n2:", 3);
	TRAP("traps.int_3_in_two_bytes", ".byte 0xcd, 3\n2:", 3);
	TRAP("traps.int_17_has_no_error_code", "int $17\n2:", 17);
	TRAP("traps.int_0x21", "int $0x21\n2:", 0x21);
	TRAP("traps.int_0x80", "int $0x80\n2:", 0x80);
	TRAP("traps.int_0xff", "int $0xff\n2:", 0xff);
	/* Again and again, and behind STI. */
	taken.count = 0;
	for (uint32_t i = 0; i < 100; i++) {
		__asm__ volatile("int3" : : : "memory");
		again = again && taken.count == 2 * i + 1;
		__asm__ volatile("int $0x80" : : : "memory");
		again = again && taken.count == 2 * i + 2;
	}
	check("traps.one_behind_the_other", again);
	TRAP("traps.int3_behind_sti", "sti\n\tint3\n2:\tcli", 3);
}

static void check_fwait(void)
{
	uint64_t cr0;

	__asm__ volatile("fninit\n\tfwait" : : : "memory");
	check("traps.fwait", true);
	__asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("movq %0, %%cr0" : : "r"(cr0 | CR0_MP | CR0_TS));
	TRAP("traps.fwait_not_available", "2:\tfwait", 7);
	__asm__ volatile("movq %0, %%cr0" : : "r"(cr0));
}

static unsigned char fpu[512] __attribute__((aligned(16)));

/* MXCSR, as FXSAVE has it. */
static uint32_t mxcsr(void)
{
	uint32_t value;

	__asm__ volatile("fxsave %0" : "=m"(fpu));
	__builtin_memcpy(&value, fpu + 24, sizeof(value));
	return value;
}

static const uint32_t values[4] = {0x1f80, 0x1fa0, 0x9f80, 0x5f80};

static void check_ldmxcsr(void)
{
	register const char *base __asm__("r13") = (const char *)values;
	register uint64_t index __asm__("r12") = 3;
	bool right;

	__asm__ volatile("ldmxcsr %0" : : "m"(values[3]));
	check("traps.ldmxcsr_rip", mxcsr() == values[3]);
	__asm__ volatile("ldmxcsr 4(%0)" : : "r"(base), "m"(values));
	right = mxcsr() == values[1];
	__asm__ volatile("addq $4, %0\n\t"
			 "ldmxcsr -4(%0)\n\t"
			 "subq $4, %0"
			 : "+r"(base)
			 : "m"(values));
	right = right && mxcsr() == values[0];
	__asm__ volatile("addq $0x10000, %0\n\t"
			 "ldmxcsr -0xfff8(%0)\n\t"
			 "subq $0x10000, %0"
			 : "+r"(base)
			 : "m"(values));
	check("traps.ldmxcsr_base", right && mxcsr() == values[2]);
	__asm__ volatile("ldmxcsr (%0, %1, 4)"
			 :
			 : "r"(base), "r"(index), "m"(values));
	right = mxcsr() == values[3];
	__asm__ volatile("ldmxcsr values - 12(, %0, 4)"
			 :
			 : "r"(index), "m"(values));
	right = right && mxcsr() == values[0];
	__asm__ volatile("pushq %0\n\tldmxcsr (%%rsp)\n\tpopq %0"
			 :
			 : "r"((uint64_t)values[1])
			 : "memory");
	right = right && mxcsr() == values[1];
	__asm__ volatile("ldmxcsr %0" : : "m"(values[0]));
	check("traps.ldmxcsr_index", right && mxcsr() == values[0]);
}

void check_traps(void)
{
	load_idt();
	check_software_interrupts();
	check_fwait();
	check_ldmxcsr();
}

static void write_pic(uint16_t port, uint8_t base, uint8_t wiring)
{
	out8(port, 0x11);
	out8(port + 1, base);
	out8(port + 1, wiring);
	out8(port + 1, 1);
}

/* Five ticks of the 8254, through the 8259 and LINT0. */
void check_timer(void)
{
	write_pic(PIC_COMMAND, IRQ_BASE, 1 << 2);
	write_pic(PIC2_COMMAND, IRQ_BASE + 8, 2);
	out8(PIC_DATA, 0xfe);
	out8(PIC2_DATA, 0xff);
	out8(PIT_COMMAND, 0x34);
	out8(PIT_CHANNEL_0, PIT_COUNT & 0xff);
	out8(PIT_CHANNEL_0, PIT_COUNT >> 8);
	taken.count = 0;
	while (taken.count < 5)
		__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
	out8(PIC_DATA, 0xff);
	check("timer.irq_0", taken.vector == IRQ_BASE);
}

void unusual(void)
{
	uint32_t value = 0;

	__asm__ volatile("crc32l %1, %0" : "+r"(value) : "r"(1));
	print("unusual ");
	print_number(value);
	print("\n");
}
