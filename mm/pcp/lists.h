/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lists of one PCP, and the mark of the pages on them.
 *
 * A free page that a PCP has is PagePCPBuddy, and the low bits of its page type
 * say which PCP: the CPU plus one, or 0 while it waits to be absorbed. The mark of a
 * CPU is set and cleared under pcp->lock. So a holder of that lock can trust the mark
 * of any page, also of one that somebody else uses: if a page of the zone has the mark,
 * it is on this PCP, and page_private() is its order. Litmus test: pcp-mark.
 */
#ifndef __MM_PCP_LISTS_H
#define __MM_PCP_LISTS_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

/* The page waits on a free_llist, or on its way to or from one. */
#define PCP_MARK_WAITS		((unsigned int)PGTY_pcp_buddy << 24)

/**
 * pcp_mark() - the page type of the free pages that a PCP has on its lists
 * @pcp: the PCP
 *
 * Return: a value for page->page_type.
 */
static __always_inline unsigned int pcp_mark(const struct per_cpu_pages *pcp)
{
	return PCP_MARK_WAITS | (pcp->cpu + 1);
}

/**
 * pcp_set_mark() - mark a free page
 * @page: first page, without a type, or with another mark
 * @mark: pcp_mark(), or PCP_MARK_WAITS
 *
 * Context: The lock of the PCP that has the page, or sole use of the page.
 */
static __always_inline void pcp_set_mark(struct page *page, unsigned int mark)
{
	WRITE_ONCE(page->page_type, mark);
}

/**
 * pcp_clear_mark() - the page is no longer on a PCP
 * @page: first page
 *
 * Context: The lock of the PCP that has the page, or sole use of the page.
 */
static __always_inline void pcp_clear_mark(struct page *page)
{
	WRITE_ONCE(page->page_type, UINT_MAX);
}

/**
 * pcp_has_mark() - look at the mark of a page that may be anybody's
 * @page: a page, in use or free
 * @mark: the mark that is asked for
 *
 * Context: Any. The answer stays right while nobody can set or clear @mark.
 * Return: true if it has that mark.
 */
static __always_inline bool pcp_has_mark(const struct page *page, unsigned int mark)
{
	/* Others may set flags beside it, or other marks, all the time. */
	return data_race(READ_ONCE(page->page_type)) == mark;
}

/**
 * pcp_pindex() - index of a PCP list
 * @migratetype: below MIGRATE_PCPTYPES
 * @order: up to pageblock_order
 *
 * Context: Any.
 * Return: index into per_cpu_pages::lists.
 */
static __always_inline unsigned int pcp_pindex(int migratetype, unsigned int order)
{
	return MIGRATE_PCPTYPES * order + migratetype;
}

/* KCSAN: drains, vmstat and zoneinfo look at the count without the lock. */
static __always_inline void pcp_count_add(struct per_cpu_pages *pcp,
					  int nr_pages)
{
	WRITE_ONCE(pcp->count, pcp->count + nr_pages);
}

/* Leaves pcp->count alone. Puts the page behind @after, on the list of its order. */
static __always_inline void __pcp_list_add(struct per_cpu_pages *pcp,
					   struct page *page, unsigned int order,
					   struct list_head *after)
{
	set_page_private(page, order);
	pcp_set_mark(page, pcp_mark(pcp));
	list_add(&page->pcp_list, after);
}

/**
 * pcp_list_add() - put a free page on the hot end of its list
 * @pcp: the PCP
 * @page: first page, on no list
 * @order: order of @page
 * @migratetype: below MIGRATE_PCPTYPES
 *
 * Inline, because each local free does this.
 *
 * Context: @pcp->lock is held.
 */
static __always_inline void pcp_list_add(struct per_cpu_pages *pcp,
					 struct page *page, unsigned int order,
					 int migratetype)
{
	__pcp_list_add(pcp, page, order,
		       &pcp->lists[pcp_pindex(migratetype, order)]);
	pcp_count_add(pcp, 1 << order);
}

/* Leaves pcp->count alone. */
static __always_inline void __pcp_list_del(struct page *page)
{
	list_del(&page->pcp_list);
	set_page_private(page, 0);
	pcp_clear_mark(page);
}

/**
 * pcp_list_del() - take a page off its list
 * @pcp: the PCP that @page is on
 * @page: first page
 * @order: order of @page
 *
 * Context: @pcp->lock is held.
 */
static __always_inline void pcp_list_del(struct per_cpu_pages *pcp,
					 struct page *page, unsigned int order)
{
	pcp_count_add(pcp, -(1 << order));
	__pcp_list_del(page);
}

/**
 * pcp_take_exact() - take the hottest page off a list
 * @pcp: the PCP
 * @order: order that is wanted
 * @migratetype: type that is wanted, below MIGRATE_PCPTYPES
 *
 * Inline, because most allocations end here.
 *
 * Context: @pcp->lock is held.
 * Return: the page, or NULL if the list is empty.
 */
static __always_inline struct page *pcp_take_exact(struct per_cpu_pages *pcp,
						   unsigned int order, int migratetype)
{
	struct list_head *list = &pcp->lists[pcp_pindex(migratetype, order)];
	struct page *page;

	if (list_empty(list))
		return NULL;
	page = list_first_entry(list, struct page, pcp_list);
	pcp_list_del(pcp, page, order);
	return page;
}

/**
 * pcp_buddy() - the page that a page can merge with on its PCP
 * @pcp: the PCP that has @page
 * @page: first page
 * @pfn: its pfn
 * @order: its order; there is no buddy from pageblock_order on
 *
 * Context: @pcp->lock is held, so no page gains or loses the mark of @pcp.
 * Return: the buddy, which is on some list of @pcp, or NULL.
 */
static __always_inline struct page *pcp_buddy(const struct per_cpu_pages *pcp,
					      struct page *page, unsigned long pfn,
					      unsigned int order)
{
	struct page *buddy = page + ((pfn ^ (1UL << order)) - pfn);

	if (order >= pageblock_order || !pcp_has_mark(buddy, pcp_mark(pcp)))
		return NULL;
	/*
	 * The zones of a CPU have the same mark, and two may share a block: with HIGHMEM,
	 * or where nodes meet. The other one's lock is not held.
	 */
	if (page_zone_id(page) != page_zone_id(buddy) || page_private(buddy) != order)
		return NULL;
	return buddy;
}

/* buddy.c */
void pcp_list_add_tail(struct per_cpu_pages *pcp, struct page *page,
		       unsigned int order, int migratetype);
void pcp_add_split(struct per_cpu_pages *pcp, struct page *page, unsigned int from,
		   unsigned int order, int migratetype);
struct page *pcp_take(struct per_cpu_pages *pcp, unsigned int order,
		      int migratetype);
struct page *pcp_merge(struct per_cpu_pages *pcp, struct page *page,
		       unsigned int *order);

/* bulk.c */
void pcp_collect(struct zone *zone, struct per_cpu_pages *pcp, int count,
		 unsigned int pindex, struct list_head *victims);
void pcp_free_bulk(struct zone *zone, struct per_cpu_pages *pcp, int count,
		   unsigned int pindex);

#endif /* __MM_PCP_LISTS_H */
