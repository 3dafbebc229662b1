// SPDX-License-Identifier: MIT
// What an S3 store answers to PUT, GET, HEAD, DELETE, the delete of many and a list, in memory and without looking at
// signatures: for tests of what is asked of a store, and of what follows from its answers. What a store is, radosgw.mjs has.

import {createHash} from "node:crypto";
import http from "node:http";

const md5 = bytes => createHash("md5").update(bytes).digest("hex");

/**
 * Starts one. store.objects is {key: {bytes, sha256, cache}}, store.asked a list of "METHOD key"; a key of
 * another bucket than "bucket" is "/BUCKET/KEY". store.fault(method, key) may
 * return a status to answer with instead, or "lie": the object is taken and another ETag told; and may wait.
 */
export async function startFakeStore() {
	const store = new FakeStore();
	await new Promise(resolve => store.server.listen(0, "127.0.0.1", resolve));
	store.endpoint = `http://127.0.0.1:${store.server.address().port}`;
	return store;
}

async function readAll(request) {
	const pieces = [];
	for await (const piece of request)
		pieces.push(piece);
	return Buffer.concat(pieces);
}

class FakeStore {
	objects = {};
	asked = [];
	fault = () => undefined;

	constructor() {
		this.server = http.createServer((request, response) => this.#serve(request, response).catch(() => response.destroy()));
	}

	/** The options of a configuration that has it. */
	conf(more = {}) {
		return {store: {endpoint: this.endpoint, bucket: "bucket", ...more}};
	}

	/** What a program needs of its environment to use it. */
	get environment() {
		return {AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret"};
	}

	async #serve(request, response) {
		const url = new URL(request.url, this.endpoint);
		const key = decodeURIComponent(url.pathname).replace(/^\/bucket\/?/, "");
		const body = await readAll(request);
		this.asked.push(`${request.method} ${key}`);
		const fault = await this.fault(request.method, key);
		if (typeof fault === "number") {
			response.writeHead(fault).end();
			return;
		}
		if (request.method === "PUT")
			this.#put(key, body, request, response, fault === "lie");
		else if (request.method === "DELETE")
			this.#remove([key], response);
		else if (request.method === "POST" && url.searchParams.has("delete"))
			this.#remove([...body.toString().matchAll(/<Key>(.*?)<\/Key>/g)].map(found => (key && `${key.replace(/\/$/, "")}/`) + found[1]), response);
		else if (request.method === "GET" && key === "")
			this.#list(url.searchParams, response);
		else
			this.#get(key, request, response);
	}

	#list(query, response) {
		const keys = Object.keys(this.objects).filter(key =>
			key.startsWith(query.get("prefix") ?? "") && key > (query.get("start-after") ?? "")).sort();
		const contents = keys.map(key => `<Contents><Key>${key}</Key><Size>${this.objects[key].bytes.length}</Size>`
			+ "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>").join("");
		response.writeHead(200, {"content-type": "application/xml"})
			.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`);
	}

	#put(key, bytes, request, response, lie) {
		this.objects[key] = {bytes, sha256: request.headers["x-amz-meta-sha256"], cache: request.headers["cache-control"]};
		response.writeHead(200, {etag: `"${lie ? "0".repeat(32) : md5(bytes)}"`}).end();
	}

	#remove(keys, response) {
		for (const key of keys)
			delete this.objects[key];
		response.writeHead(200, {"content-type": "application/xml"}).end("<DeleteResult></DeleteResult>");
	}

	#get(key, request, response) {
		const object = this.objects[key];
		if (!object) {
			response.writeHead(404).end();
			return;
		}
		response.writeHead(200, {"content-length": object.bytes.length, etag: `"${md5(object.bytes)}"`,
			"x-amz-meta-sha256": object.sha256}).end(object.bytes);
	}

	async stop() {
		this.server.closeAllConnections();
		await new Promise(resolve => this.server.close(resolve));
	}
}
