// SPDX-License-Identifier: GPL-2.0
/*
 * The seam between mm/pcp/ and the zone buddy. Included at the end of
 * page_alloc.c, whose static functions it calls; see zone.h.
 */
#include <kunit/static_stub.h>

#include "pcp.h"
#include "zone.h"

/*
 * Let a stub take the call, for a zone that a suite made up. Such a zone has
 * no node. The test's own thread, and interrupts that hit it, allocate from
 * real zones all the while, which stubs must not see. And a thread that ends
 * frees pages after its test, and where its stubs were noted, are gone.
 */
#define PCP_SEAM(fn, zone, ...)						\
do {									\
	if (pcp_tested() && unlikely(!(zone)->zone_pgdat))		\
		KUNIT_STATIC_STUB_REDIRECT(fn, zone, ##__VA_ARGS__);	\
} while (0)

#if IS_ENABLED(CONFIG_PCP_KUNIT_TEST)
/**
 * __pcp_pageblock() - pcp_pageblock() while a suite runs
 * @zone: zone of the page
 * @page: a page of the block
 * @pfn: its pfn
 *
 * Context: Any, see pfn_to_pageblock().
 * Return: the data of the block.
 */
struct pageblock_data *__pcp_pageblock(struct zone *zone, const struct page *page,
				       unsigned long pfn)
{
	PCP_SEAM(__pcp_pageblock, zone, page, pfn);

	return pfn_to_pageblock(page, pfn);
}

/**
 * __pcp_zone_short() - pcp_zone_short() while a suite runs
 * @zone: the zone
 *
 * Context: Any.
 * Return: true below the high watermark, or while it is reclaimed from.
 */
bool __pcp_zone_short(struct zone *zone)
{
	PCP_SEAM(__pcp_zone_short, zone);

	return zone_flags_short(zone);
}
#endif

/**
 * pcp_zone_lock() - take zone->lock
 * @zone: the zone
 * @flags: gets the interrupt state
 * @nolock: give up instead of waiting
 *
 * Context: Any with @nolock.
 * Return: true with the lock held and interrupts off.
 */
bool pcp_zone_lock(struct zone *zone, unsigned long *flags, bool nolock)
	__no_context_analysis
{
	unsigned long irqflags;

	PCP_SEAM(pcp_zone_lock, zone, flags, nolock);

	if (unlikely(nolock)) {
		if (!can_spin_trylock() ||
		    !spin_trylock_irqsave(&zone->lock, irqflags))
			return false;
	} else {
		spin_lock_irqsave(&zone->lock, irqflags);
	}
	*flags = irqflags;
	return true;
}

/**
 * pcp_zone_unlock() - release zone->lock
 * @zone: the zone
 * @flags: interrupt state from pcp_zone_lock()
 */
void pcp_zone_unlock(struct zone *zone, unsigned long flags)
	__no_context_analysis
{
	PCP_SEAM(pcp_zone_unlock, zone, flags);

	spin_unlock_irqrestore(&zone->lock, flags);
}

/**
 * pcp_zone_cma_first() - should a refill come from CMA areas?
 * @zone: the zone
 * @alloc_flags: ALLOC_*
 *
 * As __rmqueue() decides: CMA has more than half of the free pages.
 *
 * Return: true if ALLOC_CMA allows it and CMA has the most.
 */
bool pcp_zone_cma_first(struct zone *zone, unsigned int alloc_flags)
{
	PCP_SEAM(pcp_zone_cma_first, zone, alloc_flags);

	return zone_cma_first(zone, alloc_flags);
}

/**
 * pcp_zone_take() - take a free page, the smallest that will do
 * @zone: the zone
 * @order: its least order
 * @max_order: its largest order; what is larger in the zone is split, and the rest
 *	stays there. At least @order
 * @migratetype: its type
 * @from: the order that it had in the zone
 *
 * Context: zone->lock is held.
 * Return: the first page, of the smaller of @from and @max_order, or NULL if there is
 * none of that type.
 */
struct page *pcp_zone_take(struct zone *zone, unsigned int order,
			   unsigned int max_order, int migratetype,
			   unsigned int *from)
{
	unsigned int high, to;

	PCP_SEAM(pcp_zone_take, zone, order, max_order, migratetype, from);

	for (high = order; high < NR_PAGE_ORDERS; high++) {
		struct page *page;

		page = get_page_from_free_area(&zone->free_area[high], migratetype);
		if (!page)
			continue;
		to = min(high, max_order);
		page_del_and_expand(zone, page, to, high, migratetype);
		trace_mm_page_alloc_zone_locked(page, to, migratetype, 1);
		*from = high;
		return page;
	}
	return NULL;
}

/**
 * pcp_zone_rmqueue() - allocate from the zone, with its fallbacks
 * @zone: the zone
 * @order: the order
 * @migratetype: type that is wanted; others may be fallen back to
 * @alloc_flags: ALLOC_*
 * @mode: 0 for the first call under one hold of zone->lock; remembers where
 *	pages were found
 *
 * Context: zone->lock is held.
 * Return: the page, or NULL.
 */
struct page *pcp_zone_rmqueue(struct zone *zone, unsigned int order,
			      int migratetype, unsigned int alloc_flags,
			      int *mode)
{
	enum rmqueue_mode rmqm = *mode;
	struct page *page;

	PCP_SEAM(pcp_zone_rmqueue, zone, order, migratetype, alloc_flags, mode);

	BUILD_BUG_ON(RMQUEUE_NORMAL != 0);
	page = __rmqueue(zone, order, migratetype, alloc_flags, &rmqm);
	*mode = rmqm;
	return page;
}

/**
 * pcp_zone_nr_alloc() - size of a refill
 * @zone: the zone
 * @pcp: the PCP; its high mark and alloc_factor are adjusted
 * @order: order that is wanted
 *
 * Context: @pcp->lock is held.
 * Return: number of pages of @order, 1 if the PCP is disabled.
 */
int pcp_zone_nr_alloc(struct zone *zone, struct per_cpu_pages *pcp,
		      unsigned int order)
{
	PCP_SEAM(pcp_zone_nr_alloc, zone, pcp, order);

	return nr_pcp_alloc(pcp, zone, order);
}

/**
 * pcp_zone_high() - the high mark of a PCP now
 * @zone: the zone, which may be short of memory
 * @pcp: the PCP; its high mark is adjusted
 * @batch: its batch, in base pages
 * @free_high: give back all pages of higher order
 *
 * Context: @pcp->lock is held.
 * Return: the high mark in base pages, 0 if the PCP is disabled.
 */
int pcp_zone_high(struct zone *zone, struct per_cpu_pages *pcp, int batch,
		  bool free_high)
{
	PCP_SEAM(pcp_zone_high, zone, pcp, batch, free_high);

	return nr_pcp_high(pcp, zone, batch, free_high);
}

/**
 * pcp_zone_nr_free() - how much to give back at the high mark
 * @zone: the zone
 * @pcp: the PCP
 * @batch: its batch, in base pages
 * @high: its high mark, in base pages
 * @free_high: give back all pages of higher order
 *
 * Context: @pcp->lock is held.
 * Return: number of base pages.
 */
int pcp_zone_nr_free(struct zone *zone, struct per_cpu_pages *pcp, int batch,
		     int high, bool free_high)
{
	PCP_SEAM(pcp_zone_nr_free, zone, pcp, batch, high, free_high);

	return nr_pcp_free(pcp, batch, high, free_high);
}

/**
 * pcp_zone_relax() - note that pages came back to the zone
 * @zone: the zone
 *
 * Clears ZONE_BELOW_HIGH, and lets kswapd try again, when it has enough.
 *
 * Context: Any but NMI.
 */
void pcp_zone_relax(struct zone *zone)
{
	PCP_SEAM(pcp_zone_relax, zone);

	zone_clear_below_high(zone);
}

/**
 * pcp_zone_free_one() - free a page to the zone
 * @zone: the zone
 * @page: first page
 * @pfn: its pfn
 * @order: its order, up to MAX_PAGE_ORDER
 * @nolock: defer it if zone->lock is taken
 *
 * Counts PGFREE.
 *
 * Context: Any with @nolock. Takes zone->lock.
 */
void pcp_zone_free_one(struct zone *zone, struct page *page, unsigned long pfn,
		       unsigned int order, bool nolock)
{
	PCP_SEAM(pcp_zone_free_one, zone, page, pfn, order, nolock);

	free_one_page(zone, page, pfn, order, nolock ? FPI_NOLOCK : FPI_NONE);
}

/**
 * pcp_zone_defer() - leave a page for the next free under zone->lock
 * @zone: the zone
 * @page: first page
 * @order: its order
 *
 * Counts PGFREE.
 *
 * Context: Any, NMI included.
 */
void pcp_zone_defer(struct zone *zone, struct page *page, unsigned int order)
{
	PCP_SEAM(pcp_zone_defer, zone, page, order);

	count_vm_events(PGFREE, 1 << order);
	add_page_to_zone_llist(zone, page, order);
}

/*
 * Free one page that was on a PCP, or on its way there. It is cold, so it goes to the tail,
 * unless the lists are shuffled. Then the lists are in the order of the frees, in which
 * compaction finds pages at the end of the zone.
 */
static void pcp_zone_free_locked(struct zone *zone, struct page *page)
{
	unsigned int order = page_private(page);
	unsigned long pfn = page_to_pfn(page);
	int migratetype = get_pfnblock_migratetype(page, pfn);

	pcp_clear_mark(page);
	set_page_private(page, 0);
	__free_one_page(page, pfn, zone, order, migratetype,
			is_shuffle_order(MAX_PAGE_ORDER) ? FPI_NONE : FPI_TO_TAIL);
	trace_mm_page_pcpu_drain(page, order, migratetype);
}

/**
 * pcp_zone_free_list() - free pages that came off a PCP
 * @zone: the zone
 * @pages: list of pages, page_private() of each is its order; empty on return
 *
 * Context: Takes zone->lock, once.
 */
void pcp_zone_free_list(struct zone *zone, struct list_head *pages)
{
	struct page *page, *next;
	unsigned long flags;

	PCP_SEAM(pcp_zone_free_list, zone, pages);

	spin_lock_irqsave(&zone->lock, flags);
	list_for_each_entry_safe(page, next, pages, pcp_list) {
		list_del(&page->pcp_list);
		pcp_zone_free_locked(zone, page);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/**
 * pcp_zone_defer_waiting() - leave pages off a free_llist for the next free
 * @zone: the zone
 * @node: first of the pages, page_private() of each is its order
 *
 * Context: Any, NMI included. Takes no lock.
 */
void pcp_zone_defer_waiting(struct zone *zone, struct llist_node *node)
{
	PCP_SEAM(pcp_zone_defer_waiting, zone, node);

	while (node) {
		struct page *page = llist_entry(node, struct page, pcp_llist);

		node = node->next;
		add_page_to_zone_llist(zone, page, page_private(page));
	}
}

/**
 * pcp_zone_free_waiting() - free pages that came off a free_llist
 * @zone: the zone
 * @node: first of the pages, page_private() of each is its order
 * @nolock: defer them if zone->lock is taken
 *
 * The lock is dropped after each PCP_FLUSH_CHUNK pieces. Clears ZONE_BELOW_HIGH, and
 * lets kswapd try again, when the zone has enough then.
 *
 * Context: Any with @nolock. Takes zone->lock.
 */
void pcp_zone_free_waiting(struct zone *zone, struct llist_node *node,
			   bool nolock)
	__no_context_analysis
{
	unsigned long flags;

	PCP_SEAM(pcp_zone_free_waiting, zone, node, nolock);

	while (node) {
		bool locked = pcp_zone_lock(zone, &flags, nolock);
		int nr = PCP_FLUSH_CHUNK;

		for (; node && nr > 0; nr--) {
			struct page *page = llist_entry(node, struct page,
							pcp_llist);

			node = node->next;
			if (likely(locked)) {
				pcp_zone_free_locked(zone, page);
				continue;
			}
			add_page_to_zone_llist(zone, page, page_private(page));
		}
		if (locked)
			pcp_zone_unlock(zone, flags);
		pcp_point(NULL, PCP_POINT_LET_GO);
	}
	zone_clear_below_high(zone);
}

/**
 * pcp_zone_flush_deferred() - free the pages that were deferred
 * @zone: the zone
 *
 * Otherwise they stay until somebody frees a page under zone->lock, which a
 * drain should not have to hope for.
 *
 * Context: Takes zone->lock.
 */
void pcp_zone_flush_deferred(struct zone *zone)
{
	unsigned long flags;

	PCP_SEAM(pcp_zone_flush_deferred, zone);

	if (likely(llist_empty(&zone->trylock_free_pages)))
		return;

	spin_lock_irqsave(&zone->lock, flags);
	free_deferred_pages(zone, FPI_NONE);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/**
 * pcp_zone_end() - the pfn behind a zone
 * @zone: the zone
 *
 * Context: Any. Memory hotplug changes it.
 * Return: the pfn.
 */
unsigned long pcp_zone_end(struct zone *zone)
{
	PCP_SEAM(pcp_zone_end, zone);

	return zone_end_pfn(zone);
}

/**
 * pcp_zone_block() - the block at a place in a zone, if there is one
 * @zone: the zone
 * @pfn: first pfn of the block
 *
 * Context: Memory hotplug is excluded.
 * Return: the block, or NULL in a hole and where another zone begins.
 */
struct pageblock_data *pcp_zone_block(struct zone *zone, unsigned long pfn)
{
	struct page *page;

	PCP_SEAM(pcp_zone_block, zone, pfn);

	page = pfn_to_online_page(pfn);
	if (!page || page_zone(page) != zone)
		return NULL;
	return pfn_to_pageblock(page, pfn);
}

/**
 * pcp_zone_bad_page() - does a page off a PCP look as if it was in use?
 * @zone: the zone
 * @page: the page, order 0
 *
 * The check that each new page gets; it reports what it finds.
 *
 * Context: Any.
 * Return: true if it must not be handed out.
 */
bool pcp_zone_bad_page(struct zone *zone, struct page *page)
{
	PCP_SEAM(pcp_zone_bad_page, zone, page);

	return check_new_pages(page, 0);
}

/**
 * pcp_zone_hand_out() - prepare and count a page that is allocated
 * @zone: its zone
 * @page: the page, order 0, with no reference
 * @preferred: the zone that was asked for first, for the NUMA statistics
 *
 * Context: Any. The page gets one reference.
 */
void pcp_zone_hand_out(struct zone *zone, struct page *page,
		       struct zone *preferred)
{
	PCP_SEAM(pcp_zone_hand_out, zone, page, preferred);

	count_vm_events(PGALLOC_NORMAL - ZONE_NORMAL + zone_idx(zone), 1);
	zone_statistics(preferred, zone, 1);
	prep_new_page(page, 0, 0, ALLOC_DEFAULT);
	set_page_refcounted(page);
	trace_mm_page_alloc(page, 0, 0, MIGRATE_UNMOVABLE);
	kmsan_alloc_page(page, 0, 0);
}
