/* SPDX-License-Identifier: GPL-2.0 */
/*
 * There is one thread, so a load is a load. Of a page, only the type is read and written
 * like this. It is in a table: see list.h.
 */
#ifndef __PCP_PROVE_RWONCE_H
#define __PCP_PROVE_RWONCE_H

_Bool pcp_prove_is_page(const void *address);
extern unsigned int pcp_prove_types[PCP_USER_NR_PAGES];

/* sizeof(struct page) is 16. A division would be many gates. */
#define pcp_prove_index(address)	(__CPROVER_POINTER_OFFSET(address) >> 4)

#define pcp_prove_type_of(x)						\
	pcp_prove_types[pcp_prove_index(&(x))]

#define READ_ONCE(x)							\
	(pcp_prove_is_page(&(x)) ?			\
	 (typeof(x))(unsigned long)pcp_prove_type_of(x) : (x))

#define WRITE_ONCE(x, val)						\
do {									\
	if (pcp_prove_is_page(&(x)))		\
		pcp_prove_type_of(x) = (unsigned int)(unsigned long)(val); \
	else								\
		(x) = (val);						\
} while (0)

#endif
