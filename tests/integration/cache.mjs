// SPDX-License-Identifier: MIT
// Files that only the object store has, heard through stream.fcgi as a plain CGI program: each request is a process of its
// own, and the cache is all that they share.

import assert from "node:assert/strict";
import {execFileSync, spawn} from "node:child_process";
import {randomBytes} from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import {after, afterEach, before, describe, test} from "node:test";
import {cgi, library as makeLibrary} from "./lib/cgi.mjs";
import {startColdStore} from "./lib/cold_store.mjs";
import {until} from "./lib/library.mjs";
import {build, sha256} from "./lib/tools.mjs";

const SIZE = 3 << 20, HALF = SIZE / 2, NAME = "high.mp4";

describe("files that only the object store has", () => {
	let store, library, track, bytes, key, file;

	before(async () => {
		store = await startColdStore();
		library = makeLibrary(conf());
		track = library.ids.public;
		key = `media/${track}/${NAME}`;
		file = path.join(library.dir, "data", key);
		bytes = randomBytes(SIZE);
	});
	after(async () => {
		await store?.stop();
		library?.remove();
	});
	afterEach(() => {
		store.release();
		store.status = undefined;
		library.configure(conf());
	});

	const conf = (more = {}) => ({store: {endpoint: store.endpoint, bucket: "bucket", ...more.store},
		storage: {data_dir: "data", run_dir: "run", disk_floor: 0, ...more.storage}});

	const parameters = () => ({AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret", TONEARM_LIBEXEC: build});

	function sql(text) {
		return execFileSync("sqlite3", ["-cmd", ".timeout 30000", path.join(library.dir, "data", "tonearm.db"), text]).toString();
	}

	/** Nothing of the file is here: the store alone has it, and has confirmed that. */
	function cool(object = bytes) {
		fs.rmSync(file, {force: true});
		fs.rmSync(path.join(library.dir, "data", "cache"), {recursive: true, force: true});
		store.objects = {};
		store.put(key, object, sha256(bytes));
		store.asked = [];
		sql(`UPDATE rendition SET file_size = ${SIZE}, etag = '${sha256(bytes)}' WHERE track = '${track}' AND quality = 'high';
			DELETE FROM remote;
			INSERT INTO remote VALUES ('${store.endpoint}/bucket', '${key}', '${track}', 'rendition', 'high', '${sha256(bytes)}',
			${SIZE}, 'confirmed', 1, 1)`);
	}

	const ask = (headers = {}, method = "GET", target = `/media/${track}/${NAME}`) =>
		cgi(library, "stream", target, {method, headers, parameters: parameters()});

	/** A listener whose bytes are looked at as they come: {got(), ended: Buffer, all with headers}. */
	function listen() {
		const child = spawn(path.join(build, "fcgi", "stream.fcgi"), [], {stdio: ["ignore", "pipe", "ignore"], env: {
			...parameters(), TONEARM_CONF: library.conf, GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET",
			REQUEST_URI: `/media/${track}/${NAME}`, REMOTE_ADDR: "127.0.0.1", ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? ""}});
		const pieces = [];
		child.stdout.on("data", piece => pieces.push(piece));
		return {
			got: () => pieces.reduce((sum, piece) => sum + piece.length, 0),
			ended: new Promise(resolve => child.on("close", () => {
				const all = Buffer.concat(pieces);
				resolve(all.subarray(all.indexOf("\r\n\r\n") + 4));
			})),
		};
	}

	/** Ids of the fetchers that are at work for this library. */
	const fetchers = () => fs.readdirSync("/proc").filter(name => /^\d+$/.test(name)).filter(pid => {
		try {
			const words = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
			return words[0].endsWith("tonearm-fetch") && words.includes(library.conf);
		} catch {
			return false;
		}
	});

	const noFetcher = () => until("the end of the fetcher", () => fetchers().length === 0);

	test("the first listener has it from the store, the second from the cache", async () => {
		cool();
		const first = await ask();
		assert.equal(first.status, 200, first.text.slice(0, 500));
		assert.ok(first.body.equals(bytes));
		assert.equal(store.asked.length, 1);
		assert.ok(fs.readFileSync(file).equals(bytes));
		const second = await ask();
		assert.ok(second.body.equals(bytes));
		assert.equal(store.asked.length, 1);
		for (const name of ["etag", "last-modified", "content-type", "content-length", "accept-ranges", "cache-control"])
			assert.equal(second.headers[name], first.headers[name], name);
		const metrics = (await cgi(library, "api", "/metrics")).text;
		assert.match(metrics, /tonearm_cache_requests_total\{outcome="miss"\} 1/);
		assert.match(metrics, /tonearm_cache_requests_total\{outcome="hit"\} 1/);
		assert.match(metrics, new RegExp(`tonearm_cache_bytes ${SIZE}`));
	});

	test("what is asked of it makes no difference", async () => {
		cool();
		const etag = `"${sha256(bytes).slice(0, 32)}"`;
		const asked = async () => [
			await ask({}, "HEAD"),
			await ask({"If-None-Match": etag}),
			await ask({"If-Match": '"other"'}),
			await ask({Range: `bytes=${SIZE}-`}),
			await ask({Range: "bytes=5-9"}),
			await ask({Range: "bytes=0-0,10-19"}),
			await ask({Range: "bytes=5-9", "If-Range": '"other"'}, "HEAD"),
		];
		const cold = await asked();
		await noFetcher();
		const warm = await asked();
		assert.deepEqual(cold.map(answer => answer.status), [200, 304, 412, 416, 206, 206, 200]);
		for (const [i, answer] of cold.entries()) {
			assert.equal(answer.status, warm[i].status);
			assert.equal(answer.headers.etag, warm[i].headers.etag);
			assert.equal(answer.headers["content-range"], warm[i].headers["content-range"]);
			assert.equal(answer.headers["content-length"], warm[i].headers["content-length"]);
		}
		assert.ok(cold[4].body.equals(bytes.subarray(5, 10)));
		assert.equal(cold[5].body.length, warm[5].body.length);
		assert.equal(store.asked.length, 1);
	});

	test("questions about it alone ask the store nothing", async () => {
		cool();
		assert.equal((await ask({}, "HEAD")).headers["content-length"], String(SIZE));
		assert.equal((await ask({"If-None-Match": "*"})).status, 304);
		assert.deepEqual(store.asked, []);
	});

	test("however many ask, it is fetched once", async () => {
		cool();
		store.hold = HALF;
		const listeners = Array.from({length: 5}, listen);
		await until("all hear the first bytes", () => listeners.every(one => one.got() > HALF / 2));
		store.release();
		for (const one of listeners)
			assert.ok((await one.ended).equals(bytes));
		assert.equal(store.asked.length, 1);
	});

	test("who seeks ahead does not wait for all that lies before", async () => {
		cool();
		store.hold = 1000;
		const first = listen();
		await until("the first bytes", () => first.got() > 500);
		const ahead = await ask({Range: `bytes=${SIZE - 1000}-`});
		assert.equal(ahead.status, 206);
		assert.ok(ahead.body.equals(bytes.subarray(SIZE - 1000)));
		assert.deepEqual(store.asked.map(one => one.range), [undefined, `bytes=${SIZE - 1000}-${SIZE - 1}`]);
		store.release();
		assert.ok((await first.ended).equals(bytes));
	});

	for (const signal of ["SIGTERM", "SIGKILL"]) test(`a fetcher that is ended by ${signal} has a successor, which goes on where it was`, async () => {
		cool();
		store.hold = HALF;
		const listeners = [listen(), listen()];
		await until("the first bytes", () => listeners.every(one => one.got() > HALF / 2));
		for (const pid of fetchers())
			process.kill(Number(pid), signal);
		store.release();
		for (const one of listeners)
			assert.ok((await one.ended).equals(bytes));
		assert.equal(store.asked.length, 2);
		assert.match(store.asked[1].range, /^bytes=[1-9]\d*-$/);
	});

	test("another object is not given out", async () => {
		const other = Buffer.from(bytes);
		other[SIZE - 10] ^= 1;
		cool(other); /* of which the store says what it should be */
		const got = await listen().ended;
		assert.ok(got.length < SIZE, "the last byte is kept back");
		await noFetcher();
		assert.ok(!fs.existsSync(file));
		store.put(key, other);
		const refused = await ask();
		assert.equal(refused.status, 503);
		assert.match(refused.headers["retry-after"], /^\d+$/);
		store.put(key, bytes.subarray(1), sha256(bytes));
		assert.equal((await ask()).status, 503);
		assert.ok(!fs.existsSync(file));
	});

	test("a store that is ill is told of, and what it does not have", async () => {
		cool();
		store.status = 500;
		assert.equal((await ask()).status, 503);
		store.status = undefined;
		store.objects = {};
		assert.equal((await ask()).status, 503);
		assert.deepEqual(fs.readdirSync(path.join(library.dir, "data", "cache")), [".lock"]);
		sql("UPDATE remote SET state = 'pending'");
		store.asked = [];
		assert.equal((await ask()).status, 404);
		assert.deepEqual(store.asked, []);
	});

	test("without room for it, it is passed through", async () => {
		for (const size of [0, SIZE - 1]) {
			cool();
			library.configure(conf({storage: {cache_size: size}}));
			assert.ok((await ask()).body.equals(bytes));
			assert.ok((await ask({Range: "bytes=7-70"})).body.equals(bytes.subarray(7, 71)));
			assert.ok(!fs.existsSync(file));
			assert.equal(store.asked.length, 2);
		}
	});

	test("a segment is a slice of it", async () => {
		cool();
		const segment = await ask({}, "GET", `/hls/${track}/high/1.m4s`);
		assert.equal(segment.status, 200);
		const length = segment.body.length;
		assert.ok(length > 0);
		assert.ok(bytes.includes(segment.body));
		await noFetcher();
		assert.ok((await ask({}, "GET", `/hls/${track}/high/1.m4s`)).body.equals(segment.body));
	});

	test("listeners are led to the store, but not for what it cannot answer", async () => {
		cool();
		library.configure(conf({store: {serve: "redirect"}}));
		const led = await ask();
		assert.equal(led.status, 302);
		assert.equal(led.headers["cache-control"], "no-store");
		const url = new URL(led.headers.location);
		assert.equal(url.origin, store.endpoint);
		assert.equal(url.pathname, `/bucket/${key}`);
		const lifetime = Number(url.searchParams.get("X-Amz-Expires"));
		assert.ok(lifetime >= 60 && lifetime <= 604800, String(lifetime));
		assert.equal((await ask({Range: "bytes=1-2"})).status, 302);
		assert.deepEqual(store.asked, []);
		const head = await ask({}, "HEAD");
		assert.equal(head.status, 200);
		assert.equal(head.headers["content-length"], String(SIZE));
		assert.equal((await ask({}, "GET", `/hls/${track}/high/0.m4s`)).status, 200);
		const none = {...parameters(), AWS_ACCESS_KEY_ID: "", AWS_SHARED_CREDENTIALS_FILE: "/nonexistent"};
		await noFetcher();
		fs.rmSync(file, {force: true});
		const led2 = await cgi(library, "stream", `/media/${track}/${NAME}`, {method: "HEAD", parameters: none});
		assert.equal(led2.status, 200);
	});

	test("what was not heard for the longest time makes room", async () => {
		cool();
		library.configure(conf({storage: {cache_size: SIZE + 1000}}));
		assert.ok((await ask()).body.equals(bytes));
		await noFetcher();
		const cached = fs.readdirSync(path.join(library.dir, "data", "cache")).find(name => name.startsWith(track));
		const old = new Date(Date.now() - 3600000);
		fs.utimesSync(path.join(library.dir, "data", "cache", cached), old, fs.statSync(file).mtime);
		const second = randomBytes(5000), name = `media/${track}/aac-64.mp4`;
		sql(`UPDATE rendition SET file_size = 5000, etag = '${sha256(second)}' WHERE track = '${track}' AND quality = 'aac-64';
			INSERT INTO remote VALUES ('${store.endpoint}/bucket', '${name}', '${track}', 'rendition', 'aac-64', '${sha256(second)}',
			5000, 'confirmed', 1, 1)`);
		store.put(name, second);
		fs.rmSync(path.join(library.dir, "data", name), {force: true});
		assert.ok((await ask({}, "GET", `/${name}`)).body.equals(second));
		assert.ok(!fs.existsSync(file));
		assert.match((await cgi(library, "api", "/metrics")).text, /tonearm_cache_evictions_total 1/);
	});

	test("whether it is asked at all is told", async () => {
		const state = async () => {
			const {text} = await cgi(library, "api", "/metrics");
			return text.split("\n").find(line => line.startsWith("tonearm_storage_breaker_state"))
				?.replace(`tonearm_storage_breaker_state{endpoint="${store.endpoint}"} `, "");
		};

		await noFetcher();
		cool();
		store.status = 500;
		await until("it is left alone", async () => {
			assert.equal((await ask()).status, 503);
			return await state() === "2";
		});
		store.status = undefined;
		await until("it is asked again", async () => (await ask()).status === 200);
		await noFetcher();
		assert.equal(await state(), "0");
	});
});
