/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's types beside those of the C library. */
#ifndef __PCP_USER_TYPES_H
#define __PCP_USER_TYPES_H

#include <linux/stddef.h>

typedef _Bool bool;
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define __bitwise
typedef unsigned int gfp_t;
typedef unsigned int fgf_t;
typedef unsigned long pgoff_t;
typedef u64 phys_addr_t;
typedef phys_addr_t resource_size_t;

#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

#define ATOMIC_INIT(i)		{ (i) }

struct list_head {
#ifndef PCP_PROVE
	struct list_head *next;
#endif
	struct list_head *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
} __aligned(sizeof(void *));
#define rcu_head callback_head

#endif
