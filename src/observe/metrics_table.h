/* SPDX-License-Identifier: MIT */
/* The table of metrics. Room-internal. Constant. */
#ifndef TONEARM_OBSERVE_METRICS_TABLE_H
#define TONEARM_OBSERVE_METRICS_TABLE_H

#include "observe/metrics_file.h"

enum { METRICS_LABEL_NAMES = 3 };

/* Between label values in a key; a control character, which no label value keeps. */
#define METRICS_SEPARATOR '\x1F'

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_OWN /* a gauge that each process has for itself, without labels of its own */
};

struct metric_row {
	const char *name;
	enum metric_kind kind;
	const uint64_t *bounds;                  /* METRICS_BOUNDS of a histogram, in microseconds; 0 after the last */
	const char *labels[METRICS_LABEL_NAMES]; /* NULL after the last */
	const char *help;
};

extern const struct metric_row metrics_table[METRIC_COUNT];

/* Another number for another table: what numbers and buckets mean in a file is what the table says. */
uint64_t metrics_table_mark(void);

#endif
