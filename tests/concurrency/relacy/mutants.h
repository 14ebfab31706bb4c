/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What posting.cpp runs, and what it breaks in each. */
#ifndef MUTANTS_H
#define MUTANTS_H

namespace
{

enum scenario {
	/* Senders against entry, exit, sleep and migration. */
	POSTS,
	/* Devices against entry, exit and put and load: two words of PIR. */
	DEVICES,
	/* A device against the list, the wake-up vector and its handler. */
	SLEEP,
	/* Levels that are held against an owner that takes them. */
	HELD,
	/* A level against the EOI that makes its vector an edge. */
	RELAX,
	/* Posting begins while levels and an edge are under way. */
	BEGIN,
	SCENARIOS,
};

enum mutant {
	/* The protocol as it is. */
	NONE,
	/* E1: POSTED is stored with release: no full barrier. */
	E1_RELEASE,
	/* E1: POSTED is stored after the look at the descriptor. */
	E1_LATE,
	/* E2: ON is loaded with acquire. */
	E2_ACQUIRE,
	/* E2: NEW is loaded with acquire. */
	E2_REQUEST_ACQUIRE,
	/* E2: nobody looks at ON again. */
	E2_NONE,
	/* E2 before B1 and B2. */
	E2_EARLY,
	/* P2, D1: a plain load decides that the bit is pending already. */
	P2_PLAIN_LOAD,
	/* P3: setting ON is no full barrier. */
	P3_ACQ_REL,
	/* P4: the state is loaded with acquire. */
	P4_ACQUIRE,
	/* P4: whom to notify is read before ON is set. */
	P4_WHERE_EARLY,
	/* S1: clearing ON orders nothing. */
	S1_RELAXED,
	/* S1 after S2: ON is cleared when PIR has been drained. */
	S1_LATE,
	/* S2: PIR is drained by a load and a store. */
	S2_SPLIT,
	/* D2: nothing is exchanged where nothing changes. */
	D2_PLAIN_LOAD,
	/* D2: the exchange orders nothing. */
	D2_RELAXED,
	/* L1: the control word changes by a load and a store. */
	L1_SPLIT,
	/* L1: SN stays. */
	L1_KEEPS_SN,
	/* L1: NV and NDST stay. */
	L1_KEEPS_PLACE,
	/* L2: nobody looks at PIR. */
	L2_NONE,
	/* L2 before L1. */
	L2_EARLY,
	/* Put and load act on a vCPU that sleeps, too. */
	PUT_SLEEPER,
	/* B2: NV stays that of the notification. */
	B2_NONE,
	/* Unblock, or a refused block, leaves NV that of the wake-up. */
	UNBLOCK_KEEPS_NV,
	REFUSAL_KEEPS_NV,
	/* H1: a plain load decides that the level is held already. */
	H1_PLAIN_LOAD,
	/* H2: setting NEW is no full barrier. */
	H2_ACQ_REL,
	/* H2 before H1. */
	H2_EARLY,
	/* R1 after R2: HELD is cleared when the vectors have been taken. */
	R1_LATE,
	/* R2: they are taken by a load and a store. */
	R2_SPLIT,
	/* P5: nobody looks at the trigger bit again. */
	P5_NONE,
	/* P5 before P2. */
	P5_EARLY,
	/* R3: the trigger bit stays. */
	R3_NONE,
	/* R3 after the drain. */
	R3_LATE,
	/* R3: PIR is not drained. */
	R3_UNDRAINED,
	/* R3: PIR is drained only if a plain load finds something. */
	R3_PLAIN_LOAD,
	/* The array of P1 is taken over before posting is told. */
	BEGIN_LATE,
	/* PIR is not drained when posting begins. */
	BEGIN_UNDRAINED,
	/* Who corrected a trigger bit does not look at posting again. */
	BEGIN_UNSEEN,
};

const struct run {
	mutant breaks;
	scenario in;
	const char *name;
} runs[] = {
	{NONE, POSTS, "posts"},
	{NONE, DEVICES, "devices"},
	{NONE, SLEEP, "sleep"},
	{NONE, HELD, "held"},
	{NONE, RELAX, "relax"},
	{NONE, BEGIN, "begin"},
	{E1_RELEASE, POSTS, "posts-E1-release"},
	{E1_LATE, POSTS, "posts-E1-late"},
	{E2_ACQUIRE, POSTS, "posts-E2-acquire"},
	{E2_NONE, POSTS, "posts-E2-none"},
	{P2_PLAIN_LOAD, POSTS, "posts-P2-plain-load"},
	{P3_ACQ_REL, POSTS, "posts-P3-acq-rel"},
	{P4_ACQUIRE, POSTS, "posts-P4-acquire"},
	{P4_WHERE_EARLY, POSTS, "posts-P4-where-early"},
	{S1_RELAXED, POSTS, "posts-S1-relaxed"},
	{S1_LATE, POSTS, "posts-S1-late"},
	{S2_SPLIT, POSTS, "posts-S2-split"},
	{E2_NONE, DEVICES, "devices-E2-none"},
	{P2_PLAIN_LOAD, DEVICES, "devices-D1-plain-load"},
	{D2_PLAIN_LOAD, DEVICES, "devices-D2-plain-load"},
	{D2_RELAXED, DEVICES, "devices-D2-relaxed"},
	{L1_SPLIT, DEVICES, "devices-L1-split"},
	{L1_KEEPS_SN, DEVICES, "devices-L1-keeps-SN"},
	{L1_KEEPS_PLACE, DEVICES, "devices-L1-keeps-place"},
	{L2_NONE, DEVICES, "devices-L2-none"},
	{L2_EARLY, DEVICES, "devices-L2-early"},
	{S1_RELAXED, DEVICES, "devices-S1-relaxed"},
	{S1_LATE, DEVICES, "devices-S1-late"},
	{S2_SPLIT, DEVICES, "devices-S2-split"},
	{E2_NONE, SLEEP, "sleep-E2-none"},
	{E2_EARLY, SLEEP, "sleep-E2-early"},
	{D2_PLAIN_LOAD, SLEEP, "sleep-D2-plain-load"},
	{B2_NONE, SLEEP, "sleep-B2-none"},
	{PUT_SLEEPER, SLEEP, "sleep-put"},
	{UNBLOCK_KEEPS_NV, SLEEP, "sleep-unblock-keeps-NV"},
	{REFUSAL_KEEPS_NV, SLEEP, "sleep-refusal-keeps-NV"},
	{H1_PLAIN_LOAD, HELD, "held-H1-plain-load"},
	{H2_ACQ_REL, HELD, "held-H2-acq-rel"},
	{H2_EARLY, HELD, "held-H2-early"},
	{E2_REQUEST_ACQUIRE, HELD, "held-E2-acquire"},
	{R1_LATE, HELD, "held-R1-late"},
	{R2_SPLIT, HELD, "held-R2-split"},
	{P5_NONE, RELAX, "relax-P5-none"},
	{P5_EARLY, RELAX, "relax-P5-early"},
	{R3_NONE, RELAX, "relax-R3-none"},
	{R3_LATE, RELAX, "relax-R3-late"},
	{R3_UNDRAINED, RELAX, "relax-R3-undrained"},
	{R3_PLAIN_LOAD, RELAX, "relax-R3-plain-load"},
	{BEGIN_LATE, BEGIN, "begin-late"},
	{BEGIN_UNDRAINED, BEGIN, "begin-undrained"},
	{BEGIN_UNSEEN, BEGIN, "begin-unseen"},
};

} // namespace

#endif
