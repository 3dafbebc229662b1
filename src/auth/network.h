/* SPDX-License-Identifier: MIT */
/* Addresses and prefixes of IPv4 and IPv6, as text: "192.0.2.7", "192.0.2.0/24", "2001:db8::/48". Pure, thread-safe. */
#ifndef TONEARM_AUTH_NETWORK_H
#define TONEARM_AUTH_NETWORK_H

#include <stdbool.h>

enum { NETWORK_TEXT_MOST = 49 };

/* True for an address or a prefix. */
bool network_valid(const char *network);

/* Whether ADDRESS lies in NETWORK; false when either is none. An IPv4 address mapped into IPv6 counts as IPv4. */
bool network_holds(const char *network, const char *address);

#endif
