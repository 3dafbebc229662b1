// SPDX-License-Identifier: MIT
// Between a program and an object store: hands requests on as they are, tells what was asked, and does to some of them
// what networks and stores do. The Host header stays, as signatures cover it.

import http from "node:http";

/**
 * Starts in front of ENDPOINT. proxy.fault(sort, count, part) is asked for each request, COUNT being those of its sort so
 * far and PART the number of a part, and returns what to do: undefined (hand it on), "stall" (no answer, ever), "swallow" (the store gets it, the
 * program no answer), "reset", or a status with which the proxy answers itself.
 */
export async function startProxy(endpoint) {
	const proxy = new Proxy(new URL(endpoint));
	await new Promise(resolve => proxy.server.listen(0, "127.0.0.1", resolve));
	proxy.endpoint = `http://127.0.0.1:${proxy.server.address().port}`;
	return proxy;
}

/** What a request is for: "begin", "part", "complete", "abort" of an upload in parts, else its method. */
function sortOf(request) {
	const query = new URL(request.url, "http://store").searchParams;
	if (query.has("partNumber"))
		return "part";
	if (query.has("uploads") && request.method === "POST")
		return "begin";
	if (query.has("uploadId"))
		return request.method === "POST" ? "complete" : "abort";
	return request.method;
}

class Proxy {
	constructor(target) {
		this.target = target;
		this.fault = () => undefined;
		this.agent = new http.Agent({keepAlive: true});
		this.forget();
		this.server = http.createServer((request, response) => this.#serve(request, response));
	}

	/** Counts from 0 on again. */
	forget() {
		this.asked = {};
	}

	#serve(request, response) {
		const sort = sortOf(request);
		this.asked[sort] = (this.asked[sort] ?? 0) + 1;
		const part = Number(new URL(request.url, "http://store").searchParams.get("partNumber"));
		const fault = this.fault(sort, this.asked[sort], part);
		request.on("error", () => {});
		response.on("error", () => {});
		if (fault === "stall")
			return;
		if (fault === "reset") {
			request.socket.resetAndDestroy();
			return;
		}
		if (typeof fault === "number") {
			request.resume();
			request.on("end", () => response.writeHead(fault).end());
			return;
		}
		const onward = http.request({host: this.target.hostname, port: this.target.port, method: request.method,
			path: request.url, headers: request.rawHeaders.reduce((list, word, i, all) =>
				i % 2 === 0 ? {...list, [word]: all[i + 1]} : list, {}), agent: this.agent}, answer => {
			if (fault === "swallow") {
				answer.resume();
				answer.on("end", () => this.swallowed?.());
				return;
			}
			response.writeHead(answer.statusCode, answer.rawHeaders);
			answer.pipe(response);
		});
		onward.on("error", () => response.destroy());
		request.pipe(onward);
	}

	async stop() {
		this.agent.destroy();
		this.server.closeAllConnections();
		await new Promise(resolve => this.server.close(resolve));
	}
}
