/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A made-up zone for the suites of the helpers: a zone structure, its PCPs,
 * some pageblocks, and stubs for every function of the seam in zone.h that
 * write down what they are asked to do. Nothing reaches the real allocator.
 *
 * The struct pages are real ones, of blocks that the fixture has allocated,
 * so that pfns, alignment and page flags are as in life. The pageblock data
 * is not: pcp_pageblock() is stubbed to find the fixture's own.
 */
#ifndef __MM_PCP_TESTS_FIXTURE_H
#define __MM_PCP_TESTS_FIXTURE_H

#include <kunit/test.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "../pcp.h"
#include "../route.h"
#include "../zone.h"

#define PCP_FIXTURE_BLOCKS	3

/**
 * struct pcp_fixture - the made-up zone and what was done to it
 * @test: the test that it is for
 * @zone: the zone; only its PCPs and its flags are set
 * @cpu: the CPU whose PCP is under test
 * @pcp: its PCP, enabled, with a high mark of 4 blocks
 * @other: PCP of another (possible or not) CPU; @other->cpu is not @cpu
 * @block: pageblock data of the blocks
 * @base: first page of each block
 *
 * What the stubs give, and may be changed by a case:
 * @area: free pages of the zone, by order and migratetype: take_block() and
 *	take_chunk() take from there, put there with pcp_fx_zone_add()
 * @fallback: pages that rmqueue() hands out, in order
 * @high: answer of pcp_zone_high(); -1: pcp->high
 * @nr_alloc: answer of pcp_zone_nr_alloc()
 * @nr_free: answer of pcp_zone_nr_free(); -1: pcp->batch
 * @cma_first: answer of pcp_zone_cma_first()
 * @zone_short: answer of pcp_zone_short()
 * @lock_busy: a trylock of the zone fails
 *
 * What the stubs write down:
 * @freed: pages that went to the zone, page_private() is the order, in order
 * @nr_freed: their base pages
 * @nr_free_calls: calls that brought them
 * @nr_deferred: base pages deferred
 * @nr_locked: times that zone->lock was taken
 * @locked: the lock is held now
 * @nr_relaxed: calls of pcp_zone_relax()
 * @nr_rmqueue: calls of pcp_zone_rmqueue()
 * @nr_free_one: pages that pcp_zone_free_one() got
 */
struct pcp_fixture {
	struct kunit *test;
	struct zone *zone;
	int cpu;
	struct per_cpu_pages *pcp;
	struct per_cpu_pages *other;
	struct pageblock_data block[PCP_FIXTURE_BLOCKS];
	struct page *base[PCP_FIXTURE_BLOCKS];

	struct list_head area[PAGE_BLOCK_MAX_ORDER + 1][MIGRATE_TYPES];
	struct list_head fallback;
	int high;
	int nr_alloc;
	int nr_free;
	bool cma_first;
	bool zone_short;
	bool lock_busy;

	struct list_head freed;
	unsigned int nr_freed;
	unsigned int nr_free_calls;
	unsigned int nr_deferred;
	unsigned int nr_locked;
	bool locked;
	unsigned int nr_relaxed;
	unsigned int nr_rmqueue;
	unsigned int nr_free_one;
};

int pcp_fx_init(struct kunit *test);
struct page *pcp_fx_page(struct pcp_fixture *fx, int block, unsigned int index);
void pcp_fx_own(struct pcp_fixture *fx, int block, int cpu);
void pcp_fx_type(struct pcp_fixture *fx, int block, int migratetype);
void pcp_fx_isolate(struct pcp_fixture *fx, int block, bool isolate);
void pcp_fx_zone_add(struct pcp_fixture *fx, struct page *page,
		     unsigned int order);
void pcp_fx_push(struct pcp_fixture *fx, struct per_cpu_pages *pcp,
		 struct page *page, unsigned int order);
void pcp_fx_check(struct pcp_fixture *fx);
unsigned int pcp_fx_list_len(struct pcp_fixture *fx, int migratetype,
			     unsigned int order);
struct page *pcp_fx_freed(struct pcp_fixture *fx, unsigned int index);

#endif /* __MM_PCP_TESTS_FIXTURE_H */
