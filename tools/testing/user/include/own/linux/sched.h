/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads of the C library as tasks of the kernel: each is bound to one of
 * CONFIG_NR_CPUS CPUs, which are numbers and no more.
 */
#ifndef __PCP_USER_SCHED_H
#define __PCP_USER_SCHED_H

#include <linux/cpumask.h>
#include <linux/types.h>

struct kunit;

struct completion {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	unsigned int done;
};

void init_completion(struct completion *c);
void complete(struct completion *c);
unsigned long wait_for_completion_timeout(struct completion *c,
					  unsigned long timeout);
#define wait_for_completion(c)	((void)wait_for_completion_timeout(c, 0))

/**
 * struct task_struct - a thread
 * @cpu: the CPU that it is bound to
 * @preempt: depth of preempt_disable()
 * @irqs_off: depth of local_irq_save()
 * @rcu_depth: depth of rcu_read_lock()
 * @rcu_since: grace period that was on when it became a reader; 0: it is no reader
 * @flags: PF_*
 * @kunit_test: the test that runs in it
 * @vfork_done: completes when it ends
 * @cpus_ptr: @cpu as a mask
 */
struct task_struct {
	int cpu;
	int preempt;
	int irqs_off;
	int rcu_depth;
	unsigned long rcu_since;
	unsigned int flags;
	struct kunit *kunit_test;
	struct completion *vfork_done;
	const struct cpumask *cpus_ptr;
	/* private: */
	struct completion exited;
	pthread_t thread;
	int (*fn)(void *data);
	void *data;
	bool started;
	bool stop;
	int refs;
	struct task_struct *next;
};

/* Flags of a task that the free path looks at; the values do not matter. */
#define PF_MEMALLOC	0x1u
#define PF_KCOMPACTD	0x2u

extern __thread struct task_struct *current;

void pcp_user_attach(struct task_struct *task, int cpu);

#define get_task_struct(t)	((t)->refs++, (t))
void put_task_struct(struct task_struct *task);
struct task_struct *kthread_create_on_cpu(int (*fn)(void *data), void *data,
					  unsigned int cpu, const char *name);
int wake_up_process(struct task_struct *task);
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);
int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask);

#define raw_smp_processor_id()	(current->cpu)
#define smp_processor_id()						\
({									\
	pcp_user_check(current->preempt, "smp_processor_id() while not pinned"); \
	raw_smp_processor_id();						\
})

#define preempt_count()		(current->preempt)
#define preemptible()		(!current->preempt && !current->irqs_off)
#define preempt_disable()	((void)current->preempt++)
#define preempt_enable()						\
do {									\
	pcp_user_check(current->preempt > 0, "preempt_enable() while not pinned"); \
	current->preempt--;						\
} while (0)

#define local_irq_save(flags)	((void)((flags) = current->irqs_off++))
#define local_irq_restore(flags)	((void)(current->irqs_off = (flags)))
#define irqs_disabled()		(current->irqs_off > 0)

void cpu_relax(void);
#define cond_resched()		cpu_relax()
#define schedule()		cpu_relax()

long schedule_timeout_uninterruptible(long timeout);

void rcu_read_lock(void);
void rcu_read_unlock(void);
#define rcu_read_lock_held()	(current->rcu_depth > 0)
void synchronize_rcu(void);

#endif
