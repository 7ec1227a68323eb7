// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for validate.c: each kind of corruption is noticed, and nothing
 * else is. The other suites rely on it after every step.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "lib/fixture.h"

/* Errors that the validator said; they do not fail the test. */
static struct {
	int nr;
	char first[160];
} said;

static void stub_report(struct va_format *vaf)
{
	if (!said.nr++)
		snprintf(said.first, sizeof(said.first), "%pV", vaf);
}

static int validate_init(struct kunit *test)
{
	int err = pcp_fx_init(test);

	kunit_activate_static_stub(test, pcp_validate_report, stub_report);
	said.nr = 0;
	said.first[0] = '\0';
	return err;
}

/* Expects that @bad, the result of a validator, is @nr errors. */
static void expect_said(struct pcp_fixture *fx, int bad, int nr,
			const char *first)
{
	KUNIT_EXPECT_EQ(fx->test, bad, nr);
	KUNIT_EXPECT_EQ(fx->test, said.nr, nr);
	KUNIT_EXPECT_NOT_NULL_MSG(fx->test, strstr(said.first, first),
				  "\"%s\" is not in \"%s\"", first, said.first);
	said.nr = 0;
	said.first[0] = '\0';
}

static int validate(struct pcp_fixture *fx)
{
	int bad;

	spin_lock(&fx->pcp->lock);
	bad = pcp_validate(fx->zone, fx->pcp);
	spin_unlock(&fx->pcp->lock);
	return bad;
}

static void expect_noticed(struct pcp_fixture *fx, int nr, const char *first)
{
	expect_said(fx, validate(fx), nr, first);
}

static void expect_fine(struct pcp_fixture *fx)
{
	expect_noticed(fx, 0, "");
}

/* A page of block 0, which the CPU owns. */
static struct page *add_owned(struct pcp_fixture *fx, unsigned int index,
			      unsigned int order)
{
	struct page *page = pcp_fx_page(fx, 0, index);

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_list_add(fx->pcp, page, order, MIGRATE_MOVABLE);
	return page;
}

/* A page of block 1, which nobody owns. */
static struct page *add_cached(struct pcp_fixture *fx, unsigned int index,
			       unsigned int order)
{
	struct page *page = pcp_fx_page(fx, 1, index);

	pcp_list_add(fx->pcp, page, order, MIGRATE_MOVABLE);
	return page;
}

/* Leaves page 1 of block 2 on @taken. */
static struct page *add_taken(struct pcp_fixture *fx)
{
	int high = fx->pcp->high;

	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, 1), 0);
	fx->pcp->high = fx->pcp->count + 1;
	KUNIT_ASSERT_EQ(fx->test, 1,
			pcp_absorb(fx->zone, fx->pcp, PCP_ABSORB_TO_HIGH));
	fx->pcp->high = high;
	KUNIT_ASSERT_PTR_EQ(fx->test, fx->pcp->taken,
			    &pcp_fx_page(fx, 2, 1)->pcp_llist);
	return pcp_fx_page(fx, 2, 1);
}

/* === The lists of a PCP === */

static void validate_accepts_empty_pcp(struct kunit *test)
{
	expect_fine(test->priv);
}

static void validate_accepts_all_that_can_be_on_a_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_owned(fx, 0, 0);
	add_owned(fx, 2, 1);
	add_owned(fx, 4, 2);
	add_cached(fx, 0, 0);
	add_cached(fx, 1, 0);
	add_taken(fx);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, 4), 2);
	expect_fine(fx);
}

static void validate_notices_broken_link(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *cold = add_cached(fx, 0, 0);
	struct list_head *prev = cold->pcp_list.prev;

	add_cached(fx, 1, 0);
	prev = cold->pcp_list.prev;
	cold->pcp_list.prev = &cold->pcp_list;
	/* It stops there, so the count cannot be right either. */
	expect_noticed(fx, 2, "broken link");
	cold->pcp_list.prev = prev;
	expect_fine(fx);
}

static void validate_notices_page_on_two_lists(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 0);

	pcp_list_add(fx->pcp, page, 0, MIGRATE_UNMOVABLE);
	expect_noticed(fx, 2, "broken link");
}

static void validate_notices_low_count(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 0, 1);
	fx->pcp->count = 1;
	expect_noticed(fx, 2, "more pages than count 1");
}

/* Also the end of a list that has become a circle without its head. */
static void validate_ends_on_endless_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 0);

	page->pcp_list.next = &page->pcp_list;
	expect_noticed(fx, 1, "broken link");
}

static void validate_notices_high_count(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 0, 1);
	fx->pcp->count = 3;
	expect_noticed(fx, 1, "2 pages on the lists but count is 3");
}

static void validate_notices_page_on_list_of_another_order(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_page_private(add_cached(fx, 0, 1), 0);
	expect_noticed(fx, 1, "private 0 on the list of order 1");
}

static void validate_notices_bad_alignment(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 1, 1);
	expect_noticed(fx, 1, "not aligned to order 1");
}

static void validate_notices_page_in_the_zone_too(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 0);

	/* So it cannot have the mark. */
	pcp_clear_mark(page);
	__SetPageBuddy(page);
	expect_noticed(fx, 2, "in the zone too");
}

static void validate_notices_page_in_use(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 0);

	set_page_count(page, 1);
	expect_noticed(fx, 1, "in use");
	set_page_count(page, 0);
	expect_fine(fx);
}

static void validate_accepts_pages_of_any_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 0, 0);
	pcp_fx_own(fx, 1, fx->cpu);
	expect_fine(fx);
	pcp_fx_own(fx, 1, fx->other->cpu);
	expect_fine(fx);
	pcp_fx_own(fx, 1, -1);
	expect_fine(fx);
}

static void validate_notices_page_without_a_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_cached(fx, 0, 0);

	pcp_clear_mark(page);
	expect_noticed(fx, 1, "is not that of the PCP");
	pcp_set_mark(page, pcp_mark(fx->pcp));
	expect_fine(fx);
}

static void validate_notices_mark_of_another_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_set_mark(add_cached(fx, 0, 0), pcp_mark(fx->other));
	expect_noticed(fx, 1, "is not that of the PCP");
}

static void validate_notices_mark_of_a_waiting_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_set_mark(add_cached(fx, 0, 0), PCP_MARK_WAITS);
	expect_noticed(fx, 1, "is not that of the PCP");
}

static void validate_notices_page_inside_of_another(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* On the PCP twice: as the last of four, and by itself. */
	add_owned(fx, 0, 2);
	add_owned(fx, 3, 0);
	expect_noticed(fx, 1, "inside of free pfn");
}

static void validate_notices_zone_page_inside_of_another(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 0, 1);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 1, 1), 0);
	expect_noticed(fx, 1, "inside of free pfn");
}

static void validate_notices_waiting_page_inside_of_another(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* Also the last one of it. */
	add_cached(fx, 0, 2);
	pcp_set_mark(pcp_fx_page(fx, 1, 3), PCP_MARK_WAITS);
	expect_noticed(fx, 1, "inside of free pfn");
}

/* === Pages that wait === */

static void validate_notices_taken_page_on_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_set_mark(add_taken(fx), pcp_mark(fx->pcp));
	expect_noticed(fx, 1, "waits, but has page type");
}

static void validate_notices_taken_page_in_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_taken(fx);

	pcp_clear_mark(page);
	__SetPageBuddy(page);
	expect_noticed(fx, 1, "waits, but has page type");
}

static void validate_notices_taken_page_without_a_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = add_taken(fx);

	pcp_clear_mark(page);
	expect_noticed(fx, 1, "waits, but has page type");
	pcp_set_mark(page, PCP_MARK_WAITS);
	expect_fine(fx);
}

/* Each of them, not only the first. */
static void validate_looks_at_all_taken_pages(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 2, 4);

	pcp_fx_push(fx, fx->pcp, page, 0);
	/* pcp->taken is in the order of the pushes. */
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, 6), 0);
	fx->pcp->taken = llist_reverse_order(llist_del_all(&fx->pcp->free_llist));
	expect_fine(fx);
	pcp_clear_mark(pcp_fx_page(fx, 2, 6));
	expect_noticed(fx, 1, "waits, but has page type");
	pcp_set_mark(pcp_fx_page(fx, 2, 6), PCP_MARK_WAITS);
	atomic_dec(&fx->pcp->nr_waiting);
	expect_noticed(fx, 1, "2 pages taken but nr_waiting is 1");
}

static void validate_notices_low_nr_waiting(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_page_private(add_taken(fx), 1);
	expect_noticed(fx, 1, "2 pages taken but nr_waiting is 1");
}

/* === Blocks === */

/* Expects @nr errors of block 0, and that it is counted for its owner alone. */
static void expect_block(struct pcp_fixture *fx, int nr, const char *first)
{
	int cpu = pageblock_owner_cpu(&fx->block[0]), i, bad;
	int *owned;

	owned = kunit_kcalloc(fx->test, nr_cpu_ids, sizeof(*owned), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(fx->test, owned);
	bad = pcp_validate_block(fx->zone, &fx->block[0],
				 page_to_pfn(fx->base[0]), owned);
	expect_said(fx, bad, nr, first);
	for (i = 0; i < nr_cpu_ids; i++)
		KUNIT_EXPECT_EQ(fx->test, owned[i], i == cpu);
	kunit_kfree(fx->test, owned);
}

static void validate_accepts_all_that_a_block_can_be(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *last = pcp_fx_page(fx, 0, pageblock_nr_pages - 1);

	/* Nobody's, in use and with free pages; owned and wholly taken. */
	expect_block(fx, 0, "");
	pcp_fx_zone_add(fx, last, 0);
	expect_block(fx, 0, "");
	__ClearPageBuddy(last);
	pcp_fx_own(fx, 0, fx->cpu);
	expect_block(fx, 0, "");

	/* Or partly, by any CPU. */
	__SetPageBuddy(last);
	expect_block(fx, 0, "");
	pcp_fx_own(fx, 0, fx->other->cpu);
	expect_block(fx, 0, "");
}

static void validate_accepts_whole_free_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_add(fx, fx->base[0], pageblock_order);
	expect_block(fx, 0, "");
}

static void validate_notices_impossible_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->block[0].owner = nr_cpu_ids + 1;
	expect_block(fx, 1, "owner");
	fx->block[0].owner = nr_cpu_ids;
	expect_block(fx, 0, "");
}

static void validate_notices_owned_block_that_is_wholly_free(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_zone_add(fx, fx->base[0], pageblock_order);
	expect_block(fx, 1, "wholly free but owned");
}

/* Each fragment is looked at, not only the first of two neighbours. */
static void validate_notices_whole_block_behind_a_fragment(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 1), pageblock_order);
	expect_block(fx, 1, "wholly free but owned");
}

/* A page inside of a merged one is no page of its own. */
static void validate_passes_over_the_rest_of_a_fragment(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 0), 1);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 1), pageblock_order);
	expect_block(fx, 0, "");
}

/* === A whole zone === */

/* A made-up zone that is block 0, where its pages are. */
static unsigned long one_block_end(struct zone *zone)
{
	return zone->zone_start_pfn + pageblock_nr_pages;
}

static struct pageblock_data *one_block(struct zone *zone, unsigned long pfn)
{
	struct pcp_fixture *fx = kunit_get_current_test()->priv;

	return pfn == zone->zone_start_pfn ? &fx->block[0] : NULL;
}

static void make_one_block(struct pcp_fixture *fx)
{
	fx->zone->zone_start_pfn = page_to_pfn(fx->base[0]);
	kunit_activate_static_stub(fx->test, pcp_zone_end, one_block_end);
	kunit_activate_static_stub(fx->test, pcp_zone_block, one_block);
}

static void expect_blocks(struct pcp_fixture *fx, int nr, const char *first)
{
	expect_said(fx, pcp_validate_blocks(fx->zone), nr, first);
	KUNIT_EXPECT_FALSE(fx->test, fx->locked);
}

static void validate_blocks_counts_those_of_each_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int cpu, nr = 0;

	make_one_block(fx);
	expect_blocks(fx, 0, "");
	for_each_possible_cpu(cpu) {
		atomic_t *counted = &zone_pcp(fx->zone, cpu)->owned_blocks;

		/* It counts again for some jiffies, each time that it is wrong. */
		if (nr++ == 2)
			break;
		pcp_fx_own(fx, 0, cpu);
		expect_blocks(fx, 0, "");
		atomic_add(nr == 1 ? 1 : -1, counted);
		expect_blocks(fx, 1, nr == 1 ? "owns 1 blocks but 2 are counted" :
					       "owns 1 blocks but 0 are counted");
		atomic_set(counted, 1);
	}
}

static void validate_blocks_notices_owner_that_is_not_counted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	make_one_block(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	/* One more for the block, one less for the owner. */
	fx->block[0].owner = fx->other->cpu + 1;
	expect_blocks(fx, 2, "blocks but");
}

static void validate_blocks_notices_blocks_of_dead_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	make_one_block(fx);
	fx->pcp->dead = true;
	expect_blocks(fx, 0, "");
	pcp_fx_own(fx, 0, fx->cpu);
	expect_blocks(fx, 1, "is dead and owns 1 blocks");
	fx->pcp->dead = false;
	expect_blocks(fx, 0, "");
}

static void validate_blocks_notices_whole_block_of_an_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	make_one_block(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_zone_add(fx, fx->base[0], pageblock_order);
	expect_blocks(fx, 1, "wholly free but owned");
}

/* These have no pages, but such an owner is noticed before that matters. */
static void validate_blocks_looks_at_each_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		fx->block[i].owner = nr_cpu_ids + 1;
		expect_blocks(fx, 1, "owner");
		fx->block[i].owner = PAGEBLOCK_NO_OWNER;
	}
}

static void validate_blocks_passes_over_holes(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->hole = 1;
	fx->block[1].owner = nr_cpu_ids + 1;
	expect_blocks(fx, 0, "");
	fx->block[2].owner = nr_cpu_ids + 1;
	expect_blocks(fx, 1, "owner");
}

static unsigned long first_pfn_seen;

static struct pageblock_data *note_first_block(struct zone *zone, unsigned long pfn)
{
	first_pfn_seen = min(first_pfn_seen, pfn);
	return NULL;
}

static void validate_blocks_begins_with_the_block_that_the_zone_begins_in(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->zone->zone_start_pfn = 2 * pageblock_nr_pages - 1;
	first_pfn_seen = ULONG_MAX;
	kunit_activate_static_stub(test, pcp_zone_block, note_first_block);
	expect_blocks(fx, 0, "");
	KUNIT_EXPECT_EQ(test, first_pfn_seen, pageblock_nr_pages);
}

/* Zones may overlap: a made-up one with a block of the real one, say. */
static void validate_blocks_passes_over_other_zones(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	make_one_block(fx);
	fx->block[0].owner = nr_cpu_ids + 1;
	expect_blocks(fx, 1, "owner");
	/* The real one finds that the pages are of another zone. */
	kunit_deactivate_static_stub(test, pcp_zone_block);
	expect_blocks(fx, 0, "");
}

static void validate_blocks_looks_once_if_all_is_well(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	make_one_block(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	/* It waits for the lock. */
	fx->lock_busy = true;
	expect_blocks(fx, 0, "");
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 1);
}

/* Another CPU counts the block late, when it has been looked at twice. */
static void unlock_and_count(struct zone *zone, unsigned long flags)
{
	struct pcp_fixture *fx = kunit_get_current_test()->priv;

	fx->locked = false;
	if (fx->nr_locked == 2)
		atomic_inc(&fx->pcp->owned_blocks);
}

static void validate_blocks_looks_again_if_owners_change(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	make_one_block(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	atomic_dec(&fx->pcp->owned_blocks);
	kunit_activate_static_stub(test, pcp_zone_unlock, unlock_and_count);
	expect_blocks(fx, 0, "");
	KUNIT_EXPECT_EQ(test, fx->nr_locked, 3);
}

static void validate_blocks_accepts_zones_in_use(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *zone;

	for_each_populated_zone(zone)
		expect_said(fx, pcp_validate_blocks(zone), 0, "");
}

/* === Without the stub === */

/* The stub is not active in the other test, which fails instead of this. */
static void validate_error_fails_the_test_that_runs(struct kunit *test)
{
	struct kunit *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	kunit_init_test(fake, "fake", NULL);
	KUNIT_ASSERT_EQ(test, fake->status, KUNIT_SUCCESS);

	current->kunit_test = fake;
	pcp_validate_say("%s is said on purpose", "this");
	current->kunit_test = NULL;
	pcp_validate_say("and that is said outside of a test");
	current->kunit_test = test;

	KUNIT_EXPECT_EQ(test, fake->status, KUNIT_FAILURE);
	KUNIT_EXPECT_EQ(test, said.nr, 0);
}

static struct kunit_case pcp_validate_cases[] = {
	KUNIT_CASE(validate_accepts_empty_pcp),
	KUNIT_CASE(validate_accepts_all_that_can_be_on_a_pcp),
	KUNIT_CASE(validate_notices_broken_link),
	KUNIT_CASE(validate_notices_page_on_two_lists),
	KUNIT_CASE(validate_notices_low_count),
	KUNIT_CASE(validate_ends_on_endless_list),
	KUNIT_CASE(validate_notices_high_count),
	KUNIT_CASE(validate_notices_page_on_list_of_another_order),
	KUNIT_CASE(validate_notices_bad_alignment),
	KUNIT_CASE(validate_notices_page_in_the_zone_too),
	KUNIT_CASE(validate_notices_page_in_use),
	KUNIT_CASE(validate_accepts_pages_of_any_owner),
	KUNIT_CASE(validate_notices_page_without_a_mark),
	KUNIT_CASE(validate_notices_mark_of_another_cpu),
	KUNIT_CASE(validate_notices_mark_of_a_waiting_page),
	KUNIT_CASE(validate_notices_page_inside_of_another),
	KUNIT_CASE(validate_notices_zone_page_inside_of_another),
	KUNIT_CASE(validate_notices_waiting_page_inside_of_another),
	KUNIT_CASE(validate_notices_taken_page_on_the_pcp),
	KUNIT_CASE(validate_notices_taken_page_in_the_zone),
	KUNIT_CASE(validate_notices_taken_page_without_a_mark),
	KUNIT_CASE(validate_looks_at_all_taken_pages),
	KUNIT_CASE(validate_notices_low_nr_waiting),
	KUNIT_CASE(validate_accepts_all_that_a_block_can_be),
	KUNIT_CASE(validate_accepts_whole_free_block),
	KUNIT_CASE(validate_notices_impossible_owner),
	KUNIT_CASE(validate_notices_owned_block_that_is_wholly_free),
	KUNIT_CASE(validate_notices_whole_block_behind_a_fragment),
	KUNIT_CASE(validate_passes_over_the_rest_of_a_fragment),
	KUNIT_CASE(validate_blocks_counts_those_of_each_cpu),
	KUNIT_CASE(validate_blocks_notices_owner_that_is_not_counted),
	KUNIT_CASE(validate_blocks_notices_blocks_of_dead_cpu),
	KUNIT_CASE(validate_blocks_notices_whole_block_of_an_owner),
	KUNIT_CASE(validate_blocks_looks_at_each_block),
	KUNIT_CASE(validate_blocks_passes_over_holes),
	KUNIT_CASE(validate_blocks_begins_with_the_block_that_the_zone_begins_in),
	KUNIT_CASE(validate_blocks_passes_over_other_zones),
	KUNIT_CASE(validate_blocks_looks_once_if_all_is_well),
	KUNIT_CASE(validate_blocks_looks_again_if_owners_change),
	KUNIT_CASE(validate_blocks_accepts_zones_in_use),
	KUNIT_CASE(validate_error_fails_the_test_that_runs),
	{}
};

static struct kunit_suite pcp_validate_suite = {
	.name = "pcp_validate",
	.init = validate_init,
	.test_cases = pcp_validate_cases,
};

kunit_test_suites(&pcp_validate_suite);
