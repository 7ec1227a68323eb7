// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that comes and goes while its pages wait, are cached or are fragments of owned blocks.
 * pcp_hotplug_cpu_kunit.c has CPUs that come and go.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/page-flags.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

#ifdef CONFIG_MEMORY_HOTREMOVE
/* CPU a is one of a node whose memory can go, so it allocates from there. */
static int hotplug_memory_init(struct kunit *test)
{
	int ret = live_init(test);
	struct live *lv = test->priv;
	struct zone *zone;

	if (ret)
		return ret;
	for_each_populated_zone(zone) {
		unsigned int cpu;

		if (zone_idx(zone) != ZONE_MOVABLE)
			continue;
		cpu = cpumask_any_and(cpumask_of_node(zone_to_nid(zone)),
				      cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			continue;
		lv->a = cpu;
		lv->b = cpumask_any_but(cpu_online_mask, cpu);
		return 0;
	}
	kunit_skip(test, "no memory in a movable zone");
}

static void hotplug_put_block(void *data)
{
	memory_block_put(data);
}

static bool hotplug_in_block(struct memory_block *mem, struct page *page)
{
	unsigned long start = section_nr_to_pfn(mem->start_section_nr);
	unsigned long nr = memory_block_size_bytes() >> PAGE_SHIFT;
	unsigned long pfn = page_to_pfn(page);

	return pfn >= start && pfn < start + nr;
}

static unsigned int hotplug_nr_in_block(struct live *lv, struct memory_block *mem)
{
	unsigned int i, nr = 0;

	for (i = 0; i < lv->nr; i++)
		nr += hotplug_in_block(mem, lv->pages[i]);
	return nr;
}

static int hotplug_offline(struct memory_block *mem)
{
	int ret;

	lock_device_hotplug();
	ret = device_offline(&mem->dev);
	unlock_device_hotplug();
	return ret;
}

static int hotplug_online(struct memory_block *mem)
{
	int ret;

	lock_device_hotplug();
	mem->online_type = MMOP_ONLINE_MOVABLE;
	ret = device_online(&mem->dev);
	unlock_device_hotplug();
	return ret;
}

/* Nothing of the block is left anywhere. */
static void hotplug_expect_offline(struct live *lv, struct memory_block *mem)
{
	unsigned long start = section_nr_to_pfn(mem->start_section_nr);
	unsigned long nr = memory_block_size_bytes() >> PAGE_SHIFT;
	struct kunit *test = lv->test;
	unsigned int owned = 0, cached = 0;
	unsigned long pfn;

	for (pfn = start; pfn < start + nr; pfn++) {
		struct page *page = pfn_to_page(pfn);
		struct pageblock_data *pbd = pfn_to_pageblock(page, pfn);

		cached += PagePCPBuddy(page);
		if (!pageblock_aligned(pfn))
			continue;
		owned += pageblock_owner_cpu(pbd) >= 0;
	}
	KUNIT_EXPECT_EQ(test, cached, 0U);
	KUNIT_EXPECT_EQ(test, owned, 0U);
}

/*
 * Pages of blocks that CPU a owns, and the memory block that most of them are
 * in, which can go offline.
 */
static struct memory_block *hotplug_own_in_block(struct live *lv)
{
	unsigned long pages = PHYS_PFN(memory_block_size_bytes());
	struct kunit *test = lv->test;
	struct memory_block *mem;

	live_own(lv, 4096, false);
	if (zone_idx(lv->zone) != ZONE_MOVABLE) {
		live_free_fn(&(struct pcp_worker){ .arg = lv });
		kunit_skip(test, "no memory in a movable zone");
	}
	mem = memory_block_get(page_to_pfn(lv->pages[lv->nr / 2]) / pages);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   hotplug_put_block,
							   mem));
	KUNIT_ASSERT_GE(test, hotplug_nr_in_block(lv, mem), 512U);
	return mem;
}

/* Pages of the block wait for CPU a, which owns the pageblocks. */
static void hotplug_offline_while_pages_wait(struct kunit *test)
{
	struct live *lv = test->priv;
	int round;

	for (round = 0; round < 3; round++) {
		struct memory_block *mem = hotplug_own_in_block(lv);
		unsigned long managed = zone_managed_pages(lv->zone);

		pcp_on_cpu(test, lv->a, live_drain_fn, lv);
		pcp_on_cpu(test, lv->b, live_free_fn, lv);
		live_check(test);

		KUNIT_ASSERT_EQ(test, hotplug_offline(mem), 0);
		hotplug_expect_offline(lv, mem);
		KUNIT_EXPECT_LT(test, zone_managed_pages(lv->zone), managed);
		live_check(test);

		KUNIT_ASSERT_EQ(test, hotplug_online(mem), 0);
		KUNIT_EXPECT_EQ(test, zone_managed_pages(lv->zone), managed);
		live_check(test);
	}
}

/* CPU a owns pageblocks that the zone has fragments of, when the memory goes. */
static void hotplug_offline_with_fragments(struct kunit *test)
{
	struct live *lv = test->priv;
	struct memory_block *mem = hotplug_own_in_block(lv);
	unsigned int i, kept;

	/* Movable pages in use would be migrated, if anybody had mapped them. */
	for (i = 0, kept = 0; i < lv->nr; i++) {
		if (hotplug_in_block(mem, lv->pages[i]) || i % 2)
			__free_page(lv->pages[i]);
		else
			lv->pages[kept++] = lv->pages[i];
	}
	lv->nr = kept;
	drain_all_pages(NULL);
	live_check(test);
	KUNIT_ASSERT_EQ(test, hotplug_offline(mem), 0);
	hotplug_expect_offline(lv, mem);
	live_check(test);
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	live_check(test);
	KUNIT_ASSERT_EQ(test, hotplug_online(mem), 0);
	live_check(test);
}

/* Memory that is removed, and added again, has fresh pageblock data. */
static void hotplug_remove_and_add(struct live *lv, struct memory_block *mem)
{
	u64 start = PFN_PHYS(section_nr_to_pfn(mem->start_section_nr));
	u64 size = memory_block_size_bytes();
	struct kunit *test = lv->test;
	/* The struct pages of a block that is offline already say nothing. */
	int nid = mem->nid;
	unsigned long pfn;

	/* The device goes with the memory. */
	kunit_release_action(test, hotplug_put_block, mem);
	KUNIT_ASSERT_EQ(test, offline_and_remove_memory(start, size), 0);
	KUNIT_EXPECT_FALSE(test, pfn_valid(PHYS_PFN(start)));
	live_check(test);

	KUNIT_ASSERT_EQ(test, add_memory(nid, start, size, MHP_NONE), 0);
	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(start + size);
	     pfn += pageblock_nr_pages) {
		struct pageblock_data *pbd = pfn_to_pageblock(pfn_to_page(pfn), pfn);

		KUNIT_ASSERT_EQ(test, pageblock_owner_cpu(pbd), -1);
	}

	mem = memory_block_get(PHYS_PFN(start) /
			       PHYS_PFN(memory_block_size_bytes()));
	KUNIT_ASSERT_NOT_NULL(test, mem);
	if (mem->state == MEM_OFFLINE)
		KUNIT_EXPECT_EQ(test, hotplug_online(mem), 0);
	memory_block_put(mem);
	live_check(test);
}

static void hotplug_memory_removed_and_added(struct kunit *test)
{
	struct live *lv = test->priv;
	struct memory_block *mem = hotplug_own_in_block(lv);

	pcp_on_cpu(test, lv->b, live_free_fn, lv);
	hotplug_remove_and_add(lv, mem);

	/* And it is used again. */
	live_own(lv, 4096, false);
	live_free_fn(&(struct pcp_worker){ .arg = lv });
	live_check(test);
}

#ifdef CONFIG_MEMORY_FAILURE
/* A page of the block, in use or free. */
static struct page *hotplug_page_in_block(struct live *lv, struct memory_block *mem)
{
	unsigned int i = 0;

	while (!hotplug_in_block(mem, lv->pages[i]))
		i++;
	return lv->pages[i];
}

/*
 * One page of the block has an error while it waits. The block goes without it. It does
 * not come back: the page is still bad. It does if the error was taken back, or when it
 * is other memory at the same place.
 */
static void hotplug_offline_with_a_bad_page(struct kunit *test)
{
	struct live *lv = test->priv;
	struct memory_block *mem = hotplug_own_in_block(lv);
	unsigned long pfn = page_to_pfn(hotplug_page_in_block(lv, mem));

	pcp_on_cpu(test, lv->b, live_free_fn, lv);
	KUNIT_ASSERT_EQ(test, memory_failure(pfn, MF_SW_SIMULATED), 0);
	live_check(test);
	KUNIT_ASSERT_EQ(test, unpoison_memory(pfn), 0);
	KUNIT_ASSERT_EQ(test, hotplug_offline(mem), 0);
	hotplug_expect_offline(lv, mem);
	KUNIT_ASSERT_EQ(test, hotplug_online(mem), 0);
	live_check(test);

	KUNIT_ASSERT_EQ(test, memory_failure(pfn, MF_SW_SIMULATED), 0);
	KUNIT_ASSERT_EQ(test, hotplug_offline(mem), 0);
	hotplug_expect_offline(lv, mem);
	live_check(test);
	KUNIT_EXPECT_EQ(test, hotplug_online(mem), -EHWPOISON);
	hotplug_remove_and_add(lv, mem);
	KUNIT_EXPECT_FALSE(test, PageHWPoison(pfn_to_page(pfn)));
}
#else
static void hotplug_offline_with_a_bad_page(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_MEMORY_FAILURE");
}
#endif

/*
 * Compaction goes on where it was before a migration, and the block there may
 * have gone offline. The zone's last one leaves no hole behind, so the zone is
 * contiguous after it as before.
 */
static void hotplug_scanners_get_no_offline_block(struct kunit *test)
{
	unsigned long pages = PHYS_PFN(memory_block_size_bytes()), start, end;
	struct live *lv = test->priv;
	struct memory_block *mem;
	struct zone *zone;
	bool contiguous;

	zone = &NODE_DATA(cpu_to_node(lv->a))->node_zones[ZONE_MOVABLE];
	end = zone_end_pfn(zone);
	start = end - pageblock_nr_pages;
	mem = memory_block_get(start / pages);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, hotplug_put_block,
							   mem));
	KUNIT_EXPECT_PTR_EQ(test, pageblock_pfn_to_page(start, end, zone),
			    pfn_to_page(start));

	KUNIT_ASSERT_EQ(test, hotplug_offline(mem), 0);
	contiguous = zone->contiguous;
	KUNIT_EXPECT_NULL(test, pageblock_pfn_to_page(start, end, zone));
	KUNIT_ASSERT_EQ(test, hotplug_online(mem), 0);
	if (!contiguous)
		kunit_skip(test, "the zone has holes, and each block is asked");
}

/* Memory blocks of one zone at most. */
#define HOTPLUG_BLOCKS	64

static void hotplug_online_all(struct kunit *test, struct memory_block **mem, unsigned int nr)
{
	while (nr) {
		KUNIT_EXPECT_EQ(test, hotplug_online(mem[--nr]), 0);
		memory_block_put(mem[nr]);
	}
}

/* Returns how many blocks went offline. */
static unsigned int hotplug_offline_all(struct zone *zone, struct memory_block **mem)
{
	unsigned long pages = PHYS_PFN(memory_block_size_bytes()), pfn, end;
	unsigned int nr = 0;

	end = zone_end_pfn(zone);
	for (pfn = zone->zone_start_pfn; pfn < end && nr < HOTPLUG_BLOCKS; pfn += pages) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || page_zone(page) != zone)
			continue;
		mem[nr] = memory_block_get(pfn / pages);
		if (!mem[nr])
			continue;
		if (hotplug_offline(mem[nr])) {
			memory_block_put(mem[nr]);
			break;
		}
		nr++;
	}
	return nr;
}

/* A zone that lost its last memory has no PCPs of its own, and gets new ones. */
static void hotplug_zone_loses_its_pcps_and_gets_new_ones(struct kunit *test)
{
	struct live *lv = test->priv;
	struct per_cpu_pages __percpu *old;
	struct memory_block **mem;
	struct zone *zone;
	unsigned int nr;
	int cpu;

	mem = kunit_kcalloc(test, HOTPLUG_BLOCKS, sizeof(*mem), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	live_own(lv, 512, false);
	zone = lv->zone;
	pcp_on_cpu(test, lv->b, live_free_fn, lv);
	if (zone_idx(zone) != ZONE_MOVABLE)
		kunit_skip(test, "no memory in a movable zone");

	old = zone->per_cpu_pageset;
	nr = hotplug_offline_all(zone, mem);
	if (populated_zone(zone)) {
		hotplug_online_all(test, mem, nr);
		kunit_skip(test, "memory of the zone is in use");
	}
	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

		KUNIT_EXPECT_FALSE(test, pcp_has_pages(pcp));
		KUNIT_EXPECT_FALSE(test, pcp_has_waiting(pcp));
		KUNIT_EXPECT_EQ(test, atomic_read(&pcp->owned_blocks), 0);
	}
	KUNIT_EXPECT_TRUE(test, zone->per_cpu_pageset != old);
	old = zone->per_cpu_pageset;
	/* All who go from zone to zone pass by. */
	drain_all_pages(NULL);
	pcp_return_all();
	pcp_shepherd(lv->a);
	live_check(test);

	hotplug_online_all(test, mem, nr);
	KUNIT_EXPECT_TRUE(test, populated_zone(zone));
	KUNIT_EXPECT_TRUE(test, zone->per_cpu_pageset != old);
	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = zone_pcp(zone, cpu);

		KUNIT_EXPECT_FALSE(test, pcp_disabled(pcp));
		KUNIT_EXPECT_EQ(test, pcp->cpu, cpu);
		KUNIT_EXPECT_EQ(test, atomic_read(&pcp->owned_blocks), 0);
	}
	KUNIT_EXPECT_TRUE(test, live_waits(lv, 64));
	KUNIT_EXPECT_PTR_EQ(test, lv->zone, zone);
	drain_all_pages(NULL);
	live_check(test);
}

/* A drain or a shepherd that another thread is in while the zone loses its last memory. */
static struct {
	struct task_struct *other;
	struct task_struct *offliner;
	struct live *lv;
	struct zone *zone;
	struct per_cpu_pages __percpu *pageset;
	bool done;
	bool late;
	bool reset;
	bool unprotected;
} amid;

/* Called between two steps of a drain, which may sleep there. */
static void hotplug_drained(struct per_cpu_pages *pcp, enum pcp_point point)
{
	unsigned long end = jiffies + 60 * HZ;

	if (point != PCP_POINT_DRAINED || current != READ_ONCE(amid.other) || amid.done)
		return;
	amid.done = true;
	while (populated_zone(amid.zone) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	/*
	 * It is about to reset the PCPs: it does, or it waits. It would not sleep, but spin
	 * for the mutex, if this went on running.
	 */
	while (READ_ONCE(amid.zone->per_cpu_pageset) == amid.pageset &&
	       !(READ_ONCE(amid.offliner->__state) & TASK_UNINTERRUPTIBLE) &&
	       time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	amid.late = time_after_eq(jiffies, end);
	amid.reset = READ_ONCE(amid.zone->per_cpu_pageset) != amid.pageset;
}

static long hotplug_drain_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	WRITE_ONCE(amid.other, current);
	while (!READ_ONCE(lv->stop) && !amid.done) {
		if (READ_ONCE(lv->round))
			drain_all_pages(amid.zone);
		cond_resched();
	}
	return 0;
}

/* How long no grace period may end: some would, if nobody kept them from it. */
#define HOTPLUG_READER	(HZ / 2)

/* An RCU reader comes here, so this spins. */
static void hotplug_found(struct per_cpu_pages *pcp, enum pcp_point point)
{
	unsigned long end = jiffies + 10 * HZ, cookie;

	if (point != PCP_POINT_FOUND || current != READ_ONCE(amid.other) || amid.done ||
	    pcp != per_cpu_ptr(amid.pageset, amid.lv->a))
		return;
	cookie = start_poll_synchronize_rcu();
	WRITE_ONCE(amid.done, true);
	while (READ_ONCE(amid.zone->per_cpu_pageset) == amid.pageset &&
	       time_before(jiffies, end))
		cpu_relax();
	amid.late = time_after_eq(jiffies, end);
	/* The PCPs are freed after a grace period. */
	end = jiffies + HOTPLUG_READER;
	while (!poll_state_synchronize_rcu(cookie) && time_before(jiffies, end))
		cpu_relax();
	amid.unprotected = poll_state_synchronize_rcu(cookie);
}

static void hotplug_shepherd(struct live *lv)
{
	pcp_shepherd(lv->a);
}

static void hotplug_flush_cpu(struct live *lv)
{
	pcp_flush_cpu(amid.zone, lv->a);
}

static void hotplug_return_all(struct live *lv)
{
	pcp_return_all();
}

static const struct hotplug_reader_param {
	const char *name;
	void (*look)(struct live *lv);
} hotplug_reader_params[] = {
	{ "the shepherd", hotplug_shepherd },
	{ "an allocation that fails", hotplug_flush_cpu },
	{ "an allocation before an OOM", hotplug_return_all },
};

KUNIT_ARRAY_PARAM_DESC(hotplug_reader, hotplug_reader_params, name);

static long hotplug_reader_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	const struct hotplug_reader_param *param = lv->test->param_value;

	WRITE_ONCE(amid.other, current);
	while (!READ_ONCE(lv->stop) && !amid.done) {
		if (READ_ONCE(lv->round))
			param->look(lv);
		cond_resched();
	}
	return 0;
}

/* The PCPs are drained and disabled: what comes now is of somebody else. */
static int hotplug_going_offline(struct notifier_block *nb, unsigned long action, void *arg)
{
	struct memory_notify *mn = arg;
	struct live *lv = amid.lv;

	if (action != MEM_GOING_OFFLINE || mn->nr_pages < amid.zone->present_pages)
		return NOTIFY_OK;
	WRITE_ONCE(lv->round, 1);
	while (!READ_ONCE(amid.done) && !READ_ONCE(lv->stop))
		cond_resched();
	return NOTIFY_OK;
}

static struct notifier_block hotplug_nb = { .notifier_call = hotplug_going_offline };

static void hotplug_unnotify(void *unused)
{
	unregister_memory_notifier(&hotplug_nb);
}

/* Take all memory of a zone away while another thread is at one of its PCPs. */
static void hotplug_offline_amid(struct kunit *test, pcp_worker_fn fn,
				 void (*hook)(struct per_cpu_pages *pcp, enum pcp_point point))
{
	struct live *lv = test->priv;
	struct memory_block **mem;
	struct pcp_workers *p;
	unsigned int nr;

	mem = kunit_kcalloc(test, HOTPLUG_BLOCKS, sizeof(*mem), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	amid = (typeof(amid)) {
		.zone = &NODE_DATA(cpu_to_node(lv->a))->node_zones[ZONE_MOVABLE],
		.offliner = current,
		.lv = lv,
	};
	amid.pageset = amid.zone->per_cpu_pageset;
	lv->stop = false;
	lv->round = 0;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_unhook, NULL));
	WRITE_ONCE(pcp_point_hook, hook);
	KUNIT_ASSERT_EQ(test, 0, register_memory_notifier(&hotplug_nb));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, hotplug_unnotify, NULL));
	p = pcp_workers_start(test, cpumask_of(lv->b), 1, fn, lv);

	nr = hotplug_offline_all(amid.zone, mem);
	WRITE_ONCE(lv->stop, true);
	pcp_workers_wait(test, p);
	kunit_release_action(test, hotplug_unnotify, NULL);
	kunit_release_action(test, live_unhook, NULL);
	hotplug_online_all(test, mem, nr);
	if (!amid.done)
		kunit_skip(test, "memory of the zone is in use");
	KUNIT_EXPECT_FALSE(test, amid.late);
	live_check(test);
}

/* A drain has looked the PCPs up, and goes on to use them. */
static void hotplug_zone_keeps_its_pcps_while_it_is_drained(struct kunit *test)
{
	hotplug_offline_amid(test, hotplug_drain_fn, hotplug_drained);
	KUNIT_EXPECT_FALSE(test, amid.reset);
}

/* Somebody has found a PCP, and goes on to look at it. KASAN would see that it is gone. */
static void hotplug_zone_keeps_its_pcps_while_somebody_looks(struct kunit *test)
{
	hotplug_offline_amid(test, hotplug_reader_fn, hotplug_found);
	KUNIT_EXPECT_FALSE(test, amid.unprotected);
}

static struct kunit_case hotplug_memory_cases[] = {
	KUNIT_CASE_SLOW(hotplug_offline_while_pages_wait),
	KUNIT_CASE_SLOW(hotplug_offline_with_fragments),
	KUNIT_CASE_SLOW(hotplug_zone_loses_its_pcps_and_gets_new_ones),
	KUNIT_CASE_SLOW(hotplug_zone_keeps_its_pcps_while_it_is_drained),
	KUNIT_CASE_PARAM(hotplug_zone_keeps_its_pcps_while_somebody_looks,
			 hotplug_reader_gen_params),
	KUNIT_CASE_SLOW(hotplug_memory_removed_and_added),
	KUNIT_CASE_SLOW(hotplug_offline_with_a_bad_page),
	KUNIT_CASE_SLOW(hotplug_scanners_get_no_offline_block),
	{}
};

static struct kunit_suite hotplug_memory_suite = {
	.name = "pcp_hotplug_memory",
	.init = hotplug_memory_init,
	.test_cases = hotplug_memory_cases,
};

kunit_test_suite(hotplug_memory_suite);
#endif /* CONFIG_MEMORY_HOTREMOVE */
