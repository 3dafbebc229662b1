/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "conf/option.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define AUTH                                                                                                           \
	"auth: { url_secret = \"0123456789abcdef0123456789abcdef\"; jwt_secret = "                                     \
	"\"fedcba9876543210fedcba9876543210\"; "
#define SECRETS AUTH "};\n"

static char *file_path(struct fixture *fixture)
{
	return arena_printf(&fixture->arena, "%s/tonearm.conf", fixture->dir);
}

static enum err read_text(struct fixture *fixture, const char *text, struct conf **conf, struct err_info *info)
{
	assert_int_equal(fs_write_file(file_path(fixture), text, strlen(text), 0600, NULL), ERR_OK);
	return conf_read(file_path(fixture), conf, info);
}

static struct conf *must_read(struct fixture *fixture, const char *text)
{
	struct err_info info = {0};
	struct conf *conf;

	if (read_text(fixture, text, &conf, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	return conf;
}

/* TEXT is refused with a sentence that ends in REASON and names LINE. */
static void assert_refused(struct fixture *fixture, const char *text, int line, const char *reason)
{
	struct err_info info = {0};
	struct conf *conf = (struct conf *)1;
	char *where = arena_printf(&fixture->arena, "tonearm.conf:%d: ", line);

	if (read_text(fixture, text, &conf, &info) != ERR_BAD_REQUEST)
		fail_msg("not refused: %s", text);
	assert_null(conf);
	if (strstr(info.detail, where) == NULL || strstr(info.detail, reason) == NULL)
		fail_msg("\"%s\" lacks \"%s\" or \"%s\"", info.detail, where, reason);
}

static void test_defaults(void **state)
{
	struct fixture *fixture = *state;
	struct conf *conf = must_read(fixture, SECRETS);

	assert_string_equal(conf->path, file_path(fixture));
	assert_string_equal(conf->data_dir, "/var/lib/tonearm");
	assert_string_equal(conf->base_url, "");
	assert_int_equal(conf->http_threads, 32);
	assert_int_equal(conf->http_backlog, 1024);
	assert_int_equal(conf->jwt_leeway_s, 30);
	assert_int_equal(conf->token_ttl_s, 3600);
	assert_int_equal(conf->grant_ttl_s, 21600);
	assert_int_equal(conf->upload_size, INT64_C(2147483648));
	assert_int_equal(conf->body_size, 65536);
	assert_int_equal(conf->upload_idle_s, 30);
	assert_int_equal(conf->uploads, 16);
	assert_int_equal(conf->source_duration_s, 43200);
	assert_int_equal(conf->segment_ms, 4000);
	assert_true(conf->keep_source);
	assert_string_equal(conf->hls_addressing, "byterange");
	assert_string_equal(conf->default_visibility, "private");
	assert_int_equal(conf->ladder_count, 4);
	assert_string_equal(conf->ladder[0].quality, "high");
	assert_int_equal(conf->ladder[3].bit_rate, 96000);
	assert_true(conf->job_workers >= 1);
	assert_int_equal(conf->job_nice, 10);
	assert_int_equal(conf->job_max_queued, 10000);
	assert_int_equal(conf->job_max_attempts, 3);
	assert_int_equal(conf->job_lease_s, 30);
	assert_int_equal(conf->job_poll_ms, 500);
	assert_int_equal(conf->job_cpu_s, 7200);
	assert_int_equal(conf->job_memory, 1073741824);
	assert_int_equal(conf->job_wall_s, 14400);
	assert_int_equal(conf->import_dir_count, 0);
	assert_int_equal(conf->disk_floor, 536870912);
	assert_string_equal(conf->journal_mode, "wal");
	assert_int_equal(conf->db_busy_ms, 5000);
	assert_string_equal(conf->log_level, "info");
	assert_string_equal(conf->log_file, "");
	conf_free(conf);
	conf_free(NULL);
}

static void test_every_type(void **state)
{
	struct fixture *fixture = *state;
	struct conf *conf = must_read(fixture,
		SECRETS "storage: { data_dir = \"data\"; run_dir = \"/run/x\"; disk_floor = 0; };\n"
			"http: { base_url = \"https://audio.example.org\"; threads = 8L; };\n"
			"limits: { upload_size = 3000000000L; body_size = \"128K\"; };\n"
			"media: { keep_source = false; hls_addressing = \"segments\";\n"
			"  ladder = ( { quality = \"one\"; codec = \"aac\"; bit_rate = 64000; sample_rate = 22050; "
			"channels = 1; },\n"
			"  { quality = \"two\"; codec = \"opus\"; bit_rate = 96000; },\n"
			"  { quality = \"three\"; codec = \"flac\"; container = \"flac\"; } ); };\n"
			"jobs: { workers = 7; memory = \"2G\"; import_dirs = [\"/srv/music\", \"drop\"]; };\n"
			"log: { level = \"debug\"; file = \"a.log\"; };\n");

	assert_string_equal(conf->data_dir, arena_printf(&fixture->arena, "%s/data", fixture->dir));
	assert_string_equal(conf->run_dir, "/run/x");
	assert_int_equal(conf->disk_floor, 0);
	assert_string_equal(conf->base_url, "https://audio.example.org");
	assert_int_equal(conf->http_threads, 8);
	assert_true(conf->upload_size == INT64_C(3000000000));
	assert_int_equal(conf->body_size, 131072);
	assert_false(conf->keep_source);
	assert_string_equal(conf->hls_addressing, "segments");
	assert_int_equal(conf->ladder_count, 3);
	assert_string_equal(conf->ladder[0].quality, "one");
	assert_string_equal(conf->ladder[0].codec, "aac");
	assert_int_equal(conf->ladder[0].sample_rate, 22050);
	assert_int_equal(conf->ladder[0].channels, 1);
	assert_string_equal(conf->ladder[0].container, "cmaf");
	assert_int_equal(conf->ladder[1].sample_rate, 48000);
	assert_int_equal(conf->ladder[1].channels, 2);
	assert_string_equal(conf->ladder[1].container, "cmaf");
	assert_int_equal(conf->ladder[2].sample_rate, 0);
	assert_int_equal(conf->ladder[2].channels, 0);
	assert_string_equal(conf->ladder[2].container, "flac");
	assert_int_equal(conf->job_workers, 7);
	assert_true(conf->job_memory == INT64_C(2) << 30);
	assert_int_equal(conf->import_dir_count, 2);
	assert_string_equal(conf->import_dirs[0], "/srv/music");
	assert_string_equal(conf->import_dirs[1], arena_printf(&fixture->arena, "%s/drop", fixture->dir));
	assert_string_equal(conf->log_file, arena_printf(&fixture->arena, "%s/a.log", fixture->dir));
	conf_free(conf);
}

static void test_unknown_options(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, SECRETS "media: {\n segmnt_ms = 4000; };", 3, "did you mean media.segment_ms?");
	assert_refused(fixture, SECRETS "http: { upload_size = 1; };", 2, "did you mean limits.upload_size?");
	assert_refused(fixture, SECRETS "keep_sources = true;", 2, "did you mean media.keep_source?");
	assert_refused(fixture, SECRETS "media: { gramophone = 1; };", 2, "media.gramophone: there is no such option");
	assert_refused(fixture, SECRETS "meda: { segment_ms = 1; };", 2, "there is no such section");
	assert_refused(fixture,
		SECRETS "http: { a234567890123456789012345678901234567890123456789012345678901234567890 = 1; };", 2,
		"there is no such option");
}

static void test_wrong_values(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(
		fixture, SECRETS "media: { segment_ms = 999; };", 2, "media.segment_ms: 999 is not from 1000 to 10000");
	assert_refused(fixture, SECRETS "media: { segment_ms = 10001L; };", 2, "10001 is not from");
	assert_refused(fixture, SECRETS "media: { segment_ms = -1; };", 2, "-1 is not from");
	assert_refused(fixture, SECRETS "media: { segment_ms = 4000.0; };", 2, "a whole number is wanted");
	assert_refused(fixture, SECRETS "media: { segment_ms = \"4000\"; };", 2, "a whole number is wanted");
	assert_refused(fixture, SECRETS "media: { keep_source = 1; };", 2, "true or false is wanted");
	assert_refused(fixture, SECRETS "media: { hls_addressing = \"bytes\"; };", 2,
		"\"bytes\" is none of \"byterange\", \"segments\"");
	assert_refused(fixture, SECRETS "geo: { places = \"DE,AT\"; };", 2, "geo.places: \"DE,AT\" is no place");
	assert_refused(fixture, SECRETS "log: { level = 3; };", 2, "text in quotes is wanted");
	assert_refused(fixture, SECRETS "storage: { data_dir = \"\"; };", 2, "must not be empty");
	assert_refused(fixture, SECRETS "limits: { body_size = true; };", 2, "a number of bytes or text");
	for (size_t i = 0; i < 7; i++) {
		static const char *const sizes[] = {"", "K", "2g", "2GB", "-2G", "1.5G", "999999999999999T"};

		assert_refused(fixture,
			arena_printf(&fixture->arena, SECRETS "limits: { upload_size = \"%s\"; };", sizes[i]), 2,
			"a size is a number of bytes");
	}
	assert_refused(fixture, SECRETS "limits: { upload_size = \"2000T\"; };", 2, "is not from");
}

static void test_wrong_urls(void **state)
{
	struct fixture *fixture = *state;

	assert_refused(fixture, SECRETS "http: { base_url = \"example.org\"; };", 2, "must begin with http");
	assert_refused(fixture, SECRETS "http: { base_url = \"http://example.org/\"; };", 2, "must not end in a slash");
	assert_refused(fixture, SECRETS "http: { base_url = \"http://example.org/?a\"; };", 2, "no base URL has");
}

static void test_wrong_lists(void **state)
{
	struct fixture *fixture = *state;
	struct buf many;

	assert_refused(fixture, SECRETS "jobs: { import_dirs = \"/srv\"; };", 2, "an array of folders");
	assert_refused(fixture, SECRETS "jobs: { import_dirs = [\"/srv\", \"\"]; };", 2, "folder 2 is empty");
	assert_refused(fixture, SECRETS "jobs: { import_dirs = [1]; };", 2, "folder 1 is empty or no text");
	buf_init(&many, 65536);
	buf_puts(&many, SECRETS "jobs: { import_dirs = [\"/0\"");
	for (int i = 1; i <= OPTION_PATHS_MOST; i++)
		buf_printf(&many, ", \"/%d\"", i);
	buf_puts(&many, "]; };");
	assert_refused(fixture, buf_text(&many), 2, "at most 64 folders");
	buf_free(&many);
}

static void test_wrong_ladders(void **state)
{
	static const struct {
		const char *ladder, *reason;
	} cases[] = {
		{"()", "a list of 1 to 16"},
		{"[1]", "a list of 1 to 16"},
		{"( 1 )", "are wanted, and nothing else"},
		{"( { quality = \"a\"; } )", "codec is missing"},
		{"( { quality = \"a\"; codec = \"opus\"; container = 1; bit_rate = 64000; } )", "container is no text"},
		{"( { quality = \"a\"; codec = \"opus\"; container = \"mp3\"; bit_rate = 64000; } )",
			"there is no format \"opus in mp3\""},
		{"( { quality = \"a\"; codec = \"flac\"; bit_rate = 64000; } )", "its bit rate is 0"},
		{"( { quality = \"a\"; codec = \"mp3\"; bit_rate = -1; } )", "a whole number from 0"},
		{"( { quality = \"A\"; codec = \"aac\"; bit_rate = 64000; sample_rate = 44100; channels = 2; } )",
			"quality must"},
		{"( { quality = \"a-name-of-24-characters-\"; codec = \"aac\"; bit_rate = 64000; sample_rate = 44100; "
		 "channels = 2; } )",
			"quality must"},
		{"( { quality = \"a\"; codec = \"mp9\"; bit_rate = 64000; sample_rate = 44100; channels = 2; } )",
			"there is no format"},
		{"( { quality = \"a\"; codec = \"aac\"; bit_rate = 1; sample_rate = 44100; channels = 2; } )",
			"takes 16000 to"},
		{"( { quality = \"a\"; codec = \"aac\"; bit_rate = 64000; sample_rate = 44000; channels = 2; } )",
			"no sampling rate of 44000 Hz"},
		{"( { quality = \"a\"; codec = \"aac\"; bit_rate = 64000; sample_rate = 44100; channels = 3; } )",
			"1 or 2 channels, not 3"},
		{"( { quality = \"a\"; codec = \"aac\"; bit_rate = 64000; sample_rate = 44100; chanels = 3; } )",
			"are wanted, and nothing else"},
		{"( { quality = \"a\"; codec = \"aac\"; bit_rate = 64000; sample_rate = 44100; channels = 2; }, "
		 "{ quality = \"a\"; codec = \"aac\"; bit_rate = 65000; sample_rate = 44100; channels = 2; } )",
			"is there twice"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_refused(fixture,
			arena_printf(&fixture->arena, SECRETS "media: { ladder = %s; };", cases[i].ladder), 2,
			cases[i].reason);
}

static void test_networks(void **state)
{
	struct fixture *fixture = *state;
	struct conf *conf = must_read(fixture, SECRETS "http: { trusted_proxies = [\"10.0.0.0/8\", \"::1\"]; };");

	assert_int_equal(conf->trusted_proxies.count, 2);
	assert_int_equal(conf->trusted_proxies.networks[0].bits, 96 + 8);
	assert_int_equal(conf->trusted_proxies.networks[1].bits, 128);
	assert_string_equal(conf->client_address, "X-Forwarded-For");
	conf_free(conf);
	assert_refused(fixture, SECRETS "http: { trusted_proxies = [\"10.0.0.0/8\", \"example.org\"]; };", 2, "number 2 is no");
	assert_refused(fixture, SECRETS "http: { trusted_proxies = [1]; };", 2, "number 1 is no");
	assert_refused(fixture, SECRETS "http: { trusted_proxies = \"10.0.0.0/8\"; };", 2, "an array of at most");
	assert_refused(fixture, SECRETS "http: { client_address = \"X-Client\"; };", 2, "is none of \"X-Forwarded-For\"");
}

static void test_edges(void **state)
{
	static const struct {
		const char *edge, *reason;
	} refused[] = {
		{"edges = [];", "a list of at most 64 edges"},
		{"edges = ( 1 );", "a group in { } is wanted"},
		{"edges = ( { url = \"https://a.example\"; } );", "name is missing"},
		{"edges = ( { name = \"a b\"; url = \"https://a.example\"; } );", "letters, digits and ._- are wanted"},
		{"edges = ( { name = \"a\"; url = \"a.example\"; } );", "it must begin with http"},
		{"edges = ( { name = \"a\"; url = \"\"; } );", "it must not be empty"},
		{"edges = ( { name = \"a\"; url = \"https://a.example\"; scheme = \"md5\"; } );", "\"md5\" is none of: none"},
		{"edges = ( { name = \"a\"; url = \"https://a.example\"; key = \"b\"; } );", "not known here"},
		{"edges = ( { name = \"a\"; url = \"https://a.example\"; key_id = 1; } );", "text in quotes"},
		{"edges = ( { name = \"a\"; url = \"https://a.example\"; }, { name = \"a\"; url = \"https://b.example\"; } );",
			"there twice"},
	};
	struct fixture *fixture = *state;
	struct conf *conf = must_read(fixture,
		SECRETS "cdn: { edges = ( { name = \"eu\"; url = \"https://eu.example.org/a\"; scheme = \"hmac\"; key_file "
			"= \"eu.key\"; countries = \"DE\"; }, { name = \"rest\"; url = \"https://rest.example.org\"; } ); };");
	struct buf values;

	assert_int_equal(conf->edge_count, 2);
	assert_string_equal(conf->edges[0].key_file, arena_printf(&fixture->arena, "%s/eu.key", fixture->dir));
	assert_string_equal(conf->edges[0].countries, "DE");
	assert_string_equal(conf->edges[1].scheme, "grant");
	assert_string_equal(conf->edges[1].key_file, "");
	buf_init(&values, 65536);
	conf_write_values(conf, &values);
	assert_non_null(strstr(buf_text(&values), "{ name = \"rest\"; url = \"https://rest.example.org\"; scheme = \"grant\"; }"));
	buf_free(&values);
	conf_free(conf);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_refused(fixture, arena_printf(&fixture->arena, SECRETS "cdn: { %s };", refused[i].edge), 2,
			refused[i].reason);
}

static void test_rates(void **state)
{
	static const struct {
		const char *rates, *reason;
	} cases[] = {
		{"{ name = \"a\"; by = \"address\"; requests = 1; }", "a list of at most"},
		{"( { name = \"A\"; by = \"address\"; requests = 1; } )", "name must be"},
		{"( { name = \"a\"; by = \"nobody\"; requests = 1; } )", "by is"},
		{"( { name = \"a\"; by = \"all\"; routes = \"media radio\"; requests = 1; } )", "routes are of"},
		{"( { name = \"a\"; by = \"all\"; } )", "one of requests, streams and bytes"},
		{"( { name = \"a\"; by = \"all\"; requests = 1; bytes = 1; } )", "one of requests, streams and bytes"},
		{"( { name = \"a\"; by = \"all\"; requests = 0; } )", "requests must be"},
		{"( { name = \"a\"; by = \"all\"; requests = \"1\"; } )", "requests must be"},
		{"( { name = \"a\"; by = \"all\"; streams = 257; } )", "streams must be"},
		{"( { name = \"a\"; by = \"all\"; streams = 2; burst = 2; } )", "streams have no burst"},
		{"( { name = \"a\"; by = \"all\"; requests = 0.001; burst = 1000; } )", "more than comes in a day"},
		{"( { name = \"a\"; by = \"all\"; bytes = 1; routes = \"api\"; } )", "are of \"media\""},
		{"( { name = \"a\"; by = \"all\"; requests = 1; per = 1; } )", "and nothing else"},
		{"( { name = \"a\"; by = \"all\"; requests = 1; }, { name = \"a\"; by = \"all\"; requests = 1; } )",
			"is there twice"},
	};
	struct fixture *fixture = *state;
	struct conf *conf = must_read(fixture, SECRETS "limits: { rates = ( "
		"{ name = \"a\"; by = \"subject\"; routes = \"api  key\"; requests = 0.5; }, "
		"{ name = \"b\"; by = \"address\"; bytes = \"1M\"; burst = \"2M\"; }, "
		"{ name = \"c\"; by = \"stranger\"; streams = 3; } ); };");

	assert_int_equal(conf->rate_count, 3);
	assert_int_equal(conf->rates[0].routes, 1 << CONF_API | 1 << CONF_KEY);
	assert_int_equal(conf->rates[0].by, CONF_BY_SUBJECT);
	assert_true(conf->rates[0].requests > 0.49 && conf->rates[0].requests < 0.51);
	assert_int_equal(conf->rates[0].burst, 6);
	assert_int_equal(conf->rates[1].routes, 1 << CONF_MEDIA);
	assert_int_equal(conf->rates[1].bytes, 1 << 20);
	assert_int_equal(conf->rates[1].burst, 2 << 20);
	assert_int_equal(conf->rates[2].streams, 3);
	conf_free(conf);
	conf = must_read(fixture, SECRETS);
	assert_int_equal(conf->rate_count, option_rate_count);
	assert_int_equal(conf->exempt.count, 2);
	assert_int_equal(conf->exempt.networks[0].bits, 96 + 8);
	conf_free(conf);
	conf = must_read(fixture, SECRETS "limits: { rates = (); exempt = []; };");
	assert_int_equal(conf->rate_count + conf->exempt.count, 0);
	conf_free(conf);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_refused(fixture, arena_printf(&fixture->arena, SECRETS "limits: { rates = %s; };", cases[i].rates),
			2, cases[i].reason);
}

static void test_robots(void **state)
{
	struct fixture *fixture = *state;
	struct conf *conf = must_read(fixture, SECRETS "limits: { robots = ( { agent = \"BadBot\"; }, "
		"{ agent = \"bingbot\"; requests = 0.5; burst = 10; } ); };");

	assert_int_equal(conf->robot_count, 2);
	assert_string_equal(conf->robots[0].agent, "BadBot");
	assert_true(conf->robots[0].requests <= 0);
	assert_int_equal(conf->robots[1].burst, 10);
	conf_free(conf);
	assert_refused(fixture, SECRETS "limits: { robots = ( { agent = \"\"; } ); };", 2, "agent must be");
	assert_refused(fixture, SECRETS "limits: { robots = ( { agent = \"x\"; burst = 1; } ); };", 2, "burst is more");
	assert_refused(fixture, SECRETS "limits: { robots = [\"x\"]; };", 2, "a list of at most");
}

static void test_presets(void **state)
{
	static const struct {
		const char *media, *reason;
	} cases[] = {
		{"presets = ( { name = \"a\"; filter = \"amovie=/etc/passwd\"; } )", "\"amovie\" is not taken"},
		{"presets = ( { name = \"a\"; filter = \"volume=1;volume=2\"; } )", "without quotes, escapes"},
		{"presets = ( { name = \"A\"; filter = \"volume=1\"; } )", "name must be"},
		{"presets = ( { name = \"a\"; } )", "name and filter are wanted"},
		{"loudness_target_lufs = 1", "1 is not from -40 to 0"},
	};
	struct fixture *fixture = *state;
	struct conf *conf =
		must_read(fixture, SECRETS "media: { preset = \"a\"; loudness_target_lufs = -16.5; presets = ( "
					   "{ name = \"a\"; filter = \"volume=1\"; } ); };\n");

	assert_int_equal(conf->preset_count, 1);
	assert_string_equal(conf->presets[0].filter, "volume=1");
	assert_float_equal(conf->loudness_target, -16.5, 1e-6);
	assert_string_equal(conf->loudness, "tags");
	conf_free(conf);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_refused(fixture, arena_printf(&fixture->arena, SECRETS "media: { %s; };", cases[i].media), 2,
			cases[i].reason);
}

static void test_keys(void **state)
{
	static const char long_secret[] = "ssssssssssssssssssssssssssssssss";
	static const struct {
		const char *keys, *reason;
	} cases[] = {
		{"7", "a list of at most 32 keys"},
		{"( 7 )", "file or secret are wanted"},
		{"( { id = \"a\"; } )", "algorithms is missing"},
		{"( { id = \"a\"; algorithms = \"RS256\"; } )", "one of file and secret"},
		{"( { id = \"a\"; algorithms = 256; file = \"a\"; } )", "texts id"},
		{"( { id = \"a b\"; algorithms = \"RS256\"; file = \"a\"; } )", "id must be"},
		{"( { algorithms = \"HS256\"; secret = \"short\"; } )", "at least 32"},
		{"( { algorithms = \"HS256\"; file = \"a\"; more = 1; } )", "nothing else"},
		{"( { id = \"a\"; algorithms = \"RS256\"; file = \"a\"; }, { id = \"a\"; algorithms = \"RS256\"; file "
		 "= "
		 "\"b\"; } )",
			"is there twice"},
	};
	struct fixture *fixture = *state;
	struct conf *conf = must_read(fixture,
		arena_printf(&fixture->arena,
			AUTH "jwt_keys = ( { id = \"2026\"; algorithms = \"RS256 PS256\"; file = \"keys/a.pem\"; }, "
				"{ algorithms = \"HS256\"; secret = \"%s\"; } ); };\n",
			long_secret));
	struct buf values;

	assert_int_equal(conf->jwt_keys.count, 2);
	assert_string_equal(conf->jwt_keys.keys[0].id, "2026");
	assert_true(conf->jwt_keys.keys[0].file[0] == '/');
	assert_null(conf->jwt_keys.keys[0].secret);
	assert_string_equal(conf->jwt_keys.keys[1].secret, long_secret);
	buf_init(&values, 1 << 16);
	conf_write_values(conf, &values);
	assert_null(strstr(buf_text(&values), long_secret));
	assert_non_null(strstr(buf_text(&values), "2026:RS256 PS256:"));
	buf_free(&values);
	conf_free(conf);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_refused(fixture,
			arena_printf(&fixture->arena, AUTH "jwt_keys = %s; };", cases[i].keys), 1,
			cases[i].reason);
}

static void test_what_libconfig_would_take_amiss(void **state)
{
	struct fixture *fixture = *state;
	struct conf *conf;

	assert_refused(fixture, SECRETS "\n  @include \"/etc/passwd\"\n", 3, "@include is not allowed");
	assert_refused(
		fixture, SECRETS "limits: { upload_size = 4294967297; };", 2, "4294967297 is too large: append an L");
	assert_refused(fixture, SECRETS "limits: { upload_size = 2147483648; };", 2, "is too large");
	assert_refused(fixture, SECRETS "limits: { upload_size = 0x1FFFFFFFF; };", 2, "is too large");
	assert_refused(fixture, SECRETS "/* 4294967297\n */ limits: { upload_size = 9999999999999999999999; };", 3,
		"is too large");
	assert_refused(fixture, SECRETS "media: { segment_ms = 4000; segment_ms = 5000; };", 2, "duplicate");
	assert_refused(fixture, SECRETS "media: { segment_ms = ; };", 2, "syntax error");
	conf = must_read(fixture, SECRETS
		"# 4294967297 @include\n// 4294967297\n/* 4294967297 \n*/\n"
		"http: { base_url = \"http://4294967297\"; };\nstorage: { data_dir = \"/a\\\" 4294967297\"; };\n"
		"limits: { upload_size = 2147483647; };\n");
	assert_string_equal(conf->data_dir, "/a\" 4294967297");
	assert_int_equal(conf->upload_size, 2147483647);
	conf_free(conf);
	assert_int_equal(read_text(fixture, "/* without an end", &conf, NULL), ERR_BAD_REQUEST);
	assert_int_equal(read_text(fixture, "a = \"without an end\\", &conf, NULL), ERR_BAD_REQUEST);
}

static void test_secrets(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info;
	struct conf *conf;

	assert_int_equal(read_text(fixture, "", &conf, &info), ERR_BAD_REQUEST);
	assert_non_null(strstr(info.detail, "auth.url_secret is missing: make one with `openssl rand -hex 32`"));
	assert_refused(fixture, "auth: { url_secret = \"0123456789abcdef0123456789abcde\"; };", 1,
		"auth.url_secret: it needs at least 32 characters: make one with `openssl rand -hex 32`");
	assert_null(strstr(info.detail, "0123456789"));
}

static void test_mode(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info;
	struct conf *conf;

	assert_int_equal(fs_write_file(file_path(fixture), SECRETS, strlen(SECRETS), 0640, NULL), ERR_OK);
	assert_int_equal(conf_read(file_path(fixture), &conf, &info), ERR_FORBIDDEN);
	assert_null(conf);
	assert_non_null(strstr(info.detail, "chmod 600 "));
	assert_int_equal(chmod(file_path(fixture), 0400), 0);
	assert_int_equal(conf_read(file_path(fixture), &conf, &info), ERR_OK);
	conf_free(conf);
}

static void test_files_that_are_none(void **state)
{
	struct fixture *fixture = *state;
	struct conf *conf;

	assert_int_equal(conf_read("/nowhere/tonearm.conf", &conf, NULL), ERR_NOT_FOUND);
	assert_null(conf);
	assert_int_equal(conf_read(fixture->dir, &conf, NULL), ERR_IO);
	assert_int_equal(fs_write_file(file_path(fixture), "a\0b", 3, 0600, NULL), ERR_OK);
	assert_int_equal(conf_read(file_path(fixture), &conf, NULL), ERR_BAD_REQUEST);
}

static void test_find(void **state)
{
	(void)state;
	unsetenv("TONEARM_CONF");
	assert_string_equal(conf_find("a"), "a");
	assert_string_equal(conf_find(NULL), SYSCONFDIR "/tonearm/tonearm.conf");
	setenv("TONEARM_CONF", "b", 1);
	assert_string_equal(conf_find(NULL), "b");
	assert_string_equal(conf_find("a"), "a");
	setenv("TONEARM_CONF", "", 1);
	assert_string_equal(conf_find(NULL), SYSCONFDIR "/tonearm/tonearm.conf");
	unsetenv("TONEARM_CONF");
}

static char *values_of(struct fixture *fixture, const char *text)
{
	struct conf *conf = must_read(fixture, text);
	struct buf values;
	char *copy;

	buf_init(&values, 1 << 20);
	conf_write_values(conf, &values);
	assert_false(values.overflow);
	copy = arena_strdup(&fixture->arena, buf_text(&values));
	buf_free(&values);
	conf_free(conf);
	return copy;
}

/* Their secrets are left out: they are put in behind the opening of their group. */
static void test_written_defaults_are_the_defaults(void **state)
{
	static const char group[] = "auth:\n{\n";
	struct fixture *fixture = *state;
	const char *auth;
	struct buf text;
	char *with;

	buf_init(&text, 1 << 20);
	conf_write_defaults(&text);
	assert_false(text.overflow);
	for (size_t i = 0; i < option_count; i++)
		assert_non_null(strstr(buf_text(&text), option_table[i].name));
	auth = strstr(buf_text(&text), group);
	assert_non_null(auth);
	with = arena_printf(&fixture->arena, "%.*s%surl_secret = \"%064d\"; jwt_secret = \"%064d\";\n%s",
		(int)(auth - buf_text(&text)), buf_text(&text), group, 0, 0, auth + strlen(group));
	assert_string_equal(values_of(fixture, with), values_of(fixture, SECRETS));
	buf_free(&text);
}

static void test_written_new_file(void **state)
{
	struct fixture *fixture = *state;
	struct buf first, second;
	struct conf *conf;

	buf_init(&first, 65536);
	buf_init(&second, 65536);
	conf_write_new(&first, "a \"b\" \\ c\n", "run");
	conf_write_new(&second, "a \"b\" \\ c\n", "run");
	assert_string_not_equal(buf_text(&first), buf_text(&second));
	conf = must_read(fixture, buf_text(&first));
	assert_string_equal(conf->data_dir, arena_printf(&fixture->arena, "%s/a \"b\" \\ c\n", fixture->dir));
	assert_string_equal(conf->run_dir, arena_printf(&fixture->arena, "%s/run", fixture->dir));
	assert_int_equal(strlen(conf->url_secret), 64);
	assert_int_equal(strlen(conf->jwt_secret), 64);
	assert_string_not_equal(conf->url_secret, conf->jwt_secret);
	conf_free(conf);
	buf_free(&first);
	buf_free(&second);
}

static void test_values(void **state)
{
	struct fixture *fixture = *state;
	char *values = values_of(fixture, SECRETS "jobs: { import_dirs = [\"/a\", \"/b\"]; };");

	assert_null(strstr(values, "0123456789abcdef"));
	assert_null(strstr(values, "fedcba9876543210"));
	assert_non_null(strstr(values, "auth.url_secret = (set)\n"));
	assert_non_null(strstr(values, "jobs.import_dirs = \"/a\", \"/b\"\n"));
	assert_non_null(
		strstr(values, "media.ladder = high:aac:cmaf:320000:44100:2, medium:aac:cmaf:192000:44100:2, "));
	assert_non_null(strstr(values, "media.keep_source = true\n"));
	assert_non_null(strstr(values, "limits.upload_size = 2147483648\n"));
}

static void test_manual(void **state)
{
	struct buf manual;

	(void)state;
	buf_init(&manual, 1 << 20);
	conf_write_manual(&manual);
	assert_false(manual.overflow);
	for (size_t i = 0; i < option_count; i++) {
		char item[64];

		snprintf(item, sizeof item, ".It Va %s\n", option_table[i].name);
		assert_non_null(strstr(buf_text(&manual), item));
	}
	assert_non_null(strstr(buf_text(&manual), "1000 to 10000 milliseconds; the default is 4000.\n"));
	assert_null(strstr(buf_text(&manual), "\n'"));
	buf_free(&manual);
}

static void test_table_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_count; i++) {
		const struct option *option = &option_table[i];

		assert_ptr_equal(option_find(option->section, option->name), option);
		assert_ptr_equal(option_nearest(option->section, option->name), option);
		assert_true(option->sentence[strlen(option->sentence) - 1] == '.');
		if (option->type == OPTION_INTEGER || option->type == OPTION_SIZE)
			assert_true(option->least <= option->standard && option->standard <= option->most);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(option->offset, option_table[j].offset);
	}
}

static void test_paths(void **state)
{
	struct fixture *fixture = *state;
	struct conf *conf = must_read(fixture, SECRETS "storage: { data_dir = \"/d\"; run_dir = \"/r\"; };");

	assert_string_equal(conf_data_path(conf, &fixture->arena, "media/%s/%d", "x", 3), "/d/media/x/3");
	assert_string_equal(conf_run_path(conf, &fixture->arena, "metrics"), "/r/metrics");
	conf_free(conf);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_dir, fixture_remove)

/* Setting http.delivery in TEXT gives WANTED. */
static void assert_set(struct fixture *fixture, const char *text, const char *wanted)
{
	struct err_info info = {0};
	char *now;
	size_t length;

	assert_int_equal(fs_write_file(file_path(fixture), text, strlen(text), 0600, NULL), ERR_OK);
	if (conf_set(file_path(fixture), "http", "delivery", "xaccel", &info) != ERR_OK)
		fail_msg("%s", info.detail);
	assert_int_equal(fs_read_file(file_path(fixture), 1 << 20, &now, &length, NULL), ERR_OK);
	assert_string_equal(now, wanted);
	free(now);
}

static void test_set(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info = {0};
	const char *bad = SECRETS "http: { threads = 0; };\n";
	char *now;
	size_t length;

	assert_set(fixture, SECRETS, SECRETS "\nhttp:\n{\n\tdelivery = \"xaccel\";\n};\n");
	assert_set(fixture, SECRETS "# http: { delivery\nhttp = {threads = 3;}\n",
		SECRETS "# http: { delivery\nhttp = {\n\tdelivery = \"xaccel\";threads = 3;}\n");
	assert_set(fixture, SECRETS "http:{ /* delivery = */ delivery /* is */ = \"direct\" ; }; # as ever\n",
		SECRETS "http:{ /* delivery = */ delivery /* is */ = \"xaccel\" ; }; # as ever\n");
	assert_set(fixture,
		AUTH "jwt_issuer = \"http: { delivery = 3\"; };\nhttp: { delivery: \"a\\\"}\"; threads = 3; };",
		AUTH "jwt_issuer = \"http: { delivery = 3\"; };\nhttp: { delivery: \"xaccel\"; threads = 3; };");
	assert_set(fixture,
		"media: { presets = ( { name = \"http\"; filter = \"volume=1\"; } ); };\n" SECRETS "http: {}",
		"media: { presets = ( { name = \"http\"; filter = \"volume=1\"; } ); };\n" SECRETS
		"http: {\n\tdelivery = \"xaccel\";}");
	/* What would then not be read stays as it was. */
	assert_int_equal(fs_write_file(file_path(fixture), bad, strlen(bad), 0600, NULL), ERR_OK);
	assert_int_equal(conf_set(file_path(fixture), "http", "delivery", "xaccel", &info), ERR_BAD_REQUEST);
	assert_int_equal(fs_read_file(file_path(fixture), 1 << 20, &now, &length, NULL), ERR_OK);
	assert_string_equal(now, bad);
	free(now);
	assert_int_not_equal(access(arena_printf(&fixture->arena, "%s.new", file_path(fixture)), F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_defaults),
		WITH_DIR(test_every_type),
		WITH_DIR(test_unknown_options),
		WITH_DIR(test_wrong_values),
		WITH_DIR(test_wrong_urls),
		WITH_DIR(test_wrong_lists),
		WITH_DIR(test_wrong_ladders),
		WITH_DIR(test_networks),
		WITH_DIR(test_edges),
		WITH_DIR(test_rates),
		WITH_DIR(test_robots),
		WITH_DIR(test_presets),
		WITH_DIR(test_keys),
		WITH_DIR(test_what_libconfig_would_take_amiss),
		WITH_DIR(test_secrets),
		WITH_DIR(test_mode),
		WITH_DIR(test_files_that_are_none),
		cmocka_unit_test(test_find),
		WITH_DIR(test_written_defaults_are_the_defaults),
		WITH_DIR(test_written_new_file),
		WITH_DIR(test_values),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_table_is_sound),
		WITH_DIR(test_paths),
		WITH_DIR(test_set),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
