/* SPDX-License-Identifier: MIT */
#include "storage/s3_xml.h"

#include <expat.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	XML_Parser parser;
	s3_xml_element *element;
	void *context;
	char path[S3_XML_PATH];
	size_t lengths[S3_XML_DEPTH]; /* of PATH before each open element */
	size_t depth;
	char text[S3_XML_TEXT + 1];
	size_t text_length;
	bool refused;
};

static void refuse(struct walk *walk)
{
	walk->refused = true;
	XML_StopParser(walk->parser, XML_FALSE);
}

static void begin_element(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct walk *walk = context;
	const char *colon = strrchr(name, ':'), *local = colon != NULL && colon[1] != '\0' ? colon + 1 : name;
	size_t used = strlen(walk->path), length = strlen(local);

	(void)attributes;
	if (walk->depth == S3_XML_DEPTH || used + length + 2 > sizeof walk->path) {
		refuse(walk);
		return;
	}
	walk->lengths[walk->depth++] = used;
	if (used > 0)
		walk->path[used++] = '/';
	memcpy(walk->path + used, local, length + 1);
	walk->text_length = 0;
}

static void end_element(void *context, const XML_Char *name)
{
	struct walk *walk = context;

	(void)name;
	/* An empty element has its end told even when its beginning stopped the parser. */
	if (walk->refused)
		return;
	walk->text[walk->text_length] = '\0';
	walk->element(walk->context, walk->path, walk->text);
	walk->path[walk->lengths[--walk->depth]] = '\0';
	walk->text_length = 0;
}

static void take_text(void *context, const XML_Char *text, int length)
{
	struct walk *walk = context;

	if (walk->text_length + (size_t)length > S3_XML_TEXT) {
		refuse(walk);
		return;
	}
	memcpy(walk->text + walk->text_length, text, (size_t)length);
	walk->text_length += (size_t)length;
}

static void refuse_type(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int inner)
{
	(void)name;
	(void)system;
	(void)public;
	(void)inner;
	refuse(context);
}

enum err s3_xml_walk(const char *document, size_t length, s3_xml_element *element, void *context, struct err_info *info)
{
	struct walk *walk = calloc(1, sizeof *walk);
	enum err err = ERR_OK;

	if (walk == NULL || (walk->parser = XML_ParserCreate("UTF-8")) == NULL)
		abort();
	walk->element = element;
	walk->context = context;
	XML_SetUserData(walk->parser, walk);
	XML_SetElementHandler(walk->parser, begin_element, end_element);
	XML_SetCharacterDataHandler(walk->parser, take_text);
	XML_SetStartDoctypeDeclHandler(walk->parser, refuse_type);
	if (length > INT_MAX || XML_Parse(walk->parser, document, (int)length, XML_TRUE) != XML_STATUS_OK)
		err = err_set(info, ERR_IO, "the store's answer cannot be read: %s",
			walk->refused ? "it is past a limit"
				      : XML_ErrorString(XML_GetErrorCode(walk->parser)));
	XML_ParserFree(walk->parser);
	free(walk);
	return err;
}

void s3_xml_escape(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		buf_put_xml(out, *text);
}
