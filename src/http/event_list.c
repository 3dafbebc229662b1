/* SPDX-License-Identifier: MIT */
#include "http/event.h"

#include <stddef.h>

/* PREVIOUS: NULL for the first. */
static void put_after(struct event_list *list, struct event_connection *previous, struct event_connection *connection)
{
	struct event_connection *next = previous == NULL ? list->first : previous->next;

	connection->list = list;
	connection->previous = previous;
	connection->next = next;
	if (previous == NULL)
		list->first = connection;
	else
		previous->next = connection;
	if (next == NULL)
		list->last = connection;
	else
		next->previous = connection;
}

void event_list_append(struct event_list *list, struct event_connection *connection)
{
	put_after(list, list->last, connection);
}

/* From the end on: most pauses last as long as the others. */
void event_list_insert(struct event_list *list, struct event_connection *connection)
{
	struct event_connection *previous = list->last;

	while (previous != NULL && previous->due_us > connection->due_us)
		previous = previous->previous;
	put_after(list, previous, connection);
}

void event_list_remove(struct event_connection *connection)
{
	struct event_list *list = connection->list;

	if (list == NULL)
		return;
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
