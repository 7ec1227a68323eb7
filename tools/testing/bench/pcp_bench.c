// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmarks of the page allocator, for make bench. The same file is built
 * into a stock kernel and into patched ones, so it uses public interfaces only.
 *
 * Write the name of a case to /proc/pcp_bench to run it, then read the file:
 *
 *	bench CASE METRIC VALUE...
 *	bench CASE skipped WHY
 *	bench CASE failed WHY
 *
 * with one value for each sample. A metric whose name ends in ns is the
 * time for a page in nanoseconds, where a page is one of the case's order.
 * Exceptions are hop_ns, how far apart the cores were in each of the samples, and
 * pace_ns, how slow the core was in what median_ns is of.
 *
 * Each worker is a kthread that is bound to a CPU. A sample lasts a fixed time
 * rather than a fixed number of pages: some cases are hundreds of times slower
 * on one kernel than on another. UML's clock goes in steps of 256 ns, so what is
 * timed at once, a chunk, has to take microseconds.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/folio_batch.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#include <linux/wait.h>
#if __has_include(<linux/pageblock_data.h>)
#include <linux/pageblock_data.h>
#endif

#define MAX_SAMPLES	16
#define MAX_WORKERS	64
#define MAX_METRICS	8
#define MAX_CHUNK	256
#define MAX_COSTS	8192
/* struct bench::owners of a case where all work for themselves. */
#define ALL_CORES	101
#define ALL_CPUS	102
/* Chunks on their way from one worker to another. */
#define DEPTH		4
/* Of a cache line between two CPUs: tries, each of so many turns. */
#define HOP_TRIES	16
#define HOP_TURNS	64
#define HOP_SPINS	(1 << 20)
#define PACE_WORDS	256
#define PACE_PASSES	512
#define SPIN_NS		(50 * NSEC_PER_USEC)

/*
 * Memory of processes, if a case does not say otherwise. After booting nearly
 * all free blocks are of that type, so ownership begins at once.
 */
#define GFP_BENCH	(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY)

static unsigned int cores = 2;
module_param(cores, uint, 0444);
MODULE_PARM_DESC(cores, "cores of the host that the CPUs share");

static unsigned int samples = 5;
module_param(samples, uint, 0444);
MODULE_PARM_DESC(samples, "samples of each case, after one that is thrown away");

static unsigned int sample_ms = 80;
module_param(sample_ms, uint, 0444);
MODULE_PARM_DESC(sample_ms, "length of a sample");

/*
 * A case. What @freers and @owners mean is said where the case's function is.
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
	gfp_t gfp;
};

/* Results ----------------------------------------------------------------- */

static struct {
	const struct bench *b;
	const char *failed;
	char skipped[64];
	unsigned int nr_metrics;
	struct {
		const char *name;
		unsigned int nr;
		u64 value[MAX_SAMPLES];		/* in thousandths */
	} metric[MAX_METRICS];
} result;

static DEFINE_MUTEX(bench_mutex);

/* The caller is the one who runs the case, never a worker. */
static void record_milli(const char *name, u64 value)
{
	unsigned int i;

	for (i = 0; i < result.nr_metrics; i++)
		if (!strcmp(result.metric[i].name, name))
			break;
	if (WARN_ON(i == MAX_METRICS))
		return;
	if (i == result.nr_metrics) {
		result.nr_metrics++;
		result.metric[i].name = name;
		result.metric[i].nr = 0;
	}
	if (result.metric[i].nr < MAX_SAMPLES)
		result.metric[i].value[result.metric[i].nr++] = value;
}

static void record(const char *name, u64 value)
{
	record_milli(name, value * 1000);
}

/* Nanoseconds for each of @n. */
static void record_ns(const char *name, u64 ns, u64 n)
{
	if (n)
		record_milli(name, div64_u64(ns * 1000, n));
	else
		result.failed = "nothing was done";
}

/* Workers ----------------------------------------------------------------- */

struct gang;

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

struct worker {
	struct gang *gang;
	unsigned int index;
	int cpu;
	void (*fn)(struct worker *w);

	u64 ns;			/* measured time */
	u64 nr;			/* pages in it */
	u64 start, end;		/* the whole life */
	u64 worst, tail;	/* ns of one allocation */
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
	struct llist_head list ____cacheline_aligned_in_smp;
	struct worker w[MAX_WORKERS] ____cacheline_aligned_in_smp;
};

static u64 sample_ns(void)
{
	return (u64)sample_ms * NSEC_PER_MSEC;
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

static bool gang_add(struct gang *gang, int cpu, void (*fn)(struct worker *w))
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
static bool gang_run(struct gang *gang)
{
	struct task_struct *task[MAX_WORKERS];
	unsigned int i;

	atomic_set(&gang->arriving, gang->nr);
	atomic_set(&gang->working, gang->nr);
	for (i = 0; i < gang->nr; i++) {
		task[i] = kthread_create(worker_thread, &gang->w[i], "bench/%u", i);
		if (IS_ERR(task[i])) {
			result.failed = "a thread could not be made";
			while (i--)
				kthread_stop(task[i]);
			return false;
		}
		kthread_bind(task[i], gang->w[i].cpu);
	}
	for (i = 0; i < gang->nr; i++)
		wake_up_process(task[i]);
	wait_for_completion(&gang->done);
	return !result.failed;
}

static void gang_free(struct gang *gang)
{
	unsigned int i;

	for (i = 0; i < gang->nr; i++) {
		kvfree(gang->w[i].pages);
		kvfree(gang->w[i].costs);
		kvfree(gang->w[i].paces);
	}
	kvfree(gang);
}

static struct gang *gang_alloc(const struct bench *b)
{
	struct gang *gang = kvzalloc(sizeof(*gang), GFP_KERNEL);

	if (!gang) {
		result.failed = "no memory for the workers";
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

static bool enough_cpus(unsigned int nr)
{
	if (nr <= num_online_cpus() && nr <= MAX_WORKERS)
		return true;
	snprintf(result.skipped, sizeof(result.skipped), "needs %u CPUs", nr);
	return false;
}

/* Once more than @samples: the first run warms up and is not recorded. */
#define for_each_sample(s) \
	for ((s) = 0; (s) <= min(samples, MAX_SAMPLES) && !result.failed; (s)++)

static void note_cost(struct worker *w, u64 ns, unsigned int nr)
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
static void record_median(struct gang *gang, unsigned int from, const char *name)
{
	u32 *all = kvmalloc_array(gang->nr * MAX_COSTS, sizeof(*all), GFP_KERNEL);
	unsigned int i, nr = 0;

	if (!all) {
		result.failed = "no memory for the median";
		return;
	}
	for (i = from; i < gang->nr; i++) {
		memcpy(all + nr, gang->w[i].costs, gang->w[i].nr_costs * sizeof(*all));
		nr += gang->w[i].nr_costs;
	}
	sort(all, nr, sizeof(*all), compare_costs, NULL);
	if (nr)
		record_milli(name, all[nr / 2]);
	else
		result.failed = "nothing was done";
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
static u64 measure_hop(void)
{
	static const struct bench b = { .name = "hop" };
	struct gang *gang;
	u64 milli = 0;

	if (cores < 2 || num_online_cpus() < 2 || result.failed)
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
static void record_hop(u64 before)
{
	u64 after = measure_hop();

	record_milli("hop_ns", before && after ? max(before, after) : 0);
}

static void run_hop(const struct bench *b)
{
	record_milli("hop_ns", measure_hop());
}

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
	record_milli("pace_ns", best);
}

/* Bursts ------------------------------------------------------------------ */

static bool alloc_burst(const struct bench *b, struct page **pages, unsigned int nr)
{
	gfp_t gfp = b->gfp ?: GFP_BENCH;
	unsigned int order = b->order, i;

	for (i = 0; i < nr; i++) {
		pages[i] = alloc_pages(gfp, order);
		if (unlikely(!pages[i])) {
			while (i--)
				__free_pages(pages[i], order);
			WRITE_ONCE(result.failed, "out of memory");
			return false;
		}
	}
	return true;
}

static void free_burst(struct page **pages, unsigned int nr, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		__free_pages(pages[i], order);
}

static void burst_worker(struct worker *w)
{
	const struct bench *b = w->gang->b;
	unsigned int inner = max((b->order ? 256 : 1024) / b->burst, 1u), chunk, i;
	/* The host stops a CPU seldom, and then for long. */
	u64 length = sample_ns() * (b->owners == ALL_CPUS ? 5 : 1);
	bool alone = w->gang->nr == 1;
	u32 pace = alone ? measure_pace() : 0, last;
	u64 start = ktime_get_ns(), now;

	do {
		u64 before = ktime_get_ns();

		for (i = 0; i < inner; i++) {
			if (!alloc_burst(b, w->pages, b->burst))
				return;
			free_burst(w->pages, b->burst, b->order);
		}
		now = ktime_get_ns();
		chunk = w->nr_costs;
		note_cost(w, now - before, inner * b->burst);
		if (alone && chunk < w->nr_costs) {
			last = pace;
			pace = measure_pace();
			w->paces[chunk] = max(last, pace);
		}
		cond_resched();
	} while (now - start < length);
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
 * ALL_CPUS, of which there must be more, the host stops CPUs at any place, as it does with a
 * virtual machine: stock's zone->lock is then at times held by a CPU that does
 * not run.
 */
static void run_bursts(const struct bench *b)
{
	unsigned int n = 1, s, i;

	if (b->owners == ALL_CORES)
		n = cores;
	else if (b->owners == ALL_CPUS)
		n = max(num_online_cpus(), cores + 1);
	if (!enough_cpus(n))
		return;
	for_each_sample(s) {
		u64 before = n > 1 ? measure_hop() : 0;
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
				record_ns("ns", ns * min(n, cores), nr);
				if (n > 1)
					record_hop(before);
				else
					keep_fast_chunks(&gang->w[0]);
				record_median(gang, 0, "median_ns");
			}
		}
		if (gang)
			gang_free(gang);
	}
}

/* From owner to freer ----------------------------------------------------- */

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

	while (ktime_get_ns() - start < sample_ns() && !READ_ONCE(result.failed)) {
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
		if (!alloc_burst(b, ring->page[ring->head % DEPTH], chunk_size(b)))
			break;
		w->ns += ktime_get_ns() - before;
		w->nr += chunk_size(b);
		ring_put(ring);
		cond_resched();
	}
	for (i = 0; i < nr; i++)
		ring_close(gang->ring[first + i]);
}

/* As above, for one owner, and each allocation is measured. */
static void timed_owner_worker(struct worker *w)
{
	enum { SHIFT = 5, NR = 4096 };
	struct gang *gang = w->gang;
	const struct bench *b = gang->b;
	u64 start = ktime_get_ns(), rest;
	unsigned int nr = nr_rings(b), i;
	u32 *histogram = kvcalloc(NR, sizeof(*histogram), GFP_KERNEL);

	while (histogram && ktime_get_ns() - start < 4 * sample_ns() && !READ_ONCE(result.failed)) {
		struct ring *ring;
		struct page **pages;

		wait_ring(gang->space, gang->ring[0]->spin, ring_with_space(gang, 0, nr));
		ring = ring_with_space(gang, 0, nr);
		pages = ring->page[ring->head % DEPTH];
		for (i = 0; i < chunk_size(b); i++) {
			u64 before = ktime_get_ns(), ns;

			if (!alloc_burst(b, &pages[i], 1)) {
				free_burst(pages, i, b->order);
				goto out;
			}
			ns = ktime_get_ns() - before;
			w->worst = max(w->worst, ns);
			histogram[min(ns >> SHIFT, (u64)NR - 1)]++;
		}
		w->nr += chunk_size(b);
		ring_put(ring);
	}
out:
	/* So that one in ten thousand is slower. */
	rest = div_u64(w->nr, 10000);
	for (i = NR; histogram && i-- && rest >= histogram[i];)
		rest -= histogram[i];
	w->tail = (u64)(i + 1) << SHIFT;
	if (!histogram)
		result.failed = "no memory for the histogram";
	kvfree(histogram);
	for (i = 0; i < nr; i++)
		ring_close(gang->ring[i]);
}

static u8 shuffled[MAX_CHUNK];

static void shuffle(void)
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
		free_burst(pages, nr, b->order);
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
		note_cost(w, ktime_get_ns() - before, chunk_size(gang->b));
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
				/* The pages have to go all the same. */
				result.failed = "no memory to mix pages";
				free_burst(pages, nr, b->order);
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
			free_burst(mixed, got, b->order);
		} else {
			before = ktime_get_ns();
			if (b->folios)
				free_folios(mixed, got);
			else
				free_burst(mixed, got, b->order);
			note_cost(w, ktime_get_ns() - before, got);
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
		gang->ring[i]->spin = gang->b->owners + gang->b->freers <= cores;
	}
	return gang->ring;
}

/* What no freer took, because the case failed, stays allocated: it is lost. */
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

static void record_remote(struct gang *gang, u64 total)
{
	const struct bench *b = gang->b;
	unsigned int owners = b->owners, i;
	u64 last = 0;

	/* The freers' own cost, and how long it took for all to be done. */
	record_ns("free_ns", total_ns(gang, owners, gang->nr), total_nr(gang, owners, gang->nr));
	record_median(gang, owners, "free_median_ns");
	for (i = owners; i < gang->nr; i++)
		last = max(last, gang->w[i].end);
	record_ns("pipeline_ns", last - gang->w[0].start, total_nr(gang, 0, owners));
	if (gang->w[0].ns)
		record_ns("alloc_ns", gang->w[0].ns, gang->w[0].nr);
	if (gang->w[0].worst) {
		record("worst_ns", gang->w[0].worst);
		record("tail_ns", gang->w[0].tail);
	}
	record("total_pages", total << b->order);
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
static void run_remote(const struct bench *b)
{
	bool timed = !strcmp(b->name, "worst_alloc");
	unsigned int s, i;
	u64 total = 0;

	if (!enough_cpus(b->owners + b->freers))
		return;
	for_each_sample(s) {
		u64 before = measure_hop();
		struct gang *gang = gang_alloc(b);
		bool good = gang && add_rings(gang);

		/* The one is always on CPU 0. */
		for (i = 0; good && i < b->owners; i++)
			good = gang_add(gang, b->owners > 1 ? b->freers + i : i,
					timed ? timed_owner_worker : owner_worker);
		for (i = 0; good && i < b->freers; i++)
			good = gang_add(gang, b->owners > 1 ? i : b->owners + i,
					b->owners > 1 || b->folios ? mixed_freer_worker :
								     freer_worker);
		if (!good && !result.failed)
			result.failed = "no memory for the workers";
		if (good && gang_run(gang)) {
			total += total_nr(gang, 0, b->owners);
			if (s) {
				record_remote(gang, total);
				record_hop(before);
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

/* Whole blocks ------------------------------------------------------------ */

static unsigned long *slots;
static unsigned int nr_slots;

#define OPS_PER_WORKER	400000
#define KEPT		64	/* one page in so many lives on */

static void free_slot(unsigned long slot)
{
	if (slot)
		__free_pages((struct page *)(slot & ~3UL), slot & 3);
}

/* Most pages are small, most can be moved. */
static unsigned long fill_slot(u32 random)
{
	unsigned int order = random % 16 < 11 ? 0 : random % 16 < 13 ? 1 : random % 16 < 15 ? 2 : 3;
	gfp_t gfp = (random >> 4) % 4 ? GFP_HIGHUSER_MOVABLE : GFP_KERNEL;
	struct page *page = alloc_pages(gfp | __GFP_NOWARN | __GFP_NORETRY, order);

	return page ? (unsigned long)page | order : 0;
}

static void mixed_load_worker(struct worker *w)
{
	struct rnd_state state;
	unsigned int i;

	prandom_seed_state(&state, 4711 + w->index);
	for (i = 0; i < OPS_PER_WORKER; i++) {
		u32 random = prandom_u32_state(&state);
		u32 where = prandom_u32_state(&state) % nr_slots;

		free_slot(xchg(&slots[where], random & BIT(31) ? fill_slot(random) : 0));
		if (i % 256 == 0)
			cond_resched();
	}
}

static u64 whole_blocks(void)
{
	struct zone *zone;
	u64 nr = 0;

	for_each_populated_zone(zone) {
		unsigned int order;

		for (order = pageblock_order; order < NR_PAGE_ORDERS; order++)
			nr += (u64)READ_ONCE(zone->free_area[order].nr_free)
				<< (order - pageblock_order);
	}
	return nr;
}

/* Whoever allocates a range drains all per-CPU lists first. */
static bool drain_all(void)
{
	struct page *page = alloc_contig_pages(pageblock_nr_pages, GFP_KERNEL, 0, NULL);

	if (page)
		free_contig_range(page_to_pfn(page), pageblock_nr_pages);
	return page;
}

/*
 * How many pageblocks are wholly free after half of the memory was allocated and
 * freed over and over, on all cores and by other CPUs than allocated it, and all
 * but a few pages were freed: a system that has run for days and now wants huge
 * pages. One sample, the second: the first leaves its traces as well.
 */
static void run_blocks(const struct bench *b)
{
	struct gang *gang;
	unsigned int i, n = min(cores, num_online_cpus());
	bool good;

	nr_slots = global_zone_page_state(NR_FREE_PAGES) / 4;
	slots = vzalloc(array_size(nr_slots, sizeof(*slots)));
	gang = gang_alloc(b);
	good = slots && gang;
	for (i = 0; good && i < n; i++)
		good = gang_add(gang, i, mixed_load_worker);
	if (!good)
		result.failed = "no memory for the table";
	drain_all();
	record("blocks_before", whole_blocks());
	if (good && gang_run(gang)) {
		for (i = 0; i < nr_slots; i++)
			if (i % KEPT)
				free_slot(xchg(&slots[i], 0));
		record("blocks", whole_blocks());
		if (!drain_all())
			result.failed = "no whole block could be had";
		record("blocks_drained", whole_blocks());
	}
	for (i = 0; slots && i < nr_slots; i++)
		free_slot(slots[i]);
	vfree(slots);
	if (gang)
		gang_free(gang);
}

/* Memory that the allocator needs for itself ------------------------------- */

static void run_memory(const struct bench *b)
{
#if __has_include(<linux/pageblock_data.h>)
	record("pageblock_bytes", sizeof(struct pageblock_data));
#else
	record_milli("pageblock_bytes", NR_PAGEBLOCK_BITS * 1000 / BITS_PER_BYTE);
#endif
	record("pcp_bytes", sizeof(struct per_cpu_pages));
	record("pageblock_pages", pageblock_nr_pages);
}

/* Instructions ------------------------------------------------------------- */

/*
 * count.c waits for this function and counts the instructions from one call to
 * the next, unless the first one has the id 0.
 */
noinline __noclone void bench_mark(unsigned long id);
noinline __noclone void bench_mark(unsigned long id)
{
	/* The id has to be in its register. */
	asm volatile("" : : "r" (id) : "memory");
}

/* On another CPU. So many that some are of a block which that CPU owns. */
static void allocating_worker(struct worker *w)
{
	alloc_burst(w->gang->b, w->pages, w->gang->b->burst);
	complete(&w->gang->allocated);
}

/*
 * Bursts as local_o3 has them, until one is like the next. Each gives back to the
 * zone what it took, so this sees the refill and the bulk free.
 */
static bool count_bursts(struct worker *w)
{
	static const struct bench o3 = { .order = 3 };
	unsigned int i;

	for (i = 0; i < 1024; i++) {
		bench_mark(i == 1023 ? 5 : 0);
		if (!alloc_burst(&o3, w->pages, 64))
			return false;
		free_burst(w->pages, 64, o3.order);
	}
	bench_mark(0);
	return true;
}

/*
 * The fast paths, each after it was gone through before. Under count.c only: by
 * itself this measures nothing. Ids: 1 two marks with nothing
 * between, 2 a local allocation, 3 a local free, 4 a free of another CPU's page,
 * 5 a burst of 64 of order 3.
 */
static void counting_worker(struct worker *w)
{
	struct page **remote = w->gang->w[1].pages;
	unsigned int nr = w->gang->b->burst, i;
	struct page *page;

	wait_for_completion(&w->gang->allocated);
	if (!alloc_burst(w->gang->b, w->pages, MAX_CHUNK))
		return;
	free_burst(w->pages, MAX_CHUNK, 0);
	free_burst(remote, nr - 8, 0);
	for (i = nr - 8; i < nr; i++) {
		unsigned long on = i == nr - 1;

		bench_mark(on * 1);
		bench_mark(on * 2);
		page = alloc_pages(GFP_BENCH, 0);
		bench_mark(0);
		if (!page)
			return;
		bench_mark(on * 3);
		__free_pages(page, 0);
		bench_mark(0);
		bench_mark(on * 4);
		__free_pages(remote[i], 0);
		bench_mark(0);
	}
	w->nr = count_bursts(w);
}

static void run_count(const struct bench *b)
{
	struct gang *gang;

	if (!enough_cpus(2))
		return;
	gang = gang_alloc(b);
	if (gang && gang_add(gang, 0, counting_worker) && gang_add(gang, 1, allocating_worker) &&
	    gang_run(gang))
		record("done", gang->w[0].nr);
	else
		result.failed = "no memory to count with";
	if (gang)
		gang_free(gang);
}

/* The cases --------------------------------------------------------------- */

#define LOCAL(_name, _order, _burst) \
	{ .name = _name, .run = run_bursts, .order = _order, .burst = _burst }
#define REMOTE(_name, _order, _burst, ...) \
	{ .name = _name, .run = run_remote, .order = _order, .burst = _burst, \
	  .owners = 1, .freers = 1, ##__VA_ARGS__ }
#define MANY_TO_ONE(nr) \
	{ .name = "many_to_one_" #nr, .run = run_remote, .burst = 256, .owners = 1, .freers = nr }
#define ONE_TO_MANY(nr) \
	{ .name = "one_to_many_" #nr, .run = run_remote, .burst = 256, .owners = nr, .freers = 1 }

static const struct bench benches[] = {
	LOCAL("local_o0_b1", 0, 1),
	LOCAL("local_o0_b64", 0, 64),
	LOCAL("local_o0_b4096", 0, 4096),
	LOCAL("local_o1", 1, 64),
	LOCAL("local_o3", 3, 64),
	LOCAL("local_o9", 9, 8),
	{ .name = "all_cpus", .run = run_bursts, .burst = 8192, .owners = ALL_CORES },
	{ .name = "all_vcpus", .run = run_bursts, .burst = 8192, .owners = ALL_CPUS },
	REMOTE("remote_bare", 0, 256, .bare = true),
	/* As many as a chunk may have, which is as many as are shuffled. */
	REMOTE("remote_bare_shuffled", 0, MAX_CHUNK, .bare = true, .shuffled = true),
	REMOTE("remote_o0", 0, 256),
	REMOTE("remote_o3", 3, 64),
	/* Memory of the kernel, such as network buffers: few blocks of that type are whole. */
	REMOTE("remote_kernel", 0, 256, .gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY),
	MANY_TO_ONE(1), MANY_TO_ONE(2), MANY_TO_ONE(4), MANY_TO_ONE(8), MANY_TO_ONE(16),
	ONE_TO_MANY(1), ONE_TO_MANY(2), ONE_TO_MANY(4), ONE_TO_MANY(8), ONE_TO_MANY(16),
	REMOTE("folios_1", 0, 248, .folios = true),
	{ .name = "folios_4", .run = run_remote, .burst = 62, .owners = 4, .freers = 1,
	  .folios = true },
	/* A long tail of readers: what does the one who allocates have to bear? */
	{ .name = "worst_alloc", .run = run_remote, .burst = 64, .owners = 1, .freers = 16 },
	{ .name = "whole_blocks", .run = run_blocks },
	{ .name = "memory", .run = run_memory },
	{ .name = "count", .run = run_count, .burst = 32768 },
	{ .name = "hop", .run = run_hop },
};

static void run_bench(const struct bench *b)
{
	memset(&result, 0, sizeof(result));
	result.b = b;
	b->run(b);
}

static ssize_t bench_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char name[32] = {};
	unsigned int i;

	if (count >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, buf, count))
		return -EFAULT;
	strim(name);
	for (i = 0; i < ARRAY_SIZE(benches); i++)
		if (!strcmp(benches[i].name, name))
			break;
	if (i == ARRAY_SIZE(benches))
		return -ENOENT;
	mutex_lock(&bench_mutex);
	run_bench(&benches[i]);
	mutex_unlock(&bench_mutex);
	return count;
}

static int bench_show(struct seq_file *m, void *unused)
{
	unsigned int i, k;

	mutex_lock(&bench_mutex);
	if (!result.b) {
		for (i = 0; i < ARRAY_SIZE(benches); i++)
			seq_printf(m, "%s\n", benches[i].name);
	} else if (result.failed) {
		seq_printf(m, "bench %s failed %s\n", result.b->name, result.failed);
	} else if (result.skipped[0]) {
		seq_printf(m, "bench %s skipped %s\n", result.b->name, result.skipped);
	} else {
		for (i = 0; i < result.nr_metrics; i++) {
			seq_printf(m, "bench %s %s", result.b->name, result.metric[i].name);
			for (k = 0; k < result.metric[i].nr; k++) {
				u32 rest;
				u64 whole = div_u64_rem(result.metric[i].value[k], 1000, &rest);

				seq_printf(m, " %llu.%03u", whole, rest);
			}
			seq_putc(m, '\n');
		}
	}
	mutex_unlock(&bench_mutex);
	return 0;
}

static int bench_open(struct inode *inode, struct file *file)
{
	return single_open(file, bench_show, NULL);
}

static const struct proc_ops bench_ops = {
	.proc_open = bench_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_write = bench_write,
	.proc_release = single_release,
};

static int __init bench_init(void)
{
	shuffle();
	return proc_create("pcp_bench", 0600, NULL, &bench_ops) ? 0 : -ENOMEM;
}
late_initcall(bench_init);
