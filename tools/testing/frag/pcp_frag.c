// SPDX-License-Identifier: GPL-2.0
/*
 * Whole blocks that the page allocator leaves, and those that compaction makes of
 * the rest, for make frag. The files pcp_frag* are built into a stock kernel and into
 * a patched one. It runs at the end of booting, and then powers the machine off.
 *
 *	pcp_frag.run=load,thin		the phases, in this order
 *
 *	load		threads on all CPUs allocate into and free from one table
 *	thin		most pages of the table are freed
 *	age		a load whose pages become more and less, for a long time
 *	reclaim		files are read, more than fits, beside such a load
 *	compact		huge pages out of memory with holes
 *	kcompactd	the same, where kcompactd compacts
 *	proactive	what kcompactd does on its own accord
 *	compact_all	what /proc/sys/vm/compact_memory does
 *	contig		block after block is allocated where it is, while pages in it are freed
 *	remote_user	one CPU allocates, another frees
 *	remote_kernel	the same, memory of the kernel
 *
 * The other parameters are explained where they are. Each figure is a line:
 *
 *	frag: PHASE KEY VALUE...
 *	frag: PHASE failed WHY
 *	frag: end
 *
 * VALUE is one integer or, for a histogram, several. Keys that begin with event_
 * are what /proc/vmstat counted during the phase. The key sample comes each second.
 *
 * pcp_frag_look.c looks at the memory. pcp_frag_load.c has load, thin, age and reclaim;
 * pcp_frag_compact.c the phases that compact, and contig; pcp_frag_remote.c the two others.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pcp_frag.h"

static char *run = "load";
module_param(run, charp, 0444);
MODULE_PARM_DESC(run, "phases");

unsigned int frag_seed = 1;
module_param_named(seed, frag_seed, uint, 0444);

unsigned int frag_movable = 100;
module_param_named(movable, frag_movable, uint, 0444);
MODULE_PARM_DESC(movable, "load: percent of the pages that can be moved");

unsigned int frag_large;
module_param_named(large, frag_large, uint, 0444);
MODULE_PARM_DESC(large, "load: percent of the pages that are of order 1 to 3");

unsigned int frag_bulk;
module_param_named(bulk, frag_bulk, uint, 0444);
MODULE_PARM_DESC(bulk, "load: pages of the kernel come so many at once, up to 32; 0: one by one");

unsigned int frag_share = 4;
module_param_named(share, frag_share, uint, 0444);
MODULE_PARM_DESC(share, "load: the table has a slot for each so many pages of memory");

unsigned int frag_turns = 6;
module_param_named(turns, frag_turns, uint, 0444);
MODULE_PARM_DESC(turns, "load: how often each slot gets another page");

unsigned int frag_seconds = 1200;
module_param_named(seconds, frag_seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "age, proactive: how long");

unsigned int frag_period = 60;
module_param_named(period, frag_period, uint, 0444);
MODULE_PARM_DESC(period, "age: seconds of a breath");

unsigned int frag_rate = 20000;
module_param_named(rate, frag_rate, uint, 0444);
MODULE_PARM_DESC(rate, "age: steps of each thread in a second");

unsigned int frag_file = 50;
module_param_named(file, frag_file, uint, 0444);
MODULE_PARM_DESC(file, "reclaim: percent of the steps that read a page of the file");

char *frag_manner = "bound";
module_param_named(manner, frag_manner, charp, 0444);
MODULE_PARM_DESC(manner, "load: bound, wander, idle or handoff");

unsigned int frag_kept = 64;
module_param_named(kept, frag_kept, uint, 0444);
MODULE_PARM_DESC(kept, "thin: one page in so many stays");

unsigned int frag_cpu;
module_param_named(cpu, frag_cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "compact: the CPU that wants huge pages; CPU 0 filled the memory");

bool frag_noretry;
module_param_named(noretry, frag_noretry, bool, 0444);
MODULE_PARM_DESC(noretry, "compact: with __GFP_NORETRY");

bool frag_kswapd;
module_param_named(kswapd, frag_kswapd, bool, 0444);
MODULE_PARM_DESC(kswapd, "compact: with __GFP_KSWAPD_RECLAIM, so that kcompactd compacts as well");

bool frag_once;
module_param_named(once, frag_once, bool, 0444);
MODULE_PARM_DESC(once, "compact: as many tries as there could be huge pages, as faults do");

bool frag_drain = true;
module_param_named(drain, frag_drain, bool, 0444);
MODULE_PARM_DESC(drain, "compact: drain all PCPs before");

bool frag_scatter;
module_param_named(scatter, frag_scatter, bool, 0444);
MODULE_PARM_DESC(scatter, "compact: the pages that stay are random ones, not each eighth");

unsigned int frag_chunk;
module_param_named(chunk, frag_chunk, uint, 0444);
MODULE_PARM_DESC(chunk, "compact: of two chunks of so many pages, a random one stays whole");

unsigned int frag_keep_index;
module_param_named(keep_index, frag_keep_index, uint, 0444);
MODULE_PARM_DESC(keep_index, "compact: which of eight pages stays, 0 to 7");

const char *frag_phase;
bool frag_failed;

void frag_fail(const char *why)
{
	if (!frag_failed)
		printk(KERN_WARNING "frag: %s failed %s\n", frag_phase, why);
	frag_failed = true;
}

/* Threads ------------------------------------------------------------------ */

/* A thread for each CPU, and one that looks at them. */
static struct worker workers[MAX_WORKERS + 1];

void frag_go_to(unsigned int where)
{
	if (set_cpus_allowed_ptr(current, cpumask_of(where)))
		frag_fail("no such CPU");
}

static int worker_thread_fn(void *data)
{
	struct worker *w = data;

	frag_go_to(w->cpu);
	w->work(w);
	complete(&w->done);
	return 0;
}

void frag_add_worker(unsigned int i, unsigned int where, void (*work)(struct worker *w))
{
	struct worker *w = &workers[i];

	w->index = i;
	w->cpu = where;
	w->work = work;
	init_completion(&w->done);
	w->task = kthread_create(worker_thread_fn, w, "frag/%u", i);
	if (IS_ERR(w->task))
		frag_fail("no memory for the threads");
}

/* Start those that were added, all of them, and wait for their end. */
void frag_run_workers(unsigned int nr)
{
	unsigned int i;

	if (frag_failed)
		return;
	for (i = 0; i < nr; i++)
		wake_up_process(workers[i].task);
	for (i = 0; i < nr; i++)
		wait_for_completion(&workers[i].done);
}

/* All of it ----------------------------------------------------------------- */

static void run_phase(void)
{
	if (!strcmp(frag_phase, "load"))
		frag_run_load();
	else if (!strcmp(frag_phase, "thin"))
		frag_run_thin();
	else if (!strcmp(frag_phase, "age"))
		frag_run_age();
	else if (!strcmp(frag_phase, "reclaim"))
		frag_run_reclaim();
	else if (!strcmp(frag_phase, "compact"))
		frag_run_compact();
	else if (!strcmp(frag_phase, "kcompactd"))
		frag_run_kcompactd();
	else if (!strcmp(frag_phase, "proactive"))
		frag_run_proactive();
	else if (!strcmp(frag_phase, "compact_all"))
		frag_run_compact_all();
	else if (!strcmp(frag_phase, "contig"))
		frag_run_contig();
	else if (!strcmp(frag_phase, "remote_user"))
		frag_run_remote(GFP_HIGHUSER_MOVABLE);
	else if (!strcmp(frag_phase, "remote_kernel"))
		frag_run_remote(GFP_KERNEL);
	else
		frag_fail("no such phase");
}

/* The last of all that is done before the first program would start. */
static int __init frag_init(void)
{
	char *rest = kstrdup(run, GFP_KERNEL);

	frag_phase = "setup";
	frag_find_blocks();
	while (!frag_failed && (frag_phase = strsep(&rest, ",")))
		run_phase();
	printk(KERN_WARNING "frag: end\n");
	kernel_power_off();
	return 0;
}
late_initcall_sync(frag_init);
