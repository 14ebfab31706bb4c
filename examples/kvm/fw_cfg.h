/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What a firmware asks a VMM: the interface of QEMU's fw_cfg device by its
 * two ports (QEMU's docs/specs/fw_cfg). No files, no DMA.
 */
#ifndef VIC_KVM_FW_CFG_H
#define VIC_KVM_FW_CFG_H

#include <stdint.h>

/* 16 bits: what to read; 8 bits: its next byte. */
#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511

struct fw_cfg {
	uint64_t memory_size;
	uint16_t vcpus;
	uint16_t item;
	uint32_t offset;
};

void fw_cfg_select(struct fw_cfg *cfg, uint16_t item);
uint8_t fw_cfg_byte(struct fw_cfg *cfg);

#endif
