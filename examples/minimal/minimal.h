/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#ifndef MINIMAL_H
#define MINIMAL_H

#include <vic/counters.h>

#include "guest.h"

/* Run the guest until its end; ends the program if there is no progress. */
void minimal_run(unsigned int n_vcpus);

/* After that: what each vCPU counted, and who sent to whom. */
const struct vic_counters *minimal_counters(unsigned int index);
extern uint64_t minimal_matrix[GUEST_MAX_VCPUS * GUEST_MAX_VCPUS];

#endif
