/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page types that the free path knows. The type of a buddy is looked at
 * without a lock, hence READ_ONCE() for what is data_race() in the kernel.
 */
#ifndef __PCP_USER_PAGE_FLAGS_H
#define __PCP_USER_PAGE_FLAGS_H

#include <linux/mm_types.h>
#include <taken/pagetype.h>

#define PCP_USER_PAGE_TYPE(uname, lname)				\
static __always_inline bool Page##uname(const struct page *page)	\
{									\
	return READ_ONCE(page->page_type) >> 24 == PGTY_##lname;	\
}									\
static __always_inline void __SetPage##uname(struct page *page)	\
{									\
	if (Page##uname(page))						\
		return;							\
	pcp_user_check(READ_ONCE(page->page_type) == UINT_MAX,		\
		       "page has a type already");			\
	WRITE_ONCE(page->page_type, (unsigned int)PGTY_##lname << 24);	\
}									\
static __always_inline void __ClearPage##uname(struct page *page)	\
{									\
	if (READ_ONCE(page->page_type) == UINT_MAX)			\
		return;							\
	pcp_user_check(Page##uname(page), "page has another type");	\
	WRITE_ONCE(page->page_type, UINT_MAX);				\
}

PCP_USER_PAGE_TYPE(Buddy, buddy)
PCP_USER_PAGE_TYPE(PCPBuddy, pcp_buddy)

#endif
