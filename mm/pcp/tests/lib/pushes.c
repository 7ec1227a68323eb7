// SPDX-License-Identifier: GPL-2.0
/*
 * Shared by the suites in which pages wait, see pushes.h.
 */
#include <kunit/test.h>

#include "pushes.h"

/* Calls of pcp_zone_short(): each push over bound_short makes one. */
unsigned int pcp_fx_nr_short;

bool pcp_fx_count_short(struct zone *zone)
{
	pcp_fx_nr_short++;
	return false;
}

int pcp_fx_pushes_init(struct kunit *test)
{
	pcp_fx_nr_short = 0;
	return pcp_fx_init(test);
}

/* As many may wait for the other CPU, and @bound_short while the zone is short. */
void pcp_fx_set_bound(struct pcp_fixture *fx, int bound_short, int bound)
{
	fx->other->bound_short = bound_short;
	fx->other->bound = bound;
}

struct pcp_run pcp_fx_empty_run(struct pcp_fixture *fx)
{
	return (struct pcp_run){ .zone = fx->zone, .pcp = fx->other };
}

/* A run of the first @nr pages of block 0, order 0. */
struct pcp_run pcp_fx_run_of(struct pcp_fixture *fx, unsigned int nr)
{
	struct pcp_run run = pcp_fx_empty_run(fx);
	unsigned int i;

	for (i = 0; i < nr; i++)
		pcp_run_add(&run, pcp_fx_page(fx, 0, i), 0);
	return run;
}

void pcp_fx_push_nr(struct pcp_fixture *fx, unsigned int nr)
{
	struct pcp_run run = pcp_fx_run_of(fx, nr);

	pcp_push(&run, false);
}

int pcp_fx_waiting(struct pcp_fixture *fx)
{
	return atomic_read(&fx->other->nr_waiting);
}

/* The zone hands out what it got, so that the pages can be pushed again. */
void pcp_fx_reuse_pages(struct pcp_fixture *fx)
{
	KUNIT_ASSERT_EQ(fx->test, pcp_fx_waiting(fx), 0);
	INIT_LIST_HEAD(&fx->freed);
}

/* Nodes on the free_llist; the order of each page must be recorded. */
static unsigned int nr_listed(struct pcp_fixture *fx, unsigned int *nr_pages)
{
	struct llist_node *node;
	unsigned int nr = 0;

	*nr_pages = 0;
	llist_for_each(node, fx->other->free_llist.first) {
		*nr_pages += 1U << page_private(llist_entry(node, struct page,
							    pcp_llist));
		nr++;
	}
	return nr;
}

void pcp_fx_expect_waiting(struct pcp_fixture *fx, unsigned int nr,
			   unsigned int nr_pages)
{
	unsigned int listed_pages;

	KUNIT_EXPECT_EQ(fx->test, nr_listed(fx, &listed_pages), nr);
	KUNIT_EXPECT_EQ(fx->test, listed_pages, nr_pages);
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_waiting(fx), nr_pages);
	KUNIT_EXPECT_EQ(fx->test, fx->other->count, 0);
	pcp_fx_check(fx);
}

static bool in_piece(struct page *piece, struct page *page)
{
	return piece && page > piece && page < piece + (1U << page_private(piece));
}

/*
 * The pages that went to the zone, and their order. Some may have gone there as a piece of
 * several, which begins with the first of them.
 */
void pcp_fx_expect_freed(struct pcp_fixture *fx, struct page *const *pages,
			 unsigned int nr)
{
	struct page *piece = NULL;
	unsigned int i, nr_pieces = 0;
	bool right;

	for (i = 0; i < nr; i++) {
		if (in_piece(piece, pages[i]))
			continue;
		piece = pcp_fx_freed(fx, nr_pieces++);
		right = piece == pages[i];
		KUNIT_EXPECT_TRUE_MSG(fx->test, right, "page %u of %u", i, nr);
	}
	KUNIT_EXPECT_NULL(fx->test, pcp_fx_freed(fx, nr_pieces));
}

void pcp_fx_expect_zone_untouched(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, fx->nr_free_calls, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_deferred, 0);
	KUNIT_EXPECT_EQ(fx->test, fx->nr_locked, 0);
}

/* Leaves pages 1 and 2 of block 0 on @taken, in the order of the pushes. */
void pcp_fx_have_two_taken(struct pcp_fixture *fx)
{
	int high = fx->other->high;

	pcp_fx_push_nr(fx, 3);
	fx->other->high = 1;
	spin_lock(&fx->other->lock);
	pcp_absorb(fx->zone, fx->other, PCP_ABSORB_TO_HIGH);
	spin_unlock(&fx->other->lock);
	fx->other->high = high;
	KUNIT_ASSERT_EQ(fx->test, pcp_fx_waiting(fx), 2);
	KUNIT_ASSERT_NOT_NULL(fx->test, fx->other->taken);
}

/* To this CPU, a page of block 1. */
void pcp_fx_push_and_check(struct pcp_fixture *fx, unsigned int index, unsigned int order)
{
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, 1, index), order);
	pcp_fx_check(fx);
}

/* Absorb the first page of those that wait, leave the others on @taken. */
void pcp_fx_absorb_one(struct pcp_fixture *fx)
{
	int high = fx->pcp->high;

	fx->pcp->high = fx->pcp->count + 1;
	KUNIT_ASSERT_EQ(fx->test, 1,
			pcp_absorb(fx->zone, fx->pcp, PCP_ABSORB_TO_HIGH));
	fx->pcp->high = high;
	KUNIT_ASSERT_NOT_NULL(fx->test, fx->pcp->taken);
}

/* Leaves pages 1 and 2 of block 1 on @taken, and page 0 on a PCP list. */
void pcp_fx_leave_taken(struct pcp_fixture *fx)
{
	pcp_fx_push_and_check(fx, 0, 0);
	pcp_fx_push_and_check(fx, 1, 0);
	pcp_fx_push_and_check(fx, 2, 0);
	pcp_fx_absorb_one(fx);
	pcp_fx_check(fx);
	KUNIT_ASSERT_EQ(fx->test, atomic_read(&fx->pcp->nr_waiting), 2);
}

/* For suites of the absorb: as many may wait for the CPU under test as a case wants. */
int pcp_fx_absorb_init(struct kunit *test)
{
	int ret = pcp_fx_init(test);
	struct pcp_fixture *fx = test->priv;

	if (ret)
		return ret;
	fx->pcp->bound = INT_MAX;
	fx->pcp->bound_short = INT_MAX;
	return 0;
}

void pcp_fx_push_here(struct pcp_fixture *fx, int block, unsigned int index,
		      unsigned int order)
{
	pcp_fx_push(fx, fx->pcp, pcp_fx_page(fx, block, index), order);
}

/* Push the first @nr pages of a block, one after the other. */
void pcp_fx_push_here_nr(struct pcp_fixture *fx, int block, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		pcp_fx_push_here(fx, block, i, 0);
	pcp_fx_check(fx);
}

int pcp_fx_waiting_here(struct pcp_fixture *fx)
{
	return atomic_read(&fx->pcp->nr_waiting);
}

unsigned int pcp_fx_absorb(struct pcp_fixture *fx, unsigned int flags)
{
	unsigned int nr_pages;

	spin_lock(&fx->pcp->lock);
	nr_pages = pcp_absorb(fx->zone, fx->pcp, flags);
	spin_unlock(&fx->pcp->lock);
	pcp_fx_check(fx);
	return nr_pages;
}

/* The mark is so high that there is room for @nr base pages more. */
unsigned int pcp_fx_absorb_portion(struct pcp_fixture *fx, int nr, unsigned int flags)
{
	fx->pcp->high = fx->pcp->count + nr;
	return pcp_fx_absorb(fx, PCP_ABSORB_TO_HIGH | flags);
}

void pcp_fx_expect_all_absorbed(struct pcp_fixture *fx)
{
	KUNIT_EXPECT_EQ(fx->test, pcp_fx_waiting_here(fx), 0);
	KUNIT_EXPECT_FALSE(fx->test, pcp_has_waiting(fx->pcp));
}

void pcp_fx_push_nolock(struct pcp_fixture *fx, unsigned int i)
{
	struct pcp_run run = { .zone = fx->zone, .pcp = fx->other };

	pcp_run_add(&run, pcp_fx_page(fx, 1, i), 0);
	pcp_push(&run, true);
	KUNIT_EXPECT_NULL(fx->test, run.pcp);
	KUNIT_EXPECT_NULL(fx->test, run.first);
	KUNIT_EXPECT_EQ(fx->test, run.nr_pages, 0);
}

/* A hook does this to the other CPU's PCP, at one of the points of a push. */
static struct {
	struct per_cpu_pages *pcp;
	enum pcp_point point;
	void (*fn)(struct kunit *test);
	struct kunit *test;
} at;

/* Called for the pushes of the whole system. */
static void do_at(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (pcp == READ_ONCE(at.pcp) && point == at.point)
		at.fn(at.test);
}

/* Ends that; also at the end of the case. */
void pcp_fx_at_no_point(void *unused)
{
	WRITE_ONCE(pcp_point_hook, NULL);
	WRITE_ONCE(at.pcp, NULL);
}

void pcp_fx_at_point(struct kunit *test, enum pcp_point point,
		     void (*fn)(struct kunit *test))
{
	struct pcp_fixture *fx = test->priv;

	at.point = point;
	at.fn = fn;
	at.test = test;
	WRITE_ONCE(at.pcp, fx->other);
	WRITE_ONCE(pcp_point_hook, do_at);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, pcp_fx_at_no_point, NULL));
}
