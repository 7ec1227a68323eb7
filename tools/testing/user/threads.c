// SPDX-License-Identifier: GPL-2.0
/*
 * Real threads on the zone of the userland build: workers, each on a CPU of
 * its own, allocate and free, mostly each other's pages, while the thread of
 * the test takes CPUs down and up, disables the PCPs and drains them.
 *
 * Checked: a page that is handed out was free, one that is freed was not, a
 * PCP that was closed keeps nothing, and in the end each page is in the zone,
 * merged to whole blocks that nobody owns. The notes here about a page are
 * atomic but not ordered, so that they hide no race.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "../internal.h"
#include "pcp.h"
#include "tests/lib/workers.h"
#include "zone.h"

#define NR_SLOTS	128
#define NR_WORKERS	NR_CPUS
#define NR_BATCHED	6
#define MAX_RUN		8

/* Times that a CPU goes, or the PCPs are disabled, in each case at least. */
#define MIN_CYCLES	20

/* Operations in all cases together; PCP_ROUNDS= says otherwise. */
#define ROUNDS_PLAIN	400000L
#define ROUNDS_ASAN	200000L
#define ROUNDS_TSAN	2000000L

/**
 * struct ground - what all threads of a test share
 * @slots: pages in use; whoever takes one has it
 * @stop: set by the test: enough
 * @ops: operations of each worker so far
 * @parked: the CPU is down, its worker keeps off
 * @busy: odd while the worker frees; see wait_for_frees()
 * @taken_twice: pages that were handed out, or freed, twice
 * @owner_alone: only CPU 0 allocates, the others push to it
 */
struct ground {
	struct page *slots[NR_SLOTS];
	bool stop;
	unsigned long ops[NR_WORKERS];
	bool parked[NR_WORKERS];
	bool acked[NR_WORKERS];
	unsigned long busy[NR_WORKERS];
	atomic_t taken_twice;
	bool owner_alone;
};

/* By index of the page. Orders are handed over with the page. */
static unsigned char in_use[PCP_USER_NR_PAGES];
static unsigned char orders[PCP_USER_NR_PAGES];

static __thread struct rnd_state rnd;

static unsigned int below(unsigned int n)
{
	return prandom_u32_state(&rnd) % n;
}

/* Make the places where a state may change meanwhile as wide as can be. */
static void linger(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (!below(4))
		sched_yield();
}

static void note(struct ground *g, struct page *page, unsigned int order, bool used)
{
	unsigned long i, index = page - pcp_user_pages;

	for (i = 0; i < 1UL << order; i++) {
		if (__atomic_exchange_n(&in_use[index + i], used,
					__ATOMIC_RELAXED) == used)
			atomic_inc(&g->taken_twice);
	}
}

static unsigned long events(enum vm_event_item item)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += __atomic_load_n(&per_cpu_ptr(&vm_event_states, cpu)->event[item],
				       __ATOMIC_RELAXED);
	return sum;
}

/* === Workers === */

static unsigned int some_order(void)
{
	unsigned int n = below(64);

	if (!n)
		return pageblock_order;
	return n < 48 ? 0 : n % 4;
}

static struct page *allocate(struct ground *g)
{
	unsigned int order = some_order();
	struct zone *zone = pcp_user_zone;
	struct per_cpu_pages *pcp;
	struct page *page = NULL;

	pcpu_task_pin();
	pcp = this_cpu_ptr(zone->per_cpu_pageset);
	if (pcp_trylock(pcp, PCP_SIDE_ALLOC)) {
		page = pcp_alloc(zone, pcp, order, MIGRATE_MOVABLE, 0);
		pcp_unlock(pcp);
	}
	pcpu_task_unpin();
	if (page) {
		note(g, page, order, true);
		orders[page - pcp_user_pages] = order;
	}
	return page;
}

static struct page *take_slot(struct ground *g)
{
	return xchg(&g->slots[below(NR_SLOTS)], NULL);
}

static void begin_free(struct ground *g, int cpu)
{
	__atomic_fetch_add(&g->busy[cpu], 1, __ATOMIC_SEQ_CST);
}

static void end_free(struct ground *g, int cpu)
{
	__atomic_fetch_add(&g->busy[cpu], 1, __ATOMIC_RELEASE);
}

static void release(struct ground *g, struct page *page, bool nolock)
{
	unsigned int order = orders[page - pcp_user_pages];

	note(g, page, order, false);
	pcp_free_page(pcp_user_zone, page, page_to_pfn(page), order, nolock);
}

static bool release_batch(struct ground *g)
{
	struct pcp_batch batch = {};
	bool some = false;
	int i;

	for (i = 0; i < NR_BATCHED; i++) {
		struct page *page = take_slot(g);
		unsigned int order;

		if (!page)
			continue;
		some = true;
		order = orders[page - pcp_user_pages];
		note(g, page, order, false);
		pcp_batch_free(&batch, pcp_user_zone, page, page_to_pfn(page), order);
	}
	pcp_batch_end(&batch);
	return some;
}

/* A run to the owner of its first page, if that is open. */
static bool push_run(struct ground *g, bool nolock)
{
	struct zone *zone = pcp_user_zone;
	struct pcp_run run = { .zone = zone };
	unsigned int i, nr = 1 + below(MAX_RUN);
	bool some = false;

	for (i = 0; i < nr; i++) {
		struct page *page = take_slot(g);
		struct per_cpu_pages *pcp;
		unsigned int order;
		int owner;

		if (!page)
			continue;
		some = true;
		owner = pageblock_owner_cpu(pcp_pageblock(zone, page, page_to_pfn(page)));
		pcp = owner < 0 ? NULL : zone_pcp(zone, owner);
		if (!pcp || !pcp_open(pcp) || (run.pcp && run.pcp != pcp)) {
			release(g, page, nolock);
			continue;
		}
		order = orders[page - pcp_user_pages];
		note(g, page, order, false);
		run.pcp = pcp;
		pcp_run_add(&run, page, order);
	}
	if (run.pcp)
		pcp_push(&run, nolock);
	return some;
}

static void stay_away_while_down(struct ground *g, int cpu)
{
	if (likely(!READ_ONCE(g->parked[cpu])))
		return;
	smp_store_release(&g->acked[cpu], true);
	while (smp_load_acquire(&g->parked[cpu]) && !kthread_should_stop())
		cpu_relax();
	smp_store_release(&g->acked[cpu], false);
}

/* Returns false if there was nothing to do. */
static bool work_once(struct ground *g, int cpu)
{
	struct page *page = NULL;
	bool some;

	switch (below(8)) {
	case 0 ... 3:
		if (!g->owner_alone || !cpu)
			page = allocate(g);
		break;
	case 4:
		page = g->owner_alone && cpu ? NULL : pcp_take_lockless(pcp_user_zone);
		if (page) {
			note(g, page, 0, true);
			orders[page - pcp_user_pages] = 0;
		}
		break;
	case 5:
		begin_free(g, cpu);
		some = release_batch(g);
		end_free(g, cpu);
		return some;
	case 6:
		begin_free(g, cpu);
		some = push_run(g, !below(4));
		end_free(g, cpu);
		return some;
	}

	/* A new page goes to a slot, and the old one there is freed. */
	some = page;
	page = xchg(&g->slots[below(NR_SLOTS)], page);
	if (page) {
		begin_free(g, cpu);
		release(g, page, !below(8));
		end_free(g, cpu);
	}
	return some || page;
}

static long work(struct pcp_worker *w)
{
	struct ground *g = w->arg;

	prandom_seed_state(&rnd, get_random_u32() * 100 + w->cpu);
	while (!READ_ONCE(g->stop) && !kthread_should_stop()) {
		stay_away_while_down(g, w->cpu);
		if (!work_once(g, w->cpu)) {
			cpu_relax();
			continue;
		}
		WRITE_ONCE(g->ops[w->cpu], g->ops[w->cpu] + 1);
	}
	return 0;
}

/* === What the thread of the test does meanwhile === */

/* After this, a free that looked before a PCP was closed has pushed, and looked again. */
static void wait_for_frees(struct ground *g)
{
	int i;

	for (i = 0; i < NR_WORKERS; i++) {
		unsigned long before = __atomic_load_n(&g->busy[i], __ATOMIC_SEQ_CST);

		while (before % 2 &&
		       __atomic_load_n(&g->busy[i], __ATOMIC_ACQUIRE) == before)
			cpu_relax();
	}
}

static void expect_keeps_nothing(struct kunit *test, struct per_cpu_pages *pcp)
{
	spin_lock(&pcp->lock);
	KUNIT_EXPECT_EQ(test, READ_ONCE(pcp->count), 0);
	KUNIT_EXPECT_NULL(test, READ_ONCE(pcp->taken));
	KUNIT_EXPECT_NULL(test, READ_ONCE(pcp->free_llist.first));
	KUNIT_EXPECT_EQ(test, atomic_read(&pcp->nr_waiting), 0);
	KUNIT_EXPECT_EQ(test, pcp_validate(pcp_user_zone, pcp), 0);
	spin_unlock(&pcp->lock);
}

static void take_down_and_up(struct kunit *test, int cpu)
{
	struct per_cpu_pages *pcp = zone_pcp(pcp_user_zone, cpu);
	struct zone *zone = pcp_user_zone;
	struct ground *g = test->priv;

	smp_store_release(&g->parked[cpu], true);
	while (!smp_load_acquire(&g->acked[cpu]))
		cpu_relax();

	pcp_cpu_dead(zone, pcp);
	wait_for_frees(g);
	expect_keeps_nothing(test, pcp);
	KUNIT_EXPECT_EQ(test, atomic_read(&pcp->owned_blocks), 0);

	pcp_cpu_online(pcp);
	smp_store_release(&g->parked[cpu], false);
	/* Or the next time down would be taken for this one. */
	while (smp_load_acquire(&g->acked[cpu]))
		cpu_relax();
}

/* As pageset_update() does it. */
static void set_marks(struct per_cpu_pages *pcp, int high_min, int high_max, int batch)
{
	WRITE_ONCE(pcp->batch, batch);
	WRITE_ONCE(pcp->high_min, high_min);
	WRITE_ONCE(pcp->high_max, high_max);
	pcp_set_bound(pcp, high_max);
}

static void enable(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		set_marks(zone_pcp(pcp_user_zone, cpu), 2 * pageblock_nr_pages,
			  3 * pageblock_nr_pages, 8);
}

/* As zone_pcp_disable() does it. */
static void disable(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		set_marks(zone_pcp(pcp_user_zone, cpu), 0, 0, 1);
	synchronize_rcu();
	for_each_possible_cpu(cpu)
		pcp_drain(pcp_user_zone, zone_pcp(pcp_user_zone, cpu));
	pcp_zone_flush_deferred(pcp_user_zone);
}

static void empty_the_slots(struct ground *g)
{
	int i;

	for (i = 0; i < NR_SLOTS; i++) {
		struct page *page = xchg(&g->slots[i], NULL);

		if (page)
			release(g, page, false);
	}
}

static void disable_and_enable(struct kunit *test)
{
	int cpu;

	disable();
	wait_for_frees(test->priv);
	for_each_possible_cpu(cpu)
		expect_keeps_nothing(test, zone_pcp(pcp_user_zone, cpu));
	/* Or pages in use would keep all blocks from being whole, and claimed. */
	empty_the_slots(test->priv);
	enable();
}

static unsigned long all_ops(struct ground *g)
{
	unsigned long sum = 0;
	int i;

	for (i = 0; i < NR_WORKERS; i++)
		sum += READ_ONCE(g->ops[i]);
	return sum;
}

/* Until the next change: what was closed has to fill before that shows a thing. */
static void let_them_push(struct ground *g, unsigned long nr)
{
	unsigned long pushes = events(PCP_PUSH) + nr, ops = all_ops(g) + 10 * nr;

	while (events(PCP_PUSH) < pushes && all_ops(g) < ops)
		cpu_relax();
}

/* Drains, the shepherd, a zone that runs short: none of it closes a PCP. */
static void bother(struct kunit *test)
{
	struct zone *zone = pcp_user_zone;
	int cpu = below(NR_CPUS);

	switch (below(4)) {
	case 0:
		pcp_drain(zone, zone_pcp(zone, cpu));
		break;
	case 1:
		pcp_shepherd(cpu);
		break;
	case 2:
		WRITE_ONCE(zone->flags, below(2) ? BIT(ZONE_BELOW_HIGH) : 0);
		break;
	case 3:
		pcp_zone_flush_deferred(zone);
		KUNIT_EXPECT_EQ(test, pcp_validate_blocks(zone), 0);
		break;
	}
}

enum {
	BOTHER	= 1,
	HOTPLUG	= 2,
	DISABLE	= 4,
};

/* === Tests === */

struct load_case {
	const char *desc;
	bool owner_alone;
	unsigned int what;
};

static const struct load_case load_cases[] = {
	{ "nothing else",		false,	0 },
	{ "drains",			false,	BOTHER },
	{ "CPUs come and go",		false,	HOTPLUG },
	{ "PCPs are disabled",		false,	DISABLE },
	{ "all at once",		false,	BOTHER | HOTPLUG | DISABLE },
	{ "one owner, all at once",	true,	BOTHER | HOTPLUG | DISABLE },
};

KUNIT_ARRAY_PARAM_DESC(load, load_cases, desc);

static unsigned long rounds_of_a_case(void)
{
	const char *wanted = getenv("PCP_ROUNDS");
	unsigned long rounds = ROUNDS_PLAIN;

	if (!strcmp(__stringify(PCP_USER_KIND), "asan"))
		rounds = ROUNDS_ASAN;
	if (!strcmp(__stringify(PCP_USER_KIND), "tsan"))
		rounds = ROUNDS_TSAN;
	if (wanted)
		rounds = strtoul(wanted, NULL, 0);
	return rounds / ARRAY_SIZE(load_cases);
}

static int threads_init(struct kunit *test)
{
	struct ground *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, g);
	test->priv = g;
	prandom_seed_state(&rnd, get_random_u32());
	enable();
	WRITE_ONCE(pcp_point_hook, linger);
	return 0;
}

/* Everything goes back; is it all there? */
static void expect_all_in_the_zone(struct kunit *test)
{
	struct zone *zone = pcp_user_zone;
	struct ground *g = test->priv;
	unsigned long i;
	int cpu;

	empty_the_slots(g);
	disable();
	for_each_possible_cpu(cpu) {
		expect_keeps_nothing(test, zone_pcp(zone, cpu));
		KUNIT_EXPECT_EQ(test, atomic_read(&zone_pcp(zone, cpu)->owned_blocks), 0);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&g->taken_twice), 0);
	KUNIT_EXPECT_EQ(test, zone->free_area[MAX_PAGE_ORDER].nr_free,
			PCP_USER_NR_PAGES >> MAX_PAGE_ORDER);
	for (i = 0; i < PCP_USER_NR_PAGES; i++) {
		if (in_use[i])
			break;
	}
	KUNIT_EXPECT_EQ(test, i, PCP_USER_NR_PAGES);
	for (i = 0; i < PCP_USER_NR_PAGES; i += pageblock_nr_pages)
		KUNIT_EXPECT_EQ(test, pageblock_owner_cpu(&zone->pageblock_data[i >> pageblock_order]),
				-1);
	KUNIT_EXPECT_EQ(test, pcp_validate_blocks(zone), 0);
}

static void threads_lose_no_page(struct kunit *test)
{
	const struct load_case *c = test->param_value;
	unsigned long pushed = events(PCP_PUSH), rescued = events(PCP_RESCUE);
	unsigned long rounds = rounds_of_a_case(), downs = 0, disabled = 0;
	struct ground *g = test->priv;
	struct pcp_workers *p;

	g->owner_alone = c->owner_alone;
	p = pcp_workers_start(test, NULL, NR_WORKERS, work, g);
	while (test->status == KUNIT_SUCCESS &&
	       (all_ops(g) < rounds || (c->what & HOTPLUG && downs < MIN_CYCLES) ||
		(c->what & DISABLE && disabled < MIN_CYCLES))) {
		unsigned int what = c->what & 1U << below(3);

		if (c->what && !what)
			continue;
		if (what & BOTHER)
			bother(test);
		if (what & HOTPLUG) {
			take_down_and_up(test, below(NR_WORKERS));
			downs++;
		}
		if (what & DISABLE) {
			disable_and_enable(test);
			disabled++;
		}
		let_them_push(g, below(200));
	}
	WRITE_ONCE(g->stop, true);
	pcp_workers_wait(test, p);
	WRITE_ONCE(pcp_user_zone->flags, 0);

	expect_all_in_the_zone(test);
	kunit_info(test, "%lu operations, %lu pages pushed, %lu rescued, %lu times a CPU went, %lu disabled",
		   all_ops(g), events(PCP_PUSH) - pushed,
		   events(PCP_RESCUE) - rescued, downs, disabled);
	KUNIT_EXPECT_GT(test, events(PCP_PUSH), pushed);
}

static void threads_exit(struct kunit *test)
{
	WRITE_ONCE(pcp_point_hook, NULL);
}

static struct kunit_case threads_cases[] = {
	KUNIT_CASE_PARAM(threads_lose_no_page, load_gen_params),
	{}
};

static struct kunit_suite threads_suite = {
	.name = "pcp_threads",
	.init = threads_init,
	.exit = threads_exit,
	.test_cases = threads_cases,
};

kunit_test_suites(&threads_suite);
