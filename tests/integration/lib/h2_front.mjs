// SPDX-License-Identifier: MIT
// HTTP/2 over TLS in front of an object store that has none: hands requests on as they are, and does to some of them what
// servers of HTTP/2 do. The name of the host stays, as signatures cover it.

import http from "node:http";
import http2 from "node:http2";

const {NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR} = http2.constants;
const OF_THE_CONNECTION = ["connection", "keep-alive", "transfer-encoding"];

/**
 * Starts in front of ENDPOINT as localhost, with KEY and CERT; it speaks nothing else. front.fault(method, count) is asked
 * for each stream, COUNT being those so far, and returns what to do: undefined (hand it on), "goaway" (the same, but the
 * connection takes no more), "left out" (the connection takes no more, nor this one), "reset" (INTERNAL_ERROR, when the first
 * of the body has come), "cut" (the answer, but for its end).
 * front.streams and front.sessions count.
 */
export async function startFront(endpoint, {key, cert}) {
	const front = new Front(new URL(endpoint), {key, cert});
	await new Promise(resolve => front.server.listen(0, "localhost", resolve));
	front.endpoint = `https://localhost:${front.server.address().port}`;
	return front;
}

class Front {
	#open = new Set();

	constructor(target, options) {
		this.target = target;
		this.agent = new http.Agent({keepAlive: true});
		this.forget();
		this.server = http2.createSecureServer(options);
		this.server.on("session", session => {
			this.sessions++;
			this.#open.add(session);
			session.on("error", () => {}).on("close", () => this.#open.delete(session));
		});
		this.server.on("stream", (stream, headers) => this.#serve(stream, headers));
	}

	/** Counts from 0 on again, and does nothing to anybody. */
	forget() {
		this.streams = this.sessions = 0;
		this.fault = () => undefined;
	}

	#serve(stream, headers) {
		const fault = this.fault(headers[":method"], ++this.streams);
		stream.on("error", () => {});
		if (fault === "goaway")
			stream.session.close();
		if (fault === "left out") {
			stream.session.goaway(NGHTTP2_NO_ERROR, stream.id - 2);
			return;
		}
		if (fault === "reset") {
			stream.once("data", () => stream.close(NGHTTP2_INTERNAL_ERROR));
			return;
		}
		const fields = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(":")));
		const onward = http.request({host: this.target.hostname, port: this.target.port, method: headers[":method"],
			path: headers[":path"], headers: {...fields, host: headers[":authority"]}, agent: this.agent}, answer => {
			stream.respond({":status": answer.statusCode, ...Object.fromEntries(
				Object.entries(answer.headers).filter(([name]) => !OF_THE_CONNECTION.includes(name)))});
			if (fault === "cut")
				answer.once("data", piece => stream.write(piece.subarray(0, piece.length >> 1), () => stream.close(NGHTTP2_INTERNAL_ERROR)));
			else
				answer.pipe(stream);
		});
		onward.on("error", () => stream.close(NGHTTP2_INTERNAL_ERROR));
		stream.pipe(onward);
	}

	async stop() {
		this.agent.destroy();
		for (const session of this.#open)
			session.destroy();
		await new Promise(resolve => this.server.close(resolve));
	}
}
