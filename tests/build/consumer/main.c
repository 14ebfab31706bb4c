/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <string.h>

#include <vic/version.h>

int main(void)
{
	printf("libvic %s\n", vic_version());
	return strcmp(vic_version(), VIC_VERSION) != 0;
}
