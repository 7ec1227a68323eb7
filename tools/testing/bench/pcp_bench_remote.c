// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that one CPU allocates and another frees.
 */
#include <linux/folio_batch.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "pcp_bench.h"

/* Chunks on their way from one worker to another. */
#define DEPTH		4
#define SPIN_NS		(50 * NSEC_PER_USEC)

/* Pages on their way from one worker to another, in chunks. */
struct ring {
	struct page *page[DEPTH][MAX_CHUNK];
	unsigned int head ____cacheline_aligned_in_smp;	/* of the owner */
	bool closed;
	unsigned int tail ____cacheline_aligned_in_smp;	/* of the freer */
	wait_queue_head_t data;
	wait_queue_head_t *space;
	bool spin;
};
static unsigned int chunk_size(const struct bench *b)
{
	return b->burst;
}

static bool ring_full(struct ring *ring)
{
	return ring->head - smp_load_acquire(&ring->tail) == DEPTH;
}

static bool ring_empty(struct ring *ring)
{
	return smp_load_acquire(&ring->head) == ring->tail;
}

/*
 * Wait for a condition: awake for a while if each worker has a core, because a
 * CPU that sleeps takes longer to wake up than a chunk takes. Then asleep.
 */
#define wait_ring(wq, spin, condition)						\
do {										\
	u64 _until = (spin) ? ktime_get_ns() + SPIN_NS : 0;			\
										\
	while (_until && !(condition) && ktime_get_ns() < _until)		\
		cpu_relax();							\
	wait_event(wq, condition);						\
} while (0)

/* Taking the lock of a queue that nobody waits on costs system calls in UML. */
static void wake_ring(wait_queue_head_t *wq)
{
	if (wq_has_sleeper(wq))
		wake_up(wq);
}

static void ring_put(struct ring *ring)
{
	smp_store_release(&ring->head, ring->head + 1);
	wake_ring(&ring->data);
}

static void ring_close(struct ring *ring)
{
	smp_store_release(&ring->closed, true);
	wake_ring(&ring->data);
}

/* The next chunk, or NULL when there will be no more. */
static struct page **ring_get(struct ring *ring)
{
	wait_ring(ring->data, ring->spin, !ring_empty(ring) || smp_load_acquire(&ring->closed));
	if (ring_empty(ring))
		return NULL;
	return ring->page[ring->tail % DEPTH];
}

static void ring_done(struct ring *ring)
{
	smp_store_release(&ring->tail, ring->tail + 1);
	wake_ring(ring->space);
}

static struct ring *ring_alloc(wait_queue_head_t *space)
{
	struct ring *ring = kvzalloc(sizeof(*ring), GFP_KERNEL);

	if (ring) {
		init_waitqueue_head(&ring->data);
		ring->space = space;
	}
	return ring;
}

static struct ring *ring_with_space(struct gang *gang, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!ring_full(gang->ring[first + i]))
			return gang->ring[first + i];
	return NULL;
}

/* Of the yardstick: what other CPUs put on the bare list. */
static void take_bare_list(struct gang *gang)
{
	struct llist_node *node = llist_del_all(&gang->list), *next;

	for (; node; node = next) {
		/* An owner of a page may use its lru field for a list. */
		struct page *page = container_of((struct list_head *)node, struct page, lru);

		next = node->next;
		__free_page(page);
	}
}

static unsigned int nr_rings(const struct bench *b)
{
	return max(b->owners, b->freers);
}

/*
 * Allocates chunks and gives them away, to the first freer that has room. One
 * of several owners has one ring of its own, and so one freer.
 */
static void owner_worker(struct worker *w)
{
	struct gang *gang = w->gang;
	const struct bench *b = gang->b;
	bool alone = b->owners == 1;
	unsigned int first = alone ? 0 : w->index, nr = alone ? nr_rings(b) : 1;
	unsigned int next = 0, i;
	u64 start = ktime_get_ns();

	while (ktime_get_ns() - start < bench_sample_ns() && !READ_ONCE(bench_result.failed)) {
		struct ring *ring;
		u64 before;

		/* In turn, so that each freer gets its share. */
		ring = gang->ring[first + next++ % nr];
		if (ring_full(ring)) {
			wait_ring(*ring->space, ring->spin, ring_with_space(gang, first, nr));
			ring = ring_with_space(gang, first, nr);
		}
		before = ktime_get_ns();
		if (b->bare)
			take_bare_list(gang);
		if (!bench_alloc(b, ring->page[ring->head % DEPTH], chunk_size(b)))
			break;
		w->ns += ktime_get_ns() - before;
		w->nr += chunk_size(b);
		ring_put(ring);
		cond_resched();
	}
	for (i = 0; i < nr; i++)
		ring_close(gang->ring[first + i]);
}

/* Of one call each: how often it took so long, in steps of 32 ns. */
enum { STEP_SHIFT = 5, NR_STEPS = 4096 };

static u32 *histogram_alloc(void)
{
	u32 *histogram = kvcalloc(NR_STEPS, sizeof(*histogram), GFP_KERNEL);

	if (!histogram)
		bench_result.failed = "no memory for the histogram";
	return histogram;
}

static void note_call(struct worker *w, u32 *histogram, u64 ns)
{
	w->worst = max(w->worst, ns);
	histogram[min(ns >> STEP_SHIFT, (u64)NR_STEPS - 1)]++;
	w->nr++;
}

/* One call in ten thousand is slower than the tail. */
static void find_tail(struct worker *w, const u32 *histogram)
{
	u64 rest = div_u64(w->nr, 10000);
	unsigned int i;

	for (i = NR_STEPS; i-- && rest >= histogram[i];)
		rest -= histogram[i];
	w->tail = (u64)(i + 1) << STEP_SHIFT;
}

/* As above, for one owner, and each allocation is measured. */
static void timed_owner_worker(struct worker *w)
{
	struct gang *gang = w->gang;
	const struct bench *b = gang->b;
	u64 start = ktime_get_ns();
	unsigned int nr = nr_rings(b), i;
	u32 *histogram = histogram_alloc();

	while (histogram && ktime_get_ns() - start < 4 * bench_sample_ns() &&
	       !READ_ONCE(bench_result.failed)) {
		struct ring *ring;
		struct page **pages;

		wait_ring(gang->space, gang->ring[0]->spin, ring_with_space(gang, 0, nr));
		ring = ring_with_space(gang, 0, nr);
		pages = ring->page[ring->head % DEPTH];
		for (i = 0; i < chunk_size(b); i++) {
			u64 before = ktime_get_ns();

			if (!bench_alloc(b, &pages[i], 1)) {
				bench_free(pages, i, b->order);
				goto out;
			}
			note_call(w, histogram, ktime_get_ns() - before);
		}
		ring_put(ring);
	}
out:
	if (histogram)
		find_tail(w, histogram);
	kvfree(histogram);
	for (i = 0; i < nr; i++)
		ring_close(gang->ring[i]);
}

/* Takes a chunk of each owner in turn, and each free is measured. */
static void timed_freer_worker(struct worker *w)
{
	struct gang *gang = w->gang;
	const struct bench *b = gang->b;
	u32 *histogram = histogram_alloc();
	unsigned int i, k;
	bool any = true;

	while (any) {
		any = false;
		for (k = 0; k < b->owners; k++) {
			struct page **pages = ring_get(gang->ring[k]);

			if (!pages)
				continue;
			for (i = 0; i < chunk_size(b); i++) {
				u64 before = ktime_get_ns();

				__free_pages(pages[i], b->order);
				if (histogram)
					note_call(w, histogram, ktime_get_ns() - before);
			}
			ring_done(gang->ring[k]);
			any = true;
		}
	}
	if (histogram)
		find_tail(w, histogram);
	kvfree(histogram);
}

static u8 shuffled[MAX_CHUNK];

void bench_shuffle(void)
{
	struct rnd_state state;
	unsigned int i;

	prandom_seed_state(&state, 4711);
	for (i = 0; i < MAX_CHUNK; i++)
		shuffled[i] = i;
	for (i = MAX_CHUNK - 1; i; i--) {
		/* swap() looks at its arguments twice. */
		unsigned int with = prandom_u32_state(&state) % (i + 1);

		swap(shuffled[i], shuffled[with]);
	}
}

static void free_chunk(struct gang *gang, struct page **pages)
{
	const struct bench *b = gang->b;
	unsigned int i, nr = chunk_size(b);

	if (b->bare) {
		for (i = 0; i < nr; i++) {
			struct page *page = pages[b->shuffled ? shuffled[i] : i];
			struct llist_node *node = (struct llist_node *)&page->lru;

			llist_add_batch(node, node, &gang->list);
		}
	} else {
		bench_free(pages, nr, b->order);
	}
}

static void freer_worker(struct worker *w)
{
	struct gang *gang = w->gang;
	struct ring *ring = gang->ring[w->index - gang->b->owners];
	struct page **pages;

	while ((pages = ring_get(ring))) {
		u64 before = ktime_get_ns();

		free_chunk(gang, pages);
		bench_note_cost(w, ktime_get_ns() - before, chunk_size(gang->b));
		ring_done(ring);
		cond_resched();
	}
}

static void free_folios(struct page **pages, unsigned int nr)
{
	struct folio_batch batch;
	unsigned int i;

	folio_batch_init(&batch);
	for (i = 0; i < nr; i++)
		if (!folio_batch_add(&batch, page_folio(pages[i])))
			folios_put(&batch);
	folios_put(&batch);
}

/* Takes one chunk of each owner and frees their pages in turn. */
static void mixed_freer_worker(struct worker *w)
{
	struct gang *gang = w->gang;
	const struct bench *b = gang->b;
	unsigned int nr = chunk_size(b), i, k;
	struct page **mixed = kvcalloc(nr * b->owners, sizeof(*mixed), GFP_KERNEL);

	for (;;) {
		unsigned int got = 0;
		u64 before;

		for (k = 0; k < b->owners; k++) {
			struct page **pages = ring_get(gang->ring[k]);

			if (!pages)
				continue;
			if (!mixed) {
				/* The pages must be freed, though. */
				bench_result.failed = "no memory to mix pages";
				bench_free(pages, nr, b->order);
				ring_done(gang->ring[k]);
				got = nr;
				continue;
			}
			for (i = 0; i < nr; i++)
				mixed[i * b->owners + k] = pages[i];
			ring_done(gang->ring[k]);
			got += nr;
		}
		if (!got)
			break;
		if (!mixed)
			continue;
		if (got < nr * b->owners) {
			/* The end: some owners gave one more than others. */
			for (k = 0, i = 0; i < nr * b->owners; i++)
				if (mixed[i])
					mixed[k++] = mixed[i];
			bench_free(mixed, got, b->order);
		} else {
			before = ktime_get_ns();
			if (b->folios)
				free_folios(mixed, got);
			else
				bench_free(mixed, got, b->order);
			bench_note_cost(w, ktime_get_ns() - before, got);
		}
		memset(mixed, 0, nr * b->owners * sizeof(*mixed));
		cond_resched();
	}
	kvfree(mixed);
}

static bool add_rings(struct gang *gang)
{
	unsigned int n = nr_rings(gang->b), i;

	gang->ring = kvcalloc(n, sizeof(*gang->ring), GFP_KERNEL);
	for (i = 0; gang->ring && i < n; i++) {
		gang->ring[i] = ring_alloc(&gang->space);
		if (!gang->ring[i])
			return false;
		gang->ring[i]->spin = gang->b->owners + gang->b->freers <= bench_cores;
	}
	return gang->ring;
}

/* Pages that no freer took, because the case failed, stay allocated: they are lost. */
static void free_rings(struct gang *gang)
{
	unsigned int i;

	for (i = 0; gang->ring && i < nr_rings(gang->b); i++)
		kvfree(gang->ring[i]);
	kvfree(gang->ring);
}

static u64 total_nr(struct gang *gang, unsigned int from, unsigned int to)
{
	u64 nr = 0;

	for (; from < to; from++)
		nr += gang->w[from].nr;
	return nr;
}

static u64 total_ns(struct gang *gang, unsigned int from, unsigned int to)
{
	u64 ns = 0;

	for (; from < to; from++)
		ns += gang->w[from].ns;
	return ns;
}

/* The calls of one worker were measured one by one. */
static void record_calls(struct worker *w)
{
	bench_record("worst_ns", w->worst);
	bench_record("tail_ns", w->tail);
}

static void record_remote(struct gang *gang, u64 total)
{
	const struct bench *b = gang->b;
	unsigned int owners = b->owners, i;
	u64 last = 0;

	if (b->timed_free) {
		record_calls(&gang->w[owners]);
		return;
	}

	/* The freers' own cost, and how long it took for all to be done. */
	bench_record_ns("free_ns", total_ns(gang, owners, gang->nr), total_nr(gang, owners, gang->nr));
	bench_record_median(gang, owners, "free_median_ns");
	for (i = owners; i < gang->nr; i++)
		last = max(last, gang->w[i].end);
	bench_record_ns("pipeline_ns", last - gang->w[0].start, total_nr(gang, 0, owners));
	if (gang->w[0].ns)
		bench_record_ns("alloc_ns", gang->w[0].ns, gang->w[0].nr);
	if (b->timed_alloc)
		record_calls(&gang->w[0]);
	bench_record("total_pages", total << b->order);
}

/*
 * Pages that one CPU allocates and another frees: a purge thread of a userspace
 * allocator, a receive queue whose data is read on another CPU, kswapd, the
 * reader of a pipe. The case remote_bare does the same with a bare
 * llist_add_batch() for each page, the least that such a free could cost. There
 * and in the split path pages keep their order, so that a CPU can guess which one
 * is next. In remote_bare_shuffled it cannot.
 *
 * @freers of one owner: the pages of one network queue that many threads read,
 * or a task that filled the page cache which all CPUs now reclaim. @owners of one
 * freer: the exit of a process with threads on all CPUs, kswapd, a single purge
 * thread. With folios they are freed as reclaim and exit do it, in batches whose
 * pages belong to different owners.
 */
void bench_run_remote(const struct bench *b)
{
	void (*freer)(struct worker *w) = freer_worker;
	unsigned int s, i;
	u64 total = 0;

	if (!bench_enough_cpus(b->owners + b->freers))
		return;
	if (b->timed_free)
		freer = timed_freer_worker;
	else if (b->owners > 1 || b->folios)
		freer = mixed_freer_worker;
	for_each_sample(s) {
		u64 before = bench_measure_hop();
		struct gang *gang = gang_alloc(b);
		bool good = gang && add_rings(gang);

		/* The one is always on CPU 0. */
		for (i = 0; good && i < b->owners; i++)
			good = gang_add(gang, b->owners > 1 ? b->freers + i : i,
					b->timed_alloc ? timed_owner_worker : owner_worker);
		for (i = 0; good && i < b->freers; i++)
			good = gang_add(gang, b->owners > 1 ? i : b->owners + i, freer);
		if (!good && !bench_result.failed)
			bench_result.failed = "no memory for the workers";
		if (good && gang_run(gang)) {
			total += total_nr(gang, 0, b->owners);
			if (s) {
				record_remote(gang, total);
				bench_record_hop(before);
			}
		}
		if (!gang)
			continue;
		if (b->bare)
			take_bare_list(gang);
		free_rings(gang);
		gang_free(gang);
	}
}
