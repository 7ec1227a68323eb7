/* SPDX-License-Identifier: GPL-2.0 */
/* Here a suite always runs. */
#ifndef __PCP_USER_TEST_BUG_H
#define __PCP_USER_TEST_BUG_H

#include <linux/jump_label.h>

static const bool kunit_running = true;

#endif /* __PCP_USER_TEST_BUG_H */
