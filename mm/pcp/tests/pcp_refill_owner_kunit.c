// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for pcp_adopt() of refill.c: who owns the blocks of the pages that a refill took,
 * and how they are counted.
 */
#include <kunit/test.h>

#include "lib/refills.h"

KUNIT_ARRAY_PARAM_DESC(type, pcp_fx_type_cases, desc);

static void refill_adopts_blocks_of_nobody(struct kunit *test)
{
	const struct pcp_fx_type_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;

	/* A page of a block in use, and a whole one. */
	pcp_fx_type(fx, 0, c->type);
	pcp_fx_type(fx, 1, c->type);
	pcp_fx_type(fx, 2, c->type);
	pcp_fx_zone_page(fx, 0, 2, 1);
	pcp_fx_zone_page(fx, 1, 0, pageblock_order);

	KUNIT_EXPECT_EQ(test, pageblock_nr_pages + 2,
			pcp_fx_refill(fx, 0, c->type, pageblock_nr_pages + 2));
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_expect_owner(fx, 1, fx->cpu);
	pcp_fx_expect_owner(fx, 2, -1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->owned_blocks), 2);
}

/* Or it would push away all that it allocates there and frees itself. */
static void refill_takes_blocks_from_other_cpus(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_zone_page(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 1));
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->owned_blocks), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->owned_blocks), 0);
}

static void refill_keeps_its_own_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_zone_page(fx, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 1));
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->owned_blocks), 1);
}

/* Not simply for the CPU that this runs on. */
static void refill_adopts_for_the_cpu_of_the_pcp(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, 0);
	fx->nr_alloc = 1;
	KUNIT_EXPECT_EQ(test, 1, pcp_refill(fx->zone, fx->other, 0,
					    MIGRATE_MOVABLE, 0));
	pcp_fx_check(fx);
	pcp_fx_check_blocks(fx);
	pcp_fx_expect_owner(fx, 0, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, fx->other->count, 1);
}

static void refill_adopts_what_it_fell_back_to(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	/* Of another type, as long as somebody uses pages of it. */
	pcp_fx_type(fx, 0, MIGRATE_UNMOVABLE);
	pcp_fx_own(fx, 1, fx->other->cpu);
	pcp_fx_add_fallback(fx, 0, 0);
	pcp_fx_add_fallback(fx, 1, 0);
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 2));
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_expect_owner(fx, 1, fx->cpu);
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 0));
}

/* Two more would have to be broken out of the block that is left alone. */
static void refill_adopts_nothing_that_stays_in_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_zone_page(fx, 0, 0, 1);
	pcp_fx_zone_page(fx, 1, 0, pageblock_order);
	KUNIT_EXPECT_EQ(test, 2, pcp_fx_refill(fx, 0, MIGRATE_MOVABLE, 2));
	pcp_fx_expect_owner(fx, 0, fx->cpu);
	pcp_fx_expect_owner(fx, 1, -1);
}

struct refill_events {
	long claim;
	long adopt;
	long recover;
	unsigned int got;
};

static void count_refill(struct pcp_fixture *fx, int nr, struct refill_events *e)
{
	fx->nr_alloc = nr;
	e->claim = PCP_FX_EVENTS(PCP_CLAIM,
		e->adopt = PCP_FX_EVENTS(PCP_ADOPT,
			e->recover = PCP_FX_EVENTS(PCP_RECOVER,
				e->got = pcp_refill(fx->zone, fx->pcp, 0,
						    MIGRATE_MOVABLE, 0))));
	pcp_fx_check(fx);
	pcp_fx_check_blocks(fx);
}

static void expect_events(struct pcp_fixture *fx, struct refill_events *e,
			  long claim, long adopt, long recover, unsigned int got)
{
	KUNIT_EXPECT_EQ(fx->test, e->claim, claim);
	KUNIT_EXPECT_EQ(fx->test, e->adopt, adopt);
	KUNIT_EXPECT_EQ(fx->test, e->recover, recover);
	KUNIT_EXPECT_EQ(fx->test, e->got, got);
}

static void refill_counts_whole_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct refill_events e;

	pcp_fx_need_events(fx);
	pcp_fx_zone_page(fx, 0, 0, pageblock_order);
	pcp_fx_zone_page(fx, 1, 0, pageblock_order);
	count_refill(fx, 2 * pageblock_nr_pages, &e);
	expect_events(fx, &e, 2, 0, 0, 2 * pageblock_nr_pages);
}

/* The largest piece that is no whole block. */
static void refill_counts_blocks_partly_in_use(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct refill_events e;

	pcp_fx_need_events(fx);
	pcp_fx_zone_page(fx, 0, 0, 0);
	pcp_fx_zone_page(fx, 1, 0, pageblock_order - 1);
	count_refill(fx, 1 + pageblock_nr_pages / 2, &e);
	expect_events(fx, &e, 0, 2, 0, 1 + pageblock_nr_pages / 2);
}

/* And a second piece of a block that it has just adopted is one of its own. */
static void refill_counts_pieces_of_its_own_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct refill_events e;

	pcp_fx_need_events(fx);
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_zone_page(fx, 0, 0, 0);
	pcp_fx_zone_page(fx, 0, 2, 0);
	pcp_fx_zone_page(fx, 1, 0, 0);
	pcp_fx_zone_page(fx, 1, 4, 1);
	count_refill(fx, 5, &e);
	expect_events(fx, &e, 0, 1, 3, 5);
}

static void refill_counts_blocks_of_other_cpus_as_adopted(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct refill_events e;

	pcp_fx_need_events(fx);
	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_zone_page(fx, 0, 0, 1);
	count_refill(fx, 2, &e);
	expect_events(fx, &e, 0, 1, 0, 2);
}

static struct kunit_case refill_owner_cases[] = {
	KUNIT_CASE_PARAM(refill_adopts_blocks_of_nobody, type_gen_params),
	KUNIT_CASE(refill_takes_blocks_from_other_cpus),
	KUNIT_CASE(refill_keeps_its_own_blocks),
	KUNIT_CASE(refill_adopts_for_the_cpu_of_the_pcp),
	KUNIT_CASE(refill_adopts_what_it_fell_back_to),
	KUNIT_CASE(refill_adopts_nothing_that_stays_in_the_zone),
	KUNIT_CASE(refill_counts_whole_blocks),
	KUNIT_CASE(refill_counts_blocks_partly_in_use),
	KUNIT_CASE(refill_counts_pieces_of_its_own_blocks),
	KUNIT_CASE(refill_counts_blocks_of_other_cpus_as_adopted),
	{}
};

static struct kunit_suite refill_owner_suite = {
	.name = "pcp_refill_owner",
	.init = pcp_fx_refill_init,
	.test_cases = refill_owner_cases,
};

kunit_test_suites(&refill_owner_suite);
