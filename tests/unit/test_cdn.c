/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "fixture.h"
#include "storage/cdn.h"
#include "storage/continent.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define TRACK "01hzy3v9k8m2n4p6q8r0s2t4v6"
#define EXPIRES INT64_C(1798761600)

static const struct conf_edge nothing = {
	"edge", "https://eu.example.org", "", "", "none", "", "", "", "", "", "", "", "", ""};

/* A file of the fixture that holds TEXT. */
static const char *key_file(struct fixture *fixture, const char *text, mode_t mode)
{
	const char *path = arena_printf(&fixture->arena, "%s/key", fixture->dir);

	assert_int_equal(fs_write_file(path, text, strlen(text), mode, NULL), ERR_OK);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static enum err open_one(struct conf_edge *edge, struct cdn **cdn, struct err_info *info)
{
	struct conf conf = {.edges = edge, .edge_count = 1, .redirect_url = ""};

	return cdn_open(&conf, cdn, info);
}

/* The link at EDGE for FILE of TRACK. */
static struct cdn_link link_at(struct fixture *fixture, struct conf_edge edge, const char *file)
{
	const struct cdn_want want = {.track = TRACK,
		.file = file,
		.expires = EXPIRES,
		.address = "192.0.2.7",
		.grant = "expires=1&grant=ab"};
	struct err_info info = {0};
	struct cdn_link link = {0};
	struct cdn *cdn;

	if (open_one(&edge, &cdn, &info) != ERR_OK || cdn_link(cdn, &want, &fixture->arena, &link, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	cdn_close(cdn);
	return link;
}

/* The MACs were computed with Node's crypto. */
static void test_tokens(void **state)
{
	struct fixture *fixture = *state;
	struct conf_edge edge = nothing;

	edge.scheme = "fastly";
	edge.key_file = key_file(fixture, "iqFPeN2u+Z0Lm5IrsKaOFKRqEU5Gw8ePtaEkHZWuD24=\n", 0600);
	assert_string_equal(link_at(fixture, edge, "high.mp4").url,
		"https://eu.example.org/media/" TRACK "/high.mp4?token=1798761600_867c69f3636fd48252d262cfd0151e8bbb2eb679");
	edge.scheme = "akamai";
	edge.key_file = key_file(fixture, "52a152a152a152a152a152a152a1", 0600);
	assert_string_equal(link_at(fixture, edge, "high.mp4").url,
		"https://eu.example.org/media/" TRACK "/high.mp4?hdnts=exp=1798761600~acl=/media/" TRACK
		"/*~hmac=d3369fc664bfb7f58aed02457eb7174a1c21395bbc9703da4a5c4340f8d0fb89");
	edge.scheme = "hmac";
	edge.key_file = key_file(fixture, "a secret of our own", 0600);
	edge.key_id = "k1";
	edge.url = "https://eu.example.org/audio";
	edge.sign = "{address}|{key_id}|{track}|{file}|{path}|{expires}";
	edge.query = "k={key_id}&d={directory_escaped}&e={expires}&m={mac}";
	assert_string_equal(link_at(fixture, edge, "high.mp4").url,
		"https://eu.example.org/audio/media/" TRACK "/high.mp4?k=k1&d=%2Faudio%2Fmedia%2F" TRACK
		"%2F&e=1798761600&m=1153e52c7da7f3ae5dfba46749d0a955406b51b26f37d012882c2f9f083bc549");
	edge.hash = "sha1";
	edge.encoding = "base64url";
	edge.sign = edge.query = "";
	assert_string_equal(link_at(fixture, edge, "high.mp4").url,
		"https://eu.example.org/audio/media/" TRACK "/high.mp4?expires=1798761600&sig=_8WEi9e5tup-_DjFaeah6vnfSYA");
}

/* The vector "plain" of bunny.net's own libraries, whose path is shorter than ours. */
static void test_bunny(void **state)
{
	const struct cdn_want want = {.track = TRACK, .file = "300kb.jpg", .expires = 1598024587, .address = "", .grant = ""};
	struct fixture *fixture = *state;
	struct conf_edge edge = nothing;
	struct cdn_link link;
	struct cdn *cdn;

	edge.scheme = "bunny";
	edge.key_file = key_file(fixture, "SecurityKey", 0600);
	edge.sign = "/{file}{expires}";
	assert_int_equal(open_one(&edge, &cdn, NULL), ERR_OK);
	assert_int_equal(cdn_link(cdn, &want, &fixture->arena, &link, NULL), ERR_OK);
	assert_string_equal(link.url, "https://eu.example.org/media/" TRACK
				      "/300kb.jpg?token=HS256-o10JRWlsAItyAsdKS6jJKjabHN4FrFsplDHPV1idcX4&expires=1598024587");
	cdn_close(cdn);
}

static void test_plain(void **state)
{
	struct fixture *fixture = *state;
	struct conf_edge edge = nothing;

	assert_string_equal(link_at(fixture, edge, "low.mp4").url, "https://eu.example.org/media/" TRACK "/low.mp4");
	edge.scheme = "grant";
	assert_string_equal(link_at(fixture, edge, "low.mp4").url,
		"https://eu.example.org/media/" TRACK "/low.mp4?expires=1&grant=ab");
}

/* The bytes that CloudFront's base64 in TEXT up to END stands for. */
static size_t decode(const char *text, size_t length, unsigned char *out)
{
	char plain[2048];
	size_t padding = 0;

	assert_true(length < sizeof plain && length % 4 == 0);
	for (size_t i = 0; i < length; i++) {
		plain[i] = text[i] == '-' ? '+' : text[i] == '~' ? '/' : text[i] == '_' ? '=' : text[i];
		padding += plain[i] == '=';
	}
	return (size_t)EVP_DecodeBlock(out, (unsigned char *)plain, (int)length) - padding;
}

/* The value after NAME in TEXT, up to "&" or ";". */
static const char *value_of(const char *text, const char *name, size_t *length)
{
	const char *at = strstr(text, name);

	assert_non_null(at);
	at += strlen(name);
	*length = strcspn(at, "&;");
	return at;
}

static void assert_signed(EVP_PKEY *key, const EVP_MD *hash, const char *policy, const char *text, const char *name)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t length, size;
	const char *value = value_of(text, name, &length);

	size = decode(value, length, signature);
	assert_int_equal(EVP_DigestVerifyInit(context, NULL, hash, NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(context, signature, size, (const unsigned char *)policy, strlen(policy)), 1);
	EVP_MD_CTX_free(context);
}

static const char *pem_file(struct fixture *fixture, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *path;
	char *text;
	long length;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	length = BIO_get_mem_data(bio, &text);
	path = key_file(fixture, arena_memdup(&fixture->arena, text, (size_t)length), 0600);
	BIO_free(bio);
	return path;
}

#define CANNED                                                                                                         \
	"{\"Statement\":[{\"Resource\":\"https://eu.example.org/media/" TRACK                                          \
	"/high.mp4\",\"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":1798761600}}}]}"
#define CUSTOM                                                                                                         \
	"{\"Statement\":[{\"Resource\":\"https://eu.example.org/media/" TRACK                                          \
	"/*\",\"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":1798761600}"

static void check_urls(struct fixture *fixture, EVP_PKEY *key)
{
	struct conf_edge edge = nothing;
	unsigned char policy[1024] = "";
	const char *url, *value;
	size_t length;

	edge.scheme = "cloudfront";
	edge.key_id = "K2JCJMDEHXQW5F";
	edge.key_file = pem_file(fixture, key);
	url = link_at(fixture, edge, "high.mp4").url;
	assert_non_null(strstr(url, "/media/" TRACK "/high.mp4?Expires=1798761600&Signature="));
	assert_non_null(strstr(url, "&Key-Pair-Id=K2JCJMDEHXQW5F"));
	assert_null(strstr(url, "Hash-Algorithm"));
	assert_signed(key, EVP_sha1(), CANNED, url, "&Signature=");
	edge.hash = "sha256";
	edge.policy = "address";
	url = link_at(fixture, edge, "high.mp4").url;
	assert_non_null(strstr(url, "&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256"));
	value = value_of(url, "?Policy=", &length);
	decode(value, length, policy);
	assert_string_equal((char *)policy, CUSTOM ",\"IpAddress\":{\"AWS:SourceIp\":\"192.0.2.7/32\"}}}]}");
	assert_signed(key, EVP_sha256(), (char *)policy, url, "&Signature=");
}

static void test_cloudfront_rsa(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);

	check_urls(*state, key);
	EVP_PKEY_free(key);
}

static void test_cloudfront_ecdsa(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	check_urls(*state, key);
	EVP_PKEY_free(key);
}

static void test_cloudfront_cookies(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct conf_edge edge = nothing;
	struct cdn_link link;

	edge.scheme = "cloudfront-cookies";
	edge.key_id = "K2";
	edge.key_file = pem_file(fixture, key);
	link = link_at(fixture, edge, "high.mp4");
	assert_string_equal(link.url, "https://eu.example.org/media/" TRACK "/high.mp4");
	assert_int_equal(link.cookie_count, 3);
	assert_string_equal(link.cookies[0],
		"CloudFront-Expires=1798761600; Path=/media/" TRACK "/high.mp4; Secure; HttpOnly; SameSite=None");
	assert_signed(key, EVP_sha1(), CANNED, link.cookies[1], "CloudFront-Signature=");
	edge.policy = "custom";
	edge.hash = "sha256";
	edge.cookie_domain = "example.org";
	link = link_at(fixture, edge, "high.mp4");
	assert_int_equal(link.cookie_count, 4);
	assert_int_equal(strncmp(link.cookies[0], "CloudFront-Policy=", 18), 0);
	assert_signed(key, EVP_sha256(), CUSTOM "}}]}", link.cookies[1], "CloudFront-Signature=");
	assert_string_equal(link.cookies[2],
		"CloudFront-Key-Pair-Id=K2; Domain=example.org; Path=/media/" TRACK "/; Secure; HttpOnly; SameSite=None");
	assert_int_equal(strncmp(link.cookies[3], "CloudFront-Hash-Algorithm=SHA256;", 33), 0);
	EVP_PKEY_free(key);
}

static void test_address_of_another_kind(void **state)
{
	const struct cdn_want want = {
		.track = TRACK, .file = "low.mp4", .expires = EXPIRES, .address = "2001:db8::7", .grant = ""};
	struct fixture *fixture = *state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct conf_edge edge = nothing;
	struct cdn_link link;
	struct cdn *cdn;

	edge.scheme = "cloudfront";
	edge.policy = "address";
	edge.key_id = "K2";
	edge.key_file = pem_file(fixture, key);
	assert_int_equal(open_one(&edge, &cdn, NULL), ERR_OK);
	assert_int_equal(cdn_link(cdn, &want, &fixture->arena, &link, NULL), ERR_UNSUPPORTED);
	cdn_close(cdn);
	EVP_PKEY_free(key);
}

static void assert_refused(struct conf_edge edge, enum err err)
{
	struct err_info info = {0};
	struct cdn *cdn = NULL;

	assert_int_equal(open_one(&edge, &cdn, &info), err);
	assert_null(cdn);
	assert_non_null(strstr(info.detail, "edge edge: "));
}

static void test_refuses(void **state)
{
	struct fixture *fixture = *state;
	struct conf_edge edge = nothing;
	EVP_PKEY *key = EVP_EC_gen("P-384");

	edge.scheme = "hmac";
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.key_file = "/nonexistent/key";
	assert_refused(edge, ERR_NOT_FOUND);
	edge.key_file = key_file(fixture, "", 0600);
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.key_file = key_file(fixture, "not hex", 0600);
	edge.key_format = "hex";
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.key_format = "base64";
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.key_format = "text";
	edge.sign = "{path}";
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.sign = "{path}{expires}{mac}";
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.sign = "{path}{expires}{other}";
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.sign = "";
	edge.query = "expires={expires}";
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.key_file = key_file(fixture, "others may read it", 0640);
	assert_refused(edge, ERR_FORBIDDEN);
	edge.scheme = "cloudfront";
	edge.key_id = "K2";
	edge.key_file = key_file(fixture, "no PEM", 0600);
	assert_refused(edge, ERR_BAD_REQUEST);
	edge.key_file = pem_file(fixture, key);
	assert_refused(edge, ERR_BAD_REQUEST);
	EVP_PKEY_free(key);
}

static void assert_edge(const struct cdn *cdn, struct arena *arena, const char *country, const char *name)
{
	const struct cdn_want want = {
		.track = TRACK, .file = "low.mp4", .expires = EXPIRES, .address = "", .country = country, .grant = ""};
	struct cdn_link link;

	assert_int_equal(cdn_link(cdn, &want, arena, &link, NULL), ERR_OK);
	assert_string_equal(link.edge, name);
}

static void test_nearest(void **state)
{
	struct fixture *fixture = *state;
	struct conf_edge edges[4] = {nothing, nothing, nothing, nothing};
	struct conf conf = {.edges = edges, .edge_count = 4, .redirect_url = "https://old.example.org"};
	struct cdn *cdn;

	edges[0].name = "us";
	edges[0].continents = "NA SA";
	edges[1].name = "eu";
	edges[1].continents = "EU";
	edges[2].name = "alps";
	edges[2].countries = "CH, AT";
	edges[3].name = "rest";
	assert_int_equal(cdn_open(&conf, &cdn, NULL), ERR_OK);
	assert_edge(cdn, &fixture->arena, "AT", "alps");
	assert_edge(cdn, &fixture->arena, "DE", "eu");
	assert_edge(cdn, &fixture->arena, "BR", "us");
	assert_edge(cdn, &fixture->arena, "JP", "rest");
	assert_edge(cdn, &fixture->arena, NULL, "rest");
	assert_edge(cdn, &fixture->arena, "", "rest");
	cdn_close(cdn);
	conf.edge_count = 3;
	assert_int_equal(cdn_open(&conf, &cdn, NULL), ERR_OK);
	assert_edge(cdn, &fixture->arena, "JP", "us");
	cdn_close(cdn);
	conf.edge_count = 0;
	assert_int_equal(cdn_open(&conf, &cdn, NULL), ERR_OK);
	assert_true(cdn_has_edges(cdn));
	assert_edge(cdn, &fixture->arena, "JP", "redirect_url");
	cdn_close(cdn);
	conf.redirect_url = "";
	assert_int_equal(cdn_open(&conf, &cdn, NULL), ERR_OK);
	assert_false(cdn_has_edges(cdn));
	cdn_close(cdn);
}

static void test_continents(void **state)
{
	(void)state;
	assert_string_equal(continent_of("NZ"), "OC");
	assert_string_equal(continent_of("ZA"), "AF");
	assert_string_equal(continent_of("IN"), "AS");
	assert_string_equal(continent_of("AQ"), "AN");
	assert_string_equal(continent_of("XX"), "");
	assert_string_equal(continent_of("O "), "");
	assert_string_equal(continent_of(""), "");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_dir, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_tokens),
		IN_FOLDER(test_bunny),
		IN_FOLDER(test_plain),
		IN_FOLDER(test_cloudfront_rsa),
		IN_FOLDER(test_cloudfront_ecdsa),
		IN_FOLDER(test_cloudfront_cookies),
		IN_FOLDER(test_address_of_another_kind),
		IN_FOLDER(test_refuses),
		IN_FOLDER(test_nearest),
		cmocka_unit_test(test_continents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
