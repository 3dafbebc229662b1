/* SPDX-License-Identifier: MIT */
#include "mmdb_maker.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/network.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NODES_MOST = 8192, FILE_MOST = 1 << 20, MAPPED_BYTES = 12 };

/* Types of the data section. */
enum { TYPE_TEXT = 2, TYPE_U16 = 5, TYPE_U32 = 6, TYPE_MAP = 7, TYPE_U64 = 9, TYPE_ARRAY = 11 };

/* A side of a node: a node, or -1 - the place of a datum in the data section, or 0 for nothing. */
struct tree {
	int64_t sides[NODES_MOST][2];
	size_t count;
};

static void put_head(struct buf *out, unsigned type, size_t size)
{
	if (type <= TYPE_MAP) {
		buf_putc(out, (char)(type << 5 | size));
	} else {
		buf_putc(out, (char)size);
		buf_putc(out, (char)(type - TYPE_MAP));
	}
}

static void put_text(struct buf *out, const char *text)
{
	put_head(out, TYPE_TEXT, strlen(text));
	buf_puts(out, text);
}

static void put_number(struct buf *out, unsigned type, size_t size, uint64_t value)
{
	put_head(out, type, size);
	while (size-- > 0)
		buf_putc(out, (char)(value >> 8 * size));
}

static void put_code(struct buf *out, const char *code)
{
	put_head(out, TYPE_MAP, 1);
	put_text(out, "iso_code");
	put_text(out, code);
}

static void put_datum(struct buf *out, const char *country, const char *region)
{
	put_head(out, TYPE_MAP, *region != '\0' ? 2 : 1);
	put_text(out, "country");
	put_code(out, country);
	if (*region == '\0')
		return;
	put_text(out, "subdivisions");
	put_head(out, TYPE_ARRAY, 1);
	put_code(out, region);
}

static void put_metadata(struct buf *out, size_t nodes)
{
	buf_puts(out, "\xAB\xCD\xEFMaxMind.com");
	put_head(out, TYPE_MAP, 9);
	put_text(out, "node_count");
	put_number(out, TYPE_U32, 4, nodes);
	put_text(out, "record_size");
	put_number(out, TYPE_U16, 2, 24);
	put_text(out, "ip_version");
	put_number(out, TYPE_U16, 2, 6);
	put_text(out, "database_type");
	put_text(out, "Test-City");
	put_text(out, "languages");
	put_head(out, TYPE_ARRAY, 0);
	put_text(out, "binary_format_major_version");
	put_number(out, TYPE_U16, 2, 2);
	put_text(out, "binary_format_minor_version");
	put_number(out, TYPE_U16, 2, 0);
	put_text(out, "build_epoch");
	put_number(out, TYPE_U64, 8, 1700000000);
	put_text(out, "description");
	put_head(out, TYPE_MAP, 0);
}

/* Networks of IPv4 stand at ::/96. */
static bool insert(struct tree *tree, const char *text, int64_t datum)
{
	struct network network;
	size_t node = 0;

	if (!network_read(text, &network))
		return false;
	if (strchr(text, ':') == NULL)
		memset(network.bytes, 0, MAPPED_BYTES);
	for (unsigned bit = 0; bit + 1 < network.bits; bit++) {
		int64_t *side = &tree->sides[node][network.bytes[bit / 8] >> (7 - bit % 8) & 1];

		if (*side <= 0) {
			if (tree->count == NODES_MOST)
				return false;
			tree->sides[tree->count][0] = tree->sides[tree->count][1] = *side;
			*side = (int64_t)tree->count++;
		}
		node = (size_t)*side;
	}
	tree->sides[node][network.bytes[(network.bits - 1) / 8] >> (7 - (network.bits - 1) % 8) & 1] = datum;
	return true;
}

static void put_tree(struct buf *out, const struct tree *tree)
{
	for (size_t i = 0; i < 2 * tree->count; i++) {
		int64_t side = tree->sides[i / 2][i % 2];
		uint64_t record = side > 0 ? (uint64_t)side : tree->count;

		if (side < 0) /* the data section begins 16 bytes behind the tree */
			record += 16 + (uint64_t)(-1 - side);
		buf_put_be24(out, (uint32_t)record);
	}
}

bool mmdb_make(const char *path, const char *const *rows, size_t count)
{
	static struct tree tree;
	char network[64], country[8], region[8];
	struct err_info info;
	struct buf data, file;
	bool made = true;

	memset(&tree, 0, sizeof tree);
	tree.count = 1;
	buf_init(&data, FILE_MOST);
	buf_init(&file, FILE_MOST);
	for (size_t i = 0; made && i < count; i++) {
		region[0] = '\0';
		made = sscanf(rows[i], "%63s %7s %7s", network, country, region) >= 2 &&
		       insert(&tree, network, -1 - (int64_t)data.length);
		put_datum(&data, country, region);
	}
	put_tree(&file, &tree);
	buf_put(&file, (const char[16]){0}, 16);
	buf_put(&file, buf_text(&data), data.length);
	put_metadata(&file, tree.count);
	made = made && !file.overflow && fs_write_file(path, file.data, file.length, 0644, &info) == ERR_OK;
	buf_free(&data);
	buf_free(&file);
	return made;
}
