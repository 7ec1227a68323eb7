/* SPDX-License-Identifier: GPL-2.0 */
/* Without statement expressions inside of typeof(), which cbmc 6.6 declares twice. */
#ifndef __PCP_PROVE_MINMAX_H
#define __PCP_PROVE_MINMAX_H

#define MIN(a, b)		((a) < (b) ? (a) : (b))
#define MAX(a, b)		((a) > (b) ? (a) : (b))
#define MIN_T(type, a, b)	MIN((type)(a), (type)(b))
#define MAX_T(type, a, b)	MAX((type)(a), (type)(b))
#define min(a, b)		MIN(a, b)
#define max(a, b)		MAX(a, b)
#define min_t(type, a, b)	MIN_T(type, a, b)
#define max_t(type, a, b)	MAX_T(type, a, b)

#endif
