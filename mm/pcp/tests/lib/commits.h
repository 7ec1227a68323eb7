/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the suites that put pages on the local PCP with pcp_commit().
 */
#ifndef __MM_PCP_TESTS_COMMITS_H
#define __MM_PCP_TESTS_COMMITS_H

#include "../../commit.h"
#include "fixture.h"

#define PCP_FX_COMMIT_BATCH	2

int pcp_fx_commit_init(struct kunit *test);
bool pcp_fx_commit_page(struct pcp_fixture *fx, struct page *page, int migratetype,
			unsigned int order, bool nolock);
void pcp_fx_commit(struct pcp_fixture *fx, int block, unsigned int index, unsigned int order);
void pcp_fx_commit_nolock(struct pcp_fixture *fx, int block, unsigned int index,
			  unsigned int order);
void pcp_fx_expect_not_trimmed(struct pcp_fixture *fx);
void pcp_fx_expect_trimmed(struct pcp_fixture *fx, unsigned int nr_pages);

#endif /* __MM_PCP_TESTS_COMMITS_H */
