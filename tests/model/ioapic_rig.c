/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "ioapic_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_VCPU LM_VCPUS

static uint32_t any(struct ioapic_rig *rig, uint32_t count)
{
	rig->random = rig->random * 6364136223846793005ull + 1;
	return (uint32_t)(rig->random >> 33) % count;
}

static uint32_t held;

static uint64_t lock(uint32_t *word)
{
	if (*word)
		abort();
	*word = 1;
	return ++held;
}

static void unlock(uint32_t *word, uint64_t flags)
{
	if (*word != 1 || flags != held)
		abort();
	*word = 0;
	held--;
}

void ioapic_rig_locks(struct vic_vcpu_ops *ops)
{
	ops->lock = lock;
	ops->unlock = unlock;
}

bool ioapic_rig_is_locked(void)
{
	return held != 0;
}

static struct ioapic_event *add_event(struct ioapic_rig *rig)
{
	struct ioapic_event *event;

	if (ioapic_rig_is_locked())
		lapic_rig_fail(rig->lapic, "ioapic%u: called with a lock",
			       rig->index);
	if (rig->nr_events == IOAPIC_RIG_EVENTS) {
		lapic_rig_fail(rig->lapic, "ioapic%u: no end", rig->index);
		rig->nr_events = 0;
	}
	event = &rig->events[rig->nr_events++];
	memset(event, 0, sizeof(*event));
	return event;
}

/* What processors do that are not there. */
static bool msi(void *opaque, uint64_t address, uint32_t data)
{
	struct ioapic_rig *rig = opaque;
	struct ioapic_event *event = add_event(rig);
	uint32_t mode = (data & VIC_ICR_MODE) >> VIC_ICR_MODE_SHIFT;

	event->address = address;
	event->data = data;
	event->accepted = any(rig, 4) != 0;
	if (mode <= VIC_MODE_LOWEST && (data & VIC_ICR_VECTOR) < VIC_VECTOR_MIN)
		event->accepted = false;
	return event->accepted;
}

/* A device lowers its line, most likely, or somebody else does something. */
static void eoi(void *opaque, uint32_t source, uint32_t number)
{
	struct ioapic_rig *rig = opaque;
	struct ioapic_event *event = add_event(rig);

	event->is_eoi = true;
	event->pin = number;
	if (source != VIC_EOI_IOAPIC || number >= rig->im.config.pins) {
		lapic_rig_fail(rig->lapic, "ioapic%u: eoi, source %u, pin %u",
			       rig->index, source, number);
		return;
	}
	event->drives = any(rig, 3) != 0;
	if (!event->drives)
		return;
	event->other = any(rig, 4) ? number : any(rig, rig->im.config.pins);
	event->source = any(rig, 4);
	event->level = any(rig, 3) == 0;
	event->sent =
		vic_ioapic_line_set(rig->ioapic, &rig->lapic->counters,
				    event->other, event->source, event->level);
}

static struct ioapic_event *next_event(struct ioapic_rig *rig)
{
	if (rig->next_event == rig->nr_events)
		return NULL;
	return &rig->events[rig->next_event++];
}

static bool model_send(void *opaque, uint64_t address, uint32_t data)
{
	struct ioapic_rig *rig = opaque;
	const struct ioapic_event *event;
	bool accepted;

	rig->sent[rig->thread]++;
	rig->messages++;
	if (!rig->spec.alone) {
		if (!lm_msi(&rig->lapic->lm, address, data))
			lapic_rig_fail(rig->lapic, "ioapic%u: no message",
				       rig->index);
		accepted = rig->lapic->lm.accepted != 0;
		rig->refused += !accepted;
		lapic_rig_note(rig->lapic, "  message %llx = %x: %u",
			       (unsigned long long)address, data,
			       rig->lapic->lm.accepted);
		return accepted;
	}
	event = next_event(rig);
	if (!event || event->is_eoi || event->address != address ||
	    event->data != data) {
		lapic_rig_fail(rig->lapic,
			       "ioapic%u: not sent: %llx = %x; it did %s",
			       rig->index, (unsigned long long)address, data,
			       !event          ? "nothing"
			       : event->is_eoi ? "tell an eoi"
					       : "send another");
		return false;
	}
	lapic_rig_note(rig->lapic, "  message %llx = %x: %d",
		       (unsigned long long)address, data, event->accepted);
	rig->refused += !event->accepted;
	return event->accepted;
}

static void model_eoi(void *opaque, uint32_t pin)
{
	struct ioapic_rig *rig = opaque;
	const struct ioapic_event *event = next_event(rig);
	uint32_t thread = rig->thread;
	bool sent;

	rig->ended++;
	if (!event || !event->is_eoi || event->pin != pin) {
		lapic_rig_fail(rig->lapic, "ioapic%u: no eoi of pin %u",
			       rig->index, pin);
		return;
	}
	lapic_rig_note(rig->lapic, "  eoi of pin %u", pin);
	if (!event->drives)
		return;
	lapic_rig_note(rig->lapic, "  its device: pin %u source %u = %d",
		       event->other, event->source, event->level);
	rig->thread = NO_VCPU;
	sent = im_line(&rig->im, event->other, event->source, event->level);
	rig->thread = thread;
	if (rig->spec.alone && sent != event->sent)
		lapic_rig_fail(rig->lapic, "ioapic%u: line in eoi: %d",
			       rig->index, event->sent);
}

void ioapic_rig_replayed(struct ioapic_rig *rig)
{
	const struct ioapic_event *event = next_event(rig);

	if (event && event->is_eoi)
		lapic_rig_fail(rig->lapic, "ioapic%u: eoi of pin %u",
			       rig->index, event->pin);
	else if (event)
		lapic_rig_fail(rig->lapic, "ioapic%u: sent %llx = %x",
			       rig->index, (unsigned long long)event->address,
			       event->data);
	rig->next_event = 0;
	rig->nr_events = 0;
}

static void *storage(size_t size)
{
	void *result;

	size = (size + VIC_CACHE_LINE - 1) / VIC_CACHE_LINE * VIC_CACHE_LINE;
	result = aligned_alloc(VIC_CACHE_LINE, size);
	if (!result) {
		perror("aligned_alloc");
		exit(1);
	}
	memset(result, 0, size);
	return result;
}

void ioapic_rig_init(struct ioapic_rig *rig, struct lapic_rig *lapic,
		     uint32_t index, const struct ioapic_rig_spec *spec)
{
	const struct im_config *c = &spec->model;
	struct vic_ioapic_config config = {
		.size = sizeof(config),
		.flags = c->voltages ? VIC_IOAPIC_VOLTAGES : 0,
		.pins = c->pins,
		.version = c->version,
		.id = c->id,
		.bus = spec->alone ? NULL : lapic->bus,
		.ops = &rig->ops,
		.opaque = rig,
	};
	size_t size;
	int err;

	memset(rig, 0, sizeof(*rig));
	rig->lapic = lapic;
	rig->index = index;
	rig->spec = *spec;
	rig->random = spec->random;
	rig->thread = NO_VCPU;
	/* As those of the vCPUs are. */
	rig->ops = lapic->ops;
	rig->ops.size = sizeof(rig->ops);
	rig->ops.eoi = eoi;
	rig->ops.msi = spec->alone ? msi : NULL;
	if (spec->locks)
		ioapic_rig_locks(&rig->ops);
	size = vic_ioapic_size(&config);
	rig->storage = storage(size);
	err = vic_ioapic_init(rig->storage, size, &config, &rig->ioapic);
	if (err) {
		fprintf(stderr, "vic_ioapic_init: error %d\n", err);
		abort();
	}
	rig->kept = storage(vic_ioapic_image_size(rig->ioapic));
	rig->spec.model.send = model_send;
	rig->spec.model.eoi = model_eoi;
	rig->spec.model.opaque = rig;
	im_init(&rig->im, &rig->spec.model);
}

void ioapic_rig_free(struct ioapic_rig *rig)
{
	free(rig->storage);
	free(rig->kept);
}

/* What is pending at the vCPUs that was not. */
static bool
is_more(const struct vic_vcpu_inbox *was, const struct vic_vcpu_inbox *is)
{
	for (uint32_t i = 0; i < 4; i++)
		if (is->pir[i] & ~was->pir[i])
			return true;
	return is->nmi > was->nmi || (is->smi && !was->smi) ||
	       (is->init && (!was->init || (was->sipi && !is->sipi))) ||
	       (is->extint && !was->extint);
}

/* Whoever takes an illegal vector must not be in the guest. */
void ioapic_rig_prepare(struct ioapic_rig *rig, uint8_t vector)
{
	struct lapic_rig *l = rig->lapic;
	bool illegal = vector < VIC_VECTOR_MIN;

	for (uint32_t i = 0; i < rig->im.config.pins; i++)
		illegal |= (rig->im.pin[i].entry & VIC_RTE_VECTOR) <
				   VIC_VECTOR_MIN &&
			   rig->im.pin[i].entry != VIC_RTE_MASKED;
	for (uint32_t i = 0; i < l->lm.config.vcpus && illegal; i++)
		lapic_rig_leave(l, i);
}

void ioapic_rig_line(struct ioapic_rig *rig, uint32_t pin, uint32_t source,
		     bool level)
{
	struct lapic_rig *l = rig->lapic;
	struct vic_vcpu_inbox was[LAPIC_RIG_VCPUS], is;
	bool sent, wanted, more = false;

	ioapic_rig_prepare(rig, 0xff);
	for (uint32_t i = 0; i < l->lm.config.vcpus; i++)
		vic_vcpu_peek(l->cpu[i].vcpu, &was[i]);
	lapic_rig_note(l, "ioapic%u: pin %u source %u = %d", rig->index, pin,
		       source, level);
	sent = vic_ioapic_line_set(rig->ioapic, &l->counters, pin, source,
				   level);
	for (uint32_t i = 0; i < l->lm.config.vcpus; i++) {
		vic_vcpu_peek(l->cpu[i].vcpu, &is);
		more |= is_more(&was[i], &is);
	}
	wanted = im_line(&rig->im, pin, source, level);
	ioapic_rig_replayed(rig);
	if (sent != (rig->spec.alone ? wanted : more))
		lapic_rig_fail(l, "ioapic%u: line: %d", rig->index, sent);
}

void ioapic_rig_load(struct ioapic_rig *rig, uint32_t offset, uint32_t len)
{
	uint64_t value = 0, model = 0;
	enum vic_access access, wanted;

	access = vic_ioapic_read(rig->ioapic, offset, len, &value);
	wanted = im_read(&rig->im, offset, len, &model) ? VIC_ACCESS_DONE
							: VIC_ACCESS_FOREIGN;
	if (access != wanted || (access == VIC_ACCESS_DONE && value != model))
		lapic_rig_fail(rig->lapic,
			       "ioapic%u: load%u %x -> %d %llx, not %d %llx",
			       rig->index, len * 8, offset, access,
			       (unsigned long long)value, wanted,
			       (unsigned long long)model);
}

void ioapic_rig_store(struct ioapic_rig *rig, uint32_t offset, uint32_t len,
		      uint64_t value)
{
	enum vic_access access, wanted;

	ioapic_rig_prepare(rig, (uint8_t)value);
	lapic_rig_note(rig->lapic, "ioapic%u: store%u %x = %llx", rig->index,
		       len * 8, offset, (unsigned long long)value);
	access = vic_ioapic_write(rig->ioapic, &rig->lapic->counters, offset,
				  len, value);
	wanted = im_write(&rig->im, offset, len, value) ? VIC_ACCESS_DONE
							: VIC_ACCESS_FOREIGN;
	ioapic_rig_replayed(rig);
	if (access != wanted)
		lapic_rig_fail(rig->lapic, "ioapic%u: store: %d", rig->index,
			       access);
}

void ioapic_rig_put(struct ioapic_rig *rig, uint32_t index, uint32_t value)
{
	if (rig->im.select != index)
		ioapic_rig_store(rig, VIC_IOAPIC_IOREGSEL, 4, index);
	ioapic_rig_store(rig, VIC_IOAPIC_IOWIN, 4, value);
}

void ioapic_rig_eoi(struct ioapic_rig *rig, uint8_t vector)
{
	ioapic_rig_prepare(rig, 0xff);
	lapic_rig_note(rig->lapic, "ioapic%u: eoi %02x", rig->index, vector);
	vic_ioapic_eoi(rig->ioapic, &rig->lapic->counters, vector);
	im_eoi(&rig->im, vector);
	ioapic_rig_replayed(rig);
}

void ioapic_rig_retry(struct ioapic_rig *rig)
{
	ioapic_rig_prepare(rig, 0xff);
	lapic_rig_note(rig->lapic, "ioapic%u: retry", rig->index);
	vic_ioapic_retry(rig->ioapic, &rig->lapic->counters);
	im_retry(&rig->im);
	ioapic_rig_replayed(rig);
}

void ioapic_rig_reset(struct ioapic_rig *rig)
{
	lapic_rig_note(rig->lapic, "ioapic%u: reset", rig->index);
	vic_ioapic_reset(rig->ioapic);
	im_reset(&rig->im);
	ioapic_rig_replayed(rig);
}

static void restore(struct ioapic_rig *rig, const uint8_t *image)
{
	const char *what = "";
	int err = vic_ioapic_restore(rig->ioapic, image,
				     vic_ioapic_image_size(rig->ioapic), &what);

	lapic_rig_note(rig->lapic, "ioapic%u: restore -> %d %s", rig->index,
		       err, what ? what : "");
	if (err != VIC_OK || what)
		lapic_rig_fail(rig->lapic, "ioapic%u: restore: %d %s",
			       rig->index, err, what ? what : "");
	rig->restored++;
}

void ioapic_rig_keep(struct ioapic_rig *rig)
{
	lapic_rig_note(rig->lapic, "ioapic%u: save", rig->index);
	vic_ioapic_save(rig->ioapic, rig->kept);
	rig->kept_model = rig->im;
	rig->has_kept = true;
}

void ioapic_rig_go_back(struct ioapic_rig *rig)
{
	if (!rig->has_kept)
		return;
	restore(rig, rig->kept);
	rig->im = rig->kept_model;
}

void ioapic_rig_image(struct ioapic_rig *rig, uint32_t flip)
{
	size_t size = vic_ioapic_image_size(rig->ioapic);
	uint8_t *image = storage(size), *again = storage(size);
	const char *what = "";

	vic_ioapic_save(rig->ioapic, image);
	memcpy(again, image, size);
	if (flip < 8 * size) {
		int err;

		again[flip / 8] ^= (uint8_t)(1u << flip % 8);
		err = vic_ioapic_restore(rig->ioapic, again, size, &what);
		lapic_rig_note(rig->lapic,
			       "ioapic%u: restore, bit %x wrong -> %d %s",
			       rig->index, flip, err, what ? what : "");
		if (err != VIC_OK && !what)
			lapic_rig_fail(rig->lapic, "restore: what?");
		/* Then it is what it was, which the next look shows. */
		if (err == VIC_OK)
			restore(rig, image);
	} else {
		vic_ioapic_reset(rig->ioapic);
		restore(rig, image);
	}
	vic_ioapic_save(rig->ioapic, again);
	if (memcmp(image, again, size) != 0)
		lapic_rig_fail(rig->lapic, "ioapic%u: saved again, another",
			       rig->index);
	free(image);
	free(again);
}

void ioapic_rig_accessed(struct ioapic_rig *rig, uint32_t vcpu,
			 const struct lm_eoi *eoi, bool moved)
{
	rig->thread = vcpu;
	if (eoi)
		im_eoi(&rig->im, eoi->vector);
	if (moved)
		im_retry(&rig->im);
	rig->thread = NO_VCPU;
	ioapic_rig_replayed(rig);
}

void ioapic_check(struct ioapic_rig *rig)
{
	struct vic_ioapic_pin pin;

	for (uint32_t i = 0; i < rig->im.config.pins; i++) {
		if (vic_ioapic_peek(rig->ioapic, i, &pin) != VIC_OK)
			lapic_rig_fail(rig->lapic, "ioapic%u: no pin %u",
				       rig->index, i);
		if (pin.entry != im_entry(&rig->im, i) ||
		    pin.sources != im_sources(&rig->im, i))
			lapic_rig_fail(
				rig->lapic,
				"ioapic%u: pin %u: %llx, sources %llx, not "
				"%llx, %llx",
				rig->index, i, (unsigned long long)pin.entry,
				(unsigned long long)pin.sources,
				(unsigned long long)im_entry(&rig->im, i),
				(unsigned long long)im_sources(&rig->im, i));
	}
	if (vic_ioapic_peek(rig->ioapic, rig->im.config.pins, &pin) == VIC_OK)
		lapic_rig_fail(rig->lapic, "ioapic%u: a pin too many",
			       rig->index);
	ioapic_rig_load(rig, VIC_IOAPIC_IOREGSEL, 4);
	ioapic_rig_load(rig, VIC_IOAPIC_IOWIN, 4);
}

void ioapic_check_reads(struct ioapic_rig *rig)
{
	for (uint32_t i = 0; i < 0x200; i++) {
		ioapic_rig_store(rig, VIC_IOAPIC_IOREGSEL, 4, i);
		ioapic_rig_load(rig, VIC_IOAPIC_IOREGSEL, 4);
		ioapic_rig_load(rig, VIC_IOAPIC_IOWIN, 4);
	}
}

void ioapic_check_counters(struct ioapic_rig *const *rigs, uint32_t count)
{
	struct lapic_rig *l = rigs[0]->lapic;

	for (uint32_t i = 0; i <= LM_VCPUS; i++) {
		struct vic_counters c = l->counters;
		uint64_t wanted = 0;

		if (i >= l->lm.config.vcpus && i != NO_VCPU)
			continue;
		if (i != NO_VCPU)
			vic_counters_read(vic_vcpu_counters(l->cpu[i].vcpu),
					  &c);
		for (uint32_t k = 0; k < count; k++)
			wanted += rigs[k]->sent[i];
		if (c.ioapic != wanted)
			lapic_rig_fail(l, "thread %u: %llu messages, not %llu",
				       i, (unsigned long long)c.ioapic,
				       (unsigned long long)wanted);
	}
}

void ioapic_check_show(const struct ioapic_rig *rig)
{
	const struct im *m = &rig->im;

	fprintf(stderr,
		"# ioapic%u: %u pins, version %x, id %x, voltages %d, wide %d, "
		"alone %d, select %x\n",
		rig->index, m->config.pins, m->config.version, m->id,
		m->config.voltages, m->config.wide, rig->spec.alone, m->select);
	for (uint32_t i = 0; i < m->config.pins; i++)
		if (im_entry(m, i) != VIC_RTE_MASKED || im_sources(m, i))
			fprintf(stderr, "#   pin %u: %llx, sources %llx\n", i,
				(unsigned long long)im_entry(m, i),
				(unsigned long long)im_sources(m, i));
}
