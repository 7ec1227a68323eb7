/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PCP_USER_VMSTAT_H
#define __PCP_USER_VMSTAT_H

#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/vm_event_item.h>

struct vm_event_state {
	unsigned long event[NR_VM_EVENT_ITEMS];
};

extern char pcp_user_events[NR_CPUS * PCP_USER_STRIDE];
#define vm_event_states	(*(struct vm_event_state *)pcp_user_events)

static inline void count_vm_events(enum vm_event_item item, long delta)
{
	__atomic_fetch_add(&this_cpu_ptr(&vm_event_states)->event[item], delta,
			   __ATOMIC_RELAXED);
}

#define count_vm_event(item)		count_vm_events(item, 1)
#define __count_vm_event(item)	count_vm_events(item, 1)
#define __count_vm_events(item, delta)	count_vm_events(item, delta)

#endif
