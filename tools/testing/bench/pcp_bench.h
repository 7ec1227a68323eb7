/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Benchmarks of the page allocator: what their files share. pcp_bench.c lists the cases.
 */
#ifndef __PCP_BENCH_H
#define __PCP_BENCH_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <linux/wait.h>

#define MAX_SAMPLES	16
#define MAX_WORKERS	64
#define MAX_METRICS	20
#define MAX_CHUNK	256
#define MAX_COSTS	8192
/* struct bench::owners of a case where all work for themselves. */
#define ALL_CORES	101
#define ALL_CPUS	102

/*
 * Memory of processes, if a case does not say otherwise. After booting nearly
 * all free blocks are of that type, so ownership begins at once.
 */
#define GFP_BENCH	(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY)

extern unsigned int bench_cores;
extern unsigned int bench_samples;
extern unsigned int bench_sample_ms;

/*
 * A case. A comment at its function says what @freers and @owners mean.
 */
struct bench {
	const char *name;
	void (*run)(const struct bench *b);
	unsigned int order;
	unsigned int burst;
	unsigned int owners;
	unsigned int freers;
	bool folios;
	bool bare;
	bool shuffled;
	bool timed_alloc;	/* each allocation, or each free, for itself */
	bool timed_free;
	gfp_t gfp;
};
/* pcp_bench.c: results. The caller is the one who runs the case, never a worker. */
struct bench_result {
	const struct bench *b;
	const char *failed;
	char skipped[64];
	unsigned int nr_metrics;
	struct {
		const char *name;
		unsigned int nr;
		u64 value[MAX_SAMPLES];		/* in thousandths */
	} metric[MAX_METRICS];
};

extern struct bench_result bench_result;

void bench_record_milli(const char *name, u64 value);
void bench_record(const char *name, u64 value);
void bench_record_ns(const char *name, u64 ns, u64 n);

/* pcp_bench_gang.c: workers, and how far apart their cores are. */
struct gang;
struct ring;

struct worker {
	struct gang *gang;
	unsigned int index;
	int cpu;
	void (*fn)(struct worker *w);

	u64 ns;			/* measured time */
	u64 alloc_ns;		/* the same of the allocations, where they are apart */
	u64 nr;			/* pages in it */
	u64 start, end;		/* the whole life */
	u64 worst, tail;	/* ns of one call */
	u32 *costs;		/* of one chunk each, in ps a page */
	u32 *paces;		/* ps, of one that works alone */
	unsigned int nr_costs;
	struct page **pages;
};

struct gang {
	const struct bench *b;
	unsigned int nr;
	atomic_t arriving, working;
	struct completion go, done, allocated;
	wait_queue_head_t space;
	struct ring **ring;
	/* Of pcp_bench_tasks.c: pages of a process, and one page on its way. */
	struct page **page;
	atomic_t touching;
	struct page *slot ____cacheline_aligned_in_smp;
	bool closed;
	struct llist_head list ____cacheline_aligned_in_smp;
	struct worker w[MAX_WORKERS] ____cacheline_aligned_in_smp;
};

bool gang_add(struct gang *gang, int cpu, void (*fn)(struct worker *w));
bool gang_run(struct gang *gang);
void gang_free(struct gang *gang);
struct gang *gang_alloc(const struct bench *b);

u64 bench_sample_ns(void);
bool bench_enough_cpus(unsigned int nr);
void bench_note_cost(struct worker *w, u64 ns, unsigned int nr);
void bench_record_median(struct gang *gang, unsigned int from, const char *name);
u64 bench_measure_hop(void);
void bench_record_hop(u64 before);

/* Once more than @samples: the first run warms up and is not recorded. */
#define for_each_sample(s) \
	for ((s) = 0; (s) <= min(bench_samples, MAX_SAMPLES) && !bench_result.failed; (s)++)

/* A case runs one of these. */
void bench_run_hop(const struct bench *b);
void bench_run_bursts(const struct bench *b);
void bench_run_parts(const struct bench *b);
void bench_run_remote(const struct bench *b);
void bench_run_close(const struct bench *b);
void bench_run_movers(const struct bench *b);
void bench_run_exit(const struct bench *b);
void bench_run_blocks(const struct bench *b);
void bench_run_count(const struct bench *b);

void bench_shuffle(void);

/* Inline, as the calls are measured. */
static inline bool bench_alloc(const struct bench *b, struct page **pages, unsigned int nr)
{
	gfp_t gfp = b->gfp ?: GFP_BENCH;
	unsigned int order = b->order, i;

	for (i = 0; i < nr; i++) {
		pages[i] = alloc_pages(gfp, order);
		if (unlikely(!pages[i])) {
			while (i--)
				__free_pages(pages[i], order);
			WRITE_ONCE(bench_result.failed, "out of memory");
			return false;
		}
	}
	return true;
}

static inline void bench_free(struct page **pages, unsigned int nr, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		__free_pages(pages[i], order);
}

#endif /* __PCP_BENCH_H */
