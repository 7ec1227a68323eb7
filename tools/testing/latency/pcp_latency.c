// SPDX-License-Identifier: GPL-2.0
/*
 * All that the page allocator does for long, for make latency. The files pcp_latency* are
 * built into a stock kernel and into a patched one. It runs at the end of booting, and then
 * ends the machine. pcp_latency_probe.c times the sections of each phase:
 *
 *	latency: PHASE KIND CALLER LONGEST NUMBER DISTURBED
 *	latency: PHASE wakes ROUND CPU NUMBER INTERRUPTS
 *	latency: start
 *	latency: failed WHY
 *	latency: end
 *
 * KIND is irq or preempt, or pcp or zone for a lock; LONGEST is in ns. DISTURBED sections
 * were not timed.
 *
 * One thread does it all, on one CPU after the other, while all others are idle: the clock
 * goes on with the instructions of each.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/folio_batch.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/prandom.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "page_alloc.h"
#include "pcp_latency.h"

const char *const latency_names[NR_PHASES] = {
	[PHASE_NONE] = "none",
	[PHASE_ALLOC] = "alloc",
	[PHASE_FREE] = "free",
	[PHASE_HOLES] = "holes",
	[PHASE_CLAIM] = "claim",
	[PHASE_ORDER3] = "order3",
	[PHASE_ORDER9] = "order9",
	[PHASE_BULK] = "bulk",
	[PHASE_REMOTE] = "remote",
	[PHASE_ABSORB] = "absorb",
	[PHASE_FLUSH] = "flush",
	[PHASE_FOLIOS] = "folios",
	[PHASE_DRAIN] = "drain",
	[PHASE_SHEPHERD] = "shepherd",
	[PHASE_DECAY] = "decay",
	[PHASE_CPU_OFF] = "cpu_off",
	[PHASE_CPU_ON] = "cpu_on",
	[PHASE_LARGE_ALLOC] = "large_alloc",
	[PHASE_LARGE_FREE] = "large_free",
	[PHASE_LARGE_DRAIN] = "large_drain",
	[PHASE_IDLE] = "idle",
	[PHASE_IDLE_WAITING] = "idle_waiting",
};

#define GFP_USER_PAGES	(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY)
#define GFP_OWN_PAGES	(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)

/* Of one CPU at a time: a quarter of the memory of the guest. */
#define MANY	32768U
/* More than may wait, and more than a PCP keeps. */
#define SOME	8192U
/* Left free while the rest of the memory is in use. */
#define SPARE	4096U
#define BULK	64U
#define ROUNDS	4
/* How long CPUs sleep for the phases idle*, in seconds, and how often. */
#define MINUTE	60
#define MINUTES	7

static struct page **table;
static struct rnd_state random;
static const char *failure;

static void fail(const char *why)
{
	if (!failure)
		failure = why;
}

static void go_to(unsigned int cpu)
{
	latency_enter(PHASE_NONE);
	if (set_cpus_allowed_ptr(current, cpumask_of(cpu)))
		fail("no such CPU");
	/* The CPU where this was goes idle. */
	schedule_timeout_uninterruptible(2);
}

static void sleep_seconds(unsigned int seconds)
{
	schedule_timeout_uninterruptible(seconds * HZ);
}

static void take(struct page **pages, unsigned int nr, gfp_t gfp, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pages[i] = alloc_pages(gfp, order);
		if (!pages[i])
			fail("out of memory");
	}
}

static void give(struct page **pages, unsigned int nr, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (pages[i])
			__free_pages(pages[i], order);
		pages[i] = NULL;
	}
}

static void shuffle(struct page **pages, unsigned int nr)
{
	unsigned int i, other;

	for (i = nr - 1; i > 0; i--) {
		other = prandom_u32_state(&random) % (i + 1);
		swap(pages[i], pages[other]);
	}
}

/* A PCP keeps pages of others until it has enough. */
static void fill_pcp(unsigned int cpu)
{
	struct page **own = table + MANY;

	go_to(cpu);
	take(own, SOME, GFP_USER_PAGES, 0);
	shuffle(own, SOME);
	give(own, SOME, 0);
}

/* One CPU ---------------------------------------------------------------------- */

static void run_local(gfp_t gfp)
{
	unsigned int i;

	go_to(0);
	for (i = 0; i < ROUNDS; i++) {
		latency_enter(PHASE_ALLOC);
		take(table, MANY, gfp, 0);
		latency_enter(PHASE_NONE);
		/* Once in the order of the allocations. */
		if (i)
			shuffle(table, MANY);
		latency_enter(PHASE_FREE);
		give(table, MANY, 0);
	}
}

static void run_large(enum phase phase, unsigned int order, unsigned int nr)
{
	unsigned int i;

	go_to(0);
	/* Single pages of another phase would be trimmed here. */
	drain_all_pages(NULL);
	for (i = 0; i < ROUNDS; i++) {
		latency_enter(phase);
		take(table, nr, i % 2 ? GFP_OWN_PAGES : GFP_USER_PAGES, order);
		latency_enter(PHASE_NONE);
		shuffle(table, nr);
		latency_enter(phase);
		give(table, nr, order);
	}
}

/* Half of the memory is in use, page by page: first for user pages, then for the kernel's. */
static void run_holes(void)
{
	unsigned long nr = 0, kept, i;

	go_to(0);
	while (global_zone_page_state(NR_FREE_PAGES) > SPARE) {
		table[nr] = alloc_pages(GFP_USER_PAGES, 0);
		if (!table[nr])
			break;
		nr++;
	}
	shuffle(table, nr);
	kept = nr / 2;
	give(table + kept, nr - kept, 0);
	latency_enter(PHASE_HOLES);
	take(table + kept, nr / 8, GFP_USER_PAGES, 0);
	latency_enter(PHASE_CLAIM);
	i = kept + nr / 8;
	take(table + i, nr / 8, GFP_OWN_PAGES, 0);
	latency_enter(PHASE_FREE);
	give(table, i + nr / 8, 0);
}

static void run_bulk(void)
{
	unsigned int i, round;

	go_to(0);
	for (round = 0; round < ROUNDS; round++) {
		memset(table, 0, SOME * sizeof(*table));
		latency_enter(PHASE_BULK);
		for (i = 0; i < SOME; i += BULK)
			if (alloc_pages_bulk(GFP_USER_PAGES, BULK, table + i) != BULK)
				fail("out of memory in bulk");
		latency_enter(PHASE_NONE);
		shuffle(table, SOME);
		latency_enter(PHASE_FREE);
		give(table, SOME, 0);
	}
}

/* Two CPUs --------------------------------------------------------------------- */

/* CPU 1 frees what CPU 0 allocated. */
static void pass(enum phase phase, unsigned int nr, gfp_t gfp, bool random_order)
{
	go_to(0);
	/* Pages that were freed the last time come back. */
	latency_enter(PHASE_ABSORB);
	take(table, nr, gfp, 0);
	fill_pcp(1);
	if (random_order)
		shuffle(table, nr);
	latency_enter(phase);
	give(table, nr, 0);
}

static void run_remote(void)
{
	static const unsigned int sizes[] = { 64, 512, 1024, 2000 };
	unsigned int i;

	for (i = 0; i < ROUNDS * ARRAY_SIZE(sizes); i++)
		pass(PHASE_REMOTE, sizes[i % ARRAY_SIZE(sizes)],
		     i % 2 ? GFP_OWN_PAGES : GFP_USER_PAGES, i / 2 % 2);
	for (i = 0; i < ROUNDS; i++)
		pass(PHASE_FLUSH, MANY, i % 2 ? GFP_OWN_PAGES : GFP_USER_PAGES, i / 2 % 2);
}

/* Many CPUs -------------------------------------------------------------------- */

static void put(struct page **pages, unsigned int nr)
{
	struct folio_batch batch;
	unsigned int i;

	folio_batch_init(&batch);
	for (i = 0; i < nr; i++)
		if (!folio_batch_add(&batch, page_folio(pages[i])) || i == nr - 1)
			folios_put(&batch);
}

static void run_folios(void)
{
	unsigned int cpu, i;

	for (i = 0; i < ROUNDS; i++) {
		for_each_online_cpu(cpu) {
			go_to(cpu);
			take(table + cpu * SOME / 2, SOME / 2, GFP_USER_PAGES, 0);
		}
		fill_pcp(1);
		shuffle(table, num_online_cpus() * SOME / 2);
		latency_enter(PHASE_FOLIOS);
		put(table, num_online_cpus() * SOME / 2);
	}
}

static void run_drain(void)
{
	unsigned int cpu, i;

	for (i = 0; i < 2 * ROUNDS; i++) {
		pass(PHASE_NONE, i % 2 ? 2000 : 64, GFP_USER_PAGES, true);
		if (i % 4 > 1)
			for_each_online_cpu(cpu)
				fill_pcp(cpu);
		go_to(3);
		latency_enter(PHASE_DRAIN);
		drain_all_pages(NULL);
	}
}

/* Time goes by ------------------------------------------------------------------- */

static void run_shepherd(void)
{
	unsigned int cpu, i;

	/* Many: other CPUs wake up at the same time, and that disturbs most sections. */
	for (i = 0; i < 8 * ROUNDS; i++) {
		pass(PHASE_NONE, i % 2 ? 2000 : 512, GFP_USER_PAGES, true);
		go_to(3);
		latency_enter(PHASE_SHEPHERD);
		sleep_seconds(4);
	}
	for (i = 0; i < ROUNDS; i++) {
		for_each_online_cpu(cpu)
			fill_pcp(cpu);
		latency_enter(PHASE_DECAY);
		sleep_seconds(8);
	}
}

static void run_hotplug(void)
{
	unsigned int i;

	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU)) {
		fail("CPUs cannot be taken down");
		return;
	}
	for (i = 0; i < ROUNDS; i++) {
		fill_pcp(2);
		take(table, 2000, GFP_USER_PAGES, 0);
		fill_pcp(1);
		shuffle(table, 2000);
		give(table, 2000, 0);
		go_to(0);
		latency_enter(PHASE_CPU_OFF);
		if (remove_cpu(2))
			fail("CPU 2 cannot be taken down");
		latency_enter(PHASE_CPU_ON);
		if (add_cpu(2))
			fail("CPU 2 does not come up");
	}
}

/* Nobody has mounted /proc yet. */
static void set_high_fraction(const char *value)
{
	struct file_system_type *type = get_fs_type("proc");
	struct vfsmount *mnt = type ? kern_mount(type) : ERR_PTR(-ENODEV);
	struct file *file = ERR_PTR(-ENOENT);
	loff_t pos = 0;

	if (!IS_ERR(mnt))
		file = file_open_root_mnt(mnt, "sys/vm/percpu_pagelist_high_fraction",
					  O_WRONLY, 0);
	if (IS_ERR(file)) {
		fail("no sysctl percpu_pagelist_high_fraction");
	} else {
		if (kernel_write(file, value, strlen(value), &pos) < 0)
			fail("percpu_pagelist_high_fraction cannot be set");
		fput(file);
	}
	if (!IS_ERR(mnt))
		kern_unmount(mnt);
	if (type)
		put_filesystem(type);
}

static void take_and_give(unsigned int giver, gfp_t gfp)
{
	go_to(0);
	latency_enter(PHASE_LARGE_ALLOC);
	take(table, MANY, gfp, 0);
	latency_enter(PHASE_NONE);
	shuffle(table, MANY);
	go_to(giver);
	latency_enter(PHASE_LARGE_FREE);
	give(table, MANY, 0);
	latency_enter(PHASE_NONE);
}

/* The CPUs together may keep an eighth of the memory. */
static void run_large_pcp(void)
{
	unsigned int i;

	set_high_fraction("8\n");
	for (i = 0; i < ROUNDS; i++) {
		gfp_t gfp = i % 2 ? GFP_OWN_PAGES : GFP_USER_PAGES;

		take_and_give(0, gfp);
		take_and_give(1, gfp);
		go_to(3);
		latency_enter(PHASE_LARGE_DRAIN);
		drain_all_pages(NULL);
	}
	latency_enter(PHASE_NONE);
	set_high_fraction("0\n");
}

static void sleep_a_minute(enum phase phase, unsigned int round)
{
	latency_enter(phase);
	latency_count_wakes();
	sleep_seconds(MINUTE);
	latency_say_wakes(round);
}

static void run_idle(void)
{
	unsigned int i;

	go_to(0);
	drain_all_pages(NULL);
	/* The phases before left timers behind. */
	sleep_seconds(MINUTE);
	for (i = 0; i < MINUTES; i++)
		sleep_a_minute(PHASE_IDLE, i);
	for (i = 0; i < MINUTES; i++) {
		pass(PHASE_NONE, 512, GFP_USER_PAGES, true);
		go_to(0);
		sleep_a_minute(PHASE_IDLE_WAITING, i);
		sleep_seconds(MINUTE);
	}
}

/* All of it ---------------------------------------------------------------------- */

static void run_all(void)
{
	unsigned int cpu;

	/* Each CPU goes idle once, so that it is known to be. */
	for_each_online_cpu(cpu)
		go_to(cpu);
	run_local(GFP_USER_PAGES);
	run_local(GFP_OWN_PAGES);
	run_large(PHASE_ORDER3, 3, 4096);
	run_large(PHASE_ORDER9, 9, 64);
	run_bulk();
	run_remote();
	run_folios();
	run_drain();
	run_shepherd();
	run_hotplug();
	run_large_pcp();
	run_idle();
	run_holes();
}

/* The last of all that is done before the first program would start. */
static int __init latency_init(void)
{
	pr_warn("latency: start\n");
	table = vcalloc(totalram_pages(), sizeof(*table));
	prandom_seed_state(&random, 1);
	if (num_online_cpus() != 4)
		fail("needs four CPUs");
	else if (!table)
		fail("no memory for the table");
	else if (latency_start())
		fail("the trace points cannot be used");
	else
		run_all();
	latency_say_sections();
	if (failure)
		pr_warn("latency: failed %s\n", failure);
	pr_warn("latency: end\n");
	/* QEMU ends then. To power off would take ACPI. */
	kernel_restart(NULL);
	return 0;
}
late_initcall_sync(latency_init);
