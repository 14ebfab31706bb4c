/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A write to ICR that is served without leaving the guest does what the same
 * write does in HOST, or nothing; and messages with many targets kick many
 * at once (vic/lapic.h, vic/ops.h; SDM vol. 3, 10.6.1).
 */

#include "fake_posting.h"

#include <string.h>

#define VCPUS 8

static uint64_t seed;

static uint64_t draw(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 32;
}

/* One of two equal VMs; vCPU 0 sends. */
struct side {
	struct fake_vm vm;
	uint64_t matrix[VCPUS * VCPUS];
	struct vic_counters before;
};

static struct side fast, slow;

struct scene {
	bool x2apic;
	bool matrix;
	bool posting;
	uint32_t bus_flags;
};

/* The others: in HOST, GUEST, BLOCKED, POSTED. */
static void place(struct side *side, uint32_t i)
{
	struct fake_vcpu *cpu = &side->vm.cpu[i];
	struct fake_run run;

	if (i % 4 == 1)
		fake_enter(cpu);
	else if (i % 4 == 2)
		fake_block(cpu);
	else if (i % 4 == 3) {
		fake_run_start(&run, cpu, fake_pcpu(1, 0, NULL));
		fake_run_enter(&run);
	}
}

static void build(struct side *side, const struct scene *scene)
{
	/* Ids with gaps, and two clusters of x2APIC. */
	static const uint32_t ids[VCPUS] = {0, 1, 2, 3, 5, 16, 17, 30};
	struct fake_spec spec = {
		.vcpus = VCPUS,
		.ids = ids,
		.lapic_flags = scene->x2apic ? VIC_LAPIC_X2APIC : 0,
		.bus_flags = scene->bus_flags,
		.matrix = scene->matrix ? side->matrix : NULL,
	};

	memset(side, 0, sizeof(*side));
	fake_vm_make(&side->vm, &spec);
	for (uint32_t i = 0; i < VCPUS && !scene->x2apic; i++)
		fake_write(&side->vm.cpu[i], VIC_APIC_LDR,
			   UINT32_C(0x1000000) << i % 8);
	for (uint32_t i = 1; i < VCPUS; i++)
		place(side, i);
}

static struct vic_vcpu_inbox peek(const struct side *side, uint32_t i)
{
	struct vic_vcpu_inbox inbox;

	memset(&inbox, 0, sizeof(inbox));
	vic_vcpu_peek(side->vm.cpu[i].vcpu, &inbox);
	return inbox;
}

static const struct vic_counters *sender(const struct side *side)
{
	return vic_vcpu_counters(side->vm.cpu[0].vcpu);
}

static uint64_t a_value(bool x2apic)
{
	uint64_t low = draw();
	uint64_t dest = draw() & 31;

	if (draw() % 4)
		low &= VIC_ICR_VECTOR | VIC_ICR_LOGICAL | VIC_ICR_SHORTHAND |
		       VIC_ICR_ASSERT;
	if (draw() % 2)
		low &= ~(uint64_t)VIC_ICR_SHORTHAND;
	if (draw() % 8 == 0)
		dest = x2apic ? UINT32_MAX : 0xff;
	/* Cluster 0 or 1 and a set in it; the flat model's set. */
	if (low & VIC_ICR_LOGICAL)
		dest = x2apic ? (draw() & 1) << 16 | (draw() & 0xffff)
			      : draw() & 0xff;
	/* SIPI and INIT are the same for all that this looks at. */
	return (x2apic ? FAKE_TO32(dest) : FAKE_TO8(dest)) | low;
}

/* vic/lapic.h: "a Fixed edge, to whomever". */
static bool must_be_taken(uint64_t value)
{
	return !(value & (VIC_ICR_MODE | VIC_ICR_LEVEL | VIC_ICR_BUSY |
			  VIC_ICR_RESERVED)) &&
	       (value & VIC_ICR_VECTOR) >= 16;
}

static void leave_sender(struct side *side, bool posting, uint16_t status)
{
	if (posting)
		vic_lapic_exit(side->vm.cpu[0].lapic, status, false);
	else
		vic_vcpu_exit(side->vm.cpu[0].vcpu, false);
}

/* What the owner sees of its own message. */
static void compare_self(const struct scene *scene, enum vic_fast answer,
			 uint8_t vector, struct fake_run *run)
{
	struct fake_vcpu *a = &fast.vm.cpu[0], *b = &slow.vm.cpu[0];
	struct vic_work work;
	bool pending = false;

	vic_lapic_scan(b->lapic, 0, &work);
	for (uint32_t v = 16; v < 256; v++)
		pending |= fake_bit(b, VIC_APIC_IRR, (uint8_t)v);
	if (answer == VIC_FAST_EXIT)
		return;
	assert_int_equal(answer == VIC_FAST_SELF, pending);
	if (pending) {
		assert_true(fake_page_bit(a, VIC_APIC_IRR, vector));
		assert_true(fake_page_bit(b, VIC_APIC_IRR, vector));
	}
	if (scene->posting && pending) {
		/* Back into the guest, RVI raised. */
		run->status = (uint16_t)((run->status & 0xff00) | vector);
		assert_int_equal(fake_deliver(run), vector);
		leave_sender(&fast, true, run->status);
	} else {
		leave_sender(&fast, scene->posting, 0);
	}
	if (!scene->posting)
		assert_int_equal(fake_deliverable(a), vector);
	else
		assert_int_equal(fake_page_bit(a, VIC_APIC_ISR, vector),
				 pending);
}

static void compare_others(void)
{
	for (uint32_t i = 1; i < VCPUS; i++) {
		struct vic_vcpu_inbox a = peek(&fast, i), b = peek(&slow, i);
		struct fake_vcpu *c = &fast.vm.cpu[i], *d = &slow.vm.cpu[i];

		assert_memory_equal(&a, &b, sizeof(a));
		assert_int_equal(c->kicks, d->kicks);
		assert_int_equal(c->wakes, d->wakes);
		assert_int_equal(c->notifies, d->notifies);
	}
}

static void one_write(const struct scene *scene, uint64_t value)
{
	struct fake_vcpu *a;
	unsigned char page[VIC_APIC_PAGE_SIZE];
	struct vic_vcpu_inbox inboxes[VCPUS];
	struct fake_run run;
	enum vic_access access;
	enum vic_fast answer;
	uint8_t vector = 0;

	fake_reset(NULL);
	build(&fast, scene);
	build(&slow, scene);
	a = &fast.vm.cpu[0];
	run = (struct fake_run){.cpu = a};
	if (!scene->x2apic) {
		fake_write(a, VIC_APIC_ICR_HI, value >> 32);
		fake_write(&slow.vm.cpu[0], VIC_APIC_ICR_HI, value >> 32);
		value &= UINT32_MAX;
	}
	if (scene->posting) {
		fake_run_start(&run, a, fake_pcpu(0, 0, NULL));
		fake_run_enter(&run);
	} else {
		fake_enter(a);
	}
	memcpy(page, a->page, sizeof(page));
	fast.before = *sender(&fast);
	slow.before = *sender(&slow);
	for (uint32_t i = 0; i < VCPUS; i++)
		inboxes[i] = peek(&fast, i);
	answer = vic_lapic_icr_fast(a->lapic, value, &vector);
	if (must_be_taken(value) && !(scene->bus_flags & VIC_BUS_ICR_SPLIT))
		assert_int_not_equal(answer, VIC_FAST_EXIT);
	if (answer == VIC_FAST_EXIT) {
		/* Nothing was done. */
		assert_memory_equal(page, a->page, sizeof(page));
		assert_memory_equal(&fast.before, sender(&fast),
				    sizeof(fast.before));
		for (uint32_t i = 0; i < VCPUS; i++) {
			struct vic_vcpu_inbox now = peek(&fast, i);

			assert_memory_equal(&now, &inboxes[i], sizeof(now));
		}
		return;
	}
	assert_false(value & VIC_ICR_MODE);
	if (scene->x2apic)
		access = vic_lapic_msr_write(slow.vm.cpu[0].lapic,
					     FAKE_MSR(VIC_APIC_ICR_LO), value);
	else
		access = vic_lapic_mmio_write(slow.vm.cpu[0].lapic,
					      VIC_APIC_ICR_LO, 4, value);
	assert_int_equal(access, VIC_ACCESS_DONE);
	if (answer == VIC_FAST_SELF)
		assert_int_equal(vector, value & VIC_ICR_VECTOR);
	compare_others();
	/* The guest reads back what it wrote. */
	assert_memory_equal(a->page + VIC_APIC_ICR_LO,
			    slow.vm.cpu[0].page + VIC_APIC_ICR_LO, 0x20);
	assert_memory_equal(fast.matrix, slow.matrix, sizeof(fast.matrix));
	assert_memory_equal(sender(&fast)->sent, sender(&slow)->sent,
			    sizeof(fast.before.sent));
	assert_int_equal(sender(&fast)->unmatched, sender(&slow)->unmatched);
	assert_int_equal(sender(&fast)->refused, sender(&slow)->refused);
	assert_int_equal(sender(&fast)->held, sender(&slow)->held);
	assert_int_equal(sender(&fast)->vectors.kicked,
			 sender(&slow)->vectors.kicked);
	assert_int_equal(sender(&fast)->vectors.notified,
			 sender(&slow)->vectors.notified);
	assert_int_equal(sender(&fast)->vectors.woken,
			 sender(&slow)->vectors.woken);
	compare_self(scene, answer, vector, &run);
}

static void random_writes(void **state)
{
	static const uint32_t bus_flags[] = {
		0,
		VIC_BUS_LEVEL_IPIS,
		VIC_BUS_BUSY_FAULTS | VIC_BUS_NO_LOWEST,
		VIC_BUS_ICR_SPLIT,
		VIC_BUS_ARBITRATE | VIC_BUS_NO_XAPIC_ALIAS,
	};

	(void)state;
	seed = 11;
	for (int i = 0; i < 16000; i++) {
		const struct scene scene = {
			.x2apic = i & 1,
			.matrix = i & 2,
			.posting = i & 4,
			.bus_flags = bus_flags[i / 8 % 5],
		};

		one_write(&scene, a_value(scene.x2apic));
	}
}

/* Newly pending or merged: the identity of vic/counters.h holds. */
static void a_message_to_oneself_twice(void **state)
{
	(void)state;
	for (int posting = 0; posting < 2; posting++) {
		const struct vic_counters *own;
		struct fake_run run;
		struct fake_vm vm;
		uint64_t newly;
		uint8_t vector;

		fake_vm_plain(&vm, 1, true);
		own = vic_vcpu_counters(vm.cpu[0].vcpu);
		if (posting) {
			fake_run_start(&run, &vm.cpu[0], fake_pcpu(0, 0, NULL));
			fake_run_enter(&run);
		} else {
			fake_enter(&vm.cpu[0]);
		}
		for (int i = 0; i < 2; i++) {
			assert_int_equal(vic_lapic_icr_fast(vm.cpu[0].lapic,
							    VIC_ICR_SELF | 0x41,
							    &vector),
					 VIC_FAST_SELF);
			assert_int_equal(vector, 0x41);
		}
		newly = own->vectors.silent + own->vectors.coalesced +
			own->vectors.notified + own->vectors.kicked +
			own->vectors.woken;
		assert_int_equal(newly - own->folded, 1);
		assert_int_equal(newly + own->vectors.merged, 2);
		assert_int_equal(vm.cpu[0].kicks + vm.cpu[0].wakes +
					 vm.cpu[0].notifies,
				 0);
		if (posting)
			continue;
		vic_vcpu_exit(vm.cpu[0].vcpu, false);
		fake_complete(&vm.cpu[0], 0x41);
		assert_int_equal(fake_deliverable(&vm.cpu[0]), 0);
		assert_int_equal(own->acked[VIC_MODE_FIXED], 1);
	}
}

static void what_it_leaves_alone(void **state)
{
	static const uint64_t values[] = {
		FAKE_TO32(1) | FAKE_MODE(VIC_MODE_NMI),
		FAKE_TO32(1) | FAKE_MODE(VIC_MODE_SMI),
		FAKE_TO32(1) | FAKE_MODE(VIC_MODE_INIT) | VIC_ICR_ASSERT,
		FAKE_TO32(1) | FAKE_MODE(VIC_MODE_SIPI) | 0x10,
		FAKE_TO32(1) | FAKE_MODE(VIC_MODE_LOWEST) | 0x41,
		FAKE_TO32(1) | FAKE_MODE(VIC_MODE_RESERVED) | 0x41,
		FAKE_TO32(1) | 0x0f,
		VIC_ICR_SELF | 0x00,
		/* #GP. */
		FAKE_TO32(1) | 0x2041,
		FAKE_TO32(1) | 0x80000041,
	};

	(void)state;
	for (size_t i = 0; i < FAKE_COUNT(values); i++)
		for (int posting = 0; posting < 2; posting++) {
			const struct scene scene = {
				.x2apic = true,
				.posting = posting,
			};
			uint8_t vector;

			one_write(&scene, values[i]);
			assert_int_equal(
				vic_lapic_icr_fast(fast.vm.cpu[0].lapic,
						   values[i], &vector),
				VIC_FAST_EXIT);
		}
}

static void a_disabled_apic_sends_nothing_fast(void **state)
{
	struct fake_vm vm;
	uint8_t vector;

	(void)state;
	fake_vm_plain(&vm, 2, true);
	fake_hardware_enable(&vm.cpu[0], false);
	fake_enter(&vm.cpu[0]);
	assert_int_equal(vic_lapic_icr_fast(vm.cpu[0].lapic,
					    FAKE_TO32(1) | 0x41, &vector),
			 VIC_FAST_EXIT);
	assert_int_equal(fake_take(&vm, 0x41), 0);
}

/* vic_vcpu_ops.kick_many. */
static unsigned int calls;

static void kick_many(void *const *opaques, uint32_t n)
{
	assert_in_range(n, 2, VIC_KICK_MANY);
	calls++;
	for (uint32_t i = 0; i < n; i++)
		((struct fake_vcpu *)opaques[i])->kicks++;
}

/* @many of @count run; the rest is in HOST. True: by the fast path. */
static void kick(uint32_t count, uint32_t many, int way)
{
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_spec spec = {
		.vcpus = count,
		.lapic_flags = VIC_LAPIC_X2APIC,
		.ops = &ops,
	};
	const struct vic_counters *own;
	struct fake_vm vm;
	uint8_t vector;

	fake_reset(NULL);
	ops.kick_many = way == 3 ? NULL : kick_many;
	fake_vm_make(&vm, &spec);
	own = vic_vcpu_counters(vm.cpu[0].vcpu);
	for (uint32_t i = 1; i <= many; i++)
		fake_enter(&vm.cpu[i]);
	calls = 0;
	if (way == 0) {
		fake_enter(&vm.cpu[0]);
		assert_int_equal(vic_lapic_icr_fast(vm.cpu[0].lapic,
						    VIC_ICR_OTHERS | 0x41,
						    &vector),
				 VIC_FAST_DONE);
	} else if (way == 1 || way == 3) {
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x41);
	} else {
		/* Requests, too. */
		fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | FAKE_MODE(VIC_MODE_NMI));
	}
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(vm.cpu[i].kicks, i >= 1 && i <= many);
	if (way == 2)
		assert_int_equal(own->requests.kicked, many);
	else
		assert_int_equal(own->vectors.kicked, many);
	if (way == 3)
		assert_int_equal(calls, 0);
	else if (way != 2)
		/* One that is left over is kicked as ever. */
		assert_int_equal(calls, many / VIC_KICK_MANY +
						(many % VIC_KICK_MANY > 1));
	/* Each has it, running or not. */
	for (uint32_t i = 1; i < count; i++) {
		struct vic_vcpu_inbox inbox;

		vic_vcpu_peek(vm.cpu[i].vcpu, &inbox);
		assert_int_equal(inbox.pir[1], way == 2 ? 0 : 2);
		assert_int_equal(inbox.nmi, way == 2);
	}
}

static void many_are_kicked_at_once(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++)
		for (uint32_t many = 0; many <= 70; many++)
			kick(72, many, way);
}

/* A message that some are told of already: they are kicked no more. */
static void only_those_on_the_edge_are_kicked(void **state)
{
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_spec spec = {
		.vcpus = 64,
		.lapic_flags = VIC_LAPIC_X2APIC,
		.ops = &ops,
	};
	struct fake_vm vm;

	(void)state;
	ops.kick_many = kick_many;
	fake_vm_make(&vm, &spec);
	for (uint32_t i = 1; i < 64; i++)
		fake_enter(&vm.cpu[i]);
	for (uint32_t i = 1; i < 64; i += 2)
		vic_vcpu_post(vm.cpu[i].vcpu, &vm.device, 0x55, false);
	fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x41);
	fake_icr(&vm.cpu[0], VIC_ICR_OTHERS | 0x41);
	for (uint32_t i = 1; i < 64; i++)
		assert_int_equal(vm.cpu[i].kicks, 1);
	/* vic_msi() has many targets as well. */
	for (uint32_t i = 1; i < 64; i++) {
		vic_vcpu_exit(vm.cpu[i].vcpu, true);
		fake_enter(&vm.cpu[i]);
	}
	assert_int_equal(vic_msi(vm.bus, &vm.device, 0xfeeff000, 0x61), 64);
	for (uint32_t i = 1; i < 64; i++)
		assert_int_equal(vm.cpu[i].kicks, 2);
}

/* The one of many that had the vector as a level has it as an edge now. */
static void a_level_becomes_an_edge_among_many(void **state)
{
	struct vic_vcpu_ops ops = fake_ops;
	struct fake_spec spec = {
		.vcpus = 4,
		.lapic_flags = VIC_LAPIC_X2APIC,
		.ops = &ops,
	};
	struct fake_vcpu *cpu;
	struct fake_vm vm;

	(void)state;
	ops.kick_many = kick_many;
	fake_vm_make(&vm, &spec);
	cpu = &vm.cpu[2];
	fake_post(cpu, 0x41, true);
	fake_complete(cpu, 0x41);
	assert_int_equal(cpu->eois, 1);
	/* Cluster 0 but for the sender. */
	fake_icr(&vm.cpu[0], FAKE_TO32(0xe) | VIC_ICR_LOGICAL | 0x41);
	assert_int_equal(fake_take(&vm, 0x41), 0xe);
	assert_int_equal(cpu->eois, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(random_writes),
		FAKE_TEST(a_message_to_oneself_twice),
		FAKE_TEST(what_it_leaves_alone),
		FAKE_TEST(a_disabled_apic_sends_nothing_fast),
		FAKE_TEST(many_are_kicked_at_once),
		FAKE_TEST(only_those_on_the_edge_are_kicked),
		FAKE_TEST(a_level_becomes_an_edge_among_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
