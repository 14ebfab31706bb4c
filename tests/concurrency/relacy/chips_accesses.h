/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The library's accesses in chips.cpp, as each mutant makes them. */
#ifndef CHIPS_ACCESSES_H
#define CHIPS_ACCESSES_H

namespace
{

const unsigned ARRIVALS = CPUS * CPU_WORDS + VM_ARRIVALS;
const unsigned WAITING = CPUS * CPU_WORDS + VM_WAITING;
const unsigned SOURCES = CPUS * CPU_WORDS + VM_SOURCES;

/* Which of each vCPU's words it is; CPU_WORDS for none. */
unsigned of_cpu(unsigned w)
{
	return w < CPUS * CPU_WORDS ? w % CPU_WORDS : unsigned(CPU_WORDS);
}

uint64_t look(unsigned w)
{
	return suite->word[w].load(rl::mo_relaxed, RL_INFO);
}

/* A mutant moves this thread's access to a later place. */
uint64_t put_off(unsigned w, model_op op, uint64_t operand)
{
	auto &own = mine();

	own.set = true;
	own.word = w;
	own.op = op;
	own.operand = operand;
	return look(w);
}

void catch_up()
{
	auto &own = mine();

	if (own.set)
		update(suite->word[own.word], own.op, own.operand,
		       rl::mo_seq_cst);
	own.set = false;
	if (own.remote)
		remote_irr(suite->ioapic, true);
	own.remote = false;
}

void begin(call what)
{
	mine().inside = what;
	mine().first = true;
}

void end()
{
	mine().inside = ELSEWHERE;
	mine().first = false;
	catch_up();
}

bool leaves_open(unsigned lock)
{
	const call inside = mine().inside;

	if (lock == 0)
		return (active == EOI_UNLOCKED && inside == EOI) ||
		       (active == LINE_UNLOCKED && inside == RAISE);
	return active == INTA_UNLOCKED && inside == INTA;
}

void take_lock(unsigned lock)
{
	auto &own = mine();

	/* refused() comes first after A1 and A2. */
	if (own.sends && active == A1_LATE)
		own.seen = look(ARRIVALS);
	own.ends = own.sends;
	own.sends = false;
	if (own.first && own.inside == EOI && active == LINES_EARLY)
		own.seen = look(SOURCES);
	own.free = own.first && leaves_open(lock);
	own.first = false;
	if (!own.free)
		suite->locks[lock].lock(RL_INFO);
	if (own.ends && active == ATTEMPTS_NONE)
		own.attempts = attempts(suite->ioapic, own.attempt);
	if (active == REMOTE_LATE)
		own.attempt = attempts_now(suite->ioapic);
}

void drop_lock(unsigned lock)
{
	auto &own = mine();

	/* It has begun an attempt. */
	if (own.inside == RAISE && active == REMOTE_LATE &&
	    attempts_now(suite->ioapic) != own.attempt)
		own.remote = remote_irr(suite->ioapic, false);
	if (active == MISSED_NONE)
		forget_missed(suite->ioapic);
	if (own.ends && active == ATTEMPTS_NONE)
		attempts(suite->ioapic, own.attempts);
	else if (active == ATTEMPTS_NONE)
		own.attempt = attempts_now(suite->ioapic);
	if (!own.free)
		suite->locks[lock].unlock(RL_INFO);
	own.free = false;
}

/* A1 */
uint64_t load_a1()
{
	auto &own = mine();

	own.sends = true;
	own.arrivals = suite->word[ARRIVALS].load(
		active == A1_RELAXED ? rl::mo_relaxed : rl::mo_acquire,
		RL_INFO);
	return own.arrivals;
}

/* A4 */
uint64_t load_a4()
{
	auto &own = mine();
	uint64_t value;

	if (active == A4_NONE)
		return own.arrivals;
	if (active == A4_EARLY)
		return own.seen;
	value = suite->word[ARRIVALS].load(
		active == A4_ACQUIRE ? rl::mo_acquire : rl::mo_seq_cst,
		RL_INFO);
	if (active == A1_LATE)
		return own.arrivals + (value != own.seen);
	return value;
}

uint64_t load(unsigned w, model_order order)
{
	auto &own = mine();

	if (w == ARRIVALS)
		return order == MODEL_SEQ ? load_a4() : load_a1();
	if (w == WAITING) {
		if (active == B3_NONE)
			return 0;
		if (active == B3_EARLY)
			return own.seen;
		if (active == B3_ACQUIRE)
			order = MODEL_ACQUIRE;
	}
	if (w == SOURCES && own.inside == EOI) {
		if (active == LINES_NONE)
			return 0;
		if (active == LINES_EARLY)
			return own.seen;
	}
	if (of_cpu(w) == CPU_REQUEST && order == MODEL_SEQ &&
	    own.inside == HEAR) {
		if (active == M2_NONE)
			return 0;
		if (active == M2_ACQUIRE)
			order = MODEL_ACQUIRE;
	}
	if (of_cpu(w) == CPU_HEARS && order == MODEL_SEQ) {
		if (active == L3_NONE)
			return 0;
		if (active == L3_ACQUIRE)
			order = MODEL_ACQUIRE;
	}
	return suite->word[w].load(order_of(order), RL_INFO);
}

uint64_t rmw(unsigned w, model_op op, uint64_t operand)
{
	auto &own = mine();
	rl::memory_order order = rl::mo_seq_cst;

	if (w == WAITING && op == MODEL_OR) {
		if (active == A3_NONE)
			return 0;
		if (active == A4_EARLY)
			own.seen = look(ARRIVALS);
		if (active == A3_ACQ_REL)
			order = rl::mo_acq_rel;
	} else if (w == WAITING) {
		if (active == B3_CLEARS_LATE)
			return put_off(w, op, operand);
	} else if (w == ARRIVALS) {
		if (active == B2_NONE || active == B2_EARLY)
			return 0;
		if (active == B3_EARLY)
			own.seen = look(WAITING);
		if (active == B2_ACQ_REL)
			order = rl::mo_acq_rel;
	}
	switch (of_cpu(w)) {
	case CPU_STATE:
		if (active == M1_LATE)
			catch_up();
		break;
	case CPU_HEARS:
		if (active == M1_NONE)
			return 0;
		if (active == M1_LATE)
			return put_off(w, op, operand);
		if (active == M1_RELEASE) {
			suite->word[w].store(operand, rl::mo_release, RL_INFO);
			return 0;
		}
		break;
	case CPU_REQUEST:
		if (active == LOW_LATE && own.inside == INTA &&
		    operand == ~request_lint0())
			return put_off(w, op, operand);
		if (op != MODEL_OR || is_owner())
			break;
		if (active == L2_ACQ_REL && (operand & request_lint0()))
			order = rl::mo_acq_rel;
		if (active == L3_NO_NEW && !(operand & request_lint0()))
			return look(w);
		break;
	default:
		break;
	}
	return update(suite->word[w], op, operand, order);
}

} // namespace

uint64_t model_load(const void *p, unsigned bytes, model_order order)
{
	unsigned w = suite->find(p);

	RL_ASSERT(w < ALL_WORDS || w == PLAIN);
	return w == PLAIN ? plain_load(p, bytes) : load(w, order);
}

void model_store(void *p, unsigned bytes, uint64_t value, model_order order)
{
	unsigned w = suite->find(p);

	if (w >= ALL_WORDS && w != PLAIN) {
		drop_lock(w - ALL_WORDS);
		return;
	}
	if (w != PLAIN) {
		if (of_cpu(w) == CPU_IDENTITY && active == B2_EARLY)
			update(suite->word[ARRIVALS], MODEL_ADD, 1,
			       rl::mo_seq_cst);
		suite->word[w].store(value, order_of(order), RL_INFO);
	}
	/* What is changed under a lock is also read as plain memory. */
	if (w == PLAIN || w == SOURCES)
		plain_store(p, bytes, value);
}

uint64_t model_rmw(void *p, unsigned bytes, model_op op, uint64_t operand)
{
	unsigned w = suite->find(p);
	uint64_t old;

	if (w < ALL_WORDS)
		return rmw(w, op, operand);
	if (w != PLAIN) {
		take_lock(w - ALL_WORDS);
		return 0;
	}
	old = plain_load(p, bytes);
	plain_store(p, bytes, apply(op, old, operand));
	return old;
}

bool model_compare_exchange(void *p, uint64_t *expected, uint64_t desired)
{
	unsigned w = suite->find(p);
	uint64_t old;
	bool same;

	if (w != PLAIN)
		return suite->word[w].compare_exchange_strong(
			*expected, desired, rl::mo_seq_cst, RL_INFO);
	old = plain_load(p, 8);
	same = old == *expected;
	if (same)
		plain_store(p, 8, desired);
	*expected = old;
	return same;
}

#endif
