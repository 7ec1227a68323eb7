// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for drain.c and a PCP that is closed: a disabled PCP and a dead CPU strand no
 * page, and a dead CPU owns no block. The suite pcp_drain has the drain of one that is open.
 */
#include <kunit/test.h>

#include "lib/pushes.h"

static void drain(struct pcp_fixture *fx)
{
	pcp_drain(fx->zone, fx->pcp);
	pcp_fx_check(fx);
	pcp_fx_expect_empty(fx, fx->pcp);
}

/* === A disabled PCP: no page strands there === */

static void drain_push_after_disable_goes_to_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_disable(fx->pcp);
	drain(fx);
	pcp_fx_push_and_check(fx, 0, 1);
	pcp_fx_expect_empty(fx, fx->pcp);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

static void drain_after_disable_finds_push_before(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 0, MIGRATE_MOVABLE);
	pcp_fx_push_and_check(fx, 0, 1);
	pcp_fx_disable(fx->pcp);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

static void drain_after_disable_finds_what_an_absorb_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_leave_taken(fx);
	pcp_fx_disable(fx->pcp);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* === A dead CPU: no page strands there either === */

static void cpu_dead(struct pcp_fixture *fx)
{
	pcp_cpu_dead(fx->zone, fx->pcp);
	pcp_fx_check(fx);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_TRUE(fx->test, fx->pcp->dead);
	KUNIT_EXPECT_FALSE(fx->test, pcp_open(fx->pcp));
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->owned_blocks), 0);
	pcp_fx_expect_empty(fx, fx->pcp);
}

static void drain_dead_cpu_gives_everything_back(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_leave_taken(fx);
	pcp_fx_push_and_check(fx, 4, 2);
	cpu_dead(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 7);
}

static void drain_push_to_dead_cpu_goes_to_the_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cpu_dead(fx);
	pcp_fx_push_and_check(fx, 0, 1);
	pcp_fx_expect_empty(fx, fx->pcp);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

static void expect_dead_push_once(struct pcp_fixture *fx)
{
	/* No drain follows this push: the flag was set before the drain. */
	fx->on_free = NULL;
	KUNIT_EXPECT_FALSE(fx->test, pcp_open(fx->pcp));
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, 4), 1);
	KUNIT_EXPECT_TRUE(fx->test, llist_empty(&fx->pcp->free_llist));
}

static void drain_push_while_cpu_dies_strands_nothing(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_and_check(fx, 0, 0);
	fx->on_free = expect_dead_push_once;
	cpu_dead(fx);
	KUNIT_EXPECT_NULL(test, fx->on_free);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 3);
}

/* === The blocks of a dead CPU === */

/* Which of the blocks the CPU that dies owns; the other CPU owns the others. */
static void drain_dead_cpu_owns_no_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int mask, i;

	for (mask = 0; mask < 1 << PCP_FIXTURE_BLOCKS; mask++) {
		for (i = 0; i < PCP_FIXTURE_BLOCKS; i++)
			pcp_fx_own(fx, i, mask & BIT(i) ? fx->cpu :
							  fx->other->cpu);
		pcp_fx_check_blocks(fx);
		cpu_dead(fx);
		for (i = 0; i < PCP_FIXTURE_BLOCKS; i++)
			KUNIT_EXPECT_EQ_MSG(test, pageblock_owner_cpu(&fx->block[i]),
					    mask & BIT(i) ? -1 : fx->other->cpu,
					    "block %u of mask %x", i, mask);
		pcp_cpu_online(fx->pcp);
	}
}

static void drain_dead_cpu_passes_by_a_hole(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 2, fx->cpu);
	fx->hole = 1;
	cpu_dead(fx);
	pcp_fx_expect_owner(fx, 0, -1);
	pcp_fx_expect_owner(fx, 2, -1);
}

/* A large zone has very many blocks. */
static void drain_dead_cpu_that_owns_nothing_looks_at_no_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	cpu_dead(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_blocks_seen, 0);
}

static void drain_dead_cpu_looks_no_further_than_its_last_block(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_own(fx, 2, fx->other->cpu);
	cpu_dead(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_blocks_seen, 2);
}

static void expect_disowned(struct pcp_fixture *fx)
{
	fx->on_free = NULL;
	pcp_fx_expect_owner(fx, 0, -1);
	KUNIT_EXPECT_EQ(fx->test, atomic_read(&fx->pcp->owned_blocks), 0);
}

/* Else those who free meanwhile push to it, and flush each page by itself. */
static void drain_dead_cpu_owns_no_block_before_the_drain(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_push_and_check(fx, 0, 0);
	fx->on_free = expect_disowned;
	cpu_dead(fx);
	KUNIT_EXPECT_NULL(test, fx->on_free);
}

static void drain_dead_cpu_may_own_blocks_again(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->cpu);
	cpu_dead(fx);
	pcp_cpu_online(fx->pcp);
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_check_blocks(fx);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->owned_blocks), 1);
	cpu_dead(fx);
	pcp_fx_expect_owner(fx, 0, -1);
}

/* === Online again === */

static void drain_online_cpu_is_open(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	cpu_dead(fx);
	pcp_cpu_online(fx->pcp);
	pcp_fx_check(fx);
	KUNIT_EXPECT_FALSE(test, fx->pcp->dead);
	KUNIT_EXPECT_TRUE(test, pcp_open(fx->pcp));
	KUNIT_EXPECT_FALSE(test, pcp_fx_locked(fx->pcp));

	/* And from here on all is as before. */
	pcp_fx_push_and_check(fx, 4, 0);
	KUNIT_EXPECT_TRUE(test, pcp_has_waiting(fx->pcp));
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
}

/* One that came in before the flag was seen. The first allocation takes it in. */
static void drain_online_cpu_leaves_what_waits(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_push_and_check(fx, 0, 1);
	fx->pcp->dead = true;
	pcp_cpu_online(fx->pcp);
	pcp_fx_check(fx);
	KUNIT_EXPECT_EQ(test, fx->pcp->count, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->pcp->nr_waiting), 2);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 0);
	drain(fx);
	KUNIT_EXPECT_EQ(test, fx->nr_freed, 2);
}

static struct kunit_case pcp_drain_closed_cases[] = {
	KUNIT_CASE(drain_push_after_disable_goes_to_the_zone),
	KUNIT_CASE(drain_after_disable_finds_push_before),
	KUNIT_CASE(drain_after_disable_finds_what_an_absorb_left),
	KUNIT_CASE(drain_dead_cpu_gives_everything_back),
	KUNIT_CASE(drain_push_to_dead_cpu_goes_to_the_zone),
	KUNIT_CASE(drain_push_while_cpu_dies_strands_nothing),
	KUNIT_CASE(drain_dead_cpu_owns_no_block),
	KUNIT_CASE(drain_dead_cpu_passes_by_a_hole),
	KUNIT_CASE(drain_dead_cpu_that_owns_nothing_looks_at_no_block),
	KUNIT_CASE(drain_dead_cpu_looks_no_further_than_its_last_block),
	KUNIT_CASE(drain_dead_cpu_owns_no_block_before_the_drain),
	KUNIT_CASE(drain_dead_cpu_may_own_blocks_again),
	KUNIT_CASE(drain_online_cpu_is_open),
	KUNIT_CASE(drain_online_cpu_leaves_what_waits),
	{}
};

static struct kunit_suite pcp_drain_closed_suite = {
	.name = "pcp_drain_closed",
	.init = pcp_fx_init,
	.test_cases = pcp_drain_closed_cases,
};

kunit_test_suites(&pcp_drain_closed_suite);
