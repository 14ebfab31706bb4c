/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The GIC under load: vCPU threads run the loop of <vic/gic_lr.h> with a
 * guest that uses the virtual CPU interface and sends SGIs; device threads
 * raise lines and send messages; one more vCPU, the keeper, moves SPIs to
 * other vCPUs, disables, enables, changes priorities and reads what is
 * pending and active.
 *
 * Exact in both halves. Each interrupt that was made newly pending is
 * acknowledged once, so the counters' sums are equal. Each sender also
 * writes a number to memory before it sends, and at the end a handler has
 * seen the last number of every sender: this half finds what merging hides.
 *
 * Nothing rescues a waiter: a halted vCPU leaves its semaphore by
 * vic_vcpu_ops.wake, and a guest that stays in GUEST leaves by
 * vic_vcpu_ops.kick, or never. Messages come in rounds with silence after
 * each, so that none of the next helps. A watchdog fails the run then.
 *
 * With --locks libvic gets vic_vcpu_ops.lock and unlock. They see to it
 * that locks nest as deep as is published, and that no callback runs with
 * one held.
 */
#define _POSIX_C_SOURCE 200809L

#include "gic_stress.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vic_gic *gic;
struct vcpu *vcpus;
struct device devices[DEVICES];
struct keeper keeper;
struct mailbox sgi_box[GUESTS][GUESTS], ppi_box[GUESTS], spi_box[SPIS];
atomic_bool disabled[SPIS], stop;
pthread_barrier_t round_begin, round_end;
uint64_t handlers[SPIS];
/* Messages that may still be sent in this round. */
static _Atomic int64_t budget;
/* Locks that this thread holds, of vic_vcpu_ops.lock. */
static _Thread_local unsigned held;

bool spend(int64_t messages)
{
	return atomic_fetch_sub_explicit(&budget, messages,
					 memory_order_relaxed) > 0;
}

bool spent(void)
{
	return atomic_load_explicit(&budget, memory_order_relaxed) <= 0;
}

static void called_back(void)
{
	if (held)
		die("a callback runs with a lock held");
}

static void wake(void *opaque)
{
	struct vcpu *v = opaque;

	called_back();
	latch_set(&v->wake);
}

static void kick(void *opaque)
{
	struct vcpu *v = opaque;

	called_back();
	latch_set(&v->kick);
}

static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct vcpu *v = opaque;

	called_back();
	if (source != VIC_EOI_GIC || number - FIRST_SPI >= SPIS ||
	    kind_of(number - FIRST_SPI) != LEVELS)
		die("an edge interrupt was reported as level");
	v->level_eois++;
}

static uint64_t take_lock(uint32_t *word)
{
	if (++held > 3)
		die("locks nest too deep");
	while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	return (uint64_t)(uintptr_t)word;
}

static void drop_lock(uint32_t *word, uint64_t flags)
{
	if (flags != (uint64_t)(uintptr_t)word)
		die("unlock did not get what lock returned");
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	held--;
}

static const struct vic_vcpu_ops spinning = {
	.size = sizeof(spinning),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
};

static const struct vic_vcpu_ops yielding = {
	.size = sizeof(yielding),
	.wake = wake,
	.kick = kick,
	.eoi = eoi,
	.lock = take_lock,
	.unlock = drop_lock,
};

/* Source @SOURCE of a line. */
static enum vic_post
line(struct device *d, struct vic_gicr *gicr, uint32_t intid, bool level)
{
	return vic_gic_line_set(gic, gicr, &d->counters, intid, SOURCE, level);
}

static enum vic_post
pulse(struct device *d, struct vic_gicr *gicr, uint32_t intid)
{
	enum vic_post post = line(d, gicr, intid, true);

	line(d, gicr, intid, false);
	return post;
}

/* To vCPU @target of a PPI, else SPI @target of the device. */
static void send(struct device *d, uint32_t target, bool answer)
{
	uint32_t spi = (uint32_t)d->kind * SPIS_EACH + target;
	enum vic_post post = VIC_POST_REFUSED;

	mailbox_write(d->kind == PPIS ? &ppi_box[target] : &spi_box[spi],
		      answer);
	switch (d->kind) {
	case EDGES:
		post = pulse(d, NULL, FIRST_SPI + spi);
		break;
	case MESSAGES:
		post = vic_gic_message(gic, &d->counters, FIRST_SPI + spi,
				       true);
		break;
	case LEVELS:
		post = line(d, NULL, FIRST_SPI + spi, true);
		break;
	case PPIS:
		post = pulse(d, vcpus[target].gicr, PPI);
		break;
	default:
		break;
	}
	if (post == VIC_POST_REFUSED)
		die("a device's interrupt is refused");
	d->sent++;
	d->newly += post != VIC_POST_MERGED;
}

/* Bursts; after some the device waits until its last message is handled. */
static void send_all(struct device *d)
{
	uint32_t targets = d->kind == PPIS ? (uint32_t)GUESTS : SPIS_EACH;

	while (spend(1)) {
		uint32_t more = random_below(&d->random, 8);
		bool answer = random_below(&d->random, 4) != 0;

		while (more-- && spend(1))
			send(d, random_below(&d->random, targets), false);
		send(d, random_below(&d->random, targets), answer);
		if (answer)
			latch_wait(&d->reply);
	}
}

static void *device_thread(void *opaque)
{
	for (;;) {
		pthread_barrier_wait(&round_begin);
		if (atomic_load(&stop))
			return NULL;
		send_all(opaque);
		pthread_barrier_wait(&round_end);
	}
}

static void make_vcpu(uint32_t index, const struct vic_vcpu_ops *ops)
{
	struct vcpu *v = &vcpus[index];
	const struct vic_vcpu_config vcpu = {
		.size = sizeof(vcpu),
		.index = index,
		.ops = ops,
		.opaque = v,
	};
	struct vic_gicr_config gicr = {
		.size = sizeof(gicr),
		.gic = gic,
		.affinity = index,
		/* From one, where most is pushed out, to enough. */
		.nr_lrs = 1 + index,
	};

	v->index = index;
	v->random = 0x9e3779b97f4a7c15 + index;
	v->eoimode = index % 2;
	latch_init(&v->wake);
	latch_init(&v->kick);
	vcpuif_init(&v->cpu, gicr.nr_lrs, 5);
	vcpuif_set_pmr(&v->cpu, 0xff);
	vcpuif_set_igrpen(&v->cpu, 1, true);
	vcpuif_set_ctlr(&v->cpu, false, v->eoimode);
	if (vic_vcpu_init(v->vcpu_storage, sizeof(v->vcpu_storage), &vcpu,
			  &v->vcpu))
		die("vic_vcpu_init fails");
	gicr.vcpu = v->vcpu;
	if (vic_gicr_init(zeroed(VIC_CACHE_LINE, vic_gicr_size(gic)),
			  vic_gicr_size(gic), &gicr, &v->gicr))
		die("vic_gicr_init fails");
}

/* SPIs to the guests, and all interrupts but the keeper's enabled. */
static void set_up(void)
{
	for (uint32_t i = 0; i < GUESTS; i++) {
		uint64_t gicr = GICR_BASE + (uint64_t)i * VIC_GICR_FRAME_SIZE;

		store(gicr + VIC_GICR_ICFGR1, 4, 2u << (PPI - 16) * 2);
		store(gicr + VIC_GICR_ISENABLER0, 4, 1u << PPI | 0xffff);
	}
	for (uint32_t spi = 0; spi < SPIS; spi++) {
		uint32_t intid = FIRST_SPI + spi;
		uint64_t icfgr = GICD_BASE + VIC_GICD_ICFGR + intid / 16 * 4;

		if (kind_of(spi) != LEVELS)
			store(icfgr, 4, load(icfgr) | 2u << intid % 16 * 2);
		store(GICD_BASE + VIC_GICD_ISENABLER + intid / 32 * 4, 4,
		      1u << intid % 32);
		route(spi, spi % GUESTS);
	}
	store(GICD_BASE + VIC_GICD_CTLR, 4, VIC_GICD_CTLR_GRP1);
}

static void make_machine(const struct vic_vcpu_ops *ops)
{
	const struct vic_gic_config config = {
		.size = sizeof(config),
		.flags = VIC_GIC_RESET_AWAKE,
		.max_vcpus = VCPUS,
		.spis = 96,
		.nr_regions = 1,
		.gicd_base = GICD_BASE,
		.regions = {{.base = GICR_BASE, .count = VCPUS}},
		.ops = ops,
	};
	size_t size = vic_gic_size(&config);

	vcpus = zeroed(VIC_CACHE_LINE, VCPUS * sizeof(*vcpus));
	if (vic_gic_init(zeroed(VIC_CACHE_LINE, size), size, &config, &gic))
		die("vic_gic_init fails");
	for (uint32_t i = 0; i < VCPUS; i++)
		make_vcpu(i, ops);
	for (uint32_t i = 0; i < DEVICES; i++) {
		devices[i].kind = (enum device_kind)i;
		devices[i].random = 0xd1b54a32d192ed03 + i;
		latch_init(&devices[i].reply);
	}
	keeper.random = 0x2545f4914f6cdd1d;
	if (pthread_barrier_init(&round_begin, NULL, DEVICES + 2) ||
	    pthread_barrier_init(&round_end, NULL, DEVICES + 2))
		die("no barrier");
	set_up();
}

int main(int argc, char **argv)
{
	int64_t messages = is_long(argc, argv) ? LONG_RUN : SHORT_RUN;
	pthread_t threads[GUESTS + DEVICES], watchdog, keeping;
	bool locks = false;

	for (int i = 1; i < argc; i++)
		locks |= !strcmp(argv[i], "--locks");
	make_machine(locks ? &yielding : &spinning);
	printf("# %" PRId64 " messages, %d vCPU and %d device threads%s\n",
	       messages, VCPUS, DEVICES, locks ? ", locks that yield" : "");
	fflush(stdout);

	start(&watchdog, watchdog_thread, NULL);
	for (uint32_t i = 0; i < GUESTS; i++)
		start(&threads[i], vcpu_thread, &vcpus[i]);
	for (uint32_t i = 0; i < DEVICES; i++)
		start(&threads[GUESTS + i], device_thread, &devices[i]);
	start(&keeping, keeper_thread, NULL);
	for (int64_t sent = 0, round; sent < messages; sent += round) {
		round = sent / ROUND % (2 * ROUNDS) ? ROUND : LONG_ROUND;
		atomic_store(&budget, round);
		pthread_barrier_wait(&round_begin);
		pthread_barrier_wait(&round_end);
		drain();
	}
	settle_counters();

	/* The verdict stands: let the waiters go home. */
	atomic_store(&stop, true);
	pthread_barrier_wait(&round_begin);
	for (uint32_t i = 0; i < DEVICES; i++)
		pthread_join(threads[GUESTS + i], NULL);
	pthread_join(keeping, NULL);
	for (uint32_t i = 0; i < GUESTS; i++) {
		latch_set(&vcpus[i].wake);
		latch_set(&vcpus[i].kick);
		pthread_join(threads[i], NULL);
	}
	pthread_join(watchdog, NULL);
	return report((uint64_t)messages) != 0;
}
