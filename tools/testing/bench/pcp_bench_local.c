// SPDX-License-Identifier: GPL-2.0
/*
 * Allocate and free on the same CPU.
 */
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "pcp_bench.h"

#define PACE_WORDS	256
#define PACE_PASSES	512

/* How fast a core is --------------------------------------------------------- */

/*
 * The time of a fixed piece of work that keeps many units of the core busy, in
 * thousandths of a nanosecond a pass. It is twice as long while the other thread
 * of the core, which may belong to another virtual machine, has work; to allocate
 * takes 1.4 times as long then. That changes many times a second, so it is
 * measured between any two chunks, and only those count that were as fast as the
 * fastest.
 */
static u32 measure_pace(void)
{
	static u64 words[PACE_WORDS];
	u64 *word = words, a = 0, b = 0, c = 0, d = 0, before = ktime_get_ns();
	unsigned int pass, i;

	/* They are all 0, which the compiler must not know. */
	OPTIMIZER_HIDE_VAR(word);
	for (pass = 0; pass < PACE_PASSES; pass++) {
		for (i = 0; i < PACE_WORDS; i += 4) {
			a += word[i];
			b ^= word[i + 1];
			c += word[i + 2];
			d ^= word[i + 3];
		}
		/* Or the passes would be made one. */
		asm volatile("" : "+r" (a), "+r" (b), "+r" (c), "+r" (d) : : "memory");
	}
	return min((ktime_get_ns() - before) * 1000 / PACE_PASSES, (u64)U32_MAX);
}

/* Keep the chunks that had the core to themselves; records how fast it was. */
static void keep_fast_chunks(struct worker *w)
{
	unsigned int i, nr = 0;
	u32 best = U32_MAX;

	for (i = 0; i < w->nr_costs; i++)
		best = min(best, w->paces[i]);
	for (i = 0; i < w->nr_costs; i++)
		if (w->paces[i] <= best + best / 8)
			w->costs[nr++] = w->costs[i];
	w->nr_costs = nr;
	bench_record_milli("pace_ns", best);
}

/* Bursts ------------------------------------------------------------------ */

static void burst_worker(struct worker *w)
{
	const struct bench *b = w->gang->b;
	unsigned int inner = max((b->order ? 256 : 1024) / b->burst, 1u), chunk, i;
	/* The host stops a CPU seldom, and then for long. */
	u64 length = bench_sample_ns() * (b->owners == ALL_CPUS ? 5 : 1);
	bool alone = w->gang->nr == 1;
	u32 pace = alone ? measure_pace() : 0, last;
	u64 start = ktime_get_ns(), now;

	do {
		u64 before = ktime_get_ns();

		for (i = 0; i < inner; i++) {
			if (!bench_alloc(b, w->pages, b->burst))
				return;
			bench_free(w->pages, b->burst, b->order);
		}
		now = ktime_get_ns();
		chunk = w->nr_costs;
		bench_note_cost(w, now - before, inner * b->burst);
		if (alone && chunk < w->nr_costs) {
			last = pace;
			pace = measure_pace();
			w->paces[chunk] = max(last, pace);
		}
		cond_resched();
	} while (now - start < length);
}

/* As above, but the two halves are measured apart. */
static void parts_worker(struct worker *w)
{
	const struct bench *b = w->gang->b;
	u64 start = ktime_get_ns(), before, between, now;

	do {
		before = ktime_get_ns();
		if (!bench_alloc(b, w->pages, b->burst))
			return;
		between = ktime_get_ns();
		bench_free(w->pages, b->burst, b->order);
		now = ktime_get_ns();
		w->alloc_ns += between - before;
		w->ns += now - between;
		w->nr += b->burst;
		cond_resched();
	} while (now - start < bench_sample_ns());
}

/*
 * An allocation and a free of pages that stay on the local PCP and in the caches. That is
 * the least that the two sides of a free from CPU to CPU could cost: no page is handed
 * over, no line is missed and no lock waited for.
 */
void bench_run_parts(const struct bench *b)
{
	unsigned int s;

	for_each_sample(s) {
		struct gang *gang = gang_alloc(b);

		if (gang && gang_add(gang, 0, parts_worker) && gang_run(gang) && s) {
			bench_record_ns("alloc_ns", gang->w[0].alloc_ns, gang->w[0].nr);
			bench_record_ns("free_ns", gang->w[0].ns, gang->w[0].nr);
		}
		if (gang)
			gang_free(gang);
	}
}

/*
 * Allocate and free on the same CPU: page tables, slabs, page cache that is
 * written and dropped by one task. This is what most allocations are, so it may
 * not become slower. Bursts of 1 use the same page again and again; 64 is a
 * batch; 4096 is more than a PCP may keep in stock at first, so zone->lock is
 * taken at times. Order 9 is no order for a PCP under UML, which has no huge
 * pages: it shows what the zone's own paths cost now.
 *
 * With ALL_CORES that many CPUs do it at once: a build, or a web server. With
 * ALL_CPUS, which must be more, the host stops CPUs at any place, as it does with a
 * virtual machine: stock's zone->lock is then at times held by a CPU that does
 * not run.
 */
void bench_run_bursts(const struct bench *b)
{
	unsigned int n = 1, s, i;

	if (b->owners == ALL_CORES)
		n = bench_cores;
	else if (b->owners == ALL_CPUS)
		n = max(num_online_cpus(), bench_cores + 1);
	if (!bench_enough_cpus(n))
		return;
	for_each_sample(s) {
		u64 before = n > 1 ? bench_measure_hop() : 0;
		struct gang *gang = gang_alloc(b);
		u64 ns = 0, nr = 0;
		bool good = gang;

		for (i = 0; good && i < n; i++)
			good = gang_add(gang, i, burst_worker);
		if (good && gang_run(gang)) {
			for (i = 0; i < n; i++) {
				ns = max(ns, gang->w[i].ns);
				nr += gang->w[i].nr;
			}
			/* The time of a core: more CPUs than those get no more. */
			if (s) {
				bench_record_ns("ns", ns * min(n, bench_cores), nr);
				if (n > 1)
					bench_record_hop(before);
				else
					keep_fast_chunks(&gang->w[0]);
				bench_record_median(gang, 0, "median_ns");
			}
		}
		if (gang)
			gang_free(gang);
	}
}
