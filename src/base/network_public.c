/* SPDX-License-Identifier: MIT */
#include "base/network.h"

#include <stddef.h>

/*
 * What the registries of special-purpose addresses (RFC 6890, as IANA keeps them) do not say to be globally reachable,
 * and what leads to another address or to many: 6to4, Teredo, multicast.
 */
static const char *const special[] = {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"};

/* Beside IPv4, the one prefix of which global unicast addresses are given out. */
static const char *const given_out[] = {"0.0.0.0/0", "2000::/3"};

static bool is_among(const struct network *address, const char *const *list, size_t count)
{
	struct network network;

	for (size_t i = 0; i < count; i++) {
		if (network_read(list[i], &network) && network_contains(&network, address))
			return true;
	}
	return false;
}

bool network_is_public(const struct network *address)
{
	return is_among(address, given_out, sizeof given_out / sizeof *given_out) &&
	       !is_among(address, special, sizeof special / sizeof *special);
}
