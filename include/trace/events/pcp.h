/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pcp

#if !defined(_TRACE_PCP_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_PCP_H

#include <linux/tracepoint.h>

/* Values of enum pcp_route, see mm/pcp/route.h. */
#define show_pcp_route(route)						\
	__print_symbolic(route,						\
			 { 0, "local" },				\
			 { 1, "remote" },				\
			 { 2, "zone" },					\
			 { 3, "defer" })

/* A freed page found its way; owner is -1 for a block without one. */
TRACE_EVENT(mm_pcp_route,

	TP_PROTO(unsigned long pfn, unsigned int order, int migratetype,
		 int owner, int route),

	TP_ARGS(pfn, order, migratetype, owner, route),

	TP_STRUCT__entry(
		__field(unsigned long,	pfn)
		__field(unsigned int,	order)
		__field(int,		migratetype)
		__field(int,		owner)
		__field(int,		route)
	),

	TP_fast_assign(
		__entry->pfn		= pfn;
		__entry->order		= order;
		__entry->migratetype	= migratetype;
		__entry->owner		= owner;
		__entry->route		= route;
	),

	TP_printk("pfn=0x%lx order=%u migratetype=%d owner=%d route=%s",
		  __entry->pfn, __entry->order, __entry->migratetype,
		  __entry->owner, show_pcp_route(__entry->route))
);

/* One operation gave nr_pages base pages to a CPU; waiting includes them. */
TRACE_EVENT(mm_pcp_push,

	TP_PROTO(int cpu, unsigned int nr_pages, int waiting),

	TP_ARGS(cpu, nr_pages, waiting),

	TP_STRUCT__entry(
		__field(int,		cpu)
		__field(unsigned int,	nr_pages)
		__field(int,		waiting)
	),

	TP_fast_assign(
		__entry->cpu		= cpu;
		__entry->nr_pages	= nr_pages;
		__entry->waiting	= waiting;
	),

	TP_printk("owner=%d nr_pages=%u waiting=%d",
		  __entry->cpu, __entry->nr_pages, __entry->waiting)
);

/* A CPU took in nr_pages base pages; more says that it left some for later. */
TRACE_EVENT(mm_pcp_absorb,

	TP_PROTO(int cpu, unsigned int nr_pages, bool more),

	TP_ARGS(cpu, nr_pages, more),

	TP_STRUCT__entry(
		__field(int,		cpu)
		__field(unsigned int,	nr_pages)
		__field(bool,		more)
	),

	TP_fast_assign(
		__entry->cpu		= cpu;
		__entry->nr_pages	= nr_pages;
		__entry->more		= more;
	),

	TP_printk("owner=%d nr_pages=%u more=%d",
		  __entry->cpu, __entry->nr_pages, __entry->more)
);

/* A CPU became the owner of the block of the page that it got, at pfn. */
TRACE_EVENT(mm_pcp_claim,

	TP_PROTO(int cpu, unsigned long pfn, int migratetype),

	TP_ARGS(cpu, pfn, migratetype),

	TP_STRUCT__entry(
		__field(int,		cpu)
		__field(unsigned long,	pfn)
		__field(int,		migratetype)
	),

	TP_fast_assign(
		__entry->cpu		= cpu;
		__entry->pfn		= pfn;
		__entry->migratetype	= migratetype;
	),

	TP_printk("owner=%d pfn=0x%lx migratetype=%d",
		  __entry->cpu, __entry->pfn, __entry->migratetype)
);

/* A CPU is dead. It owned nr_blocks, and owns none from here on. */
TRACE_EVENT(mm_pcp_teardown,

	TP_PROTO(int cpu, int nr_blocks),

	TP_ARGS(cpu, nr_blocks),

	TP_STRUCT__entry(
		__field(int,	cpu)
		__field(int,	nr_blocks)
	),

	TP_fast_assign(
		__entry->cpu		= cpu;
		__entry->nr_blocks	= nr_blocks;
	),

	TP_printk("owner=%d nr_blocks=%d", __entry->cpu, __entry->nr_blocks)
);

#endif /* _TRACE_PCP_H */

#include <trace/define_trace.h>
