/* SPDX-License-Identifier: GPL-2.0 */
/* One word will do for the CPUs of a userland build; all are online. */
#ifndef __PCP_USER_CPUMASK_H
#define __PCP_USER_CPUMASK_H

#include <linux/types.h>

#define NR_CPUS		CONFIG_NR_CPUS
#define nr_cpu_ids	((unsigned int)NR_CPUS)

typedef struct cpumask {
	unsigned long bits;
} cpumask_t;

extern const struct cpumask pcp_user_all_cpus;
extern const struct cpumask pcp_user_one_cpu[NR_CPUS];

#define cpu_online_mask		(&pcp_user_all_cpus)
#define cpu_possible_mask	(&pcp_user_all_cpus)
#define cpumask_of(cpu)		(&pcp_user_one_cpu[cpu])
#define cpumask_size()		sizeof(struct cpumask)
#define cpu_possible(cpu)	((unsigned int)(cpu) < nr_cpu_ids)
#define num_online_cpus()	nr_cpu_ids
#define num_possible_cpus()	nr_cpu_ids

static inline unsigned int cpumask_next(int cpu, const struct cpumask *mask)
{
	while (++cpu < NR_CPUS && !(mask->bits >> cpu & 1))
		;
	return cpu;
}

#define cpumask_last(mask)	(63 - __builtin_clzl((mask)->bits))
#define cpumask_first(mask)	cpumask_next(-1, mask)

static inline bool cpumask_andnot(struct cpumask *to, const struct cpumask *a,
				  const struct cpumask *b)
{
	to->bits = a->bits & ~b->bits;
	return to->bits;
}

#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < NR_CPUS; (cpu)++)
#define for_each_online_cpu(cpu)	for_each_possible_cpu(cpu)
#define for_each_cpu(cpu, mask)						\
	for_each_possible_cpu(cpu)					\
		if ((mask)->bits >> (cpu) & 1)
#define for_each_cpu_and(cpu, a, b)					\
	for_each_possible_cpu(cpu)					\
		if ((a)->bits >> (cpu) & (b)->bits >> (cpu) & 1)

#endif
