// SPDX-License-Identifier: MIT
// Processor time of a signed playlist by plain CGI, each request a cold process behind the script of `tonearm
// install-cgi`, against a CGI program that does nothing.
import {chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {bearer, cgi, library} from "../integration/lib/cgi.mjs";
import {source} from "../integration/lib/tools.mjs";
import {pair, timed} from "./measure.mjs";

const TIMES = 100;

// Milliseconds of processor time of one run of COMMAND with the environment ENV.
async function cost(command, env) {
	const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
	const loop = `i=0; while [ $i -lt ${TIMES} ]; do '${command}' >/dev/null || exit 1; i=$((i+1)); done`;
	const {cpu} = await timed("env", [...variables, "sh", "-c", loop]);
	return {cpu: 1000 * cpu / TIMES};
}

export async function measureCgi(build) {
	const place = library();
	try {
		mkdirSync(join(place.dir, "bin"));
		symlinkSync(join(build, "fcgi", "manifest.fcgi"), join(place.dir, "bin", "manifest.fcgi"));
		const script = join(place.dir, "tonearm.cgi");
		writeFileSync(script, readFileSync(join(source, "conf-examples", "cgi", "tonearm.cgi"), "utf8")
			.replace("\nprivate=private\n", `\nprivate='${place.dir}'\n`));
		chmodSync(script, 0o755);
		const master = await cgi(place, "manifest", `/hls/${place.ids.private}/master.m3u8`, {headers: bearer("stream:read")});
		const query = master.text.match(/expires=\d+&by=[\w-]+&grant=[0-9a-f]+/)[0];
		const target = `/hls/${place.ids.private}/high/playlist.m3u8`;
		if ((await cgi(place, "manifest", `${target}?${query}`)).status !== 200)
			throw new Error("the signed playlist is not to be had");
		const env = {GATEWAY_INTERFACE: "CGI/1.1", SERVER_PROTOCOL: "HTTP/1.1", REQUEST_METHOD: "GET", REMOTE_ADDR: "127.0.0.1",
			SCRIPT_NAME: "/tonearm.cgi", PATH_INFO: target, REQUEST_URI: `${target}?${query}`, QUERY_STRING: query};
		return await pair(() => cost(script, env), () => cost(join(build, "tests", "bench", "empty_cgi"), env));
	} finally {
		place.remove();
	}
}
