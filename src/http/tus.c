/* SPDX-License-Identifier: MIT */
#include "http/tus.h"

#include "base/base64.h"

#include <string.h>

static enum err read_pair(
	const char *text, size_t length, struct arena *arena, struct tus_metadata *out, struct err_info *info)
{
	size_t name_length = 0, value_length = 0;
	const char *name, *value = "";

	while (name_length < length && text[name_length] > ' ' && text[name_length] < 0x7F)
		name_length++;
	if (name_length == 0 || (name_length < length && text[name_length] != ' '))
		return err_set(info, ERR_BAD_REQUEST, "Upload-Metadata has a pair without a name");
	if (out->count == TUS_PAIRS_MOST)
		return err_set(info, ERR_BAD_REQUEST, "Upload-Metadata has more than %d pairs", TUS_PAIRS_MOST);
	name = arena_memdup(arena, text, name_length);
	if (tus_metadata_find(out, name) != NULL)
		return err_set(info, ERR_BAD_REQUEST, "Upload-Metadata has \"%.64s\" twice", name);
	if (name_length < length) {
		value = (const char *)base64_decode(
			text + name_length + 1, length - name_length - 1, arena, &value_length);
		if (value == NULL || strlen(value) != value_length)
			return err_set(info, ERR_BAD_REQUEST, "the value of \"%.64s\" is no text in Base64", name);
	}
	out->pairs[out->count++] = (struct tus_pair){name, value};
	return ERR_OK;
}

enum err tus_metadata(const char *header, struct arena *arena, struct tus_metadata *out, struct err_info *info)
{
	enum err err = ERR_OK;

	out->count = 0;
	if (header == NULL || header[0] == '\0')
		return ERR_OK;
	for (;;) {
		size_t length, kept;

		header += strspn(header, " ");
		length = kept = strcspn(header, ",");
		while (kept > 0 && header[kept - 1] == ' ')
			kept--;
		err = read_pair(header, kept, arena, out, info);
		if (err != ERR_OK || header[length] == '\0')
			return err;
		header += length + 1;
	}
}

const char *tus_metadata_find(const struct tus_metadata *metadata, const char *name)
{
	for (size_t i = 0; i < metadata->count; i++) {
		if (strcmp(metadata->pairs[i].name, name) == 0)
			return metadata->pairs[i].value;
	}
	return NULL;
}

enum err tus_checksum(const char *header, struct arena *arena, struct tus_checksum *out, struct err_info *info)
{
	struct digest *digest;
	unsigned char *bytes;
	size_t name_length, length = 0;

	*out = (struct tus_checksum){0};
	if (header == NULL)
		return ERR_OK;
	name_length = strcspn(header, " ");
	out->algorithm = arena_memdup(arena, header, name_length);
	digest = digest_open(out->algorithm);
	if (digest == NULL)
		return err_set(info, ERR_BAD_REQUEST, "the algorithm of Upload-Checksum must be one of %s", DIGEST_NAMES);
	out->length = digest_end(digest, out->digest);
	digest_close(digest);
	header += name_length + strspn(header + name_length, " ");
	bytes = base64_decode(header, strlen(header), arena, &length);
	if (bytes == NULL || length != out->length)
		return err_set(info, ERR_BAD_REQUEST, "Upload-Checksum is no %s digest in Base64", out->algorithm);
	memcpy(out->digest, bytes, length);
	return ERR_OK;
}

static enum err read_part(
	const char *address, size_t length, struct arena *arena, struct tus_concat *out, struct err_info *info)
{
	const char *id;

	if (out->count == TUS_PARTS_MOST)
		return err_set(info, ERR_BAD_REQUEST, "an upload may be joined of %d parts", TUS_PARTS_MOST);
	if (length <= ID_LENGTH || address[length - ID_LENGTH - 1] != '/')
		return err_set(info, ERR_BAD_REQUEST, "Upload-Concat names what is no upload");
	id = arena_memdup(arena, address + length - ID_LENGTH, ID_LENGTH);
	if (!id_valid(id))
		return err_set(info, ERR_BAD_REQUEST, "Upload-Concat names what is no upload");
	for (size_t i = 0; i < out->count; i++) {
		if (strcmp(out->parts[i], id) == 0)
			return err_set(info, ERR_BAD_REQUEST, "Upload-Concat names a part twice");
	}
	out->parts[out->count++] = id;
	return ERR_OK;
}

enum err tus_concat(const char *header, struct arena *arena, struct tus_concat *out, struct err_info *info)
{
	static const char final[] = "final;";
	enum err err = ERR_OK;

	*out = (struct tus_concat){.kind = TUS_WHOLE};
	if (header == NULL)
		return ERR_OK;
	if (strcmp(header, "partial") == 0) {
		out->kind = TUS_PARTIAL;
		return ERR_OK;
	}
	if (strncmp(header, final, strlen(final)) != 0)
		return err_set(info, ERR_BAD_REQUEST, "Upload-Concat must be \"partial\" or \"final;\" and addresses");
	out->kind = TUS_FINAL;
	header += strlen(final);
	while (err == ERR_OK && *(header += strspn(header, " ")) != '\0') {
		size_t length = strcspn(header, " ");

		err = read_part(header, length, arena, out, info);
		header += length;
	}
	if (err == ERR_OK && out->count == 0)
		err = err_set(info, ERR_BAD_REQUEST, "Upload-Concat names no part");
	return err;
}
