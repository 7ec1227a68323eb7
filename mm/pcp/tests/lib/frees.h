/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the suites that free single pages: frees, and where a page is expected then.
 */
#ifndef __MM_PCP_TESTS_FREES_H
#define __MM_PCP_TESTS_FREES_H

#include "fixture.h"

void pcp_fx_free(struct pcp_fixture *fx, struct page *page, unsigned int order, bool nolock);
void pcp_fx_free_busy(struct pcp_fixture *fx, struct page *page, unsigned int order,
		      bool nolock);
int pcp_fx_enough_of_order(struct pcp_fixture *fx, unsigned int order);
void pcp_fx_expect_local(struct pcp_fixture *fx, int nr_pages);
void pcp_fx_expect_remote(struct pcp_fixture *fx, int nr_pages, int count);
void pcp_fx_expect_zone(struct pcp_fixture *fx, struct page *page, unsigned int order,
			bool nolock);
void pcp_fx_expect_deferred(struct pcp_fixture *fx, int nr_pages);

#endif /* __MM_PCP_TESTS_FREES_H */
