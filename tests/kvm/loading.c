/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "loading.h"

#include <stdlib.h>

int loading_setup(void **state)
{
	struct loading *loading = calloc(1, sizeof(*loading));

	if (!loading)
		return -1;
	loading->request.kernel.name = "kernel";
	loading->request.append = "";
	loading->request.modules = loading->modules;
	loading->request.memory_size = LOADING_MEMORY;
	loading->request.nr_vcpus = 3;
	loading->request.memory = calloc(1, LOADING_MEMORY);
	*state = loading;
	return loading->request.memory ? 0 : -1;
}

int loading_teardown(void **state)
{
	struct loading *loading = *state;

	free(loading->request.memory);
	free(loading);
	return 0;
}

bool loading_load(struct loading *loading)
{
	struct load_request request = loading->request;
	unsigned char *copy = malloc(request.kernel.size);
	bool loaded;

	assert_true(copy || !request.kernel.size);
	if (request.kernel.size)
		memcpy(copy, loading->file, request.kernel.size);
	request.kernel.bytes = copy;
	loaded = load_kernel(&request, &loading->result);
	free(copy);
	return loaded;
}

void loading_refused(struct loading *loading, const char *words)
{
	assert_false(loading_load(loading));
	if (!strstr(loading->result.why, words))
		fail_msg("not '%s' but: %s", words, loading->result.why);
}

uint32_t loading_read32(const struct loading *loading, uint64_t address)
{
	uint32_t value;

	assert_in_range(address, 0, LOADING_MEMORY - sizeof(value));
	memcpy(&value, loading->request.memory + address, sizeof(value));
	return value;
}

uint64_t loading_read64(const struct loading *loading, uint64_t address)
{
	return loading_read32(loading, address) |
	       (uint64_t)loading_read32(loading, address + 4) << 32;
}
