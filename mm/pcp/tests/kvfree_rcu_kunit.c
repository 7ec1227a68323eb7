// SPDX-License-Identifier: GPL-2.0
/*
 * kvfree_rcu() in both forms, for objects of slab and of vmalloc, while pages
 * from the per-CPU lists can be had never, at times and always. Everything is
 * released after the grace period, and no block is lost.
 */
#include <kunit/test.h>
#include <linux/fault-inject.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../fail.h"
#include "live.h"

/* More than one block has room for. */
#define KVFREE_OBJECTS	2000

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
	int ret = live_init(test);

	if (ret)
		return ret;
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

/*
 * A cache of its own: to destroy it is to check that it is empty. Most of these
 * objects go through the sheaves of the cache, which kfree_rcu() prefers.
 */
static void kvfree_slab_objects(struct kunit *test)
{
	struct kvfree_object **objects;
	struct kmem_cache *cache;
	long before = live_balance(test);
	unsigned int i;

	cache = kmem_cache_create("kvfree_rcu_test", sizeof(**objects), 0,
				  SLAB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	objects = vcalloc(KVFREE_OBJECTS, sizeof(*objects));
	KUNIT_ASSERT_NOT_NULL(test, objects);
	for (i = 0; i < KVFREE_OBJECTS; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < KVFREE_OBJECTS; i++) {
		if (!objects[i])
			continue;
		if (i % 16)
			kvfree_rcu(objects[i], rcu);
		else
			kvfree_rcu_mightsleep(objects[i]);
	}
	kvfree_rcu_barrier();
	vfree(objects);
	/* Complains, which fails the run, if an object is left. */
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
	unsigned long pages = live_event(KVFREE_RCU_PAGE);
	unsigned long heads = live_event(KVFREE_RCU_HEAD);
	const struct kvfree_param *param = test->param_value;
	struct kvfree_object **objects;
	long before = live_balance(test);
	unsigned int i, left = 0, nr = 0;

	objects = vcalloc(KVFREE_OBJECTS, sizeof(*objects));
	KUNIT_ASSERT_NOT_NULL(test, objects);
	for (i = 0; i < KVFREE_OBJECTS; i++) {
		objects[i] = vmalloc(PAGE_SIZE + sizeof(**objects));
		nr += !!objects[i];
	}
	KUNIT_EXPECT_EQ(test, nr, (unsigned int)KVFREE_OBJECTS);
	for (i = 0; i < KVFREE_OBJECTS; i++) {
		if (!objects[i])
			continue;
		if (i % 16)
			kvfree_rcu(objects[i], rcu);
		else
			kvfree_rcu_mightsleep(objects[i]);
	}
	kvfree_rcu_barrier();
	/* Somebody else may have one of the addresses now. */
	for (i = 0; i < KVFREE_OBJECTS; i++)
		left += objects[i] && kvfree_mapped(objects[i]);
	KUNIT_EXPECT_LE(test, left, 16U);
	vfree(objects);

	pages = live_event(KVFREE_RCU_PAGE) - pages;
	heads = live_event(KVFREE_RCU_HEAD) - heads;
	kunit_info(test, "%lu blocks from the lists, %lu objects by their head",
		   pages, heads);
	if (param->failing == 100)
		KUNIT_EXPECT_EQ(test, pages, 0UL);
	kvfree_done(test, before);
}

static struct kunit_case kvfree_cases[] = {
	KUNIT_CASE_PARAM(kvfree_slab_objects, kvfree_gen_params),
	KUNIT_CASE_PARAM(kvfree_vmalloc_objects, kvfree_gen_params),
	{}
};

static struct kunit_suite kvfree_suite = {
	.name = "kvfree_rcu",
	.init = kvfree_init,
	.test_cases = kvfree_cases,
};

kunit_test_suite(kvfree_suite);
