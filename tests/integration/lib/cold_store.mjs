// SPDX-License-Identifier: MIT
// An object store that is only read from, in memory and without looking at signatures: for tests of what is fetched from
// one, when, and how often. What a store is, radosgw.mjs has.

import {createHash} from "node:crypto";
import http from "node:http";

/**
 * Starts one. store.objects is {key: {bytes, sha256}}, store.asked the list of {method, key, range, query} so far.
 * store.hold, a number, keeps back what lies behind so many bytes of an object until store.release() is called;
 * store.status, when set, is the answer to all.
 */
export async function startColdStore() {
	const store = new ColdStore();
	await new Promise(resolve => store.server.listen(0, "127.0.0.1", resolve));
	store.endpoint = `http://127.0.0.1:${store.server.address().port}`;
	return store;
}

class ColdStore {
	objects = {};
	asked = [];

	constructor() {
		this.release();
		this.server = http.createServer((request, response) => {
			response.on("error", () => {});
			this.#serve(request, response);
		});
	}

	put(key, bytes, sha256 = createHash("sha256").update(bytes).digest("hex")) {
		this.objects[key] = {bytes, sha256};
	}

	/** Lets all go that is held, and holds nothing more. */
	release() {
		this.hold = undefined;
		this.open?.();
		this.opened = new Promise(resolve => {
			this.open = resolve;
		});
	}

	async #serve(request, response) {
		const url = new URL(request.url, this.endpoint);
		const key = decodeURIComponent(url.pathname).replace(/^\/bucket\//, "");
		this.asked.push({method: request.method, key, range: request.headers.range, query: url.searchParams});
		const object = this.objects[key];
		if (this.status || !object) {
			response.writeHead(this.status ?? 404).end();
			return;
		}
		const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
		const size = object.bytes.length;
		const first = range ? Number(range[1]) : 0, last = range?.[2] ? Number(range[2]) : size - 1;
		const ranged = range ? {"content-range": `bytes ${first}-${last}/${size}`} : {};
		response.writeHead(range ? 206 : 200, {"content-length": last - first + 1, "x-amz-meta-sha256": object.sha256, ...ranged});
		if (this.hold === undefined || last < this.hold || first >= this.hold) {
			response.end(object.bytes.subarray(first, last + 1));
			return;
		}
		const opened = this.opened, hold = this.hold;
		response.write(object.bytes.subarray(first, hold));
		await opened;
		response.end(object.bytes.subarray(hold, last + 1));
	}

	async stop() {
		this.server.closeAllConnections();
		await new Promise(resolve => this.server.close(resolve));
	}
}
