/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration of the userland build: as the UML kernel of make kunit has
 * it, as far as mm/pcp/ looks at it.
 */
#define CONFIG_64BIT 1
#define CONFIG_SMP 1
#define CONFIG_NR_CPUS 4
#define CONFIG_MMU 1
#define CONFIG_KUNIT 1
#define CONFIG_PCP_KUNIT_TEST 1
#define CONFIG_CMA 1
#define CONFIG_MEMORY_ISOLATION 1
#define CONFIG_VM_EVENT_COUNTERS 1
#define CONFIG_PREEMPT_COUNT 1
/* Readers are counted. */
#define CONFIG_PROVE_RCU 1
#define CONFIG_PCP_BATCH_SCALE_MAX 5
#define CONFIG_FLATMEM 1
#ifdef PCP_USER_DEBUG
#define CONFIG_DEBUG_VM 1
#endif
