// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmarks of the page allocator, for make bench: the cases, and what they recorded.
 * The files pcp_bench* are built into a stock kernel and into patched ones, so they use
 * public interfaces only.
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
 *
 * pcp_bench_gang.c has the workers. The cases are in pcp_bench_local.c, on one CPU each;
 * pcp_bench_remote.c, from CPU to CPU; pcp_bench_tasks.c, tasks that move and end;
 * pcp_bench_blocks.c, whole blocks; pcp_bench_count.c, instructions.
 */
#include <linux/init.h>
#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/proc_fs.h>
#include <linux/reboot.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#if __has_include(<linux/pageblock_data.h>)
#include <linux/pageblock_data.h>
#endif

#include "pcp_bench.h"

unsigned int bench_cores = 2;
module_param_named(cores, bench_cores, uint, 0444);
MODULE_PARM_DESC(cores, "cores of the host that the CPUs share");

unsigned int bench_samples = 5;
module_param_named(samples, bench_samples, uint, 0444);
MODULE_PARM_DESC(samples, "samples of each case, after one that is thrown away");

unsigned int bench_sample_ms = 80;
module_param_named(sample_ms, bench_sample_ms, uint, 0444);
MODULE_PARM_DESC(sample_ms, "length of a sample");

static char *bench_boot;
module_param_named(boot, bench_boot, charp, 0444);
MODULE_PARM_DESC(boot, "a case to run while the kernel boots, which ends it; needs no program");

/* Results ----------------------------------------------------------------- */

struct bench_result bench_result;

static DEFINE_MUTEX(bench_mutex);
void bench_record_milli(const char *name, u64 value)
{
	unsigned int i;

	for (i = 0; i < bench_result.nr_metrics; i++)
		if (!strcmp(bench_result.metric[i].name, name))
			break;
	if (WARN_ON(i == MAX_METRICS))
		return;
	if (i == bench_result.nr_metrics) {
		bench_result.nr_metrics++;
		bench_result.metric[i].name = name;
		bench_result.metric[i].nr = 0;
	}
	if (bench_result.metric[i].nr < MAX_SAMPLES)
		bench_result.metric[i].value[bench_result.metric[i].nr++] = value;
}

void bench_record(const char *name, u64 value)
{
	bench_record_milli(name, value * 1000);
}

/* Nanoseconds for each of @n. */
void bench_record_ns(const char *name, u64 ns, u64 n)
{
	if (n)
		bench_record_milli(name, div64_u64(ns * 1000, n));
	else
		bench_result.failed = "nothing was done";
}

/* Memory that the allocator needs for itself ------------------------------- */

static void run_memory(const struct bench *b)
{
#if __has_include(<linux/pageblock_data.h>)
	bench_record("pageblock_bytes", sizeof(struct pageblock_data));
#else
	bench_record_milli("pageblock_bytes", NR_PAGEBLOCK_BITS * 1000 / BITS_PER_BYTE);
#endif
	bench_record("pcp_bytes", sizeof(struct per_cpu_pages));
	bench_record("pageblock_pages", pageblock_nr_pages);
}

/* The cases --------------------------------------------------------------- */

#define LOCAL(_name, _order, _burst) \
	{ .name = _name, .run = bench_run_bursts, .order = _order, .burst = _burst }
#define REMOTE(_name, _order, _burst, ...) \
	{ .name = _name, .run = bench_run_remote, .order = _order, .burst = _burst, \
	  .owners = 1, .freers = 1, ##__VA_ARGS__ }
#define MANY_TO_ONE(nr) \
	{ .name = "many_to_one_" #nr, .run = bench_run_remote, .burst = 256, .owners = 1, .freers = nr }
#define ONE_TO_MANY(nr) \
	{ .name = "one_to_many_" #nr, .run = bench_run_remote, .burst = 256, .owners = nr, .freers = 1 }
#define FOLIOS(nr) \
	{ .name = "folios_" #nr, .run = bench_run_remote, .burst = 62, .owners = nr, .freers = 1, \
	  .folios = true }

static const struct bench benches[] = {
	LOCAL("local_o0_b1", 0, 1),
	LOCAL("local_o0_b64", 0, 64),
	LOCAL("local_o0_b4096", 0, 4096),
	LOCAL("local_o1", 1, 64),
	LOCAL("local_o3", 3, 64),
	LOCAL("local_o9", 9, 8),
	{ .name = "local_parts", .run = bench_run_parts, .burst = 128 },
	{ .name = "all_cpus", .run = bench_run_bursts, .burst = 8192, .owners = ALL_CORES },
	{ .name = "all_vcpus", .run = bench_run_bursts, .burst = 8192, .owners = ALL_CPUS },
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
	FOLIOS(4), FOLIOS(16), FOLIOS(63),
	{ .name = "close_behind", .run = bench_run_close },
	{ .name = "movers", .run = bench_run_movers, .burst = 256 },
	{ .name = "exit_free", .run = bench_run_exit },
	/* A long tail of readers: what does the one who allocates have to bear? */
	{ .name = "worst_alloc", .run = bench_run_remote, .burst = 64, .owners = 1, .freers = 16,
	  .timed_alloc = true },
	/* And one who frees what many allocate. */
	{ .name = "worst_free", .run = bench_run_remote, .burst = 64, .owners = 16, .freers = 1,
	  .timed_free = true },
	{ .name = "whole_blocks", .run = bench_run_blocks },
	{ .name = "memory", .run = run_memory },
	{ .name = "count", .run = bench_run_count, .burst = 32768 },
	{ .name = "hop", .run = bench_run_hop },
};

static void run_bench(const struct bench *b)
{
	memset(&bench_result, 0, sizeof(bench_result));
	bench_result.b = b;
	b->run(b);
}

static const struct bench *find_bench(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(benches); i++)
		if (!strcmp(benches[i].name, name))
			return &benches[i];
	return NULL;
}

static ssize_t bench_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	const struct bench *b;
	char name[32] = {};

	if (count >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, buf, count))
		return -EFAULT;
	strim(name);
	b = find_bench(name);
	if (!b)
		return -ENOENT;
	mutex_lock(&bench_mutex);
	run_bench(b);
	mutex_unlock(&bench_mutex);
	return count;
}

static int bench_show(struct seq_file *m, void *unused)
{
	unsigned int i, k;

	mutex_lock(&bench_mutex);
	if (!bench_result.b) {
		for (i = 0; i < ARRAY_SIZE(benches); i++)
			seq_printf(m, "%s\n", benches[i].name);
	} else if (bench_result.failed) {
		seq_printf(m, "bench %s failed %s\n", bench_result.b->name, bench_result.failed);
	} else if (bench_result.skipped[0]) {
		seq_printf(m, "bench %s skipped %s\n", bench_result.b->name, bench_result.skipped);
	} else {
		for (i = 0; i < bench_result.nr_metrics; i++) {
			seq_printf(m, "bench %s %s", bench_result.b->name, bench_result.metric[i].name);
			for (k = 0; k < bench_result.metric[i].nr; k++) {
				u32 rest;
				u64 whole = div_u64_rem(bench_result.metric[i].value[k], 1000, &rest);

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

/* bench_show() on the console; the machine is off then. */
static void bench_run_at_boot(const struct bench *b)
{
	unsigned int i, k;

	run_bench(b);
	pr_emerg("bench %s %s\n", b->name, bench_result.failed ? bench_result.failed :
		 bench_result.skipped[0] ? bench_result.skipped : "good");
	for (i = 0; i < bench_result.nr_metrics; i++)
		for (k = 0; k < bench_result.metric[i].nr; k++)
			pr_emerg("bench %s %s %llu\n", b->name, bench_result.metric[i].name,
				 div_u64(bench_result.metric[i].value[k], 1000));
	emergency_restart();
}

static int __init bench_init(void)
{
	bench_shuffle();
	if (bench_boot && find_bench(bench_boot))
		bench_run_at_boot(find_bench(bench_boot));
	return proc_create("pcp_bench", 0600, NULL, &bench_ops) ? 0 : -ENOMEM;
}
late_initcall(bench_init);
