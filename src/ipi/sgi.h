/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/* The Arm decoders behind vic_decode(). */
#ifndef VIC_SRC_IPI_SGI_H
#define VIC_SRC_IPI_SGI_H

#include <vic/ipi.h>

enum vic_decode sgir_decode(uint32_t value, struct vic_ipi *out);
enum vic_decode sgi1r_decode(uint64_t value, enum vic_sgi_group group,
			     struct vic_ipi *out);

#endif
