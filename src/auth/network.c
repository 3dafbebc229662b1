/* SPDX-License-Identifier: MIT */
#include "auth/network.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAPPED_BITS = 96 };

struct network {
	unsigned char bytes[16]; /* IPv4 mapped into IPv6 */
	unsigned bits;
};

static bool read_address(const char *text, unsigned char out[static 16], bool *four)
{
	static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};

	*four = inet_pton(AF_INET, text, out + sizeof mapped) == 1;
	if (*four) {
		memcpy(out, mapped, sizeof mapped);
		return true;
	}
	return inet_pton(AF_INET6, text, out) == 1;
}

static bool read_network(const char *text, struct network *out)
{
	const char *slash = strchr(text, '/');
	char address[NETWORK_TEXT_MOST + 1];
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint64_t bits;
	bool four;

	if (length > NETWORK_TEXT_MOST)
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!read_address(address, out->bytes, &four))
		return false;
	bits = four ? 32 : 128;
	if (slash != NULL && !text_to_u64(slash + 1, bits, &bits))
		return false;
	out->bits = (unsigned)bits + (four ? MAPPED_BITS : 0);
	return true;
}

bool network_valid(const char *network)
{
	struct network read;

	return strlen(network) <= NETWORK_TEXT_MOST && read_network(network, &read);
}

bool network_holds(const char *network, const char *address)
{
	struct network net, one;

	if (!read_network(network, &net) || strchr(address, '/') != NULL || !read_network(address, &one))
		return false;
	for (unsigned bit = 0; bit < net.bits; bit++) {
		unsigned char mask = (unsigned char)(0x80 >> bit % 8);

		if ((net.bytes[bit / 8] & mask) != (one.bytes[bit / 8] & mask))
			return false;
	}
	return true;
}
