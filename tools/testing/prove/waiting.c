// SPDX-License-Identifier: GPL-2.0
/* Pages that wait, for absorb.c and flush.c. Included by them. */
#include "prove.c"
#include "waiting.h"
#include "llist.c"

/* === What waits: ALL pages, up to 5, the first TAKEN of them on pcp->taken === */

static const unsigned char at[] = { 0, 2, 4, 8, 12 };
#define NR_AT		5
static unsigned char nr_all, nr_taken, seen[NR_AT], nr_seen, nr_zone_pages;
static bool deferred;

static int sum_of(unsigned char from, unsigned char to)
{
	int i, sum = 0;

	for (i = 0; i < NR_AT; i++) {
		if (i >= from && i < to)
			sum += pages_of(before[at[i]].order);
	}
	return sum;
}

/* Page number i of those that wait was pushed before number i + 1. */
static void start_waiting(void)
{
	struct llist_node *last = NULL;
	int i;

	nr_all = ALL;
	nr_taken = TAKEN;
	for (i = 0; i < NR_AT; i++) {
		struct page *page = &pcp_user_pages[at[i]];

		before[at[i]].order = below(i < 2 ? 2 : 3);
		pcp_prove_orders[at[i]] = before[at[i]].order;
		pcp_prove_types[at[i]] = PCP_MARK_WAITS;
		page->pcp_llist.next = NULL;
		if (i >= nr_all)
			continue;
		if (i < nr_taken) {
			if (last)
				last->next = &page->pcp_llist;
			else
				pcp0.taken = &page->pcp_llist;
			last = &page->pcp_llist;
		} else {
			page->pcp_llist.next = pcp0.free_llist.first;
			pcp0.free_llist.first = &page->pcp_llist;
		}
	}
	atomic_set(&pcp0.nr_waiting, sum_of(0, nr_all));
}

/* Which of the pages that wait; NR_AT: none. */
static unsigned char number_of(struct llist_node *node)
{
	unsigned char i;

	for (i = 0; i < NR_AT; i++) {
		if (node == &pcp_user_pages[at[i]].pcp_llist)
			break;
	}
	prove(i < NR_AT || !node, "what is on a list of waiting pages is one");
	return i;
}

/* The pages of a list, in its order. */
static unsigned char walk[NR_AT + 1];

static void walk_list(struct llist_node *node)
{
	unsigned char after_it[NR_AT], i, at_it = number_of(node);

	for (i = 0; i < NR_AT; i++)
		after_it[i] = number_of(pcp_user_pages[at[i]].pcp_llist.next);
	for (i = 0; i <= NR_AT; i++) {
		walk[i] = at_it;
		if (at_it != NR_AT)
			at_it = after_it[at_it];
	}
	prove(walk[NR_AT] == NR_AT, "the list has an end");
}

/* A piece that was joined stands for all pages in it. */
static void piece_to_zone(unsigned char nr)
{
	unsigned char i, first = at[nr], nr_pages = 0;
	unsigned char end = first + pages_of(pcp_prove_orders[first]);

	for (i = 0; i < NR_AT; i++) {
		if (at[i] < first || at[i] >= end)
			continue;
		prove(i < nr_all, "no page in a piece is somebody else's");
		prove(!seen[i], "no page goes to the zone twice");
		seen[i] = ++nr_seen;
		nr_pages += pages_of(before[at[i]].order);
		prove(i == nr || pcp_prove_types[at[i]] == UINT_MAX,
		      "a page in the middle of a piece has no mark");
	}
	prove(nr_pages == end - first, "a piece is as large as what it was made of");
	nr_zone_pages += nr_pages;
}

static void to_zone(struct llist_node *node)
{
	unsigned char i;

	walk_list(node);
	for (i = 0; i < NR_AT; i++) {
		if (walk[i] == NR_AT)
			break;
		piece_to_zone(walk[i]);
	}
}

void pcp_zone_free_waiting(struct zone *zone, struct llist_node *node, bool nolock)
{
	to_zone(node);
}

void pcp_zone_defer_waiting(struct zone *zone, struct llist_node *node)
{
	deferred = true;
	to_zone(node);
}

void pcp_zone_free_list(struct zone *zone, struct list_head *pages) {}
unsigned long pcp_zone_end(struct zone *zone) { return 0; }
struct pageblock_data *pcp_zone_block(struct zone *zone, unsigned long pfn) { return NULL; }

static unsigned char on_taken[NR_AT], on_list[NR_AT];

static void look_at_list(struct llist_node *node, unsigned char *on)
{
	unsigned char i;

	walk_list(node);
	for (i = 0; i < NR_AT; i++) {
		if (walk[i] != NR_AT)
			on[walk[i]]++;
	}
}

/* The pages that still wait. */
static void look_at_waiting(void)
{
	look_at_list(pcp0.taken, on_taken);
	look_at_list(pcp0.free_llist.first, on_list);
}
