// SPDX-License-Identifier: GPL-2.0
/*
 * What the page allocator leaves in whole blocks, and what compaction makes of
 * the rest, for make frag. The same file is built into a stock kernel and into a
 * patched one. It runs at the end of booting, and then powers the machine off.
 *
 *	pcp_frag.run=load,thin		the phases, in this order
 *
 *	load		threads on all CPUs allocate into and free from one table
 *	thin		most pages of the table are freed
 *	age		a load whose pages become more and less, for a long time
 *	reclaim		files are read, more than fits, beside such a load
 *	compact		huge pages out of memory with holes
 *	kcompactd	the same, where kcompactd compacts
 *	proactive	what kcompactd does on its own accord
 *	compact_all	what /proc/sys/vm/compact_memory does
 *	contig		block after block is allocated where it is, while pages in it are freed
 *	remote_user	one CPU allocates, another frees
 *	remote_kernel	the same, memory of the kernel
 *
 * The other parameters are explained where they are. Each figure is a line:
 *
 *	frag: PHASE KEY VALUE...
 *	frag: PHASE failed WHY
 *	frag: end
 *
 * VALUE is one integer or, for a histogram, several. Keys that begin with event_
 * are what /proc/vmstat counted during the phase. The key sample comes each second.
 */
#include <linux/compaction.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/pseudo_fs.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "page_alloc.h"
#if __has_include("pcp/pcp.h")
#include "pcp/pcp.h"
#define SPLIT
#endif

#define MAX_WORKERS	64
#define TRIES		8
/* kcompactd may let so many requests pass after it got nowhere. */
#define WAKES		128
/* Of the phases remote_*: pages in a chunk, chunks on their way. */
#define CHUNK		256
#define DEPTH		16
#define WARM_CHUNKS	128
#define CHUNKS		4096
/* Steps between two decisions of a worker of the load. */
#define STRETCH		4096

static char *run = "load";
module_param(run, charp, 0444);
MODULE_PARM_DESC(run, "phases");

static unsigned int seed = 1;
module_param(seed, uint, 0444);

static unsigned int movable = 100;
module_param(movable, uint, 0444);
MODULE_PARM_DESC(movable, "load: percent of the pages that can be moved");

static unsigned int large;
module_param(large, uint, 0444);
MODULE_PARM_DESC(large, "load: percent of the pages that are of order 1 to 3");

static unsigned int share = 4;
module_param(share, uint, 0444);
MODULE_PARM_DESC(share, "load: the table has a slot for each so many pages of memory");

static unsigned int turns = 6;
module_param(turns, uint, 0444);
MODULE_PARM_DESC(turns, "load: how often each slot gets another page");

static unsigned int seconds = 1200;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "age, proactive: how long");

static unsigned int period = 60;
module_param(period, uint, 0444);
MODULE_PARM_DESC(period, "age: seconds of a breath");

static unsigned int rate = 20000;
module_param(rate, uint, 0444);
MODULE_PARM_DESC(rate, "age: steps of each thread in a second");

static unsigned int file = 50;
module_param(file, uint, 0444);
MODULE_PARM_DESC(file, "reclaim: percent of the steps that read a page of the file");

static char *manner = "bound";
module_param(manner, charp, 0444);
MODULE_PARM_DESC(manner, "load: bound, wander, idle or handoff");

static unsigned int kept = 64;
module_param(kept, uint, 0444);
MODULE_PARM_DESC(kept, "thin: one page in so many stays");

static unsigned int cpu;
module_param(cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "compact: the CPU that wants huge pages; CPU 0 filled the memory");

static bool noretry;
module_param(noretry, bool, 0444);
MODULE_PARM_DESC(noretry, "compact: with __GFP_NORETRY");

static bool drain = true;
module_param(drain, bool, 0444);
MODULE_PARM_DESC(drain, "compact: drain all PCPs before");

static bool scatter;
module_param(scatter, bool, 0444);
MODULE_PARM_DESC(scatter, "compact: the pages that stay are random ones, not each eighth");

static unsigned int keep_index;
module_param(keep_index, uint, 0444);
MODULE_PARM_DESC(keep_index, "compact: which of eight pages stays, 0 to 7");

static const char *phase;
static bool failed;

#define say(key, fmt, ...) \
	printk(KERN_WARNING "frag: %s " key " " fmt "\n", phase, ##__VA_ARGS__)

static void fail(const char *why)
{
	if (!failed)
		printk(KERN_WARNING "frag: %s failed %s\n", phase, why);
	failed = true;
}

/* Counters ----------------------------------------------------------------- */

/* Of the numbers of a node, those of reclaim only grow. */
#define FIRST_RECLAIM	PGSTEAL_KSWAPD
#define NR_RECLAIM	(PGSCAN_FILE - FIRST_RECLAIM + 1)

struct stamp {
	unsigned long events[NR_VM_EVENT_ITEMS];
	unsigned long reclaim[NR_RECLAIM];
	unsigned long locks;
	u64 ns;
};

static struct stamp before, after;

/* How often any zone->lock was taken; 0 in a kernel that does not count it. */
static unsigned long acquisitions(void)
{
#ifdef CONFIG_LOCK_STAT
	static struct lock_class_stats stats;
	struct zone *zone;

	/* They all have one class. */
	for_each_populated_zone(zone) {
		struct lock_class *class = READ_ONCE(zone->lock.dep_map.class_cache[0]);

		if (!class)
			continue;
		lock_stats(class, &stats);
		return stats.read_holdtime.nr + stats.write_holdtime.nr;
	}
#endif
	return 0;
}

static void take_stamp(struct stamp *stamp)
{
	unsigned int i;

	all_vm_events(stamp->events);
	for (i = 0; i < NR_RECLAIM; i++)
		stamp->reclaim[i] = global_node_page_state(FIRST_RECLAIM + i);
	stamp->locks = acquisitions();
	stamp->ns = ktime_get_ns();
}

static void start_phase(void)
{
	take_stamp(&before);
}

static void end_phase(void)
{
	unsigned int i;

	take_stamp(&after);
	say("us", "%llu", div_u64(after.ns - before.ns, 1000));
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		if (after.events[i] != before.events[i])
			printk(KERN_WARNING "frag: %s event_%s %lu\n", phase, vm_event_name(i),
			       after.events[i] - before.events[i]);
	for (i = 0; i < NR_RECLAIM; i++)
		if (after.reclaim[i] != before.reclaim[i])
			printk(KERN_WARNING "frag: %s event_%s %lu\n", phase,
			       node_stat_name(FIRST_RECLAIM + i),
			       after.reclaim[i] - before.reclaim[i]);
	if (IS_ENABLED(CONFIG_LOCK_STAT))
		say("locks", "%lu", after.locks - before.locks);
}

/* What the memory looks like ----------------------------------------------- */

/* Of each block, how many pages in use are the table's, by whether they can be moved. */
static u16 (*held)[2];
static unsigned long first_block, nr_blocks;

static void find_blocks(void)
{
	unsigned long low = ULONG_MAX, high = 0;
	struct zone *zone;

	for_each_populated_zone(zone) {
		low = min(low, zone->zone_start_pfn);
		high = max(high, zone_end_pfn(zone));
	}
	first_block = low >> pageblock_order;
	nr_blocks = DIV_ROUND_UP(high, pageblock_nr_pages) - first_block;
	held = vzalloc(array_size(nr_blocks, sizeof(*held)));
	if (!held)
		fail("no memory for the blocks");
}

struct picture {
	unsigned long free, whole, owned, mixed, stray, pcp, waiting;
	unsigned long pieces[NR_PAGE_ORDERS];
	unsigned long types[MIGRATE_TYPES];
	/* Blocks by how much of them is free: nothing, quarters, all. */
	unsigned long fullness[6];
};

static void look_at_block(struct picture *p, struct zone *zone, unsigned long pfn)
{
	unsigned long end = min(pfn + pageblock_nr_pages, zone_end_pfn(zone)), at = pfn;
	unsigned int migratetype = get_pfnblock_migratetype(pfn_to_page(pfn), pfn);
	const u16 *mine = held[(pfn >> pageblock_order) - first_block];
	unsigned long nr = 0;

	spin_lock_irq(&zone->lock);
	while (at < end) {
		struct page *page = pfn_to_page(at);
		unsigned long step = PageBuddy(page) ? 1UL << buddy_order(page) : 1;

		if (PageBuddy(page))
			nr += step;
		at += step;
	}
	spin_unlock_irq(&zone->lock);
	nr = min(nr, pageblock_nr_pages);
	p->types[migratetype]++;
	p->fullness[nr == pageblock_nr_pages ? 5 : nr ? 1 + nr * 4 / pageblock_nr_pages : 0]++;
	if (mine[0] && mine[1])
		p->mixed++;
	/* Of the kernel, where it hinders compaction. */
	if (mine[0] && migratetype == MIGRATE_MOVABLE)
		p->stray++;
#ifdef SPLIT
	if (pageblock_owner_cpu(pfn_to_pageblock(pfn_to_page(pfn), pfn)) >= 0)
		p->owned++;
#endif
}

/* What costs little. */
static void take_sketch(struct picture *p)
{
	struct zone *zone;
	unsigned int o;
	int i;

	memset(p, 0, sizeof(*p));
	for_each_populated_zone(zone) {
		for (o = 0; o < NR_PAGE_ORDERS; o++) {
			unsigned long nr = READ_ONCE(zone->free_area[o].nr_free);

			p->pieces[o] += nr;
			p->free += nr << o;
			if (o >= pageblock_order)
				p->whole += nr << (o - pageblock_order);
		}
		for_each_possible_cpu(i) {
			struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, i);

			p->pcp += READ_ONCE(pcp->count);
#ifdef SPLIT
			p->waiting += atomic_read(&pcp->nr_waiting);
#endif
		}
	}
}

static void take_picture(struct picture *p)
{
	struct zone *zone;

	take_sketch(p);
	for_each_populated_zone(zone) {
		unsigned long pfn = zone->zone_start_pfn;

		for (pfn = pageblock_start_pfn(pfn); pfn < zone_end_pfn(zone);
		     pfn += pageblock_nr_pages)
			if (pfn_valid(pfn))
				look_at_block(p, zone, max(pfn, zone->zone_start_pfn));
	}
}

static void say_picture(const struct picture *p, const char *when)
{
	char text[256];
	int len = 0;
	unsigned int i;

	say("%s_whole", "%lu", when, p->whole);
	say("%s_free", "%lu", when, p->free);
	say("%s_possible", "%lu", when, p->free / pageblock_nr_pages);
	say("%s_pcp", "%lu", when, p->pcp);
	say("%s_waiting", "%lu", when, p->waiting);
	say("%s_owned", "%lu", when, p->owned);
	say("%s_mixed", "%lu", when, p->mixed);
	say("%s_stray", "%lu", when, p->stray);
	for (i = 0; i < NR_PAGE_ORDERS; i++)
		len += scnprintf(text + len, sizeof(text) - len, " %lu", p->pieces[i]);
	say("%s_pieces", "%s", when, text + 1);
	len = 0;
	for (i = 0; i < ARRAY_SIZE(p->fullness); i++)
		len += scnprintf(text + len, sizeof(text) - len, " %lu", p->fullness[i]);
	say("%s_fullness", "%s", when, text + 1);
	for (i = 0; i < MIGRATE_TYPES; i++)
		if (p->types[i])
			say("%s_type_%s", "%lu", when, migratetype_names[i], p->types[i]);
}

static void show_memory(const char *when)
{
	struct picture *p = kvzalloc(sizeof(*p), GFP_KERNEL);

	if (!p) {
		fail("no memory for the picture");
		return;
	}
	take_picture(p);
	say_picture(p, when);
	kvfree(p);
}

static void drain_all(void)
{
	lru_add_drain_all();
	drain_all_pages(NULL);
}

/* Threads ------------------------------------------------------------------ */

struct worker {
	unsigned int index;
	unsigned int cpu;
	void (*work)(struct worker *w);
	struct completion done;
	struct task_struct *task;
};

/* A thread for each CPU, and one that looks at them. */
static struct worker workers[MAX_WORKERS + 1];

static void go_to(unsigned int where)
{
	if (set_cpus_allowed_ptr(current, cpumask_of(where)))
		fail("no such CPU");
}

static int worker_thread_fn(void *data)
{
	struct worker *w = data;

	go_to(w->cpu);
	w->work(w);
	complete(&w->done);
	return 0;
}

static void add_worker(unsigned int i, unsigned int where, void (*work)(struct worker *w))
{
	struct worker *w = &workers[i];

	w->index = i;
	w->cpu = where;
	w->work = work;
	init_completion(&w->done);
	w->task = kthread_create(worker_thread_fn, w, "frag/%u", i);
	if (IS_ERR(w->task))
		fail("no memory for the threads");
}

/* Start those that were added, all of them, and wait for their end. */
static void run_workers(unsigned int nr)
{
	unsigned int i;

	if (failed)
		return;
	for (i = 0; i < nr; i++)
		wake_up_process(workers[i].task);
	for (i = 0; i < nr; i++)
		wait_for_completion(&workers[i].done);
}

/* The table ---------------------------------------------------------------- */

/*
 * A slot is the address of a struct page, with its order in the lowest two bits
 * and whether it can be moved in the next; that address is a multiple of 8.
 */
#define SLOT_MOVABLE	4UL

static unsigned long *slots;
static unsigned int nr_slots, nr_workers;
static atomic_long_t lacking;

static struct page *slot_page(unsigned long slot)
{
	return (struct page *)(slot & ~7UL);
}

static void free_slot(unsigned long slot)
{
	if (slot)
		__free_pages(slot_page(slot), slot & 3);
}

static unsigned long fill_slot(struct rnd_state *state)
{
	bool moves = prandom_u32_state(state) % 100 < movable;
	unsigned int order = prandom_u32_state(state) % 100 < large ?
			     1 + prandom_u32_state(state) % 3 : 0;
	struct page *page = alloc_pages((moves ? GFP_HIGHUSER_MOVABLE : GFP_KERNEL) |
					__GFP_NOWARN | __GFP_NORETRY, order);

	if (!page) {
		atomic_long_inc(&lacking);
		return 0;
	}
	return (unsigned long)page | order | (moves ? SLOT_MOVABLE : 0);
}

/* Of each pair, one allocates and the other frees. */
static void hand_off(struct worker *w, struct rnd_state *state, unsigned int where)
{
	if (w->index % 2) {
		free_slot(xchg(&slots[where], 0));
	} else if (!READ_ONCE(slots[where])) {
		unsigned long slot = fill_slot(state);

		if (cmpxchg(&slots[where], 0, slot))
			free_slot(slot);
	}
}

/* One slot gets another page. */
static void take_step(struct worker *w, struct rnd_state *state, bool hands)
{
	unsigned int where = prandom_u32_state(state) % nr_slots;

	if (hands)
		hand_off(w, state, where);
	else
		free_slot(xchg(&slots[where], fill_slot(state)));
}

/*
 * bound: each stays on its CPU. wander: to another CPU after each stretch. idle: half of them
 * stop for two seconds, four times; nobody can wait for that but with the clock.
 */
static void load_worker(struct worker *w)
{
	u64 steps = div_u64((u64)nr_slots * turns, nr_workers), i;
	bool wanders = !strcmp(manner, "wander"), idles = !strcmp(manner, "idle") && w->index % 2;
	bool hands = !strcmp(manner, "handoff");
	unsigned int rests = 0;
	struct rnd_state state;

	prandom_seed_state(&state, (u64)seed * 4711 + w->index);
	for (i = 0; i < steps; i++) {
		take_step(w, &state, hands);
		if (i % 256 == 0)
			cond_resched();
		if (i % STRETCH)
			continue;
		if (wanders)
			go_to(prandom_u32_state(&state) % nr_workers);
		if (idles && i * 5 > steps * (rests + 1)) {
			rests++;
			schedule_timeout_idle(2 * HZ);
		}
	}
}

static void count_held(void)
{
	unsigned int i;

	memset(held, 0, nr_blocks * sizeof(*held));
	for (i = 0; i < nr_slots; i++)
		if (slots[i])
			held[(page_to_pfn(slot_page(slots[i])) >> pageblock_order) - first_block]
			    [!!(slots[i] & SLOT_MOVABLE)] += 1 << (slots[i] & 3);
}

static void make_table(void)
{
	nr_slots = totalram_pages() / share;
	slots = vzalloc(array_size(nr_slots, sizeof(*slots)));
	if (!slots) {
		fail("no memory for the table");
		return;
	}
	drain_all();
	show_memory("start");
	nr_workers = min(num_online_cpus(), MAX_WORKERS);
}

static void show_table(void)
{
	count_held();
	show_memory("before");
	drain_all();
	show_memory("after");
	say("slots", "%u", nr_slots);
	say("lacking", "%ld", atomic_long_read(&lacking));
}

/* A thread on each CPU, and maybe another. */
static void work_on_table(void (*work)(struct worker *w), void (*other)(struct worker *w))
{
	unsigned int i;

	make_table();
	for (i = 0; i < nr_workers && !failed; i++)
		add_worker(i, i, work);
	if (other && !failed)
		add_worker(i++, 0, other);
	start_phase();
	run_workers(i);
	end_phase();
	if (!failed)
		show_table();
}

/*
 * Threads on all CPUs swap the pages of one table at random, so most are freed
 * on another CPU than allocated them. The pages stay for the phases after it.
 */
static void run_load(void)
{
	work_on_table(load_worker, NULL);
}

/* Most pages go, on one CPU. */
static void run_thin(void)
{
	unsigned int i;

	if (!slots) {
		fail("comes after load");
		return;
	}
	start_phase();
	for (i = 0; i < nr_slots; i++) {
		if (i % kept)
			free_slot(xchg(&slots[i], 0));
		if (i % 256 == 0)
			cond_resched();
	}
	end_phase();
	count_held();
	show_memory("before");
	drain_all();
	show_memory("after");
}

/* Age ---------------------------------------------------------------------- */

static u64 age_start;
static atomic_long_t left_out;

/* Slots in use at a time: from a quarter to all, and back, in each period. */
static unsigned int breath(u64 ns)
{
	u64 whole = (u64)period * NSEC_PER_SEC, at;

	div64_u64_rem(ns, whole, &at);
	at = min(at, whole - at);
	return nr_slots / 4 + div64_u64((u64)(nr_slots - nr_slots / 4) * 2 * at, whole);
}

/* As many steps as are due; what is late by more than a second is left out. */
static void age_worker(struct worker *w)
{
	u64 end = (u64)seconds * NSEC_PER_SEC, done = 0;
	struct rnd_state state;

	prandom_seed_state(&state, (u64)seed * 4711 + w->index);
	for (;;) {
		u64 now = ktime_get_ns() - age_start, due;
		unsigned int active;

		if (now >= end)
			break;
		active = breath(now);
		due = div_u64(now, NSEC_PER_USEC) * rate / USEC_PER_SEC;
		if (due > done + rate) {
			atomic_long_add(due - rate - done, &left_out);
			done = due - rate;
		}
		while (done < due) {
			unsigned int where = prandom_u32_state(&state) % nr_slots;

			free_slot(xchg(&slots[where], where < active ? fill_slot(&state) : 0));
			if (++done % 256 == 0)
				cond_resched();
		}
		/* The pace is the clock's. */
		schedule_timeout_idle(1);
	}
}

static void take_sample(unsigned int second)
{
	struct picture *p = kvzalloc(sizeof(*p), GFP_KERNEL);
	char text[256];
	int len = 0;
	unsigned int i;

	if (!p)
		return;
	take_sketch(p);
	for (i = 0; i < NR_PAGE_ORDERS; i++)
		len += scnprintf(text + len, sizeof(text) - len, " %lu", p->pieces[i]);
	/* The second, whole blocks, free pages, pages on PCPs, those that wait, pieces by order. */
	say("sample", "%u %lu %lu %lu %lu%s", second, p->whole, p->free, p->pcp, p->waiting, text);
	kvfree(p);
}

/* Each second, at the second. */
static void sampling_worker(struct worker *w)
{
	unsigned int second;

	for (second = 1; second <= seconds; second++) {
		s64 left = age_start + (u64)second * NSEC_PER_SEC - ktime_get_ns();

		if (left > 0)
			schedule_timeout_idle(nsecs_to_jiffies(left) + 1);
		take_sample(second);
	}
}

static void run_age(void)
{
	if (!period) {
		fail("period is 0");
		return;
	}
	age_start = ktime_get_ns();
	work_on_table(age_worker, sampling_worker);
	say("left_out", "%ld", atomic_long_read(&left_out));
}

/* Reclaim ------------------------------------------------------------------ */

/* A file without a disk: each page is read as zeroes, and can be reclaimed at once. */
static int frag_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, 0x66726167) ? 0 : -ENOMEM;
}

static struct file_system_type frag_fs = {
	.name = "frag",
	.init_fs_context = frag_init_fs_context,
	.kill_sb = kill_anon_super,
};

static struct vfsmount *frag_mount;
static atomic_long_t pages_read;

static struct address_space *make_file(void)
{
	struct inode *inode = alloc_anon_inode(frag_mount->mnt_sb);

	if (IS_ERR(inode))
		return NULL;
	inode->i_mapping->a_ops = &ram_aops;
	i_size_write(inode, MAX_LFS_FILESIZE);
	return inode->i_mapping;
}

static void read_page(struct address_space *mapping, unsigned long index)
{
	struct folio *folio = read_mapping_folio(mapping, index, NULL);

	if (IS_ERR(folio))
		atomic_long_inc(&lacking);
	else
		folio_put(folio);
}

/*
 * No page is read twice, so each that is read is an allocation. Each reads a file of its
 * own, or they would wait for one lock, whose holder the host may have stopped.
 */
static void reclaim_worker(struct worker *w)
{
	struct address_space *mapping = make_file();
	unsigned long read = 0;
	u64 steps = div_u64((u64)nr_slots * turns, nr_workers), i;
	bool hands = !strcmp(manner, "handoff");
	struct rnd_state state;

	if (!mapping) {
		fail("no file");
		return;
	}
	prandom_seed_state(&state, (u64)seed * 4711 + w->index);
	for (i = 0; i < steps; i++) {
		if (prandom_u32_state(&state) % 100 < file)
			read_page(mapping, read++);
		else
			take_step(w, &state, hands);
		if (i % 256 == 0)
			cond_resched();
	}
	atomic_long_add(read, &pages_read);
}

static void run_reclaim(void)
{
	frag_mount = kern_mount(&frag_fs);
	if (IS_ERR(frag_mount)) {
		fail("no file system");
		return;
	}
	work_on_table(reclaim_worker, NULL);
	say("read", "%ld", atomic_long_read(&pages_read));
}

/* Compaction --------------------------------------------------------------- */

/* A file of so many tenths of the memory, filled by this CPU. */
static struct file *fill_file(unsigned int tenths, unsigned long *nr_pages)
{
	struct file *filled;
	struct zone *zone;
	unsigned long nr = 0, i;

	for_each_populated_zone(zone)
		nr += zone->present_pages;
	nr = nr / 10 * tenths;
	filled = shmem_kernel_file_setup("frag", (loff_t)nr << PAGE_SHIFT,
					 mk_vma_flags(VMA_NORESERVE_BIT));
	if (IS_ERR(filled)) {
		fail("no file");
		return NULL;
	}
	for (i = 0; i < nr; i++) {
		struct page *page = shmem_read_mapping_page(filled->f_mapping, i);

		if (IS_ERR(page)) {
			fail("the file could not be filled");
			break;
		}
		put_page(page);
		cond_resched();
	}
	lru_add_drain_all();
	*nr_pages = nr;
	return filled;
}

/* Of eight pages, one stays. */
static void punch(struct file *filled, unsigned long first, unsigned int stays)
{
	loff_t at = (loff_t)first << PAGE_SHIFT, keep = (loff_t)(first + stays) << PAGE_SHIFT;
	loff_t end = (loff_t)(first + 8) << PAGE_SHIFT;

	if (stays)
		shmem_truncate_range(file_inode(filled), at, keep - 1);
	if (stays < 7)
		shmem_truncate_range(file_inode(filled), keep + PAGE_SIZE, end - 1);
}

/* Nine tenths of the memory full of pages with holes between them. */
static struct file *make_holes(void)
{
	struct rnd_state state;
	unsigned long nr, i;
	struct file *filled;

	go_to(0);
	filled = fill_file(9, &nr);
	if (!filled)
		return NULL;
	prandom_seed_state(&state, seed);
	for (i = 0; i + 8 <= nr; i += 8) {
		punch(filled, i, scatter ? prandom_u32_state(&state) % 8 : keep_index % 8);
		cond_resched();
	}
	if (drain)
		drain_all();
	show_memory("start");
	go_to(cpu);
	return filled;
}

static void free_huge_pages(struct page **pages, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		__free_pages(pages[i], pageblock_order);
}

/* Let kcompactd work, until it has done what it was asked for. */
static void wake_kcompactd(void)
{
	pg_data_t *pgdat = NODE_DATA(first_online_node);

	wakeup_kcompactd(pgdat, pageblock_order, pgdat->nr_zones - 1);
	/* It tells nobody that it is done. */
	while (READ_ONCE(pgdat->kcompactd_max_order))
		schedule_timeout_idle(1);
}

/* Huge pages, until too many tries failed; with kcompactd nobody else compacts. */
static void get_huge_pages(gfp_t gfp, bool kcompactd)
{
	unsigned int got = 0, tries = 0;
	struct page **pages;
	struct file *filled;

	pages = vcalloc(nr_blocks, sizeof(*pages));
	filled = pages ? make_holes() : NULL;
	if (!filled) {
		fail("no memory for the pages");
		return;
	}
	start_phase();
	while (got < nr_blocks && tries < (kcompactd ? WAKES : TRIES) && !failed) {
		pages[got] = alloc_pages(gfp, pageblock_order);
		if (pages[got]) {
			got++;
			/* kcompactd was asked for this one. */
			tries = kcompactd ? 0 : tries;
			continue;
		}
		tries++;
		if (kcompactd)
			wake_kcompactd();
	}
	end_phase();
	say("keep_index", "%u", keep_index % 8);
	say("got", "%u", got);
	/* Free memory does not depend on what waits where, once all is drained. */
	drain_all();
	free_huge_pages(pages, got);
	drain_all();
	show_memory("after");
	fput(filled);
	vfree(pages);
}

static void run_compact(void)
{
	get_huge_pages(GFP_TRANSHUGE | (noretry ? __GFP_NORETRY : 0), false);
}

static void run_kcompactd(void)
{
	get_huge_pages(GFP_TRANSHUGE_LIGHT | __GFP_NOWARN, true);
}

static void set_sysctl(const char *name, const char *text)
{
	struct file_system_type *type = get_fs_type("proc");
	struct vfsmount *mount = type ? kern_mount(type) : ERR_PTR(-ENODEV);
	struct file *opened;
	struct path where;
	loff_t at = 0;

	if (IS_ERR(mount)) {
		fail("no /proc");
		return;
	}
	where.mnt = mount;
	where.dentry = mount->mnt_root;
	opened = file_open_root(&where, name, O_WRONLY, 0);
	if (IS_ERR(opened)) {
		fail("no such sysctl");
		return;
	}
	if (kernel_write(opened, text, strlen(text), &at) < 0)
		fail("the sysctl was refused");
	fput(opened);
}

/* What there is when somebody compacted all memory. */
static void look_at_compacted(const char *name, const char *text, unsigned int wait)
{
	struct picture *p = kvzalloc(sizeof(*p), GFP_KERNEL);
	struct file *filled = p ? make_holes() : NULL;

	if (!filled) {
		fail("no memory for the picture");
		return;
	}
	start_phase();
	set_sysctl(name, text);
	if (wait)
		schedule_timeout_idle(wait * HZ);
	end_phase();
	say("keep_index", "%u", keep_index % 8);
	take_sketch(p);
	say("got", "%lu", p->whole);
	drain_all();
	show_memory("after");
	fput(filled);
	kvfree(p);
}

static void run_proactive(void)
{
	look_at_compacted("sys/vm/compaction_proactiveness", "90", seconds);
}

static void run_compact_all(void)
{
	look_at_compacted("sys/vm/compact_memory", "1", 0);
}

/* Blocks where they are ---------------------------------------------------- */

static struct {
	struct file *filled;
	unsigned long nr_pages;
	unsigned int tried, got;
	bool over;
} contig;

/* One tries block after block, in order, and gives each back at once. */
static void contig_worker(struct worker *w)
{
	unsigned int turn;
	struct zone *zone;

	for (turn = 0; turn < turns; turn++)
		for_each_populated_zone(zone) {
			unsigned long pfn = ALIGN(zone->zone_start_pfn, pageblock_nr_pages);

			for (; pfn + pageblock_nr_pages <= zone_end_pfn(zone);
			     pfn += pageblock_nr_pages) {
				contig.tried++;
				if (alloc_contig_range(pfn, pfn + pageblock_nr_pages,
						       ACR_FLAGS_NONE, GFP_KERNEL | __GFP_NOWARN))
					continue;
				contig.got++;
				free_contig_range(pfn, pageblock_nr_pages);
				cond_resched();
			}
		}
	WRITE_ONCE(contig.over, true);
}

/* Another frees pages of the file, and fills the holes again. */
static void holes_worker(struct worker *w)
{
	struct rnd_state state;

	prandom_seed_state(&state, (u64)seed * 4711 + w->index);
	while (!READ_ONCE(contig.over)) {
		unsigned long first = prandom_u32_state(&state) % (contig.nr_pages / 8) * 8, i;

		punch(contig.filled, first, prandom_u32_state(&state) % 8);
		for (i = first; i < first + 8; i++) {
			struct page *page = shmem_read_mapping_page(contig.filled->f_mapping, i);

			if (IS_ERR(page))
				atomic_long_inc(&lacking);
			else
				put_page(page);
		}
		cond_resched();
	}
}

static void run_contig(void)
{
	if (num_online_cpus() < 2) {
		fail("needs two CPUs");
		return;
	}
	go_to(0);
	contig.filled = fill_file(6, &contig.nr_pages);
	if (!contig.filled)
		return;
	show_memory("start");
	add_worker(0, 0, contig_worker);
	add_worker(1, 1, holes_worker);
	start_phase();
	run_workers(2);
	end_phase();
	say("tried", "%u", contig.tried);
	say("got", "%u", contig.got);
	say("lacking", "%ld", atomic_long_read(&lacking));
	drain_all();
	show_memory("after");
	fput(contig.filled);
}

/* From one CPU to another --------------------------------------------------- */

static struct {
	struct page *page[DEPTH][CHUNK];
	struct semaphore space, data;
	unsigned int chunks;
	gfp_t gfp;
} *ring;

static void allocating_worker(struct worker *w)
{
	unsigned int i, k;

	for (i = 0; i < ring->chunks; i++) {
		down(&ring->space);
		for (k = 0; k < CHUNK; k++) {
			struct page *page = alloc_page(ring->gfp | __GFP_NOWARN | __GFP_NORETRY);

			if (!page)
				fail("out of memory");
			ring->page[i % DEPTH][k] = page;
		}
		up(&ring->data);
		cond_resched();
	}
}

static void freeing_worker(struct worker *w)
{
	unsigned int i, k;

	for (i = 0; i < ring->chunks; i++) {
		down(&ring->data);
		for (k = 0; k < CHUNK; k++)
			if (ring->page[i % DEPTH][k])
				__free_page(ring->page[i % DEPTH][k]);
		up(&ring->space);
		cond_resched();
	}
}

static void pass_chunks(unsigned int nr)
{
	ring->chunks = nr;
	sema_init(&ring->space, DEPTH);
	sema_init(&ring->data, 0);
	add_worker(0, 0, allocating_worker);
	add_worker(1, 1, freeing_worker);
	run_workers(2);
}

static void run_remote(gfp_t gfp)
{
	if (num_online_cpus() < 2) {
		fail("needs two CPUs");
		return;
	}
	ring = vzalloc(sizeof(*ring));
	if (!ring) {
		fail("no memory for the ring");
		return;
	}
	ring->gfp = gfp;
	pass_chunks(WARM_CHUNKS);
	start_phase();
	pass_chunks(CHUNKS);
	end_phase();
	say("pages", "%u", CHUNKS * CHUNK);
	vfree(ring);
}

/* All of it ----------------------------------------------------------------- */

static void run_phase(void)
{
	if (!strcmp(phase, "load"))
		run_load();
	else if (!strcmp(phase, "thin"))
		run_thin();
	else if (!strcmp(phase, "age"))
		run_age();
	else if (!strcmp(phase, "reclaim"))
		run_reclaim();
	else if (!strcmp(phase, "compact"))
		run_compact();
	else if (!strcmp(phase, "kcompactd"))
		run_kcompactd();
	else if (!strcmp(phase, "proactive"))
		run_proactive();
	else if (!strcmp(phase, "compact_all"))
		run_compact_all();
	else if (!strcmp(phase, "contig"))
		run_contig();
	else if (!strcmp(phase, "remote_user"))
		run_remote(GFP_HIGHUSER_MOVABLE);
	else if (!strcmp(phase, "remote_kernel"))
		run_remote(GFP_KERNEL);
	else
		fail("no such phase");
}

/* The last of all that is done before the first program would start. */
static int __init frag_init(void)
{
	char *rest = kstrdup(run, GFP_KERNEL);

	phase = "setup";
	find_blocks();
	while (!failed && (phase = strsep(&rest, ",")))
		run_phase();
	printk(KERN_WARNING "frag: end\n");
	kernel_power_off();
	return 0;
}
late_initcall_sync(frag_init);
