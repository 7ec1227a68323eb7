// SPDX-License-Identifier: GPL-2.0
/*
 * Sequences of operations on the zone of the userland build, chosen by libFuzzer, each
 * checked against the model of model.h.
 *
 * Each operation is a few bytes of the input, and any bytes are operations. There is one
 * thread. That a lock is held, by whatever this "CPU" was interrupted in, is a part of
 * an operation; so is the CPU that it runs on.
 *
 * PCP_FUZZ_SAY in the environment: say what each operation is.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "../internal.h"
#include "model.h"
#include "zone.h"

/* === The input === */

static const u8 *input;
static size_t left;

static unsigned int byte(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

static unsigned int below(unsigned int n)
{
	return byte() % n;
}

static bool loud;

#define say(fmt, ...)							\
do {									\
	if (loud)							\
		printf(fmt "\n", ##__VA_ARGS__);			\
} while (0)

/* === Operations === */

static struct per_cpu_pages *be_on_some_cpu(void)
{
	int cpu = below(NR_CPUS), i;

	for (i = 0; i < NR_CPUS && model.dead[cpu]; i++)
		cpu = (cpu + 1) % NR_CPUS;
	current->cpu = cpu;
	return zone_pcp(the_zone, cpu);
}

static void hold(struct page *page, unsigned int order)
{
	unsigned int index = page - pcp_user_pages;

	must(index < NR_PAGES && !page_private(page), "page %u was handed out with order %lu",
	     index, page_private(page));
	model.held[model.nr_held].index = index;
	model.held[model.nr_held++].order = order;
	say("  page %u", index);
}

/* One of the pages in use is in use no more. Returns its order. */
static struct page *let_go(unsigned int *order)
{
	unsigned int i = below(model.nr_held);
	struct page *page = page_at(model.held[i].index);

	*order = model.held[i].order;
	model.held[i] = model.held[--model.nr_held];
	model.freed += 1 << *order;
	say("  page %u, order %u", (unsigned int)(page - pcp_user_pages), *order);
	return page;
}

/* Locks that this CPU held when it was interrupted. */
enum { HOLD_PCP = 1, HOLD_ZONE = 2, HOLD_OTHER = 4 };

static void lock_for_a_while(unsigned int what, struct per_cpu_pages *pcp)
{
	if (what & HOLD_PCP)
		spin_lock(&pcp->lock);
	if (what & HOLD_OTHER)
		spin_lock(&zone_pcp(the_zone, (pcp->cpu + 1) % NR_CPUS)->lock);
	if (what & HOLD_ZONE)
		spin_lock(&the_zone->lock);
}

static void unlock_after(unsigned int what, struct per_cpu_pages *pcp)
{
	if (what & HOLD_ZONE)
		spin_unlock(&the_zone->lock);
	if (what & HOLD_OTHER)
		spin_unlock(&zone_pcp(the_zone, (pcp->cpu + 1) % NR_CPUS)->lock);
	if (what & HOLD_PCP)
		spin_unlock(&pcp->lock);
}

static void op_alloc(void)
{
	struct per_cpu_pages *pcp = be_on_some_cpu();
	unsigned int order = below(PAGE_BLOCK_MAX_ORDER + 1), type = below(MIGRATE_PCPTYPES);
	unsigned int how = byte(), flags = 0;
	struct page *page = NULL;

	if (how & 1)
		flags |= ALLOC_NOLOCK;
	if (how & 2)
		flags |= ALLOC_HIGHATOMIC;
	how &= how & 1 ? HOLD_ZONE << 4 : 0;
	say("cpu %d allocates order %u type %u flags %x%s", current->cpu, order, type, flags,
	    how ? ", zone busy" : "");
	lock_for_a_while(how >> 4, pcp);
	pcpu_task_pin();
	if (pcp_trylock(pcp, PCP_SIDE_ALLOC)) {
		page = pcp_alloc(the_zone, pcp, order, type, flags);
		pcp_unlock(pcp);
	}
	pcpu_task_unpin();
	unlock_after(how >> 4, pcp);
	if (page)
		hold(page, order);
}

static void op_lockless(void)
{
	struct page *page;

	be_on_some_cpu();
	say("cpu %d allocates without locks", current->cpu);
	page = pcp_take_lockless(the_zone);
	if (!page)
		return;
	must(pageblock_migratetype(block_at(page - pcp_user_pages)) < MIGRATE_PCPTYPES,
	     "a lockless page of a special block");
	hold(page, 0);
}

static void op_free(void)
{
	struct per_cpu_pages *pcp = be_on_some_cpu();
	unsigned int how = byte(), what = 0, order;
	bool nolock = how & 1, allowed = how & 14;
	struct page *page;

	if (!model.nr_held)
		return;
	if (how & 16)
		what |= HOLD_PCP;
	if (how & 32)
		what |= HOLD_OTHER;
	if (how & 64 && nolock)
		what |= HOLD_ZONE;
	current->flags = how & 128 ? PF_MEMALLOC : 0;
	say("cpu %d frees%s%s, locks %u, flags %x", current->cpu, nolock ? " without lock" : "",
	    allowed ? "" : " what no PCP takes", what, current->flags);
	page = let_go(&order);
	lock_for_a_while(what, pcp);
	if (allowed)
		pcp_free_page(the_zone, page, page_to_pfn(page), order, nolock);
	else
		pcp_free_uncached(the_zone, page, page_to_pfn(page), order, nolock);
	unlock_after(what, pcp);
	current->flags = 0;
}

static void op_batch(void)
{
	struct per_cpu_pages *pcp = be_on_some_cpu();
	unsigned int nr = 1 + below(8), what = byte() & HOLD_PCP;
	struct pcp_batch batch = {};

	say("cpu %d frees a batch, locks %u", current->cpu, what);
	lock_for_a_while(what, pcp);
	while (nr-- && model.nr_held) {
		unsigned int order;
		struct page *page = let_go(&order);

		pcp_batch_free(&batch, the_zone, page, page_to_pfn(page), order);
	}
	pcp_batch_end(&batch);
	unlock_after(what, pcp);
}

/* With an old answer: to any CPU, whoever owns the blocks. */
static void op_push(void)
{
	int to = below(NR_CPUS);
	struct pcp_run run = { .zone = the_zone, .pcp = zone_pcp(the_zone, to) };
	unsigned int nr, how = byte(), what = 0;
	bool nolock = how & 1;

	be_on_some_cpu();
	nr = 1 + below(8);
	if (!model.nr_held)
		return;
	if (how & 2)
		what |= HOLD_PCP;
	if (how & 4 && nolock)
		what |= HOLD_ZONE;
	say("cpu %d pushes to %d%s, locks %u", current->cpu, to, nolock ? " without lock" : "",
	    what);
	while (nr-- && model.nr_held) {
		unsigned int order;
		struct page *page = let_go(&order);

		pcp_run_add(&run, page, order);
	}
	lock_for_a_while(what, run.pcp);
	pcp_push(&run, nolock);
	unlock_after(what, zone_pcp(the_zone, to));
}

static void expect_empty(int cpu, const char *what)
{
	struct per_cpu_pages *pcp = zone_pcp(the_zone, cpu);

	must(!pcp->count && !pcp_has_waiting(pcp), "cpu %d has %d pages after %s", cpu, pcp->count,
	     what);
}

static void op_drain(void)
{
	int cpu = below(NR_CPUS);

	say("drain of cpu %d", cpu);
	pcp_drain(the_zone, zone_pcp(the_zone, cpu));
	expect_empty(cpu, "a drain");
	pcp_drain_finish(byte() & 1 ? the_zone : NULL);
	must(!the_zone->trylock_free_pages.first, "deferred pages are there after a drain");
}

static void drain_all(const char *what)
{
	int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		pcp_drain(the_zone, zone_pcp(the_zone, cpu));
	pcp_drain_finish(the_zone);
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		expect_empty(cpu, what);
}

static void op_shepherd(void)
{
	int cpu = below(NR_CPUS + 1);

	say("shepherd looks at cpu %d", cpu);
	if (cpu < NR_CPUS) {
		pcp_shepherd(cpu);
		return;
	}
	pcp_return_all();
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		must(!pcp_has_waiting(zone_pcp(the_zone, cpu)), "something waits after all");
}

/* CPU 0 stays. */
static void op_hotplug(void)
{
	int cpu = 1 + below(NR_CPUS - 1);

	current->cpu = 0;
	say("cpu %d goes %s", cpu, model.dead[cpu] ? "up" : "down");
	model.dead[cpu] = !model.dead[cpu];
	if (model.dead[cpu])
		pcp_cpu_dead(the_zone, zone_pcp(the_zone, cpu));
	else
		pcp_cpu_online(zone_pcp(the_zone, cpu));
}

/* As pageset_update() does it. */
static void set_marks(int high_min, int high_max, int batch)
{
	int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		struct per_cpu_pages *pcp = zone_pcp(the_zone, cpu);

		WRITE_ONCE(pcp->batch, batch);
		WRITE_ONCE(pcp->high_min, high_min);
		WRITE_ONCE(pcp->high_max, high_max);
		pcp_set_bound(pcp, high_max);
	}
}

static void enable(void)
{
	set_marks(HIGH_MIN, HIGH_MAX, BATCH);
}

static void op_disable(void)
{
	model.disabled = !model.disabled;
	say("PCPs are %s", model.disabled ? "disabled" : "enabled");
	if (model.disabled) {
		set_marks(0, 0, 1);
		drain_all("being disabled");
	} else {
		enable();
	}
}

static void op_marks(void)
{
	int high_min = below(HIGH_MAX + 1), batch = 1 + below(2 * BATCH);

	if (model.disabled)
		return;
	say("marks: at least %d, batch %d", high_min, batch);
	set_marks(high_min, HIGH_MAX, batch);
}

static void zone_put(unsigned int index, unsigned int order)
{
	struct page *page = page_at(index);
	int type = pageblock_migratetype(block_at(index));

	set_page_private(page, order);
	WRITE_ONCE(page->page_type, (unsigned int)PGTY_buddy << 24);
	list_add_tail(&page->buddy_list, &the_zone->free_area[order].free_list[type]);
	the_zone->free_area[order].nr_free++;
}

static void zone_get(unsigned int index, unsigned int order)
{
	list_del(&page_at(index)->buddy_list);
	page_at(index)->page_type = UINT_MAX;
	the_zone->free_area[order].nr_free--;
}

/* The free pages of a block go to the lists of another type. */
static void set_block_flags(unsigned int index, unsigned long flags)
{
	unsigned int order, i, start = index & -(1U << MAX_PAGE_ORDER);
	unsigned int end = index + (1U << PAGE_BLOCK_MAX_ORDER);

	/* A page of two blocks is in two pieces from now on. */
	if (PageBuddy(page_at(start)) && page_private(page_at(start)) == MAX_PAGE_ORDER) {
		zone_get(start, MAX_PAGE_ORDER);
		for (i = start; i < start + (1U << MAX_PAGE_ORDER); i += 1U << PAGE_BLOCK_MAX_ORDER)
			zone_put(i, PAGE_BLOCK_MAX_ORDER);
	}
	block_at(index)->flags = flags;
	for (i = index; i < end; i++) {
		if (!PageBuddy(page_at(i)))
			continue;
		order = page_private(page_at(i));
		zone_get(i, order);
		zone_put(i, order);
	}
}

static unsigned int some_block(void)
{
	return below(NR_BLOCKS) << PAGE_BLOCK_MAX_ORDER;
}

static void op_isolate(void)
{
	unsigned int index = some_block(), i;
	bool drain = byte() & 1;

	say("block %u is %s%s", index, isolated(index) ? "not isolated" : "isolated",
	    drain ? ", and drained" : "");
	set_block_flags(index, block_at(index)->flags ^ PAGEBLOCK_ISO_MASK);
	if (!drain || !isolated(index))
		return;
	drain_all("isolation");
	for (i = index; i < index + (1 << PAGE_BLOCK_MAX_ORDER); i++)
		must(!PagePCPBuddy(page_at(i)), "page %u of an isolated block is on a PCP", i);
}

static void op_type(void)
{
	static const int types[] = {
		MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_HIGHATOMIC,
		MIGRATE_CMA,
	};
	unsigned int index = some_block();
	int type = types[below(ARRAY_SIZE(types))];

	if (isolated(index))
		return;
	say("block %u gets type %d", index, type);
	set_block_flags(index, type);
}

/* A CPU that has a page of a block may adopt it. */
static void op_adopt(void)
{
	struct per_cpu_pages *pcp = be_on_some_cpu();
	unsigned int index;

	if (!model.nr_held)
		return;
	index = model.held[below(model.nr_held)].index;
	say("cpu %d adopts the block of page %u", pcp->cpu, index);
	pageblock_own(the_zone, pcp, block_at(index));
	must(block_at(index)->owner == pcp->cpu + 1, "it is not the owner");
}

static void op_disown(void)
{
	unsigned int index = some_block();

	say("nobody owns block %u", index);
	if (byte() & 1)
		pageblock_disown_range(the_zone, PCP_USER_START_PFN + index,
				       PCP_USER_START_PFN + index + (1 << PAGE_BLOCK_MAX_ORDER));
	else
		pageblock_disown(the_zone, block_at(index));
	must(!block_at(index)->owner, "it has an owner");
}

static void op_short(void)
{
	the_zone->flags ^= BIT(ZONE_BELOW_HIGH);
	say("the zone is %s", the_zone->flags ? "short" : "not short");
}

/* The lists as a whole, by whoever has the lock. */
static void op_absorb(void)
{
	struct per_cpu_pages *pcp = be_on_some_cpu();
	unsigned int how = byte(), flags = how & (PCP_ABSORB_TO_HIGH | PCP_ABSORB_NOLOCK);

	say("cpu %d absorbs, flags %x", pcp->cpu, flags);
	spin_lock(&pcp->lock);
	pcp_absorb(the_zone, pcp, flags);
	if (how & 4)
		pcp_free_bulk(the_zone, pcp, below(16), below(NR_PCP_LISTS));
	spin_unlock(&pcp->lock);
}

/* Some come more often. */
static void (*const ops[])(void) = {
	op_alloc, op_alloc, op_alloc, op_alloc, op_alloc, op_alloc, op_lockless, op_lockless,
	op_free, op_free, op_free, op_free, op_batch, op_batch, op_push, op_push,
	op_drain, op_shepherd, op_hotplug, op_disable, op_marks, op_isolate, op_type, op_adopt,
	op_disown, op_short, op_absorb, op_absorb,
};

/* === One input === */

static void reset(void)
{
	free_percpu(the_zone->per_cpu_pageset);
	memset(&contig_page_data, 0, sizeof(contig_page_data));
	memset(pcp_user_pages, 0, sizeof(pcp_user_pages));
	memset(pcp_user_events, 0, sizeof(pcp_user_events));
	pcp_user_memory_init();
	model_reset();
	enable();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct task_struct task;

	loud = getenv("PCP_FUZZ_SAY");
	pcp_user_attach(&task, 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	input = data;
	left = size;
	reset();
	model_look();
	while (left) {
		ops[below(ARRAY_SIZE(ops))]();
		model_look();
	}
	/* Everything goes back; is it all there, whole and nobody's? */
	current->cpu = 0;
	while (model.nr_held) {
		unsigned int order;
		struct page *page = let_go(&order);

		pcp_free_page(the_zone, page, page_to_pfn(page), order, false);
	}
	drain_all("the end");
	model_look();
	return 0;
}
