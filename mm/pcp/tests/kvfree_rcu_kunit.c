// SPDX-License-Identifier: GPL-2.0
/*
 * kvfree_rcu() in both forms, for objects of slab and of vmalloc, while pages
 * from the per-CPU lists can be had never, at times and always. Everything is
 * released after the grace period, and no block is lost.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/fault-inject.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../fail.h"
#include "lib/live.h"

/* More than one block has room for. */
#define KVFREE_OBJECTS	2000
/* More than the blocks have room for that kvfree_rcu() caches for a CPU. */
#define KVFREE_MANY	(16 * (PAGE_SIZE / sizeof(void *)))
/* So many pages are put on the lists first. */
#define KVFREE_PAGES	64

struct kvfree_param {
	const char *name;
	unsigned long failing;
};

static const struct kvfree_param kvfree_params[] = {
	{ "pages_can_be_had",		0 },
	{ "pages_at_times",		50 },
	{ "pages_never",		100 },
};

KUNIT_ARRAY_PARAM_DESC(kvfree, kvfree_params, name);

struct kvfree_object {
	struct rcu_head rcu;
	unsigned long data[6];
};

static void kvfree_set(unsigned long failing)
{
#ifdef CONFIG_FAIL_PCP_TRYLOCK
	struct fault_attr *attr = &fail_pcp_trylock.attr;

	attr->verbose = 0;
	atomic_set(&attr->times, -1);
	WRITE_ONCE(fail_pcp_trylock.ignore_free, failing);
	WRITE_ONCE(attr->probability, failing);
#endif
}

static void kvfree_unset(void *unused)
{
	kvfree_set(0);
}

static int kvfree_init(struct kunit *test)
{
	const struct kvfree_param *param = test->param_value;
	int ret;

	if (!IS_ENABLED(CONFIG_KVFREE_RCU_BATCHED))
		kunit_skip(test, "needs CONFIG_KVFREE_RCU_BATCHED");
	if (param->failing && !IS_ENABLED(CONFIG_FAIL_PCP_TRYLOCK))
		kunit_skip(test, "needs CONFIG_FAIL_PCP_TRYLOCK");
	ret = kunit_add_action_or_reset(test, kvfree_unset, NULL);
	kvfree_set(param->failing);
	return ret;
}

static void kvfree_done(struct kunit *test, long before)
{
	kvfree_rcu_barrier();
	kvfree_set(0);
	KUNIT_EXPECT_EQ(test, before, live_balance(test));
	live_check(test);
}

/* Events of kvfree_rcu() since the last call with the same @since, at first 0. */
static void kvfree_count(unsigned long since[2])
{
	since[0] = live_event(KVFREE_RCU_PAGE) - since[0];
	since[1] = live_event(KVFREE_RCU_HEAD) - since[1];
}

static void kvfree_tell(struct kunit *test, const unsigned long did[2])
{
	const struct kvfree_param *param = test->param_value;

	kunit_info(test, "%lu blocks from the lists, %lu objects by their head",
		   did[0], did[1]);
	if (param->failing == 100)
		KUNIT_EXPECT_EQ(test, did[0], 0UL);
}

static struct kvfree_object **kvfree_array(struct kunit *test, unsigned int nr)
{
	struct kvfree_object **objects = vcalloc(nr, sizeof(*objects));

	KUNIT_ASSERT_NOT_NULL(test, objects);
	return objects;
}

/*
 * A cache of its own: to destroy it is to check that it is empty, and complains,
 * which fails the run, if an object is left.
 */
static struct kmem_cache *kvfree_cache(struct kunit *test, slab_flags_t flags)
{
	struct kmem_cache *cache;

	cache = kmem_cache_create("kvfree_rcu_test", sizeof(struct kvfree_object),
				  0, SLAB_NO_MERGE | flags, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	return cache;
}

static unsigned int kvfree_fill(struct kvfree_object **objects, unsigned int nr,
				struct kmem_cache *cache)
{
	unsigned int i, got = 0;

	for (i = 0; i < nr; i++) {
		objects[i] = cache ? kmem_cache_alloc(cache, GFP_KERNEL) :
				     vmalloc(PAGE_SIZE + sizeof(**objects));
		got += !!objects[i];
	}
	return got;
}

/* In both forms. */
static void kvfree_give(struct kvfree_object **objects, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!objects[i])
			continue;
		if (i % 16)
			kvfree_rcu(objects[i], rcu);
		else
			kvfree_rcu_mightsleep(objects[i]);
	}
	kvfree_rcu_barrier();
}

/* Most of these go through the sheaves of the cache, which kfree_rcu() prefers. */
static void kvfree_slab_objects(struct kunit *test)
{
	struct kmem_cache *cache = kvfree_cache(test, 0);
	struct kvfree_object **objects;
	long before = live_balance(test);

	objects = kvfree_array(test, KVFREE_OBJECTS);
	KUNIT_EXPECT_EQ(test, kvfree_fill(objects, KVFREE_OBJECTS, cache),
			(unsigned int)KVFREE_OBJECTS);
	kvfree_give(objects, KVFREE_OBJECTS);
	vfree(objects);
	kmem_cache_destroy(cache);
	kvfree_done(test, before);
}

static bool kvfree_mapped(void *object)
{
	struct vm_struct *area = find_vm_area(object);

	return area && area->addr == object;
}

static void kvfree_vmalloc_objects(struct kunit *test)
{
	struct kvfree_object **objects;
	long before = live_balance(test);
	unsigned long did[2] = {};
	unsigned int i, left = 0;

	objects = kvfree_array(test, KVFREE_OBJECTS);
	KUNIT_EXPECT_EQ(test, kvfree_fill(objects, KVFREE_OBJECTS, NULL),
			(unsigned int)KVFREE_OBJECTS);
	kvfree_count(did);
	kvfree_give(objects, KVFREE_OBJECTS);
	kvfree_count(did);
	/* Somebody else may have one of the addresses now. */
	for (i = 0; i < KVFREE_OBJECTS; i++)
		left += objects[i] && kvfree_mapped(objects[i]);
	KUNIT_EXPECT_LE(test, left, 16U);
	vfree(objects);
	kvfree_tell(test, did);
	kvfree_done(test, before);
}

static void kvfree_give_all(struct kvfree_object **objects)
{
	unsigned int i;

	for (i = 0; i < KVFREE_MANY; i++) {
		if (objects[i])
			kvfree_rcu(objects[i], rcu);
	}
}

/* Have pages of the kernel on the lists. */
static void kvfree_fill_lists(void)
{
	struct page *pages[KVFREE_PAGES];
	unsigned int i;

	for (i = 0; i < KVFREE_PAGES; i++)
		pages[i] = alloc_page(GFP_KERNEL | __GFP_NORETRY);
	for (i = 0; i < KVFREE_PAGES; i++) {
		if (pages[i])
			__free_page(pages[i]);
	}
}

static long kvfree_preemptible_fn(struct pcp_worker *w)
{
	kvfree_fill_lists();
	kvfree_give_all(w->arg);
	return 0;
}

/* Nothing else runs on this CPU meanwhile: not the worker that fills the cache. */
static long kvfree_irqs_off_fn(struct pcp_worker *w)
{
	unsigned long flags;

	kvfree_fill_lists();
	local_irq_save(flags);
	kvfree_give_all(w->arg);
	local_irq_restore(flags);
	return 0;
}

/*
 * More objects than the cached blocks hold, before the cache can be filled again:
 * without a page from the lists, objects must be queued by their heads.
 * SLAB_NOLEAKTRACE keeps the sheaves away, which would take them first.
 */
static void kvfree_many(struct kunit *test, long (*fn)(struct pcp_worker *w),
			bool never, unsigned long did[2])
{
	const struct kvfree_param *param = test->param_value;
	unsigned int cpu = cpumask_first(cpu_online_mask);
	struct kvfree_object **objects;
	long before = live_balance(test);
	int tries;

	if (debug_pagealloc_enabled_static())
		kunit_skip(test, "debug_pagealloc keeps the pages away");
	objects = kvfree_array(test, KVFREE_MANY);
	/* The lists may be empty just then. */
	for (tries = 0; tries < 4; tries++) {
		struct kmem_cache *cache = kvfree_cache(test, SLAB_NOLEAKTRACE);

		KUNIT_EXPECT_EQ(test, kvfree_fill(objects, KVFREE_MANY, cache),
				(unsigned int)KVFREE_MANY);
		/* Blocks that come back late would do instead. */
		kvfree_rcu_barrier();
		memset(did, 0, 2 * sizeof(*did));
		kvfree_count(did);
		pcp_on_cpu(test, cpu, fn, objects);
		kvfree_count(did);
		kvfree_rcu_barrier();
		kmem_cache_destroy(cache);
		kvfree_tell(test, did);
		if (did[0] || param->failing || never)
			break;
	}
	vfree(objects);
	kvfree_done(test, before);
}

static void kvfree_asks_the_lists(struct kunit *test)
{
	const struct kvfree_param *param = test->param_value;
	/* A caller with interrupts off may hold a pi_lock. */
	bool never = IS_ENABLED(CONFIG_PREEMPT_RT) || param->failing == 100;
	unsigned long did[2];

	kvfree_many(test, kvfree_irqs_off_fn, never, did);
	if (never)
		KUNIT_EXPECT_GT(test, did[1], 0UL);
	else if (!param->failing)
		KUNIT_EXPECT_GT(test, did[0], 0UL);
}

/* With PREEMPT_RT too: there it drops its own raw lock to ask. */
static void kvfree_asks_for_preemptible_tasks(struct kunit *test)
{
	const struct kvfree_param *param = test->param_value;
	unsigned long did[2];

	kvfree_many(test, kvfree_preemptible_fn, false, did);
	if (!param->failing)
		KUNIT_EXPECT_GT(test, did[0], 0UL);
}

static struct kunit_case kvfree_cases[] = {
	KUNIT_CASE_PARAM(kvfree_slab_objects, kvfree_gen_params),
	KUNIT_CASE_PARAM(kvfree_vmalloc_objects, kvfree_gen_params),
	KUNIT_CASE_PARAM(kvfree_asks_the_lists, kvfree_gen_params),
	KUNIT_CASE_PARAM(kvfree_asks_for_preemptible_tasks, kvfree_gen_params),
	{}
};

static struct kunit_suite kvfree_suite = {
	.name = "kvfree_rcu",
	.init = kvfree_init,
	.test_cases = kvfree_cases,
};

kunit_test_suite(kvfree_suite);
