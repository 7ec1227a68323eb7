// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for validate.c: each kind of corruption is noticed, and nothing
 * else is. The other suites rely on it after every step.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fixture.h"

/* What the validator said, instead of failing the test. */
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
	pcp_list_add(fx->pcp, page, order, MIGRATE_MOVABLE, true);
	return page;
}

/* A page of block 1, which nobody owns. */
static struct page *add_cached(struct pcp_fixture *fx, unsigned int index,
			       unsigned int order)
{
	struct page *page = pcp_fx_page(fx, 1, index);

	pcp_list_add(fx->pcp, page, order, MIGRATE_MOVABLE, false);
	return page;
}

/* Leaves page 1 of block 2 on @taken. */
static struct page *add_taken(struct pcp_fixture *fx)
{
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 2, 1), 0);
	KUNIT_ASSERT_EQ(fx->test, 1, pcp_absorb(fx->zone, fx->pcp, 1, false, false));
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

	pcp_list_add(fx->pcp, page, 0, MIGRATE_UNMOVABLE, false);
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

	__SetPageBuddy(add_cached(fx, 0, 0));
	expect_noticed(fx, 1, "in the zone too");
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

static void validate_notices_mergeable_page_of_no_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_owned(fx, 0, 0);
	pcp_fx_own(fx, 0, -1);
	expect_noticed(fx, 1, "mergeable 1 but owned 0");
}

static void validate_notices_mergeable_page_of_another_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_owned(fx, 0, 0);
	pcp_fx_own(fx, 0, fx->other->cpu);
	expect_noticed(fx, 1, "mergeable 1 but owned 0");
}

static void validate_notices_own_page_that_cannot_merge(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 0, 0);
	pcp_fx_own(fx, 1, fx->cpu);
	expect_noticed(fx, 1, "mergeable 0 but owned 1");
}

static void validate_accepts_page_of_another_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	add_cached(fx, 0, 0);
	pcp_fx_own(fx, 1, fx->other->cpu);
	expect_fine(fx);
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

/* === Pages that wait === */

static void validate_notices_taken_page_on_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	__SetPagePCPBuddy(add_taken(fx));
	expect_noticed(fx, 1, "waits and is free elsewhere");
}

static void validate_notices_taken_page_in_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	__SetPageBuddy(add_taken(fx));
	expect_noticed(fx, 1, "waits and is free elsewhere");
}

static void validate_notices_low_nr_waiting(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	set_page_private(add_taken(fx), 1);
	expect_noticed(fx, 1, "2 pages taken but nr_waiting is 1");
}

/* === Blocks === */

static void expect_block(struct pcp_fixture *fx, int nr, const char *first)
{
	expect_said(fx, pcp_validate_block(fx->zone, &fx->block[0]), nr, first);
}

static void own_and_list(struct pcp_fixture *fx, int block)
{
	pcp_fx_own(fx, block, fx->cpu);
	pageblock_list(fx->pcp, &fx->block[block]);
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

	/* Fragments are gone since it was listed; or not. */
	pageblock_list(fx->pcp, &fx->block[0]);
	expect_block(fx, 0, "");
	__SetPageBuddy(last);
	expect_block(fx, 0, "");

	/* Its CPU was dead when they came. */
	pageblock_unlist(fx->pcp, &fx->block[0]);
	fx->block[0].unlisted = true;
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

	pcp_fx_own(fx, 0, nr_cpu_ids);
	expect_block(fx, 1, "owner");
	pcp_fx_own(fx, 0, nr_cpu_ids - 1);
	expect_block(fx, 0, "");
}

static void validate_notices_listed_block_of_no_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	pcp_fx_own(fx, 0, -1);
	expect_block(fx, 1, "listed but not owned");
}

static void validate_notices_owned_block_that_is_wholly_free(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	pcp_fx_zone_add(fx, fx->base[0], pageblock_order);
	expect_block(fx, 1, "wholly free but owned");
}

/* Each fragment is looked at, not only the first of two neighbours. */
static void validate_notices_whole_block_behind_a_fragment(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 1), pageblock_order);
	expect_block(fx, 1, "wholly free but owned");
}

static void validate_notices_fragments_that_are_not_listed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* Also the last page of the block. */
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 2), 1);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, pageblock_nr_pages - 1), 0);
	expect_block(fx, 1, "2 fragments, not listed");
}

static void validate_notices_listed_block_that_says_unlisted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	fx->block[0].unlisted = true;
	expect_block(fx, 1, "listed, but said not to be");
}

/* What a teardown that resets only the head leaves behind. */
static void validate_notices_node_that_its_list_lost(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++)
		own_and_list(fx, i);
	INIT_LIST_HEAD(&fx->pcp->owned_blocks);
	fx->pcp->nr_owned_blocks = 0;

	/* The first and the last see it, those in between point to them. */
	expect_block(fx, 1, "on a list that does not know it");
	expect_said(fx, pcp_validate_block(fx->zone, &fx->block[2]), 1,
		    "on a list that does not know it");
	expect_said(fx, pcp_validate_block(fx->zone, &fx->block[1]), 0, "");
}

/* === owned_blocks === */

static void expect_owned_blocks(struct pcp_fixture *fx, int nr,
				const char *first)
{
	expect_said(fx, pcp_validate_owned_blocks(fx->zone, fx->cpu), nr, first);
}

static void validate_accepts_owned_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int i;

	expect_owned_blocks(fx, 0, "");
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		own_and_list(fx, i);
		expect_owned_blocks(fx, 0, "");
	}
}

static void validate_notices_broken_link_of_owned_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	own_and_list(fx, 1);
	fx->block[1].cpu_node.prev = &fx->block[1].cpu_node;
	expect_owned_blocks(fx, 1, "broken link");
}

static void validate_notices_more_owned_blocks_than_counted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	own_and_list(fx, 1);
	fx->pcp->nr_owned_blocks = 1;
	expect_owned_blocks(fx, 1, "more owned_blocks than the 1 counted");
}

static void validate_notices_fewer_owned_blocks_than_counted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	fx->pcp->nr_owned_blocks = 2;
	expect_owned_blocks(fx, 1, "1 owned_blocks but 2 counted");
}

static void validate_notices_block_on_list_of_another_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	own_and_list(fx, 0);
	pcp_fx_own(fx, 0, fx->other->cpu);
	expect_owned_blocks(fx, 1, "on owned_blocks of cpu");
}

static void validate_notices_owned_blocks_of_dead_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->pcp->dead = true;
	expect_owned_blocks(fx, 0, "");
	own_and_list(fx, 0);
	expect_owned_blocks(fx, 1, "is dead and has 1 owned_blocks");
}

/* === A whole zone === */

static void validate_blocks_accepts_zones_in_use(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *zone;

	for_each_populated_zone(zone)
		expect_said(fx, pcp_validate_blocks(zone), 0, "");
}

/*
 * In the real zone, whose data of these blocks nobody else looks at: all of
 * their pages are the fixture's.
 */
static struct pageblock_data *real_block(struct pcp_fixture *fx, int block)
{
	return pfn_to_pageblock(fx->base[block], page_to_pfn(fx->base[block]));
}

static void validate_blocks_looks_at_each_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct zone *zone = page_zone(fx->base[0]);
	int i;

	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		struct pageblock_data *pbd = real_block(fx, i);
		int owner = pbd->owner;

		pbd->owner = nr_cpu_ids + 1;
		expect_said(fx, pcp_validate_blocks(zone), 1, "owner");
		pbd->owner = owner;
	}
}

/* Zones may overlap: a made-up one with a block of the real one, say. */
static void validate_blocks_passes_over_other_zones(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	fx->block[0].owner = nr_cpu_ids + 1;
	fx->zone->zone_start_pfn = page_to_pfn(fx->base[0]);
	fx->zone->spanned_pages = pageblock_nr_pages;
	expect_said(fx, pcp_validate_blocks(fx->zone), 0, "");
}

static void validate_blocks_notices_wrong_pfn(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pageblock_data *pbd = real_block(fx, 0);

	pbd->block_pfn++;
	expect_said(fx, pcp_validate_blocks(page_zone(fx->base[0])), 1,
		    "says that it is block");
	pbd->block_pfn--;
}

static void validate_blocks_looks_at_each_cpus_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	int cpu;

	for_each_possible_cpu(cpu) {
		zone_pcp(fx->zone, cpu)->nr_owned_blocks++;
		expect_said(fx, pcp_validate_blocks(fx->zone), 1, "1 counted");
		zone_pcp(fx->zone, cpu)->nr_owned_blocks--;
	}
}

/* === Without the stub === */

static __printf(1, 2) void report(const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	pcp_validate_report(&vaf);
	va_end(args);
}

/* The stub is not active in the other test, which fails instead of this. */
static void validate_error_fails_the_test_that_runs(struct kunit *test)
{
	struct kunit *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	kunit_init_test(fake, "fake", NULL);
	KUNIT_ASSERT_EQ(test, fake->status, KUNIT_SUCCESS);

	current->kunit_test = fake;
	report("%s is said on purpose", "this");
	current->kunit_test = NULL;
	report("and that is said outside of a test");
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
	KUNIT_CASE(validate_notices_mergeable_page_of_no_owner),
	KUNIT_CASE(validate_notices_mergeable_page_of_another_owner),
	KUNIT_CASE(validate_notices_own_page_that_cannot_merge),
	KUNIT_CASE(validate_accepts_page_of_another_owner),
	KUNIT_CASE(validate_notices_page_inside_of_another),
	KUNIT_CASE(validate_notices_zone_page_inside_of_another),
	KUNIT_CASE(validate_notices_taken_page_on_the_pcp),
	KUNIT_CASE(validate_notices_taken_page_in_the_zone),
	KUNIT_CASE(validate_notices_low_nr_waiting),
	KUNIT_CASE(validate_accepts_all_that_a_block_can_be),
	KUNIT_CASE(validate_accepts_whole_free_block),
	KUNIT_CASE(validate_notices_impossible_owner),
	KUNIT_CASE(validate_notices_listed_block_of_no_owner),
	KUNIT_CASE(validate_notices_owned_block_that_is_wholly_free),
	KUNIT_CASE(validate_notices_whole_block_behind_a_fragment),
	KUNIT_CASE(validate_notices_fragments_that_are_not_listed),
	KUNIT_CASE(validate_notices_listed_block_that_says_unlisted),
	KUNIT_CASE(validate_notices_node_that_its_list_lost),
	KUNIT_CASE(validate_accepts_owned_blocks),
	KUNIT_CASE(validate_notices_broken_link_of_owned_blocks),
	KUNIT_CASE(validate_notices_more_owned_blocks_than_counted),
	KUNIT_CASE(validate_notices_fewer_owned_blocks_than_counted),
	KUNIT_CASE(validate_notices_block_on_list_of_another_cpu),
	KUNIT_CASE(validate_notices_owned_blocks_of_dead_cpu),
	KUNIT_CASE(validate_blocks_accepts_zones_in_use),
	KUNIT_CASE(validate_blocks_looks_at_each_block),
	KUNIT_CASE(validate_blocks_passes_over_other_zones),
	KUNIT_CASE(validate_blocks_notices_wrong_pfn),
	KUNIT_CASE(validate_blocks_looks_at_each_cpus_list),
	KUNIT_CASE(validate_error_fails_the_test_that_runs),
	{}
};

static struct kunit_suite pcp_validate_suite = {
	.name = "pcp_validate",
	.init = validate_init,
	.test_cases = pcp_validate_cases,
};

kunit_test_suites(&pcp_validate_suite);
