// SPDX-License-Identifier: MIT
// `tonearm storage` against a real radosgw: the library is sent, compared, mended and swept.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {library as makeLibrary} from "./lib/cgi.mjs";
import {logged} from "./lib/evidence.mjs";
import {startStore, storeMissing} from "./lib/radosgw.mjs";
import {startProxy} from "./lib/store_proxy.mjs";
import {build} from "./lib/tools.mjs";

const run = promisify(execFile);

describe("a copy of the library in an object store", {skip: storeMissing()}, () => {
	let store, dir, small, library, settings, files;

	before(async () => {
		dir = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-"));
		small = path.join(dir, "small");
		await fs.writeFile(small, "small");
		store = await startStore();
		assert.equal((await store.request("PUT", "/library")).status, 200);
		settings = {store: {endpoint: store.endpoint, bucket: "library", prefix: "music/", part_size: 5 << 20}};
		library = makeLibrary(settings);
		const all = await fs.readdir(path.join(library.dir, "data", "media"), {recursive: true, withFileTypes: true});
		files = all.filter(entry => entry.isFile());
		assert.ok(files.length > 3);
	});

	after(async () => {
		library?.remove();
		await store?.stop();
		await fs.rm(dir, {recursive: true, force: true});
	});

	function environment() {
		return {...process.env, AWS_ACCESS_KEY_ID: store.accessKey, AWS_SECRET_ACCESS_KEY: store.secretKey,
			STORE_ENDPOINT: store.endpoint, STORE_BUCKET: "library", TONEARM_CONF: library.conf};
	}

	/** Runs tests/storage_tool with WORDS; its line. */
	function tool(...words) {
		return new Promise(resolve => {
			execFile(path.join(build, "tests", "storage_tool"), words, {env: environment()}, (failure, out) =>
				resolve(JSON.parse(out)));
		});
	}

	async function ok(...words) {
		const answer = await tool(...words);
		assert.equal(answer.error, undefined, JSON.stringify(answer));
		return answer;
	}

	/** {code, told} of `tonearm storage WORDS`: its JSON, or what it said of a failure. */
	async function storage(...words) {
		return new Promise(resolve => {
			execFile(path.join(build, "tonearm"), ["storage", ...words, "--json"], {env: environment()}, (failure, out, err) => {
				logged("tonearm", out + err);
				resolve({code: failure?.code ?? 0, err, told: out ? JSON.parse(out) : null});
			});
		});
	}

	async function keys() {
		return (await ok("list", "music/", "", "1000")).objects.map(object => object.key);
	}

	test("is sent once, and is found to be the same", async () => {
		const before = await storage("verify");
		assert.equal(before.code, 1, before.err);
		const count = before.told.absent;
		assert.ok(count > 3);
		assert.match(before.err, /differ in/);
		const sent = await storage("migrate");
		assert.equal(sent.code, 0, sent.err);
		assert.equal(sent.told.sent, count);
		const listed = await keys();
		assert.equal(listed.length, count);
		assert.ok(listed.every(key => /^music\/(media|source)\/[0-9a-z]{26}/.test(key)), listed.join());
		const again = await storage("migrate");
		assert.deepEqual([again.told.sent, again.told.same], [0, count]);
		const after = await storage();
		assert.equal(after.code, 0, after.err);
		assert.deepEqual([after.told.same, after.told.absent, after.told.other, after.told.strays], [count, 0, 0, 0]);
	});

	test("is mended where it differs", async () => {
		const [first, second] = await keys();
		const stray = `music/media/${"0".repeat(26)}/high.mp4`;
		await ok("put", first, small);
		await ok("delete", second);
		await ok("put", stray, small);
		await ok("put", "elsewhere/of/others", small);
		await ok("put", "music/notes.txt", small);
		assert.equal((await storage("verify")).told.strays, 0, "it is too young");
		let found;
		do
			found = await storage("verify", "--age", "1s");
		while (found.told.strays === 0);
		assert.equal(found.code, 1);
		assert.deepEqual([found.told.other, found.told.absent, found.told.strays], [1, 1, 1]);
		const mended = await storage("verify", "--repair", "--age", "1s");
		assert.equal(mended.code, 0, mended.err);
		assert.deepEqual([mended.told.sent, mended.told.removed], [2, 1]);
		assert.equal((await storage("verify", "--age", "1s")).code, 0);
		assert.ok((await keys()).includes("music/notes.txt"));
		await ok("head", "elsewhere/of/others");
	});

	test("is sent again where the store was busy, and nothing but that", async t => {
		const proxy = await startProxy(store.endpoint);
		t.after(async () => {
			library.configure(settings);
			await proxy.stop();
		});
		library.configure({store: {...settings.store, endpoint: proxy.endpoint, prefix: "again/"}});
		proxy.fault = (sort, count) => sort === "PUT" && count < 3 ? 503 : undefined;
		const sent = await storage("migrate");
		assert.equal(sent.code, 0, sent.err);
		assert.ok(sent.told.sent > 3);
		/* One GET asks whether the bucket is there. */
		assert.deepEqual(proxy.asked, {GET: 1, HEAD: sent.told.sent + 2, PUT: sent.told.sent + 2});
		proxy.fault = sort => sort === "HEAD" ? 403 : undefined;
		const refused = await storage("migrate");
		assert.equal(refused.code, 4, refused.err);
	});

	test("does not take over what is damaged here", async () => {
		const file = path.join(files[0].parentPath ?? files[0].path, files[0].name);
		const good = await fs.readFile(file);
		const key = `music/media/${path.basename(path.dirname(file))}/${files[0].name}`;
		await ok("delete", key);
		await fs.writeFile(file, Buffer.concat([Buffer.from([good[0] ^ 1]), good.subarray(1)]));
		const refused = await storage("migrate");
		assert.equal(refused.code, 1);
		assert.equal(refused.told.damaged, 1);
		assert.equal((await tool("head", key)).error, "not-found");
		await fs.writeFile(file, good);
		assert.equal((await storage("migrate")).told.sent, 1);
	});

	test("mends the library where that is damaged", async () => {
		const media = files.filter(file => file.name.endsWith(".mp4")).slice(0, 3);
		assert.equal(media.length, 3);
		const paths = media.map(file => path.join(file.parentPath ?? file.path, file.name));
		const good = await Promise.all(paths.map(file => fs.readFile(file)));
		const key = `music/media/${path.basename(path.dirname(paths[2]))}/${media[2].name}`;
		await fs.writeFile(paths[0], Buffer.concat([Buffer.from([good[0][0] ^ 1]), good[0].subarray(1)]));
		await fs.truncate(paths[1], 10);
		await fs.rm(paths[2]);
		const found = await storage("verify");
		assert.deepEqual([found.code, found.told.damaged], [1, 3], found.err);
		await tool("delete", key);
		const tried = await storage("verify", "--repair");
		assert.equal(tried.code, 1, "one is nowhere");
		assert.deepEqual([tried.told.fetched, tried.told.damaged], [2, 1]);
		await fs.writeFile(small, good[2]);
		await ok("put", key, small);
		await run(path.join(build, "tonearm"), ["tracks", "verify"], {env: environment()}).catch(() => {});
		const mended = await storage("verify", "--repair");
		assert.deepEqual([mended.code, mended.told.fetched, mended.told.damaged], [0, 1, 0], mended.err);
		for (const [i, file] of paths.entries())
			assert.deepEqual(await fs.readFile(file), good[i]);
		assert.deepEqual(await fs.readdir(path.join(library.dir, "data", "spool")), []);
		await run(path.join(build, "tonearm"), ["tracks", "verify"], {env: environment()});
	});

	test("moves to another store, also what is not here any more", async t => {
		assert.equal((await store.request("PUT", "/moved")).status, 200);
		const old = path.join(dir, "old.conf");
		await fs.copyFile(library.conf, old);
		await fs.chmod(old, 0o600);
		const [gone, lost] = files.filter(file => file.name.endsWith(".mp4"))
			.map(file => path.join(file.parentPath ?? file.path, file.name));
		const good = await Promise.all([gone, lost].map(file => fs.readFile(file)));
		const lostKey = `music/media/${path.basename(path.dirname(lost))}/${path.basename(lost)}`;
		t.after(async () => {
			library.configure(settings);
			await fs.writeFile(gone, good[0]);
			await fs.writeFile(lost, good[1]);
		});
		await fs.rm(gone);
		await fs.rm(lost);
		await ok("delete", lostKey);
		const same = await storage("migrate", "--from", old);
		assert.equal(same.code, 2, same.err);
		assert.match(same.err, /names the store that is migrated to/);

		const count = (await keys()).filter(key => key !== "music/notes.txt").length + 1;
		library.configure({store: {...settings.store, bucket: "moved", prefix: ""}});
		const first = await storage("migrate", "--from", old);
		assert.deepEqual([first.code, first.told.sent, first.told.damaged], [1, count - 1, 1], first.err);
		await fs.writeFile(small, good[1]);
		await ok("put", lostKey, small);
		const second = await storage("migrate", "--from", old);
		assert.deepEqual([second.code, second.told.sent, second.told.same], [0, 1, count - 1], second.err);
		const third = await storage("migrate", "--from", old);
		assert.deepEqual([third.code, third.told.sent, third.told.same], [0, 0, count], third.err);
		assert.deepEqual(await fs.readdir(path.join(library.dir, "data", "spool")), []);
		const mended = await storage("verify", "--repair");
		assert.deepEqual([mended.code, mended.told.fetched], [0, 2], mended.err);
		assert.deepEqual([await fs.readFile(gone), await fs.readFile(lost)], good);
	});

	test("loses what the library has lost, but not all of it", async () => {
		const gone = (await keys())[0].split("/")[2].slice(0, 26);
		await run(path.join(build, "tonearm"), ["tracks", "delete", gone], {env: environment()});
		const {id} = await ok("begin", "music/media/left");
		let swept;
		do
			swept = await storage("gc", "--age", "1s");
		while (swept.told.removed === 0 && swept.told.uploads === 0);
		while (swept.told.uploads === 0)
			swept = await storage("gc", "--age", "1s");
		assert.ok(id);
		assert.ok(!(await keys()).some(key => key.includes(gone)));
		assert.deepEqual((await ok("uploads", "music/")).uploads, []);
		const rest = await keys();
		assert.ok(rest.length > 1);

		const empty = path.join(dir, "empty-site");
		await run(path.join(build, "tonearm"), ["init", empty]);
		const text = await fs.readFile(path.join(empty, "tonearm.conf"), "utf8");
		await fs.writeFile(path.join(empty, "tonearm.conf"), `${text}\nstore: { endpoint = "${store.endpoint}"; bucket = `
			+ `"library"; prefix = "music/"; };\n`);
		const refusal = await run(path.join(build, "tonearm"), ["-c", empty, "storage", "gc", "--age", "1s"],
			{env: environment()}).catch(error => error);
		assert.match(refusal.stderr, /the library is empty/);
		assert.deepEqual(await keys(), rest);
	});

	test("costs no more writes than are allowed in a month", async () => {
		library.configure({store: {...settings.store, writes_per_month: 1}});
		const [key] = await keys();
		await ok("delete", key);
		const refused = await storage("migrate");
		assert.equal(refused.code, 5, refused.err);
		assert.match(refused.err, /in a month are used up/);
		const {stdout} = await run(path.join(build, "tonearm"), ["doctor", "--json"], {env: environment()}).catch(error => error);
		const {grade, found} = JSON.parse(stdout).checks.find(({check}) => check === "store budget");
		assert.equal(grade, "warn");
		assert.match(found, /of 1 writes of this month are used/);
		library.configure(settings);
		assert.equal((await storage("migrate")).code, 0);
	});

	test("needs a store in the configuration", async () => {
		library.configure({});
		const refused = await storage("verify");
		assert.equal(refused.code, 2);
		assert.match(refused.err, /store\.endpoint/);
	});
});
