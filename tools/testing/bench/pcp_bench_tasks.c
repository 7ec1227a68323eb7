// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that a task frees elsewhere than it, or others, allocated them: close behind the
 * one who allocates, after a move to another CPU, and when a process ends.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/folio_batch.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "pcp_bench.h"

/* Close behind ------------------------------------------------------------- */

/* So many pages between two looks at the clock. */
#define CLOSE_CHUNK	1024
#define CLOSE_SPINS	10000

/* Wait until the slot is empty, or until it has a page. False if the other one has ended. */
static bool close_wait(struct gang *gang, bool full)
{
	unsigned int spins = 0;

	while (!smp_load_acquire(&gang->slot) == full) {
		if (READ_ONCE(gang->closed))
			return !smp_load_acquire(&gang->slot) != full;
		cpu_relax();
		if (++spins % CLOSE_SPINS == 0)
			cond_resched();
	}
	return true;
}

static void close_owner_worker(struct worker *w)
{
	struct gang *gang = w->gang;
	u64 start = ktime_get_ns();
	unsigned int i;

	do {
		for (i = 0; i < CLOSE_CHUNK; i++) {
			struct page *page;

			if (!bench_alloc(gang->b, &page, 1))
				goto out;
			close_wait(gang, false);
			smp_store_release(&gang->slot, page);
			w->nr++;
		}
		cond_resched();
	} while (ktime_get_ns() - start < bench_sample_ns());
out:
	smp_store_release(&gang->closed, true);
}

static void close_freer_worker(struct worker *w)
{
	struct gang *gang = w->gang;

	while (close_wait(gang, true)) {
		struct page *page = gang->slot;

		smp_store_release(&gang->slot, NULL);
		__free_pages(page, gang->b->order);
		w->nr++;
	}
}

/*
 * A page is freed as soon as the other CPU has it: pipes, loopback. No more than one page is
 * on its way, so each page that waits is a line that both CPUs want at the same time.
 */
void bench_run_close(const struct bench *b)
{
	unsigned int s;

	if (!bench_enough_cpus(2))
		return;
	if (bench_cores < 2) {
		snprintf(bench_result.skipped, sizeof(bench_result.skipped), "needs 2 cores");
		return;
	}
	for_each_sample(s) {
		u64 before = bench_measure_hop();
		struct gang *gang = gang_alloc(b);

		if (gang && gang_add(gang, 0, close_owner_worker) &&
		    gang_add(gang, 1, close_freer_worker) && gang_run(gang) && s) {
			bench_record_ns("ns", gang->w[1].end - gang->w[0].start, gang->w[0].nr);
			bench_record_hop(before);
		}
		if (gang)
			gang_free(gang);
	}
}

/* After a move ---------------------------------------------------------------- */

/* Each thread goes round the cores; the move itself does not count. */
static void mover_worker(struct worker *w)
{
	struct gang *gang = w->gang;
	unsigned int nr = gang->b->burst, at = w->cpu;
	u64 start = ktime_get_ns(), before, ns;

	do {
		before = ktime_get_ns();
		if (!bench_alloc(gang->b, w->pages, nr))
			return;
		ns = ktime_get_ns() - before;

		at = (at + 1) % gang->nr;
		if (set_cpus_allowed_ptr(current, cpumask_of(at)))
			bench_result.failed = "a thread could not move";

		before = ktime_get_ns();
		bench_free(w->pages, nr, gang->b->order);
		bench_note_cost(w, ns + ktime_get_ns() - before, nr);
		cond_resched();
	} while (ktime_get_ns() - start < bench_sample_ns());
}

/*
 * The scheduler moves a task between its allocation and its free. Half of a CPU's pages are
 * then of blocks of another one.
 */
void bench_run_movers(const struct bench *b)
{
	unsigned int s, i, nr = max(bench_cores, 2u);

	if (!bench_enough_cpus(nr))
		return;
	for_each_sample(s) {
		u64 before = bench_measure_hop();
		struct gang *gang = gang_alloc(b);
		bool good = gang;

		for (i = 0; good && i < nr; i++)
			good = gang_add(gang, i, mover_worker);
		if (good && gang_run(gang) && s) {
			bench_record_median(gang, 0, "median_ns");
			bench_record_hop(before);
		}
		if (gang)
			gang_free(gang);
	}
}

/* When a process ends ------------------------------------------------------------ */

/* A thread of the process touches so many pages in a row, 1 MB. */
#define EXIT_RUN	256
#define EXIT_PAGES	65536

static void exit_toucher(struct worker *w)
{
	struct gang *gang = w->gang;
	unsigned int run, i;

	for (run = w->index; run < EXIT_PAGES / EXIT_RUN; run += gang->nr - 1) {
		for (i = 0; i < EXIT_RUN; i++)
			if (!bench_alloc(gang->b, &gang->page[run * EXIT_RUN + i], 1))
				break;
		cond_resched();
	}
	if (atomic_dec_and_test(&gang->touching))
		complete(&gang->allocated);
}

/* In the order of their addresses in the process, as many at once as exit gathers. */
static void exit_freer(struct worker *w)
{
	struct gang *gang = w->gang;
	struct folio_batch batch;
	unsigned int i, first = 0;
	u64 before;

	wait_for_completion(&gang->allocated);
	folio_batch_init(&batch);
	before = ktime_get_ns();
	for (i = 0; i < EXIT_PAGES; i++) {
		if (!gang->page[i] || folio_batch_add(&batch, page_folio(gang->page[i])))
			continue;
		folios_put(&batch);
		bench_note_cost(w, ktime_get_ns() - before, i + 1 - first);
		first = i + 1;
		cond_resched();
		before = ktime_get_ns();
	}
	folios_put(&batch);
}

/*
 * The part of an exit that frees: 256 MB of a process that had a thread on each CPU. Those
 * CPUs allocate nothing meanwhile.
 */
void bench_run_exit(const struct bench *b)
{
	unsigned int s, i, nr = num_online_cpus();

	for_each_sample(s) {
		u64 before = bench_measure_hop();
		struct gang *gang = gang_alloc(b);
		bool good = gang;

		if (gang) {
			gang->page = kvcalloc(EXIT_PAGES, sizeof(*gang->page), GFP_KERNEL);
			atomic_set(&gang->touching, nr);
			good = gang->page;
		}
		for (i = 0; good && i < nr; i++)
			good = gang_add(gang, i, exit_toucher);
		good = good && gang_add(gang, 0, exit_freer);
		if (!good && !bench_result.failed)
			bench_result.failed = "no memory for the pages";
		if (good && gang_run(gang) && s) {
			bench_record_ns("free_ns", gang->w[nr].ns, gang->w[nr].nr);
			bench_record_hop(before);
		}
		if (gang) {
			kvfree(gang->page);
			gang_free(gang);
		}
	}
}
