// SPDX-License-Identifier: GPL-2.0
/*
 * Loads on one table of pages: load, thin, age, reclaim.
 */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/pseudo_fs.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "pcp_frag.h"

/* Steps between two decisions of a worker of the load. */
#define STRETCH		4096

/* The table ---------------------------------------------------------------- */

/*
 * A slot is the address of a struct page, with its order in the lowest two bits
 * and whether it can be moved in the next; that address is a multiple of 8.
 */
#define SLOT_MOVABLE	4UL

static unsigned long *slots;
static unsigned int nr_slots, nr_workers;
atomic_long_t frag_lacking;

static struct page *slot_page(unsigned long slot)
{
	return (struct page *)(slot & ~7UL);
}

static void free_slot(unsigned long slot)
{
	if (slot)
		__free_pages(slot_page(slot), slot & 3);
}

/* A thread that fills slots: its random numbers, and pages that it got in bulk. */
struct filler {
	struct rnd_state state;
	unsigned int nr;
	struct page *pages[32];
};

static struct page *bulk_page(struct filler *filler, gfp_t gfp)
{
	unsigned int want = min(frag_bulk, ARRAY_SIZE(filler->pages));

	if (!filler->nr) {
		memset(filler->pages, 0, sizeof(filler->pages));
		filler->nr = alloc_pages_bulk(gfp, want, filler->pages);
	}
	return filler->nr ? filler->pages[--filler->nr] : NULL;
}

static void free_bulk(struct filler *filler)
{
	while (filler->nr)
		__free_page(filler->pages[--filler->nr]);
}

static unsigned long fill_slot(struct filler *filler)
{
	struct rnd_state *state = &filler->state;
	bool moves = prandom_u32_state(state) % 100 < frag_movable;
	unsigned int order = prandom_u32_state(state) % 100 < frag_large ?
			     1 + prandom_u32_state(state) % 3 : 0;
	gfp_t gfp = (moves ? GFP_HIGHUSER_MOVABLE : GFP_KERNEL) | __GFP_NOWARN | __GFP_NORETRY;
	struct page *page = frag_bulk && !moves && !order ? bulk_page(filler, gfp) :
			    alloc_pages(gfp, order);

	if (!page) {
		atomic_long_inc(&frag_lacking);
		return 0;
	}
	return (unsigned long)page | order | (moves ? SLOT_MOVABLE : 0);
}

/* Of each pair, one allocates and the other frees. */
static void hand_off(struct worker *w, struct filler *filler, unsigned int where)
{
	if (w->index % 2) {
		free_slot(xchg(&slots[where], 0));
	} else if (!READ_ONCE(slots[where])) {
		unsigned long slot = fill_slot(filler);

		if (cmpxchg(&slots[where], 0, slot))
			free_slot(slot);
	}
}

/* One slot gets another page. */
static void take_step(struct worker *w, struct filler *filler, bool hands)
{
	unsigned int where = prandom_u32_state(&filler->state) % nr_slots;

	if (hands)
		hand_off(w, filler, where);
	else
		free_slot(xchg(&slots[where], fill_slot(filler)));
}

/*
 * bound: each stays on its CPU. wander: to another CPU after each stretch. idle: half of them
 * stop for two seconds, four times; nobody can wait for that but with the clock.
 */
static void load_worker(struct worker *w)
{
	u64 steps = div_u64((u64)nr_slots * frag_turns, nr_workers), i;
	bool wanders = !strcmp(frag_manner, "wander");
	bool idles = !strcmp(frag_manner, "idle") && w->index % 2;
	bool hands = !strcmp(frag_manner, "handoff");
	unsigned int rests = 0;
	struct filler filler = {};

	prandom_seed_state(&filler.state, (u64)frag_seed * 4711 + w->index);
	for (i = 0; i < steps; i++) {
		take_step(w, &filler, hands);
		if (i % 256 == 0)
			cond_resched();
		if (i % STRETCH)
			continue;
		if (wanders)
			frag_go_to(prandom_u32_state(&filler.state) % nr_workers);
		if (idles && i * 5 > steps * (rests + 1)) {
			rests++;
			schedule_timeout_idle(2 * HZ);
		}
	}
	free_bulk(&filler);
}

static void count_held(void)
{
	unsigned int i;

	memset(frag_held, 0, frag_nr_blocks * sizeof(*frag_held));
	for (i = 0; i < nr_slots; i++)
		if (slots[i])
			frag_held[(page_to_pfn(slot_page(slots[i])) >> pageblock_order) - frag_first_block]
			    [!!(slots[i] & SLOT_MOVABLE)] += 1 << (slots[i] & 3);
}

static void make_table(void)
{
	nr_slots = totalram_pages() / frag_share;
	slots = vzalloc(array_size(nr_slots, sizeof(*slots)));
	if (!slots) {
		frag_fail("no memory for the table");
		return;
	}
	frag_drain_all();
	frag_show_memory("start");
	nr_workers = min(num_online_cpus(), MAX_WORKERS);
}

static void show_table(void)
{
	count_held();
	frag_show_memory("before");
	frag_drain_all();
	frag_show_memory("after");
	say("slots", "%u", nr_slots);
	say("lacking", "%ld", atomic_long_read(&frag_lacking));
}

/* A thread on each CPU, and maybe another. */
static void work_on_table(void (*work)(struct worker *w), void (*other)(struct worker *w))
{
	unsigned int i;

	make_table();
	for (i = 0; i < nr_workers && !frag_failed; i++)
		frag_add_worker(i, i, work);
	if (other && !frag_failed)
		frag_add_worker(i++, 0, other);
	frag_start_phase();
	frag_run_workers(i);
	frag_end_phase();
	if (!frag_failed)
		show_table();
}

/*
 * Threads on all CPUs swap the pages of one table at random, so most are freed
 * on another CPU than allocated them. The pages stay for the phases after it.
 */
void frag_run_load(void)
{
	work_on_table(load_worker, NULL);
}

/* Most pages go, on one CPU. */
void frag_run_thin(void)
{
	unsigned int i;

	if (!slots) {
		frag_fail("comes after load");
		return;
	}
	frag_start_phase();
	for (i = 0; i < nr_slots; i++) {
		if (i % frag_kept)
			free_slot(xchg(&slots[i], 0));
		if (i % 256 == 0)
			cond_resched();
	}
	frag_end_phase();
	count_held();
	frag_show_memory("before");
	frag_drain_all();
	frag_show_memory("after");
}

/* Age ---------------------------------------------------------------------- */

static u64 age_start;
static atomic_long_t left_out;

/* Slots in use at a time: from a quarter to all, and back, in each period. */
static unsigned int breath(u64 ns)
{
	u64 whole = (u64)frag_period * NSEC_PER_SEC, at;

	div64_u64_rem(ns, whole, &at);
	at = min(at, whole - at);
	return nr_slots / 4 + div64_u64((u64)(nr_slots - nr_slots / 4) * 2 * at, whole);
}

/* As many steps as are due; what is late by more than a second is left out. */
static void age_worker(struct worker *w)
{
	u64 end = (u64)frag_seconds * NSEC_PER_SEC, done = 0;
	struct filler filler = {};

	prandom_seed_state(&filler.state, (u64)frag_seed * 4711 + w->index);
	for (;;) {
		u64 now = ktime_get_ns() - age_start, due;
		unsigned int active;

		if (now >= end)
			break;
		active = breath(now);
		due = div_u64(now, NSEC_PER_USEC) * frag_rate / USEC_PER_SEC;
		if (due > done + frag_rate) {
			atomic_long_add(due - frag_rate - done, &left_out);
			done = due - frag_rate;
		}
		while (done < due) {
			unsigned int where = prandom_u32_state(&filler.state) % nr_slots;

			free_slot(xchg(&slots[where], where < active ? fill_slot(&filler) : 0));
			if (++done % 256 == 0)
				cond_resched();
		}
		/* The pace is the clock's. */
		schedule_timeout_idle(1);
	}
	free_bulk(&filler);
}

static void take_sample(unsigned int second)
{
	struct picture *p = kvzalloc(sizeof(*p), GFP_KERNEL);
	char text[256];
	int len = 0;
	unsigned int i;

	if (!p)
		return;
	frag_take_sketch(p);
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

	for (second = 1; second <= frag_seconds; second++) {
		s64 left = age_start + (u64)second * NSEC_PER_SEC - ktime_get_ns();

		if (left > 0)
			schedule_timeout_idle(nsecs_to_jiffies(left) + 1);
		take_sample(second);
	}
}

void frag_run_age(void)
{
	if (!frag_period) {
		frag_fail("period is 0");
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
		atomic_long_inc(&frag_lacking);
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
	u64 steps = div_u64((u64)nr_slots * frag_turns, nr_workers), i;
	bool hands = !strcmp(frag_manner, "handoff");
	struct filler filler = {};

	if (!mapping) {
		frag_fail("no file");
		return;
	}
	prandom_seed_state(&filler.state, (u64)frag_seed * 4711 + w->index);
	for (i = 0; i < steps; i++) {
		if (prandom_u32_state(&filler.state) % 100 < frag_file)
			read_page(mapping, read++);
		else
			take_step(w, &filler, hands);
		if (i % 256 == 0)
			cond_resched();
	}
	free_bulk(&filler);
	atomic_long_add(read, &pages_read);
}

void frag_run_reclaim(void)
{
	frag_mount = kern_mount(&frag_fs);
	if (IS_ERR(frag_mount)) {
		frag_fail("no file system");
		return;
	}
	work_on_table(reclaim_worker, NULL);
	say("read", "%ld", atomic_long_read(&pages_read));
}
