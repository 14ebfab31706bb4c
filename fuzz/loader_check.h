/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* What a loaded kernel finds in its memory, by the boot protocols' texts. */
#ifndef LOADER_CHECK_H
#define LOADER_CHECK_H

#include "../examples/kvm/load.h"

/* After success. */
void loader_check(const struct load_request *request,
		  const struct load_start *start);

#endif
