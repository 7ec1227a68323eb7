/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the suites in which pages wait: for the other CPU of the fixture, and for the
 * one under test.
 */
#ifndef __MM_PCP_TESTS_PUSHES_H
#define __MM_PCP_TESTS_PUSHES_H

#include "fixture.h"

extern unsigned int pcp_fx_nr_short;

bool pcp_fx_count_short(struct zone *zone);
int pcp_fx_pushes_init(struct kunit *test);
void pcp_fx_set_bound(struct pcp_fixture *fx, int bound_short, int bound);
struct pcp_run pcp_fx_empty_run(struct pcp_fixture *fx);
struct pcp_run pcp_fx_run_of(struct pcp_fixture *fx, unsigned int nr);
void pcp_fx_push_nr(struct pcp_fixture *fx, unsigned int nr);
int pcp_fx_waiting(struct pcp_fixture *fx);
void pcp_fx_reuse_pages(struct pcp_fixture *fx);
void pcp_fx_expect_waiting(struct pcp_fixture *fx, unsigned int nr,
			   unsigned int nr_pages);
void pcp_fx_expect_freed(struct pcp_fixture *fx, struct page *const *pages,
			 unsigned int nr);
void pcp_fx_expect_zone_untouched(struct pcp_fixture *fx);
void pcp_fx_have_two_taken(struct pcp_fixture *fx);
void pcp_fx_push_and_check(struct pcp_fixture *fx, unsigned int index, unsigned int order);
void pcp_fx_absorb_one(struct pcp_fixture *fx);
void pcp_fx_leave_taken(struct pcp_fixture *fx);
int pcp_fx_absorb_init(struct kunit *test);
void pcp_fx_push_here(struct pcp_fixture *fx, int block, unsigned int index,
		      unsigned int order);
void pcp_fx_push_here_nr(struct pcp_fixture *fx, int block, unsigned int nr);
int pcp_fx_waiting_here(struct pcp_fixture *fx);
unsigned int pcp_fx_absorb(struct pcp_fixture *fx, unsigned int flags);
unsigned int pcp_fx_absorb_portion(struct pcp_fixture *fx, int nr, unsigned int flags);
void pcp_fx_expect_all_absorbed(struct pcp_fixture *fx);
void pcp_fx_push_nolock(struct pcp_fixture *fx, unsigned int i);
void pcp_fx_at_point(struct kunit *test, enum pcp_point point,
		     void (*fn)(struct kunit *test));
void pcp_fx_at_no_point(void *unused);

#define EXPECT_FREED(fx, ...)						\
do {									\
	struct page *const __pages[] = { __VA_ARGS__ };			\
									\
	pcp_fx_expect_freed(fx, __pages, ARRAY_SIZE(__pages));		\
} while (0)

#endif /* __MM_PCP_TESTS_PUSHES_H */
