// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for lock-less, singly linked lists.
 *
 * First each operation alone, then each pair of operations that the table in
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

#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/poison.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

/*
 * Two nodes: container_of() has to be right for a member that is at the start
 * of its structure, and for one that is not.
 */
struct item {
	struct llist_node at_start;
	unsigned int producer;
	unsigned int seq;
	/* How many entries of the same batch are behind this one. */
	unsigned int more;
	atomic_t state;
	struct llist_node node;
};

static struct item *item_of(struct llist_node *node)
{
	return llist_entry(node, struct item, node);
}

/* === One thread: the head and the node === */

static LLIST_HEAD(static_head);

static void llist_init(struct kunit *test)
{
	struct llist_head by_init = LLIST_HEAD_INIT(by_init);
	struct llist_head by_call = { .first = LIST_POISON1 };

	init_llist_head(&by_call);
	KUNIT_EXPECT_NULL(test, static_head.first);
	KUNIT_EXPECT_NULL(test, by_init.first);
	KUNIT_EXPECT_NULL(test, by_call.first);
	KUNIT_EXPECT_TRUE(test, llist_empty(&static_head));
	KUNIT_EXPECT_TRUE(test, llist_empty(&by_init));
	KUNIT_EXPECT_TRUE(test, llist_empty(&by_call));
}

static void llist_empty_follows_list(struct kunit *test)
{
	struct llist_node a, b;
	LLIST_HEAD(head);

	KUNIT_EXPECT_TRUE(test, llist_empty(&head));
	llist_add(&a, &head);
	KUNIT_EXPECT_FALSE(test, llist_empty(&head));
	llist_add(&b, &head);
	KUNIT_EXPECT_FALSE(test, llist_empty(&head));
	llist_del_first(&head);
	KUNIT_EXPECT_FALSE(test, llist_empty(&head));
	llist_del_first(&head);
	KUNIT_EXPECT_TRUE(test, llist_empty(&head));
}

static void llist_on_list_follows_node(struct kunit *test)
{
	struct llist_node a, b;
	LLIST_HEAD(head);

	init_llist_node(&a);
	init_llist_node(&b);
	KUNIT_EXPECT_FALSE(test, llist_on_list(&a));
	KUNIT_EXPECT_FALSE(test, llist_on_list(&b));

	/* The last entry points to NULL, not to itself. */
	llist_add(&a, &head);
	llist_add(&b, &head);
	KUNIT_EXPECT_TRUE(test, llist_on_list(&a));
	KUNIT_EXPECT_TRUE(test, llist_on_list(&b));

	/* Only the init form marks the entry as off the list. */
	KUNIT_EXPECT_PTR_EQ(test, llist_del_first(&head), &b);
	KUNIT_EXPECT_TRUE(test, llist_on_list(&b));
	KUNIT_EXPECT_PTR_EQ(test, llist_del_first_init(&head), &a);
	KUNIT_EXPECT_FALSE(test, llist_on_list(&a));

	init_llist_node(&b);
	KUNIT_EXPECT_FALSE(test, llist_on_list(&b));
}

static void llist_next_walks(struct kunit *test)
{
	struct llist_node a, b;
	LLIST_HEAD(head);

	llist_add(&a, &head);
	llist_add(&b, &head);
	KUNIT_EXPECT_PTR_EQ(test, llist_next(&b), &a);
	KUNIT_EXPECT_NULL(test, llist_next(&a));
}

/* === One thread: adding === */

static void llist_add_order_and_return(struct kunit *test)
{
	struct llist_node a, b, c;
	LLIST_HEAD(head);

	KUNIT_EXPECT_TRUE(test, llist_add(&a, &head));
	KUNIT_EXPECT_FALSE(test, llist_add(&b, &head));
	KUNIT_EXPECT_FALSE(test, llist_add(&c, &head));

	KUNIT_EXPECT_PTR_EQ(test, head.first, &c);
	KUNIT_EXPECT_PTR_EQ(test, c.next, &b);
	KUNIT_EXPECT_PTR_EQ(test, b.next, &a);
	KUNIT_EXPECT_NULL(test, a.next);

	/* Empty again: true again. */
	llist_del_all(&head);
	KUNIT_EXPECT_TRUE(test, llist_add(&b, &head));
	llist_del_first(&head);
	KUNIT_EXPECT_TRUE(test, llist_add(&c, &head));
}

static void llist_add_batch_order_and_return(struct kunit *test)
{
	struct llist_node a, b, c, d, e;
	LLIST_HEAD(head);

	/* Three, two, and one that is first and last. */
	a.next = &b;
	b.next = &c;
	KUNIT_EXPECT_TRUE(test, llist_add_batch(&a, &c, &head));
	KUNIT_EXPECT_PTR_EQ(test, head.first, &a);
	KUNIT_EXPECT_PTR_EQ(test, a.next, &b);
	KUNIT_EXPECT_PTR_EQ(test, b.next, &c);
	KUNIT_EXPECT_NULL(test, c.next);

	KUNIT_EXPECT_FALSE(test, llist_add_batch(&d, &d, &head));
	KUNIT_EXPECT_PTR_EQ(test, head.first, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.next, &a);

	/* A batch goes in front of what is there, in its own order. */
	llist_del_all(&head);
	KUNIT_EXPECT_TRUE(test, llist_add(&e, &head));
	a.next = &b;
	KUNIT_EXPECT_FALSE(test, llist_add_batch(&a, &b, &head));
	KUNIT_EXPECT_PTR_EQ(test, head.first, &a);
	KUNIT_EXPECT_PTR_EQ(test, a.next, &b);
	KUNIT_EXPECT_PTR_EQ(test, b.next, &e);
	KUNIT_EXPECT_NULL(test, e.next);
}

static void llist_private_add(struct kunit *test)
{
	struct llist_node a, b, c, d;
	LLIST_HEAD(head);

	KUNIT_EXPECT_TRUE(test, __llist_add(&a, &head));
	KUNIT_EXPECT_FALSE(test, __llist_add(&b, &head));
	c.next = &d;
	KUNIT_EXPECT_FALSE(test, __llist_add_batch(&c, &d, &head));

	KUNIT_EXPECT_PTR_EQ(test, head.first, &c);
	KUNIT_EXPECT_PTR_EQ(test, c.next, &d);
	KUNIT_EXPECT_PTR_EQ(test, d.next, &b);
	KUNIT_EXPECT_PTR_EQ(test, b.next, &a);
	KUNIT_EXPECT_NULL(test, a.next);

	__llist_del_all(&head);
	c.next = &d;
	KUNIT_EXPECT_TRUE(test, __llist_add_batch(&c, &d, &head));
	KUNIT_EXPECT_PTR_EQ(test, head.first, &c);
	KUNIT_EXPECT_NULL(test, d.next);
}

/* === One thread: taking === */

static void llist_del_all_takes_all(struct kunit *test)
{
	struct llist_node a, b;
	LLIST_HEAD(head);

	KUNIT_EXPECT_NULL(test, llist_del_all(&head));
	llist_add(&a, &head);
	llist_add(&b, &head);
	KUNIT_EXPECT_PTR_EQ(test, llist_del_all(&head), &b);
	KUNIT_EXPECT_PTR_EQ(test, b.next, &a);
	KUNIT_EXPECT_NULL(test, a.next);
	KUNIT_EXPECT_TRUE(test, llist_empty(&head));
	KUNIT_EXPECT_NULL(test, llist_del_all(&head));
}

static void llist_private_del_all(struct kunit *test)
{
	struct llist_node a, b;
	LLIST_HEAD(head);

	KUNIT_EXPECT_NULL(test, __llist_del_all(&head));
	__llist_add(&a, &head);
	__llist_add(&b, &head);
	KUNIT_EXPECT_PTR_EQ(test, __llist_del_all(&head), &b);
	KUNIT_EXPECT_PTR_EQ(test, b.next, &a);
	KUNIT_EXPECT_NULL(test, a.next);
	KUNIT_EXPECT_TRUE(test, llist_empty(&head));
	KUNIT_EXPECT_NULL(test, __llist_del_all(&head));
}

static void llist_del_first_is_lifo(struct kunit *test)
{
	struct llist_node a, b, c;
	LLIST_HEAD(head);

	KUNIT_EXPECT_NULL(test, llist_del_first(&head));
	llist_add(&a, &head);
	llist_add(&b, &head);
	KUNIT_EXPECT_PTR_EQ(test, llist_del_first(&head), &b);
	llist_add(&c, &head);
	KUNIT_EXPECT_PTR_EQ(test, llist_del_first(&head), &c);
	KUNIT_EXPECT_PTR_EQ(test, llist_del_first(&head), &a);
	KUNIT_EXPECT_NULL(test, llist_del_first(&head));
	KUNIT_EXPECT_TRUE(test, llist_empty(&head));
}

static void llist_del_first_init_marks(struct kunit *test)
{
	struct llist_node a, b;
	LLIST_HEAD(head);

	KUNIT_EXPECT_NULL(test, llist_del_first_init(&head));
	llist_add(&a, &head);
	llist_add(&b, &head);
	KUNIT_EXPECT_PTR_EQ(test, llist_del_first_init(&head), &b);
	KUNIT_EXPECT_FALSE(test, llist_on_list(&b));
	KUNIT_EXPECT_TRUE(test, llist_on_list(&a));
	KUNIT_EXPECT_PTR_EQ(test, head.first, &a);
	KUNIT_EXPECT_PTR_EQ(test, llist_del_first_init(&head), &a);
	KUNIT_EXPECT_FALSE(test, llist_on_list(&a));
	KUNIT_EXPECT_NULL(test, llist_del_first_init(&head));
}

static void llist_del_first_this_only_if_first(struct kunit *test)
{
	struct llist_node a, b, other;
	LLIST_HEAD(head);

	init_llist_node(&other);
	KUNIT_EXPECT_FALSE(test, llist_del_first_this(&head, &a));
	llist_add(&a, &head);
	llist_add(&b, &head);

	/* On the list but not first, and not on it at all: nothing changes. */
	KUNIT_EXPECT_FALSE(test, llist_del_first_this(&head, &a));
	KUNIT_EXPECT_FALSE(test, llist_del_first_this(&head, &other));
	KUNIT_EXPECT_PTR_EQ(test, head.first, &b);
	KUNIT_EXPECT_PTR_EQ(test, b.next, &a);
	KUNIT_EXPECT_NULL(test, a.next);
	KUNIT_EXPECT_FALSE(test, llist_on_list(&other));

	KUNIT_EXPECT_TRUE(test, llist_del_first_this(&head, &b));
	KUNIT_EXPECT_PTR_EQ(test, head.first, &a);
	KUNIT_EXPECT_FALSE(test, llist_del_first_this(&head, &b));
	KUNIT_EXPECT_TRUE(test, llist_del_first_this(&head, &a));
	KUNIT_EXPECT_TRUE(test, llist_empty(&head));
}

static void llist_reverse(struct kunit *test)
{
	struct llist_node a, b, c;
	LLIST_HEAD(head);

	KUNIT_EXPECT_NULL(test, llist_reverse_order(NULL));

	llist_add(&a, &head);
	KUNIT_EXPECT_PTR_EQ(test, llist_reverse_order(llist_del_all(&head)), &a);
	KUNIT_EXPECT_NULL(test, a.next);

	llist_add(&a, &head);
	llist_add(&b, &head);
	llist_add(&c, &head);
	KUNIT_EXPECT_PTR_EQ(test, llist_reverse_order(llist_del_all(&head)), &a);
	KUNIT_EXPECT_PTR_EQ(test, a.next, &b);
	KUNIT_EXPECT_PTR_EQ(test, b.next, &c);
	KUNIT_EXPECT_NULL(test, c.next);
}

/* === One thread: the iterators, over no, one and several entries === */

#define WALK	4

/* The number of entries, newest first, from which the walks below start. */
static struct llist_node *chain_of(struct item *items, int nr, bool at_start)
{
	LLIST_HEAD(head);

	for (int i = 0; i < nr; i++) {
		items[i].seq = i;
		llist_add(at_start ? &items[i].at_start : &items[i].node, &head);
	}
	return llist_del_all(&head);
}

static void llist_walk(struct kunit *test)
{
	struct item items[WALK];
	struct llist_node *pos;

	for (int nr = 0; nr <= WALK; nr++) {
		int left = nr;

		llist_for_each(pos, chain_of(items, nr, false))
			KUNIT_ASSERT_PTR_EQ(test, pos, &items[--left].node);
		KUNIT_EXPECT_EQ(test, left, 0);
		KUNIT_EXPECT_NULL(test, pos);
	}
}

static void llist_walk_safe(struct kunit *test)
{
	struct item items[WALK];
	struct llist_node *pos, *next;

	for (int nr = 0; nr <= WALK; nr++) {
		int left = nr;

		llist_for_each_safe(pos, next, chain_of(items, nr, false)) {
			KUNIT_ASSERT_PTR_EQ(test, pos, &items[--left].node);
			/* As if it were freed. */
			pos->next = LIST_POISON1;
		}
		KUNIT_EXPECT_EQ(test, left, 0);
	}
}

static void llist_walk_entry(struct kunit *test)
{
	struct item items[WALK];
	struct item *pos;

	for (int nr = 0; nr <= WALK; nr++) {
		int left = nr;

		llist_for_each_entry(pos, chain_of(items, nr, false), node)
			KUNIT_ASSERT_PTR_EQ(test, pos, &items[--left]);
		KUNIT_EXPECT_EQ(test, left, 0);

		left = nr;
		llist_for_each_entry(pos, chain_of(items, nr, true), at_start)
			KUNIT_ASSERT_PTR_EQ(test, pos, &items[--left]);
		KUNIT_EXPECT_EQ(test, left, 0);
	}
}

static void llist_walk_entry_safe(struct kunit *test)
{
	struct item items[WALK];
	struct item *pos, *next;

	for (int nr = 0; nr <= WALK; nr++) {
		int left = nr;

		llist_for_each_entry_safe(pos, next, chain_of(items, nr, false), node) {
			KUNIT_ASSERT_PTR_EQ(test, pos, &items[--left]);
			pos->node.next = LIST_POISON1;
		}
		KUNIT_EXPECT_EQ(test, left, 0);

		left = nr;
		llist_for_each_entry_safe(pos, next, chain_of(items, nr, true), at_start) {
			KUNIT_ASSERT_PTR_EQ(test, pos, &items[--left]);
			pos->at_start.next = LIST_POISON1;
		}
		KUNIT_EXPECT_EQ(test, left, 0);
	}
}

/* === Several threads: how they run === */

/* One thread per CPU: a thread that spins would only keep out another. */
#define MAX_THREADS	4
/* Added by each producer, each item once, resp. each turn of its few items... */
#define ITEMS		20000
#define TURNS		20000
#define RING		8
#define MAX_BATCH	7
/* ... or less, as a host with fewer cores than there are CPUs is slow. */
#define ENOUGH_TIME	(HZ)
/*
 * After so many a producer lets the consumers catch up, resp. waits for the
 * other producers: they may all share a core of the host, where each would
 * otherwise be done before the next one begins.
 */
#define BURST		64
#define BURST_ALONE	256
/* Only a broken list takes so long for one entry, resp. for a whole run. */
#define TURN_TIMEOUT	(5 * HZ)
#define RUN_TIMEOUT	(90 * HZ)

enum state {
	OFF,
	ON,
};

struct race;

/* Written by its own thread only, and read when that has ended. */
struct racer {
	struct race *race;
	unsigned int index;
	void (*fn)(struct racer *r);
	struct task_struct *task;
	struct completion *exited;
	bool returned;
	unsigned int meetings;
	/* Of a producer: */
	struct item *items;
	unsigned int added;
	unsigned int was_empty;
	/* Of a consumer: what it took, as chains, in the order of taking. */
	struct llist_node **took;
	unsigned int nr_took;
	unsigned int emptied;
	/* Entries that came back twice, or with a wrong mark. */
	unsigned int bad;
	/* Waited too long for an entry to come back. */
	unsigned int lost;
};

struct race {
	struct llist_head head;
	/* Keeps consumers apart where the table says so, never producers. */
	spinlock_t consumers;
	atomic_t arrived;
	atomic_t producing;
	/* One thread is done or gave up, and comes to no later meeting. */
	bool over;
	unsigned int nr;
	unsigned int nr_producers;
	struct racer racer[MAX_THREADS];
};

/* All threads go on together: at the start, and where a case asks for it. */
static bool meet_all(struct racer *r)
{
	struct race *race = r->race;
	int all = ++r->meetings * race->nr;

	atomic_inc(&race->arrived);
	while (atomic_read(&race->arrived) < all) {
		/*
		 * Whoever ended may have done so after this very meeting, while
		 * this thread had looked and was kept from looking again. Pairs
		 * with the release when a thread is done: it had arrived here.
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

	if (meet_all(r)) {
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

static void *race_alloc(struct kunit *test, size_t nr, size_t size)
{
	void *p = kvcalloc(nr, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, race_kvfree, p));
	return p;
}

/* @consumers of the threads run @consume, all others @produce. */
static struct race *race_new(struct kunit *test, unsigned int consumers,
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
			r->items = race_alloc(test, ITEMS, sizeof(*r->items));
			for (unsigned int j = 0; j < ITEMS; j++)
				init_llist_node(&r->items[j].node);
		} else {
			r->fn = consume;
			r->took = race_alloc(test, race->nr_producers * ITEMS,
					     sizeof(*r->took));
		}
	}
	return race;
}

static void race_run(struct kunit *test, struct race *race)
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

/* === Several threads, each item added once: order and loss === */

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
		if (!(consumers ? wait_for_consumers(r) : meet_all(r)))
			break;
		pause_at = r->added + burst;
	}
	smp_store_release(&r->race->over, true); /* for meet_all() */
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
 * What del_first took, one by one. A stack per producer is the model: to take
 * an item, all items up to it must have been added, and it must be on top.
 */
static void judge_singles(struct kunit *test, struct verdict *v,
			  struct race *race, struct racer *r, bool only_consumer)
{
	unsigned int *stack = race_alloc(test, race->nr_producers * ITEMS, sizeof(*stack));
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
	struct race *race = race_new(test, 0, produce_once, NULL);
	struct verdict v = {};

	race_run(test, race);
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
	struct race *race = race_new(test, 1, produce_once, take_all);
	struct racer *consumer = &race->racer[race->nr_producers];
	unsigned int expected[MAX_THREADS] = {};
	struct verdict v = {};
	struct item *item;

	race_run(test, race);
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
	struct race *race = race_new(test, 2, produce_once, take_all);
	struct verdict v = {};

	race_run(test, race);
	for (unsigned int i = race->nr_producers; i < race->nr; i++)
		judge_chains(&v, race, &race->racer[i]);
	judge(test, race, &v, 0);
}

/* add and del_first, one consumer */
static void llist_race_add_del_first(struct kunit *test)
{
	struct race *race = race_new(test, 1, produce_once, take_first);
	struct verdict v = {};

	race_run(test, race);
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
	struct race *race = race_new(test, 2, produce_once, take_all_or_first);
	struct racer *by_all = &race->racer[race->nr_producers];
	struct verdict v = {};

	race_run(test, race);
	/* What del_first leaves of a batch is its end, which is still in order. */
	judge_chains(&v, race, by_all);
	judge_singles(test, &v, race, by_all + 1, false);
	judge(test, race, &v, 0);
}

/* === Several threads, few items added again and again: reuse === */

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
	struct race *race = race_new(test, 1, produce_again, take_first_again);

	race_run(test, race);
	judge_again(test, race, true);
}

static void llist_reuse_add_del_first_init(struct kunit *test)
{
	struct race *race = race_new(test, 1, produce_again, take_first_init_again);

	race_run(test, race);
	judge_again(test, race, false);
}

static void llist_reuse_add_del_all(struct kunit *test)
{
	struct race *race = race_new(test, 1, produce_again, take_all_again);

	race_run(test, race);
	judge_again(test, race, true);
}

static void llist_reuse_del_all_del_all(struct kunit *test)
{
	struct race *race = race_new(test, 2, produce_again, take_all_again);

	race_run(test, race);
	judge_again(test, race, true);
}

/* The lock is among the consumers, the producers do without. */
static void llist_locked_del_first(struct kunit *test)
{
	struct race *race = race_new(test, 2, produce_again, take_first_locked);

	race_run(test, race);
	judge_again(test, race, true);
}

static void llist_locked_del_first_del_all(struct kunit *test)
{
	struct race *race = race_new(test, 2, produce_again, take_all_or_first_locked);

	race_run(test, race);
	judge_again(test, race, true);
}

/* Each thread adds its one entry, and takes that one back when it is first. */
static void add_and_take_this(struct racer *r)
{
	unsigned long enough = jiffies + ENOUGH_TIME;
	struct item *item = &r->items[0];

	while (r->added < TURNS && !time_after(jiffies, enough)) {
		unsigned long end;

		if (r->added && !(r->added % BURST_ALONE) && !meet_all(r))
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
	smp_store_release(&r->race->over, true); /* for meet_all() */
}

/* add and del_first_this, which has no row in the table. */
static void llist_reuse_add_del_first_this(struct kunit *test)
{
	struct race *race = race_new(test, 0, add_and_take_this, NULL);

	race_run(test, race);
	judge_again(test, race, true);
}

static struct kunit_case llist_cases[] = {
	KUNIT_CASE(llist_init),
	KUNIT_CASE(llist_empty_follows_list),
	KUNIT_CASE(llist_on_list_follows_node),
	KUNIT_CASE(llist_next_walks),
	KUNIT_CASE(llist_add_order_and_return),
	KUNIT_CASE(llist_add_batch_order_and_return),
	KUNIT_CASE(llist_private_add),
	KUNIT_CASE(llist_del_all_takes_all),
	KUNIT_CASE(llist_private_del_all),
	KUNIT_CASE(llist_del_first_is_lifo),
	KUNIT_CASE(llist_del_first_init_marks),
	KUNIT_CASE(llist_del_first_this_only_if_first),
	KUNIT_CASE(llist_reverse),
	KUNIT_CASE(llist_walk),
	KUNIT_CASE(llist_walk_safe),
	KUNIT_CASE(llist_walk_entry),
	KUNIT_CASE(llist_walk_entry_safe),
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

static struct kunit_suite llist_suite = {
	.name = "llist",
	.test_cases = llist_cases,
};

kunit_test_suite(llist_suite);

MODULE_DESCRIPTION("KUnit suite for lock-less, singly linked lists");
MODULE_LICENSE("GPL");
