/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* Runs a target without the engine: each file of a folder is one test. */

#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <string.h>

#include "input.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size = -1;

	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size < 0)
		die(path);
	rewind(file);
	/* Exactly as large as the file, so that an over-read is seen. */
	data = malloc(size ? (size_t)size : 1);
	if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
		die(path);
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	char path[4096];
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 1;
	}
	count = scandir(argv[1], &entries, is_input, alphasort);
	if (count < 0)
		die(argv[1]);
	if (count == 0) {
		fprintf(stderr, "%s holds no file to replay\n", argv[1]);
		return 1;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (snprintf(path, sizeof(path), "%s/%s", argv[1], name) >=
		    (int)sizeof(path))
			die(name);
		/* Whoever reads the output learns which one crashed. */
		printf("# %s\n", name);
		fflush(stdout);
		replay(path);
		printf("ok %d - %s\n", i + 1, name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
