/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The delivery protocol under load: vCPU threads run the loop of
 * <vic/lapic.h> and send IPIs, device threads send MSIs.
 *
 * Exact in both halves. Each message that was made newly pending is handled
 * once, so the counters' sums are equal. Each sender also writes a number
 * to memory before it sends, and at the end a handler has seen the last
 * number of every sender: this half finds what merging hides.
 *
 * Nothing rescues a waiter: a halted vCPU leaves its semaphore by
 * vic_vcpu_ops.wake, and a guest that stays in GUEST leaves by
 * vic_vcpu_ops.kick, or never. A watchdog fails the run then.
 */
#define _POSIX_C_SOURCE 200809L

#include "stress.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

#define ICR (VIC_MSR_X2APIC + VIC_APIC_ICR_LO / 16)
#define EOI (VIC_MSR_X2APIC + VIC_APIC_EOI / 16)
#define SVR (VIC_MSR_X2APIC + VIC_APIC_SVR / 16)

/* What the guest did that made it exit. */
enum action {
	NOTHING,
	SEND,
	END_OF_INTERRUPT,
	HALT
};

static struct vic_apic_bus *bus;
struct vcpu *vcpus;
struct device devices[DEVICES];
struct mailbox irq_box[SENDERS][VCPUS], nmi_box[SENDERS][VCPUS];
/* Messages that may still be sent. */
static _Atomic int64_t budget;
atomic_bool stop;

static void wake(void *opaque)
{
	struct vcpu *v = opaque;

	latch_set(&v->wake);
}

static void kick(void *opaque)
{
	struct vcpu *v = opaque;

	latch_set(&v->kick);
}

/* One vector per sender, spread over the words of PIR. */
static uint8_t vector_of(uint32_t sender)
{
	return (uint8_t)(0x20 + sender * 23);
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct vcpu *v = opaque;

	if (source != VIC_EOI_LAPIC || number != vector_of(LEVEL_SENDER))
		die("an edge interrupt was reported as level");
	v->level_eois++;
}

static const struct vic_vcpu_ops ops = {
	.size = sizeof(ops),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
};

/* Take @messages out of the budget; false if there is none left. */
static bool spend(int64_t messages)
{
	return atomic_fetch_sub_explicit(&budget, messages,
					 memory_order_relaxed) > 0;
}

static void read_message(struct mailbox *box, uint32_t sender)
{
	if (mailbox_read(box))
		latch_set(&devices[sender - VCPUS].reply);
}

/* Guest code. Runs in GUEST. */
static void guest_irq(struct vcpu *v)
{
	uint32_t sender = (uint32_t)(v->vector - 0x20) / 23;

	if (vector_of(sender) != v->vector || sender >= SENDERS)
		die("a vector came that nobody sends");
	read_message(&irq_box[sender][v->index], sender);
	atomic_fetch_add(&v->irqs, 1);
	v->level_irqs += sender == LEVEL_SENDER;
}

static void guest_nmi(struct vcpu *v)
{
	for (uint32_t s = 0; s < SENDERS; s++)
		read_message(&nmi_box[s][v->index], s);
	atomic_fetch_add(&v->nmis, 1);
}

/* The guest runs on, spinning or in a wait: only a kick gets it out. */
static void guest_stay(struct vcpu *v, bool spin)
{
	if (!spin)
		latch_wait(&v->kick);
	while (spin && !latch_take(&v->kick))
		sched_yield();
}

static enum action guest_idle(struct vcpu *v, bool *kicked)
{
	uint32_t dice = random_below(&v->random, 16);

	if (v->burst) {
		v->burst--;
		return SEND;
	}
	if (dice < 6)
		return HALT;
	if (dice < 11) {
		guest_stay(v, dice == 6);
		*kicked = true;
		return NOTHING;
	}
	v->burst = random_below(&v->random, 16);
	return SEND;
}

static enum action guest_run(struct vcpu *v, bool immediate_exit, bool *kicked)
{
	/* A kick that came before the entry. */
	*kicked = latch_take(&v->kick);
	if (*kicked)
		return NOTHING;
	if (v->nmi) {
		guest_nmi(v);
		v->nmi = false;
		return NOTHING;
	}
	if (v->vector) {
		guest_irq(v);
		v->vector = 0;
		return END_OF_INTERRUPT;
	}
	return immediate_exit ? NOTHING : guest_idle(v, kicked);
}

static void write_icr(struct vcpu *v, uint64_t icr)
{
	if (vic_lapic_msr_write(v->lapic, ICR, icr) != VIC_ACCESS_DONE)
		die("the ICR refuses a legal value");
}

/* One IPI of the guest: NMI, all but self, self, or to one other. */
static void send_ipi(struct vcpu *v)
{
	uint32_t dice = random_below(&v->random, 32);
	uint32_t target = random_below(&v->random, VCPUS);
	uint64_t dest = (uint64_t)target << VIC_ICR_DEST_SHIFT;

	if (!spend(dice == 1 ? VCPUS - 1 : 1))
		return;
	if (dice == 0) {
		mailbox_write(&nmi_box[v->index][target], false);
		v->requested++;
		write_icr(v, dest | VIC_MODE_NMI << VIC_ICR_MODE_SHIFT);
		return;
	}
	if (dice == 1) {
		for (uint32_t t = 0; t < VCPUS; t++)
			if (t != v->index)
				mailbox_write(&irq_box[v->index][t], false);
		v->sent += VCPUS - 1;
		write_icr(v, VIC_ICR_OTHERS | vector_of(v->index));
		return;
	}
	mailbox_write(&irq_box[v->index][target], false);
	v->sent++;
	write_icr(v, dest | vector_of(v->index));
}

static void emulate(struct vcpu *v, enum action action)
{
	if (action == SEND)
		send_ipi(v);
	if (action == END_OF_INTERRUPT &&
	    vic_lapic_msr_write(v->lapic, EOI, 0) != VIC_ACCESS_DONE)
		die("the EOI register refuses 0");
	if (action == HALT)
		v->halted = true;
}

/* Look for work and inject it, one NMI and one vector at a time. */
static void inject(struct vcpu *v)
{
	uint32_t can =
		(v->nmi ? 0u : VIC_CAN_NMI) | (v->vector ? 0u : VIC_CAN_IRQ);
	struct vic_work work;
	uint32_t flags = vic_lapic_scan(v->lapic, can, &work);

	if (flags & VIC_WORK_NMI) {
		if (vic_lapic_ack_nmi(v->lapic))
			die("a pending NMI cannot be acknowledged");
		v->nmi = true;
	}
	if (flags & VIC_WORK_IRQ) {
		if (vic_lapic_ack(v->lapic, work.vector))
			die("a pending vector cannot be acknowledged");
		v->vector = work.vector;
	}
	if (v->nmi || v->vector)
		v->halted = false;
}

static void *vcpu_thread(void *opaque)
{
	struct vcpu *v = opaque;
	enum action action;
	enum vic_enter enter;
	bool kicked;

	while (!atomic_load(&stop)) {
		atomic_fetch_add(&v->progress, 1);
		inject(v);
		if (v->halted) {
			if (!vic_lapic_block(v->lapic,
					     VIC_CAN_IRQ | VIC_CAN_NMI))
				continue;
			latch_wait(&v->wake);
			vic_vcpu_unblock(v->vcpu);
			continue;
		}
		enter = vic_vcpu_enter(v->vcpu);
		if (enter == VIC_ENTER_AGAIN)
			continue;
		action = guest_run(v, enter == VIC_ENTER_EXIT, &kicked);
		vic_vcpu_exit(v->vcpu, kicked);
		emulate(v, action);
	}
	return NULL;
}

static void send_msi(struct device *d, uint32_t target, bool nmi, bool reply)
{
	uint64_t address = VIC_MSI_BASE | target << VIC_MSI_DEST_SHIFT;
	uint32_t data = vector_of(d->sender);
	int newly;

	if (nmi)
		data = VIC_MODE_NMI << VIC_ICR_MODE_SHIFT;
	else if (d->sender == LEVEL_SENDER)
		data |= VIC_ICR_LEVEL | VIC_ICR_ASSERT;
	mailbox_write(nmi ? &nmi_box[d->sender][target]
			  : &irq_box[d->sender][target],
		      reply);
	newly = vic_msi(bus, &d->counters, address, data);
	if (newly != 0 && newly != 1)
		die("a message to one vCPU reached another number of them");
	d->newly += (uint64_t)newly;
	if (nmi)
		d->requested++;
	else
		d->sent++;
}

/* Bursts; after some the device waits until its last message is handled. */
static void *device_thread(void *opaque)
{
	struct device *d = opaque;

	while (spend(1)) {
		uint32_t target = random_below(&d->random, VCPUS);
		bool nmi = !random_below(&d->random, 32);
		uint32_t more = random_below(&d->random, 8);
		bool reply = random_below(&d->random, 4) != 0;

		while (more-- && spend(1))
			send_msi(d, target, nmi, false);
		send_msi(d, target, nmi, reply);
		if (reply)
			latch_wait(&d->reply);
	}
	return NULL;
}

static void make_vcpu(uint32_t index)
{
	struct vcpu *v = &vcpus[index];
	const struct vic_vcpu_config config = {
		.size = sizeof(config),
		.index = index,
		.ops = &ops,
		.opaque = v,
	};

	v->index = index;
	v->random = 0x9e3779b97f4a7c15 + index;
	latch_init(&v->wake);
	latch_init(&v->kick);
	v->lapic = x86_vcpu(&v->storage, &config, bus,
			    VIC_LAPIC_BSP | VIC_LAPIC_X2APIC, &v->vcpu);
	if (vic_lapic_msr_write(v->lapic, SVR, VIC_SVR_RESET | VIC_SVR_ENABLE))
		die("the local APIC cannot be made");
}

static void make_machine(void)
{
	vcpus = zeroed(4096, VCPUS * sizeof(*vcpus));
	bus = x86_bus(VCPUS);
	for (uint32_t i = 0; i < VCPUS; i++)
		make_vcpu(i);
	for (uint32_t i = 0; i < DEVICES; i++) {
		devices[i].sender = VCPUS + i;
		devices[i].random = 0xd1b54a32d192ed03 + i;
		latch_init(&devices[i].reply);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[SENDERS], watchdog;
	int64_t messages = is_long(argc, argv) ? LONG_RUN : SHORT_RUN;

	atomic_store(&budget, messages);
	make_machine();
	printf("# %" PRId64 " messages, %d vCPU and %d device threads\n",
	       messages, VCPUS, DEVICES);
	fflush(stdout);

	start(&watchdog, watchdog_thread, NULL);
	for (uint32_t i = 0; i < VCPUS; i++)
		start(&threads[i], vcpu_thread, &vcpus[i]);
	for (uint32_t i = 0; i < DEVICES; i++)
		start(&threads[VCPUS + i], device_thread, &devices[i]);
	for (uint32_t i = 0; i < DEVICES; i++)
		pthread_join(threads[VCPUS + i], NULL);
	drain();

	/* The verdict stands: let the waiters go home. */
	atomic_store(&stop, true);
	for (uint32_t i = 0; i < VCPUS; i++) {
		latch_set(&vcpus[i].wake);
		latch_set(&vcpus[i].kick);
		pthread_join(threads[i], NULL);
	}
	pthread_join(watchdog, NULL);
	return report((uint64_t)messages) != 0;
}
