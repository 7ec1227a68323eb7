// SPDX-License-Identifier: GPL-2.0
/*
 * Time sections with the kernel's own trace points: those of interrupts and preemption or,
 * in a kernel with CONFIG_LOCK_STAT, those of locks. And count how often CPUs wake up.
 *
 * The clock goes on with the instructions of all CPUs. So a section counts if all other CPUs
 * were idle, and if no interrupt came and no CPU woke up meanwhile. The time of the probes
 * themselves is subtracted.
 */
#include <linux/cpumask.h>
#include <linux/hardirq.h>
#include <linux/hash.h>
#include <linux/kallsyms.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <trace/events/lock.h>
#include <trace/events/power.h>
#include <trace/events/preemptirq.h>

#include "pcp_latency.h"

enum kind {
	KIND_IRQ,
	KIND_PREEMPT,
	KIND_PCP,
	KIND_ZONE,
	NR_KINDS,
};

static const char *const kind_names[NR_KINDS] = { "irq", "preempt", "pcp", "zone" };

/* A section that has begun. Without an ip it is not to be timed. */
struct section {
	u64 start;
	u64 spent;
	u64 disturbed;
	unsigned long ip;
};

struct latency_cpu {
	/* Time of the probes. */
	u64 spent;
	u64 wakes;
	bool idle;
	struct section section[NR_KINDS];
};

static DEFINE_PER_CPU(struct latency_cpu, latency_cpu);

/* Of one caller, in one phase. */
struct record {
	u64 longest;
	u32 nr;
	u32 disturbed;
};

#define NR_CALLERS	2048
#define CALLER_BITS	ilog2(NR_CALLERS)

static unsigned long callers[NR_CALLERS];
static struct record records[NR_PHASES][NR_KINDS][NR_CALLERS];
static arch_spinlock_t records_lock = __ARCH_SPIN_LOCK_UNLOCKED;
static enum phase phase_now;
static bool callers_full;

/* As arch_irq_stat_cpu(), which is there with /proc alone. */
static u64 interrupts(int cpu)
{
	const unsigned int *counts = per_cpu(irq_stat, cpu).counts;
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < IRQ_COUNT_MAX; i++)
		sum += READ_ONCE(counts[i]);
	return sum;
}

/* Grows with each interrupt, and each time that a CPU wakes up. */
static u64 disturbances(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += interrupts(cpu) + READ_ONCE(per_cpu(latency_cpu, cpu).wakes);
	return sum;
}

static bool all_others_idle(void)
{
	int cpu, self = raw_smp_processor_id();

	for_each_online_cpu(cpu)
		if (cpu != self && !READ_ONCE(per_cpu(latency_cpu, cpu).idle))
			return false;
	return true;
}

/* The place of a caller in the table, or -1. */
static int caller_index(unsigned long ip)
{
	unsigned int i = hash_long(ip, CALLER_BITS), tries;

	for (tries = 0; tries < NR_CALLERS; tries++, i = (i + 1) % NR_CALLERS) {
		if (!callers[i])
			callers[i] = ip;
		if (callers[i] == ip)
			return i;
	}
	callers_full = true;
	return -1;
}

static void note(enum kind kind, unsigned long ip, u64 length, bool disturbed)
{
	struct record *record;
	int i;

	arch_spin_lock(&records_lock);
	i = caller_index(ip);
	if (i >= 0) {
		record = &records[phase_now][kind][i];
		if (disturbed) {
			record->disturbed++;
		} else {
			record->nr++;
			record->longest = max(record->longest, length);
		}
	}
	arch_spin_unlock(&records_lock);
}

static void begin(enum kind kind, unsigned long ip)
{
	struct latency_cpu *this;
	struct section *section;
	unsigned long flags;
	u64 start;

	raw_local_irq_save(flags);
	start = get_cycles();
	this = this_cpu_ptr(&latency_cpu);
	section = &this->section[kind];
	section->ip = phase_now == PHASE_NONE ? 0 : ip;
	section->disturbed = all_others_idle() ? disturbances() : U64_MAX;
	section->start = get_cycles();
	this->spent += section->start - start;
	section->spent = this->spent;
	raw_local_irq_restore(flags);
}

static void end(enum kind kind)
{
	struct latency_cpu *this;
	struct section *section;
	unsigned long flags;
	u64 now;

	raw_local_irq_save(flags);
	now = get_cycles();
	this = this_cpu_ptr(&latency_cpu);
	section = &this->section[kind];
	if (section->ip) {
		note(kind, section->ip, now - section->start - (this->spent - section->spent),
		     disturbances() != section->disturbed);
		section->ip = 0;
	}
	this->spent += get_cycles() - now;
	raw_local_irq_restore(flags);
}

#ifdef CONFIG_LOCK_STAT
static bool lock_kind(const struct lockdep_map *lock, enum kind *kind)
{
	if (!lock->name || lock->name[0] != '&')
		return false;
	*kind = KIND_PCP;
	if (!strcmp(lock->name, "&pcp->lock"))
		return true;
	*kind = KIND_ZONE;
	return !strcmp(lock->name, "&zone->lock");
}

/* A trylock that succeeded; the others have the lock later. */
static void on_lock_acquire(void *data, struct lockdep_map *lock, unsigned int subclass,
			    int trylock, int read, int check, struct lockdep_map *next_lock,
			    unsigned long ip)
{
	enum kind kind;

	if (trylock && lock_kind(lock, &kind))
		begin(kind, ip);
}

static void on_lock_acquired(void *data, struct lockdep_map *lock, unsigned long ip)
{
	enum kind kind;

	if (lock_kind(lock, &kind))
		begin(kind, ip);
}

static void on_lock_release(void *data, struct lockdep_map *lock, unsigned long ip)
{
	enum kind kind;

	if (lock_kind(lock, &kind))
		end(kind);
}

static int register_sections(void)
{
	return register_trace_lock_acquire(on_lock_acquire, NULL) ?:
	       register_trace_lock_acquired(on_lock_acquired, NULL) ?:
	       register_trace_lock_release(on_lock_release, NULL);
}
#else
static unsigned long caller(unsigned long ip, unsigned long parent_ip)
{
	return in_lock_functions(ip) ? parent_ip : ip;
}

static void on_irq_disable(void *data, unsigned long ip, unsigned long parent_ip)
{
	begin(KIND_IRQ, caller(ip, parent_ip));
}

static void on_irq_enable(void *data, unsigned long ip, unsigned long parent_ip)
{
	end(KIND_IRQ);
}

static void on_preempt_disable(void *data, unsigned long ip, unsigned long parent_ip)
{
	begin(KIND_PREEMPT, caller(ip, parent_ip));
}

static void on_preempt_enable(void *data, unsigned long ip, unsigned long parent_ip)
{
	end(KIND_PREEMPT);
}

static int register_sections(void)
{
	return register_trace_irq_disable(on_irq_disable, NULL) ?:
	       register_trace_irq_enable(on_irq_enable, NULL) ?:
	       register_trace_preempt_disable(on_preempt_disable, NULL) ?:
	       register_trace_preempt_enable(on_preempt_enable, NULL);
}
#endif

static void on_cpu_idle(void *data, unsigned int state, unsigned int cpu)
{
	struct latency_cpu *this = this_cpu_ptr(&latency_cpu);

	WRITE_ONCE(this->idle, state != PWR_EVENT_EXIT);
	if (state == PWR_EVENT_EXIT)
		this->wakes++;
}

int latency_start(void)
{
	return register_trace_cpu_idle(on_cpu_idle, NULL) ?: register_sections();
}

/* Sections that end from now on are of this phase. */
void latency_enter(enum phase phase)
{
	WRITE_ONCE(phase_now, phase);
}

/* Counters ---------------------------------------------------------------------- */

static u64 wakes_before[NR_CPUS], interrupts_before[NR_CPUS];

void latency_count_wakes(void)
{
	int cpu;

	for_each_online_cpu(cpu) {
		wakes_before[cpu] = per_cpu(latency_cpu, cpu).wakes;
		interrupts_before[cpu] = interrupts(cpu);
	}
}

void latency_say_wakes(unsigned int round)
{
	int cpu;

	for_each_online_cpu(cpu)
		pr_warn("latency: %s wakes %u %d %llu %llu\n", latency_names[phase_now],
			round, cpu,
			per_cpu(latency_cpu, cpu).wakes - wakes_before[cpu],
			interrupts(cpu) - interrupts_before[cpu]);
}

static void say_record(enum phase phase, enum kind kind, unsigned int i)
{
	const struct record *record = &records[phase][kind][i];

	if (record->nr || record->disturbed)
		pr_warn("latency: %s %s %ps %llu %u %u\n", latency_names[phase],
			kind_names[kind], (void *)callers[i], record->longest, record->nr,
			record->disturbed);
}

void latency_say_sections(void)
{
	enum phase phase;
	enum kind kind;
	unsigned int i;

	latency_enter(PHASE_NONE);
	for (phase = PHASE_NONE + 1; phase < NR_PHASES; phase++)
		for (kind = 0; kind < NR_KINDS; kind++)
			for (i = 0; i < NR_CALLERS; i++)
				say_record(phase, kind, i);
	if (callers_full)
		pr_warn("latency: failed too many callers\n");
}
