/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief The 8259A's words and a PC's ports for a pair of them, in the
 * manual's names (Intel 8259A data sheet, order 231468).
 */
#ifndef VIC_SPEC_PIC_H
#define VIC_SPEC_PIC_H

/* I/O ports of a PC: A0 = 0 is the command port, A0 = 1 the other. */
#define VIC_PIC_MASTER 0x20
#define VIC_PIC_MASTER_A0 0x21
#define VIC_PIC_SLAVE 0xa0
#define VIC_PIC_SLAVE_A0 0xa1
/** Edge/level control registers: bit n is level for input n. */
#define VIC_PIC_ELCR_MASTER 0x4d0
#define VIC_PIC_ELCR_SLAVE 0x4d1

/** The master's input to which the slave is wired. */
#define VIC_PIC_CASCADE 2

/* ICW1: A0 = 0, bit 4. */
#define VIC_PIC_ICW1 0x10u
#define VIC_PIC_ICW1_LTIM 0x08u
#define VIC_PIC_ICW1_ADI 0x04u
#define VIC_PIC_ICW1_SNGL 0x02u
#define VIC_PIC_ICW1_IC4 0x01u
/* ICW2: bits 7:3 of the vector. */
#define VIC_PIC_ICW2_BASE 0xf8u
/* ICW4. */
#define VIC_PIC_ICW4_SFNM 0x10u
#define VIC_PIC_ICW4_BUF 0x08u
#define VIC_PIC_ICW4_MS 0x04u
#define VIC_PIC_ICW4_AEOI 0x02u
#define VIC_PIC_ICW4_UPM 0x01u
/* OCW2: A0 = 0, bits 4 and 3 are 0. */
#define VIC_PIC_OCW2_R 0x80u
#define VIC_PIC_OCW2_SL 0x40u
#define VIC_PIC_OCW2_EOI 0x20u
#define VIC_PIC_OCW2_LEVEL 0x07u
/* OCW3: A0 = 0, bit 4 is 0. */
#define VIC_PIC_OCW3 0x08u
#define VIC_PIC_OCW3_ESMM 0x40u
#define VIC_PIC_OCW3_SMM 0x20u
#define VIC_PIC_OCW3_P 0x04u
#define VIC_PIC_OCW3_RR 0x02u
#define VIC_PIC_OCW3_RIS 0x01u
/** What a poll reads: 1 if there was a request. */
#define VIC_PIC_POLL_I 0x80u

#endif
