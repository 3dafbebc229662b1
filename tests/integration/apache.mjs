// SPDX-License-Identifier: MIT
// The table of requests (lib/requests.mjs) through Apache: mod_proxy_fcgi by each transport of the responders, and
// mod_fcgid, which starts them.

import {converse} from "./lib/requests.mjs";

converse([
	...["threads", "event"].map(transport =>
		({name: `mod_proxy_fcgi, ${transport}`, server: "apache-proxy-fcgi", transport})),
	{name: "mod_fcgid", server: "apache-fcgid", uploadsFirst: true},
]);
