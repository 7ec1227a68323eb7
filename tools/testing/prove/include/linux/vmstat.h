/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PCP_PROVE_VMSTAT_H
#define __PCP_PROVE_VMSTAT_H

#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/vm_event_item.h>

/* Those of all CPUs. */
extern long pcp_prove_events[NR_VM_EVENT_ITEMS];

#define count_vm_events(item, delta)	((void)(pcp_prove_events[item] += (delta)))
#define count_vm_event(item)		count_vm_events(item, 1)
#define __count_vm_event(item)		count_vm_events(item, 1)
#define __count_vm_events(item, delta)	count_vm_events(item, delta)

#endif
