// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the tracepoints in trace/events/pcp.h: each helper says what
 * it did, and with which values.
 */
#include <kunit/test.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <trace/events/pcp.h>

#include "lib/fixture.h"

/* The probe of one tracepoint saw this. */
struct trace_log {
	struct task_struct *task;
	bool armed;
	unsigned int nr;
	unsigned long pfn;
	unsigned int order;
	unsigned int nr_pages;
	int cpu;
	int migratetype;
	int route;
	int waiting;
	bool more;
};

/* The allocator in use is traced too; its events come from elsewhere. */
static bool trace_seen(struct trace_log *log)
{
	if (!log->armed || log->task != current || !in_task())
		return false;
	log->nr++;
	return true;
}

static void probe_route(void *data, unsigned long pfn, unsigned int order,
			int migratetype, int owner, int route)
{
	struct trace_log *log = data;

	if (!trace_seen(log))
		return;
	log->pfn = pfn;
	log->order = order;
	log->migratetype = migratetype;
	log->cpu = owner;
	log->route = route;
}

static void probe_push(void *data, int cpu, unsigned int nr_pages, int waiting)
{
	struct trace_log *log = data;

	if (!trace_seen(log))
		return;
	log->cpu = cpu;
	log->nr_pages = nr_pages;
	log->waiting = waiting;
}

static void probe_absorb(void *data, int cpu, unsigned int nr_pages, bool more)
{
	struct trace_log *log = data;

	if (!trace_seen(log))
		return;
	log->cpu = cpu;
	log->nr_pages = nr_pages;
	log->more = more;
}

static void probe_claim(void *data, int cpu, unsigned long pfn, int migratetype)
{
	struct trace_log *log = data;

	if (!trace_seen(log))
		return;
	log->cpu = cpu;
	log->pfn = pfn;
	log->migratetype = migratetype;
}

static void probe_teardown(void *data, int cpu, int nr_blocks)
{
	struct trace_log *log = data;

	if (!trace_seen(log))
		return;
	log->cpu = cpu;
	log->nr_pages = nr_blocks;
}

static struct trace_log *trace_log(struct kunit *test)
{
	struct trace_log *log;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "needs CONFIG_TRACEPOINTS");
	log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, log);
	log->task = current;
	return log;
}

/* Registers the probe of tracepoint mm_pcp_@name until the case is over. */
#define TRACE_PROBE(name)						\
static void trace_off_##name(void *data)				\
{									\
	unregister_trace_mm_pcp_##name(probe_##name, data);		\
	tracepoint_synchronize_unregister();				\
}									\
									\
static struct trace_log *trace_##name(struct kunit *test)		\
{									\
	struct trace_log *log = trace_log(test);			\
									\
	KUNIT_ASSERT_EQ(test, 0,					\
			register_trace_mm_pcp_##name(probe_##name, log)); \
	KUNIT_ASSERT_EQ(test, 0,					\
			kunit_add_action_or_reset(test, trace_off_##name, log)); \
	return log;							\
}

TRACE_PROBE(route)
TRACE_PROBE(push)
TRACE_PROBE(absorb)
TRACE_PROBE(claim)
TRACE_PROBE(teardown)

#define TRACED(log, call)						\
do {									\
	struct trace_log *__log = (log);				\
									\
	__log->armed = true;						\
	call;								\
	__log->armed = false;						\
} while (0)

/* === Route === */

static void expect_route(struct kunit *test, struct trace_log *log,
			 struct page *page, unsigned int order, int type,
			 int owner, int route)
{
	KUNIT_EXPECT_EQ(test, log->nr, 1);
	KUNIT_EXPECT_EQ(test, log->pfn, page_to_pfn(page));
	KUNIT_EXPECT_EQ(test, log->order, order);
	KUNIT_EXPECT_EQ(test, log->migratetype, type);
	KUNIT_EXPECT_EQ(test, log->cpu, owner);
	KUNIT_EXPECT_EQ(test, log->route, route);
}

static void trace_route_of_unowned_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 1, 4);
	struct trace_log *log = trace_route(test);

	TRACED(log, pcp_free_page(fx->zone, page, page_to_pfn(page), 2, false));
	expect_route(test, log, page, 2, MIGRATE_MOVABLE, -1, PCP_ROUTE_LOCAL);
}

static void trace_route_of_other_cpus_page(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct trace_log *log = trace_route(test);

	pcp_fx_enough(fx, MIGRATE_RECLAIMABLE, 0);
	pcp_fx_type(fx, 0, MIGRATE_RECLAIMABLE);
	pcp_fx_own(fx, 0, fx->other->cpu);
	TRACED(log, pcp_free_page(fx->zone, page, page_to_pfn(page), 0, false));
	expect_route(test, log, page, 0, MIGRATE_RECLAIMABLE, fx->other->cpu,
		     PCP_ROUTE_REMOTE);
}

/* The owner is told, though the page does not go to it. */
static void trace_route_of_other_cpus_page_that_is_kept(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct trace_log *log = trace_route(test);

	pcp_fx_own(fx, 0, fx->other->cpu);
	TRACED(log, pcp_free_page(fx->zone, page, page_to_pfn(page), 0, false));
	expect_route(test, log, page, 0, MIGRATE_MOVABLE, fx->other->cpu,
		     PCP_ROUTE_LOCAL);
}

/* Nobody but the tracer wants to know its block. */
static void trace_route_of_order_not_allowed(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct trace_log *log = trace_route(test);

	pcp_fx_type(fx, 0, MIGRATE_RECLAIMABLE);
	pcp_fx_own(fx, 0, fx->other->cpu);
	TRACED(log, pcp_free_uncached(fx->zone, page, page_to_pfn(page), 1, false));
	expect_route(test, log, page, 1, MIGRATE_RECLAIMABLE, fx->other->cpu,
		     PCP_ROUTE_ZONE);
}

static void trace_route_in_a_batch(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 0, 0);
	struct trace_log *log = trace_route(test);
	struct pcp_batch batch = {};

	pcp_fx_enough(fx, MIGRATE_MOVABLE, 0);
	pcp_fx_own(fx, 0, fx->other->cpu);
	TRACED(log, pcp_batch_free(&batch, fx->zone, page, page_to_pfn(page), 0));
	pcp_batch_end(&batch);
	expect_route(test, log, page, 0, MIGRATE_MOVABLE, fx->other->cpu,
		     PCP_ROUTE_REMOTE);
}

/* === Push and absorb === */

static void trace_push_once_for_a_run(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct pcp_run run = { .zone = fx->zone, .pcp = fx->other };
	struct trace_log *log = trace_push(test);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_push(fx, fx->other, pcp_fx_page(fx, 0, 0), 0);
	pcp_run_add(&run, pcp_fx_page(fx, 0, 1), 0);
	pcp_run_add(&run, pcp_fx_page(fx, 0, 2), 1);
	TRACED(log, pcp_push(&run, false));
	KUNIT_EXPECT_EQ(test, log->nr, 1);
	KUNIT_EXPECT_EQ(test, log->cpu, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, log->nr_pages, 3);
	KUNIT_EXPECT_EQ(test, log->waiting, 4);
}

static void trace_absorb_says_whether_some_are_left(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct trace_log *log = trace_absorb(test);

	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 0), 0);
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 0, 2), 1);

	fx->pcp->high = 1;
	spin_lock(&fx->pcp->lock);
	TRACED(log, pcp_absorb(fx->zone, fx->pcp, PCP_ABSORB_TO_HIGH));
	spin_unlock(&fx->pcp->lock);
	KUNIT_EXPECT_EQ(test, log->nr, 1);
	KUNIT_EXPECT_EQ(test, log->cpu, fx->cpu);
	KUNIT_EXPECT_EQ(test, log->nr_pages, 1);
	KUNIT_EXPECT_TRUE(test, log->more);

	spin_lock(&fx->pcp->lock);
	TRACED(log, pcp_absorb(fx->zone, fx->pcp, 0));
	TRACED(log, pcp_absorb(fx->zone, fx->pcp, 0));
	spin_unlock(&fx->pcp->lock);
	/* That which finds nothing is no event. */
	KUNIT_EXPECT_EQ(test, log->nr, 2);
	KUNIT_EXPECT_EQ(test, log->nr_pages, 2);
	KUNIT_EXPECT_FALSE(test, log->more);
}

/* === Blocks === */

static void trace_claim_names_block_and_owner(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct trace_log *log = trace_claim(test);

	pcp_fx_type(fx, 1, MIGRATE_UNMOVABLE);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 1, 0), pageblock_order);
	fx->nr_alloc = 1;
	TRACED(log, pcp_refill(fx->zone, fx->other, 0, MIGRATE_UNMOVABLE, 0));
	KUNIT_EXPECT_EQ(test, log->nr, 1);
	KUNIT_EXPECT_EQ(test, log->cpu, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, log->pfn, page_to_pfn(fx->base[1]));
	KUNIT_EXPECT_EQ(test, log->migratetype, MIGRATE_UNMOVABLE);
}

/* A block that is partly in use is adopted, too. */
static void trace_claim_of_a_block_partly_in_use(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct page *page = pcp_fx_page(fx, 1, 4);
	struct trace_log *log = trace_claim(test);

	pcp_fx_zone_add(fx, page, 2);
	fx->nr_alloc = 4;
	TRACED(log, pcp_refill(fx->zone, fx->other, 0, MIGRATE_MOVABLE, 0));
	KUNIT_EXPECT_EQ(test, log->nr, 1);
	KUNIT_EXPECT_EQ(test, log->cpu, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, log->pfn, page_to_pfn(page));
	KUNIT_EXPECT_EQ(test, log->migratetype, MIGRATE_MOVABLE);
}

/* The block that was its own already does not change hands, the other one does. */
static void trace_claim_of_a_block_of_another_cpu(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct trace_log *log = trace_claim(test);

	pcp_fx_own(fx, 0, fx->other->cpu);
	pcp_fx_own(fx, 1, fx->cpu);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 0, 0), 2);
	pcp_fx_zone_add(fx, pcp_fx_page(fx, 1, 0), 2);
	fx->nr_alloc = 8;
	TRACED(log, pcp_refill(fx->zone, fx->other, 0, MIGRATE_MOVABLE, 0));
	KUNIT_EXPECT_EQ(test, fx->other->count, 8);
	KUNIT_EXPECT_EQ(test, log->nr, 1);
	KUNIT_EXPECT_EQ(test, log->cpu, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, log->pfn, page_to_pfn(pcp_fx_page(fx, 1, 0)));
}

static void trace_teardown_counts_blocks(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct trace_log *log = trace_teardown(test);
	int block;

	for (block = 0; block < 2; block++)
		pcp_fx_own(fx, block, fx->other->cpu);
	pcp_fx_own(fx, 2, fx->cpu);
	TRACED(log, pcp_cpu_dead(fx->zone, fx->other));
	KUNIT_EXPECT_EQ(test, log->nr, 1);
	KUNIT_EXPECT_EQ(test, log->cpu, fx->other->cpu);
	KUNIT_EXPECT_EQ(test, log->nr_pages, 2);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(trace_route_of_unowned_page),
	KUNIT_CASE(trace_route_of_other_cpus_page),
	KUNIT_CASE(trace_route_of_other_cpus_page_that_is_kept),
	KUNIT_CASE(trace_route_of_order_not_allowed),
	KUNIT_CASE(trace_route_in_a_batch),
	KUNIT_CASE(trace_push_once_for_a_run),
	KUNIT_CASE(trace_absorb_says_whether_some_are_left),
	KUNIT_CASE(trace_claim_names_block_and_owner),
	KUNIT_CASE(trace_claim_of_a_block_partly_in_use),
	KUNIT_CASE(trace_claim_of_a_block_of_another_cpu),
	KUNIT_CASE(trace_teardown_counts_blocks),
	{}
};

static struct kunit_suite trace_suite = {
	.name = "pcp_trace",
	.init = pcp_fx_init_bound,
	.test_cases = trace_cases,
};

kunit_test_suites(&trace_suite);
