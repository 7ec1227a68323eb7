/* SPDX-License-Identifier: GPL-2.0 */
/* Small things of many headers. */
#ifndef __PCP_USER_KERNEL_H
#define __PCP_USER_KERNEL_H

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/stringify.h>
#include <linux/types.h>

struct va_format {
	const char *fmt;
	va_list *va;
};

/* Knows %pV, and only where it is the one conversion. */
int pcp_user_vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
__printf(3, 4)
int pcp_user_snprintf(char *buf, size_t size, const char *fmt, ...);
__printf(1, 2)
void pcp_user_printk(const char *fmt, ...);

#define snprintf		pcp_user_snprintf
#define pr_err(fmt, ...)	pcp_user_printk(fmt, ##__VA_ARGS__)

#define VM_WARN_ON_ONCE(cond)	pcp_user_check(!(cond), "VM_WARN_ON_ONCE(" #cond ")")
#define VM_BUG_ON(cond)		pcp_user_check(!(cond), "VM_BUG_ON(" #cond ")")
#define VM_WARN_ON_ONCE_PAGE(cond, page)	VM_WARN_ON_ONCE(cond)
#define WARN_ON_ONCE(cond)	VM_WARN_ON_ONCE(cond)
#define ASSERT_EXCLUSIVE_BITS(var, mask)	do { } while (0)

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define HPAGE_PMD_ORDER		9
#define PUD_SHIFT		30
#define PMD_SHIFT		21

#define HZ			100
#define jiffies			pcp_user_jiffies()
unsigned long pcp_user_jiffies(void);
#define time_after(a, b)	((long)((b) - (a)) < 0)

#define prefetch(p)		__builtin_prefetch(p)
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define roundup(n, d)		(DIV_ROUND_UP(n, d) * (d))
#define BITS_PER_LONG		64
#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)
#define IS_ERR_OR_NULL(p)	(!(p) || (unsigned long)(p) > -4096UL)

void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr);
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nr);
unsigned int bitmap_weight(const unsigned long *map, unsigned int nr);
unsigned int find_next_bit(const unsigned long *map, unsigned int size,
			   unsigned int from);
#define test_bit(nr, addr)	(READ_ONCE(*(addr)) >> (nr) & 1)
#define ilog2(n)		(BITS_PER_LONG - 1 - __builtin_clzl(n))
#define __ffs(word)		((unsigned int)__builtin_ctzl(word))

struct rnd_state {
	u64 s;
};

void prandom_seed_state(struct rnd_state *state, u64 seed);
u32 prandom_u32_state(struct rnd_state *state);
/* The same in each run, unless the environment has PCP_SEED. */
u32 get_random_u32(void);

#define module_param(name, type, perm)
#define module_param_named(name, var, type, perm)
#define MODULE_PARM_DESC(name, text)
#define MODULE_DESCRIPTION(text)
#define MODULE_LICENSE(text)
#define EXPORT_SYMBOL_GPL(sym)
#define EXPORT_SYMBOL(sym)
#define __init
#define __meminit

#define GFP_KERNEL		1u

#define kcalloc(nr, size, gfp)	calloc(nr, size)
#define kfree(p)		free((void *)(p))

#endif
