/* SPDX-License-Identifier: MIT */
#include "conf/option.h"

#include <string.h>

#define AT(field) .offset = offsetof(struct conf, field)
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define DAY INT64_C(86400)

const struct option option_table[] = {
	{"storage", "data_dir", OPTION_PATH, AT(data_dir), .text = "/var/lib/tonearm",
		.sentence = "Folder of the database, the uploads in flight, the sources and the renditions."},
	{"storage", "run_dir", OPTION_PATH, AT(run_dir), .text = "/run/tonearm",
		.sentence = "Folder of what lives only while Tonearm runs: counters and sockets."},
	{"storage", "disk_floor", OPTION_SIZE, AT(disk_floor), .unit = "bytes", .least = 0, .most = 1024 * GIB,
		.standard = 512 * MIB,
		.sentence =
			"Space that must stay free under data_dir: below it uploads are refused and no job starts."},
	{"storage", "keep_local", OPTION_CHOICE, AT(keep_local), .text = "always", .choices = {"always", "until_synced", "cache"},
		.sentence = "How long renditions, covers and waveforms stay here when the object store has confirmed all files "
			    "of their track: \"always\"; with \"until_synced\" they go as soon as nobody hears them; with "
			    "\"cache\" they become part of the cache. Sources stay."},
	{"storage", "cache_size", OPTION_SIZE, AT(cache_size), .unit = "bytes", .least = 0, .most = 1024 * 1024 * GIB,
		.standard = 4 * GIB,
		.sentence = "How much of what only the object store has is kept here once somebody has heard it; what was "
			    "not heard for the longest time goes first. 0 keeps nothing."},

	{"http", "base_url", OPTION_URL, AT(base_url), .text = "",
		.sentence = "Where listeners reach the service, such as \"https://audio.example.org\", without a slash "
			    "at the "
			    "end; when empty, links are relative to the host of the request."},
	{"http", "allowed_origins", OPTION_TEXT, AT(allowed_origins), .text = "",
		.sentence = "Other sites, such as \"https://admin.example.org https://www.example.org:8443\", whose pages may "
			    "use the cookies that browsers have for this one: to read, and to change what they let change. "
			    "All others read what is public, or bring a token in a header."},
	{"http", "transport", OPTION_CHOICE, AT(http_transport), .text = "event", .choices = {"threads", "event"},
		.sentence = "How a responder carries its requests: with \"event\" one loop answers what needs no waiting, and "
			    "connections that the web server keeps open need no thread; \"threads\" gives each connection "
			    "a thread, by libfcgi, which is enough behind mod_fcgid."},
	{"http", "delivery", OPTION_CHOICE, AT(delivery), .text = "direct", 
		.choices = {"direct", "xsendfile", "xaccel", "lighttpd", "redirect"},
		.sentence = "How a whole file gets to the listener where the web server does not say so by "
			    "TONEARM_DELIVERY (or says \"auto\"): \"direct\" sends the bytes; \"xsendfile\" and \"xaccel\" name the file to the "
			    "web server; \"lighttpd\" does so with single segments too; \"redirect\" sends listeners to "
			    "http.redirect_url. `tonearm doctor --url URL --write` finds out and sets it."},
	{"http", "redirect_url", OPTION_URL, AT(redirect_url), .text = "",
		.sentence = "Where /media/{track}/{file} is too, such as an edge that fetches it from here, by a server "
			    "whose TONEARM_DELIVERY is not \"redirect\"; for private tracks it gets the signed query of "
			    "their manifests. Where there are cdn.edges they count instead."},
	{"http", "stream_rate", OPTION_SIZE, AT(stream_rate), .unit = "bytes per second", .least = 0, .most = GIB,
		.standard = 0,
		.sentence = "What one listener gets of one file at the most; 0 is no limit. Kept by nginx, by lighttpd and in "
			    "direct delivery; Apache has mod_ratelimit for it."},
	{"http", "robots", OPTION_CHOICE, AT(robots_text), .text = "sound", .choices = {"sound", "all", "none"},
		.sentence = "What /robots.txt keeps search engines from: the sound and the API, all, or nothing."},
	{"http", "trusted_proxies", OPTION_NETWORKS, AT(trusted_proxies),
		.sentence = "The proxies, CDNs and load balancers between listeners and the web server, by address and prefix: "
			    "[\"127.0.0.1\", \"10.0.0.0/8\", \"2001:db8::/32\"]. What they say of the client's address and of "
			    "https is believed, and nobody else's word. It stays empty where the web server itself "
			    "corrects the address (nginx's realip, lighttpd's mod_extforward, Apache's mod_remoteip)."},
	{"http", "client_address", OPTION_CHOICE, AT(client_address), .text = "X-Forwarded-For",
		.choices = {"X-Forwarded-For", "Forwarded", "X-Real-IP"},
		.sentence = "The header field by which http.trusted_proxies name the client. They must set it, or add to it: "
			    "one that they pass on as it came is the client's own word."},
	{"http", "threads", OPTION_INTEGER, AT(http_threads), .least = 1, .most = 4096, .standard = 32,
		.sentence = "Requests that one responder process answers at the same time; with the event transport, "
			    "those that may wait for their client."},
	{"http", "backlog", OPTION_INTEGER, AT(http_backlog), .least = 1, .most = 65535, .standard = 1024,
		.sentence = "Connections that may wait for a thread before the web server is turned away."},
	{"http", "event_streams", OPTION_INTEGER, AT(event_streams), .least = 0, .most = 4096, .standard = 256,
		.sentence = "Streams of events that one responder process keeps open at the same time. With the transport "
			    "\"threads\" each has a thread, and they are never more than half of http.threads. 0 turns them off."},
	{"http", "event_stream_s", OPTION_INTEGER, AT(event_stream_s), .unit = "seconds", .least = 1, .most = 86400,
		.standard = 300, .sentence = "How long a stream of events stays open; its client then comes back for the rest."},
	{"http", "event_beat_s", OPTION_INTEGER, AT(event_beat_s), .unit = "seconds", .least = 1, .most = 600,
		.standard = 10, .sentence = "How often a stream of events without any says that it is still there."},
	{"http", "send_idle_s", OPTION_INTEGER, AT(send_idle_s), .unit = "seconds", .least = 1, .most = 3600,
		.standard = 30, .sentence = "How long a client may take nothing of an answer before it is dropped."},
	{"http", "send_rate", OPTION_SIZE, AT(send_rate), .unit = "bytes per second", .least = 0, .most = GIB, .standard = KIB,
		.sentence = "What a client must take of an answer at least, over http.send_idle_s of waiting for it; one that is "
			    "slower is dropped. 0 bears any."},

	{"auth", "url_secret", OPTION_SECRET, AT(url_secret),
		.sentence = "Key of signed URLs and of the queries that manifests hand out; at least 32 characters."},
	{"auth", "url_keys", OPTION_SECRETS, AT(url_keys),
		.sentence = "Keys that take the place of url_secret in turn: a list of { id = \"2026b\"; secret = \"...\"; }. The "
			    "first signs what is handed out, which names it; what the others signed stays good as long as they "
			    "are listed. What names none is of url_secret."},
	{"auth", "jwt_secret", OPTION_SECRET, AT(jwt_secret),
		.sentence = "HS256 key of the tokens that are made here; at least 32 characters."},
	{"auth", "jwt_keys", OPTION_KEYS, AT(jwt_keys),
		.sentence = "More keys of tokens: a list of { id = \"2026\"; algorithms = \"RS256 PS256\"; file = "
			    "\"issuer.pem\"; }, or with secret = \"...\" in place of file. A file holds a key or a "
			    "certificate in PEM, or JWKs; a token whose \"kid\" is the id is verified with it, one without "
			    "\"kid\" with any, and a key without id takes those whose \"kid\" is unknown. There are HS256, "
			    "HS384, HS512, RS256, RS384, RS512, PS256, ES256, ES384 and EdDSA; a key is good for its "
			    "algorithms only."},
	{"auth", "jwks_file", OPTION_PATH, AT(jwks_file), .text = "",
		.sentence = "File of a JWK set by whose keys tokens are verified; when empty there is none."},
	{"auth", "jwks_url", OPTION_URL, AT(jwks_url), .text = "",
		.sentence = "Address of the JWK set of an issuer, https, or http on this machine; when empty there is none."},
	{"auth", "jwks_refresh_s", OPTION_INTEGER, AT(jwks_refresh_s), .unit = "seconds", .least = 1, .most = 30 * DAY,
		.standard = 3600, .sentence = "How old fetched keys get before they are fetched anew; they stay good until then "
					      "and when that fails."},
	{"auth", "jwks_retry_s", OPTION_INTEGER, AT(jwks_retry_s), .unit = "seconds", .least = 1, .most = DAY, .standard = 60,
		.sentence = "Least time from one fetch to the next, when one has failed or a token names a key that is not known."},
	{"auth", "jwks_timeout_s", OPTION_INTEGER, AT(jwks_timeout_s), .unit = "seconds", .least = 1, .most = 60, .standard = 10,
		.sentence = "How long a fetch may take."},
	{"auth", "jwks_algorithms", OPTION_TEXT, AT(jwks_algorithms), .text = "RS256 ES256 EdDSA",
		.sentence = "The algorithms that keys of JWK sets may be used for, each as far as its type fits."},
	{"auth", "jwt_issuer", OPTION_TEXT, AT(jwt_issuer), .text = "",
		.sentence = "The \"iss\" that a token must carry; when empty it is not looked at."},
	{"auth", "jwt_audience", OPTION_TEXT, AT(jwt_audience), .text = "",
		.sentence = "The \"aud\" that a token must carry; when empty it must carry none."},
	{"auth", "jwt_leeway_s", OPTION_INTEGER, AT(jwt_leeway_s), .unit = "seconds", .least = 0, .most = 600,
		.standard = 30, .sentence = "How far the clock of who made a token may be off."},
	{"auth", "token_ttl_s", OPTION_INTEGER, AT(token_ttl_s), .unit = "seconds", .least = 1, .most = 3650 * DAY,
		.standard = 3600, .sentence = "Lifetime of a token that `tonearm token` or auth.fcgi makes."},
	{"auth", "refresh_ttl_s", OPTION_INTEGER, AT(refresh_ttl_s), .unit = "seconds", .least = 60, .most = 3650 * DAY,
		.standard = 30 * DAY, .sentence = "How long a login can be prolonged without being used."},
	{"auth", "login_attempts", OPTION_INTEGER, AT(login_attempts), .least = 1, .most = 10000, .standard = 10,
		.sentence = "Attempts at the password of an account within login_window_s; an address has five times as "
			    "many, for all accounts together."},
	{"auth", "login_window_s", OPTION_INTEGER, AT(login_window_s), .unit = "seconds", .least = 1, .most = DAY,
		.standard = 900, .sentence = "Time for which attempts at passwords are counted together."},
	{"auth", "revocation_ttl_s", OPTION_INTEGER, AT(revocation_ttl_s), .unit = "seconds", .least = 60,
		.most = 3650 * DAY, .standard = 30 * DAY,
		.sentence = "How long a revocation is remembered: no shorter than any token, or URL that others sign, may live. One "
			    "that reaches what POST /auth/sign gave is remembered for a year."},
	{"auth", "verdict_ttl_s", OPTION_INTEGER, AT(verdict_ttl_s), .unit = "seconds", .least = 0, .most = 60, .standard = 3,
		.sentence = "How long a web server may keep what /auth/check said; 0 is not at all."},
	{"auth", "grant_ttl_s", OPTION_INTEGER, AT(grant_ttl_s), .unit = "seconds", .least = 60, .most = 30 * DAY,
		.standard = 21600,
		.sentence = "Least lifetime of the signed query by which a manifest of a private track names its "
			    "children."},

	{"geo", "database", OPTION_PATH, AT(geo_database), .text = "",
		.sentence = "MaxMind database (.mmdb) of countries, or of cities for regions too, by which addresses are "
			    "placed where the web server does not say TONEARM_COUNTRY and TONEARM_REGION. It may be "
			    "replaced at any time: a copy of it in run_dir is used. When empty there is none."},
	{"geo", "country_header", OPTION_TEXT, AT(geo_country_header), .text = "",
		.sentence = "Header field by which http.trusted_proxies tell the country of the client, such as "
			    "\"CF-IPCountry\"; it counts before the database, and from nobody else. They must set it "
			    "or take it away: one that they pass on as it came is the client's own word."},
	{"geo", "region_header", OPTION_TEXT, AT(geo_region_header), .text = "",
		.sentence = "The same for its region, with or without the country before it, such as \"CF-Region-Code\"."},
	{"geo", "places", OPTION_PLACES, AT(geo_places), .text = "*",
		.sentence = "Where a track may be heard that does not say it itself: \"DE AT CH\" in these countries "
			    "(ISO 3166-1) only, \"!RU\" everywhere but there, \"US !US-CA\" with a region "
			    "(ISO 3166-2), \"*\" everywhere."},
	{"geo", "unknown", OPTION_CHOICE, AT(geo_unknown), .text = "deny", .choices = {"deny", "allow"},
		.sentence = "Whether such a track can be heard by one whose country is not known."},

	{"limits", "upload_size", OPTION_SIZE, AT(upload_size), .unit = "bytes", .least = 1, .most = 1024 * GIB,
		.standard = 2 * GIB, .sentence = "Largest file that may be uploaded."},
	{"limits", "body_size", OPTION_SIZE, AT(body_size), .unit = "bytes", .least = KIB, .most = 16 * MIB,
		.standard = 64 * KIB, .sentence = "Largest JSON body of a request."},
	{"limits", "upload_idle_s", OPTION_INTEGER, AT(upload_idle_s), .unit = "seconds", .least = 1, .most = 3600,
		.standard = 30, .sentence = "Silence after which an upload is given up and its file removed."},
	{"limits", "upload_rate", OPTION_SIZE, AT(upload_rate), .unit = "bytes per second", .least = 0, .most = GIB,
		.standard = KIB,
		.sentence = "What a client must send of a body at least, over limits.upload_idle_s of waiting for it; one that is "
			    "slower is answered with 408. 0 bears any."},
	{"limits", "uploads", OPTION_INTEGER, AT(uploads), .least = 1, .most = 4096, .standard = 16,
		.sentence = "Uploads that all responders together receive at the same time; one more is answered with 503. One "
			    "process takes never more than leave threads for other requests, a little less than half of "
			    "http.threads."},
	{"limits", "uploads_open", OPTION_INTEGER, AT(uploads_open), .least = 1, .most = 100000, .standard = 100,
		.sentence = "Resumable uploads that one uploader may have begun and not finished; one more is answered with "
			    "429."},
	{"limits", "upload_keep_s", OPTION_INTEGER, AT(upload_keep_s), .unit = "seconds", .least = 60, .most = 365 * DAY,
		.standard = DAY, .sentence = "How long a resumable upload waits for its next piece before it is removed."},
	{"limits", "source_duration_s", OPTION_INTEGER, AT(source_duration_s), .unit = "seconds", .least = 1,
		.most = 2 * DAY, .standard = 43200, .sentence = "Longest source that is taken."},

	{"limits", "rates", OPTION_RATES, AT(rates),
		.sentence = "What may be had in a time; past it the answer is 429 with Retry-After. A list of { name = \"...\"; "
			    "routes = \"...\"; by = \"...\"; } with one of requests (per second), streams (at a time) and "
			    "bytes (of sound, per second). name stands in RateLimit fields and counters. routes are of "
			    "\"playlist\", \"media\", \"key\", \"auth\", \"upload\" and \"api\"; left out they are all, "
			    "and of streams and bytes always \"media\". by is \"address\", \"subject\" (of the token, also "
			    "behind what a manifest hands out; a signed URL is one for each address that uses it), "
			    "\"stranger\" (an address, counting only requests without any cookie or credential) or \"all\" "
			    "(everybody together). burst is what may come at once (ten seconds' worth when left out). A stream is a track on a device, which is an "
			    "address and a User-Agent: it counts while its request takes at the pace of the sound, and "
			    "limits.stream_idle_s after that. Bytes count as they are asked for, of one request at most the "
			    "burst. The whole list may be (), which is no limit."},
	{"limits", "robots", OPTION_ROBOTS, AT(robots),
		.sentence = "Programs by what their User-Agent holds, in any case: a list of { agent = \"BadBot\"; }, which are "
			    "answered with 403, and of { agent = \"bingbot\"; requests = 0.5; burst = 10; }, which get so much "
			    "per second all together. All of them may read /robots.txt."},
	{"limits", "exempt", OPTION_NETWORKS, AT(exempt), .text = "127.0.0.0/8 ::1",
		.sentence = "Addresses and prefixes that limits.rates and limits.robots do not concern: this machine, so that a "
			    "proxy on it that http.trusted_proxies does not name makes nobody pay for all."},
	{"limits", "ipv6_prefix", OPTION_INTEGER, AT(ipv6_prefix), .unit = "bits", .least = 32, .most = 128, .standard = 64,
		.sentence = "What one subscriber has of IPv6: addresses that begin so are counted as one."},
	{"limits", "stream_idle_s", OPTION_INTEGER, AT(stream_idle_s), .unit = "seconds", .least = 5, .most = 3600,
		.standard = 20, .sentence = "How long a stream of limits.rates counts after its last request: longer than players "
					    "wait between two segments."},

	{"media", "segment_ms", OPTION_INTEGER, AT(segment_ms), .unit = "milliseconds", .least = 1000, .most = 10000,
		.standard = 4000, .sentence = "Length of a segment."},
	{"media", "keep_source", OPTION_SWITCH, AT(keep_source), .standard = 1,
		.sentence = "Whether the uploaded file is kept when its renditions are made."},
	{"media", "passthrough", OPTION_SWITCH, AT(passthrough), .standard = 0,
		.sentence = "Whether an upload that does not say is passed through without a new encoding where a "
			    "rendition asks for what it is already: AAC-LC, Opus, FLAC or MP3, with no more "
			    "channels and no higher rates. The whole source is decoded and looked at before; where "
			    "it cannot be so, or the sound is changed, the job's history says why."},
	{"media", "hls_addressing", OPTION_CHOICE, AT(hls_addressing), .text = "byterange",
		.choices = {"byterange", "segments"},
		.sentence = "Whether HLS playlists name byte ranges of the one file, or a URL for each segment."},
	{"media", "hls_ts", OPTION_SWITCH, AT(hls_ts), .standard = 0,
		.sentence = "Whether AAC can also be had in segments of MPEG-TS, by master-ts.m3u8, for players that "
			    "are too old for fragmented MP4. They are made when they are asked for."},
	{"media", "default_visibility", OPTION_CHOICE, AT(default_visibility), .text = "private",
		.choices = {"private", "public"}, .sentence = "Who may hear a track whose upload does not say."},
	{"media", "ladder", OPTION_LADDER, AT(ladder),
		.sentence =
			"The renditions made of each track. quality is the name in URLs (a-z, 0-9 and -, at most 23 "
			"characters); codec is \"aac\", \"mp3\", \"opus\", \"vorbis\", \"flac\" or \"pcm\"; container "
			"may be "
			"left out and is \"cmaf\", what HLS and DASH play, for aac, opus and flac, or \"mp3\", \"ogg\" "
			"(opus, vorbis), \"flac\" or \"wav\" (pcm); bit_rate is in bits per second, left out for flac "
			"and "
			"pcm; sample_rate is in hertz (44100 when left out, always 48000 for opus, that of the source "
			"for flac and pcm); channels is 1 or 2 (2 when left out, those of the source for flac and "
			"pcm)."},
	{"media", "loudness", OPTION_CHOICE, AT(loudness), .text = "tags", .choices = {"tags", "apply", "off"},
		.sentence = "What is done about the loudness (EBU R128) of an upload that does not say: it is measured "
			    "and told to players, or the gain is in the renditions, or nothing."},
	{"media", "loudness_target_lufs", OPTION_REAL, AT(loudness_target), .unit = "LUFS", .least = -4000, .most = 0,
		.standard = -1400, .sentence = "The loudness that the gain aims at."},
	{"media", "true_peak_dbtp", OPTION_REAL, AT(true_peak), .unit = "dBTP", .least = -2000, .most = 0,
		.standard = -100,
		.sentence = "The true peak that the gain must not lead past: it is lowered where it would."},
	{"media", "limiter", OPTION_SWITCH, AT(limiter), .standard = 0,
		.sentence = "Whether \"apply\" reaches the target with a limiter where peaks are in the way, instead "
			    "of staying below it."},
	{"media", "album_wait_h", OPTION_INTEGER, AT(album_wait_h), .unit = "hours", .least = 1, .most = 8760,
		.standard = 24,
		.sentence = "How long an album whose gain is applied waits, from its last upload on, for tracks that were "
			    "announced: then it is what is there."},
	{"media", "presets", OPTION_PRESETS, AT(presets),
		.sentence = "Effects by name: a list of { name = \"voice\"; filter = "
			    "\"highpass=f=80,acompressor=ratio=3\"; }, filter being a chain of libavfilter's audio "
			    "filters. Equalisers, passes, compressors, limiters, gates, fades, silenceremove and "
			    "volume are taken."},
	{"media", "preset", OPTION_TEXT, AT(preset), .text = "",
		.sentence = "The preset of an upload that names none; when empty the sound stays as it is."},

	{"jobs", "workers", OPTION_INTEGER, AT(job_workers), .least = 0, .most = 1024, .standard = 0,
		.sentence = "Media jobs that a jobrunner runs at the same time; 0 is half the number of processors, at "
			    "least 1, "
			    "as the encoders inside one job already run in parallel."},
	{"jobs", "network_workers", OPTION_INTEGER, AT(job_network_workers), .least = 1, .most = 1024, .standard = 4,
		.sentence = "Jobs that wait for other machines, which a jobrunner runs at the same time beside the media jobs."},
	{"jobs", "nice", OPTION_INTEGER, AT(job_nice), .least = 0, .most = 19, .standard = 10,
		.sentence = "Niceness of the workers."},
	{"jobs", "worker_user", OPTION_TEXT, AT(job_worker_user), .text = "nobody",
		.sentence = "The user that workers become when the jobrunner runs as root; otherwise they stay who they are."},
	{"jobs", "max_queued", OPTION_INTEGER, AT(job_max_queued), .least = 0, .most = 10000000, .standard = 10000,
		.sentence = "Jobs that may wait; a submission past it is answered with 503. 0 is no limit."},
	{"jobs", "max_attempts", OPTION_INTEGER, AT(job_max_attempts), .least = 1, .most = 100, .standard = 3,
		.sentence = "How often a job is tried before it is dead."},
	{"jobs", "lease_s", OPTION_INTEGER, AT(job_lease_s), .unit = "seconds", .least = 5, .most = 3600,
		.standard = 30,
		.sentence = "How long a job without a sign of life stays with its runner before another may take it."},
	{"jobs", "poll_ms", OPTION_INTEGER, AT(job_poll_ms), .unit = "milliseconds", .least = 10, .most = 60000,
		.standard = 500, .sentence = "How often an idle jobrunner looks for work that nobody told it of: who queues a job wakes the "
			    "jobrunners that share its run_dir."},
	{"jobs", "cpu_s", OPTION_INTEGER, AT(job_cpu_s), .unit = "seconds", .least = 1, .most = 7 * DAY,
		.standard = 7200, .sentence = "Processor time one job may use."},
	{"jobs", "memory", OPTION_SIZE, AT(job_memory), .unit = "bytes", .least = 128 * MIB, .most = 64 * GIB,
		.standard = GIB, .sentence = "Address space of one worker."},
	{"jobs", "output_size", OPTION_SIZE, AT(job_output_size), .unit = "bytes", .least = 64 * KIB, .most = 1024 * GIB,
		.standard = 16 * GIB, .sentence = "What the renditions of a job may come to, all together."},
	{"jobs", "history_days", OPTION_INTEGER, AT(job_history_days), .unit = "days", .least = 1, .most = 36500,
		.standard = 30,
		.sentence = "How long a job that is over stays in the table with its history; the last of each track stays."},
	{"jobs", "verify_days", OPTION_INTEGER, AT(job_verify_days), .unit = "days", .least = 0, .most = 3650, .standard = 30,
		.sentence = "How often all stored files are read and compared with their checksums; damaged renditions are "
			    "made anew where the source is kept. 0 is never."},
	{"jobs", "verify_rate", OPTION_SIZE, AT(job_verify_rate), .unit = "bytes per second", .least = 64 * KIB,
		.most = 1024 * GIB, .standard = 16 * MIB, .sentence = "How fast stored files are read for that."},
	{"jobs", "wall_s", OPTION_INTEGER, AT(job_wall_s), .unit = "seconds", .least = 1, .most = 7 * DAY,
		.standard = 14400, .sentence = "Time after which a job is stopped."},
	{"jobs", "import_dirs", OPTION_PATHS, AT(import_dirs),
		.sentence = "Folders on this machine whose files a submitted job may name by path."},

	{"sources", "hosts", OPTION_TEXT, AT(source_hosts), .text = "",
		.sentence = "Hosts from which jobs may fetch sources by https, separated by spaces: \"media.example.org\", "
			    "\"*.example.org\", \"*\" for any, each with \":port\" unless it is 443. When empty there are none. "
			    "A redirect has to lead to one of them too, and each to a public address."},
	{"sources", "networks", OPTION_NETWORKS, AT(source_networks),
		.sentence = "Networks that those hosts may be in although their addresses are not public."},
	{"sources", "ca_file", OPTION_PATH, AT(source_ca_file), .text = "",
		.sentence = "PEM file of the authorities that vouch for those hosts; when empty those of the system."},
	{"sources", "buckets", OPTION_TEXT, AT(source_buckets), .text = "",
		.sentence = "Buckets of the store.endpoint from which jobs may fetch sources, separated by spaces."},
	{"sources", "timeout_s", OPTION_INTEGER, AT(source_timeout_s), .unit = "seconds", .least = 1, .most = 7 * DAY,
		.standard = 7200, .sentence = "How long fetching a source may take."},

	{"store", "endpoint", OPTION_URL, AT(store_endpoint), .text = "",
		.sentence = "The S3-compatible object store that the library is copied to, such as "
			    "\"https://s3.eu-central-1.amazonaws.com\"; when empty there is none. Its keys come from "
			    "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), a credentials file, or the "
			    "machine's metadata service."},
	{"store", "region", OPTION_TEXT, AT(store_region), .text = "us-east-1",
		.sentence = "Region of the store, as its signatures name it."},
	{"store", "bucket", OPTION_TEXT, AT(store_bucket), .text = "", .sentence = "Bucket, which has to be there."},
	{"store", "incoming", OPTION_TEXT, AT(store_incoming), .text = "",
		.sentence = "Bucket to which clients may upload directly, by presigned URLs, and that keeps nothing else: not "
			    "store.bucket. When empty there are no direct uploads. For browsers it has to allow PUT from the "
			    "site's origin (CORS) and to expose ETag."},
	{"store", "prefix", OPTION_TEXT, AT(store_prefix), .text = "",
		.sentence = "What the keys of all objects begin with, such as \"music/\"; nothing else may stand there."},
	{"store", "style", OPTION_CHOICE, AT(store_style), .text = "path", .choices = {"path", "host"},
		.sentence = "Whether the bucket stands in the path of URLs or before the host's name."},
	{"store", "checksum", OPTION_CHOICE, AT(store_checksum), .text = "md5", .choices = {"md5", "sha256", "none"},
		.sentence = "What the store is told to compare a body with; \"none\" for one that refuses such headers. \"md5\" "
			    "is left out where the signature tells the SHA-256 of a whole file, which is known before it "
			    "is read; a bucket that locks objects takes \"sha256\"."},
	{"store", "payload", OPTION_CHOICE, AT(store_payload), .text = "signed",
		.choices = {"signed", "chunked", "unsigned"},
		.sentence = "Whether a body is signed with its SHA-256, for which parts of files are read twice, or in chunks on "
			    "its way, or not signed, which takes https."},
	{"store", "credentials_file", OPTION_PATH, AT(store_credentials), .text = "",
		.sentence = "File of keys as AWS's tools share it, which nobody else may read; when empty it is "
			    "$AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials."},
	{"store", "profile", OPTION_TEXT, AT(store_profile), .text = "",
		.sentence = "Section of that file; when empty it is $AWS_PROFILE or \"default\"."},
	{"store", "ca_file", OPTION_PATH, AT(store_ca_file), .text = "",
		.sentence = "PEM file of the authorities that vouch for the store; when empty those of the system."},
	{"store", "sync", OPTION_SWITCH, AT(store_sync), .standard = 1,
		.sentence = "Whether jobrunners send to the store what they make, and remove there what is deleted; otherwise "
			    "only `tonearm storage` does."},
	{"store", "silence_s", OPTION_INTEGER, AT(store_silence_s), .unit = "seconds", .least = 1, .most = 3600, .standard = 30,
		.sentence = "How long a request to the store may stand still before it is given up."},
	{"store", "part_size", OPTION_SIZE, AT(store_part_size), .unit = "bytes", .least = 5 * MIB, .most = 5 * GIB,
		.standard = 16 * MIB, .sentence = "Larger files are sent in parts of this size."},
	{"store", "parallel", OPTION_INTEGER, AT(store_parallel), .least = 1, .most = 64, .standard = 4,
		.sentence = "Parts that are sent at the same time."},
	{"store", "bandwidth", OPTION_SIZE, AT(store_bandwidth), .unit = "bytes per second", .least = 0, .most = 100 * GIB,
		.standard = 0, .sentence = "What each job may send, and receive, in a second; 0 is no limit."},
	{"store", "requests_per_s", OPTION_INTEGER, AT(store_requests_per_s), .least = 0, .most = 100000, .standard = 0,
		.sentence = "Requests that one process may begin in a second; 0 is no limit."},
	{"store", "serve", OPTION_CHOICE, AT(store_serve), .text = "proxy", .choices = {"proxy", "redirect", "edge"},
		.sentence = "What is done for a listener of a file that only the store has: \"proxy\" fetches it, keeps it as "
			    "long as storage.cache_size allows, and sends it as it comes; \"redirect\" sends him to the "
			    "store with a signed URL, good for the length of the programme and auth.grant_ttl_s, a week at "
			    "most; \"edge\" to one of cdn.edges that reads the bucket itself. Single segments, and what "
			    "the other two cannot do, are proxied."},
	{"store", "fetches", OPTION_INTEGER, AT(store_fetches), .least = 1, .most = 1000, .standard = 32,
		.sentence = "Files that are fetched from the store at the same time for those who listen."},
	{"store", "writes_per_month", OPTION_INTEGER, AT(store_writes), .least = 0, .most = INT64_C(1000000000000),
		.standard = 0,
		.sentence = "Requests that write or list, which stores bill most, in a calendar month (UTC); past it none "
			    "is made until the next. 0 is no limit."},

	{"cdn", "edges", OPTION_EDGES, AT(edges),
		.sentence = "Edges that fetch /media/{track}/{file} from here, or from the same store, and where \"redirect\" "
			    "delivery sends listeners: a list of { name = \"eu\"; url = \"https://eu.example.org\"; continents "
			    "= \"EU AF\"; scheme = \"cloudfront\"; key_id = \"K2JCJMDEHXQW5F\"; key_file = \"cdn.pem\"; }. The "
			    "first that names the listener's country in countries (as in \"DE AT\") is taken, else the first "
			    "that names his continent, else the first that names neither, else the first. tonearm.conf(5) has "
			    "all settings of an edge under EDGES."},

	{"cdn", "purge", OPTION_PURGES, AT(purges),
		.sentence = "Caches that are told to forget a track when it is made anew, removed, revoked, or may be heard by "
			    "others than before: a list of { name = \"front\"; kind = \"varnish\"; url = "
			    "\"http://127.0.0.1:6081\"; key_file = \"purge.key\"; }. tonearm.conf(5) has the kinds under CACHES."},
	{"cdn", "shield_secrets", OPTION_SECRETS, AT(shield_secrets),
		.sentence = "When there are any, sound, manifests and covers are for requests with one of these secrets in "
			    "the field cdn.shield_header alone: a list of { id = \"2026\"; secret = \"...\"; }, two while one "
			    "is changed for the other. The edges add it to what they ask here."},
	{"cdn", "shield_header", OPTION_TEXT, AT(shield_header), .text = "X-Tonearm-Edge",
		.sentence = "The field of a request that carries it. A web server that keeps verdicts of auth.fcgi must have it "
			    "in their key."},
	{"cdn", "tag_headers", OPTION_TEXT, AT(tag_headers), .text = "Cache-Tag Surrogate-Key xkey",
		.sentence = "Fields that name what an answer is made of, for caches that are purged by it: the track, "
			    "{track}-{quality} and \"tonearm\". In Surrogate-Key and xkey they stand apart by spaces, in "
			    "others by commas. Empty: none."},
	{"cdn", "manifests", OPTION_SWITCH, AT(cdn_manifests), .standard = 0,
		.sentence = "Whether manifests name files at the listener's edge, so that players go there by themselves: HLS by "
			    "byte ranges, and DASH. Otherwise they name this site, which may redirect."},

	{"db", "journal_mode", OPTION_CHOICE, AT(journal_mode), .text = "wal", .choices = {"wal", "delete"},
		.sentence = "\"wal\", or \"delete\" where data_dir lies on a network file system."},
	{"db", "busy_ms", OPTION_INTEGER, AT(db_busy_ms), .unit = "milliseconds", .least = 0, .most = 60000,
		.standard = 5000, .sentence = "How long a statement waits for a lock or a free connection."},

	{"observe", "metrics_allow", OPTION_NETWORKS, AT(metrics_allow),
		.sentence = "Who may read /metrics, by address and prefix: [\"192.0.2.10\", \"10.0.0.0/8\"]; when empty it is "
			    "this machine. What a proxy brings counts by whom it brings, for which http.trusted_proxies "
			    "has to name it."},

	{"log", "level", OPTION_CHOICE, AT(log_level), .text = "info", .choices = {"debug", "info", "warning", "error"},
		.sentence = "The least level that is logged."},
	{"log", "file", OPTION_PATH, AT(log_file), .text = "",
		.sentence = "File the log is appended to; when empty it goes to standard error."},
	{"log", "size", OPTION_SIZE, AT(log_size), .unit = "bytes", .least = 0, .most = 1024 * GIB,
		.standard = 64 * MIB,
		.sentence = "Size past which a jobrunner turns log.file and log.access_file over, within the hour: FILE.1 "
			    "to FILE.4 are the ones before. 0 leaves that to others, such as logrotate."},
	{"log", "access", OPTION_CHOICE, AT(access_format), .text = "json", .choices = {"json", "combined", "none"},
		.sentence = "The line for each request: as JSON, in the combined format that web servers write, or none. Query "
			    "strings, in which tokens and signatures travel, are never written."},
	{"log", "access_file", OPTION_PATH, AT(access_file), .text = "",
		.sentence = "File these lines are appended to, whatever log.level is; when empty they go where the log goes."},
};
const size_t option_count = sizeof option_table / sizeof option_table[0];

const struct conf_rendition option_ladder[] = {
	{"high", "aac", 320000, 44100, 2, "cmaf"},
	{"medium", "aac", 192000, 44100, 2, "cmaf"},
	{"low", "aac", 128000, 44100, 2, "cmaf"},
	{"mobile", "aac", 96000, 44100, 2, "cmaf"},
};
const size_t option_ladder_count = sizeof option_ladder / sizeof option_ladder[0];

/* Far above what a school behind one address does. */
const struct conf_rate option_rates[] = {
	{"playlists", 1 << CONF_PLAYLIST | 1 << CONF_KEY, CONF_BY_ADDRESS, .requests = 300, .burst = 6000},
	{"media", 1 << CONF_MEDIA, CONF_BY_ADDRESS, .requests = 1000, .burst = 20000},
	{"api", 1 << CONF_AUTH | 1 << CONF_UPLOAD | 1 << CONF_API, CONF_BY_ADDRESS, .requests = 50, .burst = 1000},
};
const size_t option_rate_count = sizeof option_rates / sizeof option_rates[0];

int64_t *option_number(struct conf *conf, const struct option *option)
{
	return (int64_t *)(void *)((char *)conf + option->offset);
}

double *option_real(struct conf *conf, const struct option *option)
{
	return (double *)(void *)((char *)conf + option->offset);
}

bool *option_switch(struct conf *conf, const struct option *option)
{
	return (bool *)(void *)((char *)conf + option->offset);
}

const char **option_text(struct conf *conf, const struct option *option)
{
	return (const char **)(void *)((char *)conf + option->offset);
}

struct conf_keys *option_keys(struct conf *conf, const struct option *option)
{
	return (struct conf_keys *)(void *)((char *)conf + option->offset);
}

struct conf_networks *option_networks(struct conf *conf, const struct option *option)
{
	return (struct conf_networks *)(void *)((char *)conf + option->offset);
}

const struct option *option_find(const char *section, const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(option_table[i].section, section) == 0 && strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	return NULL;
}

bool option_section_known(const char *section)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(option_table[i].section, section) == 0)
			return true;
	return false;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance; a name too long to be anything of ours is far from all. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], length = strlen(b);

	if (strlen(a) >= 64 || length >= 64)
		return SIZE_MAX / 2;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t above = row[j];

			row[j] = least_of(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[length];
}

const struct option *option_nearest(const char *section, const char *name)
{
	const struct option *nearest = NULL;
	size_t best = strlen(name) / 3 + 1;

	for (size_t i = 0; i < option_count; i++) {
		size_t away =
			2 * distance(name, option_table[i].name) + (strcmp(section, option_table[i].section) != 0);

		if (away <= 2 * best) {
			best = away / 2;
			nearest = &option_table[i];
			if (away == 0)
				break;
		}
	}
	return nearest;
}
