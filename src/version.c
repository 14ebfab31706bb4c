/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include <vic/version.h>

const char *vic_version(void)
{
	return VIC_VERSION;
}
