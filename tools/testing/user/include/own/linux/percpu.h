/* SPDX-License-Identifier: GPL-2.0 */
/* A per-CPU object is one of many, PCP_USER_STRIDE bytes apart. */
#ifndef __PCP_USER_PERCPU_H
#define __PCP_USER_PERCPU_H

#include <linux/sched.h>

#define PCP_USER_STRIDE		4096

#define per_cpu_ptr(ptr, cpu)						\
	((typeof(ptr))((char *)(ptr) + (size_t)(cpu) * PCP_USER_STRIDE))
#define this_cpu_ptr(ptr)	per_cpu_ptr(ptr, raw_smp_processor_id())

void *pcp_user_alloc_percpu(size_t size);
void free_percpu(void *ptr);
#define alloc_percpu(type)	((type *)pcp_user_alloc_percpu(sizeof(type)))

#endif
