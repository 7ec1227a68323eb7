// SPDX-License-Identifier: GPL-2.0
/*
 * How often do __rcu_alloc_page_lockless() and alloc_pages_nolock() get a page in
 * the same place? Landed in mm/pcp/ for make rcuscale only.
 *
 * A name of a place and a number of trials are written to the parameter "run", on
 * the CPU that shall be looked at. A trial makes the place anew, turns interrupts
 * off, calls one of the functions BURST times, and gives the pages back. The two
 * functions take turns.
 */
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../internal.h"
#include "pcp.h"

#define BURST	16
#define PAGES	64
#define SOUGHT	2048
#define USER	(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)
#define KERNEL	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

/* Contents of the PCP of this CPU, before a trial. */
enum fill {
	FILL_NOT,	/* leave it as it is */
	FILL_EMPTY,	/* nothing */
	FILL_LISTS,	/* pages on its lists */
	FILL_WAITING,	/* pages that another CPU gave back, and nothing else */
};

static const struct place {
	const char *name;
	enum fill fill;
	gfp_t gfp;
	bool locked;	/* another CPU holds each zone->lock */
} places[] = {
	{ "lists-kernel",		FILL_LISTS,	KERNEL,	false },
	{ "lists-kernel-locked",	FILL_LISTS,	KERNEL,	true },
	{ "lists-user",			FILL_LISTS,	USER,	false },
	{ "lists-user-locked",		FILL_LISTS,	USER,	true },
	{ "waiting-kernel",		FILL_WAITING,	KERNEL,	false },
	{ "waiting-kernel-locked",	FILL_WAITING,	KERNEL,	true },
	{ "waiting-user",		FILL_WAITING,	USER,	false },
	{ "waiting-user-locked",	FILL_WAITING,	USER,	true },
	{ "empty",			FILL_EMPTY,	0,	false },
	{ "empty-locked",		FILL_EMPTY,	0,	true },
	{ "as-it-is",			FILL_NOT,	0,	false },
};

static const char * const names[2] = { "lockless", "nolock" };

struct sum {
	unsigned long tries, got, waiting;
	u64 ns;
};

static struct page *pages[SOUGHT];
static unsigned int nr_pages;
static DEFINE_MUTEX(running);

/* === The CPU that holds the locks === */

static int want_lock, have_lock;

static int holder(void *unused)
{
	unsigned long flags;
	struct zone *zone;

	while (!kthread_should_stop()) {
		if (!READ_ONCE(want_lock)) {
			cond_resched();
			continue;
		}
		local_irq_save(flags);
		for_each_populated_zone(zone)
			spin_lock(&zone->lock);
		/* Pairs with lock_zones(): the locks are held before it sees this. */
		smp_store_release(&have_lock, 1);
		while (READ_ONCE(want_lock))
			cpu_relax();
		for_each_populated_zone(zone)
			spin_unlock(&zone->lock);
		local_irq_restore(flags);
		/* Pairs with lock_zones(): the locks are free before it sees this. */
		smp_store_release(&have_lock, 0);
	}
	return 0;
}

/* With interrupts off: one that wants the zone would wait for us. */
static void lock_zones(bool lock)
{
	WRITE_ONCE(want_lock, lock);
	/* Pairs with holder(). */
	while (smp_load_acquire(&have_lock) != lock)
		cpu_relax();
}

/* === The place === */

static long free_all(void *unused)
{
	while (nr_pages)
		__free_page(pages[--nr_pages]);
	return 0;
}

/* Keep those of blocks that this CPU owns, if only these are of use. */
static void allocate(const struct place *place, bool owned)
{
	LIST_HEAD(others);
	struct page *page, *next;
	unsigned int tries;

	for (tries = 0; tries < SOUGHT && nr_pages < PAGES; tries++) {
		page = alloc_page(place->gfp);
		if (!page)
			break;
		if (owned && pageblock_owner_cpu(pfn_to_pageblock(page, page_to_pfn(page))) !=
			     raw_smp_processor_id())
			list_add(&page->lru, &others);
		else
			pages[nr_pages++] = page;
	}
	list_for_each_entry_safe(page, next, &others, lru)
		__free_page(page);
}

static void prepare(const struct place *place, unsigned int other)
{
	switch (place->fill) {
	case FILL_NOT:
		break;
	case FILL_EMPTY:
		drain_local_pages(NULL);
		break;
	case FILL_LISTS:
		drain_local_pages(NULL);
		allocate(place, false);
		/* The rest of the refill is not of interest. */
		drain_local_pages(NULL);
		free_all(NULL);
		break;
	case FILL_WAITING:
		allocate(place, true);
		drain_local_pages(NULL);
		work_on_cpu(other, free_all, NULL);
		break;
	}
}

static unsigned int waiting(void)
{
	unsigned int nr = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
		nr += atomic_read(&zone_pcp(zone, raw_smp_processor_id())->nr_waiting);
	return nr;
}

static struct page *take(int fn)
{
	unsigned long address;

	if (fn)
		return alloc_pages_nolock(0, NUMA_NO_NODE, 0);
	address = __rcu_alloc_page_lockless();
	return address ? virt_to_page((void *)address) : NULL;
}

static void trial(const struct place *place, unsigned int other, int fn, struct sum *sum)
{
	unsigned long flags;
	unsigned int i;
	u64 start;

	prepare(place, other);
	local_irq_save(flags);
	if (place->locked)
		lock_zones(true);
	sum->waiting += waiting();
	start = ktime_get_mono_fast_ns();
	for (i = 0; i < BURST; i++) {
		struct page *page = take(fn);

		if (page)
			pages[nr_pages++] = page;
	}
	sum->ns += ktime_get_mono_fast_ns() - start;
	sum->tries += BURST;
	sum->got += nr_pages;
	if (place->locked)
		lock_zones(false);
	local_irq_restore(flags);
	free_all(NULL);
}

static int run(const struct place *place, unsigned int trials)
{
	unsigned int other = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	struct task_struct *task = NULL;
	struct sum sums[2] = {};
	unsigned int i;
	int fn;

	if (other >= nr_cpu_ids)
		return -EINVAL;
	if (place->locked) {
		task = kthread_run_on_cpu(holder, NULL, other, "nolock_holder/%u");
		if (IS_ERR(task))
			return PTR_ERR(task);
	}
	for (i = 0; i < trials; i++) {
		for (fn = 0; fn < 2; fn++)
			trial(place, other, (fn + i) % 2, &sums[(fn + i) % 2]);
		if (place->fill == FILL_NOT)
			schedule_timeout_uninterruptible(1);
		cond_resched();
	}
	if (task)
		kthread_stop(task);
	for (fn = 0; fn < 2; fn++)
		pr_info("nolock_bench: place=%s fn=%s tries=%lu got=%lu waiting=%lu ns=%llu\n",
			place->name, names[fn], sums[fn].tries, sums[fn].got,
			sums[fn].waiting / trials, sums[fn].ns);
	return 0;
}

static int set_run(const char *value, const struct kernel_param *kp)
{
	unsigned int trials, i;
	char name[32];
	int ret = -EINVAL;

	if (sscanf(value, "%31s %u", name, &trials) != 2 || !trials)
		return -EINVAL;
	mutex_lock(&running);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		if (!strcmp(name, places[i].name))
			ret = run(&places[i], trials);
	}
	mutex_unlock(&running);
	return ret;
}

static const struct kernel_param_ops run_ops = { .set = set_run };
module_param_cb(run, &run_ops, NULL, 0200);
