/* SPDX-License-Identifier: MIT */
#include "base/network.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { MAPPED_BYTES = 12, MAPPED_BITS = 8 * MAPPED_BYTES };

static const unsigned char mapped[MAPPED_BYTES] = {[10] = 0xFF, [11] = 0xFF};

static bool read_bytes(const char *text, unsigned char out[static 16], bool *four)
{
	*four = inet_pton(AF_INET, text, out + MAPPED_BYTES) == 1;
	if (*four) {
		memcpy(out, mapped, MAPPED_BYTES);
		return true;
	}
	return inet_pton(AF_INET6, text, out) == 1;
}

static bool is_four(const struct network *network)
{
	return network->bits >= MAPPED_BITS && memcmp(network->bytes, mapped, MAPPED_BYTES) == 0;
}

bool network_read(const char *text, struct network *out)
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
	if (!read_bytes(address, out->bytes, &four))
		return false;
	bits = four ? NETWORK_BITS_4 : NETWORK_BITS_6;
	if (slash != NULL && !text_to_u64(slash + 1, bits, &bits))
		return false;
	out->bits = (unsigned)bits + (four ? MAPPED_BITS : 0);
	return true;
}

bool network_read_address(const char *text, struct network *out)
{
	return strchr(text, '/') == NULL && network_read(text, out);
}

bool network_contains(const struct network *network, const struct network *one)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;
	unsigned char mask = (unsigned char)(0xFF00U >> rest);

	if (one->bits < network->bits || memcmp(network->bytes, one->bytes, whole) != 0)
		return false;
	return rest == 0 || ((network->bytes[whole] ^ one->bytes[whole]) & mask) == 0;
}

void network_widen(struct network *network, unsigned bits_4, unsigned bits_6)
{
	unsigned bits = is_four(network) ? MAPPED_BITS + bits_4 : bits_6;

	if (bits >= network->bits)
		return;
	for (unsigned bit = bits; bit < NETWORK_BITS_6; bit++)
		network->bytes[bit / 8] &= (unsigned char)~(0x80 >> bit % 8);
	network->bits = bits;
}

const char *network_write(const struct network *network, char out[static NETWORK_TEXT_MOST + 1])
{
	bool four = is_four(network);
	size_t length;

	inet_ntop(four ? AF_INET : AF_INET6, network->bytes + (four ? MAPPED_BYTES : 0), out, NETWORK_TEXT_MOST + 1);
	length = strlen(out);
	if (network->bits < NETWORK_BITS_6)
		snprintf(out + length, NETWORK_TEXT_MOST + 1 - length, "/%u",
			network->bits - (four ? (unsigned)MAPPED_BITS : 0));
	return out;
}

bool network_valid(const char *network)
{
	struct network read;

	return strlen(network) <= NETWORK_TEXT_MOST && network_read(network, &read);
}

bool network_holds(const char *network, const char *address)
{
	struct network net, one;

	return network_read(network, &net) && network_read_address(address, &one) && network_contains(&net, &one);
}
