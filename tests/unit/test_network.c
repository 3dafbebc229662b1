/* SPDX-License-Identifier: MIT */
#include "base/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_lies_in_what(void **state)
{
	static const struct {
		const char *network, *address;
		bool holds;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.8", false},
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.0/24", "::ffff:192.0.2.1", true},
		{"192.0.2.0/24", "2001:db8::1", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"::1", "::1", true},
		{"192.0.2.0/24", "", false},
		{"192.0.2.0/24", "192.0.2.0/24", false},
	};
	static const char *const bad[] = {"", "x", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "::/129",
		"1.2.3.4/a", "1.2.3.4|", "192.0.2.0/24/24", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/128"};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(network_valid(cases[i].network));
		if (network_holds(cases[i].network, cases[i].address) != cases[i].holds)
			fail_msg("%s in %s", cases[i].address, cases[i].network);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(network_valid(bad[i]) || network_holds(bad[i], "192.0.2.1"));
}

/* ADDRESS widened to the prefixes that one subscriber has. */
static void assert_widened(const char *address, unsigned bits_4, unsigned bits_6, const char *expected)
{
	char text[NETWORK_TEXT_MOST + 1];
	struct network network;

	assert_true(network_read(address, &network));
	network_widen(&network, bits_4, bits_6);
	assert_string_equal(network_write(&network, text), expected);
}

static void widening(void **state)
{
	(void)state;
	assert_widened("192.0.2.7", 32, 64, "192.0.2.7");
	assert_widened("192.0.2.7", 24, 64, "192.0.2.0/24");
	assert_widened("192.0.2.255", 25, 64, "192.0.2.128/25");
	assert_widened("192.0.2.7", 0, 64, "0.0.0.0/0");
	assert_widened("::ffff:192.0.2.7", 32, 64, "192.0.2.7");
	assert_widened("2001:db8::1", 32, 64, "2001:db8::/64");
	assert_widened("2001:db8:0:0:ffff::1", 32, 64, "2001:db8::/64");
	assert_widened("2001:db8:1:2fff::1", 32, 52, "2001:db8:1:2000::/52");
	assert_widened("2001:db8::1", 32, 128, "2001:db8::1");
	assert_widened("2001:db8::/32", 32, 64, "2001:db8::/32");
	assert_widened("2001:db8::1", 32, 0, "::/0");
}

static void an_address_is_no_prefix(void **state)
{
	struct network network;

	(void)state;
	assert_true(network_read_address("2001:db8::1", &network));
	assert_int_equal(network.bits, 128);
	assert_false(network_read_address("192.0.2.7/32", &network));
	assert_false(network_read_address("fe80::1%eth0", &network));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_in_what),
		cmocka_unit_test(widening),
		cmocka_unit_test(an_address_is_no_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
