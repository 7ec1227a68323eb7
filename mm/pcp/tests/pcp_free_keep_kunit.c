// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for free.h: whether a CPU keeps a page of another CPU's block that it frees, since
 * it has room for it or the task needs it, or pushes it.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "../free.h"
#include "lib/frees.h"

/* Free a page of order 2 in the other CPU's block, and expect that it is kept. */
static void expect_kept(struct pcp_fixture *fx, bool nolock)
{
	struct page *page = pcp_fx_page(fx, 0, 0);
	int count = fx->pcp->count;

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_free(fx, page, 2, nolock);
	pcp_fx_expect_local(fx, count + 4);
	KUNIT_EXPECT_TRUE(fx->test, pcp_has_mark(page, pcp_mark(fx->pcp)));
	/* The owner of the block has other pages of it. */
	pcp_fx_expect_owner(fx, 0, fx->other->cpu);
	pcp_fx_check_blocks(fx);
}

/* The same, and expect that it is pushed. */
static void expect_pushed(struct pcp_fixture *fx, bool nolock)
{
	int count = fx->pcp->count;

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_free(fx, pcp_fx_page(fx, 0, 0), 2, nolock);
	pcp_fx_expect_remote(fx, 4, count);
}

static void free_remote_is_kept_while_there_is_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_enough_of_order(fx, 2);
	pcp_fx_room(fx->pcp, 1);
	expect_kept(fx, false);
}

static void free_remote_is_pushed_when_there_is_no_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_enough_of_order(fx, 2);
	pcp_fx_room(fx->pcp, 0);
	expect_pushed(fx, false);
}

/*
 * With much memory for each CPU, and when the high mark is set by hand, the high mark of a
 * CPU that only frees is its least, and never is reached: the PCP is trimmed there.
 */
static void free_remote_is_pushed_below_the_least_high_mark(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct per_cpu_pages *pcp = fx->pcp;

	spin_lock(&pcp->lock);
	pcp_list_add(pcp, fx->base[1], pageblock_order, MIGRATE_MOVABLE);
	pcp_list_add(pcp, fx->base[2], pageblock_order, MIGRATE_MOVABLE);
	pcp_list_add(pcp, pcp_fx_page(fx, 0, 4), 2, MIGRATE_MOVABLE);
	pcp->batch = 1;
	pcp->high = 2 * pcp->count - 1;
	pcp->high_min = pcp->high;
	pcp->high_max = 4 * pcp->high;
	spin_unlock(&pcp->lock);
	expect_pushed(fx, false);
}

/* Even if the largest refill is as much. */
static void free_remote_is_pushed_with_high_marks_set_by_hand(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_enough_of_order(fx, 2);
	fx->pcp->batch = fx->pcp->count;
	fx->pcp->high = fx->pcp->count + 1;
	fx->pcp->high_min = fx->pcp->high;
	fx->pcp->high_max = fx->pcp->high;
	expect_pushed(fx, false);
}

/* The number of pages that a CPU keeps, from its limits and its batch. */
static void free_keep_mark_is_half_of_what_it_may_have(struct kunit *test)
{
	static const struct {
		int high, high_min, high_max, batch, keep;
	} row[] = {
		{ 2000, 0, 8000, 1000, 500 },
		/* No less than high_min, */
		{ 1000, 300, 8000, 1000, 300 },
		/* but no more than half of high_max, */
		{ 1000, 900, 1000, 2000, 500 },
		/* nor than the largest refill. */
		{ 10, 100000, 400000, 10, (10 << CONFIG_PCP_BATCH_SCALE_MAX) / 2 },
	};
	struct pcp_fixture *fx = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		fx->pcp->high = row[i].high;
		fx->pcp->high_min = row[i].high_min;
		fx->pcp->high_max = row[i].high_max;
		fx->pcp->batch = row[i].batch;
		KUNIT_EXPECT_EQ_MSG(test, pcp_keep_mark(fx->pcp), row[i].keep, "row %u", i);
	}
}

static void turn_owners_on(void *unused)
{
	static_branch_enable(&pcp_owners);
}

static void free_remote_is_local_with_owners_off(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_enough_of_order(fx, 2);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, turn_owners_on, NULL));
	static_branch_disable(&pcp_owners);
	expect_kept(fx, false);
}

static void free_remote_nolock_is_kept_while_there_is_room(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_enough_of_order(fx, 2);
	pcp_fx_room(fx->pcp, 1);
	expect_kept(fx, true);
}

/* Others may be full: the next allocation of this kind goes to the zone. */
static void free_remote_is_kept_for_an_empty_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	spin_lock(&fx->pcp->lock);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 0), 0, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 2), 1, MIGRATE_MOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 1, 4), 2, MIGRATE_UNMOVABLE);
	pcp_list_add(fx->pcp, pcp_fx_page(fx, 2, 0), 2, MIGRATE_RECLAIMABLE);
	pcp_fx_room(fx->pcp, 0);
	spin_unlock(&fx->pcp->lock);
	expect_kept(fx, false);

	/* Not empty any more. */
	pcp_free_page(fx->zone, pcp_fx_page(fx, 0, 4),
		      page_to_pfn(pcp_fx_page(fx, 0, 4)), 2, false);
	KUNIT_EXPECT_EQ(test, atomic_read(&fx->other->nr_waiting), 4);
	pcp_fx_check(fx);
}

/* It is cached as movable, so that list counts. */
static void free_remote_highatomic_is_kept_for_the_movable_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	pcp_fx_enough_of_order(fx, 2);
	expect_pushed(fx, false);
}

static void free_remote_highatomic_is_kept_for_no_other_list(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	unsigned int order;

	pcp_fx_type(fx, 0, MIGRATE_HIGHATOMIC);
	spin_lock(&fx->pcp->lock);
	/* Those beside it in the array, whose page would be taken for it. */
	for (order = 2; order <= 3 && order <= pageblock_order; order++)
		pcp_list_add(fx->pcp, fx->base[order - 1], order, MIGRATE_UNMOVABLE);
	pcp_fx_room(fx->pcp, 0);
	spin_unlock(&fx->pcp->lock);
	expect_kept(fx, false);
	KUNIT_EXPECT_EQ(test, pcp_fx_list_len(fx, MIGRATE_MOVABLE, 2), 1);
}

/* Flags of the task, and whether pages that it frees stay here. */
struct task_case {
	const char *desc;
	unsigned int flags;
	bool kept;
};

static const struct task_case task_cases[] = {
	{ "reclaim",	PF_MEMALLOC,			true },
	{ "kcompactd",	PF_KCOMPACTD,			true },
	{ "both",	PF_MEMALLOC | PF_KCOMPACTD,	true },
	{ "neither",	0,				false },
};

KUNIT_ARRAY_PARAM_DESC(task, task_cases, desc);

/* It needs them back at once, for the watermarks or in whole blocks. */
static void free_remote_is_kept_for_the_task(struct kunit *test)
{
	const struct task_case *c = test->param_value;
	struct pcp_fixture *fx = test->priv;
	unsigned int flags = PF_MEMALLOC | PF_KCOMPACTD;
	struct page *page = pcp_fx_page(fx, 0, 0);
	unsigned int before = current->flags & flags;
	int count = pcp_fx_enough_of_order(fx, 2);

	pcp_fx_own(fx, 0, fx->other->cpu);
	current->flags = (current->flags & ~flags) | c->flags;
	pcp_free_page(fx->zone, page, page_to_pfn(page), 2, false);
	current->flags = (current->flags & ~flags) | before;
	if (c->kept)
		pcp_fx_expect_local(fx, count + 4);
	else
		pcp_fx_expect_remote(fx, 4, count);
	pcp_fx_check(fx);
}

/* It is as good there as on the list, and its owner is far. */
static void free_remote_kept_local_busy_to_zone(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_free_busy(fx, page, 2, false);
	pcp_fx_expect_zone(fx, page, 2, false);
}

static void free_remote_kept_local_busy_nolock_deferred(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_free_busy(fx, pcp_fx_page(fx, 0, 0), 2, true);
	pcp_fx_expect_deferred(fx, 4);
}

static struct kunit_case free_keep_cases[] = {
	KUNIT_CASE(free_remote_is_kept_while_there_is_room),
	KUNIT_CASE(free_remote_is_pushed_when_there_is_no_room),
	KUNIT_CASE(free_remote_is_pushed_below_the_least_high_mark),
	KUNIT_CASE(free_remote_is_pushed_with_high_marks_set_by_hand),
	KUNIT_CASE(free_keep_mark_is_half_of_what_it_may_have),
	KUNIT_CASE(free_remote_is_local_with_owners_off),
	KUNIT_CASE(free_remote_nolock_is_kept_while_there_is_room),
	KUNIT_CASE(free_remote_is_kept_for_an_empty_list),
	KUNIT_CASE(free_remote_highatomic_is_kept_for_the_movable_list),
	KUNIT_CASE(free_remote_highatomic_is_kept_for_no_other_list),
	KUNIT_CASE_PARAM(free_remote_is_kept_for_the_task, task_gen_params),
	KUNIT_CASE(free_remote_kept_local_busy_to_zone),
	KUNIT_CASE(free_remote_kept_local_busy_nolock_deferred),
	{}
};

static struct kunit_suite free_keep_suite = {
	.name = "pcp_free_keep",
	.init = pcp_fx_init_bound,
	.test_cases = free_keep_cases,
};

kunit_test_suites(&free_keep_suite);
