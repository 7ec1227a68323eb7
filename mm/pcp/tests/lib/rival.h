/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread on another CPU that waits for the lock of a PCP: whoever drops the lock, however
 * shortly, loses it to the rival.
 */
#ifndef __MM_PCP_TESTS_RIVAL_H
#define __MM_PCP_TESTS_RIVAL_H

#include "fixture.h"

struct pcp_workers;

/**
 * struct pcp_fx_rival - a thread on another CPU that wants the lock of a PCP
 * @pcp: the PCP
 * @go: set by the test: take the lock
 * @got: set by the rival: has it
 * @release: set by the test: release it
 * @workers: the rival, a pool of one
 */
struct pcp_fx_rival {
	struct per_cpu_pages *pcp;
	bool go;
	bool got;
	bool release;
	struct pcp_workers *workers;
};

struct pcp_fx_rival *pcp_fx_rival_start(struct pcp_fixture *fx,
					struct per_cpu_pages *pcp);
bool pcp_fx_rival_queue(struct pcp_fx_rival *rival);
void pcp_fx_rival_stop(struct pcp_fixture *fx, struct pcp_fx_rival *rival);

#endif /* __MM_PCP_TESTS_RIVAL_H */
