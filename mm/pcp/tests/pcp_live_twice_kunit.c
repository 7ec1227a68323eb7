// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are freed twice, in the page allocator in use: in each state there is a
 * report, the page stays where it is, and no list becomes a loop.
 *
 * A report would fail the run, so the console is kept from it, and the kernel's log is
 * looked at instead.
 */
#include <kunit/test.h>
#include <linux/console.h>
#include <linux/folio_batch.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

/* === Reports === */

/* The kernel's messages meanwhile. */
struct live_said {
	struct kmsg_dump_iter log;
	bool hushed;
	int loglevel;
	unsigned int reports;	/* bad pages */
	unsigned int reasons;	/* that say that the page is free */
	unsigned int others;	/* other complaints */
};

/* Nothing that is said from here on reaches a console. */
static void live_hush(struct live_said *said)
{
	memset(said, 0, sizeof(*said));
	/* Older messages go out first; another line ends one that has no end. */
	pr_info("a page is freed again on purpose\n");
	console_lock();
	console_unlock();
	console_lock();
	said->hushed = true;
	said->loglevel = console_loglevel;
	console_loglevel = CONSOLE_LOGLEVEL_SILENT;
	live_log_mark(&said->log);
}

/* And count what was said. */
static void live_unhush(struct live_said *said)
{
	static char line[256];

	if (!said->hushed)
		return;
	/* Here the consoles go over it. The second time is for one that another CPU has. */
	pr_info("no other one is\n");
	console_unlock();
	console_lock();
	console_unlock();
	console_loglevel = said->loglevel;
	said->hushed = false;

	while (live_log_next(&said->log, line, sizeof(line))) {
		if (strstr(line, "BUG: Bad page state"))
			said->reports++;
		else if (strstr(line, "page dumped because: freed while free"))
			said->reasons++;
		else if (strstr(line, "BUG: ") || strstr(line, "WARNING: ") ||
			 strstr(line, "corruption"))
			said->others++;
	}
}

/* === States === */

/* Pages that are freed before the one that matters. */
#define LIVE_TWICE_PAGES	(2 * PCP_ABSORB_NODES)

enum live_state {
	LIVE_TWICE_CACHED,
	LIVE_TWICE_WAITS,
	LIVE_TWICE_TAKEN,
	LIVE_TWICE_IN_A_RUN,
	LIVE_TWICE_DEFERRED,
	LIVE_TWICE_IN_THE_ZONE,
	LIVE_NR_STATES,
};

enum live_again {
	LIVE_AGAIN_ALONE,
	LIVE_AGAIN_IN_A_BATCH,
	LIVE_AGAIN_NOLOCK,
	LIVE_NR_AGAIN,
};

struct live_twice_param {
	enum live_state state;
	enum live_again again;
};

static const void *live_twice_gen_params(struct kunit *test, const void *prev, char *desc)
{
	static const char * const states[] = {
		[LIVE_TWICE_CACHED] = "on a PCP",
		[LIVE_TWICE_WAITS] = "waiting",
		[LIVE_TWICE_TAKEN] = "taken",
		[LIVE_TWICE_IN_A_RUN] = "in a run",
		[LIVE_TWICE_DEFERRED] = "deferred",
		[LIVE_TWICE_IN_THE_ZONE] = "in the zone",
	};
	static const char * const again[] = {
		[LIVE_AGAIN_ALONE] = "alone",
		[LIVE_AGAIN_IN_A_BATCH] = "in a batch",
		[LIVE_AGAIN_NOLOCK] = "without a lock",
	};
	static struct live_twice_param params[LIVE_NR_STATES * LIVE_NR_AGAIN];
	const struct live_twice_param *last = prev;
	unsigned int i = last ? last - params + 1 : 0;

	if (i == ARRAY_SIZE(params))
		return NULL;
	params[i].state = i / LIVE_NR_AGAIN;
	params[i].again = i % LIVE_NR_AGAIN;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, again %s", states[params[i].state],
		 again[params[i].again]);
	return &params[i];
}

/**
 * struct live_twice - one page that is freed twice
 * @lv: the pages
 * @param: the case
 * @page: the page
 * @said: what was said
 * @task: who pushes
 * @done: the page was in that state, and was freed again
 */
static struct live_twice {
	struct live *lv;
	const struct live_twice_param *param;
	struct page *page;
	struct live_said said;
	struct task_struct *task;
	bool done;
} live_twice;

static void live_free_again(void)
{
	struct page *page = live_twice.page;
	struct folio_batch batch;

	live_twice.done = true;
	switch (live_twice.param->again) {
	case LIVE_AGAIN_IN_A_BATCH:
		folio_batch_init(&batch);
		folio_batch_add(&batch, page_folio(page));
		free_unref_folios(&batch);
		break;
	case LIVE_AGAIN_NOLOCK:
		free_frozen_pages_nolock(page, 0);
		break;
	default:
		free_frozen_pages(page, 0);
	}
}

/* The run with the page is about to be pushed. */
static void live_twice_hook(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (!in_task() || current != READ_ONCE(live_twice.task) ||
	    point != PCP_POINT_LOOKED || live_twice.done || pcp != live_twice.lv->pcp ||
	    !pcp_has_mark(live_twice.page, PCP_MARK_WAITS))
		return;
	live_free_again();
}

static void live_twice_unhook(void *unused)
{
	live_unhush(&live_twice.said);
	WRITE_ONCE(pcp_point_hook, NULL);
	synchronize_rcu_expedited();
}

/* The page is in the state that it shall be in, whatever others did. */
static bool live_in_state(void)
{
	struct page *page = live_twice.page;
	struct live *lv = live_twice.lv;
	struct llist_node *node;
	bool found = false;

	switch (live_twice.param->state) {
	case LIVE_TWICE_CACHED:
		return pcp_has_mark(page, pcp_mark(lv->pcp));
	case LIVE_TWICE_TAKEN:
		spin_lock(&lv->pcp->lock);
		for (node = lv->pcp->taken; node && !found; node = node->next)
			found = node == &page->pcp_llist;
		spin_unlock(&lv->pcp->lock);
		return found;
	case LIVE_TWICE_WAITS:
		return pcp_has_mark(page, PCP_MARK_WAITS);
	case LIVE_TWICE_DEFERRED:
		return !llist_empty(&lv->zone->trylock_free_pages);
	default:
		return PageBuddy(page);
	}
}

/* On CPU a or b: bring the page into the state, and free it again. */
static long live_twice_fn(struct pcp_worker *w)
{
	struct live *lv = live_twice.lv;
	enum live_state state = live_twice.param->state;
	unsigned int i;

	/* Nobody on this CPU comes in between. */
	pcpu_task_pin();
	WRITE_ONCE(live_twice.task, current);
	for (i = 0; i + 1 < lv->nr; i++) {
		/* In the zone it shall not merge. */
		if (state != LIVE_TWICE_IN_THE_ZONE)
			__free_page(lv->pages[i]);
	}
	if (state == LIVE_TWICE_DEFERRED)
		live_defer(lv, live_twice.page, 0);
	else
		__free_page(live_twice.page);
	if (state == LIVE_TWICE_TAKEN) {
		spin_lock(&lv->pcp->lock);
		pcp_absorb(lv->zone, lv->pcp, 0);
		spin_unlock(&lv->pcp->lock);
	}
	if (state == LIVE_TWICE_IN_THE_ZONE)
		pcp_drain(lv->zone, lv->pcp);
	if (state != LIVE_TWICE_IN_A_RUN && live_in_state())
		live_free_again();
	WRITE_ONCE(live_twice.task, NULL);
	pcpu_task_unpin();
	return 0;
}

static bool live_twice_is_remote(enum live_state state)
{
	return state == LIVE_TWICE_WAITS || state == LIVE_TWICE_TAKEN ||
	       state == LIVE_TWICE_IN_A_RUN;
}

static void live_twice_init(struct kunit *test)
{
	/* add_taint() */
	if (IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "a report of a bad page turns the lock validator off");
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "the locks that are held sleep with PREEMPT_RT");
	if (!IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "other consoles than UML's print when they like");
	if (!IS_ENABLED(CONFIG_PRINTK))
		kunit_skip(test, "there is no log");
}

static void live_expect_one_report(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, live_twice.said.reports, 1U);
	KUNIT_EXPECT_EQ(test, live_twice.said.reasons, 1U);
	KUNIT_EXPECT_EQ(test, live_twice.said.others, 0U);
}

/* The zone has it in the end, and has it once. */
static void live_expect_free_once(struct kunit *test)
{
	struct live *lv = test->priv;
	int tries;
	bool free = false;

	for (tries = 0; tries < 20 && !free; tries++) {
		if (tries)
			schedule_timeout_uninterruptible(1);
		drain_all_pages(NULL);
		free = is_free_buddy_page(live_twice.page);
	}
	KUNIT_EXPECT_TRUE(test, free);
	live_check_free_lists(test, lv->zone);
	live_check(test);
}

static void live_page_freed_twice(struct kunit *test)
{
	const struct live_twice_param *param = test->param_value;
	struct live *lv = test->priv;
	unsigned int i;
	int tries;

	live_twice_init(test);
	memset(&live_twice, 0, sizeof(live_twice));
	live_twice.lv = lv;
	live_twice.param = param;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_twice_unhook, NULL));

	/* Others may take the page first. */
	for (tries = 0; tries < 8 && !live_twice.done; tries++) {
		live_own(lv, LIVE_TWICE_PAGES, false);
		live_set_bound(lv, INT_MAX);
		live_twice.page = lv->pages[lv->nr - 1];
		if (param->state == LIVE_TWICE_IN_A_RUN)
			WRITE_ONCE(pcp_point_hook, live_twice_hook);
		live_hush(&live_twice.said);
		pcp_on_cpu(test, live_twice_is_remote(param->state) ? lv->b : lv->a,
			   live_twice_fn, lv);
		live_unhush(&live_twice.said);
		WRITE_ONCE(pcp_point_hook, NULL);
		live_reset_bound(lv);
		if (param->state == LIVE_TWICE_IN_THE_ZONE) {
			for (i = 0; i + 1 < lv->nr; i++)
				__free_page(lv->pages[i]);
		}
	}
	KUNIT_ASSERT_TRUE(test, live_twice.done);
	kunit_release_action(test, live_twice_unhook, NULL);
	live_expect_one_report(test);
	live_expect_free_once(test);
}

/* On CPU a or b: one batch that has the page twice. */
static long live_batch_twice_fn(struct pcp_worker *w)
{
	struct live *lv = live_twice.lv;
	struct folio_batch batch;
	unsigned int i;

	folio_batch_init(&batch);
	for (i = 0; i < 4; i++) {
		set_page_count(lv->pages[i], 0);
		folio_batch_add(&batch, page_folio(lv->pages[i]));
		if (lv->pages[i] == live_twice.page)
			folio_batch_add(&batch, page_folio(lv->pages[i]));
	}
	free_unref_folios(&batch);
	return 0;
}

static void live_batch_twice(struct kunit *test, bool remote)
{
	struct live *lv = test->priv;

	live_twice_init(test);
	memset(&live_twice, 0, sizeof(live_twice));
	live_twice.lv = lv;
	live_own(lv, 4, false);
	live_twice.page = lv->pages[1];
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_twice_unhook, NULL));
	live_hush(&live_twice.said);
	pcp_on_cpu(test, remote ? lv->b : lv->a, live_batch_twice_fn, lv);
	live_unhush(&live_twice.said);
	live_expect_one_report(test);
	live_expect_free_once(test);
}

static void live_page_twice_in_a_local_batch(struct kunit *test)
{
	live_batch_twice(test, false);
}

static void live_page_twice_in_a_remote_batch(struct kunit *test)
{
	live_batch_twice(test, true);
}

static struct kunit_case live_twice_cases[] = {
	KUNIT_CASE_PARAM(live_page_freed_twice, live_twice_gen_params),
	KUNIT_CASE(live_page_twice_in_a_local_batch),
	KUNIT_CASE(live_page_twice_in_a_remote_batch),
	{}
};

static struct kunit_suite live_twice_suite = {
	.name = "pcp_live_twice",
	.init = live_init,
	.test_cases = live_twice_cases,
};

kunit_test_suite(live_twice_suite);
