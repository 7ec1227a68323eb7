/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPU-bound worker threads for KUnit suites.
 *
 * A worker counts and returns, the test thread judges: a KUNIT_ASSERT_*() in
 * a worker would end only the worker, and a static stub acts only in the
 * test's own thread, so never in a worker.
 *
 *	static long push(struct pcp_worker *w)
 *	{
 *		return push_many(w->arg, w->index);
 *	}
 *
 *	static void push_from_four_cpus(struct kunit *test)
 *	{
 *		struct pcp_workers *p;
 *
 *		pcp_workers_require(test, 4);
 *		p = pcp_workers_run(test, NULL, 4, push, test->priv);
 *		for (int i = 0; i < 4; i++)
 *			KUNIT_EXPECT_EQ(test, p->worker[i].ret, 0);
 *	}
 *
 * Call everything from the test thread, except pcp_step_wait(), which any
 * kthread may call. Memory of a worker must come from kunit_kzalloc() (the stack
 * of an aborted test is gone before its workers are), and be allocated before
 * pcp_workers_start() (KUnit frees in reverse order, so the workers end first).
 *
 * A worker that loops without bound must look at kthread_should_stop(). Ending
 * a worker has no time limit, because its memory cannot be taken from it: one
 * that ignores the request holds up the run, after its name was logged.
 */
#ifndef _MM_PCP_TESTS_WORKERS_H
#define _MM_PCP_TESTS_WORKERS_H

#include <linux/atomic.h>
#include <linux/cpumask_types.h>
#include <linux/jiffies.h>
#include <linux/types.h>

struct completion;
struct kunit;
struct pcp_worker;
struct pcp_workers;
struct task_struct;

/*
 * The time that pcp_workers_wait() gives all workers together. Less than the hung
 * task detector (120 s) and KUnit itself (300 s) allow, as only this one can
 * say which worker it was.
 */
#define PCP_WORKERS_TIMEOUT	(90 * HZ)

typedef long (*pcp_worker_fn)(struct pcp_worker *w);

/**
 * struct pcp_step - a barrier that a fixed number of threads passes in lockstep
 * @arrived: calls of pcp_step_wait() so far, in all rounds together
 *
 * Starts as PCP_STEP_INIT or as zeroed memory, and serves any number of rounds
 * (up to 2^31 arrivals).
 */
struct pcp_step {
	atomic_t arrived;
};

#define PCP_STEP_INIT	{ .arrived = ATOMIC_INIT(0) }

/**
 * struct pcp_worker - one thread, bound to one CPU
 * @cpu: the CPU it is bound to
 * @index: its place in pcp_workers.worker[]; CPU numbers rise with it
 * @arg: what the test passed to all workers
 * @ret: what the function returned; valid once @returned may be read
 * @returned: the function returned; read it when @joined is set
 * @strayed: the worker was seen on another CPU; read it when @joined is set
 * @joined: the thread has ended; written by the test thread only
 */
struct pcp_worker {
	unsigned int cpu;
	unsigned int index;
	void *arg;
	long ret;
	bool returned;
	bool strayed;
	bool joined;
	/* private: */
	struct pcp_workers *pool;
	struct task_struct *task;
	struct completion *exited;
};

/**
 * struct pcp_workers - workers that were started together
 * @nr: how many
 * @fn: what all of them run
 * @gate: holds every worker back until the last one is there
 * @worker: the workers, in order of their CPUs
 *
 * Belongs to the test, which frees it at its end.
 */
struct pcp_workers {
	unsigned int nr;
	pcp_worker_fn fn;
	struct pcp_step gate;
	struct pcp_worker worker[] __counted_by(nr);
};

/**
 * enum pcp_cpus - what to do with a test that needs a number of CPUs
 * @PCP_CPUS_ENOUGH: run it
 * @PCP_CPUS_SKIP: too few are online, and the run did not ask for more
 * @PCP_CPUS_FAIL: too few are online, though the run asked for more
 */
enum pcp_cpus {
	PCP_CPUS_ENOUGH,
	PCP_CPUS_SKIP,
	PCP_CPUS_FAIL,
};

enum pcp_cpus pcp_workers_judge_cpus(unsigned int wanted, unsigned int online,
				     unsigned int needed);
unsigned int pcp_workers_wanted(void);
unsigned int pcp_workers_online(void);
void pcp_workers_require(struct kunit *test, unsigned int nr);

struct pcp_workers *pcp_workers_start(struct kunit *test,
				      const struct cpumask *cpus,
				      unsigned int nr, pcp_worker_fn fn,
				      void *arg);
unsigned int pcp_workers_join(struct pcp_workers *p, unsigned long timeout);
void pcp_workers_wait(struct kunit *test, struct pcp_workers *p);
void pcp_workers_stop(struct kunit *test, struct pcp_workers *p);
struct pcp_workers *pcp_workers_run(struct kunit *test,
				    const struct cpumask *cpus,
				    unsigned int nr, pcp_worker_fn fn,
				    void *arg);
long pcp_on_cpu(struct kunit *test, unsigned int cpu, pcp_worker_fn fn,
		void *arg);

bool pcp_step_wait(struct pcp_step *s, unsigned int nr);

#endif /* _MM_PCP_TESTS_WORKERS_H */
