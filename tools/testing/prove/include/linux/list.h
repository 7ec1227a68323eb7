/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists whose links are small numbers in a table, not addresses: a proof that follows
 * addresses which may be any of many does not end. A node is the list_head of a page, of a
 * list of CPU 0, or of a function. It is looked up by where it lies. prev is read as
 * it is, to add a page behind: it leads to the node that is the last one by then.
 */
#ifndef __PCP_PROVE_LIST_H
#define __PCP_PROVE_LIST_H

#include <linux/container_of.h>
#include <linux/types.h>

#define PCP_PROVE_HEADS		2	/* of functions, at a time */

typedef unsigned char pcp_node;

pcp_node pcp_prove_node(const struct list_head *list);
struct list_head *pcp_prove_at(pcp_node node);
struct list_head pcp_prove_new(const struct list_head *head);
pcp_node pcp_prove_next(pcp_node node);
pcp_node pcp_prove_prev(pcp_node node);
void pcp_prove_add(pcp_node n, pcp_node after);
void pcp_prove_del(pcp_node n);

#define LIST_HEAD(name)		struct list_head name = pcp_prove_new(&name)

#define INIT_LIST_HEAD(list)	do { } while (0)

static inline void list_add(struct list_head *new, struct list_head *head)
{
	pcp_prove_add(pcp_prove_node(new), pcp_prove_node(head));
}

static inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	pcp_prove_add(pcp_prove_node(new), pcp_prove_prev(pcp_prove_node(head)));
}

static inline void list_del(struct list_head *entry)
{
	pcp_prove_del(pcp_prove_node(entry));
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	list_del(entry);
	list_add_tail(entry, head);
}

static inline int list_empty(const struct list_head *head)
{
	pcp_node h = pcp_prove_node(head);

	return pcp_prove_next(h) == h;
}

#define pcp_prove_after(pos)	pcp_prove_at(pcp_prove_next(pcp_prove_node(pos)))
#define pcp_prove_before(pos)	pcp_prove_at(pcp_prove_prev(pcp_prove_node(pos)))

#define list_entry(ptr, type, member)	container_of(ptr, type, member)
#define list_first_entry(ptr, type, member)				\
	list_entry(pcp_prove_after(ptr), type, member)
#define list_last_entry(ptr, type, member)				\
	list_entry(pcp_prove_before(ptr), type, member)
#define list_first_entry_or_null(ptr, type, member)			\
	(!list_empty(ptr) ? list_first_entry(ptr, type, member) : NULL)

#define list_for_each_entry(pos, head, member)				\
	for (pos = list_first_entry(head, typeof(*pos), member);	\
	     &pos->member != (head);					\
	     pos = list_entry(pcp_prove_after(&pos->member), typeof(*pos), member))

#define list_for_each_entry_safe(pos, n, head, member)			\
	for (pos = list_first_entry(head, typeof(*pos), member);	\
	     n = list_entry(pcp_prove_after(&pos->member), typeof(*pos), member), \
	     &pos->member != (head);					\
	     pos = n)

#endif
