/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Turn owners on and off, see switch.c.
 */
#ifndef __MM_PCP_SWITCH_H
#define __MM_PCP_SWITCH_H

#include <linux/types.h>

void pcp_set_owners(bool on);

#endif /* __MM_PCP_SWITCH_H */
