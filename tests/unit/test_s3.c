/* SPDX-License-Identifier: MIT */
#include "storage/s3.h"
#include "storage/storage_metrics.h"

#include "base/fs.h"
#include "fixture.h"
#include "http_stub.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the store answers next, and what it was asked last. */
struct told {
	const char *status, *headers, *body;
	const char *then;       /* the body of all later answers; NULL: the same */
	const char *wrong_part; /* "partNumber=N" whose ETag is a lie */
	bool etag;              /* with the MD5 of what came */
	char method[16], target[2048], authorization[1024], sum[128], payload[128], host[128], encoding[64];
	struct buf got;
};

struct stage {
	struct fixture *fixture;
	struct arena *arena;
	struct http_stub *stub;
	struct credentials *credentials;
	struct storage *storage;
	struct told told;
};

static struct stage stage;

static void md5_hex(const void *bytes, size_t length, char out[33])
{
	unsigned char md5[16];

	assert_int_equal(EVP_Digest(bytes, length, md5, NULL, EVP_md5(), NULL), 1);
	hash_hex(md5, sizeof md5, out);
}

static void handle(void *context, const struct http_stub_request *request, struct buf *answer)
{
	struct told *told = context;
	char etag[33], headers[512];

	snprintf(told->method, sizeof told->method, "%s", request->method);
	snprintf(told->target, sizeof told->target, "%s", request->target);
	http_stub_header(request, "authorization", told->authorization, sizeof told->authorization);
	http_stub_header(request, "content-md5", told->sum, sizeof told->sum);
	if (told->sum[0] == '\0')
		http_stub_header(request, "x-amz-checksum-sha256", told->sum, sizeof told->sum);
	http_stub_header(request, "x-amz-content-sha256", told->payload, sizeof told->payload);
	http_stub_header(request, "host", told->host, sizeof told->host);
	http_stub_header(request, "content-encoding", told->encoding, sizeof told->encoding);
	buf_clear(&told->got);
	buf_put(&told->got, request->body, request->body_length);
	md5_hex(request->body, request->body_length, etag);
	if (told->wrong_part != NULL && strstr(request->target, told->wrong_part) != NULL)
		etag[0] = etag[0] == '0' ? '1' : '0';
	snprintf(headers, sizeof headers, "%s", told->headers);
	if (told->etag)
		snprintf(headers, sizeof headers, "ETag: \"%s\"\r\n", etag);
	http_stub_answer(answer, told->status, headers, told->body);
	if (told->then != NULL)
		told->body = told->then;
}

static void answer(const char *status, const char *headers, const char *body)
{
	stage.told.status = status;
	stage.told.headers = headers;
	stage.told.body = body;
	stage.told.then = NULL;
	stage.told.etag = false;
}

static struct s3_options options(void)
{
	return (struct s3_options){.endpoint = http_stub_url(stage.stub),
		.region = "eu-test-1",
		.bucket = "bucket",
		.limits = {.connect_ms = 30000, .least_rate = 1, .slow_s = 60, .parallel = 3},
		.credentials = stage.credentials};
}

static void reopen(const struct s3_options *from)
{
	storage_close(stage.storage);
	assert_int_equal(s3_open(from, &stage.storage, NULL), ERR_OK);
}

static int set_up(void **state)
{
	struct credentials_places places = {.access_key = "AKID", .secret_key = "very secret", .metadata_url = "off"};
	struct s3_options plain;

	memset(&stage, 0, sizeof stage);
	if (fixture_dir(state) != 0)
		return -1;
	stage.fixture = *state;
	stage.arena = &stage.fixture->arena;
	buf_init(&stage.told.got, 1 << 22);
	answer("200 OK", "", "");
	stage.told.etag = true;
	stage.stub = http_stub_start(handle, &stage.told);
	assert_int_equal(credentials_open(&places, NULL, &stage.credentials, NULL), ERR_OK);
	plain = options();
	reopen(&plain);
	return 0;
}

static int tear_down(void **state)
{
	storage_close(stage.storage);
	credentials_free(stage.credentials);
	http_stub_stop(stage.stub);
	buf_free(&stage.told.got);
	return fixture_remove(state);
}

static struct storage_put file_of(const char *key, const char *text, size_t length)
{
	const char *path = arena_printf(stage.arena, "%s/source", stage.fixture->dir);
	struct storage_put put = {.key = key, .size = length};

	assert_int_equal(fs_write_file(path, text, length, 0600, NULL), ERR_OK);
	put.fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(put.fd >= 0);
	return put;
}

static enum err put_text(const char *key, const char *text, struct storage_object *object, struct err_info *info)
{
	struct storage_put put = file_of(key, text, strlen(text));
	enum err err = storage_put(stage.storage, &put, stage.arena, object, info);

	close(put.fd);
	return err;
}

static void puts_what_the_store_confirms(void **state)
{
	struct storage_object object;
	struct err_info info;

	(void)state;
	assert_int_equal(put_text("a b/c+d%\xC3\xA9", "hello", &object, &info), ERR_OK);
	assert_string_equal(stage.told.method, "PUT");
	assert_string_equal(stage.told.target, "/bucket/a%20b/c%2Bd%25%C3%A9");
	assert_string_equal(buf_text(&stage.told.got), "hello");
	assert_string_equal(stage.told.sum, "XUFAKrxLKna5cZ2REBfFkg==");
	assert_string_equal(
		stage.told.payload, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
	assert_non_null(strstr(stage.told.authorization, "Credential=AKID/"));
	assert_non_null(
		strstr(stage.told.authorization, "/eu-test-1/s3/aws4_request, SignedHeaders="
						 "content-md5;host;x-amz-content-sha256;x-amz-date, Signature="));
	assert_string_equal(object.etag, "5d41402abc4b2a76b9719d911017c592");
	assert_int_equal(object.size, 5);
	answer("200 OK", "ETag: \"5d41402abc4b2a76b9719d911017c593\"\r\n", "");
	assert_int_equal(put_text("a", "hello", &object, &info), ERR_IO);
	assert_non_null(strstr(info.detail, "something else"));
	/* An ETag that is no MD5 proves nothing; the payload's hash was signed and so looked at. */
	answer("200 OK", "ETag: \"whatever\"\r\n", "");
	assert_int_equal(put_text("a", "hello", &object, &info), ERR_OK);
	answer("200 OK",
		"ETag: \"5d41402abc4b2a76b9719d911017c593\"\r\nx-amz-server-side-encryption: aws:kms\r\n", "");
	assert_int_equal(put_text("a", "hello", &object, &info), ERR_OK);
}

/* The value of SERIES in METRICS; 0 when it is not there. */
static double counted(struct metrics *metrics, const char *series)
{
	struct buf text;
	const char *at;
	double value = 0;

	buf_init(&text, 1 << 20);
	metrics_write(metrics, &text);
	at = strstr(buf_text(&text), series);
	if (at != NULL)
		value = strtod(at + strlen(series), NULL);
	buf_free(&text);
	return value;
}

static void requests_are_counted(void **state)
{
	struct metrics *metrics;
	struct storage_objects objects;
	struct err_info info;
	const char *path = arena_printf(stage.arena, "%s/metrics", stage.fixture->dir);

	(void)state;
	assert_int_equal(metrics_open(path, &metrics, NULL), ERR_OK);
	storage_metrics_watch(metrics);
	assert_int_equal(put_text("a", "hello", NULL, &info), ERR_OK);
	answer("403 Forbidden", "", "<Error><Code>AccessDenied</Code></Error>");
	assert_int_equal(put_text("a", "hello", NULL, &info), ERR_FORBIDDEN);
	answer("200 OK", "", "<ListBucketResult></ListBucketResult>");
	assert_int_equal(storage_list(stage.storage, "", "", 10, stage.arena, &objects, &info), ERR_OK);
	storage_metrics_watch(NULL);
	assert_true(counted(metrics, "tonearm_storage_requests_total{operation=\"put\",outcome=\"ok\"} ") == 1);
	assert_true(counted(metrics, "tonearm_storage_requests_total{operation=\"put\",outcome=\"forbidden\"} ") == 1);
	assert_true(counted(metrics, "tonearm_storage_requests_total{operation=\"list\",outcome=\"ok\"} ") == 1);
	assert_true(counted(metrics, "tonearm_storage_request_duration_seconds_count{operation=\"put\"} ") == 2);
	assert_true(counted(metrics, "tonearm_storage_bytes_total{direction=\"out\"} ") == 5);
	assert_true(counted(metrics, "tonearm_storage_bytes_total{direction=\"in\"} ") > 20);
	metrics_close(metrics);
}

static void sends_the_checksum_that_is_chosen(void **state)
{
	struct s3_options chosen = options();
	struct storage_object object;

	(void)state;
	chosen.checksum = S3_CHECKSUM_SHA256;
	reopen(&chosen);
	answer("200 OK", "x-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\r\n", "");
	assert_int_equal(put_text("a", "hello", &object, NULL), ERR_OK);
	assert_string_equal(stage.told.sum, "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
	answer("200 OK", "x-amz-checksum-sha256: AAAANul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmC=\r\n", "");
	assert_int_equal(put_text("a", "hello", &object, NULL), ERR_IO);
	chosen.checksum = S3_CHECKSUM_NONE;
	reopen(&chosen);
	stage.told.etag = true;
	assert_int_equal(put_text("a", "hello", &object, NULL), ERR_OK);
	assert_string_equal(stage.told.sum, "");
}

/* Takes aws-chunked apart; returns the bytes in it. */
static size_t unchunked(const struct buf *wire, struct buf *out)
{
	const char *at = wire->data, *end = wire->data + wire->length;
	size_t chunks = 0;

	for (;;) {
		char *rest;
		size_t length = strtoul(at, &rest, 16);

		assert_int_equal(strncmp(rest, ";chunk-signature=", 17), 0);
		at = strstr(rest, "\r\n") + 2;
		assert_int_equal(at - rest, 17 + 64 + 2);
		buf_put(out, at, length);
		at += length;
		assert_memory_equal(at, "\r\n", 2);
		at += 2;
		chunks++;
		if (length == 0)
			break;
	}
	assert_ptr_equal(at, end);
	return chunks;
}

static void signs_in_chunks_when_asked(void **state)
{
	struct s3_options chosen = options();
	char *bytes = arena_alloc(stage.arena, 200000), etag[33];
	struct storage_put put;
	struct buf out;

	(void)state;
	chosen.payload = S3_PAYLOAD_CHUNKED;
	reopen(&chosen);
	for (size_t i = 0; i < 200000; i++)
		bytes[i] = (char)('a' + i * i % 23);
	put = file_of("big", bytes, 200000);
	md5_hex(bytes, 200000, etag);
	answer("200 OK", arena_printf(stage.arena, "ETag: \"%s\"\r\n", etag), "");
	assert_int_equal(storage_put(stage.storage, &put, stage.arena, NULL, NULL), ERR_OK);
	assert_string_equal(stage.told.payload, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
	assert_string_equal(stage.told.encoding, "aws-chunked");
	buf_init(&out, 200000);
	assert_int_equal(unchunked(&stage.told.got, &out), 5);
	assert_int_equal(out.length, 200000);
	assert_memory_equal(out.data, bytes, 200000);
	/* The sum of what was read on the way counts, too. */
	answer("200 OK", "ETag: \"5d41402abc4b2a76b9719d911017c593\"\r\n", "");
	assert_int_equal(storage_put(stage.storage, &put, stage.arena, NULL, NULL), ERR_IO);
	close(put.fd);
	buf_free(&out);
}

static void tells_errors_apart(void **state)
{
	static const struct {
		const char *status, *code;
		enum err err;
		bool retry;
	} cases[] = {
		{"503 Slow Down", "SlowDown", ERR_BUSY, true},
		{"503 Unavailable", "", ERR_BUSY, true},
		{"429 Too Many", "", ERR_BUSY, true},
		{"400 Bad", "RequestTimeout", ERR_TIMEOUT, true},
		{"504 Late", "", ERR_TIMEOUT, true},
		{"500 Ill", "InternalError", ERR_IO, true},
		{"502 Ill", "", ERR_IO, true},
		{"400 Bad", "BadDigest", ERR_IO, true},
		{"400 Bad", "XAmzContentSHA256Mismatch", ERR_IO, true},
		{"400 Bad", "ExpiredToken", ERR_UNAUTHORIZED, true},
		{"403 No", "SignatureDoesNotMatch", ERR_FORBIDDEN, false},
		{"403 No", "AccessDenied", ERR_FORBIDDEN, false},
		{"403 No", "QuotaExceeded", ERR_NO_SPACE, false},
		{"404 No", "NoSuchBucket", ERR_NOT_FOUND, false},
		{"412 No", "PreconditionFailed", ERR_PRECONDITION, false},
		{"400 Bad", "EntityTooLarge", ERR_TOO_LARGE, false},
		{"501 No", "NotImplemented", ERR_UNSUPPORTED, false},
		{"301 Moved", "PermanentRedirect", ERR_BAD_REQUEST, false},
		{"400 Bad", "InvalidArgument", ERR_BAD_REQUEST, false},
	};
	struct err_info info;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *body = arena_printf(stage.arena,
			"<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>told\x7F you</Message>"
			"<StringToSign>SECRET</StringToSign></Error>", cases[i].code);

		answer(cases[i].status, "", cases[i].code[0] == '\0' ? "<html>not closed" : body);
		assert_int_equal(put_text("a", "hello", NULL, &info), cases[i].err);
		assert_int_equal(info.code, cases[i].err);
		assert_int_equal(storage_may_retry(cases[i].err), cases[i].retry);
		assert_non_null(strstr(info.detail, "PUT /bucket/a: the object store answered "));
		assert_non_null(strstr(info.detail, cases[i].code));
		assert_null(strstr(info.detail, "SECRET"));
		assert_null(strchr(info.detail, '\x7F'));
	}
}

static void sees_an_error_behind_a_200(void **state)
{
	struct err_info info;

	(void)state;
	answer("200 OK", "", "<Error><Code>SlowDown</Code></Error>");
	assert_int_equal(storage_copy(stage.storage, "a", "b", &info), ERR_BUSY);
	answer("200 OK", "", "<CopyObjectResult><ETag>x</ETag></CopyObjectResult>");
	assert_int_equal(storage_copy(stage.storage, "a", "b", &info), ERR_OK);
}

static void lists_encoded_keys(void **state)
{
	struct storage_objects page;

	(void)state;
	answer("200 OK", "",
		"<ListBucketResult xmlns=\"urn:s3\"><IsTruncated>true</IsTruncated><Contents><Key>a+b%2Bc%25</Key>"
		"<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;e1&quot;</ETag><Size>7</Size>"
		"</Contents>"
		"<Contents><Key>%C3%A9%</Key><Size>99999999999999999999</Size></Contents>"
		"<Contents><Key>too many</Key></Contents><EncodingType>url</EncodingType></ListBucketResult>");
	assert_int_equal(storage_list(stage.storage, "p q", "p+", 2, stage.arena, &page, NULL), ERR_OK);
	assert_string_equal(stage.told.target,
		"/bucket?encoding-type=url&list-type=2&max-keys=2&prefix=p%20q&start-after=p%2B");
	assert_int_equal(page.count, 2);
	assert_true(page.more);
	assert_string_equal(page.objects[0].key, "a b+c%");
	assert_string_equal(page.objects[0].etag, "e1");
	assert_int_equal(page.objects[0].size, 7);
	assert_int_equal(page.objects[0].modified_s, 1767225600);
	assert_string_equal(page.objects[1].key, "\xC3\xA9%");
	assert_int_equal(page.objects[1].size, 0);
	answer("200 OK", "", "<ListBucketResult><Contents>");
	assert_int_equal(storage_list(stage.storage, "", "", 2, stage.arena, &page, NULL), ERR_IO);
}

static void deletes_many_at_once(void **state)
{
	static const char *const keys[] = {"a&b", "c"};
	struct err_info info;

	(void)state;
	answer("200 OK", "", "<DeleteResult/>");
	assert_int_equal(storage_delete_all(stage.storage, keys, 2, NULL), ERR_OK);
	assert_string_equal(stage.told.method, "POST");
	assert_string_equal(stage.told.target, "/bucket?delete=");
	assert_non_null(strstr(buf_text(&stage.told.got),
		"<Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object></Delete>"));
	answer("200 OK", "", "<DeleteResult><Error><Key>c</Key><Code>AccessDenied</Code></Error></DeleteResult>");
	assert_int_equal(storage_delete_all(stage.storage, keys, 2, &info), ERR_FORBIDDEN);
	assert_non_null(strstr(info.detail, " c: AccessDenied"));
	answer("404 No", "", "");
	assert_int_equal(storage_delete(stage.storage, "c", NULL), ERR_OK);
	assert_string_equal(stage.told.method, "DELETE");
}

/* What was not there is gone, and hides nothing. */
static void hears_of_each_refusal(void **state)
{
	static const char *const keys[] = {"a", "b"};
	struct err_info info;

	(void)state;
	answer("200 OK", "",
		"<DeleteResult><Error><Key>a</Key><Code>NoSuchKey</Code></Error>"
		"<Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>");
	assert_int_equal(storage_delete_all(stage.storage, keys, 2, &info), ERR_FORBIDDEN);
	assert_non_null(strstr(info.detail, " b: AccessDenied"));
	answer("200 OK", "", "<DeleteResult><Error><Key>a</Key><Code>NoSuchKey</Code></Error></DeleteResult>");
	assert_int_equal(storage_delete_all(stage.storage, keys, 2, NULL), ERR_OK);
}

static void lists_uploads_page_by_page(void **state)
{
	struct storage_upload *uploads;
	size_t count;

	(void)state;
	answer("200 OK", "",
		"<ListMultipartUploadsResult><KeyMarker/><UploadIdMarker/><NextKeyMarker>a b</NextKeyMarker>"
		"<NextUploadIdMarker>1</NextUploadIdMarker><IsTruncated>true</IsTruncated><Upload><Key>a b</Key>"
		"<UploadId>1</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>"
		"</ListMultipartUploadsResult>");
	stage.told.then = "<ListMultipartUploadsResult><KeyMarker>a b</KeyMarker><UploadIdMarker>1</UploadIdMarker>"
			  "<IsTruncated>false</IsTruncated><Upload><Key>c</Key><UploadId>2</UploadId></Upload>"
			  "</ListMultipartUploadsResult>";
	assert_int_equal(storage_upload_list(stage.storage, "", stage.arena, &uploads, &count, NULL), ERR_OK);
	assert_int_equal(count, 2);
	assert_string_equal(uploads[0].key, "a b");
	assert_int_equal(uploads[0].begun_s, 1767225600);
	assert_string_equal(uploads[1].key, "c");
	assert_string_equal(uploads[1].id, "2");
	assert_non_null(strstr(stage.told.target, "key-marker=a%20b"));
	assert_non_null(strstr(stage.told.target, "upload-id-marker=1"));
}

static bool pour(void *context, const void *bytes, size_t length, struct err_info *info)
{
	(void)info;
	buf_put(context, bytes, length);
	return true;
}

static void takes_no_other_range(void **state)
{
	struct storage_range range = {5, 3};
	struct storage_object object;
	struct buf got;

	(void)state;
	buf_init(&got, 64);
	answer("206 Partial", "Content-Range: bytes 5-7/11\r\nx-amz-meta-sha256: abc\r\n", "efg");
	assert_int_equal(storage_get(stage.storage, "a", &range, pour, &got, stage.arena, &object, NULL), ERR_OK);
	assert_string_equal(buf_text(&got), "efg");
	assert_int_equal(object.size, 11);
	assert_string_equal(object.sha256, "abc");
	answer("206 Partial", "Content-Range: bytes 0-2/11\r\n", "abc");
	assert_int_equal(
		storage_get(stage.storage, "a", &range, pour, &got, stage.arena, &object, NULL), ERR_UNSUPPORTED);
	answer("200 OK", "", "abcdefghijk");
	assert_int_equal(
		storage_get(stage.storage, "a", &range, pour, &got, stage.arena, &object, NULL), ERR_UNSUPPORTED);
	assert_string_equal(buf_text(&got), "efg");
	buf_free(&got);
}

static void note_end(void *context, enum err err)
{
	*(enum err *)context = err;
}

static bool refuse(void *context, const void *bytes, size_t length, struct err_info *info)
{
	(void)context;
	(void)bytes;
	(void)length;
	err_set(info, ERR_IO, "nobody listens any more");
	return false;
}

/* A listener who goes away says nothing of the store. */
static void what_nobody_takes_is_no_failure_of_the_store(void **state)
{
	struct s3_options wanted = options();
	struct storage_object object;
	enum err told = ERR_INTERNAL;

	(void)state;
	wanted.guard = (struct s3_guard){.ended = note_end, .context = &told};
	reopen(&wanted);
	answer("200 OK", "", "sound");
	assert_int_equal(storage_get(stage.storage, "a", NULL, refuse, NULL, stage.arena, &object, NULL), ERR_IO);
	assert_int_equal(told, ERR_OK);
	answer("500 Oh", "", "");
	assert_int_equal(storage_get(stage.storage, "a", NULL, refuse, NULL, stage.arena, &object, NULL), ERR_IO);
	assert_int_equal(told, ERR_IO);
}

static enum err count_parts(void *context, const struct storage_part *part, struct err_info *info)
{
	(void)info;
	assert_non_null(part->etag);
	++*(int *)context;
	return ERR_OK;
}

static void tells_of_each_part(void **state)
{
	struct storage_put put = file_of("big", "aaabbbcc", 8);
	struct storage_part parts[] = {{1, 0, 3, NULL}, {2, 3, 3, NULL}, {3, 6, 2, NULL}};
	const char *id, *etag;
	int told = 0;

	(void)state;
	answer("200 OK", "",
		"<InitiateMultipartUploadResult><UploadId>u/1+</UploadId></InitiateMultipartUploadResult>");
	assert_int_equal(storage_upload_begin(stage.storage, &put, stage.arena, &id, NULL), ERR_OK);
	assert_string_equal(id, "u/1+");
	answer("200 OK", "", "<InitiateMultipartUploadResult/>");
	assert_int_equal(storage_upload_begin(stage.storage, &put, stage.arena, &etag, NULL), ERR_IO);
	answer("200 OK", "", "");
	stage.told.etag = true;
	stage.told.wrong_part = "partNumber=2&";
	assert_int_equal(
		storage_upload_parts(stage.storage, &put, id, parts, 3, count_parts, &told, stage.arena, NULL), ERR_IO);
	assert_int_equal(told, 2);
	assert_null(parts[1].etag);
	stage.told.wrong_part = NULL;
	assert_int_equal(
		storage_upload_parts(stage.storage, &put, id, parts, 3, count_parts, &told, stage.arena, NULL), ERR_OK);
	assert_int_equal(told, 3);
	assert_string_equal(stage.told.target, "/bucket/big?partNumber=2&uploadId=u%2F1%2B");
	assert_string_equal(buf_text(&stage.told.got), "bbb");
	answer("200 OK", "", "<CompleteMultipartUploadResult><ETag>\"e-3\"</ETag></CompleteMultipartUploadResult>");
	assert_int_equal(storage_upload_complete(stage.storage, "big", id, parts, 3, stage.arena, &etag, NULL), ERR_OK);
	assert_string_equal(etag, "e-3");
	answer("200 OK", "", "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>");
	assert_int_equal(storage_upload_complete(stage.storage, "big", id, parts, 3, stage.arena, &etag, NULL), ERR_OK);
	assert_null(etag);
	answer("200 OK", "", "<CompleteMultipartUploadResult/>");
	assert_int_equal(storage_upload_complete(stage.storage, "big", id, parts, 3, stage.arena, &etag, NULL), ERR_IO);
	answer("200 OK", "", "<Error><Code>InvalidPart</Code></Error>");
	assert_int_equal(
		storage_upload_complete(stage.storage, "big", id, parts, 3, stage.arena, &etag, NULL), ERR_CONFLICT);
	close(put.fd);
}

static void puts_several_each_for_itself(void **state)
{
	struct storage_put put = file_of("a", "some", 4);
	struct storage_sent sent[] = {{.put = put}, {.put = put}, {.put = put}, {.put = put}, {.put = put}};
	const size_t count = sizeof sent / sizeof *sent;

	(void)state;
	sent[1].put.key = "";
	sent[2].put.key = "partNumber=2";
	sent[3].put.size = 5;
	stage.told.wrong_part = "/bucket/partNumber";
	storage_put_each(stage.storage, sent, count, stage.arena);
	assert_int_equal(sent[0].err, ERR_OK);
	assert_int_equal(sent[1].err, ERR_BAD_REQUEST);
	assert_int_equal(sent[2].err, ERR_IO);
	assert_non_null(strstr(sent[2].info.detail, "something else"));
	assert_int_equal(sent[3].err, ERR_IO);
	assert_int_equal(sent[4].err, ERR_OK);
	storage_put_each(stage.storage, sent, 0, stage.arena);
	close(put.fd);
}

static void looks_for_several(void **state)
{
	struct storage_look looks[] = {{.key = "a"}, {.key = "\n"}, {.key = "c"}};

	(void)state;
	answer("200 OK", "ETag: \"e\"\r\nx-amz-meta-sha256: sum\r\n", "");
	storage_head_each(stage.storage, looks, 3, stage.arena);
	assert_string_equal(stage.told.method, "HEAD");
	for (size_t i = 0; i < 3; i += 2) {
		assert_int_equal(looks[i].err, ERR_OK);
		assert_string_equal(looks[i].object.key, looks[i].key);
		assert_string_equal(looks[i].object.etag, "e");
		assert_string_equal(looks[i].object.sha256, "sum");
	}
	assert_int_equal(looks[1].err, ERR_BAD_REQUEST);
	answer("404 No", "", "");
	storage_head_each(stage.storage, looks, 3, stage.arena);
	assert_int_equal(looks[0].err, ERR_NOT_FOUND);
	assert_int_equal(looks[2].err, ERR_NOT_FOUND);
}

static enum err spend(void *context, enum s3_cost cost, struct err_info *info)
{
	int *left = context;

	if (cost != S3_COST_WRITE || (*left)-- > 0)
		return ERR_OK;
	return err_set(info, ERR_TOO_MANY, "that was all for this month");
}

static void keeps_to_its_budget(void **state)
{
	struct s3_options tight = options();
	struct storage_object object;
	struct err_info info;
	int left = 2, asked;

	(void)state;
	tight.budget = (struct s3_budget){spend, &left};
	reopen(&tight);
	assert_int_equal(put_text("a", "1", NULL, NULL), ERR_OK);
	assert_int_equal(put_text("b", "2", NULL, NULL), ERR_OK);
	asked = http_stub_requests(stage.stub);
	assert_int_equal(put_text("c", "3", NULL, &info), ERR_TOO_MANY);
	assert_string_equal(info.detail, "that was all for this month");
	assert_int_equal(http_stub_requests(stage.stub), asked);
	assert_int_equal(storage_head(stage.storage, "a", stage.arena, &object, NULL), ERR_OK);
}

static void presigns_for_both_styles(void **state)
{
	struct s3_options host = options();
	const char *url;

	(void)state;
	assert_int_equal(storage_presign(stage.storage, "GET", "a b", 60, stage.arena, &url, NULL), ERR_OK);
	assert_non_null(strstr(url, arena_printf(stage.arena, "%s/bucket/a%%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&",
					 http_stub_url(stage.stub))));
	assert_non_null(strstr(url, "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature="));
	host.host_style = true;
	host.endpoint = "https://store.example:8443";
	reopen(&host);
	assert_int_equal(storage_presign(stage.storage, "PUT", "a/b", 60, stage.arena, &url, NULL), ERR_OK);
	assert_int_equal(strncmp(url, "https://bucket.store.example:8443/a/b?", 38), 0);
	assert_int_equal(
		storage_presign(stage.storage, "PUT", "a/b", 604801, stage.arena, &url, NULL), ERR_BAD_REQUEST);
}

static void refuses_what_is_no_store(void **state)
{
	static const char *const endpoints[] = {"", "store.example", "ftp://x", "https://", "https://x/", "https://x/y",
		"https://u:p@x", "http://a b", "http://[::1"};
	struct s3_options bad = options();
	struct storage *storage;

	(void)state;
	for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
		bad.endpoint = endpoints[i];
		assert_int_equal(s3_open(&bad, &storage, NULL), ERR_BAD_REQUEST);
		assert_null(storage);
	}
	bad = options();
	bad.bucket = "a/b";
	assert_int_equal(s3_open(&bad, &storage, NULL), ERR_BAD_REQUEST);
	bad = options();
	bad.payload = S3_PAYLOAD_UNSIGNED;
	assert_int_equal(s3_open(&bad, &storage, NULL), ERR_BAD_REQUEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(puts_what_the_store_confirms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(requests_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sends_the_checksum_that_is_chosen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signs_in_chunks_when_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_errors_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sees_an_error_behind_a_200, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_encoded_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deletes_many_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hears_of_each_refusal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_uploads_page_by_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(takes_no_other_range, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_takes_is_no_failure_of_the_store, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_of_each_part, set_up, tear_down),
		cmocka_unit_test_setup_teardown(puts_several_each_for_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(looks_for_several, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_to_its_budget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(presigns_for_both_styles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_store, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
