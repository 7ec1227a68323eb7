// SPDX-License-Identifier: GPL-2.0
/*
 * Batches of folios in the page allocator in use: pages of many owners go out in one run
 * for each, and none is lost, whether the local PCP can be had or not.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/folio_batch.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

/* Blocks of a batch: one each of CPU b, of nobody, and of some other CPUs. */
#define LIVE_BATCH_BLOCKS	(2 + PCP_BATCH_WAYS)
#define LIVE_BATCH_ROUNDS	8

/* How the batch ends, and whether CPU b has its own lock when it frees it. */
struct live_batch_param {
	const char *name;
	bool locked;
	bool local_last;
};

/**
 * struct live_batch - one batch, and what became of it
 * @lv: the pages
 * @param: the case
 * @batch: the folios of one round
 * @nr_remote: how many blocks are of CPUs other than b
 * @worker: who frees; the hook counts for it alone
 * @runs: pushes that there were
 * @local: pages that are on the PCP of CPU b
 * @zone: pages that are in the zone
 * @remote: pages that wait for the CPU of their block, or that it took in
 */
static struct live_batch {
	struct live *lv;
	const struct live_batch_param *param;
	struct folio_batch batch;
	unsigned int nr_remote;
	struct task_struct *worker;
	unsigned int runs;
	unsigned int local, zone, remote;
} live_batch;

static void live_batch_hook(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (in_task() && current == READ_ONCE(live_batch.worker) &&
	    point == PCP_POINT_LOOKED)
		live_batch.runs++;
}

static void live_batch_unhook(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	WRITE_ONCE(live_batch.worker, NULL);
	synchronize_rcu_expedited();
}

/* Give the blocks to the other CPUs in turn. */
static void live_batch_own(struct live *lv)
{
	unsigned int block = 2, cpu;

	live_blocks(lv, LIVE_BATCH_BLOCKS);
	pageblock_own(lv->zone, zone_pcp(lv->zone, lv->b), live_pbd(lv->pages[0]));
	__pageblock_disown(lv->zone, live_pbd(lv->pages[pageblock_nr_pages]));
	for_each_online_cpu(cpu) {
		if (cpu == lv->b || block == LIVE_BATCH_BLOCKS)
			continue;
		pageblock_own(lv->zone, zone_pcp(lv->zone, cpu),
			      live_pbd(lv->pages[block++ * pageblock_nr_pages]));
	}
	live_batch.nr_remote = block - 2;
}

/* The index in lv->pages of a place in the batch. */
static unsigned int live_batch_index(struct live *lv, unsigned int i)
{
	unsigned int nr_blocks = 2 + live_batch.nr_remote, block = i % nr_blocks;
	unsigned int nr = lv->round * DIV_ROUND_UP(FOLIO_BATCH_SIZE, nr_blocks) +
			  i / nr_blocks;

	/* Blocks 0 and 1 are the local ones. */
	if (live_batch.param->local_last)
		block = nr_blocks - 1 - block;
	return block * pageblock_nr_pages + nr;
}

/* A batch that ends with a page of a local block, or of a remote one. */
static unsigned int live_batch_size(void)
{
	return rounddown(FOLIO_BATCH_SIZE, 2 + live_batch.nr_remote);
}

static void live_batch_look(struct live *lv, struct page *page)
{
	unsigned int mark = READ_ONCE(page->page_type);

	if (is_free_buddy_page(page))
		live_batch.zone++;
	else if (mark == pcp_mark(zone_pcp(lv->zone, lv->b)))
		live_batch.local++;
	else if (mark == PCP_MARK_WAITS ||
		 mark == pcp_mark(zone_pcp(lv->zone, live_owner(page))))
		live_batch.remote++;
}

/* On CPU b: put a batch. */
static long live_batch_fn(struct pcp_worker *w)
	__no_context_analysis
{
	struct live *lv = w->arg;
	struct per_cpu_pages *pcp = zone_pcp(lv->zone, w->cpu);
	unsigned int i;

	WRITE_ONCE(live_batch.worker, current);
	folio_batch_init(&live_batch.batch);
	for (i = 0; i < live_batch_size(); i++)
		folio_batch_add(&live_batch.batch,
				page_folio(lv->pages[live_batch_index(lv, i)]));

	/* So that nobody on this CPU takes the pages before the look. */
	pcpu_task_pin();
	if (live_batch.param->locked)
		spin_lock(&pcp->lock);
	folios_put(&live_batch.batch);
	if (live_batch.param->locked)
		spin_unlock(&pcp->lock);
	for (i = 0; i < live_batch_size(); i++)
		live_batch_look(lv, lv->pages[live_batch_index(lv, i)]);
	pcpu_task_unpin();
	WRITE_ONCE(live_batch.worker, NULL);
	return folio_batch_count(&live_batch.batch);
}

static const struct live_batch_param live_batch_params[] = {
	{ "the PCP can be had, a page of another CPU comes last", false, false },
	{ "the PCP can be had, a local page comes last", false, true },
	{ "the PCP is locked, a page of another CPU comes last", true, false },
	{ "the PCP is locked, a local page comes last", true, true },
};

KUNIT_ARRAY_PARAM_DESC(live_batch, live_batch_params, name);

static void live_folios_of_many_owners(struct kunit *test)
{
	const struct live_batch_param *param = test->param_value;
	struct live *lv = test->priv;
	unsigned int i, per_block, local;
	bool ok = false;

	if (pageblock_nr_pages < LIVE_BATCH_ROUNDS * FOLIO_BATCH_SIZE)
		kunit_skip(test, "a block of %lu pages is too small", pageblock_nr_pages);
	memset(&live_batch, 0, sizeof(live_batch));
	live_batch.lv = lv;
	live_batch.param = param;
	live_batch_own(lv);
	per_block = live_batch_size() / (2 + live_batch.nr_remote);
	local = 2 * per_block;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_batch_unhook, NULL));
	WRITE_ONCE(pcp_point_hook, live_batch_hook);

	/* Others may take pages before they were looked at. */
	for (lv->round = 0; lv->round < LIVE_BATCH_ROUNDS && !ok; lv->round++) {
		live_batch.runs = 0;
		live_batch.local = 0;
		live_batch.zone = 0;
		live_batch.remote = 0;
		KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->b, live_batch_fn, lv), 0L);
		for (i = 0; i < live_batch_size(); i++)
			lv->pages[live_batch_index(lv, i)] = NULL;
		ok = live_batch.remote == live_batch.nr_remote * per_block &&
		     (param->locked ? live_batch.zone : live_batch.local) == local;
	}
	kunit_release_action(test, live_batch_unhook, NULL);
	KUNIT_EXPECT_EQ(test, live_batch.remote, live_batch.nr_remote * per_block);
	KUNIT_EXPECT_EQ(test, live_batch.local, param->locked ? 0 : local);
	KUNIT_EXPECT_EQ(test, live_batch.zone, param->locked ? local : 0);
	KUNIT_EXPECT_EQ(test, live_batch.runs, live_batch.nr_remote);
	for (i = 0; i < lv->nr; i++) {
		if (lv->pages[i])
			__free_page(lv->pages[i]);
	}
	live_check(test);
}

static struct kunit_case live_batch_cases[] = {
	KUNIT_CASE_PARAM(live_folios_of_many_owners, live_batch_gen_params),
	{}
};

static struct kunit_suite live_batch_suite = {
	.name = "pcp_live_batch",
	.init = live_init,
	.test_cases = live_batch_cases,
};

kunit_test_suite(live_batch_suite);
