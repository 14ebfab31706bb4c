/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief GICv3: the Distributor's and Redistributors' registers, in the
 * manual's names (IHI 0069, chapter 12). Offsets are in bytes.
 */
#ifndef VIC_SPEC_GICV3_H
#define VIC_SPEC_GICV3_H

/* INTIDs: 2.2. */
#define VIC_INTID_PPI 16u
#define VIC_INTID_SPI 32u
#define VIC_INTID_SPECIAL 1020u
#define VIC_INTID_EPPI 1056u
#define VIC_INTID_ESPI 4096u
#define VIC_INTID_NONE 1023u

/* Frames. */
#define VIC_GICD_FRAME_SIZE 0x10000u
#define VIC_GICR_FRAME_SIZE 0x20000u
#define VIC_GICR_SGI_BASE 0x10000u

/* Distributor. */
#define VIC_GICD_CTLR 0x0000u
#define VIC_GICD_TYPER 0x0004u
#define VIC_GICD_IIDR 0x0008u
#define VIC_GICD_TYPER2 0x000cu
#define VIC_GICD_STATUSR 0x0010u
#define VIC_GICD_SETSPI_NSR 0x0040u
#define VIC_GICD_CLRSPI_NSR 0x0048u
#define VIC_GICD_SETSPI_SR 0x0050u
#define VIC_GICD_CLRSPI_SR 0x0058u
#define VIC_GICD_IGROUPR 0x0080u
#define VIC_GICD_ISENABLER 0x0100u
#define VIC_GICD_ICENABLER 0x0180u
#define VIC_GICD_ISPENDR 0x0200u
#define VIC_GICD_ICPENDR 0x0280u
#define VIC_GICD_ISACTIVER 0x0300u
#define VIC_GICD_ICACTIVER 0x0380u
#define VIC_GICD_IPRIORITYR 0x0400u
#define VIC_GICD_ITARGETSR 0x0800u
#define VIC_GICD_ICFGR 0x0c00u
#define VIC_GICD_IGRPMODR 0x0d00u
#define VIC_GICD_NSACR 0x0e00u
#define VIC_GICD_SGIR 0x0f00u
#define VIC_GICD_CPENDSGIR 0x0f10u
#define VIC_GICD_SPENDSGIR 0x0f20u
#define VIC_GICD_INMIR 0x0f80u
#define VIC_GICD_IGROUPRE 0x1000u
#define VIC_GICD_ISENABLERE 0x1200u
#define VIC_GICD_ICENABLERE 0x1400u
#define VIC_GICD_ISPENDRE 0x1600u
#define VIC_GICD_ICPENDRE 0x1800u
#define VIC_GICD_ISACTIVERE 0x1a00u
#define VIC_GICD_ICACTIVERE 0x1c00u
#define VIC_GICD_IPRIORITYRE 0x2000u
#define VIC_GICD_ICFGRE 0x3000u
#define VIC_GICD_IGRPMODRE 0x3400u
#define VIC_GICD_NSACRE 0x3600u
#define VIC_GICD_INMIRE 0x3b00u
/* Of INTID 0; the first that exists is that of INTID 32. */
#define VIC_GICD_IROUTER 0x6000u
#define VIC_GICD_IROUTERE 0x8000u
#define VIC_GICD_PIDR2 0xffe8u

#define VIC_GICD_CTLR_GRP0 (1u << 0)
#define VIC_GICD_CTLR_GRP1 (1u << 1)
#define VIC_GICD_CTLR_ARE (1u << 4)
#define VIC_GICD_CTLR_DS (1u << 6)
#define VIC_GICD_CTLR_E1NWF (1u << 7)
#define VIC_GICD_CTLR_NASSGIREQ (1u << 8)
#define VIC_GICD_CTLR_RWP (1u << 31)

#define VIC_GICD_TYPER_LINES 0x1fu
#define VIC_GICD_TYPER_ESPI (1u << 8)
#define VIC_GICD_TYPER_MBIS (1u << 16)
#define VIC_GICD_TYPER_IDBITS_SHIFT 19
#define VIC_GICD_TYPER_A3V (1u << 24)
#define VIC_GICD_TYPER_NO1N (1u << 25)
#define VIC_GICD_TYPER_RSS (1u << 26)
#define VIC_GICD_TYPER_ESPI_RANGE_SHIFT 27

#define VIC_IROUTER_IRM (1u << 31)
#define VIC_IROUTER_AFF 0xff00ffffffull

/* ArchRev 3; the rest is the identification that Arm gives its own. */
#define VIC_PIDR2_GICV3 0x3bu

/* Redistributor: RD_base. */
#define VIC_GICR_CTLR 0x0000u
#define VIC_GICR_IIDR 0x0004u
#define VIC_GICR_TYPER 0x0008u
#define VIC_GICR_STATUSR 0x0010u
#define VIC_GICR_WAKER 0x0014u
#define VIC_GICR_PIDR2 0xffe8u
/* SGI_base, as offsets from RD_base. */
#define VIC_GICR_IGROUPR0 0x10080u
#define VIC_GICR_ISENABLER0 0x10100u
#define VIC_GICR_ICENABLER0 0x10180u
#define VIC_GICR_ISPENDR0 0x10200u
#define VIC_GICR_ICPENDR0 0x10280u
#define VIC_GICR_ISACTIVER0 0x10300u
#define VIC_GICR_ICACTIVER0 0x10380u
#define VIC_GICR_IPRIORITYR0 0x10400u
#define VIC_GICR_ICFGR0 0x10c00u
#define VIC_GICR_ICFGR1 0x10c04u
#define VIC_GICR_IGRPMODR0 0x10d00u
#define VIC_GICR_NSACR 0x10e00u
#define VIC_GICR_INMIR0 0x10f80u

#define VIC_GICR_CTLR_RWP (1u << 3)
#define VIC_GICR_CTLR_DPG0 (1u << 24)
#define VIC_GICR_CTLR_DPG1NS (1u << 25)

#define VIC_GICR_TYPER_LAST (1u << 4)
#define VIC_GICR_TYPER_DPGS (1u << 5)
#define VIC_GICR_TYPER_NUMBER_SHIFT 8
#define VIC_GICR_TYPER_PPINUM_SHIFT 27
#define VIC_GICR_TYPER_AFF_SHIFT 32

#define VIC_GICR_WAKER_SLEEP (1u << 1)
#define VIC_GICR_WAKER_ASLEEP (1u << 2)

#endif
