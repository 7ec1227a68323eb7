// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for the worker threads that the other suites use.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/processor.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "lib/workers.h"

/* Enough to overlap, and few enough for many CPUs on a small host. */
#define MAX_WORKERS	8
/* Far above what a busy host needs, far below PCP_WORKERS_TIMEOUT. */
#define MEET_TIMEOUT	(20 * HZ)

/* Not on the stack, as workers outlive the stack of an aborted test. */
struct shared {
	unsigned int nr;
	int base;
	atomic_t there;
	struct pcp_step step;
	struct completion sign;
	int round[MAX_WORKERS];
};

static int workers_init(struct kunit *test)
{
	struct shared *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->nr = min(pcp_workers_online(), MAX_WORKERS);
	init_completion(&s->sign);
	test->priv = s;
	return 0;
}

/* A sign from each of @nr workers that it has entered its function. */
static void wait_for_signs(struct kunit *test, unsigned int nr)
{
	struct shared *s = test->priv;

	while (nr--)
		KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&s->sign, MEET_TIMEOUT), 0);
}

/* === What to do when CPUs are missing === */

struct cpus_case {
	const char *desc;
	unsigned int wanted, online, needed;
	enum pcp_cpus verdict;
};

static const struct cpus_case cpus_cases[] = {
	{ "not said, one is enough",	0, 1, 1, PCP_CPUS_ENOUGH },
	{ "not said, just enough",	0, 4, 4, PCP_CPUS_ENOUGH },
	{ "not said, too few",		0, 1, 2, PCP_CPUS_SKIP },
	{ "not said, one too few",	0, 3, 4, PCP_CPUS_SKIP },
	{ "got them, enough",		4, 4, 2, PCP_CPUS_ENOUGH },
	{ "got them, just enough",	4, 4, 4, PCP_CPUS_ENOUGH },
	{ "got them, test needs more",	4, 4, 5, PCP_CPUS_SKIP },
	{ "got more, test needs more",	2, 4, 8, PCP_CPUS_SKIP },
	{ "got more, enough",		2, 4, 4, PCP_CPUS_ENOUGH },
	{ "got fewer, as needed",	4, 1, 4, PCP_CPUS_FAIL },
	{ "got fewer, by one",		4, 3, 4, PCP_CPUS_FAIL },
	{ "got fewer, needs less",	4, 1, 2, PCP_CPUS_FAIL },
	{ "got fewer, needs more",	4, 2, 8, PCP_CPUS_FAIL },
	{ "got fewer, but enough",	4, 2, 2, PCP_CPUS_ENOUGH },
};

KUNIT_ARRAY_PARAM_DESC(cpus, cpus_cases, desc);

static void workers_judge_cpus(struct kunit *test)
{
	const struct cpus_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->verdict,
			pcp_workers_judge_cpus(c->wanted, c->online, c->needed));
}

/* The loud one: even a run whose tests need few CPUs gets what it asked for. */
static void workers_cpus_as_asked(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_workers_online(), num_online_cpus());
	KUNIT_EXPECT_GE(test, pcp_workers_online(), pcp_workers_wanted());
}

/* === Place and time === */

/* Gives the scheduler every chance to move it, and counts where it was. */
static long count_elsewhere(struct pcp_worker *w)
{
	long elsewhere = !cpumask_equal(current->cpus_ptr, cpumask_of(w->cpu));

	for (int i = 0; i < 1000; i++) {
		if (raw_smp_processor_id() != w->cpu)
			elsewhere++;
		schedule();
	}
	return elsewhere;
}

static void workers_run_on_their_cpus(struct kunit *test)
{
	struct shared *s = test->priv;
	unsigned int cpu = cpumask_first(cpu_online_mask);
	struct pcp_workers *p;

	p = pcp_workers_run(test, NULL, s->nr, count_elsewhere, NULL);

	KUNIT_ASSERT_EQ(test, p->nr, s->nr);
	for (unsigned int i = 0; i < p->nr; i++) {
		KUNIT_EXPECT_EQ(test, p->worker[i].index, i);
		KUNIT_EXPECT_EQ(test, p->worker[i].cpu, cpu);
		KUNIT_EXPECT_EQ(test, p->worker[i].ret, 0);
		KUNIT_EXPECT_FALSE(test, p->worker[i].strayed);
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
}

static void workers_run_on_given_cpus(struct kunit *test)
{
	struct cpumask *mask;
	struct pcp_workers *p;
	unsigned int last;

	pcp_workers_require(test, 2);
	mask = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mask);
	last = cpumask_last(cpu_online_mask);
	cpumask_set_cpu(last, mask);

	p = pcp_workers_run(test, mask, 1, count_elsewhere, NULL);
	KUNIT_EXPECT_EQ(test, p->worker[0].cpu, last);
	KUNIT_EXPECT_EQ(test, p->worker[0].ret, 0);

	/* More CPUs than workers: the first ones are taken. */
	cpumask_set_cpu(cpumask_first(cpu_online_mask), mask);
	p = pcp_workers_run(test, mask, 1, count_elsewhere, NULL);
	KUNIT_EXPECT_EQ(test, p->worker[0].cpu, cpumask_first(cpu_online_mask));

	p = pcp_workers_run(test, mask, 2, count_elsewhere, NULL);
	KUNIT_EXPECT_EQ(test, p->worker[0].cpu, cpumask_first(cpu_online_mask));
	KUNIT_EXPECT_EQ(test, p->worker[1].cpu, last);
}

/* Not a pcp_step: the suite does not trust what it tests. */
static long meet_all(struct pcp_worker *w)
{
	unsigned long end = jiffies + MEET_TIMEOUT;
	struct shared *s = w->arg;

	atomic_inc(&s->there);
	while (atomic_read(&s->there) < s->nr) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		cond_resched();
	}
	return 0;
}

static void workers_overlap(struct kunit *test)
{
	struct shared *s = test->priv;
	struct pcp_workers *p;

	pcp_workers_require(test, 2);
	p = pcp_workers_run(test, NULL, s->nr, meet_all, s);
	for (unsigned int i = 0; i < p->nr; i++)
		KUNIT_EXPECT_EQ_MSG(test, p->worker[i].ret, 0,
				    "worker %u did not meet the others", i);
}

static long missing_at_start(struct pcp_worker *w)
{
	return w->pool->nr - atomic_read(&w->pool->gate.arrived);
}

static void workers_start_together(struct kunit *test)
{
	struct shared *s = test->priv;

	pcp_workers_require(test, 2);
	/* Often, as a gate that lets one through early does so now and then. */
	for (int round = 0; round < 8; round++) {
		struct pcp_workers *p;

		p = pcp_workers_run(test, NULL, s->nr, missing_at_start, NULL);
		for (unsigned int i = 0; i < p->nr; i++)
			KUNIT_ASSERT_EQ(test, p->worker[i].ret, 0);
	}
}

/* === Values === */

static long value_of(const struct shared *s, unsigned int index)
{
	return s->base - 7L * index;
}

static long return_value(struct pcp_worker *w)
{
	return value_of(w->arg, w->index);
}

static void workers_return_values(struct kunit *test)
{
	struct shared *s = test->priv;
	struct pcp_workers *p;

	s->base = 3;
	p = pcp_workers_run(test, NULL, s->nr, return_value, s);
	for (unsigned int i = 0; i < p->nr; i++) {
		KUNIT_EXPECT_PTR_EQ(test, p->worker[i].arg, (void *)s);
		KUNIT_EXPECT_TRUE(test, p->worker[i].joined);
		KUNIT_EXPECT_TRUE(test, p->worker[i].returned);
		KUNIT_EXPECT_EQ(test, p->worker[i].ret, value_of(s, i));
	}
}

static void workers_one_cpu(struct kunit *test)
{
	struct shared *s = test->priv;
	struct pcp_workers *p;

	/* Never skips and never fails, whatever the machine. */
	pcp_workers_require(test, 1);
	s->base = INT_MIN;
	p = pcp_workers_run(test, NULL, 1, return_value, s);
	KUNIT_EXPECT_EQ(test, p->nr, 1);
	KUNIT_EXPECT_EQ(test, p->worker[0].ret, INT_MIN);
}

static long where_am_i(struct pcp_worker *w)
{
	struct shared *s = w->arg;

	atomic_inc(&s->there);
	return raw_smp_processor_id();
}

static void workers_on_cpu(struct kunit *test)
{
	struct shared *s = test->priv;
	unsigned int cpu, calls = 0;

	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, pcp_on_cpu(test, cpu, where_am_i, s), cpu);
		calls++;
		KUNIT_EXPECT_EQ(test, atomic_read(&s->there), calls);
	}
}

/* === Lockstep === */

#define STEP_ROUNDS	20

/* Everybody writes its round, then everybody looks at all the others. */
static long count_out_of_step(struct pcp_worker *w)
{
	struct shared *s = w->arg;
	long bad = 0;

	for (int round = 1; round <= STEP_ROUNDS; round++) {
		WRITE_ONCE(s->round[w->index], round);
		if (!pcp_step_wait(&s->step, s->nr))
			return -EINTR;
		for (unsigned int i = 0; i < s->nr; i++)
			bad += READ_ONCE(s->round[i]) != round;
		if (!pcp_step_wait(&s->step, s->nr))
			return -EINTR;
	}
	return bad;
}

static void workers_lockstep(struct kunit *test)
{
	struct shared *s = test->priv;
	struct pcp_workers *p;

	p = pcp_workers_run(test, NULL, s->nr, count_out_of_step, s);
	for (unsigned int i = 0; i < p->nr; i++)
		KUNIT_EXPECT_EQ(test, p->worker[i].ret, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->step.arrived),
			2 * STEP_ROUNDS * s->nr);
}

/* The test thread takes part, which also shows that start does not wait. */
static long two_steps(struct pcp_worker *w)
{
	struct shared *s = w->arg;

	if (!pcp_step_wait(&s->step, s->nr))
		return -EINTR;
	WRITE_ONCE(s->round[0], s->round[0] + 1);
	if (!pcp_step_wait(&s->step, s->nr))
		return -EINTR;
	return 0;
}

static void workers_start_and_wait(struct kunit *test)
{
	struct shared *s = test->priv;
	struct pcp_workers *p;

	s->nr = 2;
	p = pcp_workers_start(test, NULL, 1, two_steps, s);
	KUNIT_EXPECT_EQ(test, READ_ONCE(s->round[0]), 0);
	KUNIT_ASSERT_TRUE(test, pcp_step_wait(&s->step, s->nr));
	KUNIT_ASSERT_TRUE(test, pcp_step_wait(&s->step, s->nr));
	KUNIT_EXPECT_EQ(test, READ_ONCE(s->round[0]), 1);
	pcp_workers_wait(test, p);
	KUNIT_EXPECT_EQ(test, p->worker[0].ret, 0);
}

/* === The end of a worker === */

static long run_until_stopped(struct pcp_worker *w)
{
	struct shared *s = w->arg;
	long loops = 0;

	complete(&s->sign);
	while (!kthread_should_stop()) {
		loops++;
		cond_resched();
	}
	return loops;
}

static void workers_stop(struct kunit *test)
{
	struct shared *s = test->priv;
	struct pcp_workers *p;

	p = pcp_workers_start(test, NULL, s->nr, run_until_stopped, s);
	wait_for_signs(test, s->nr);
	KUNIT_EXPECT_EQ(test, pcp_workers_join(p, 1), s->nr);
	pcp_workers_stop(test, p);
	KUNIT_EXPECT_EQ(test, pcp_workers_join(p, 0), 0);
	for (unsigned int i = 0; i < p->nr; i++) {
		KUNIT_EXPECT_TRUE(test, p->worker[i].returned);
		KUNIT_EXPECT_GE(test, p->worker[i].ret, 0);
	}
	/* Nothing left to stop: no harm. */
	pcp_workers_stop(test, p);
}

static long step_without_partner(struct pcp_worker *w)
{
	struct shared *s = w->arg;

	complete(&s->sign);
	return pcp_step_wait(&s->step, 2);
}

/* As after an abort of the test, when somebody waits for one that never comes. */
static void workers_stop_in_step(struct kunit *test)
{
	struct pcp_workers *p;

	p = pcp_workers_start(test, NULL, 1, step_without_partner, test->priv);
	wait_for_signs(test, 1);
	pcp_workers_stop(test, p);
	KUNIT_EXPECT_TRUE(test, p->worker[0].returned);
	KUNIT_EXPECT_EQ(test, p->worker[0].ret, false);
}

static long hang_last(struct pcp_worker *w)
{
	struct shared *s = w->arg;

	if (w->index == s->nr - 1)
		wait_for_completion(&s->sign);
	return 11;
}

static void workers_hang_is_seen(struct kunit *test)
{
	struct shared *s = test->priv;
	struct pcp_workers *p;

	p = pcp_workers_start(test, NULL, s->nr, hang_last, s);
	/* A slow host may have more of them still running, never fewer. */
	KUNIT_EXPECT_GE(test, pcp_workers_join(p, HZ / 10), 1);
	KUNIT_EXPECT_FALSE(test, p->worker[s->nr - 1].joined);

	/* Free it before any assertion, as nothing else would end it. */
	complete(&s->sign);
	KUNIT_EXPECT_EQ(test, pcp_workers_join(p, PCP_WORKERS_TIMEOUT), 0);
	pcp_workers_wait(test, p);
	for (unsigned int i = 0; i < p->nr; i++)
		KUNIT_EXPECT_EQ(test, p->worker[i].ret, 11);
}

/* As an assertion in a worker, but without failing this test. */
static long end_without_return(struct pcp_worker *w)
{
	kthread_exit(0);
}

static void workers_end_without_return(struct kunit *test)
{
	struct pcp_workers *p;

	p = pcp_workers_start(test, NULL, 1, end_without_return, NULL);
	/* Seen at once, not after a timeout. */
	KUNIT_ASSERT_EQ(test, pcp_workers_join(p, PCP_WORKERS_TIMEOUT), 0);
	KUNIT_EXPECT_TRUE(test, p->worker[0].joined);
	KUNIT_EXPECT_FALSE(test, p->worker[0].returned);
}

static int living_workers(void)
{
	struct task_struct *task;
	int nr = 0;

	rcu_read_lock();
	for_each_process(task) {
		/* A joined thread may still be on its way out of the list. */
		if (str_has_prefix(task->comm, "pcp_worker/") &&
		    !(READ_ONCE(task->flags) & PF_EXITING))
			nr++;
	}
	rcu_read_unlock();
	return nr;
}

static void workers_leave_no_thread(struct kunit *test)
{
	struct shared *s = test->priv;
	struct pcp_workers *p;

	KUNIT_EXPECT_EQ(test, living_workers(), 0);
	for (int round = 0; round < 8; round++) {
		pcp_workers_run(test, NULL, s->nr, return_value, s);
		KUNIT_ASSERT_EQ(test, living_workers(), 0);
	}

	/* That the count can count, and that stop leaves none either. */
	p = pcp_workers_start(test, NULL, s->nr, run_until_stopped, s);
	wait_for_signs(test, s->nr);
	KUNIT_EXPECT_EQ(test, living_workers(), s->nr);
	pcp_workers_stop(test, p);
	KUNIT_EXPECT_EQ(test, living_workers(), 0);
}

static struct kunit_case workers_cases[] = {
	KUNIT_CASE_PARAM(workers_judge_cpus, cpus_gen_params),
	KUNIT_CASE(workers_cpus_as_asked),
	KUNIT_CASE(workers_one_cpu),
	KUNIT_CASE(workers_run_on_their_cpus),
	KUNIT_CASE(workers_run_on_given_cpus),
	KUNIT_CASE(workers_overlap),
	KUNIT_CASE(workers_start_together),
	KUNIT_CASE(workers_return_values),
	KUNIT_CASE(workers_on_cpu),
	KUNIT_CASE(workers_lockstep),
	KUNIT_CASE(workers_start_and_wait),
	KUNIT_CASE(workers_stop),
	KUNIT_CASE(workers_stop_in_step),
	KUNIT_CASE(workers_hang_is_seen),
	KUNIT_CASE(workers_end_without_return),
	KUNIT_CASE(workers_leave_no_thread),
	{}
};

static struct kunit_suite workers_suite = {
	.name = "pcp_workers",
	.init = workers_init,
	.test_cases = workers_cases,
};

kunit_test_suite(workers_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit suite for the workers of the per-CPU page list suites");
MODULE_LICENSE("GPL");
