/* SPDX-License-Identifier: MIT */
/*
 * The table of options, shared by the reader (conf.c) and the writers (conf_write.c) of this room and included by
 * nobody else. An option "media.segment_ms" is a setting `segment_ms` in the group `media`.
 */
#ifndef TONEARM_CONF_OPTION_H
#define TONEARM_CONF_OPTION_H

#include "conf/conf.h"

enum option_type {
	OPTION_TEXT,
	OPTION_URL,     /* text: "" or http(s) with no slash at the end */
	OPTION_PLACES,  /* text: of geo_rule.h */
	OPTION_SECRET,  /* text of OPTION_SECRET_LEAST bytes or more, required, never shown */
	OPTION_CHOICE,  /* text: one of `choices` */
	OPTION_PATH,    /* text, made absolute */
	OPTION_PATHS,   /* array of paths */
	OPTION_NETWORKS, /* array of addresses and prefixes */
	OPTION_INTEGER, /* a number from least to most */
	OPTION_SIZE,    /* bytes: a number, or text such as "512M" */
	OPTION_REAL,    /* a number with decimals, from least to most, which count hundredths */
	OPTION_SWITCH,  /* true or false */
	OPTION_LADDER,  /* list of groups */
	OPTION_PRESETS, /* list of groups */
	OPTION_KEYS,    /* list of groups, secrets never shown */
	OPTION_SECRETS, /* list of groups of id and secret */
	OPTION_EDGES,   /* list of groups */
	OPTION_PURGES,  /* list of groups */
	OPTION_RATES,   /* list of groups */
	OPTION_ROBOTS   /* list of groups */
};

enum { OPTION_SECRET_LEAST = 32, OPTION_CHOICES = 6, OPTION_KEY_ID_MOST = 64 };

/* Rows of a list. */
enum {
	OPTION_LADDER_MOST = 16,
	OPTION_PRESETS_MOST = 64,
	OPTION_PATHS_MOST = 64,
	OPTION_NETWORKS_MOST = 1024,
	OPTION_KEYS_MOST = 32,
	OPTION_EDGES_MOST = 64,
	OPTION_PURGES_MOST = 16,
	OPTION_RATES_MOST = 32,
	OPTION_ROBOTS_MOST = 256
};

struct option {
	const char *section, *name;
	enum option_type type;
	size_t offset;                       /* of its field in struct conf */
	const char *sentence;                /* what it does, for people */
	const char *unit;                    /* NULL when it has none */
	int64_t least, most, standard;       /* of integers, sizes and switches */
	const char *text;                    /* default of texts */
	const char *choices[OPTION_CHOICES]; /* NULL at the end */
};

/* A setting of a group that is text: a row of the tables of option_group.c. */
struct option_member {
	const char *name;
	size_t offset; /* in the struct of the group */
	enum { MEMBER_TEXT, MEMBER_NAME, MEMBER_URL, MEMBER_FILE } kind;
	bool required;
	const char *words; /* those that may stand here, separated by spaces; NULL: any */
	const char *standard;
};

extern const struct option_member option_edge_members[];
extern const size_t option_edge_member_count;
extern const struct option_member option_purge_members[];
extern const size_t option_purge_member_count;

extern const struct option option_table[];
extern const size_t option_count;

/* The default of media.ladder. */
extern const struct conf_rendition option_ladder[];
extern const size_t option_ladder_count;

/* The default of limits.rates. */
extern const struct conf_rate option_rates[];
extern const size_t option_rate_count;

/* The option of this name; NULL when there is none. */
const struct option *option_find(const char *section, const char *name);

/* True when some option stands in SECTION. */
bool option_section_known(const char *section);

/* The option a person may have meant by SECTION.NAME ("" for no section); NULL when none is close. */
const struct option *option_nearest(const char *section, const char *name);

/* Fields of CONF. */
int64_t *option_number(struct conf *conf, const struct option *option);
double *option_real(struct conf *conf, const struct option *option);
bool *option_switch(struct conf *conf, const struct option *option);
const char **option_text(struct conf *conf, const struct option *option);
struct conf_keys *option_keys(struct conf *conf, const struct option *option);
struct conf_networks *option_networks(struct conf *conf, const struct option *option);

/* RATES as groups of libconfig, BETWEEN each two. */
void option_write_rates(struct buf *out, const struct conf_rate *rates, size_t count, const char *between);

#endif
