/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The library's accesses in posting.cpp, as each mutant makes them. Part of
 * that file.
 */
#ifndef ACCESSES_H
#define ACCESSES_H

namespace
{

bool is_owner()
{
	return rl::thread_index() == OWNER;
}

bool is_pir(model_word w)
{
	return w == WORD_PIR || w == WORD_PIR_HIGH;
}

/* A mutant moves this thread's access to a later place. */
uint64_t put_off(model_word w, model_op op, uint64_t operand)
{
	auto &late = suite->late[rl::thread_index()];

	late.set = true;
	late.word = w;
	late.op = op;
	late.operand = operand;
	return 0;
}

void catch_up()
{
	auto &late = suite->late[rl::thread_index()];
	uint64_t old;

	if (!late.set)
		return;
	late.set = false;
	old = update(suite->word[late.word], late.op, late.operand,
		     rl::mo_seq_cst);
	/* The sender took its level for a new one. */
	if (late.word == WORD_HELD)
		suite->merged += (old & late.operand) != 0;
}

/* What a mutant has put off comes before an access to @w, or waits on. */
void settle(model_word w)
{
	bool waits = true;

	switch (suite->late[rl::thread_index()].word) {
	case WORD_ON:
		waits = is_pir(w) || w == WORD_TRIGGER;
		break;
	case WORD_TRIGGER:
		waits = is_pir(w) || w == WORD_ON;
		break;
	case WORD_POSTING:
		waits = w == WORD_TRIGGER || w == WORD_EDGES;
		break;
	case WORD_REQUEST:
		waits = w == WORD_HELD;
		break;
	case WORD_HELD:
		waits = w == WORD_REQUEST;
		break;
	default:
		break;
	}
	if (!waits)
		catch_up();
}

uint64_t look(model_word w)
{
	return suite->word[w].load(rl::mo_relaxed, RL_INFO);
}

/* Too early: a later load of this thread has this value. */
void look_early(model_word w)
{
	suite->late[rl::thread_index()].seen[w] = look(w);
}

uint64_t seen_early(model_word w)
{
	return suite->late[rl::thread_index()].seen[w];
}

/* The two halves of a read-modify-write that is none. */
uint64_t split(model_word w, model_op op, uint64_t operand)
{
	uint64_t old = suite->word[w].load(rl::mo_acquire, RL_INFO);

	suite->word[w].store(apply(op, old, operand), rl::mo_release, RL_INFO);
	return old;
}

uint64_t owner_load(model_word w, model_order order)
{
	if (w == WORD_STATE && active == PUT_SLEEPER && order == MODEL_RELAXED)
		return VIC_HOST;
	if (order != MODEL_SEQ)
		return suite->word[w].load(order_of(order), RL_INFO);
	if ((w == WORD_ON && active == E2_NONE) ||
	    (is_pir(w) && active == L2_NONE))
		return 0;
	if ((w == WORD_ON && active == E2_EARLY && suite->inside == BLOCK) ||
	    (is_pir(w) && active == L2_EARLY))
		return seen_early(w);
	if ((w == WORD_ON && active == E2_ACQUIRE) ||
	    (w == WORD_REQUEST && active == E2_REQUEST_ACQUIRE))
		order = MODEL_ACQUIRE;
	return suite->word[w].load(order_of(order), RL_INFO);
}

uint64_t sender_load(model_word w, model_order order)
{
	bool &corrected = suite->late[rl::thread_index()].corrected;

	if (w == WORD_ON && order == MODEL_RELAXED && active == P4_WHERE_EARLY)
		return seen_early(w);
	if (w == WORD_TRIGGER && order == MODEL_SEQ) {
		if (active == P5_NONE)
			return UINT64_MAX;
		if (active == P5_EARLY)
			return seen_early(w);
	}
	if (w == WORD_POSTING && active == BEGIN_UNSEEN && corrected) {
		corrected = false;
		return 0;
	}
	if (w == WORD_STATE && active == P4_ACQUIRE)
		order = MODEL_ACQUIRE;
	return suite->word[w].load(order_of(order), RL_INFO);
}

bool puts_off(model_word w, model_op op, uint64_t operand)
{
	switch (active) {
	case E1_LATE:
		return w == WORD_STATE && operand == VIC_POSTED;
	case S1_LATE:
		return w == WORD_ON && op == MODEL_AND;
	case R1_LATE:
		return w == WORD_REQUEST && op == MODEL_AND &&
		       (operand & model_new());
	case R3_LATE:
		return w == WORD_TRIGGER && op == MODEL_AND;
	case BEGIN_LATE:
		return w == WORD_POSTING;
	default:
		return false;
	}
}

/* Whether the mutant leaves it out. */
bool leaves_out(model_word w, model_op op)
{
	switch (active) {
	case R3_NONE:
		return w == WORD_TRIGGER && op == MODEL_AND;
	case R3_UNDRAINED:
		return is_pir(w) && suite->inside == EOI_EXIT;
	case R3_PLAIN_LOAD:
		return is_pir(w) && suite->inside == EOI_EXIT && !look(w);
	case BEGIN_UNDRAINED:
		return is_pir(w) && suite->inside == SET_POSTING;
	default:
		return false;
	}
}

uint64_t owner_rmw(model_word w, model_op op, uint64_t operand)
{
	rl::memory_order order = rl::mo_seq_cst;

	if (puts_off(w, op, operand))
		return put_off(w, op, operand);
	if (leaves_out(w, op))
		return 0;
	if ((is_pir(w) && active == S2_SPLIT) ||
	    (w == WORD_HELD && active == R2_SPLIT))
		return split(w, op, operand);
	if (w == WORD_STATE && active == E1_RELEASE) {
		suite->word[w].store(operand, rl::mo_release, RL_INFO);
		return 0;
	}
	if (w == WORD_STATE && active == E2_EARLY)
		look_early(WORD_ON);
	if (w == WORD_ON && active == S1_RELAXED)
		order = rl::mo_relaxed;
	return update(suite->word[w], op, operand, order);
}

uint64_t sender_rmw(model_word w, model_op op, uint64_t operand)
{
	rl::memory_order order = rl::mo_seq_cst;
	uint64_t old;

	if (w == WORD_HELD && active == H2_EARLY)
		return put_off(w, op, operand);
	if (((is_pir(w) && active == P2_PLAIN_LOAD) ||
	     (w == WORD_HELD && active == H1_PLAIN_LOAD)) &&
	    (look(w) & operand))
		return operand;
	if (is_pir(w) && active == P5_EARLY)
		look_early(WORD_TRIGGER);
	if (is_pir(w) && active == P4_WHERE_EARLY)
		look_early(WORD_ON);
	if (w == WORD_TRIGGER)
		suite->late[rl::thread_index()].corrected = true;
	if ((w == WORD_ON && active == P3_ACQ_REL) ||
	    (w == WORD_REQUEST && active == H2_ACQ_REL))
		order = rl::mo_acq_rel;
	old = update(suite->word[w], op, operand, order);
	/* H2-early: H1, also if that was all. */
	if (w == WORD_REQUEST)
		catch_up();
	return old;
}

/* Owner: L1 and B2 make @expected @desired. */
bool redirect(uint64_t *expected, uint64_t desired)
{
	unsigned to = uint8_t(desired >> VIC_PID_NV_SHIFT);
	unsigned from = uint8_t(*expected >> VIC_PID_NV_SHIFT);
	bool lists = suite->inside == BLOCK && to == WAKEUP;
	bool refuses = suite->inside == BLOCK && to == NOTIFICATION;

	switch (active) {
	case L1_SPLIT:
		suite->word[WORD_ON].store(desired, rl::mo_seq_cst, RL_INFO);
		return true;
	case L1_KEEPS_SN:
		desired |= *expected & VIC_PID_SN;
		break;
	case L1_KEEPS_PLACE:
		desired = *expected & ~VIC_PID_SN;
		break;
	case L2_EARLY:
		look_early(WORD_PIR);
		look_early(WORD_PIR_HIGH);
		break;
	case B2_NONE:
		if (lists)
			return true;
		break;
	case REFUSAL_KEEPS_NV:
		if (refuses)
			return true;
		break;
	case UNBLOCK_KEEPS_NV:
		if (suite->inside == UNBLOCK && from == WAKEUP)
			return true;
		break;
	default:
		break;
	}
	return suite->word[WORD_ON].compare_exchange_strong(
		*expected, desired, rl::mo_seq_cst, RL_INFO);
}

} // namespace

uint64_t model_load(const void *p, unsigned bytes, model_order order)
{
	model_word w = suite->find(p);

	if (w == NO_WORD)
		return plain_load(p, bytes);
	settle(w);
	return is_owner() ? owner_load(w, order) : sender_load(w, order);
}

void model_store(void *p, unsigned bytes, uint64_t value, model_order order)
{
	model_word w = suite->find(p);

	if (w == NO_WORD) {
		plain_store(p, bytes, value);
		return;
	}
	settle(w);
	/* A refusal: POSTED was never stored. */
	if (w == WORD_STATE)
		suite->late[OWNER].set = false;
	suite->word[w].store(value, order_of(order), RL_INFO);
}

uint64_t model_rmw(void *p, unsigned bytes, model_op op, uint64_t operand)
{
	model_word w = suite->find(p);
	uint64_t old;

	if (w != NO_WORD) {
		settle(w);
		return is_owner() ? owner_rmw(w, op, operand)
				  : sender_rmw(w, op, operand);
	}
	old = plain_load(p, bytes);
	plain_store(p, bytes, apply(op, old, operand));
	return old;
}

bool model_compare_exchange(void *p, uint64_t *expected, uint64_t desired)
{
	model_word w = suite->find(p);

	if (w == NO_WORD) {
		uint64_t old = plain_load(p, 8);
		bool same = old == *expected;

		if (same)
			plain_store(p, 8, desired);
		*expected = old;
		return same;
	}
	settle(w);
	if (w == WORD_ON && is_owner())
		return redirect(expected, desired);
	if (w == WORD_ON && active == D2_PLAIN_LOAD && desired == *expected)
		return true;
	return suite->word[w].compare_exchange_strong(
		*expected, desired,
		active == D2_RELAXED ? rl::mo_relaxed : rl::mo_seq_cst,
		RL_INFO);
}

#endif
