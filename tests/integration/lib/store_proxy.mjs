// SPDX-License-Identifier: MIT
// Between a program and an object store: hands requests on as they are, tells what was asked, and does to some of them
// what networks and stores do. The Host header stays, as signatures cover it.

import http from "node:http";

/**
 * Starts in front of ENDPOINT. proxy.fault(sort, count, part) is asked for each request, COUNT being those of its sort so
 * far and PART the number of a part, and returns what to do: undefined (hand it on), "stall" (no answer, ever), "swallow" (the store gets it, the
 * program no answer), "reset", "cut" (half of the body, then the connection to the store ends), "corrupt" (another byte in the
 * body), "lie" (another ETag in the answer), or a status with which the proxy answers itself. All of it happens after
 * proxy.latency_ms. proxy.confirmed has the keys of which a true answer to a PUT was handed on; proxy.received counts the
 * requests that the store got whole.
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
		this.latency_ms = 0;
		this.confirmed = new Set();
		this.agent = new http.Agent({keepAlive: true});
		this.forget();
		this.server = http.createServer((request, response) =>
			setTimeout(() => this.#serve(request, response), this.latency_ms));
	}

	/** Counts from 0 on again. */
	forget() {
		this.asked = {};
		this.received = 0;
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
		if (fault === "cut" || fault === "corrupt") {
			this.#damage(fault, request, response);
			return;
		}
		this.received++;
		const onward = http.request({host: this.target.hostname, port: this.target.port, method: request.method,
			path: request.url, headers: request.rawHeaders.reduce((list, word, i, all) =>
				i % 2 === 0 ? {...list, [word]: all[i + 1]} : list, {}), agent: this.agent}, answer => {
			if (fault === "swallow") {
				answer.resume();
				answer.on("end", () => this.swallowed?.());
				return;
			}
			if (fault === "lie")
				answer.rawHeaders = answer.rawHeaders.map((word, i, all) =>
					/^etag$/i.test(all[i - 1] ?? "") ? `"${"0".repeat(32)}"` : word);
			else if (sort === "PUT" && answer.statusCode === 200)
				this.confirmed.add(decodeURIComponent(request.url));
			response.writeHead(answer.statusCode, answer.rawHeaders);
			answer.pipe(response);
		});
		onward.on("error", () => response.destroy());
		request.pipe(onward);
	}

	/** Sends on half of the body, or all of it with one byte changed. */
	async #damage(fault, request, response) {
		const pieces = [];
		for await (const piece of request)
			pieces.push(piece);
		const body = Buffer.concat(pieces);
		const headers = Object.fromEntries(request.rawHeaders.flatMap((word, i, all) => i % 2 === 0 ? [[word, all[i + 1]]] : []));
		const onward = http.request({host: this.target.hostname, port: this.target.port, method: request.method,
			path: request.url, headers}, answer => {
			response.writeHead(answer.statusCode, answer.rawHeaders);
			answer.pipe(response);
		});
		onward.on("error", () => response.destroy());
		if (fault === "cut") {
			onward.write(body.subarray(0, body.length >> 1), () => onward.destroy());
			return;
		}
		this.received++;
		body[body.length >> 1] ^= 1;
		onward.end(body);
	}

	async stop() {
		this.agent.destroy();
		this.server.closeAllConnections();
		await new Promise(resolve => this.server.close(resolve));
	}
}
