/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The longest sections of the page allocator: what the files of make latency share.
 */
#ifndef __PCP_LATENCY_H
#define __PCP_LATENCY_H

/* The phases, as bench/latency.py names them. */
enum phase {
	PHASE_NONE,		/* nothing that is reported */
	PHASE_ALLOC,
	PHASE_FREE,
	PHASE_HOLES,
	PHASE_CLAIM,
	PHASE_ORDER3,
	PHASE_ORDER9,
	PHASE_BULK,
	PHASE_REMOTE,
	PHASE_ABSORB,
	PHASE_FLUSH,
	PHASE_FOLIOS,
	PHASE_DRAIN,
	PHASE_SHEPHERD,
	PHASE_DECAY,
	PHASE_CPU_OFF,
	PHASE_CPU_ON,
	PHASE_LARGE_ALLOC,	/* PCPs that may have an eighth of the memory */
	PHASE_LARGE_FREE,
	PHASE_LARGE_DRAIN,
	PHASE_IDLE,
	PHASE_IDLE_WAITING,
	NR_PHASES,
};

extern const char *const latency_names[NR_PHASES];

/* pcp_latency_probe.c */
int latency_start(void);
void latency_enter(enum phase phase);
void latency_count_wakes(void);
void latency_say_wakes(unsigned int round);
void latency_say_sections(void);

#endif /* __PCP_LATENCY_H */
