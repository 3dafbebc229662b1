/* SPDX-License-Identifier: MIT */
/*
 * Addresses and prefixes of IPv4 and IPv6: "192.0.2.7", "192.0.2.0/24", "2001:db8::/48". An IPv4 address mapped into
 * IPv6 counts as IPv4. Pure, thread-safe.
 */
#ifndef TONEARM_BASE_NETWORK_H
#define TONEARM_BASE_NETWORK_H

#include <stdbool.h>

enum { NETWORK_TEXT_MOST = 49, NETWORK_BITS_4 = 32, NETWORK_BITS_6 = 128 };

struct network {
	unsigned char bytes[16]; /* IPv4 mapped into IPv6 */
	unsigned bits;           /* of them that count; 128 for an address */
};

/* Reads an address or a prefix. False when TEXT is none; OUT is then undefined. */
bool network_read(const char *text, struct network *out);

/* Reads an address. False when TEXT is none, or is a prefix. */
bool network_read_address(const char *text, struct network *out);

/* Whether ONE lies in NETWORK. */
bool network_contains(const struct network *network, const struct network *one);

/* Whether ADDRESS is one of the Internet at large: not of this machine, a private network, or for a special purpose. */
bool network_is_public(const struct network *address);

/*
 * Of an address the prefix that it lies in: of BITS_4 (to 32) bits for IPv4, of BITS_6 (to 128) for IPv6. The rest is
 * 0.
 */
void network_widen(struct network *network, unsigned bits_4, unsigned bits_6);

/* As text: an address, or a prefix with its length. Returns OUT. */
const char *network_write(const struct network *network, char out[static NETWORK_TEXT_MOST + 1]);

/* True for an address or a prefix. */
bool network_valid(const char *network);

/* Whether ADDRESS lies in NETWORK; false when either is none. */
bool network_holds(const char *network, const char *address);

#endif
