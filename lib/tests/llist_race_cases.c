// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for lock-less, singly linked lists: each pair of operations that the table in
 * <linux/llist.h> allows to run at the same time:
 *
 *   add        add        llist_race_add_add
 *   add        del_first  llist_race_add_del_first, llist_reuse_add_del_first*
 *   add        del_all    llist_race_add_del_all, llist_reuse_add_del_all
 *   del_all    del_all    llist_race_del_all_del_all, llist_reuse_del_all_del_all
 *   del_all    del_first  llist_race_del_all_del_first
 *
 * The two that need a lock between the consumers, with that lock:
 *
 *   del_first  del_first  llist_locked_del_first
 *   del_first  del_all    llist_locked_del_first_del_all
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "llist_race.h"

static struct item *item_of(struct llist_node *node)
{
	return llist_entry(node, struct item, node);
}

/* === Each item is added once: order and loss === */

static bool wait_for_consumers(struct racer *r)
{
	unsigned long end = jiffies + TURN_TIMEOUT;

	while (!llist_empty(&r->race->head)) {
		if (time_after(jiffies, end) || kthread_should_stop()) {
			r->lost++;
			return false;
		}
		cpu_relax();
		cond_resched();
	}
	return true;
}

/* Singles and batches in turn, so that both meet the consumers. */
static void produce_once(struct racer *r)
{
	unsigned long end = jiffies + ENOUGH_TIME;
	bool consumers = r->race->nr_producers < r->race->nr;
	unsigned int burst = consumers ? BURST : BURST_ALONE;
	unsigned int batch = 1, pause_at = burst;

	while (r->added < ITEMS) {
		unsigned int nr = min(batch, ITEMS - r->added);
		struct item *first = NULL, *last = NULL;
		LLIST_HEAD(own);

		for (unsigned int i = 0; i < nr; i++) {
			struct item *item = &r->items[r->added];

			item->producer = r->index;
			item->seq = r->added++;
			item->more = i;
			last = last ?: item;
			first = item;
			if (nr > 1)
				__llist_add(&item->node, &own);
		}
		if (nr > 1)
			r->was_empty += llist_add_batch(&first->node, &last->node,
							&r->race->head);
		else
			r->was_empty += llist_add(&first->node, &r->race->head);
		batch = batch % MAX_BATCH + 1;
		if (r->added < pause_at)
			continue;
		if (time_after(jiffies, end))
			break;
		if (!(consumers ? wait_for_consumers(r) : llist_race_meet(r)))
			break;
		pause_at = r->added + burst;
	}
	smp_store_release(&r->race->over, true); /* for llist_race_meet() */
}

/* Looks after the last producer is done, so that nothing can be left. */
static bool consumer_goes_on(struct racer *r)
{
	bool last = !atomic_read_acquire(&r->race->producing);

	cond_resched();
	if (kthread_should_stop())
		return false;
	return !last || !llist_empty(&r->race->head);
}

static bool took_room(struct racer *r)
{
	return r->nr_took < r->race->nr_producers * ITEMS;
}

static void take_all(struct racer *r)
{
	while (consumer_goes_on(r) && took_room(r)) {
		struct llist_node *first = llist_del_all(&r->race->head);

		if (!first)
			continue;
		r->took[r->nr_took++] = first;
		r->emptied++;
	}
}

static void take_first(struct racer *r)
{
	while (consumer_goes_on(r) && took_room(r)) {
		struct llist_node *node = llist_del_first(&r->race->head);

		if (!node)
			continue;
		r->took[r->nr_took++] = node;
		r->emptied += !llist_next(node);
	}
}

/* Counts, as a broken list would otherwise report each of many items. */
struct verdict {
	unsigned int taken;
	unsigned int twice;
	unsigned int foreign;
	unsigned int disorder;
	unsigned int torn;
};

/* Also keeps a broken chain from being endless: false the second time. */
static bool saw(struct verdict *v, struct race *race, struct item *item)
{
	v->taken++;
	if (item->producer >= race->nr_producers) {
		v->foreign++;
		return false;
	}
	if (atomic_inc_return(&item->state) > 1) {
		v->twice++;
		return false;
	}
	return true;
}

/*
 * A chain is newest first: of each producer the numbers fall, and nothing
 * comes between the entries of a batch.
 */
static void judge_chain(struct verdict *v, struct race *race,
			struct llist_node *chain)
{
	unsigned int above[MAX_THREADS];
	struct item *item, *batch = NULL;

	for (unsigned int i = 0; i < MAX_THREADS; i++)
		above[i] = ITEMS;

	llist_for_each_entry(item, chain, node) {
		if (!saw(v, race, item))
			return;
		v->disorder += item->seq >= above[item->producer];
		above[item->producer] = item->seq;
		if (batch)
			v->torn += item->producer != batch->producer ||
				   item->more != batch->more - 1;
		batch = item->more ? item : NULL;
	}
	v->torn += !!batch;
}

static void judge_chains(struct verdict *v, struct race *race, struct racer *r)
{
	for (unsigned int i = 0; i < r->nr_took; i++)
		judge_chain(v, race, r->took[i]);
}

/*
 * del_first took these one by one. A stack per producer is the model: to take
 * an item, all items up to it must have been added, and it must be on top.
 */
static void judge_singles(struct kunit *test, struct verdict *v,
			  struct race *race, struct racer *r, bool only_consumer)
{
	unsigned int *stack = llist_race_alloc(test, race->nr_producers * ITEMS, sizeof(*stack));
	unsigned int height[MAX_THREADS] = {}, added[MAX_THREADS] = {};

	for (unsigned int i = 0; i < r->nr_took; i++) {
		struct item *item = item_of(r->took[i]);
		unsigned int p = item->producer;

		if (!saw(v, race, item) || !only_consumer)
			continue;
		while (added[p] <= item->seq)
			stack[p * ITEMS + height[p]++] = added[p]++;
		if (height[p] && stack[p * ITEMS + height[p] - 1] == item->seq)
			height[p]--;
		else
			v->disorder++;
	}
}

/* Nothing lost, nothing twice, and one "was empty" for each emptying. */
static void judge(struct kunit *test, struct race *race, struct verdict *v,
		  unsigned int emptied_later)
{
	unsigned int added = 0, was_empty = 0, emptied = emptied_later, lost = 0;

	for (unsigned int i = 0; i < race->nr; i++) {
		struct racer *r = &race->racer[i];

		added += r->added;
		was_empty += r->was_empty;
		emptied += r->emptied;
		lost += r->lost;
		for (unsigned int j = 0; j < r->added; j++)
			lost += !atomic_read(&r->items[j].state);
	}
	KUNIT_EXPECT_GE(test, added, race->nr_producers * BURST);
	KUNIT_EXPECT_EQ(test, v->taken, added);
	KUNIT_EXPECT_EQ(test, lost, 0);
	KUNIT_EXPECT_EQ(test, v->twice, 0);
	KUNIT_EXPECT_EQ(test, v->foreign, 0);
	KUNIT_EXPECT_EQ(test, v->disorder, 0);
	KUNIT_EXPECT_EQ(test, v->torn, 0);
	KUNIT_EXPECT_EQ(test, was_empty, emptied);
	KUNIT_EXPECT_TRUE(test, llist_empty(&race->head));
}

/* add and add */
static void llist_race_add_add(struct kunit *test)
{
	struct race *race = llist_race_new(test, 0, produce_once, NULL);
	struct verdict v = {};

	llist_race_run(test, race);
	judge_chain(&v, race, llist_del_all(&race->head));
	/* The only emptying was the one above. */
	judge(test, race, &v, 1);
}

/*
 * add and del_all, one consumer: what it takes follows what it took before,
 * without a gap.
 */
static void llist_race_add_del_all(struct kunit *test)
{
	struct race *race = llist_race_new(test, 1, produce_once, take_all);
	struct racer *consumer = &race->racer[race->nr_producers];
	unsigned int expected[MAX_THREADS] = {};
	struct verdict v = {};
	struct item *item;

	llist_race_run(test, race);
	judge_chains(&v, race, consumer);
	judge(test, race, &v, 0);
	/* Only a list that is whole can be turned round. */
	if (v.twice || v.foreign)
		return;
	for (unsigned int i = 0; i < consumer->nr_took; i++)
		llist_for_each_entry(item, llist_reverse_order(consumer->took[i]), node)
			v.disorder += item->seq != expected[item->producer]++;
	KUNIT_EXPECT_EQ(test, v.disorder, 0);
}

/* del_all and del_all (and add) */
static void llist_race_del_all_del_all(struct kunit *test)
{
	struct race *race = llist_race_new(test, 2, produce_once, take_all);
	struct verdict v = {};

	llist_race_run(test, race);
	for (unsigned int i = race->nr_producers; i < race->nr; i++)
		judge_chains(&v, race, &race->racer[i]);
	judge(test, race, &v, 0);
}

/* add and del_first, one consumer */
static void llist_race_add_del_first(struct kunit *test)
{
	struct race *race = llist_race_new(test, 1, produce_once, take_first);
	struct verdict v = {};

	llist_race_run(test, race);
	judge_singles(test, &v, race, &race->racer[race->nr_producers], true);
	judge(test, race, &v, 0);
}

static void take_all_or_first(struct racer *r)
{
	/* The last one is the only user of del_first. */
	if (r->index == r->race->nr - 1)
		take_first(r);
	else
		take_all(r);
}

/*
 * del_all and del_first (and add), without a lock. The table has it both ways.
 * It holds as long as no entry is added a second time, as then the first entry
 * cannot be the same with another one behind it.
 */
static void llist_race_del_all_del_first(struct kunit *test)
{
	struct race *race = llist_race_new(test, 2, produce_once, take_all_or_first);
	struct racer *by_all = &race->racer[race->nr_producers];
	struct verdict v = {};

	llist_race_run(test, race);
	/* del_first leaves the end of a batch, which is still in order. */
	judge_chains(&v, race, by_all);
	judge_singles(test, &v, race, by_all + 1, false);
	judge(test, race, &v, 0);
}

/* === Few items are added again and again: reuse === */

/* Waits for one of its own items to come back, and adds it again. */
static void produce_again(struct racer *r)
{
	unsigned long enough = jiffies + ENOUGH_TIME;

	for (; r->added < TURNS && !time_after(jiffies, enough); r->added++) {
		struct item *item = &r->items[r->added % RING];
		unsigned long end = jiffies + TURN_TIMEOUT;

		while (atomic_read_acquire(&item->state) != OFF) {
			if (time_after(jiffies, end) || kthread_should_stop()) {
				r->lost++;
				return;
			}
			cpu_relax();
			cond_resched();
		}
		item->seq = r->added;
		atomic_set(&item->state, ON);
		r->was_empty += llist_add(&item->node, &r->race->head);
	}
}

/* From here on its producer may add it again. */
static void give_back(struct racer *r, struct item *item)
{
	r->nr_took++;
	r->bad += atomic_xchg(&item->state, OFF) != ON;
}

static bool one_turn_first(struct racer *r)
{
	struct llist_node *node = llist_del_first(&r->race->head);

	if (!node)
		return false;
	r->emptied += !llist_next(node);
	give_back(r, item_of(node));
	return true;
}

static bool one_turn_all(struct racer *r)
{
	unsigned int limit = r->race->nr_producers * RING;
	struct item *item, *next;
	struct llist_node *chain = llist_del_all(&r->race->head);

	if (!chain)
		return false;
	r->emptied++;
	llist_for_each_entry_safe(item, next, chain, node) {
		give_back(r, item);
		/* More than there are: the chain bites its tail. */
		if (!limit--) {
			r->bad++;
			break;
		}
	}
	return true;
}

static bool again_room(struct racer *r)
{
	return r->nr_took <= r->race->nr_producers * TURNS;
}

static void take_first_again(struct racer *r)
{
	while (consumer_goes_on(r) && again_room(r))
		one_turn_first(r);
}

/* The mark must be gone before the producer gets the item back. */
static void take_first_init_again(struct racer *r)
{
	while (consumer_goes_on(r) && again_room(r)) {
		struct llist_node *node = llist_del_first_init(&r->race->head);

		if (!node)
			continue;
		r->bad += llist_on_list(node);
		give_back(r, item_of(node));
	}
}

static void take_all_again(struct racer *r)
{
	while (consumer_goes_on(r) && again_room(r))
		one_turn_all(r);
}

static void take_first_locked(struct racer *r)
{
	while (consumer_goes_on(r) && again_room(r)) {
		spin_lock(&r->race->consumers);
		one_turn_first(r);
		spin_unlock(&r->race->consumers);
	}
}

static void take_all_or_first_locked(struct racer *r)
{
	if (r->index != r->race->nr - 1) {
		take_first_locked(r);
		return;
	}
	while (consumer_goes_on(r) && again_room(r)) {
		spin_lock(&r->race->consumers);
		one_turn_all(r);
		spin_unlock(&r->race->consumers);
	}
}

static void judge_again(struct kunit *test, struct race *race, bool emptied_known)
{
	unsigned int added = 0, took = 0, was_empty = 0, emptied = 0;

	for (unsigned int i = 0; i < race->nr; i++) {
		struct racer *r = &race->racer[i];

		added += r->added;
		took += r->nr_took;
		was_empty += r->was_empty;
		emptied += r->emptied;
		KUNIT_EXPECT_EQ_MSG(test, r->bad, 0, "thread %u took what was not there", i);
		KUNIT_EXPECT_EQ_MSG(test, r->lost, 0, "an item of producer %u was lost", i);
	}
	KUNIT_EXPECT_GE(test, added, race->nr_producers);
	KUNIT_EXPECT_EQ(test, took, added);
	if (emptied_known)
		KUNIT_EXPECT_EQ(test, was_empty, emptied);
	KUNIT_EXPECT_TRUE(test, llist_empty(&race->head));
}

/* One consumer only: its entry cannot leave and come back behind its back. */
static void llist_reuse_add_del_first(struct kunit *test)
{
	struct race *race = llist_race_new(test, 1, produce_again, take_first_again);

	llist_race_run(test, race);
	judge_again(test, race, true);
}

static void llist_reuse_add_del_first_init(struct kunit *test)
{
	struct race *race = llist_race_new(test, 1, produce_again, take_first_init_again);

	llist_race_run(test, race);
	judge_again(test, race, false);
}

static void llist_reuse_add_del_all(struct kunit *test)
{
	struct race *race = llist_race_new(test, 1, produce_again, take_all_again);

	llist_race_run(test, race);
	judge_again(test, race, true);
}

static void llist_reuse_del_all_del_all(struct kunit *test)
{
	struct race *race = llist_race_new(test, 2, produce_again, take_all_again);

	llist_race_run(test, race);
	judge_again(test, race, true);
}

/* The lock is among the consumers, the producers do without. */
static void llist_locked_del_first(struct kunit *test)
{
	struct race *race = llist_race_new(test, 2, produce_again, take_first_locked);

	llist_race_run(test, race);
	judge_again(test, race, true);
}

static void llist_locked_del_first_del_all(struct kunit *test)
{
	struct race *race = llist_race_new(test, 2, produce_again, take_all_or_first_locked);

	llist_race_run(test, race);
	judge_again(test, race, true);
}

/* Each thread adds its one entry, and takes that one back when it is first. */
static void add_and_take_this(struct racer *r)
{
	unsigned long enough = jiffies + ENOUGH_TIME;
	struct item *item = &r->items[0];

	while (r->added < TURNS && !time_after(jiffies, enough)) {
		unsigned long end;

		if (r->added && !(r->added % BURST_ALONE) && !llist_race_meet(r))
			break;
		end = jiffies + TURN_TIMEOUT;
		r->added++;
		r->was_empty += llist_add(&item->node, &r->race->head);
		while (!llist_del_first_this(&r->race->head, &item->node)) {
			if (time_after(jiffies, end) || kthread_should_stop()) {
				r->lost++;
				goto out;
			}
			cpu_relax();
			cond_resched();
		}
		r->nr_took++;
		r->emptied += !llist_next(&item->node);
	}
out:
	smp_store_release(&r->race->over, true); /* for llist_race_meet() */
}

/* add and del_first_this, which has no row in the table. */
static void llist_reuse_add_del_first_this(struct kunit *test)
{
	struct race *race = llist_race_new(test, 0, add_and_take_this, NULL);

	llist_race_run(test, race);
	judge_again(test, race, true);
}

static struct kunit_case llist_race_cases[] = {
	KUNIT_CASE(llist_race_add_add),
	KUNIT_CASE(llist_race_add_del_all),
	KUNIT_CASE(llist_race_del_all_del_all),
	KUNIT_CASE(llist_race_add_del_first),
	KUNIT_CASE(llist_race_del_all_del_first),
	KUNIT_CASE(llist_reuse_add_del_first),
	KUNIT_CASE(llist_reuse_add_del_first_init),
	KUNIT_CASE(llist_reuse_add_del_all),
	KUNIT_CASE(llist_reuse_del_all_del_all),
	KUNIT_CASE(llist_locked_del_first),
	KUNIT_CASE(llist_locked_del_first_del_all),
	KUNIT_CASE(llist_reuse_add_del_first_this),
	{}
};

static struct kunit_suite llist_race_suite = {
	.name = "llist_race",
	.test_cases = llist_race_cases,
};

kunit_test_suite(llist_race_suite);

MODULE_DESCRIPTION("KUnit suite for lock-less lists that several CPUs use");
MODULE_LICENSE("GPL");
