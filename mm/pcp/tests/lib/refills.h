/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the suites that refill the PCP under test from the made-up zone.
 */
#ifndef __MM_PCP_TESTS_REFILLS_H
#define __MM_PCP_TESTS_REFILLS_H

#include "fixture.h"

/* A migratetype, and another one. */
struct pcp_fx_type_case {
	const char *desc;
	int type;
	int other;
};

extern const struct pcp_fx_type_case pcp_fx_type_cases[MIGRATE_PCPTYPES];

int pcp_fx_refill_init(struct kunit *test);
unsigned int pcp_fx_refill(struct pcp_fixture *fx, unsigned int order, int type, int nr);
struct page *pcp_fx_zone_page(struct pcp_fixture *fx, int block, unsigned int index,
			      unsigned int order);
void pcp_fx_add_fallback(struct pcp_fixture *fx, int block, unsigned int index);
void pcp_fx_expect_on_pcp(struct pcp_fixture *fx, struct page *page, unsigned int order);
void pcp_fx_expect_in_zone(struct pcp_fixture *fx, struct page *page, unsigned int order);

#endif /* __MM_PCP_TESTS_REFILLS_H */
