/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __percpu_qual
#define __percpu_qual
#endif
