// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for buddy.c: a random sequence of adding, taking and merging, against a model
 * that keeps its pieces in a plain array. To run a sequence again:
 * pcp_buddy_random_kunit.seed=<the number that it prints>.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>

#include "lib/fixture.h"

static unsigned int seed;
module_param(seed, uint, 0444);

#define STEPS	2000

/* A page on a list of a PCP. */
struct piece {
	struct per_cpu_pages *pcp;
	int block;
	unsigned int index;
	unsigned int order;
	int type;
};

/*
 * The lists of both PCPs as they must be: @pieces from hot to cold, all orders and
 * types together. One bit in @free for each of their base pages.
 */
struct model {
	struct pcp_fixture *fx;
	struct rnd_state rnd;
	unsigned int nr;
	struct piece *pieces;
	unsigned long *free[PCP_FIXTURE_BLOCKS];
};

static struct page *piece_page(struct model *m, const struct piece *p)
{
	return pcp_fx_page(m->fx, p->block, p->index);
}

static void model_add(struct model *m, struct piece p, bool tail)
{
	if (!tail)
		memmove(m->pieces + 1, m->pieces, m->nr * sizeof(p));
	m->pieces[tail ? m->nr : 0] = p;
	m->nr++;
	KUNIT_ASSERT_EQ(m->fx->test, p.index + (1 << p.order),
			find_next_bit(m->free[p.block],
				      p.index + (1 << p.order), p.index));
	bitmap_set(m->free[p.block], p.index, 1 << p.order);
}

static struct piece model_del(struct model *m, unsigned int i)
{
	struct piece p = m->pieces[i];

	m->nr--;
	memmove(m->pieces + i, m->pieces + i + 1, (m->nr - i) * sizeof(p));
	bitmap_clear(m->free[p.block], p.index, 1 << p.order);
	return p;
}

/* Returns false if nothing is large enough. */
static bool model_take(struct model *m, struct per_cpu_pages *pcp,
		       unsigned int order, int type, struct piece *taken)
{
	unsigned int want, i;

	for (want = order; want <= pageblock_order; want++) {
		for (i = 0; i < m->nr; i++) {
			struct piece *p = &m->pieces[i];

			if (p->pcp == pcp && p->order == want && p->type == type)
				goto found;
		}
	}
	return false;
found:
	*taken = model_del(m, i);
	while (taken->order > order) {
		struct piece half = *taken;

		taken->order--;
		half.order--;
		half.index += 1 << half.order;
		model_add(m, half, false);
	}
	return true;
}

static void model_merge(struct model *m, struct piece *p)
{
	unsigned int i = 0;

	while (p->order < pageblock_order && i < m->nr) {
		struct piece *q = &m->pieces[i++];

		if (q->pcp != p->pcp || q->block != p->block ||
		    q->order != p->order ||
		    q->index / (2 << p->order) != p->index / (2 << p->order))
			continue;
		p->index = min(p->index, q->index);
		p->order++;
		model_del(m, i - 1);
		i = 0;
	}
}

static void model_check_pcp(struct model *m, struct per_cpu_pages *pcp)
{
	struct kunit *test = m->fx->test;
	unsigned int pindex, count = 0, i;

	for (pindex = 0; pindex < NR_PCP_LISTS; pindex++) {
		struct list_head *pos = &pcp->lists[pindex];

		for (i = 0; i < m->nr; i++) {
			struct piece *p = &m->pieces[i];

			if (p->pcp != pcp || pcp_pindex(p->type, p->order) != pindex)
				continue;
			pos = pos->next;
			KUNIT_ASSERT_PTR_EQ(test, pos, &piece_page(m, p)->pcp_list);
			count += 1 << p->order;
		}
		KUNIT_ASSERT_PTR_EQ(test, pos->next, &pcp->lists[pindex]);
	}
	KUNIT_ASSERT_EQ(test, pcp->count, count);
}

static void model_check(struct model *m)
{
	model_check_pcp(m, m->fx->pcp);
	model_check_pcp(m, m->fx->other);
	pcp_fx_check(m->fx);
}

static unsigned int model_random(struct model *m, unsigned int below)
{
	return prandom_u32_state(&m->rnd) % below;
}

/* Half of all pages have order 0, a quarter has order 1, and so on. */
static unsigned int model_order(struct model *m)
{
	unsigned int order = __ffs(prandom_u32_state(&m->rnd) | BIT(31));

	return min(order, pageblock_order);
}

/* A quarter of all steps is done by the other CPU. */
static struct per_cpu_pages *model_pcp(struct model *m)
{
	return model_random(m, 4) ? m->fx->pcp : m->fx->other;
}

static void model_free_step(struct model *m)
{
	struct piece p = {
		.pcp = model_pcp(m),
		.block = model_random(m, PCP_FIXTURE_BLOCKS),
		.order = model_order(m),
		.type = model_random(m, MIGRATE_PCPTYPES),
	};
	bool tail = model_random(m, 2);

	p.index = model_random(m, pageblock_nr_pages) & ~((1U << p.order) - 1);
	if (find_next_bit(m->free[p.block], p.index + (1 << p.order),
			  p.index) < p.index + (1 << p.order))
		return;
	model_add(m, p, tail);
	if (tail)
		pcp_list_add_tail(p.pcp, piece_page(m, &p), p.order, p.type);
	else
		pcp_list_add(p.pcp, piece_page(m, &p), p.order, p.type);
}

static void model_take_step(struct model *m)
{
	struct per_cpu_pages *pcp = model_pcp(m);
	unsigned int order = model_order(m);
	int type = model_random(m, MIGRATE_PCPTYPES);
	struct page *page = pcp_take(pcp, order, type);
	struct piece p;

	if (!model_take(m, pcp, order, type, &p)) {
		KUNIT_ASSERT_NULL(m->fx->test, page);
		return;
	}
	KUNIT_ASSERT_PTR_EQ(m->fx->test, page, piece_page(m, &p));
	pcp_fx_expect_out(m->fx, page);
}

/* As a bulk free does, but the merged page may stay. */
static void model_merge_step(struct model *m)
{
	struct page *page;
	unsigned int order;
	struct piece p;

	if (!m->nr)
		return;
	p = model_del(m, model_random(m, m->nr));
	page = piece_page(m, &p);
	order = p.order;
	pcp_list_del(p.pcp, page, order);
	model_merge(m, &p);
	page = pcp_merge(p.pcp, page, &order);
	KUNIT_ASSERT_PTR_EQ(m->fx->test, page, piece_page(m, &p));
	KUNIT_ASSERT_EQ(m->fx->test, order, p.order);
	if (model_random(m, 2)) {
		model_add(m, p, false);
		pcp_list_add(p.pcp, page, order, p.type);
	}
}

static void buddy_random_sequence_matches_model(struct kunit *test)
{
	struct pcp_fixture *fx = test->priv;
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u32 used = seed ?: get_random_u32();
	int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->fx = fx;
	m->pieces = kunit_kcalloc(test, PCP_FIXTURE_BLOCKS * pageblock_nr_pages,
				  sizeof(*m->pieces), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m->pieces);
	for (i = 0; i < PCP_FIXTURE_BLOCKS; i++) {
		m->free[i] = kunit_kcalloc(test, BITS_TO_LONGS(pageblock_nr_pages),
					   sizeof(long), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, m->free[i]);
	}
	pcp_fx_own(fx, 0, fx->cpu);
	pcp_fx_own(fx, 1, fx->other->cpu);

	kunit_info(test, "seed %u", used);
	prandom_seed_state(&m->rnd, used);
	for (i = 0; i < STEPS; i++) {
		switch (model_random(m, 4)) {
		case 0:
		case 1:
			model_free_step(m);
			break;
		case 2:
			model_take_step(m);
			break;
		case 3:
			model_merge_step(m);
			break;
		}
		model_check(m);
	}
}

static struct kunit_case buddy_random_cases[] = {
	KUNIT_CASE(buddy_random_sequence_matches_model),
	{}
};

static struct kunit_suite buddy_random_suite = {
	.name = "pcp_buddy_random",
	.init = pcp_fx_init,
	.test_cases = buddy_random_cases,
};

kunit_test_suites(&buddy_random_suite);
