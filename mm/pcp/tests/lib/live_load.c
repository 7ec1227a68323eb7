// SPDX-License-Identifier: GPL-2.0
/*
 * A load for the page allocator in use: workers on each CPU that allocate, exchange pages
 * through slots, and free what another one allocated.
 */
#include <kunit/test.h>
#include <linux/folio_batch.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "../../../page_alloc.h"
#include "live.h"

/* A page and its order in one word, never 0. */
static unsigned long live_slot(struct page *page, unsigned int order)
{
	return BIT(BITS_PER_LONG - 1) | page_to_pfn(page) << 4 | order;
}

static struct page *live_slot_page(unsigned long slot)
{
	return pfn_to_page((slot & ~BIT(BITS_PER_LONG - 1)) >> 4);
}

static unsigned int live_slot_order(unsigned long slot)
{
	return slot & 15;
}

/**
 * live_mixed_fn() - worker: exchange pages with the others through the slots
 * @w: on any CPU; ends after so many rounds, or when told to stop
 *
 * With a number of rounds, it ends early where it gets slow, see LIVE_LOAD_TIME.
 *
 * Return: how many pages it allocated.
 */
long live_mixed_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned long enough = jiffies + LIVE_LOAD_TIME;
	unsigned int i;
	struct folio_batch fbatch;
	struct rnd_state rnd;
	long nr = 0;

	prandom_seed_state(&rnd, lv->seed + w->index);
	folio_batch_init(&fbatch);
	for (i = 0; i < lv->round && !READ_ONCE(lv->stop); i++) {
		u32 r = prandom_u32_state(&rnd);
		unsigned int order = min_t(unsigned int, ffs(r | BIT(MAX_PAGE_ORDER)) - 1,
					   MAX_PAGE_ORDER);
		unsigned int slot = (r >> 16) % LIVE_SLOTS;
		unsigned long old, new = 0;
		struct page *page;

		if (lv->round != UINT_MAX && i > lv->round / 8 && time_after(jiffies, enough))
			break;
		/* Half of the time just free. */
		if (r & BIT(31)) {
			page = alloc_pages(LIVE_GFP, order);
			if (page)
				new = live_slot(page, order);
			nr += !!page;
		}
		old = xchg(&lv->slots[slot], new);
		if (!old)
			continue;
		page = live_slot_page(old);
		order = live_slot_order(old);
		if (!order && (r & BIT(30))) {
			if (!put_page_testzero(page))
				continue;
			if (!folio_batch_add(&fbatch, page_folio(page)))
				free_unref_folios(&fbatch);
		} else {
			__free_pages(page, order);
		}
		cond_resched();
	}
	if (folio_batch_count(&fbatch))
		free_unref_folios(&fbatch);
	return nr;
}

/**
 * live_nr_workers() - how many workers a load has
 *
 * Return: a number of CPUs. More than four would wait for each other most of the
 * time, where many virtual CPUs share few cores and whoever holds a lock may
 * not run.
 */
unsigned int live_nr_workers(void)
{
	return min(pcp_workers_online(), 4U);
}

/**
 * live_push_much() - have all CPUs push most of what they free of others' blocks
 * @lv: the case
 *
 * With the room that they have otherwise, a load that keeps few pages pushes hardly any.
 * Set back after the case.
 */
void live_push_much(struct live *lv)
{
	struct zone *of = lv->zone, *zone;
	int cpu;

	for_each_populated_zone(zone) {
		lv->zone = zone;
		for_each_online_cpu(cpu)
			live_have_room(lv, cpu, 16);
	}
	lv->zone = of;
}

/**
 * live_empty_slots() - free what a mixed load left in the slots
 * @lv: the slots
 */
void live_empty_slots(struct live *lv)
{
	unsigned int i;

	for (i = 0; i < LIVE_SLOTS; i++) {
		unsigned long old = xchg(&lv->slots[i], 0);

		if (old)
			__free_pages(live_slot_page(old), live_slot_order(old));
	}
}

/**
 * live_seed() - choose and log the seed of the random numbers
 * @lv: gets it
 */
void live_seed(struct live *lv)
{
	lv->seed = get_random_u32();
	kunit_info(lv->test, "seed %llu", lv->seed);
}
