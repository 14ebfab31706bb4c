/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

#include "fw_cfg.h"

enum {
	SIGNATURE = 0x00,
	ID = 0x01,
	RAM_SIZE = 0x03,
	NB_CPUS = 0x05,
	MAX_CPUS = 0x0f,
};

/* Bits 0 and 1 of ID: these ports; DMA. */
#define ID_PORTS 1

/* All others are 0, as is the number of files (item 0x19). */
static uint64_t little_endian(const struct fw_cfg *cfg)
{
	switch (cfg->item) {
	case SIGNATURE:
		return 'Q' | 'E' << 8 | 'M' << 16 | 'U' << 24;
	case ID:
		return ID_PORTS;
	case RAM_SIZE:
		return cfg->memory_size;
	case NB_CPUS:
	case MAX_CPUS:
		return cfg->vcpus;
	default:
		return 0;
	}
}

void fw_cfg_select(struct fw_cfg *cfg, uint16_t item)
{
	cfg->item = item;
	cfg->offset = 0;
}

uint8_t fw_cfg_byte(struct fw_cfg *cfg)
{
	if (cfg->offset >= sizeof(uint64_t))
		return 0;
	return (uint8_t)(little_endian(cfg) >> 8 * cfg->offset++);
}
