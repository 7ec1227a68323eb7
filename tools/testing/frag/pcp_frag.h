/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whole blocks that the page allocator leaves: shared by the files of make frag.
 */
#ifndef __PCP_FRAG_H
#define __PCP_FRAG_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/mmzone.h>
#include <linux/printk.h>
#include <linux/types.h>

#define MAX_WORKERS	64

/* The parameters; pcp_frag.c explains them. */
extern unsigned int frag_seed;
extern unsigned int frag_movable;
extern unsigned int frag_large;
extern unsigned int frag_bulk;
extern unsigned int frag_share;
extern unsigned int frag_turns;
extern unsigned int frag_seconds;
extern unsigned int frag_period;
extern unsigned int frag_rate;
extern unsigned int frag_file;
extern char *frag_manner;
extern unsigned int frag_kept;
extern unsigned int frag_cpu;
extern bool frag_noretry;
extern bool frag_kswapd;
extern bool frag_once;
extern bool frag_drain;
extern bool frag_scatter;
extern unsigned int frag_chunk;
extern unsigned int frag_keep_index;

extern const char *frag_phase;
extern bool frag_failed;

#define say(key, fmt, ...) \
	printk(KERN_WARNING "frag: %s " key " " fmt "\n", frag_phase, ##__VA_ARGS__)

void frag_fail(const char *why);

/* pcp_frag.c: threads. */
struct worker {
	unsigned int index;
	unsigned int cpu;
	void (*work)(struct worker *w);
	struct completion done;
	struct task_struct *task;
};

void frag_go_to(unsigned int where);
void frag_add_worker(unsigned int i, unsigned int where, void (*work)(struct worker *w));
void frag_run_workers(unsigned int nr);

/* pcp_frag_look.c */
struct picture {
	unsigned long free, whole, owned, mixed, stray, pcp, waiting;
	unsigned long pieces[NR_PAGE_ORDERS];
	unsigned long types[MIGRATE_TYPES];
	/* Blocks by how much of them is free: nothing, quarters, all. */
	unsigned long fullness[6];
};

/* Of each block, how many pages in use are the table's, by whether they can be moved. */
extern u16 (*frag_held)[2];
extern unsigned long frag_first_block, frag_nr_blocks;

void frag_find_blocks(void);
void frag_start_phase(void);
void frag_end_phase(void);
void frag_take_sketch(struct picture *p);
void frag_show_memory(const char *when);
void frag_drain_all(void);

/* Pages that could not be had. */
extern atomic_long_t frag_lacking;

/* The phases. */
void frag_run_load(void);
void frag_run_thin(void);
void frag_run_age(void);
void frag_run_reclaim(void);
void frag_run_compact(void);
void frag_run_kcompactd(void);
void frag_run_proactive(void);
void frag_run_compact_all(void);
void frag_run_contig(void);
void frag_run_remote(gfp_t gfp);

#endif /* __PCP_FRAG_H */
