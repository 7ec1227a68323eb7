// SPDX-License-Identifier: GPL-2.0
/*
 * On the zone of the userland build: what only the live suites see in the
 * kernel, since it looks for zones by itself.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "../internal.h"
#include "pcp.h"
#include "zone.h"

static struct per_cpu_pages *here(void)
{
	return zone_pcp(pcp_user_zone, raw_smp_processor_id());
}

static struct page *some_page(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	KUNIT_ASSERT_NOT_NULL(test, page);
	set_page_count(page, 0);
	return page;
}

static void user_page_without_locks(struct kunit *test)
{
	struct page *page = some_page(test);

	KUNIT_EXPECT_EQ(test, __rcu_alloc_page_lockless(), 0UL);
	spin_lock(&here()->lock);
	pcp_list_add(here(), page, 0, MIGRATE_MOVABLE);
	spin_unlock(&here()->lock);
	KUNIT_EXPECT_EQ(test, __rcu_alloc_page_lockless(),
			(unsigned long)page_address(page));
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_EQ(test, here()->count, 0);
	KUNIT_EXPECT_EQ(test, __rcu_alloc_page_lockless(), 0UL);
	__free_pages(page, 0);
}

/* A page waits for this CPU. */
static void wait_here(struct kunit *test)
{
	struct pcp_run run = { .zone = pcp_user_zone, .pcp = here() };

	pcp_set_bound(here(), 8);
	pcp_run_add(&run, some_page(test), 0);
	pcp_push(&run, false);
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(here()));
}

static void expect_all_in_the_zone(struct kunit *test)
{
	pcp_set_bound(here(), 0);
	KUNIT_EXPECT_EQ(test, pcp_user_zone->free_area[MAX_PAGE_ORDER].nr_free,
			PCP_USER_NR_PAGES >> MAX_PAGE_ORDER);
}

static void user_shepherd_looks_at_each_zone(struct kunit *test)
{
	wait_here(test);
	KUNIT_EXPECT_TRUE(test, pcp_shepherd(raw_smp_processor_id()));
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(here()));
	/* Pages that have waited for an interval go. */
	KUNIT_EXPECT_FALSE(test, pcp_shepherd(raw_smp_processor_id()));
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(here()));
	/* The next is looked at twice, too. */
	KUNIT_EXPECT_FALSE(test, pcp_shepherd(raw_smp_processor_id()));
	wait_here(test);
	KUNIT_EXPECT_TRUE(test, pcp_shepherd(raw_smp_processor_id()));
	KUNIT_EXPECT_FALSE(test, pcp_shepherd(raw_smp_processor_id()));
	expect_all_in_the_zone(test);
}

static void user_return_all_takes_what_waits_and_what_was_deferred(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, pcp_return_all());
	wait_here(test);
	KUNIT_EXPECT_TRUE(test, pcp_return_all());
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(here()));

	pcp_zone_defer(pcp_user_zone, some_page(test), 0);
	KUNIT_EXPECT_FALSE(test, pcp_return_all());
	KUNIT_EXPECT_NULL(test, pcp_user_zone->trylock_free_pages.first);
	expect_all_in_the_zone(test);
}

static void user_flush_cpu_takes_what_waits(struct kunit *test)
{
	int cpu = raw_smp_processor_id();

	KUNIT_EXPECT_EQ(test, pcp_flush_cpu(pcp_user_zone, cpu), 0U);
	wait_here(test);
	KUNIT_EXPECT_EQ(test, pcp_flush_cpu(pcp_user_zone, cpu), 1U);
	KUNIT_EXPECT_FALSE(test, pcp_has_waiting(here()));
	KUNIT_EXPECT_EQ(test, pcp_flush_cpu(pcp_user_zone, cpu), 0U);
	expect_all_in_the_zone(test);
}

static unsigned int user_graces;

static void note_grace(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (point == PCP_POINT_GRACE)
		user_graces++;
}

static void user_drain_finish_of_all_zones(struct kunit *test)
{
	user_graces = 0;
	WRITE_ONCE(pcp_point_hook, note_grace);
	pcp_zone_defer(pcp_user_zone, some_page(test), 0);
	pcp_drain_finish(NULL);
	KUNIT_EXPECT_EQ(test, user_graces, 0);
	KUNIT_EXPECT_NULL(test, pcp_user_zone->trylock_free_pages.first);
	atomic_inc(&here()->carriers);
	pcp_drain_finish(NULL);
	atomic_dec(&here()->carriers);
	WRITE_ONCE(pcp_point_hook, NULL);
	KUNIT_EXPECT_EQ(test, user_graces, 1);
	expect_all_in_the_zone(test);
}

/* As in free_one_page(). Or a long load of nolock frees ends without memory. */
static void user_zone_frees_deferred_pages_with_the_next(struct kunit *test)
{
	struct page *page = some_page(test), *next = some_page(test);
	struct zone *zone = pcp_user_zone;
	unsigned long flags;

	pcp_zone_lock(zone, &flags, false);
	pcp_zone_free_one(zone, page, page_to_pfn(page), 0, true);
	pcp_zone_unlock(zone, flags);
	KUNIT_EXPECT_PTR_EQ(test, zone->trylock_free_pages.first, &page->pcp_llist);

	pcp_zone_free_one(zone, next, page_to_pfn(next), 0, false);
	KUNIT_EXPECT_NULL(test, zone->trylock_free_pages.first);
	KUNIT_EXPECT_EQ(test, zone->free_area[MAX_PAGE_ORDER].nr_free,
			PCP_USER_NR_PAGES >> MAX_PAGE_ORDER);
	pcp_zone_flush_deferred(zone);
}

static struct kunit_case user_cases[] = {
	KUNIT_CASE(user_page_without_locks),
	KUNIT_CASE(user_zone_frees_deferred_pages_with_the_next),
	KUNIT_CASE(user_shepherd_looks_at_each_zone),
	KUNIT_CASE(user_return_all_takes_what_waits_and_what_was_deferred),
	KUNIT_CASE(user_flush_cpu_takes_what_waits),
	KUNIT_CASE(user_drain_finish_of_all_zones),
	{}
};

static struct kunit_suite user_suite = {
	.name = "pcp_user",
	.test_cases = user_cases,
};

kunit_test_suites(&user_suite);
