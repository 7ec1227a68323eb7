/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the suites that work on the page allocator in use.
 *
 * Other tasks allocate and free meanwhile. So a case either looks at its own
 * pages only, or at sums that hold whatever the others do.
 */
#ifndef _MM_PCP_TESTS_LIVE_H
#define _MM_PCP_TESTS_LIVE_H

#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kmsg_dump.h>
#include <linux/mmzone.h>
#include <linux/types.h>
#include <linux/vm_event_item.h>

#include "workers.h"

/* Pages that the workers of live_mixed_fn() have between them. */
#define LIVE_SLOTS	256

/*
 * A load with a number of rounds goes on for so long, or for an eighth of them. Where many
 * virtual CPUs share few cores, whoever holds zone->lock may not run, and all others wait.
 */
#define LIVE_LOAD_TIME	(HZ / 2)

#define LIVE_GFP	(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)

/**
 * struct live - what the cases share
 * @test: the test
 * @zone: zone of @pages
 * @a: the CPU that owns their blocks
 * @b: another CPU
 * @pcp: PCP of @a in @zone
 * @pages: pages of blocks that @a owns, allocated by @a; NULL once freed
 * @nr: number of them
 * @gfp: how live_own() allocates: LIVE_GFP unless a case sets it
 * @want: number that live_own() shall get
 * @whole: they shall be all pages of one block
 * @swapped: live_waits() frees each second page before the one before it, so in
 *	an order that no zone hands them out in
 * @round: for workers
 * @stop: tells workers to come to an end
 * @step: for workers
 * @slots: pages that workers exchange, see live_slot()
 * @seed: of the random numbers
 * @page: for a single page
 * @order: its order
 * @work: for hardirq
 * @done: @work has run
 */
struct live {
	struct kunit *test;
	struct zone *zone;
	int a;
	int b;
	struct per_cpu_pages *pcp;
	struct page **pages;
	unsigned int nr;
	gfp_t gfp;
	unsigned int want;
	bool whole;
	bool swapped;
	unsigned int round;
	bool stop;
	struct pcp_step step;
	unsigned long *slots;
	u64 seed;
	struct page *page;
	unsigned int order;
	struct irq_work work;
	bool done;
};

/* live.c: pages of blocks that CPU a owns, and how they get where a case wants them. */
int live_init(struct kunit *test);
void live_own(struct live *lv, unsigned int want, bool whole);
void live_blocks(struct live *lv, unsigned int nr);
void live_set_type(struct live *lv, int migratetype);
bool live_get_back(struct live *lv);
bool live_waits(struct live *lv, unsigned int want);
void live_have_room(struct live *lv, int cpu, int room);
void live_have_enough(struct live *lv);
void live_set_bound(struct live *lv, int bound);
void live_reset_bound(struct live *lv);
void live_unhook(void *unused);
long live_free_fn(struct pcp_worker *w);
long live_drain_fn(struct pcp_worker *w);
void live_defer(struct live *lv, struct page *page, unsigned int order);
unsigned int live_absorb_all(struct live *lv, unsigned int flags);
void live_empty_lists(struct live *lv);
bool live_is_own(struct live *lv, struct page *page);
unsigned int live_in_zone(struct live *lv);

/* live_check.c: what there is, and whether all is well. */
unsigned long live_event(enum vm_event_item item);
struct pageblock_data *live_pbd(struct page *page);
int live_owner(struct page *page);
int live_count(struct per_cpu_pages *pcp);
void live_check(struct kunit *test);
void live_check_free_lists(struct kunit *test, struct zone *zone);
long live_balance(struct kunit *test);
void live_log_mark(struct kmsg_dump_iter *log);
bool live_log_next(struct kmsg_dump_iter *log, char *line, size_t size);

/* live_load.c: workers that exchange pages. */
void live_seed(struct live *lv);
unsigned int live_nr_workers(void);
void live_push_much(struct live *lv);
long live_mixed_fn(struct pcp_worker *w);
void live_empty_slots(struct live *lv);

#endif /* _MM_PCP_TESTS_LIVE_H */
