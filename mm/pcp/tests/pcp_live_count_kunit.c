// SPDX-License-Identifier: GPL-2.0
/*
 * Counts of the page allocator in use, and the places that show them: events and sums of
 * free pages, /proc/zoneinfo, /proc/vmstat, the report of an OOM, the NUMA statistics.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/kmsg_dump.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mount.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

static long live_counted_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *page = alloc_pages(LIVE_GFP, lv->order);

	if (page)
		__free_pages(page, lv->order);
	return !!page;
}

static void live_counters_move(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long claims = live_event(PCP_CLAIM);
	unsigned long merges = live_event(PCP_MERGE);
	unsigned long absorbs = live_event(PCP_ABSORB);

	KUNIT_ASSERT_TRUE(test, live_waits(lv, 1024));
	live_absorb_all(lv, 0);
	drain_all_pages(lv->zone);
	KUNIT_EXPECT_GT(test, live_event(PCP_ABSORB), absorbs);
	KUNIT_EXPECT_GT(test, live_event(PCP_MERGE), merges);
	live_own(lv, 0, true);
	pcp_on_cpu(test, lv->a, live_free_fn, lv);
	KUNIT_EXPECT_GT(test, live_event(PCP_CLAIM), claims);
	lv->order = 3;
	KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, lv->a, live_counted_fn, lv), 1L);
	live_check(test);
}

/* A page is counted once, whichever way it goes. */
static void live_counters_balance_after_a_mixed_load(struct kunit *test)
{
	struct live *lv = test->priv;
	struct pcp_workers *p;
	struct zone *zone;
	unsigned long absorbed = live_event(PCP_ABSORB), pushed = live_event(PCP_PUSH);
	long before, after, nr = 0;
	unsigned int i;

	live_seed(lv);
	lv->round = 20000;
	live_push_much(lv);
	before = live_balance(test);
	p = pcp_workers_run(test, NULL, live_nr_workers(), live_mixed_fn, lv);
	for (i = 0; i < p->nr; i++)
		nr += p->worker[i].ret;
	KUNIT_EXPECT_GT(test, nr, 1000L);
	kunit_info(test, "%lu pushed, %lu absorbed", live_event(PCP_PUSH) - pushed,
		   live_event(PCP_ABSORB) - absorbed);
	/* A load that is the only one on a slow host may need none of them again. */
	KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
	live_absorb_all(lv, 0);
	KUNIT_EXPECT_GT(test, live_event(PCP_ABSORB), absorbed);
	live_check(test);
	live_empty_slots(lv);
	live_check(test);
	after = live_balance(test);
	KUNIT_EXPECT_EQ(test, before, after);
	for_each_populated_zone(zone)
		live_check_free_lists(test, zone);
	live_check(test);
}

#ifdef CONFIG_PROC_FS
/* === Files below /proc === */

#define LIVE_TEXT_SIZE	SZ_256K

/**
 * struct live_text - a file of /proc, which nobody may have mounted
 * @mnt: a mount of our own
 * @text: what was read last
 */
struct live_text {
	struct vfsmount *mnt;
	char *text;
};

static void live_text_free(void *data)
{
	struct live_text *t = data;

	if (!IS_ERR_OR_NULL(t->mnt))
		kern_unmount(t->mnt);
	vfree(t->text);
}

static struct live_text *live_proc(struct kunit *test)
{
	struct file_system_type *type = get_fs_type("proc");
	struct live_text *t;

	KUNIT_ASSERT_NOT_NULL(test, type);
	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, live_text_free, t));
	t->text = vzalloc(LIVE_TEXT_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, t->text);
	t->mnt = kern_mount(type);
	put_filesystem(type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->mnt));
	return t;
}

/* A file of /proc as text, with a newline before the first line. */
static const char *live_read(struct kunit *test, struct live_text *t, const char *name)
{
	struct file *file = file_open_root_mnt(t->mnt, name, O_RDONLY, 0);
	size_t len = 1;
	loff_t pos = 0;
	ssize_t nr;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	t->text[0] = '\n';
	while ((nr = kernel_read(file, t->text + len, LIVE_TEXT_SIZE - 1 - len, &pos)) > 0)
		len += nr;
	fput(file);
	t->text[len] = '\0';
	KUNIT_ASSERT_EQ(test, nr, (ssize_t)0);
	KUNIT_ASSERT_LT(test, len, (size_t)LIVE_TEXT_SIZE - 1);
	return t->text;
}

/* The fields of a CPU in /proc/zoneinfo, as one who parses them knows them. */
struct live_zoneinfo {
	int count, high, batch, high_min, high_max, waiting, owned_blocks;
};

static bool live_parse_zoneinfo(const char *text, struct zone *zone, int cpu,
				struct live_zoneinfo *info)
{
	const char *p;
	char head[40];
	int len;

	snprintf(head, sizeof(head), "\nNode %d, zone %8s", zone_to_nid(zone), zone->name);
	p = strstr(text, head);
	if (!p)
		return false;
	snprintf(head, sizeof(head), "\n    cpu: %d\n", cpu);
	p = strstr(p, head);
	if (!p || sscanf(p, " cpu: %*d count: %d high: %d batch: %d high_min: %d high_max: %d%n",
			 &info->count, &info->high, &info->batch, &info->high_min,
			 &info->high_max, &len) != 5)
		return false;
	return sscanf(p + len, " waiting: %d owned_blocks: %d", &info->waiting,
		      &info->owned_blocks) == 2;
}

static struct live_zoneinfo live_expected_zoneinfo(struct per_cpu_pages *pcp)
{
	return (struct live_zoneinfo){
		.count = READ_ONCE(pcp->count),
		.high = READ_ONCE(pcp->high),
		.batch = READ_ONCE(pcp->batch),
		.high_min = READ_ONCE(pcp->high_min),
		.high_max = READ_ONCE(pcp->high_max),
		.waiting = atomic_read(&pcp->nr_waiting),
		.owned_blocks = atomic_read(&pcp->owned_blocks),
	};
}

static void live_zoneinfo_shows_what_waits(struct kunit *test)
{
	struct live_text *t = live_proc(test);
	struct live_zoneinfo want = {}, got = {};
	struct live *lv = test->priv;
	int tries;

	/* Others may push, and allocate on CPU a, while the file is read. */
	for (tries = 0; tries < 8; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 64));
		/* CPU a emptied its lists, so it may have lost the block. */
		pageblock_own(lv->zone, lv->pcp, live_pbd(lv->pages[0]));
		want = live_expected_zoneinfo(lv->pcp);
		KUNIT_ASSERT_TRUE(test, live_parse_zoneinfo(live_read(test, t, "zoneinfo"),
							    lv->zone, lv->a, &got));
		if (!memcmp(&want, &got, sizeof(want)) && want.waiting >= 64 &&
		    want.owned_blocks)
			break;
	}
	KUNIT_EXPECT_GE(test, want.waiting, 64);
	KUNIT_EXPECT_GT(test, want.owned_blocks, 0);
	KUNIT_EXPECT_EQ(test, got.count, want.count);
	KUNIT_EXPECT_EQ(test, got.high, want.high);
	KUNIT_EXPECT_EQ(test, got.batch, want.batch);
	KUNIT_EXPECT_EQ(test, got.high_min, want.high_min);
	KUNIT_EXPECT_EQ(test, got.high_max, want.high_max);
	KUNIT_EXPECT_EQ(test, got.waiting, want.waiting);
	KUNIT_EXPECT_EQ(test, got.owned_blocks, want.owned_blocks);
}

/* Before each field of a CPU. */
#define LIVE_FIELD	"              "

/* "name: number" */
static bool live_is_field(char *field)
{
	char *name = strsep(&field, ":");
	int value;

	return field && name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] == '\0' &&
	       !kstrtoint(skip_spaces(field), 10, &value) && value >= 0;
}

/*
 * As programs parse it that know nothing of the new lines: each zone has its header, in
 * it "pagesets" and then, for each CPU, lines of the form "name: number".
 */
static void live_zoneinfo_has_the_form_of_old(struct kunit *test)
{
	char *line, *rest = (char *)live_read(test, live_proc(test), "zoneinfo");
	unsigned int nr_cpus = 0, nr_zones = 0, odd = 0, cpu, last_cpu = 0;
	bool pagesets = false;
	struct zone *zone;
	char name[32];

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "Node %*d, zone %31s", name) == 1) {
			pagesets = false;
		} else if (!strcmp(line, "  pagesets")) {
			nr_zones++;
			pagesets = true;
		} else if (pagesets && sscanf(line, "    cpu: %u", &cpu) == 1) {
			nr_cpus++;
			last_cpu = cpu;
		} else if (pagesets && !strncmp(line, LIVE_FIELD, strlen(LIVE_FIELD)) &&
			   !live_is_field(line + strlen(LIVE_FIELD))) {
			kunit_info(test, "odd line of CPU %u: %s", last_cpu, line);
			odd++;
		}
	}
	KUNIT_EXPECT_EQ(test, odd, 0U);
	for_each_populated_zone(zone) {
		nr_zones--;
		nr_cpus -= num_online_cpus();
	}
	KUNIT_EXPECT_EQ(test, nr_zones, 0U);
	KUNIT_EXPECT_EQ(test, nr_cpus, 0U);
}

static const struct {
	const char *name;
	enum vm_event_item item;
} live_events[] = {
	{ "pcp_push", PCP_PUSH },
	{ "pcp_absorb", PCP_ABSORB },
	{ "pcp_trylock_fail", PCP_TRYLOCK_FAIL },
	{ "pcp_rescue", PCP_RESCUE },
	{ "pcp_overflow", PCP_OVERFLOW },
	{ "pcp_claim", PCP_CLAIM },
	{ "pcp_adopt", PCP_ADOPT },
	{ "pcp_recover", PCP_RECOVER },
	{ "pcp_merge", PCP_MERGE },
	{ "pgfree", PGFREE },
	{ "kvfree_rcu_page", KVFREE_RCU_PAGE },
	{ "kvfree_rcu_head", KVFREE_RCU_HEAD },
	{ "kvfree_rcu_sync", KVFREE_RCU_SYNC },
};

/* Each name has the number that belongs to it, before and after some load. */
static void live_vmstat_names_each_counter(struct kunit *test)
{
	unsigned long before[ARRAY_SIZE(live_events)], value, moved = 0;
	struct live_text *t = live_proc(test);
	struct live *lv = test->priv;
	const char *text, *p;
	unsigned int i;
	char name[32];

	live_waits(lv, 64);
	live_absorb_all(lv, 0);
	live_set_bound(lv, 1);
	live_own(lv, 64, false);
	pcp_on_cpu(test, lv->b, live_free_fn, lv);
	live_reset_bound(lv);
	drain_all_pages(lv->zone);
	for (i = 0; i < ARRAY_SIZE(live_events); i++)
		before[i] = live_event(live_events[i].item);
	text = live_read(test, t, "vmstat");
	for (i = 0; i < ARRAY_SIZE(live_events); i++) {
		snprintf(name, sizeof(name), "\n%s ", live_events[i].name);
		p = strstr(text, name);
		KUNIT_EXPECT_NOT_NULL_MSG(test, p, "%s", name + 1);
		if (!p || sscanf(p + strlen(name), "%lu", &value) != 1)
			continue;
		KUNIT_EXPECT_GE_MSG(test, value, before[i], "%s", live_events[i].name);
		KUNIT_EXPECT_LE_MSG(test, value, live_event(live_events[i].item), "%s",
				    live_events[i].name);
		moved += value != 0;
	}
	/* The first five or so have to have counted, or the names could be mixed up. */
	KUNIT_EXPECT_GE(test, moved, 5UL);
}

/* === The high marks by sysctl === */

static int live_write(struct kunit *test, struct live_text *t, const char *name,
		      const char *value)
{
	struct file *file = file_open_root_mnt(t->mnt, name, O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t nr;

	if (IS_ERR(file))
		return PTR_ERR(file);
	nr = kernel_write(file, value, strlen(value), &pos);
	fput(file);
	return nr < 0 ? nr : 0;
}

/* Others change the limits meanwhile. 0 restores them, and no page is stuck. */
static void live_high_fraction_under_load(struct kunit *test)
{
	static const char * const values[] = { "8\n", "100000\n", "0\n" };
	static const char name[] = "sys/vm/percpu_pagelist_high_fraction";
	struct live_zoneinfo before, small, after;
	struct live_text *t = live_proc(test);
	struct live *lv = test->priv;
	struct pcp_workers *p;
	int bound, bound_short, i;
	long sum;

	if (live_write(test, t, name, "8\n") == -ENOENT)
		kunit_skip(test, "no sysctl");
	/* A 0 in place of a 0 changes nothing, and a CPU that came up set other marks. */
	KUNIT_EXPECT_EQ(test, live_write(test, t, name, "0\n"), 0);
	live_seed(lv);
	live_own(lv, 1, false);
	__free_page(lv->pages[0]);
	pcp_set_bound(lv->pcp, lv->pcp->high_max);
	before = live_expected_zoneinfo(lv->pcp);
	bound = lv->pcp->bound;
	bound_short = lv->pcp->bound_short;
	sum = live_balance(test);

	lv->round = UINT_MAX;
	p = pcp_workers_start(test, NULL, live_nr_workers(), live_mixed_fn, lv);
	for (i = 0; i < 30; i++) {
		KUNIT_EXPECT_EQ(test, live_write(test, t, name, values[i % 3]), 0);
		if (i % 3 == 1)
			small = live_expected_zoneinfo(lv->pcp);
		cond_resched();
	}
	WRITE_ONCE(lv->stop, true);
	pcp_workers_wait(test, p);
	live_empty_slots(lv);

	after = live_expected_zoneinfo(lv->pcp);
	KUNIT_EXPECT_LT(test, small.high_max, before.high_max);
	KUNIT_EXPECT_EQ(test, after.high_min, before.high_min);
	KUNIT_EXPECT_EQ(test, after.high_max, before.high_max);
	KUNIT_EXPECT_EQ(test, after.batch, before.batch);
	KUNIT_EXPECT_EQ(test, lv->pcp->bound, bound);
	KUNIT_EXPECT_EQ(test, lv->pcp->bound_short, bound_short);
	KUNIT_EXPECT_EQ(test, sum, live_balance(test));
	live_check(test);
}
#endif /* CONFIG_PROC_FS */

/* === Counters that only grow === */

static unsigned long live_local_event(enum vm_event_item item)
{
	return raw_cpu_read(vm_event_states.event[item]);
}

/* On CPU a: pages that are deferred, one by one. Returns what PGFREE grew by. */
static long live_pgfree_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	unsigned long before;
	unsigned int i;
	long grew;

	pcpu_task_pin();
	before = live_local_event(PGFREE);
	for (i = 0; i < lv->nr; i++)
		live_defer(lv, lv->pages[i], 0);
	grew = live_local_event(PGFREE) - before;
	lv->round = live_local_event(PGFREE);
	pcp_zone_flush_deferred(lv->zone);
	lv->round = live_local_event(PGFREE) - lv->round;
	pcpu_task_unpin();
	return grew;
}

static void live_pgfree_counts_deferred_pages_once(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned long before = live_event(PGFREE);
	long grew = -1;
	int tries;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "zone->lock sleeps with PREEMPT_RT");
	/* An interrupt may free some, too. */
	for (tries = 0; tries < 8 && (grew != 32 || lv->round); tries++) {
		live_own(lv, 32, false);
		grew = pcp_on_cpu(test, lv->a, live_pgfree_fn, lv);
	}
	KUNIT_EXPECT_EQ(test, grew, 32L);
	KUNIT_EXPECT_EQ(test, lv->round, 0U);
	KUNIT_EXPECT_GE(test, live_event(PGFREE), before + 32);
	live_check(test);
}

#ifdef CONFIG_PRINTK
/* === The report of an OOM === */

static unsigned long live_nr_cached(struct per_cpu_pages *pcp)
{
	return READ_ONCE(pcp->count) + atomic_read(&pcp->nr_waiting);
}

static unsigned long live_free_pcp(struct zone *only)
{
	unsigned long nr = 0;
	struct zone *zone;
	int cpu;

	for_each_populated_zone(zone) {
		if (only && zone != only)
			continue;
		for_each_online_cpu(cpu)
			nr += live_nr_cached(zone_pcp(zone, cpu));
	}
	return nr;
}

struct live_report {
	struct live *lv;
	int waiting;
	unsigned long all, zone, local;
};

/* On CPU a, whose pages are the local ones: report, and say what there is to report. */
static long live_show_mem_fn(struct pcp_worker *w)
{
	struct live_report *want = w->arg;
	struct live *lv = want->lv;

	pcpu_task_pin();
	want->all = live_free_pcp(NULL);
	want->zone = live_free_pcp(lv->zone) << (PAGE_SHIFT - 10);
	want->local = live_nr_cached(lv->pcp) << (PAGE_SHIFT - 10);
	want->waiting = atomic_read(&lv->pcp->nr_waiting);
	__show_mem(0, NULL, MAX_NR_ZONES - 1);
	pcpu_task_unpin();
	return 0;
}

static void live_parse_report(struct live *lv, struct kmsg_dump_iter *log,
			      struct live_report *got)
{
	static char line[1024];
	char head[40];
	char *p;

	if (IS_ENABLED(CONFIG_NUMA))
		snprintf(head, sizeof(head), "Node %d %s free:", zone_to_nid(lv->zone),
			 lv->zone->name);
	else
		snprintf(head, sizeof(head), "%s free:", lv->zone->name);
	while (live_log_next(log, line, sizeof(line))) {
		p = strstr(line, " free_pcp:");
		if (!p)
			continue;
		if (strstr(line, " free_cma:") && !strstr(line, "kB"))
			sscanf(p, " free_pcp:%lu", &got->all);
		else if (strstr(line, head))
			sscanf(p, " free_pcp:%lukB local_pcp:%lukB", &got->zone,
			       &got->local);
	}
}

static void live_oom_report_counts_what_waits(struct kunit *test)
{
	struct live *lv = test->priv;
	struct live_report *want, got;
	struct kmsg_dump_iter log;
	int tries;

	want = kunit_kzalloc(test, sizeof(*want), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, want);
	want->lv = lv;
	/* CPU a takes some of them in to start the thread. Others allocate meanwhile. */
	for (tries = 0; tries < 16; tries++) {
		KUNIT_ASSERT_TRUE(test, live_waits(lv, 512));
		got = (struct live_report){ .all = 0 };
		live_log_mark(&log);
		pcp_on_cpu(test, lv->a, live_show_mem_fn, want);
		live_parse_report(lv, &log, &got);
		if (want->waiting >= 64 && got.all == want->all && got.zone == want->zone &&
		    got.local == want->local)
			break;
	}
	KUNIT_EXPECT_GE(test, want->waiting, 64);
	KUNIT_EXPECT_EQ(test, got.all, want->all);
	KUNIT_EXPECT_EQ(test, got.zone, want->zone);
	KUNIT_EXPECT_EQ(test, got.local, want->local);
}
#endif /* CONFIG_PRINTK */

#ifdef CONFIG_NUMA
/* === NUMA statistics === */

/* How a page is had, and how often the statistics count that. */
static long live_numa_alloc(unsigned int how, struct page **pages)
{
	unsigned long address;

	switch (how) {
	case 0:
		pages[0] = alloc_page(GFP_ATOMIC);
		return !!pages[0];
	case 1:
		return alloc_pages_bulk(GFP_ATOMIC, 8, pages);
	case 2:
		pages[0] = alloc_pages_nolock(0, NUMA_NO_NODE, 0);
		return !!pages[0];
	default:
		address = __rcu_alloc_page_lockless();
		pages[0] = address ? virt_to_page((void *)address) : NULL;
		return !!address;
	}
}

/* Events of allocations that this CPU has counted, of all nodes. */
static long live_numa_events(void)
{
	struct zone *zone;
	long nr = 0;

	for_each_populated_zone(zone) {
		struct per_cpu_zonestat *stat = this_cpu_ptr(zone->per_cpu_zonestats);

		nr += stat->vm_numa_event[NUMA_HIT] + stat->vm_numa_event[NUMA_MISS];
	}
	return nr;
}

/* On CPU a. Returns how many allocations were not counted, or twice. */
static long live_numa_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;
	struct page *pages[8] = {};
	unsigned long flags;
	unsigned int i;
	long counted, nr;

	/* So that there is something on the lists for those who do not refill. */
	pages[0] = alloc_page(GFP_KERNEL);
	if (pages[0])
		__free_page(pages[0]);
	pages[0] = NULL;

	local_irq_save(flags);
	counted = -live_numa_events();
	nr = live_numa_alloc(lv->round, pages);
	counted += live_numa_events();
	local_irq_restore(flags);

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		if (pages[i])
			__free_page(pages[i]);
	}
	return nr ? counted - nr : -1;
}

static const struct live_numa_param {
	const char *name;
	unsigned int how;
} live_numa_params[] = {
	{ "one page", 0 },
	{ "in bulk", 1 },
	{ "without a lock", 2 },
	{ "from the lists alone", 3 },
};

KUNIT_ARRAY_PARAM_DESC(live_numa, live_numa_params, name);

static void live_numa_statistics_count_each_page(struct kunit *test)
{
	const struct live_numa_param *param = test->param_value;
	struct live *lv = test->priv;
	long off = 1;
	int tries;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "no page with interrupts off with PREEMPT_RT");
	if (param->how >= 3 && debug_pagealloc_enabled_static())
		kunit_skip(test, "debug_pagealloc keeps the pages away");
	lv->round = param->how;
	/* Somebody may read the statistics, which resets what a CPU has counted. */
	for (tries = 0; tries < 8 && off; tries++)
		off = pcp_on_cpu(test, lv->a, live_numa_fn, lv);
	KUNIT_EXPECT_EQ(test, off, 0L);
}
#endif /* CONFIG_NUMA */

static struct kunit_case live_count_cases[] = {
	KUNIT_CASE(live_counters_move),
	KUNIT_CASE(live_pgfree_counts_deferred_pages_once),
#ifdef CONFIG_PROC_FS
	KUNIT_CASE(live_zoneinfo_shows_what_waits),
	KUNIT_CASE(live_zoneinfo_has_the_form_of_old),
	KUNIT_CASE(live_vmstat_names_each_counter),
	KUNIT_CASE(live_high_fraction_under_load),
#endif
#ifdef CONFIG_PRINTK
	KUNIT_CASE(live_oom_report_counts_what_waits),
#endif
#ifdef CONFIG_NUMA
	KUNIT_CASE_PARAM(live_numa_statistics_count_each_page, live_numa_gen_params),
#endif
	KUNIT_CASE(live_counters_balance_after_a_mixed_load),
	{}
};

static struct kunit_suite live_count_suite = {
	.name = "pcp_live_count",
	.init = live_init,
	.test_cases = live_count_cases,
};

kunit_test_suite(live_count_suite);
