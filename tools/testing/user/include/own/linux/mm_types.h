/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PCP_USER_MM_TYPES_H
#define __PCP_USER_MM_TYPES_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/llist.h>
#include <linux/types.h>

typedef struct {
	unsigned long f;
} memdesc_flags_t;

#define _struct_page_alignment	__aligned(8)

/* struct page as the tree has it. */
#include <taken/page.h>

/* Only looked at by functions that nobody calls here. */
struct folio {
	memdesc_flags_t flags;
	struct page page;
};

#endif
