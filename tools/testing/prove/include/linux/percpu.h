/* SPDX-License-Identifier: GPL-2.0 */
/* The PCP of CPU 0 lies alone, so that an address is known to be in it. */
#ifndef __PCP_PROVE_PERCPU_H
#define __PCP_PROVE_PERCPU_H

#include <linux/sched.h>

extern struct per_cpu_pages pcp0, pcp_others[NR_CPUS - 1];

#define per_cpu_ptr(ptr, cpu)	((void)(ptr), (cpu) ? &pcp_others[(cpu) - 1] : &pcp0)
#define this_cpu_ptr(ptr)	per_cpu_ptr(ptr, raw_smp_processor_id())

#endif
