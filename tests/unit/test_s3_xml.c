/* SPDX-License-Identifier: MIT */
#include "storage/s3_xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void note(void *context, const char *path, const char *text)
{
	buf_printf(context, "%s=%s\n", path, text);
}

static enum err walk(const char *document, struct buf *seen)
{
	buf_init(seen, 65536);
	return s3_xml_walk(document, strlen(document), note, seen, NULL);
}

static void tells_of_each_element(void **state)
{
	struct buf seen;

	(void)state;
	assert_int_equal(
		walk("<?xml version=\"1.0\"?>\n<s3:List xmlns:s3=\"urn:x\"><Item a=\"b\"><Key>a&amp;b &#x20AC;</Key>"
		     "<Size>1</Size></Item><Empty/></s3:List>",
			&seen),
		ERR_OK);
	assert_string_equal(buf_text(&seen),
		"List/Item/Key=a&b \xE2\x82\xAC\nList/Item/Size=1\nList/Item=\nList/Empty=\nList=\n");
	buf_free(&seen);
}

static void refuses_what_is_no_xml(void **state)
{
	static const char *const bad[] = {"", "<a>", "<a></b>", "a", "<a/><b/>", "<a>\xFF</a>", "<a>&other;</a>"};
	struct buf seen;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(walk(bad[i], &seen), ERR_IO);
		buf_free(&seen);
	}
}

static void refuses_entities_of_its_own(void **state)
{
	struct buf seen;

	(void)state;
	assert_int_equal(walk("<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>", &seen), ERR_IO);
	assert_string_equal(buf_text(&seen), "");
	buf_free(&seen);
}

static char *repeated(const char *before, const char *text, size_t count, const char *after)
{
	char *made = malloc(strlen(before) + strlen(text) * count + strlen(after) + 1), *end = made;

	assert_non_null(made);
	end = stpcpy(end, before);
	while (count-- > 0)
		end = stpcpy(end, text);
	stpcpy(end, after);
	return made;
}

static void has_limits(void **state)
{
	struct buf seen;
	char *text;

	(void)state;
	text = repeated("", "<a>", S3_XML_DEPTH + 1, "");
	assert_int_equal(walk(text, &seen), ERR_IO);
	buf_free(&seen);
	free(text);
	text = repeated("<a>", "x", S3_XML_TEXT, "</a>");
	assert_int_equal(walk(text, &seen), ERR_OK);
	buf_free(&seen);
	free(text);
	text = repeated("<a>", "x", S3_XML_TEXT + 1, "</a>");
	assert_int_equal(walk(text, &seen), ERR_IO);
	buf_free(&seen);
	free(text);
	text = repeated("<", "n", S3_XML_PATH, "/>");
	assert_int_equal(walk(text, &seen), ERR_IO);
	buf_free(&seen);
	free(text);
}

static void escapes_what_is_reserved(void **state)
{
	struct buf out, seen;

	(void)state;
	buf_init(&out, 256);
	buf_puts(&out, "<k>");
	s3_xml_escape(&out, "a<b>&\"c\" \xC3\xA9");
	buf_puts(&out, "</k>");
	assert_string_equal(buf_text(&out), "<k>a&lt;b&gt;&amp;&quot;c&quot; \xC3\xA9</k>");
	assert_int_equal(walk(buf_text(&out), &seen), ERR_OK);
	assert_string_equal(buf_text(&seen), "k=a<b>&\"c\" \xC3\xA9\n");
	buf_free(&out);
	buf_free(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_of_each_element),
		cmocka_unit_test(refuses_what_is_no_xml),
		cmocka_unit_test(refuses_entities_of_its_own),
		cmocka_unit_test(has_limits),
		cmocka_unit_test(escapes_what_is_reserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
