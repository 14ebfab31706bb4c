/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/**
 * @file
 * @brief All of libvic.
 */
#ifndef VIC_VIC_H
#define VIC_VIC_H

#include <vic/aff.h>
#include <vic/bus.h>
#include <vic/counters.h>
#include <vic/gic.h>
#include <vic/gic_lr.h>
#include <vic/ioapic.h>
#include <vic/ipi.h>
#include <vic/lapic.h>
#include <vic/ops.h>
#include <vic/pc.h>
#include <vic/pcpu.h>
#include <vic/pic.h>
#include <vic/spec/apic.h>
#include <vic/spec/gicv3.h>
#include <vic/spec/ich.h>
#include <vic/spec/ioapic.h>
#include <vic/spec/pic.h>
#include <vic/spec/pid.h>
#include <vic/spec/sgi.h>
#include <vic/types.h>
#include <vic/vcpu.h>
#include <vic/version.h>

#endif
