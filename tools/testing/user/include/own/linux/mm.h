/* SPDX-License-Identifier: GPL-2.0 */
/* The memory of a userland build: one zone with a flat array of pages. */
#ifndef __PCP_USER_MM_H
#define __PCP_USER_MM_H

#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/percpu.h>

/* Not 0, and aligned to the largest block. */
#define PCP_USER_START_PFN	(64UL << MAX_PAGE_ORDER)
#ifndef PCP_USER_NR_PAGES
#define PCP_USER_NR_PAGES	(32UL << MAX_PAGE_ORDER)
#endif

extern struct page pcp_user_pages[PCP_USER_NR_PAGES];
#define pcp_user_zone	(&contig_page_data.node_zones[ZONE_NORMAL])

#ifndef page_to_pfn
#define page_to_pfn(page)						\
	((unsigned long)((page) - pcp_user_pages) + PCP_USER_START_PFN)
#endif
#define pfn_to_page(pfn)	(&pcp_user_pages[(pfn) - PCP_USER_START_PFN])
#define page_zone(page)		((void)(page), pcp_user_zone)
#define page_address(page)	((void *)(page_to_pfn(page) << PAGE_SHIFT))

#ifndef page_private
#define page_private(page)	((page)->private)
#endif
#define page_ref_count(page)	((page)->_refcount.counter)
#define page_count(page)	page_ref_count(page)

static inline void set_page_private(struct page *page, unsigned long private)
{
	page_private(page) = private;
}

static inline void set_page_count(struct page *page, int count)
{
	page->_refcount.counter = count;
}

/* Nothing else is in the flags. */
static inline void set_page_zone(struct page *page, enum zone_type zone)
{
	page->flags.f = (unsigned long)zone << ZONES_PGSHIFT;
}

#define page_zone_id(page)	((int)page_zonenum(page))

static inline struct page *pfn_to_online_page(unsigned long pfn)
{
	return pfn - PCP_USER_START_PFN < PCP_USER_NR_PAGES ? pfn_to_page(pfn) :
							     NULL;
}

#define gfp_zone(gfp)		((void)(gfp), ZONE_NORMAL)
#define numa_mem_id()		0
#define node_zonelist(nid, gfp)	(&contig_page_data.node_zonelists[0])
#define debug_pagealloc_enabled_static()	false
#define debug_guardpage_enabled()	false

unsigned long __rcu_alloc_page_lockless_noprof(void);
#define __rcu_alloc_page_lockless()	__rcu_alloc_page_lockless_noprof()

void pcp_user_memory_init(void);
struct page *alloc_pages(gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);

/* An area with an unmapped page behind it. */
void *vzalloc(unsigned long size);
void vfree(void *area);
struct page *vmalloc_to_page(const void *addr);

#endif
