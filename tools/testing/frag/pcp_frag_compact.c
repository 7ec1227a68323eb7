// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages out of memory with holes, and blocks where they are.
 */
#include <linux/compaction.h>
#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "page_alloc.h"
#include "pcp_frag.h"

#define TRIES		8
/* kcompactd may let so many requests pass after it got nowhere. */
#define WAKES		128

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
		frag_fail("no file");
		return NULL;
	}
	for (i = 0; i < nr; i++) {
		struct page *page = shmem_read_mapping_page(filled->f_mapping, i);

		if (IS_ERR(page)) {
			frag_fail("the file could not be filled");
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

/* Of two chunks of pages, one stays: as when folios and slabs of one size come and go. */
static void punch_chunk(struct file *filled, unsigned long first, bool second_stays)
{
	loff_t size = (loff_t)frag_chunk << PAGE_SHIFT, at = (loff_t)first << PAGE_SHIFT;

	if (!second_stays)
		at += size;
	shmem_truncate_range(file_inode(filled), at, at + size - 1);
}

/* Nine tenths of the memory full of pages with holes between them. */
static struct file *make_holes(void)
{
	struct rnd_state state;
	unsigned long nr, i;
	struct file *filled;

	frag_go_to(0);
	filled = fill_file(9, &nr);
	if (!filled)
		return NULL;
	prandom_seed_state(&state, frag_seed);
	for (i = 0; frag_chunk && i + 2 * frag_chunk <= nr; i += 2 * frag_chunk) {
		punch_chunk(filled, i, prandom_u32_state(&state) % 2);
		cond_resched();
	}
	for (i = 0; !frag_chunk && i + 8 <= nr; i += 8) {
		punch(filled, i, (frag_scatter ? prandom_u32_state(&state) : frag_keep_index) % 8);
		cond_resched();
	}
	if (frag_drain)
		frag_drain_all();
	frag_show_memory("start");
	frag_go_to(frag_cpu);
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

/* A huge page, or NULL; longest is the time in ns that the longest try took so far. */
static struct page *get_huge_page(gfp_t gfp, u64 *longest)
{
	u64 start = ktime_get_ns();
	struct page *page = alloc_pages(gfp, pageblock_order);

	*longest = max(*longest, ktime_get_ns() - start);
	return page;
}

/* Huge pages, until too many tries failed; with kcompactd nobody else compacts. */
static void get_huge_pages(gfp_t gfp, bool kcompactd)
{
	unsigned int got = 0, tries = 0, failed = 0, most;
	struct page **pages;
	struct file *filled;
	u64 longest = 0;

	pages = vcalloc(frag_nr_blocks, sizeof(*pages));
	filled = pages ? make_holes() : NULL;
	if (!filled) {
		frag_fail("no memory for the pages");
		return;
	}
	/* Faults come one for each place, whatever became of those before. */
	most = frag_once ? global_zone_page_state(NR_FREE_PAGES) >> pageblock_order :
	       frag_nr_blocks;
	frag_start_phase();
	while (got + failed < most && tries < (kcompactd ? WAKES : TRIES) && !frag_failed) {
		pages[got] = get_huge_page(gfp, &longest);
		if (pages[got]) {
			got++;
			/* kcompactd was asked for this one. */
			tries = kcompactd ? 0 : tries;
			continue;
		}
		if (frag_once)
			failed++;
		else
			tries++;
		if (kcompactd)
			wake_kcompactd();
	}
	frag_end_phase();
	say("keep_index", "%u", frag_keep_index % 8);
	say("got", "%u", got);
	say("longest_us", "%llu", div_u64(longest, 1000));
	/* Free memory does not depend on what waits where, once all is drained. */
	frag_drain_all();
	free_huge_pages(pages, got);
	frag_drain_all();
	frag_show_memory("after");
	fput(filled);
	vfree(pages);
}

void frag_run_compact(void)
{
	get_huge_pages(GFP_TRANSHUGE | (frag_noretry ? __GFP_NORETRY : 0) |
		       (frag_kswapd ? __GFP_KSWAPD_RECLAIM : 0), false);
}

void frag_run_kcompactd(void)
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
		frag_fail("no /proc");
		return;
	}
	where.mnt = mount;
	where.dentry = mount->mnt_root;
	opened = file_open_root(&where, name, O_WRONLY, 0);
	if (IS_ERR(opened)) {
		frag_fail("no such sysctl");
		return;
	}
	if (kernel_write(opened, text, strlen(text), &at) < 0)
		frag_fail("the sysctl was refused");
	fput(opened);
}

/* The memory after all of it was compacted. */
static void look_at_compacted(const char *name, const char *text, unsigned int wait)
{
	struct picture *p = kvzalloc(sizeof(*p), GFP_KERNEL);
	struct file *filled = p ? make_holes() : NULL;

	if (!filled) {
		frag_fail("no memory for the picture");
		return;
	}
	frag_start_phase();
	set_sysctl(name, text);
	if (wait)
		schedule_timeout_idle(wait * HZ);
	frag_end_phase();
	say("keep_index", "%u", frag_keep_index % 8);
	frag_take_sketch(p);
	say("got", "%lu", p->whole);
	frag_drain_all();
	frag_show_memory("after");
	fput(filled);
	kvfree(p);
}

void frag_run_proactive(void)
{
	look_at_compacted("sys/vm/compaction_proactiveness", "90", frag_seconds);
}

void frag_run_compact_all(void)
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

	for (turn = 0; turn < frag_turns; turn++)
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

	prandom_seed_state(&state, (u64)frag_seed * 4711 + w->index);
	while (!READ_ONCE(contig.over)) {
		unsigned long first = prandom_u32_state(&state) % (contig.nr_pages / 8) * 8, i;

		punch(contig.filled, first, prandom_u32_state(&state) % 8);
		for (i = first; i < first + 8; i++) {
			struct page *page = shmem_read_mapping_page(contig.filled->f_mapping, i);

			if (IS_ERR(page))
				atomic_long_inc(&frag_lacking);
			else
				put_page(page);
		}
		cond_resched();
	}
}

void frag_run_contig(void)
{
	if (num_online_cpus() < 2) {
		frag_fail("needs two CPUs");
		return;
	}
	frag_go_to(0);
	contig.filled = fill_file(6, &contig.nr_pages);
	if (!contig.filled)
		return;
	frag_show_memory("start");
	frag_add_worker(0, 0, contig_worker);
	frag_add_worker(1, 1, holes_worker);
	frag_start_phase();
	frag_run_workers(2);
	frag_end_phase();
	say("tried", "%u", contig.tried);
	say("got", "%u", contig.got);
	say("lacking", "%ld", atomic_long_read(&frag_lacking));
	frag_drain_all();
	frag_show_memory("after");
	fput(contig.filled);
}
