// SPDX-License-Identifier: MIT
// Object storage against a real radosgw, which verifies signatures as AWS does: the whole interface, presigned URLs,
// and what must be refused.

import assert from "node:assert/strict";
import {execFile, spawn} from "node:child_process";
import {createHash, randomBytes} from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {after, before, beforeEach, describe, test} from "node:test";
import {promisify} from "node:util";
import {logged} from "./lib/evidence.mjs";
import {startFront} from "./lib/h2_front.mjs";
import {startStore, storeMissing} from "./lib/radosgw.mjs";
import {startProxy} from "./lib/store_proxy.mjs";
import {build, missing, pause} from "./lib/tools.mjs";

const ODD_KEYS = ["plain", "a b", "a+b", "100%25 %2F%", "a//b/../c/./d/", "/first", "Ünïcödé/音楽 ♫ \u{1F3B5}", "&<>\"'?#=;:@$,~*()!"];
const PART = 5 << 20, PARTS = 5;
const run = promisify(execFile);

describe("object storage", {skip: storeMissing()}, () => {
	let store, dir, small, body;

	before(async () => {
		dir = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-"));
		small = path.join(dir, "small");
		body = randomBytes(150001);
		await fs.writeFile(small, body);
		store = await startStore();
		assert.equal((await store.request("PUT", "/bucket")).status, 200);
	});

	after(async () => {
		await store?.stop();
		await fs.rm(dir, {recursive: true, force: true});
	});

	const program = path.join(build, "tests", "storage_tool");

	function environment(env) {
		return {...process.env, STORE_ENDPOINT: store.endpoint, STORE_BUCKET: "bucket",
			AWS_ACCESS_KEY_ID: store.accessKey, AWS_SECRET_ACCESS_KEY: store.secretKey, ...env};
	}

	/** Runs the tool with WORDS; its line, with an error as such. */
	function tool(words, env = {}) {
		return new Promise(resolve => {
			execFile(program, words, {env: environment(env)}, (failure, out, err) => {
				logged("storage_tool", out + err);
				try {
					resolve(JSON.parse(out));
				} catch {
					resolve({crash: `${failure} ${out} ${err}`});
				}
			});
		});
	}

	async function ok(words, env) {
		const answer = await tool(words, env);
		assert.equal(answer.error ?? answer.crash, undefined, `${words[0]}: ${JSON.stringify(answer)}`);
		return answer;
	}

	async function presigned(method, key, env) {
		return (await ok(["presign", method, key, "60"], env)).url;
	}

	async function got(key, ...range) {
		const file = path.join(dir, "got");
		await ok(["get", key, file, ...range]);
		return fs.readFile(file);
	}

	function put(url, bytes) {
		return fetch(url, {method: "PUT", body: bytes});
	}

	test("keeps and gives objects under whatever keys", async () => {
		for (const key of ODD_KEYS) {
			const made = await ok(["put", key, small]);
			assert.equal(made.etag, createHash("md5").update(body).digest("hex"));
			const head = await ok(["head", key]);
			assert.equal(head.size, body.length);
			assert.equal(head.etag, made.etag);
			assert.equal(head.type, "audio/mp4");
			assert.equal(head.sha256, createHash("sha256").update(body).digest("hex"));
			assert.ok((await got(key)).equals(body), key);
			assert.ok((await got(key, "149000", "5000")).equals(body.subarray(149000)), key);
			assert.ok((await got(key, "7", "11")).equals(body.subarray(7, 18)), key);
		}
		const listed = (await ok(["list", "", "", "100"])).objects.map(object => object.key);
		assert.deepEqual(listed, [...ODD_KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
		for (const key of ODD_KEYS) {
			await ok(["copy", key, `copied/${key}`]);
			assert.equal((await ok(["head", `copied/${key}`])).etag, (await ok(["head", key])).etag, key);
		}
		await ok(["delete", ODD_KEYS[0]]);
		assert.equal((await tool(["head", ODD_KEYS[0]])).error, "not-found");
		await ok(["delete", ODD_KEYS[0]]);
		await ok(["delete", ...ODD_KEYS, ...ODD_KEYS.map(key => `copied/${key}`)]);
		assert.deepEqual((await ok(["list", "", "", "100"])).objects, []);
	});

	test("keeps what describes an object", async () => {
		await ok(["put", "described", small]);
		const answer = await fetch(await presigned("GET", "described"));
		assert.equal(answer.headers.get("content-type"), "audio/mp4");
		assert.equal(answer.headers.get("cache-control"), "public, max-age=31536000");
		const tags = await (await store.request("GET", "/bucket/described", {tagging: ""})).text();
		assert.match(tags, /<Key>kind<\/Key><Value>a rendition<\/Value>/);
		assert.match(tags, /<Key>a\+b<\/Key><Value>c&amp;d=<\/Value>/);
		await ok(["delete", "described"]);
	});

	test("pages through a list", async () => {
		const keys = Array.from({length: 7}, (_, i) => `page/${i}`);
		for (const key of keys)
			await ok(["put", key, small]);
		const seen = [];
		for (let page = {more: true}; page.more;) {
			page = await ok(["list", "page/", seen.at(-1) ?? "", "3"]);
			assert.ok(page.objects.length <= 3);
			seen.push(...page.objects.map(object => object.key));
		}
		assert.deepEqual(seen, keys);
		await ok(["delete", ...keys]);
	});

	test("knows the ways in which bodies are signed and summed", async () => {
		for (const env of [{STORE_PAYLOAD: "chunked"}, {STORE_CHECKSUM: "sha256"}, {STORE_CHECKSUM: "none"}]) {
			await ok(["put", "ways", small], env);
			assert.ok((await got("ways")).equals(body), JSON.stringify(env));
		}
		await fs.writeFile(path.join(dir, "empty"), "");
		for (const env of [{}, {STORE_PAYLOAD: "chunked"}]) {
			await ok(["put", "empty", path.join(dir, "empty")], env);
			assert.equal((await ok(["head", "empty"])).size, 0);
		}
		assert.equal((await tool(["put", "ways", small, "absent"])).error, "precondition-failed");
		await ok(["delete", "ways", "empty"]);
	});

	test("finds a bucket by its name in the host's, and verifies TLS", async () => {
		await ok(["put", "a b+c", small]);
		const host = {STORE_ENDPOINT: store.hostEndpoint, STORE_STYLE: "host"};
		assert.equal((await ok(["head", "a b+c"], host)).size, body.length);
		assert.equal((await ok(["list", "a b", "", "5"], host)).objects[0].key, "a b+c");
		const distrusted = await tool(["head", "a b+c"], {STORE_ENDPOINT: store.tlsEndpoint});
		assert.equal(distrusted.error, "forbidden");
		assert.match(distrusted.detail, /certificate/);
		const trusted = {STORE_ENDPOINT: store.tlsEndpoint, STORE_CA: store.ca};
		assert.equal((await ok(["head", "a b+c"], trusted)).size, body.length);
		await ok(["put", "a b+c", small], trusted);
		await ok(["delete", "a b+c"]);
	});

	test("is refused with a wrong secret, a wrong clock, an unknown key or bucket", async () => {
		const cases = [[{AWS_SECRET_ACCESS_KEY: "wrong"}, "forbidden", /SignatureDoesNotMatch/],
			[{AWS_ACCESS_KEY_ID: "NOBODY"}, "forbidden", /InvalidAccessKeyId/],
			[{STORE_CLOCK: "-3600"}, "forbidden", /RequestTimeTooSkewed/],
			[{STORE_BUCKET: "no-such-bucket"}, "not-found", /NoSuchBucket/]];
		for (const [env, error, detail] of cases) {
			const answer = await tool(["put", "refused", small], env);
			assert.equal(answer.error, error);
			assert.match(answer.detail, detail);
			assert.equal(answer.retry, false);
		}
		assert.equal((await tool(["head", "refused"])).error, "not-found");
	});

	test("presigned URLs do what they say and nothing else", async () => {
		const key = ODD_KEYS[6];
		const upload = await presigned("PUT", key);
		assert.equal((await put(upload, body)).status, 200);
		const download = await presigned("GET", key);
		const whole = await fetch(download);
		assert.equal(whole.status, 200);
		assert.ok(Buffer.from(await whole.arrayBuffer()).equals(body));
		const range = await fetch(download, {headers: {range: "bytes=5-8"}});
		assert.equal(range.status, 206);
		assert.ok(Buffer.from(await range.arrayBuffer()).equals(body.subarray(5, 9)));

		const other = await presigned("GET", "other");
		const refused = [
			[download, "PUT"],
			[upload, "GET"],
			[download.replace(/Signature=.{8}/, "Signature=00000000"), "GET"],
			[download.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), "GET"],
			[other.replace("/bucket/other", new URL(download).pathname), "GET"],
			[await presigned("GET", key, {AWS_SECRET_ACCESS_KEY: "wrong"}), "GET"],
			[await presigned("GET", key, {STORE_CLOCK: "-120"}), "GET"],
			[await presigned("PUT", key, {STORE_CLOCK: "-120"}), "PUT"],
		];
		for (const [url, method] of refused) {
			const answer = await fetch(url, {method, body: method === "PUT" ? "evil" : undefined});
			assert.equal(answer.status, 403, `${method} ${url}`);
		}
		assert.ok((await got(key)).equals(body));
		await ok(["delete", key]);
	});

	test("ends an upload that was begun", async () => {
		const {id} = await ok(["begin", "left over"]);
		const {uploads} = await ok(["uploads", "left"]);
		assert.deepEqual(uploads.map(upload => [upload.key, upload.id]), [["left over", id]]);
		assert.ok(Math.abs(uploads[0].begun - Date.now() / 1000) < 3600);
		await ok(["abort", "left over", id]);
		await ok(["abort", "left over", id]);
		assert.deepEqual((await ok(["uploads", ""])).uploads, []);
	});

	describe("by HTTP/2", () => {
		let front, by;

		before(async () => {
			front = await startFront(store.endpoint, {cert: await fs.readFile(store.ca), key: await fs.readFile(path.join(store.dir, "tls.key"))});
			by = {STORE_ENDPOINT: front.endpoint, STORE_CA: store.ca};
		});

		beforeEach(() => front.forget());

		after(() => front?.stop());

		test("signatures cover what arrives, whatever the key and the way of the body", async () => {
			for (const key of ODD_KEYS) {
				await ok(["put", key, small], by);
				assert.equal((await ok(["head", key], by)).size, body.length, key);
				await ok(["copy", key, `copied/${key}`], by);
			}
			assert.equal((await ok(["list", "copied/", "", "100"], by)).objects.length, ODD_KEYS.length);
			await ok(["delete", ...ODD_KEYS, ...ODD_KEYS.map(key => `copied/${key}`)], by);
			for (const env of [{STORE_PAYLOAD: "chunked"}, {STORE_CHECKSUM: "sha256"}, {STORE_CHECKSUM: "none"}]) {
				await ok(["put", "ways", small], {...by, ...env});
				const file = path.join(dir, "got");
				await ok(["get", "ways", file], by);
				assert.ok((await fs.readFile(file)).equals(body), JSON.stringify(env));
				await ok(["get", "ways", file, "149000", "5000"], by);
				assert.ok((await fs.readFile(file)).equals(body.subarray(149000)), JSON.stringify(env));
			}
			assert.equal((await tool(["head", "ways"], {...by, AWS_SECRET_ACCESS_KEY: "wrong"})).error, "forbidden");
			await ok(["delete", "ways"], by);
			assert.ok(front.sessions > 0 && front.streams >= front.sessions);
		});

		test("a stream that is reset fails, and leaves nothing that looks whole", async () => {
			front.fault = () => "reset";
			const failed = await tool(["put", "reset", small], by);
			assert.deepEqual([failed.error, failed.retry], ["io", true], JSON.stringify(failed));
			assert.equal((await tool(["head", "reset"])).error, "not-found");
			await ok(["put", "reset", small]);
			front.fault = () => "cut";
			const cut = await tool(["get", "reset", path.join(dir, "cut")], by);
			assert.deepEqual([cut.error, cut.retry], ["io", true], JSON.stringify(cut));
			await ok(["delete", "reset"]);
		});

		// Of a connection that ends libcurl 7.88 gives up streams that it could send again, or waits for them in vain: the job
		// tries again, and goes on.
		for (const fault of [undefined, "goaway", "left out"]) {
			test(`parts at the same time${fault ? `, of which GOAWAY ends the connection: ${fault}` : ""}`, async () => {
				const large = path.join(dir, "large"), bytes = randomBytes((PARTS - 1) * PART + 12345);
				await fs.writeFile(large, bytes);
				front.fault = (method, count) => count === 3 ? fault : undefined;
				const words = ["send", "parts", large, path.join(dir, `h2-${fault}.db`)];
				let made = await tool(words, by);
				if (fault !== undefined && made.error) {
					assert.ok(["io", "timeout"].includes(made.error) && made.retry, JSON.stringify(made));
					made = await ok(words, by);
				}
				assert.match(made.etag ?? JSON.stringify(made), new RegExp(`^[0-9a-f]{32}-${PARTS}$`));
				assert.ok((await got("parts")).equals(bytes));
				if (fault !== undefined)
					assert.ok(front.sessions > 1);
				await ok(["delete", "parts"]);
			});
		}
	});

	describe("in parts", {skip: missing("sqlite3")}, () => {
		let proxy, large, bytes, database;

		before(async () => {
			proxy = await startProxy(store.endpoint);
			large = path.join(dir, "large");
			bytes = randomBytes((PARTS - 1) * PART + 12345);
			await fs.writeFile(large, bytes);
		});

		after(() => proxy?.stop());

		/** What is written down of uploads, by TABLE. */
		async function rows(table) {
			const {stdout} = await run("sqlite3", ["-readonly", "-cmd", ".timeout 10000", database,
				`SELECT count(*) FROM ${table}`]).catch(() => ({stdout: "0"}));
			return Number(stdout);
		}

		/** Begins to send KEY through the proxy and kills the tool with SIGKILL when REACHED() says so. */
		async function killed(key, reached) {
			const child = spawn(program, ["send", key, large, database],
				{env: environment({STORE_ENDPOINT: proxy.endpoint}), stdio: "ignore"});
			const ended = new Promise(resolve => child.on("exit", (code, signal) => resolve(signal)));
			let over = false;
			ended.then(() => over = true);
			while (!await reached()) {
				assert.ok(!over, "the tool has ended");
				await pause(20);
			}
			child.kill("SIGKILL");
			assert.equal(await ended, "SIGKILL");
		}

		function send(key) {
			return tool(["send", key, large, database], {STORE_ENDPOINT: proxy.endpoint});
		}

		async function sent(key) {
			const made = await send(key);
			assert.equal(made.size, bytes.length, JSON.stringify(made));
			return made;
		}

		async function isThere(key) {
			assert.ok((await got(key)).equals(bytes));
			assert.deepEqual((await ok(["uploads", key])).uploads, []);
			assert.equal(await rows("sending"), 0);
			assert.equal(await rows("sending_part"), 0);
			await ok(["delete", key]);
			proxy.fault = () => undefined;
		}

		test("goes on where kill -9 broke it off", async () => {
			database = path.join(dir, "parts.db");
			proxy.forget();
			proxy.fault = (sort, count) => sort === "part" && count > 2 ? "stall" : undefined;
			await killed("k/1 +%", async () => await rows("sending_part") === 2);
			assert.equal((await tool(["head", "k/1 +%"])).error, "not-found");
			proxy.forget();
			proxy.fault = () => undefined;
			const made = await sent("k/1 +%");
			assert.match(made.etag, new RegExp(`^[0-9a-f]{32}-${PARTS}$`));
			assert.deepEqual(proxy.asked, {part: PARTS - 2, complete: 1, HEAD: 1});
			await isThere("k/1 +%");
		});

		test("sends nothing twice when kill -9 comes as it is complete", async () => {
			database = path.join(dir, "complete.db");
			proxy.forget();
			let complete = false;
			proxy.swallowed = () => complete = true;
			proxy.fault = sort => sort === "complete" ? "swallow" : undefined;
			await killed("k/2", () => complete);
			proxy.forget();
			proxy.fault = () => undefined;
			await sent("k/2");
			assert.equal(proxy.asked.part, undefined);
			assert.equal(proxy.asked.begin, undefined);
			await isThere("k/2");
		});

		for (const [name, fault, error] of [["SlowDown", 503, "busy"], ["an internal error", 500, "io"], ["a reset", "reset", "io"]]) {
			test(`goes on after ${name}`, async () => {
				database = path.join(dir, `${error}-${fault}.db`);
				proxy.forget();
				proxy.fault = (sort, count, part) => part === 2 ? fault : undefined; /* also when it is tried again */
				const failed = await send("k/3");
				assert.equal(failed.error, error, JSON.stringify(failed));
				assert.equal(failed.retry, true);
				assert.equal((await tool(["head", "k/3"])).error, "not-found");
				const done = await rows("sending_part");
				assert.equal(done, PARTS - 1);
				proxy.forget();
				proxy.fault = () => undefined;
				await sent("k/3");
				assert.equal(proxy.asked.part, 1);
				await isThere("k/3");
			});
		}
	});
});
