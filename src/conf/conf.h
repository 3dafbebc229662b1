/* SPDX-License-Identifier: MIT */
/*
 * The configuration: one table of options (conf.c) with name, type, unit, range, default and sentence. The
 * table feeds the libconfig reader, `tonearm config --defaults`, and the manual page. A struct conf is read
 * once at start and then only read: any thread may use it.
 *
 * An option "media.segment_ms" is the setting `segment_ms` in the group `media` of the file. Relative paths are taken
 * from the folder of the file. A size is a number of bytes (libconfig wants the suffix L past 31 bits) or text such as
 * "512K", "20M", "2G". @include is refused.
 */
#ifndef TONEARM_CONF_CONF_H
#define TONEARM_CONF_CONF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONF_QUALITY_MOST = 23 };

/* One row of media.ladder: what conf/profile.h has a row for. */
struct conf_rendition {
	const char *quality;   /* text_is_word(), of CONF_QUALITY_MOST */
	const char *codec;     /* "aac" */
	int64_t bit_rate;      /* bits/s; 0: lossless */
	int64_t sample_rate;   /* Hz; 0: the source's */
	int64_t channels;      /* 1 or 2; 0: the source's, at most 2 */
	const char *container; /* "cmaf" */
};

/* Bounds of media.loudness_target_lufs and media.true_peak_dbtp; both end at 0. */
#define CONF_TARGET_LEAST -40.0
#define CONF_PEAK_LEAST -20.0

/* One row of media.presets. */
struct conf_preset {
	const char *name;   /* [a-z0-9-]{1,32} */
	const char *filter; /* has passed preset_check() */
};

/*
 * One row of auth.jwt_keys: FILE or SECRET is set, the other is NULL; or of auth.url_keys: there is a SECRET, and no
 * algorithms.
 */
struct conf_key {
	const char *id;         /* "" when it has none */
	const char *algorithms; /* names separated by spaces */
	const char *file;       /* absolute */
	const char *secret;
};

struct conf_keys {
	struct conf_key *keys;
	size_t count;
};

struct conf_networks {
	struct network *networks;
	size_t count;
};

/*
 * One row of cdn.edges: another place where /media/{track}/{file} is, and how its addresses are signed; storage/cdn.h
 * has the meaning. Every text is "" when it was left out.
 */
struct conf_edge {
	const char *name;
	const char *url;                   /* as base_url */
	const char *countries, *continents; /* codes separated by spaces */
	const char *scheme;                /* "none", "grant", "hmac", "cloudfront" ... */
	const char *key_id;
	const char *key_file; /* absolute */
	const char *key_format, *hash, *encoding, *sign, *query; /* of tokens */
	const char *policy, *cookie_domain;                      /* of CloudFront */
};

/* What requests count as for limits. */
enum conf_route {
	CONF_PLAYLIST, /* of HLS, and MPDs */
	CONF_MEDIA,    /* sound: files, segments, verdicts about them */
	CONF_KEY,      /* that sound is encrypted with */
	CONF_AUTH,     /* tokens, signatures, revocation */
	CONF_UPLOAD,
	CONF_API, /* all else, but health and counters, which nothing limits */
	CONF_ROUTES
};
extern const char *const conf_route_names[CONF_ROUTES];

/* Whose requests are counted together. */
enum conf_by {
	CONF_BY_ADDRESS,  /* of IPv6 the prefix */
	CONF_BY_SUBJECT,  /* of the token, or what stands for one */
	CONF_BY_STRANGER, /* an address, but only requests without any cookie or credential */
	CONF_BY_ALL,
	CONF_BYS
};
extern const char *const conf_by_names[CONF_BYS];

/* One row of limits.rates. One of requests, streams and bytes is set, the others are 0. */
struct conf_rate {
	const char *name; /* [a-z0-9-]{1,32}, unique */
	unsigned routes;  /* a bit for each enum conf_route */
	enum conf_by by;
	double requests; /* per second */
	int64_t streams; /* at a time */
	int64_t bytes;   /* per second */
	int64_t burst;   /* requests or bytes at once */
};

/* One row of limits.robots. */
struct conf_robot {
	const char *agent; /* what its User-Agent holds, in any case */
	double requests;   /* per second, all of them together; 0: none */
	int64_t burst;
};

/* One row of cdn.purge: a cache in front, and how it is told what to forget (storage/purge.h). As above. */
struct conf_purge {
	const char *name, *kind, *url;
	const char *zone;     /* its name for the site: distribution, service, zone */
	const char *key_file; /* absolute */
};

struct conf {
	struct arena arena; /* owns all text below */
	const char *path;   /* file it was read from */

	const char *data_dir; /* absolute */
	const char *run_dir;  /* absolute */

	const char *base_url; /* "" or e.g. "https://audio.example.org", no slash at the end */
	const char *allowed_origins; /* separated by spaces; "": only our own */
	const char *delivery;       /* where the web server does not say: "direct", "xsendfile", ... */
	const char *redirect_url;   /* "" or as base_url */
	const char *robots_text;    /* which /robots.txt: "sound", "all" or "none" */
	int64_t stream_rate;        /* bytes per second, 0: no limit */
	struct conf_networks trusted_proxies;
	const char *client_address; /* the field by which they name the client */
	const char *http_transport; /* "threads" or "event" */
	int64_t http_threads;
	int64_t http_backlog;
	int64_t event_streams;  /* at a time, of one process */
	int64_t event_stream_s; /* longest life of one */
	int64_t event_beat_s;
	int64_t send_idle_s; /* silence of a client that takes an answer */
	int64_t send_rate;   /* bytes/s that it must take at least; 0: any */

	const char *url_secret; /* HMAC key of /stream?sig and of the manifest's grants, >= 32 bytes of text */
	struct conf_keys url_keys; /* the first signs; others are still good */
	const char *jwt_secret; /* HS256 key, >= 32 bytes of text */
	struct conf_keys jwt_keys;
	const char *jwks_file;       /* absolute; "" : none */
	const char *jwks_url;        /* "" : none */
	int64_t jwks_refresh_s, jwks_retry_s, jwks_timeout_s;
	const char *jwks_algorithms; /* names separated by spaces */
	const char *jwt_issuer;      /* "" : not checked */
	const char *jwt_audience;    /* "" : tokens must name none */
	int64_t jwt_leeway_s;
	int64_t token_ttl_s; /* of tokens that are made here */
	int64_t refresh_ttl_s;
	int64_t login_attempts; /* at a password, of one account within the window */
	int64_t login_window_s;
	int64_t revocation_ttl_s;
	int64_t verdict_ttl_s; /* how long a web server may keep what /auth/check said */
	int64_t grant_ttl_s; /* least lifetime of the query a manifest hands out */

	const char *geo_database; /* absolute; "" : none */
	const char *geo_country_header, *geo_region_header; /* of trusted proxies; "" : none */
	const char *geo_places;   /* of conf/geo_rule.h: for tracks that have none of their own */
	const char *geo_unknown;  /* "deny" or "allow" who is nowhere */

	int64_t upload_size;   /* bytes */
	int64_t body_size;     /* bytes, of a JSON body */
	int64_t upload_idle_s; /* silence after which an upload is given up */
	int64_t upload_rate;   /* bytes/s at least; 0: any */
	int64_t uploads;       /* at a time, of all processes */
	int64_t uploads_open;  /* resumable ones that are not finished, of one uploader */
	int64_t upload_keep_s; /* of a resumable one, from piece to piece */
	int64_t source_duration_s;
	struct conf_rate *rates; /* may be empty, as the next two */
	size_t rate_count;
	struct conf_robot *robots;
	size_t robot_count;
	struct conf_networks exempt; /* addresses that nothing limits */
	int64_t ipv6_prefix;         /* bits of an address that one subscriber has */
	int64_t stream_idle_s;       /* how long a stream counts after its last request */

	int64_t segment_ms;
	bool keep_source;
	bool passthrough;
	const char *hls_addressing;     /* "byterange" or "segments" */
	bool hls_ts;
	const char *default_visibility; /* "private" or "public" */
	struct conf_rendition *ladder;  /* never empty */
	size_t ladder_count;
	const char *loudness;   /* "tags", "apply" or "off" */
	double loudness_target; /* LUFS */
	double true_peak;       /* dBTP, the most that "apply" gives */
	bool limiter;
	int64_t album_wait_h;
	const char *preset; /* "" or the name of one of the presets */
	struct conf_preset *presets;
	size_t preset_count;

	int64_t job_workers; /* 0 in the file is resolved when it is read: never 0 here */
	int64_t job_network_workers;
	int64_t job_nice;
	const char *job_worker_user;
	int64_t job_max_queued;
	int64_t job_max_attempts;
	int64_t job_lease_s;
	int64_t job_poll_ms;
	int64_t job_cpu_s;
	int64_t job_memory; /* bytes of address space of a worker */
	int64_t job_wall_s;
	int64_t job_output_size; /* bytes of all its renditions */
	int64_t job_history_days;
	int64_t job_verify_days; /* 0: never */
	int64_t job_verify_rate; /* bytes per second */
	const char **import_dirs; /* absolute; may be empty */
	size_t import_dir_count;

	int64_t disk_floor;       /* bytes that must stay free under data_dir */
	int64_t cache_size;       /* bytes, of what only the object store has */
	const char *source_hosts, *source_buckets; /* names separated by spaces */
	struct conf_networks source_networks;      /* where they may be besides public addresses */
	const char *source_ca_file;                /* absolute, or "" */
	int64_t source_timeout_s;

	const char *keep_local;     /* "always", "until_synced" or "cache" */
	const char *store_endpoint; /* "": there is no object store */
	const char *store_incoming; /* bucket of direct uploads; "" : none */
	const char *store_region;
	const char *store_bucket;
	const char *store_prefix;   /* of all keys */
	const char *store_style;    /* "path" or "host" */
	const char *store_checksum; /* "md5", "sha256" or "none" */
	const char *store_payload;  /* "signed", "chunked" or "unsigned" */
	const char *store_credentials, *store_profile, *store_ca_file; /* "": the usual ones */
	const char *store_serve;    /* "proxy", "redirect" or "edge" */
	int64_t store_fetches;
	bool store_sync;
	int64_t store_silence_s;
	int64_t store_part_size;                                       /* bytes */
	int64_t store_parallel;
	int64_t store_bandwidth;      /* bytes/s; 0: no limit, as the next two */
	int64_t store_requests_per_s;
	int64_t store_writes;         /* in a calendar month */

	bool cdn_manifests; /* they name files at edges */
	struct conf_edge *edges;
	size_t edge_count;
	struct conf_purge *purges;
	size_t purge_count;
	const char *shield_header;
	struct conf_keys shield_secrets; /* any of them opens */
	const char *tag_headers;         /* names separated by spaces */

	const char *journal_mode; /* "wal" or "delete" */
	int64_t db_busy_ms;

	struct conf_networks metrics_allow; /* none: this machine */

	const char *log_level;
	const char *log_file; /* "" : standard error */
	int64_t log_size;     /* bytes; past it a log is turned over; 0: never */
	const char *access_format; /* "json", "combined" or "none" */
	const char *access_file;   /* "" : where the log goes */
};

/*
 * Reads PATH. Unknown options, wrong types and values out of range are errors that name file, line and option; a file
 * that others may read (mode & 0077) and holds secrets is refused with the chmod that mends it. The result is owned by
 * the caller (conf_free()); *OUT is NULL on failure. ERR_NOT_FOUND, ERR_BAD_REQUEST, ERR_FORBIDDEN (mode).
 */
enum err conf_read(const char *path, struct conf **out, struct err_info *info);
void conf_free(struct conf *conf);

/*
 * Sets SECTION.NAME, an option that is text, to VALUE in the file PATH, and leaves all else of it, comments included,
 * as it is. Nothing is written that conf_read() would refuse: errors as there, and ERR_IO. VALUE has no quotes.
 */
enum err conf_set(const char *path, const char *section, const char *name, const char *value, struct err_info *info);

/* The file to read: ARGUMENT if not NULL, else $TONEARM_CONF, else the built-in SYSCONFDIR/tonearm/tonearm.conf. */
const char *conf_find(const char *argument);

/* A commented configuration file with every option at its default, secrets left out (`tonearm config --defaults`). */
void conf_write_defaults(struct buf *out);

/*
 * The text of a new configuration with generated secrets, for `tonearm init`. DATA_DIR and RUN_DIR as they shall stand
 * in it.
 */
void conf_write_new(struct buf *out, const char *data_dir, const char *run_dir);

/* The options section of tonearm.conf(5) in mdoc, made from the table. */
void conf_write_manual(struct buf *out);

/* The values in force, one `name = value` a line, secrets shown as "(set)". */
void conf_write_values(const struct conf *conf, struct buf *out);

/*
 * "<data>/tonearm.db", "<data>/media/<track>", "<run>/metrics" and the like, in ARENA; FORMAT is relative to the
 * folder.
 */
char *conf_data_path(const struct conf *conf, struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
char *conf_run_path(const struct conf *conf, struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
