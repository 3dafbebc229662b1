/* SPDX-License-Identifier: MIT */
#include "http/client.h"

#include <string.h>
#include <strings.h>

/* Proxies on the way that are looked at. */
enum { HOPS_MOST = 32 };

/* A piece of a header field. */
struct part {
	const char *at;
	size_t length;
};

static struct part trim(struct part part)
{
	while (part.length > 0 && strchr(" \t", part.at[0]) != NULL) {
		part.at++;
		part.length--;
	}
	while (part.length > 0 && strchr(" \t", part.at[part.length - 1]) != NULL)
		part.length--;
	return part;
}

/* Takes what follows the last SEPARATOR outside quotes off the end of LIST. False when LIST was empty. */
static bool take_last(struct part *list, char separator, struct part *last)
{
	size_t at = list->length;
	bool quoted = false;

	if (list->at == NULL)
		return false;
	while (at > 0 && (quoted || list->at[at - 1] != separator)) {
		at--;
		quoted ^= list->at[at] == '"';
	}
	*last = trim((struct part){list->at + at, list->length - at});
	if (at == 0)
		*list = (struct part){0};
	else
		list->length = at - 1;
	return true;
}

/* The value of the parameter NAME of an ELEMENT of Forwarded (RFC 7239 section 4), without its quotes. */
static struct part parameter_of(struct part element, const char *name)
{
	size_t length = strlen(name);
	struct part pair;

	while (take_last(&element, ';', &pair)) {
		if (pair.length <= length || strncasecmp(pair.at, name, length) != 0 || pair.at[length] != '=')
			continue;
		pair = (struct part){pair.at + length + 1, pair.length - length - 1};
		if (pair.length >= 2 && pair.at[0] == '"' && pair.at[pair.length - 1] == '"')
			pair = (struct part){pair.at + 1, pair.length - 2};
		return pair;
	}
	return (struct part){0};
}

/* "192.0.2.7", "192.0.2.7:80", "2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:80"; the port is not looked at. */
static bool read_node(struct part node, struct network *out)
{
	char text[NETWORK_TEXT_MOST + 1];
	const char *end = NULL;

	if (node.length == 0)
		return false;
	if (node.at[0] == '[') {
		end = memchr(node.at, ']', node.length);
		if (end == NULL || (end + 1 < node.at + node.length && end[1] != ':'))
			return false;
		node = (struct part){node.at + 1, (size_t)(end - node.at) - 1};
	} else {
		end = memchr(node.at, ':', node.length);
		if (end != NULL && memchr(end + 1, ':', node.length - (size_t)(end + 1 - node.at)) == NULL)
			node.length = (size_t)(end - node.at);
	}
	if (node.length > NETWORK_TEXT_MOST)
		return false;
	memcpy(text, node.at, node.length);
	text[node.length] = '\0';
	return network_read_address(text, out);
}

static bool trusted(const struct client_trust *trust, const struct network *address)
{
	for (size_t i = 0; i < trust->count; i++) {
		if (network_contains(&trust->proxies[i], address))
			return true;
	}
	return false;
}

static bool is_word(struct part part, const char *word)
{
	return part.length == strlen(word) && strncasecmp(part.at, word, part.length) == 0;
}

/* The element of the client in LIST, and its address. False when there is none to be believed. */
static bool find_client(
	const struct client_trust *trust, struct part list, struct part *element, struct network *address)
{
	bool forwarded = strcasecmp(trust->field, "Forwarded") == 0, found = false;

	for (int hop = 0; hop < HOPS_MOST && take_last(&list, ',', element); hop++) {
		found = read_node(forwarded ? parameter_of(*element, "for") : *element, address);
		if (!found || !trusted(trust, address))
			return found;
	}
	return found;
}

/*
 * lighttpd hands on a field that is spelt with "_" for "-" by the same name as the right one, which the proxy has checked,
 * and joins the lines of each. So where there are two, one is a client's, and which is not to be known. Other servers leave
 * such fields out and join lines as well, but nginx before 1.23, which hands on each, and by our example without its name.
 */
static bool is_forged(const struct request *request, const char *field)
{
	const char *server = request_parameter(request, "SERVER_SOFTWARE");

	return server != NULL && strncmp(server, "nginx", 5) != 0 && request_header_lines(request, field) > 1;
}

enum err client_settle(struct request *request, const struct client_trust *trust, struct err_info *info)
{
	struct part element = {0}, scheme = {0};
	char text[NETWORK_TEXT_MOST + 1];
	struct network address;
	const char *field;

	if (trust == NULL || !network_read_address(request->remote, &address) || !trusted(trust, &address))
		return ERR_OK;
	if (is_forged(request, trust->field))
		return err_set(info, ERR_BAD_REQUEST, "%s stands there twice, once spelt with \"_\"", trust->field);
	request->proxied = true;
	field = request_header_list(request, trust->field);
	if (field != NULL && find_client(trust, (struct part){field, strlen(field)}, &element, &address))
		request->remote = arena_strdup(request->arena, network_write(&address, text));
	if (strcasecmp(trust->field, "Forwarded") == 0) {
		scheme = parameter_of(element, "proto");
	} else if ((field = request_header_list(request, "X-Forwarded-Proto")) != NULL) {
		struct part list = {field, strlen(field)};

		take_last(&list, ',', &scheme);
	}
	if (scheme.length > 0)
		request->https = is_word(scheme, "https");
	return ERR_OK;
}
