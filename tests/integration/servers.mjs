// SPDX-License-Identifier: MIT
// The table of requests (lib/requests.mjs) through lighttpd and nginx, by each transport of the responders; lighttpd
// also as the one that starts them.

import {converse} from "./lib/requests.mjs";

converse([
	...["lighttpd", "nginx"].flatMap(server => ["threads", "event"].map(transport =>
		({name: `${server}, ${transport}`, server, transport}))),
	{name: "lighttpd that starts the responders", server: "lighttpd", spawn: true},
]);
