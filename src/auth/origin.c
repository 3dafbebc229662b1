/* SPDX-License-Identifier: MIT */
#include "auth/origin.h"

#include "auth/base64url.h"
#include "base/hash.h"

#include <string.h>

/* On the wire: the time in 5 bytes, which last for 34,000 years, and both tags; big-endian. */
enum { TIME_BYTES = 5, TAG_BYTES = 8, WIRE_BYTES = TIME_BYTES + 2 * TAG_BYTES };

static uint64_t get(const unsigned char *bytes, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void put(unsigned char *out, size_t count, uint64_t value)
{
	for (size_t i = count; i-- > 0; value >>= 8)
		out[i] = (unsigned char)value;
}

uint64_t origin_tag(const char *name)
{
	unsigned char hash[HASH_SIZE];

	if (name[0] == '\0')
		return 0;
	hash_sha256(name, strlen(name), hash);
	return get(hash, TAG_BYTES);
}

struct origin origin_of(const struct jwt_claims *claims)
{
	return (struct origin){origin_tag(claims->id), origin_tag(claims->subject), claims->issued};
}

char *origin_write(const struct origin *origin, struct arena *arena)
{
	unsigned char wire[WIRE_BYTES];

	put(wire, TIME_BYTES, (uint64_t)origin->issued);
	put(wire + TIME_BYTES, TAG_BYTES, origin->token);
	put(wire + TIME_BYTES + TAG_BYTES, TAG_BYTES, origin->subject);
	return base64url_encode(wire, sizeof wire, arena);
}

bool origin_read(const char *text, struct arena *arena, struct origin *out)
{
	size_t length = 0;
	const unsigned char *wire = base64url_decode(text, strlen(text), arena, &length);

	if (wire == NULL || length != WIRE_BYTES)
		return false;
	out->issued = (int64_t)get(wire, TIME_BYTES);
	out->token = get(wire + TIME_BYTES, TAG_BYTES);
	out->subject = get(wire + TIME_BYTES + TAG_BYTES, TAG_BYTES);
	return true;
}
