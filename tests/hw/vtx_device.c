/* SPDX-FileCopyrightText: Copyright libvic contributors */
/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The VT-d unit: a request through a remapping entry in posted format
 * (VT-d 5.2.3). The unit owns the descriptor's cache line meanwhile; here
 * it is two locked operations, so that others see the state between them,
 * which they also see of a processor that posts in software.
 */

#include "vtx_priv.h"

/* Bits 271:258 and 287:280. */
#define CONTROL_RESERVED UINT64_C(0xff00fffc)

static bool reserved_is_zero(const struct vic_pid *pid)
{
	uint64_t control = __atomic_load_n(&pid->control, __ATOMIC_SEQ_CST);

	return !(control & CONTROL_RESERVED) && !pid->reserved[0] &&
	       !pid->reserved[1] && !pid->reserved[2];
}

struct vtx_notification vtx_device_post(struct vic_pid *pid, uint8_t vector,
					bool urgent,
					const struct vtx_hook *hook)
{
	struct vtx_notification done = {0};
	uint64_t bit = UINT64_C(1) << (vector % 64);
	uint64_t control;

	if (!reserved_is_zero(pid)) {
		done.fault = true;
		return done;
	}
	vtx_yield(hook);
	done.posted = !(__atomic_fetch_or(&pid->pir[vector / 64], bit,
					  __ATOMIC_SEQ_CST) &
			bit);
	vtx_yield(hook);
	control = __atomic_load_n(&pid->control, __ATOMIC_SEQ_CST);
	do {
		if (control & VIC_PID_ON)
			return done;
		if (control & VIC_PID_SN && !urgent)
			return done;
	} while (!__atomic_compare_exchange_n(
		&pid->control, &control, control | VIC_PID_ON, false,
		__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	done.notify = true;
	done.vector = (uint8_t)(control >> VIC_PID_NV_SHIFT);
	done.ndst = (uint32_t)(control >> VIC_PID_NDST_SHIFT);
	return done;
}

uint32_t vtx_ndst_apic_id(uint32_t ndst, bool x2apic_host)
{
	return x2apic_host ? ndst : ndst >> 8 & 0xff;
}
