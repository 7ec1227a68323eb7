/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PCP_USER_TRACE_KMEM_H
#define __PCP_USER_TRACE_KMEM_H

struct page;

static inline void trace_mm_page_free_batched(struct page *page) {}

#endif
