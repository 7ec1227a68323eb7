/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the private headers of mm/ that mm/pcp/ uses. */
#ifndef __PCP_USER_INTERNAL_H
#define __PCP_USER_INTERNAL_H

#include <linux/mm.h>

/* ALLOC_* and buddy_order() as the tree has them. */
#include <taken/page_alloc.h>

/* No interrupts, no NMIs. */
static inline bool can_spin_trylock(void)
{
	return true;
}

#endif
