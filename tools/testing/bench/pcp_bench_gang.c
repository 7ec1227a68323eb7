// SPDX-License-Identifier: GPL-2.0
/*
 * Workers: kthreads that are bound to a CPU each. And how far apart their cores are.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "pcp_bench.h"

/* Of a cache line between two CPUs: tries, each of so many turns. */
#define HOP_TRIES	16
#define HOP_TURNS	64
#define HOP_SPINS	(1 << 20)

u64 bench_sample_ns(void)
{
	return (u64)bench_sample_ms * NSEC_PER_MSEC;
}

static int worker_thread(void *data)
{
	struct worker *w = data;
	struct gang *gang = w->gang;

	/* All start together, each on a CPU that is awake. */
	if (atomic_dec_and_test(&gang->arriving))
		complete_all(&gang->go);
	wait_for_completion(&gang->go);

	w->start = ktime_get_ns();
	w->fn(w);
	w->end = ktime_get_ns();

	if (atomic_dec_and_test(&gang->working))
		complete(&gang->done);
	return 0;
}

bool gang_add(struct gang *gang, int cpu, void (*fn)(struct worker *w))
{
	struct worker *w = &gang->w[gang->nr];

	*w = (struct worker){ .gang = gang, .index = gang->nr, .cpu = cpu, .fn = fn };
	w->pages = kvmalloc_array(max(gang->b->burst, MAX_CHUNK), sizeof(*w->pages), GFP_KERNEL);
	w->costs = kvmalloc_array(MAX_COSTS, sizeof(*w->costs), GFP_KERNEL);
	w->paces = kvcalloc(MAX_COSTS, sizeof(*w->paces), GFP_KERNEL);
	gang->nr++;
	return w->pages && w->costs && w->paces;
}

/* Run all workers that were added, until they end by themselves. */
bool gang_run(struct gang *gang)
{
	struct task_struct *task[MAX_WORKERS];
	unsigned int i;

	atomic_set(&gang->arriving, gang->nr);
	atomic_set(&gang->working, gang->nr);
	for (i = 0; i < gang->nr; i++) {
		task[i] = kthread_create(worker_thread, &gang->w[i], "bench/%u", i);
		if (IS_ERR(task[i])) {
			bench_result.failed = "a thread could not be made";
			while (i--)
				kthread_stop(task[i]);
			return false;
		}
		kthread_bind(task[i], gang->w[i].cpu);
	}
	for (i = 0; i < gang->nr; i++)
		wake_up_process(task[i]);
	wait_for_completion(&gang->done);
	return !bench_result.failed;
}

void gang_free(struct gang *gang)
{
	unsigned int i;

	for (i = 0; i < gang->nr; i++) {
		kvfree(gang->w[i].pages);
		kvfree(gang->w[i].costs);
		kvfree(gang->w[i].paces);
	}
	kvfree(gang);
}

struct gang *gang_alloc(const struct bench *b)
{
	struct gang *gang = kvzalloc(sizeof(*gang), GFP_KERNEL);

	if (!gang) {
		bench_result.failed = "no memory for the workers";
		return NULL;
	}
	gang->b = b;
	init_completion(&gang->go);
	init_completion(&gang->done);
	init_completion(&gang->allocated);
	init_waitqueue_head(&gang->space);
	init_llist_head(&gang->list);
	return gang;
}

bool bench_enough_cpus(unsigned int nr)
{
	if (nr <= num_online_cpus() && nr <= MAX_WORKERS)
		return true;
	snprintf(bench_result.skipped, sizeof(bench_result.skipped), "needs %u CPUs", nr);
	return false;
}

void bench_note_cost(struct worker *w, u64 ns, unsigned int nr)
{
	w->ns += ns;
	w->nr += nr;
	if (w->nr_costs < MAX_COSTS)
		w->costs[w->nr_costs++] = min(ns * 1000 / nr, (u64)U32_MAX);
}

static int compare_costs(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Of the chunks of all workers from @from on: a CPU that the host stops does not show. */
void bench_record_median(struct gang *gang, unsigned int from, const char *name)
{
	u32 *all = kvmalloc_array(gang->nr * MAX_COSTS, sizeof(*all), GFP_KERNEL);
	unsigned int i, nr = 0;

	if (!all) {
		bench_result.failed = "no memory for the median";
		return;
	}
	for (i = from; i < gang->nr; i++) {
		memcpy(all + nr, gang->w[i].costs, gang->w[i].nr_costs * sizeof(*all));
		nr += gang->w[i].nr_costs;
	}
	sort(all, nr, sizeof(*all), compare_costs, NULL);
	if (nr)
		bench_record_milli(name, all[nr / 2]);
	else
		bench_result.failed = "nothing was done";
	kvfree(all);
}

/* How far apart two cores are ---------------------------------------------- */

static struct {
	atomic_t turn;
	bool lost;
} hop ____cacheline_aligned_in_smp;

static bool await_turn(int turn)
{
	unsigned int spins;

	for (spins = 0; atomic_read_acquire(&hop.turn) != turn; spins++) {
		/* The other one does not run: it shares this core, or the host stopped it. */
		if (spins == HOP_SPINS || READ_ONCE(hop.lost)) {
			WRITE_ONCE(hop.lost, true);
			return false;
		}
		cpu_relax();
	}
	return true;
}

static void hop_worker(struct worker *w)
{
	int turn = 0, end = 2 * HOP_TRIES * HOP_TURNS;
	u64 before = ktime_get_ns(), now;

	w->ns = U64_MAX;
	w->nr = 2 * HOP_TURNS;
	for (; turn < end; turn += 2) {
		if (!await_turn(turn + w->index))
			return;
		atomic_set_release(&hop.turn, turn + w->index + 1);
		if (w->index || (turn + 2) % w->nr)
			continue;
		now = ktime_get_ns();
		w->ns = min(w->ns, now - before);
		before = now;
	}
}

/*
 * How long a cache line takes from CPU 0 to CPU 1, in thousandths of a
 * nanosecond; 0 if that cannot be said. In a virtual machine it changes by a
 * factor of five and more, for seconds, as the host moves CPUs from one cache
 * to another, and all that two CPUs do with the same page changes with it. So it
 * is measured with each sample, and only like is compared with like.
 */
u64 bench_measure_hop(void)
{
	static const struct bench b = { .name = "hop" };
	struct gang *gang;
	u64 milli = 0;

	if (bench_cores < 2 || num_online_cpus() < 2 || bench_result.failed)
		return 0;
	gang = gang_alloc(&b);
	atomic_set(&hop.turn, 0);
	hop.lost = false;
	if (gang && gang_add(gang, 0, hop_worker) && gang_add(gang, 1, hop_worker) &&
	    gang_run(gang) && !hop.lost)
		milli = div64_u64(gang->w[0].ns * 1000, gang->w[0].nr);
	if (gang)
		gang_free(gang);
	return milli;
}

/* After a sample; @before is what was measured before it. */
void bench_record_hop(u64 before)
{
	u64 after = bench_measure_hop();

	bench_record_milli("hop_ns", before && after ? max(before, after) : 0);
}

void bench_run_hop(const struct bench *b)
{
	bench_record_milli("hop_ns", bench_measure_hop());
}
