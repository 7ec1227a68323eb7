// SPDX-License-Identifier: GPL-2.0
/*
 * pcp_refill() with a zone that gives what it likes: all that it gave is on the list of the
 * wanted order and type, in pieces of that order.
 */

// unwind: pcp_take_pieces.0:6 pcp_refill.0:6 pcp_add_split.0:6
#include "prove.c"
#include "buddy.c"
#include "owner.c"
#include "refill.c"

static unsigned short given;
static unsigned char end, nr_given;
static bool locked, whole;

bool pcp_zone_lock(struct zone *zone, unsigned long *flags, bool nolock)
{
	locked = !nolock || maybe();
	return locked;
}

void pcp_zone_unlock(struct zone *zone, unsigned long flags)
{
	prove(locked, "a lock that is held is left");
	locked = false;
}

unsigned long pcp_zone_end(struct zone *zone) { return 0; }
struct pageblock_data *pcp_zone_block(struct zone *zone, unsigned long pfn) { return NULL; }
bool pcp_zone_cma_first(struct zone *zone, unsigned int alloc_flags) { return maybe(); }

/* The next pages of an order, if there are any. */
static struct page *give(unsigned char order)
{
	unsigned char size = pages_of(order);
	struct page *page;

	prove(locked, "zone->lock is held");
	prove(order >= ORDER && order <= PAGE_BLOCK_MAX_ORDER, "no piece is below the wanted order");
	end = (end + size - 1) & -size;
	if (maybe() || end + size > NR_PAGES)
		return NULL;
	page = &pcp_user_pages[end];
	given |= bits_of(end, order);
	nr_given += size;
	end += size;
	return page;
}

struct page *pcp_zone_take(struct zone *zone, unsigned int order, unsigned int max_order,
			   int migratetype, unsigned int *from)
{
	unsigned char high = below(MAX_PAGE_ORDER + 2);

	prove(max_order >= order, "the largest piece is one");
	assume(high >= order);
	*from = high;
	return give(high < max_order ? high : max_order);
}

struct page *pcp_zone_rmqueue(struct zone *zone, unsigned int order, int migratetype,
			      unsigned int alloc_flags, int *mode)
{
	*mode = below(3);
	return give(order);
}

static unsigned char nr_wanted;

int pcp_zone_nr_alloc(struct zone *zone, struct per_cpu_pages *pcp, unsigned int order)
{
	return nr_wanted;
}

int main(void)
{
	unsigned char i, bound = below(32);
	int type = below(MIGRATE_PCPTYPES), nr, most;

	start_empty();
	nr_wanted = 1 + below(MOST);
	pcp0.bound = bound;

	nr = pcp_refill(the_zone, &pcp0, ORDER, type, maybe() ? ALLOC_NOLOCK : 0);

	look_at_lists();
	prove(!locked, "zone->lock is left");
	prove(nr == nr_given, "it says how many arrived");
	prove(pcp0.count == nr_given && found_pages == nr_given, "the count is that of the lists");
	prove(set_of(after, ON_PCP) == given, "all that the zone gave is on the lists");
	for (i = 0; i < NR_PAGES; i++) {
		if (after[i].place == ON_PCP)
			prove(after[i].order == ORDER && after[i].type == type,
			      "each piece has the wanted order and type");
	}
	most = nr_wanted << ORDER;
	if (most > bound / 2)
		most = bound / 2;
	if (most < 1 << ORDER)
		most = 1 << ORDER;
	prove(nr <= most, "no more than may come back before the next refill");
	return 0;
}
