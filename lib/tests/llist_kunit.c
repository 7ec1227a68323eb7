// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for lock-less, singly linked lists: each operation and each iterator
 * alone. The suite llist_race has those that run at the same time.
 */
#include <kunit/test.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/poison.h>

/*
 * Two nodes: container_of() has to be right for a member that is at the start
 * of its structure, and for one that is not.
 */
struct item {
	struct llist_node at_start;
	struct llist_node node;
};

/* === The head and the node === */

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

/* === Adding === */

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

/* === Taking === */

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

/* === The iterators, over no, one and several entries === */

#define WALK	4

/* The number of entries, newest first, from which the walks below start. */
static struct llist_node *chain_of(struct item *items, int nr, bool at_start)
{
	LLIST_HEAD(head);

	for (int i = 0; i < nr; i++)
		llist_add(at_start ? &items[i].at_start : &items[i].node, &head);
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
	{}
};

static struct kunit_suite llist_suite = {
	.name = "llist",
	.test_cases = llist_cases,
};

kunit_test_suite(llist_suite);

MODULE_DESCRIPTION("KUnit suite for lock-less, singly linked lists");
MODULE_LICENSE("GPL");
