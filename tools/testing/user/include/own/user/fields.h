/* SPDX-License-Identifier: GPL-2.0 */
/* Types that linux/mmzone.h has fields or arguments of, and nothing else. */
#ifndef __PCP_USER_FIELDS_H
#define __PCP_USER_FIELDS_H

#include <linux/nodemask_types.h>
#include <linux/spinlock.h>

typedef struct { int unused; } wait_queue_head_t;
typedef struct { int unused; } seqlock_t;
typedef struct { int unused; } local_lock_t;
struct mutex { int unused; };
struct zswap_lruvec_state { int unused; };
struct mem_cgroup;
struct folio;
struct page;

#define nodes_empty(mask)		(!(mask).bits[0])
#define first_node(mask)		0
#define node_isset(node, mask)		((mask).bits[0] & 1)
#define next_node(node, mask)		1
#define first_online_node		0
#define next_online_node(node)		MAX_NUMNODES
#define zswap_lruvec_state_init(lruvec)	do { } while (0)

#define L1_CACHE_BYTES			64
#define SMP_CACHE_BYTES			L1_CACHE_BYTES
#define ____cacheline_aligned_in_smp	__attribute__((__aligned__(64)))
#define ____cacheline_internodealigned_in_smp	____cacheline_aligned_in_smp
#define CACHELINE_PADDING(name)		char name[0] ____cacheline_aligned_in_smp
#define ZSWAP_NR_LRU_LISTS		1

#endif
