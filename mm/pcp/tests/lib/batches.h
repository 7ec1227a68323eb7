/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the suites that free folios in batches. Blocks 0 and 1 belong to the other CPU,
 * block 2 to this one.
 *
 * Each zone has a free_llist of its own for the same other CPU, so that more zones stand for
 * more owners, on any number of CPUs.
 *
 * This CPU has a page of order 0 in each zone from the beginning, and wants no more: it would
 * keep the pages of others' blocks.
 */
#ifndef __MM_PCP_TESTS_BATCHES_H
#define __MM_PCP_TESTS_BATCHES_H

#include "fixture.h"

/**
 * struct pcp_fx_pushes - pushes of the test's own thread to the other CPU's made-up PCPs
 * @nr: how many
 * @last: zone of the last one
 * @under_lock: one was done with the lock of this CPU's PCP held
 */
struct pcp_fx_pushes {
	unsigned int nr;
	struct zone *last;
	bool under_lock;
};

extern struct pcp_fx_pushes pcp_fx_pushes;

int pcp_fx_batch_init(struct kunit *test);
void pcp_fx_enough_in(struct pcp_fixture *fx, struct zone *zone, int block,
		      unsigned int index, unsigned int order);
void pcp_fx_have_zones(struct pcp_fixture *fx, unsigned int nr);
int pcp_fx_came(struct pcp_fixture *fx);
void pcp_fx_expect_ended(struct pcp_fixture *fx, const struct pcp_batch *batch, int pinned);
void pcp_fx_expect_unlocked(struct pcp_fixture *fx, const struct pcp_batch *batch, int pinned);

static inline int waiting(struct pcp_fixture *fx, struct zone *zone)
{
	return atomic_read(&zone_pcp(zone, fx->other->cpu)->nr_waiting);
}

static inline void batch_free_order(struct pcp_batch *batch, struct zone *zone,
				    struct page *page, unsigned int order)
{
	pcp_batch_free(batch, zone, page, page_to_pfn(page), order);
}

static inline void batch_free(struct pcp_batch *batch, struct zone *zone, struct page *page)
{
	batch_free_order(batch, zone, page, 0);
}

static inline struct page *remote(struct pcp_fixture *fx, unsigned int index)
{
	return pcp_fx_page(fx, 0, index);
}

static inline struct page *local(struct pcp_fixture *fx, unsigned int index)
{
	return pcp_fx_page(fx, 2, index);
}

#endif /* __MM_PCP_TESTS_BATCHES_H */
