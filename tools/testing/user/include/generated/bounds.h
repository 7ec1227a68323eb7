/* SPDX-License-Identifier: GPL-2.0 */
/* kbuild would find these with kernel/bounds.c. */
#define NR_PAGEFLAGS 21
#define MAX_NR_ZONES 2
#define NR_CPUS_BITS 2
#define SPINLOCK_SIZE 8
#define LRU_GEN_WIDTH 0
#define __LRU_REFS_WIDTH 0
