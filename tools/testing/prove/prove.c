// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a proof: see prove.h. Included by each proof.
 */
#include "prove.h"

long pcp_prove_events[NR_VM_EVENT_ITEMS];
struct page pcp_user_pages[NR_PAGES];
unsigned int pcp_prove_types[NR_PAGES];
unsigned short pcp_prove_orders[NR_PAGES];
struct pglist_data contig_page_data;
struct pageblock_data blocks[NR_BLOCKS];

static struct task_struct me = { .cpu = 0, .preempt = 1 };
__thread struct task_struct *current = &me;

struct per_cpu_pages pcp0, pcp_others[NR_CPUS - 1];
struct zone *const the_zone = &contig_page_data.node_zones[ZONE_NORMAL];

struct piece before[NR_PAGES], after[NR_PAGES];
int found_pages;

void pcp_user_complain(const char *file, int line, const char *what)
{
	prove(false, "the userland headers find nothing wrong");
}

void cpu_relax(void) {}
void rcu_read_lock(void) {}
void rcu_read_unlock(void) {}
void synchronize_rcu(void) {}

void pcp_point(struct per_cpu_pages *pcp, enum pcp_point point) {}

struct pageblock_data *pcp_pageblock(struct zone *zone, const struct page *page,
				     unsigned long pfn)
{
	prove(pfn == page_to_pfn(page), "a pfn is that of its page");
	return &blocks[(pfn - PCP_USER_START_PFN) >> PAGE_BLOCK_MAX_ORDER];
}

_Bool pcp_prove_is_page(const void *address)
{
	return __CPROVER_same_object(address, pcp_user_pages);
}

/* === Lists: nodes 0 to NR_PAGES - 1 are pages, then come the lists of CPU 0 === */

#define HEAD(pindex)	((pcp_node)(NR_PAGES + (pindex)))
#define LOCAL(i)	((pcp_node)(NR_PAGES + NR_PCP_LISTS + (i)))
#define NR_NODES	(NR_PAGES + NR_PCP_LISTS + PCP_PROVE_HEADS)

static pcp_node next[NR_NODES], prev[NR_NODES];
/* Of a head: itself. Of a page: the head of the list that it is on, or NO_LIST. */
static pcp_node list_of[NR_NODES];
#define NO_LIST		NR_NODES
static const struct list_head *locals[PCP_PROVE_HEADS];

/* The last page of a list, whichever that is when it is asked for: see prev in list.h. */
static struct list_head *end_of(const struct list_head *head)
{
	return (struct list_head *)((char *)head + 1);
}

pcp_node pcp_prove_node(const struct list_head *list)
{
	unsigned long offset = __CPROVER_POINTER_OFFSET(list);
	pcp_node head;

	if (__CPROVER_same_object(list, pcp_user_pages))
		return pcp_prove_index(list);
	if (__CPROVER_same_object(list, &pcp0)) {
		offset -= offsetof(struct per_cpu_pages, lists);
		head = HEAD(offset >> 3);
	} else {
		head = __CPROVER_same_object(list, locals[0]) ? LOCAL(0) : LOCAL(1);
	}
	return offset & 1 ? prev[head] : head;
}

struct list_head *pcp_prove_at(pcp_node node)
{
	if (node < NR_PAGES)
		return &pcp_user_pages[node].pcp_list;
	if (node < LOCAL(0))
		return &pcp0.lists[node - NR_PAGES];
	return (struct list_head *)locals[node - LOCAL(0)];
}

pcp_node pcp_prove_next(pcp_node node)
{
	return next[node];
}

pcp_node pcp_prove_prev(pcp_node node)
{
	return prev[node];
}

void pcp_prove_add(pcp_node n, pcp_node after)
{
	pcp_node before = next[after];

	/* A loop over a local list need not take the pages off that first. */
	prove(n < NR_PAGES && (list_of[n] == NO_LIST || list_of[n] >= LOCAL(0)),
	      "what is added to a list is a page on no list");
	prove(list_of[after] != NO_LIST, "a page is added behind one that is on a list");
	list_of[n] = list_of[after];
	next[n] = before;
	prev[n] = after;
	next[after] = n;
	prev[before] = n;
}

void pcp_prove_del(pcp_node n)
{
	prove(n < NR_PAGES && list_of[n] != NO_LIST, "what is taken off a list is on one");
	list_of[n] = NO_LIST;
	next[prev[n]] = next[n];
	prev[next[n]] = prev[n];
}

static void start_list(pcp_node head)
{
	next[head] = prev[head] = list_of[head] = head;
}

/* The head of a list in a function, which is not assigned yet. */
struct list_head pcp_prove_new(const struct list_head *head)
{
	static unsigned int used;
	struct list_head empty = { .prev = end_of(head) };

	prove(used < PCP_PROVE_HEADS, "there are not more lists than the table has");
	locals[used] = head;
	start_list(LOCAL(used));
	used++;
	return empty;
}

/* === The start === */

/* Nothing is free. The marks and what waits are as they may be. */
void start_empty(void)
{
	unsigned int i, cpu;

	the_zone->per_cpu_pageset = &pcp0;
	for (i = 0; i < NR_PAGES; i++) {
		pcp_prove_types[i] = UINT_MAX;
		list_of[i] = NO_LIST;
	}
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		struct per_cpu_pages *pcp = zone_pcp(the_zone, cpu);

		pcp->cpu = cpu;
	}
	for (i = 0; i < NR_PCP_LISTS; i++) {
		pcp0.lists[i].prev = end_of(&pcp0.lists[i]);
		start_list(HEAD(i));
	}
	/* Any owner, any type that is not isolated. */
	for (i = 0; i < NR_BLOCKS; i++) {
		blocks[i].owner = below(NR_CPUS + 1);
		if (blocks[i].owner)
			atomic_inc(&zone_pcp(the_zone, blocks[i].owner - 1)->owned_blocks);
		blocks[i].flags = below(MIGRATE_TYPES);
		assume(blocks[i].flags != MIGRATE_ISOLATE);
	}
}

static void start_piece(unsigned int i, unsigned char order)
{
	struct page *page = &pcp_user_pages[i];
	struct piece *piece = &before[i];

	piece->starts = true;
	piece->place = below(IN_ZONE + 1);
	piece->order = order;
	piece->type = below(MIGRATE_PCPTYPES);
	/* Somebody may have left any value there. */
	pcp_prove_orders[i] = below(PAGE_BLOCK_MAX_ORDER + 2);

	switch (piece->place) {
	case ON_PCP: {
		struct list_head *list = &pcp0.lists[pcp_pindex(piece->type, order)];

		pcp_prove_orders[i] = order;
		pcp_prove_types[i] = pcp_mark(&pcp0);
		if (maybe())
			list_add(&page->pcp_list, list);
		else
			list_add_tail(&page->pcp_list, list);
		pcp0.count += pages_of(order);
		break;
	}
	case OTHER_PCP:
		pcp_prove_orders[i] = order;
		pcp_prove_types[i] = PCP_MARK_WAITS | (1 + 1 + below(NR_CPUS - 1));
		break;
	case WAITS:
		pcp_prove_orders[i] = order;
		pcp_prove_types[i] = PCP_MARK_WAITS;
		break;
	case IN_ZONE:
		pcp_prove_orders[i] = order;
		pcp_prove_types[i] = (unsigned int)PGTY_buddy << 24;
		break;
	default:
		break;
	}
}

/* Pieces of any order up to @max_order, side by side from page 0 on. */
void start_pages(unsigned int nr_pages, unsigned int max_order)
{
	unsigned char i, end = 0, order;

	for (i = 0; i < nr_pages; i++) {

		if (i < end)
			continue;
		order = below(max_order + 1);
		assume(!(i & (pages_of(order) - 1)));
		assume(i + pages_of(order) <= nr_pages);
		start_piece(i, order);
		end = i + pages_of(order);
	}
}

/* The pages on the lists of CPU 0. */
void look_at_lists(void)
{
	unsigned short set = 0;
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++) {
		pcp_node head = list_of[i];
		unsigned char order;

		if (head < HEAD(0) || head >= LOCAL(0))
			continue;
		order = order_of(head - HEAD(0));
		prove(pcp_prove_orders[i] == order, "a page on a list has the order of the list");
		prove(pcp_prove_types[i] == pcp_mark(&pcp0),
		      "a page on a list has the mark of the PCP");
		prove(!(i & (pages_of(order) - 1)), "a page on a list is aligned");
		prove(!(set & bits_of(i, order)), "no page is on two lists");
		set |= bits_of(i, order);
		after[i].place = ON_PCP;
		after[i].order = order;
		after[i].type = head - HEAD(0) - MIGRATE_PCPTYPES * order;
		found_pages += pages_of(order);
	}
}

unsigned short set_of(const struct piece *pieces, enum place place)
{
	unsigned short set = 0;
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++) {
		if (pieces[i].place == place)
			set |= bits_of(i, pieces[i].order);
	}
	return set;
}
