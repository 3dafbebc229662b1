/* SPDX-License-Identifier: MIT */
#include "http/event.h"

#include <stddef.h>

void event_list_append(struct event_list *list, struct event_connection *connection)
{
	connection->list = list;
	connection->next = NULL;
	connection->previous = list->last;
	if (list->last == NULL)
		list->first = connection;
	else
		list->last->next = connection;
	list->last = connection;
}

void event_list_remove(struct event_connection *connection)
{
	struct event_list *list = connection->list;

	if (connection->previous == NULL)
		list->first = connection->next;
	else
		connection->previous->next = connection->next;
	if (connection->next == NULL)
		list->last = connection->previous;
	else
		connection->next->previous = connection->previous;
	connection->list = NULL;
}

struct event_connection *event_list_take(struct event_list *list)
{
	struct event_connection *first = list->first;

	if (first != NULL)
		event_list_remove(first);
	return first;
}
