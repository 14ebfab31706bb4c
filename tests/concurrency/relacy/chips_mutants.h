/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What chips.cpp runs, and what it breaks in each. The letters are those of
 * src/apic/ioapic.c (A, B) and src/ipi/inbox.h (L, M).
 */
#ifndef CHIPS_MUTANTS_H
#define CHIPS_MUTANTS_H

namespace
{

enum scenario {
	/* A device against two vCPUs that begin to accept its levels. */
	REFUSED,
	/* A device against a guest that writes its entry, and a retry. */
	REROUTED,
	/* Two devices on one pin, a handler, its EOI, and retries. */
	SHARED,
	/* Two lines of the PIC against INTA and LVT LINT0. */
	WIRE,
};

enum mutant {
	/* The protocol as it is. */
	NONE,
	/* A1: arrivals are loaded relaxed. */
	A1_RELAXED,
	/* A1 after A2. */
	A1_LATE,
	/* A3: nobody is told that a level waits. */
	A3_NONE,
	/* A3: the mark is no full barrier. */
	A3_ACQ_REL,
	/* A4: nobody looks at arrivals again. */
	A4_NONE,
	/* A4: arrivals are loaded with acquire. */
	A4_ACQUIRE,
	/* A4 before A3. */
	A4_EARLY,
	/* B2: nobody counts. */
	B2_NONE,
	/* B2: the count is no full barrier. */
	B2_ACQ_REL,
	/* B2 before B1. */
	B2_EARLY,
	/* B3: nobody looks at the mark. */
	B3_NONE,
	/* B3: the mark is loaded with acquire. */
	B3_ACQUIRE,
	/* B3 before B2. */
	B3_EARLY,
	/* B3: the mark is cleared when all has been sent. */
	B3_CLEARS_LATE,
	/* Who was refused does not hear that another has tried. */
	MISSED_NONE,
	/* Who was refused ends the attempt of another. */
	ATTEMPTS_NONE,
	/* An EOI looks at the lines before it ends remote IRR. */
	LINES_EARLY,
	/* An EOI does not look at them. */
	LINES_NONE,
	/* An EOI does not take the lock. */
	EOI_UNLOCKED,
	/* Nor does a device. */
	LINE_UNLOCKED,
	/* Remote IRR is set when the message was sent. */
	REMOTE_LATE,
	/* L2: LINT0 rises without a full barrier. */
	L2_ACQ_REL,
	/* L3: nobody looks again whether LINT0 is heard. */
	L3_NONE,
	/* L3: that is loaded with acquire. */
	L3_ACQUIRE,
	/* L3: who finds that it is sets no NEW. */
	L3_NO_NEW,
	/* M1: it is stored with release. */
	M1_RELEASE,
	/* M1 after M2. */
	M1_LATE,
	/* M1: it is not stored. */
	M1_NONE,
	/* M2: nobody looks whether LINT0 is high. */
	M2_NONE,
	/* M2: that is loaded with acquire. */
	M2_ACQUIRE,
	/* LINT0 falls when the PIC's lock was dropped. */
	LOW_LATE,
	/* The INTA cycle does not take that lock. */
	INTA_UNLOCKED,
};

const struct run {
	mutant breaks;
	scenario in;
	const char *name;
} runs[] = {
	{NONE, REFUSED, "refused"},
	{NONE, REROUTED, "rerouted"},
	{NONE, SHARED, "shared"},
	{NONE, WIRE, "wire"},
	{A1_RELAXED, REFUSED, "refused-A1-relaxed"},
	{A1_LATE, REFUSED, "refused-A1-late"},
	{A3_NONE, REFUSED, "refused-A3-none"},
	{A3_ACQ_REL, REFUSED, "refused-A3-acq-rel"},
	{A4_NONE, REFUSED, "refused-A4-none"},
	{A4_ACQUIRE, REFUSED, "refused-A4-acquire"},
	{A4_EARLY, REFUSED, "refused-A4-early"},
	{B2_NONE, REFUSED, "refused-B2-none"},
	{B2_ACQ_REL, REFUSED, "refused-B2-acq-rel"},
	{B2_EARLY, REFUSED, "refused-B2-early"},
	{B3_NONE, REFUSED, "refused-B3-none"},
	{B3_ACQUIRE, REFUSED, "refused-B3-acquire"},
	{B3_EARLY, REFUSED, "refused-B3-early"},
	{B3_CLEARS_LATE, REFUSED, "refused-B3-clears-late"},
	{MISSED_NONE, REROUTED, "rerouted-missed-none"},
	{ATTEMPTS_NONE, REROUTED, "rerouted-attempts-none"},
	{REMOTE_LATE, REROUTED, "rerouted-remote-late"},
	{LINES_EARLY, SHARED, "shared-lines-early"},
	{LINES_NONE, SHARED, "shared-lines-none"},
	{EOI_UNLOCKED, SHARED, "shared-eoi-unlocked"},
	{LINE_UNLOCKED, SHARED, "shared-line-unlocked"},
	{L2_ACQ_REL, WIRE, "wire-L2-acq-rel"},
	{L3_NONE, WIRE, "wire-L3-none"},
	{L3_ACQUIRE, WIRE, "wire-L3-acquire"},
	{L3_NO_NEW, WIRE, "wire-L3-no-new"},
	{M1_RELEASE, WIRE, "wire-M1-release"},
	{M1_LATE, WIRE, "wire-M1-late"},
	{M1_NONE, WIRE, "wire-M1-none"},
	{M2_NONE, WIRE, "wire-M2-none"},
	{M2_ACQUIRE, WIRE, "wire-M2-acquire"},
	{LOW_LATE, WIRE, "wire-low-late"},
	{INTA_UNLOCKED, WIRE, "wire-inta-unlocked"},
};

} // namespace

#endif
