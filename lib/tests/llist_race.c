// SPDX-License-Identifier: GPL-2.0
/*
 * Threads on several CPUs that use one llist, see llist_race.h.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "llist_race.h"

/* All threads go on together: at the start, and where a case asks for it. */
bool llist_race_meet(struct racer *r)
{
	struct race *race = r->race;
	int all = ++r->meetings * race->nr;

	atomic_inc(&race->arrived);
	while (atomic_read(&race->arrived) < all) {
		/*
		 * A thread that ended may have done so after this very meeting, while
		 * this one had looked and was kept from looking again. Pairs with the
		 * release when a thread is done: it had arrived here.
		 */
		if (smp_load_acquire(&race->over) || kthread_should_stop())
			return atomic_read(&race->arrived) >= all;
		cpu_relax();
		cond_resched();
	}
	return true;
}

static int racer_thread(void *data)
{
	struct racer *r = data;
	struct race *race = r->race;

	if (llist_race_meet(r)) {
		r->fn(r);
		r->returned = true;
	}
	/* In any case: a consumer waits for it. */
	if (r->index < race->nr_producers)
		atomic_dec(&race->producing);
	return 0;
}

static void race_stop(void *data)
{
	struct race *race = data;

	for (unsigned int i = 0; i < race->nr; i++) {
		struct racer *r = &race->racer[i];

		if (!r->task)
			continue;
		kthread_stop(r->task);
		put_task_struct(r->task);
		r->task = NULL;
	}
}

KUNIT_DEFINE_ACTION_WRAPPER(race_kvfree, kvfree, const void *);

void *llist_race_alloc(struct kunit *test, size_t nr, size_t size)
{
	void *p = kvcalloc(nr, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, race_kvfree, p));
	return p;
}

/* @consumers of the threads run @consume, all others @produce. */
struct race *llist_race_new(struct kunit *test, unsigned int consumers,
			    void (*produce)(struct racer *r),
			    void (*consume)(struct racer *r))
{
	unsigned int nr = min(num_online_cpus(), MAX_THREADS);
	unsigned int needed = max(consumers + 1, 2);
	struct race *race;

	if (nr < needed)
		kunit_skip(test, "needs %u CPUs, %u online", needed, nr);

	race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, race);
	init_llist_head(&race->head);
	spin_lock_init(&race->consumers);
	race->nr = nr;
	race->nr_producers = nr - consumers;
	atomic_set(&race->producing, race->nr_producers);

	for (unsigned int i = 0; i < race->nr; i++) {
		struct racer *r = &race->racer[i];

		r->race = race;
		r->index = i;
		if (i < race->nr_producers) {
			r->fn = produce;
			r->items = llist_race_alloc(test, ITEMS, sizeof(*r->items));
			for (unsigned int j = 0; j < ITEMS; j++)
				init_llist_node(&r->items[j].node);
		} else {
			r->fn = consume;
			r->took = llist_race_alloc(test, race->nr_producers * ITEMS,
						   sizeof(*r->took));
		}
	}
	return race;
}

void llist_race_run(struct kunit *test, struct race *race)
{
	unsigned int cpu = cpumask_first(cpu_online_mask);
	unsigned long timeout = RUN_TIMEOUT;

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, race_stop, race));
	for (unsigned int i = 0; i < race->nr; i++) {
		struct racer *r = &race->racer[i];
		struct task_struct *task;

		task = kthread_create_on_cpu(racer_thread, r, cpu, "llist_racer/%u");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
		r->task = get_task_struct(task);
		/* The thread forgets it when it ends, see kunit_try_catch_run(). */
		r->exited = task->vfork_done;
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
	for (unsigned int i = 0; i < race->nr; i++)
		wake_up_process(race->racer[i].task);

	for (unsigned int i = 0; i < race->nr; i++) {
		struct racer *r = &race->racer[i];

		timeout = wait_for_completion_timeout(r->exited, timeout);
		KUNIT_ASSERT_NE_MSG(test, timeout, 0, "thread %u hangs", i);
		put_task_struct(r->task);
		r->task = NULL;
		KUNIT_ASSERT_TRUE_MSG(test, r->returned, "thread %u did not return", i);
	}
}
