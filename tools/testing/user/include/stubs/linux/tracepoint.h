/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints do nothing, but their arguments are type-checked. */
#define TP_PROTO(args...)	args
#define TRACE_EVENT(name, proto, args...)				\
	static inline void trace_##name(proto) {}			\
	static inline bool trace_##name##_enabled(void)			\
	{								\
		return false;						\
	}
