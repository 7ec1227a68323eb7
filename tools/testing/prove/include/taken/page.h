/* SPDX-License-Identifier: GPL-2.0 */
/* Of struct page what mm/pcp/ looks at, in 16 bytes. Types and orders are in tables. */
#pragma once

struct page {
	union {
		struct list_head pcp_list;
		struct list_head buddy_list;
		struct llist_node pcp_llist;
		/* Of those that nobody asks for here. */
		memdesc_flags_t flags;
		atomic_t _refcount;
	};
	unsigned int page_type;
};

extern unsigned short pcp_prove_orders[PCP_USER_NR_PAGES];

#define page_private(page)	pcp_prove_orders[pcp_prove_index(page)]
#define page_to_pfn(page)	(pcp_prove_index(page) + PCP_USER_START_PFN)
