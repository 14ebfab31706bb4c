/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Kernels made by hand, and memory to load them into. */
#ifndef LOADING_H
#define LOADING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot.h"
#include "load.h"

#define LOADING_MEMORY 0x400000u
#define LOADING_FILE 0x8000u

struct loading {
	struct load_request request;
	struct load_result result;
	/* The kernel's file, of which request.kernel.size bytes are given. */
	unsigned char file[LOADING_FILE];
	struct load_file initrd;
	struct load_file modules[LOAD_MAX_MODULES + 1];
};

/* Zeroed memory, and no kernel yet. For cmocka's setup and teardown. */
int loading_setup(void **state);
int loading_teardown(void **state);

/*
 * Load a copy of the file that ends where its size says, so that a sanitizer
 * sees what is read behind it.
 */
bool loading_load(struct loading *loading);
/* It is refused, and the sentence has @words in it. */
void loading_refused(struct loading *loading, const char *words);

/* A number in the guest's memory. */
uint32_t loading_read32(const struct loading *loading, uint64_t address);
uint64_t loading_read64(const struct loading *loading, uint64_t address);

#endif
