// SPDX-License-Identifier: GPL-2.0
/*
 * Sequences of operations on the zone of the userland build, chosen by libFuzzer, each
 * checked against a model that is slow and obvious: a page is in one place, and it is in
 * use just if it was handed out.
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
#include "pcp.h"
#include "zone.h"

#define NR_PAGES	PCP_USER_NR_PAGES
#define NR_BLOCKS	(NR_PAGES >> PAGE_BLOCK_MAX_ORDER)
#define the_zone	pcp_user_zone

/* Marks of a PCP that is enabled, in base pages. */
#define HIGH_MIN	4
#define HIGH_MAX	16
#define BATCH		4

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

/* Ends the program: libFuzzer keeps the input. */
#define must(cond, fmt, ...)						\
do {									\
	if (!(cond)) {							\
		fprintf(stderr, "fuzz: " fmt "\n", ##__VA_ARGS__);	\
		abort();						\
	}								\
} while (0)

/* === The model === */

enum place { NOWHERE, IN_USE, ON_PCP, WAITS, IN_ZONE, DEFERRED };

static const char *const place_names[] = {
	"nowhere", "in use", "on a PCP", "waiting", "in the zone", "deferred",
};

/* Pieces that were handed out and not freed. */
static struct {
	unsigned int index;
	unsigned int order;
} held[NR_PAGES];
static unsigned int nr_held;

/* Of each base page: where it is, and the CPU, before the operation and after. */
static u8 place[NR_PAGES], old_place[NR_PAGES];
static u8 place_cpu[NR_PAGES], old_place_cpu[NR_PAGES];

static bool disabled;
static bool dead[NR_CPUS];
static long freed;		/* base pages, so far */

static struct page *page_at(unsigned int index)
{
	return &pcp_user_pages[index];
}

static struct pageblock_data *block_at(unsigned int index)
{
	return &the_zone->pageblock_data[index >> PAGE_BLOCK_MAX_ORDER];
}

static void be_at(struct page *page, unsigned long order, enum place where, int cpu)
{
	unsigned long index = page - pcp_user_pages, i;

	must(index < NR_PAGES && order <= MAX_PAGE_ORDER && index + (1UL << order) <= NR_PAGES &&
	     !(index & ((1UL << order) - 1)),
	     "page %lu of order %lu is no piece, %s", index, order, place_names[where]);
	for (i = index; i < index + (1UL << order); i++) {
		must(place[i] == NOWHERE, "page %lu is %s and %s", i, place_names[place[i]],
		     place_names[where]);
		place[i] = where;
		place_cpu[i] = cpu;
	}
}

static void look_at_zone(void)
{
	unsigned int order, type;

	for (order = 0; order < NR_PAGE_ORDERS; order++) {
		unsigned long nr = 0;

		for (type = 0; type < MIGRATE_TYPES; type++) {
			struct page *page;

			list_for_each_entry(page, &the_zone->free_area[order].free_list[type],
					    buddy_list) {
				be_at(page, order, IN_ZONE, 0);
				must(PageBuddy(page) && page_private(page) == order,
				     "page %ld of the zone is not marked so",
				     (long)(page - pcp_user_pages));
				nr++;
			}
		}
		must(nr == the_zone->free_area[order].nr_free, "the zone has lost count");
	}
}

static int look_at_llist(struct llist_node *node, enum place where, int cpu)
{
	int sum = 0;

	for (; node; node = node->next) {
		struct page *page = llist_entry(node, struct page, pcp_llist);

		be_at(page, page_private(page), where, cpu);
		if (where == WAITS)
			must(page->page_type == PCP_MARK_WAITS, "a page that waits has type %x",
			     page->page_type);
		else
			must(page->page_type == UINT_MAX, "a deferred page has type %x",
			     page->page_type);
		sum += 1 << page_private(page);
	}
	return sum;
}

static void look_at_pcp(int cpu)
{
	struct per_cpu_pages *pcp = zone_pcp(the_zone, cpu);
	int count = 0, waiting;
	unsigned int i;

	for (i = 0; i < NR_PCP_LISTS; i++) {
		struct page *page;

		list_for_each_entry(page, &pcp->lists[i], pcp_list) {
			be_at(page, i / MIGRATE_PCPTYPES, ON_PCP, cpu);
			must(page->page_type == (0xf9000000U | (cpu + 1)),
			     "a page of cpu %d has type %x", cpu, page->page_type);
			count += 1 << (i / MIGRATE_PCPTYPES);
		}
	}
	must(count == pcp->count, "cpu %d counts %d and has %d", cpu, pcp->count, count);

	waiting = look_at_llist(pcp->free_llist.first, WAITS, cpu);
	must(waiting <= HIGH_MAX + (1 << PAGE_BLOCK_MAX_ORDER), "%d pages wait for cpu %d",
	     waiting, cpu);
	waiting += look_at_llist(pcp->taken, WAITS, cpu);
	must(waiting == atomic_read(&pcp->nr_waiting), "cpu %d: nr_waiting %d, but %d wait", cpu,
	     atomic_read(&pcp->nr_waiting), waiting);

	if (disabled || dead[cpu])
		must(!count && !waiting, "cpu %d is closed and has %d pages, and %d wait", cpu,
		     count, waiting);
	must(!atomic_read(&pcp->carriers), "somebody carries pages of cpu %d", cpu);
	must(!spin_is_locked(&pcp->lock), "cpu %d is locked", cpu);
	must(pcp->cpu == cpu, "cpu %d thinks it is %d", cpu, pcp->cpu);
}

static void look_at_owners(void)
{
	int owned[NR_CPUS] = {}, cpu;
	unsigned int i, j;

	for (i = 0; i < NR_PAGES; i += 1 << PAGE_BLOCK_MAX_ORDER) {
		int owner = block_at(i)->owner - 1;

		if (owner < 0)
			continue;
		must(owner < NR_CPUS && !dead[owner], "block %u has owner %d", i, owner);
		owned[owner]++;
		for (j = i; j < i + (1 << PAGE_BLOCK_MAX_ORDER); j++) {
			if (place[j] != IN_ZONE)
				break;
		}
		must(j < i + (1 << PAGE_BLOCK_MAX_ORDER), "block %u is whole and owned by %d", i,
		     owner);
	}
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		must(owned[cpu] == atomic_read(&zone_pcp(the_zone, cpu)->owned_blocks),
		     "cpu %d owns %d blocks, not %d", cpu, owned[cpu],
		     atomic_read(&zone_pcp(the_zone, cpu)->owned_blocks));
}

static long events(enum vm_event_item item)
{
	long sum = 0;
	int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		sum += per_cpu_ptr(&vm_event_states, cpu)->event[item];
	return sum;
}

static bool isolated(unsigned int index)
{
	return pageblock_migratetype(block_at(index)) == MIGRATE_ISOLATE;
}

static void look(void)
{
	unsigned int i;
	int cpu;

	memcpy(old_place, place, sizeof(place));
	memcpy(old_place_cpu, place_cpu, sizeof(place));
	memset(place, NOWHERE, sizeof(place));

	for (i = 0; i < nr_held; i++) {
		be_at(page_at(held[i].index), held[i].order, IN_USE, 0);
		must(page_at(held[i].index)->page_type == UINT_MAX, "a page in use has type %x",
		     page_at(held[i].index)->page_type);
	}
	look_at_zone();
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		look_at_pcp(cpu);
	look_at_llist(the_zone->trylock_free_pages.first, DEFERRED, 0);
	for (i = 0; i < NR_PAGES; i++) {
		must(place[i] != NOWHERE, "page %u is lost", i);
		if (place[i] == ON_PCP && isolated(i))
			must(old_place[i] == ON_PCP && old_place_cpu[i] == place_cpu[i],
			     "page %u of an isolated block comes to a PCP", i);
	}
	look_at_owners();

	must(events(PGFREE) == freed, "PGFREE is %ld, but %ld were freed", events(PGFREE), freed);

	must(!current->preempt && !current->irqs_off && !current->rcu_depth,
	     "pinned, with interrupts off or an RCU reader");
	must(!spin_is_locked(&the_zone->lock), "the zone is locked");

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		struct per_cpu_pages *pcp = zone_pcp(the_zone, cpu);

		spin_lock(&pcp->lock);
		must(!pcp_validate(the_zone, pcp), "pcp_validate() of cpu %d", cpu);
		spin_unlock(&pcp->lock);
	}
	must(!pcp_validate_blocks(the_zone), "pcp_validate_blocks()");
}

/* === Operations === */

static struct per_cpu_pages *be_on_some_cpu(void)
{
	int cpu = below(NR_CPUS), i;

	for (i = 0; i < NR_CPUS && dead[cpu]; i++)
		cpu = (cpu + 1) % NR_CPUS;
	current->cpu = cpu;
	return zone_pcp(the_zone, cpu);
}

static void hold(struct page *page, unsigned int order)
{
	unsigned int index = page - pcp_user_pages;

	must(index < NR_PAGES && !page_private(page), "page %u was handed out with order %lu",
	     index, page_private(page));
	held[nr_held].index = index;
	held[nr_held++].order = order;
	say("  page %u", index);
}

/* One of the pages in use is in use no more. Returns its order. */
static struct page *let_go(unsigned int *order)
{
	unsigned int i = below(nr_held);
	struct page *page = page_at(held[i].index);

	*order = held[i].order;
	held[i] = held[--nr_held];
	freed += 1 << *order;
	say("  page %u, order %u", (unsigned int)(page - pcp_user_pages), *order);
	return page;
}

/* What this CPU was interrupted in. */
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

	if (!nr_held)
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
	pcp_free_page(the_zone, page, page_to_pfn(page), order, allowed, nolock);
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
	while (nr-- && nr_held) {
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
	if (!nr_held)
		return;
	if (how & 2)
		what |= HOLD_PCP;
	if (how & 4 && nolock)
		what |= HOLD_ZONE;
	say("cpu %d pushes to %d%s, locks %u", current->cpu, to, nolock ? " without lock" : "", what);
	while (nr-- && nr_held) {
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
	say("cpu %d goes %s", cpu, dead[cpu] ? "up" : "down");
	dead[cpu] = !dead[cpu];
	if (dead[cpu])
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
	disabled = !disabled;
	say("PCPs are %s", disabled ? "disabled" : "enabled");
	if (disabled) {
		set_marks(0, 0, 1);
		drain_all("being disabled");
	} else {
		enable();
	}
}

static void op_marks(void)
{
	int high_min = below(HIGH_MAX + 1), batch = 1 + below(2 * BATCH);

	if (disabled)
		return;
	say("marks: at least %d, batch %d", high_min, batch);
	set_marks(high_min, HIGH_MAX, batch);
}

static void zone_put(unsigned int index, unsigned int order)
{
	struct page *page = page_at(index);

	set_page_private(page, order);
	WRITE_ONCE(page->page_type, (unsigned int)PGTY_buddy << 24);
	list_add_tail(&page->buddy_list,
		      &the_zone->free_area[order].free_list[pageblock_migratetype(block_at(index))]);
	the_zone->free_area[order].nr_free++;
}

static void zone_get(unsigned int index, unsigned int order)
{
	list_del(&page_at(index)->buddy_list);
	page_at(index)->page_type = UINT_MAX;
	the_zone->free_area[order].nr_free--;
}

/* What is free of a block goes to the lists of another type. */
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

/* Whoever has a page of it may. */
static void op_adopt(void)
{
	struct per_cpu_pages *pcp = be_on_some_cpu();
	unsigned int index;

	if (!nr_held)
		return;
	index = held[below(nr_held)].index;
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
	memset(dead, 0, sizeof(dead));
	memset(place, 0, sizeof(place));
	disabled = false;
	nr_held = 0;
	freed = 0;
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
	look();
	while (left) {
		ops[below(ARRAY_SIZE(ops))]();
		look();
	}
	/* Everything goes back; is it all there, whole and nobody's? */
	current->cpu = 0;
	while (nr_held) {
		unsigned int order;
		struct page *page = let_go(&order);

		pcp_free_page(the_zone, page, page_to_pfn(page), order, true, false);
	}
	drain_all("the end");
	look();
	return 0;
}
