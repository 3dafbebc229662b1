// SPDX-License-Identifier: MIT
// A client of server-sent events that takes each as it comes, by the letter of WHATWG HTML section 9.2.

import http from "node:http";

const SILENCE_MS = 30000;

/**
 * Opens PATH of ORIGIN. Resolves when the header is there to {status, headers, next(), rest(), close()}: next() waits for
 * one {id, event, data} or {comment} and gives null at the end, rest() takes all that come, `retry` is what the server
 * asked for.
 */
export function openEvents(origin, path, headers = {}) {
	return new Promise((resolve, reject) => {
		const sent = http.request(new URL(path, origin), {headers: {Accept: "text/event-stream", ...headers}, agent: false}, answer => {
			const stream = new Stream(answer, sent);
			resolve(stream);
		});
		sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error(`${path}: silent for ${SILENCE_MS} ms`)));
		sent.on("error", reject);
		sent.end();
	});
}

class Stream {
	#sent;
	#queue = [];
	#wake = () => {};
	#text = "";

	constructor(answer, sent) {
		this.#sent = sent;
		this.status = answer.statusCode;
		this.headers = answer.headers;
		this.body = "";
		answer.setEncoding("utf8");
		answer.on("data", text => this.#take(text));
		answer.on("error", () => {}); // "close" tells
		answer.on("close", () => this.#put(null));
	}

	#put(item) {
		this.#queue.push(item);
		this.#wake();
	}

	#take(text) {
		this.body += text;
		const blocks = (this.#text + text).split("\n\n");
		this.#text = blocks.pop();
		for (const block of blocks)
			this.#block(block);
	}

	#block(block) {
		const item = {};
		for (const line of block.split("\n")) {
			const colon = line.indexOf(":"), name = line.slice(0, colon), value = line.slice(colon + 1).replace(/^ /, "");
			if (colon === 0)
				this.#put({comment: value});
			else
				item[name] = value;
		}
		if (item.retry)
			this.retry = Number(item.retry);
		if (item.data)
			this.#put({id: item.id, event: item.event, data: JSON.parse(item.data)});
	}

	async next() {
		while (!this.#queue.length)
			await new Promise(resolve => this.#wake = resolve);
		return this.#queue[0] === null ? null : this.#queue.shift();
	}

	async rest() {
		const items = [];
		for (let item; (item = await this.next());)
			items.push(item);
		return items;
	}

	close() {
		this.#sent.destroy();
	}
}
