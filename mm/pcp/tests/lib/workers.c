// SPDX-License-Identifier: GPL-2.0
/*
 * CPU-bound worker threads for KUnit suites, see workers.h.
 */

#include <kunit/resource.h>
#include <kunit/test.h>
#include <kunit/visibility.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

#include "workers.h"

/* The boot argument has the same name whatever object this is linked into. */
#ifndef MODULE
#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pcp_kunit."
#endif

static unsigned int want_cpus;
module_param_named(want_cpus, want_cpus, uint, 0444);
MODULE_PARM_DESC(want_cpus,
		 "CPUs that this run was started with: tests that need up to so many then fail instead of being skipped (0: not said)");

/**
 * pcp_workers_judge_cpus - decide whether a test can run
 * @wanted: CPUs the run asked for, 0 if it did not say
 * @online: CPUs that are online
 * @needed: CPUs the test needs
 *
 * A run that asked for CPUs and did not get them is broken, and its skips
 * would hide that. (A run that asked for at least @needed asked for more than
 * are online, so one comparison covers both.)
 *
 * Return: the verdict, see &enum pcp_cpus.
 */
enum pcp_cpus pcp_workers_judge_cpus(unsigned int wanted, unsigned int online,
				     unsigned int needed)
{
	if (online >= needed)
		return PCP_CPUS_ENOUGH;
	return wanted > online ? PCP_CPUS_FAIL : PCP_CPUS_SKIP;
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_judge_cpus);

/**
 * pcp_workers_wanted - how many CPUs the run asked for
 *
 * Return: the parameter pcp_kunit.want_cpus, 0 if it was not given.
 */
unsigned int pcp_workers_wanted(void)
{
	return want_cpus;
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_wanted);

/**
 * pcp_workers_online - how many workers can run at the same time
 *
 * Return: the number of online CPUs.
 */
unsigned int pcp_workers_online(void)
{
	return num_online_cpus();
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_online);

/**
 * pcp_workers_require - go on only if enough CPUs are online
 * @test: the test
 * @nr: CPUs it needs
 *
 * To be called first, as a skip would replace a failure. Otherwise the test
 * ends here: failed if the run asked for more CPUs than it got, else skipped.
 */
void pcp_workers_require(struct kunit *test, unsigned int nr)
{
	unsigned int online = pcp_workers_online();

	switch (pcp_workers_judge_cpus(want_cpus, online, nr)) {
	case PCP_CPUS_ENOUGH:
		break;
	case PCP_CPUS_SKIP:
		kunit_skip(test, "needs %u CPUs, %u online", nr, online);
		break;
	case PCP_CPUS_FAIL:
		KUNIT_FAIL_AND_ABORT(test,
				     "needs %u CPUs, too few CPUs online: %u, though the run asked for %u",
				     nr, online, want_cpus);
		break;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_require);

/**
 * pcp_step_wait - wait until everybody has come this far
 * @s: the barrier
 * @nr: how many threads pass it, the same in every call
 *
 * All that a thread did before its call is visible to the others after theirs.
 * Spins, so that all go on within a short time. Task context only.
 *
 * Return: true if all arrived; false if this thread was told to end first, so
 * one that never comes does not keep the others here for ever.
 */
bool pcp_step_wait(struct pcp_step *s, unsigned int nr)
{
	unsigned int mine = atomic_inc_return(&s->arrived);
	/* Rounds share one counter: nobody has to reset it in between. */
	unsigned int full = roundup(mine, nr);

	/* Pairs with the full barrier of atomic_inc_return() in the others. */
	while ((int)(atomic_read_acquire(&s->arrived) - full) < 0) {
		if (kthread_should_stop())
			return false;
		cpu_relax();
		/* The late one may need this very CPU. */
		cond_resched();
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(pcp_step_wait);

static int pcp_worker_thread(void *data)
{
	struct pcp_worker *w = data;
	struct pcp_workers *p = w->pool;

	if (!pcp_step_wait(&p->gate, p->nr))
		return 0;

	w->strayed = raw_smp_processor_id() != w->cpu;
	w->ret = p->fn(w);
	w->strayed |= raw_smp_processor_id() != w->cpu;
	w->returned = true;
	return 0;
}

static void pcp_worker_joined(struct pcp_worker *w)
{
	put_task_struct(w->task);
	w->task = NULL;
	w->joined = true;
}

/* Also the way out of a test that was aborted anywhere after the start. */
static void pcp_workers_stop_action(void *data)
{
	struct pcp_workers *p = data;

	for (unsigned int i = 0; i < p->nr; i++) {
		struct pcp_worker *w = &p->worker[i];

		if (!w->task)
			continue;
		kthread_stop(w->task);
		pcp_worker_joined(w);
	}
}

/**
 * pcp_workers_start - start workers and return while they run
 * @test: the test
 * @cpus: CPUs to use, NULL for all that are online
 * @nr: number of workers, one each on the first @nr online CPUs of @cpus
 * @fn: what each of them runs
 * @arg: for @fn, as pcp_worker.arg
 *
 * No worker enters @fn before all are running, so that they really overlap.
 * Fails and ends the test if there are not enough CPUs: a test that can do
 * without calls pcp_workers_require() first.
 *
 * Return: the workers, for pcp_workers_wait() or pcp_workers_stop().
 */
struct pcp_workers *pcp_workers_start(struct kunit *test,
				      const struct cpumask *cpus,
				      unsigned int nr, pcp_worker_fn fn,
				      void *arg)
{
	struct pcp_workers *p;
	unsigned int cpu, i = 0;

	KUNIT_ASSERT_GT(test, nr, 0);
	p = kunit_kzalloc(test, struct_size(p, worker, nr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	p->nr = nr;
	p->fn = fn;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, pcp_workers_stop_action, p));

	if (!cpus)
		cpus = cpu_online_mask;
	for_each_cpu_and(cpu, cpus, cpu_online_mask) {
		struct pcp_worker *w;
		struct task_struct *task;

		if (i == nr)
			break;
		task = kthread_create_on_cpu(pcp_worker_thread, &p->worker[i],
					     cpu, "pcp_worker/%u");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
		w = &p->worker[i];
		w->cpu = cpu;
		w->index = i++;
		w->arg = arg;
		w->pool = p;
		w->task = get_task_struct(task);
		/* The thread forgets it when it ends, see kunit_try_catch_run(). */
		w->exited = task->vfork_done;
	}
	KUNIT_ASSERT_EQ_MSG(test, i, nr, "fewer CPUs online than workers");

	/* Nobody waits at the gate for a worker that could not be created. */
	for (i = 0; i < nr; i++)
		wake_up_process(p->worker[i].task);
	return p;
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_start);

/**
 * pcp_workers_join - wait for the end of the workers, without a verdict
 * @p: the workers
 * @timeout: jiffies to wait for all of them together
 *
 * Waits for the end of the threads, not of the function, so it also sees
 * workers that ended otherwise (joined but not returned). May be called again.
 *
 * Return: how many still run (those that are not joined).
 */
unsigned int pcp_workers_join(struct pcp_workers *p, unsigned long timeout)
{
	unsigned int running = 0;

	for (unsigned int i = 0; i < p->nr; i++) {
		struct pcp_worker *w = &p->worker[i];

		if (w->joined)
			continue;
		timeout = wait_for_completion_timeout(w->exited, timeout);
		if (timeout)
			pcp_worker_joined(w);
		else
			running++;
	}
	return running;
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_join);

/**
 * pcp_workers_wait - wait until all workers have returned
 * @test: the test
 * @p: the workers
 *
 * Fails and ends the test if a worker hangs, ends without returning (an
 * assertion or an oops in a worker), or was seen on another CPU. Afterwards
 * pcp_worker.ret is valid.
 */
void pcp_workers_wait(struct kunit *test, struct pcp_workers *p)
{
	bool good = true;

	pcp_workers_join(p, PCP_WORKERS_TIMEOUT);
	for (unsigned int i = 0; i < p->nr; i++) {
		struct pcp_worker *w = &p->worker[i];
		const char *what = NULL;

		if (!w->joined)
			what = "hangs";
		else if (!w->returned)
			what = "ended without returning";
		else if (w->strayed)
			what = "was seen on another CPU";
		if (!what)
			continue;
		KUNIT_FAIL(test, "worker %u of CPU %u %s (%ps)",
			   w->index, w->cpu, what, p->fn);
		good = false;
	}
	if (!good)
		KUNIT_FAIL_AND_ABORT(test, "not all workers returned");
	/* Nothing is left to stop, and a test may start many. */
	kunit_remove_action(test, pcp_workers_stop_action, p);
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_wait);

/**
 * pcp_workers_stop - tell workers to end, and wait until they have
 * @test: the test
 * @p: the workers
 *
 * For workers that run until kthread_should_stop(). One that had not entered
 * its function yet never does, so wait for a sign of it first if it matters.
 */
void pcp_workers_stop(struct kunit *test, struct pcp_workers *p)
{
	kunit_release_action(test, pcp_workers_stop_action, p);
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_stop);

/**
 * pcp_workers_run - run a function on several CPUs at the same time
 * @test: the test
 * @cpus: CPUs to use, NULL for all that are online
 * @nr: number of workers, one each on the first @nr online CPUs of @cpus
 * @fn: what each of them runs
 * @arg: for @fn, as pcp_worker.arg
 *
 * Return: the workers; all have returned.
 */
struct pcp_workers *pcp_workers_run(struct kunit *test,
				    const struct cpumask *cpus,
				    unsigned int nr, pcp_worker_fn fn,
				    void *arg)
{
	struct pcp_workers *p = pcp_workers_start(test, cpus, nr, fn, arg);

	pcp_workers_wait(test, p);
	return p;
}
EXPORT_SYMBOL_IF_KUNIT(pcp_workers_run);

/**
 * pcp_on_cpu - run a function on one CPU and wait for it
 * @test: the test
 * @cpu: the CPU
 * @fn: the function
 * @arg: for @fn, as pcp_worker.arg
 *
 * Return: what @fn returned.
 */
long pcp_on_cpu(struct kunit *test, unsigned int cpu, pcp_worker_fn fn,
		void *arg)
{
	struct pcp_workers *p = pcp_workers_run(test, cpumask_of(cpu), 1, fn, arg);
	long ret = p->worker[0].ret;

	kunit_kfree(test, p);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(pcp_on_cpu);

MODULE_DESCRIPTION("CPU-bound worker threads for KUnit suites");
MODULE_LICENSE("GPL");
