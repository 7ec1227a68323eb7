/* SPDX-License-Identifier: GPL-2.0 */
/* Static keys are variables. */
#ifndef __PCP_USER_JUMP_LABEL_H
#define __PCP_USER_JUMP_LABEL_H

#include <linux/types.h>

#define DECLARE_STATIC_KEY_TRUE(name)	extern bool name
#define DEFINE_STATIC_KEY_TRUE(name)	bool name = true
#define static_branch_enable(key)	WRITE_ONCE(*(key), true)
#define static_branch_disable(key)	WRITE_ONCE(*(key), false)
#define static_branch_likely(key)	READ_ONCE(*(key))
#define static_branch_unlikely(key)	READ_ONCE(*(key))

#endif /* __PCP_USER_JUMP_LABEL_H */
