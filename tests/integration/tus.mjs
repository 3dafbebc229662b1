// SPDX-License-Identifier: MIT
// Resumable uploads by tus 1.0: each word of the protocol against api.fcgi alone, then tus-js-client through each web
// server, with a responder that is killed in the middle and an upload in parallel parts.

import assert from "node:assert/strict";
import {createHash} from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import {Readable} from "node:stream";
import {after, before, beforeEach, describe, test} from "node:test";
import {bearer, cgi, library} from "./lib/cgi.mjs";
import {until} from "./lib/library.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {load, missing} from "./lib/tools.mjs";

const PIECE = "application/offset+octet-stream";
const UNKNOWN = "01aaaaaaaaaaaaaaaaaaaaaaaa";
const sound = wav(0.05);
const space = fs.statfsSync(os.tmpdir());
const roomy = space.bavail * space.bsize > 2 ** 40; // no floor is higher than what is free
const encode = fields => Object.entries(fields).map(([name, value]) => `${name} ${Buffer.from(value).toString("base64")}`).join(",");
const sum = (algorithm, bytes) => `${algorithm} ${createHash(algorithm).update(bytes).digest("base64")}`;

describe("by the letter", () => {
	let place;
	beforeEach(() => {
		place?.remove();
		place = library();
	});
	after(() => place?.remove());

	const ask = (method, target, headers = {}, body = "", who = {}) => cgi(place, "api", target,
		{method, body, headers: {...bearer("track:write", who), "Tus-Resumable": "1.0.0", ...headers}});
	const create = (length, headers = {}, body = "") => ask("POST", "/uploads", {"Upload-Length": String(length), ...headers}, body);
	const patch = (target, offset, bytes, headers = {}) =>
		ask("PATCH", target, {"Content-Type": PIECE, "Upload-Offset": String(offset), ...headers}, bytes);
	const spooled = () => fs.readdirSync(path.join(place.dir, "data", "spool"));

	/* The address of a new upload of SOUND. */
	async function begun(headers) {
		const answer = await create(sound.length, headers);
		assert.equal(answer.status, 201, answer.text);
		return answer.headers.location;
	}

	async function offset(target) {
		const answer = await ask("HEAD", target);
		assert.equal(answer.status, 200);
		assert.equal(answer.headers["cache-control"], "no-store");
		return Number(answer.headers["upload-offset"]);
	}

	function refused(answer, status) {
		assert.equal(answer.status, status, answer.text);
		assert.equal(answer.headers["tus-resumable"], "1.0.0");
		assert.equal(answer.json.status, status);
	}

	/* The queue is full from here on. */
	async function fill() {
		place.configure({jobs: {max_queued: 1}});
		assert.equal((await cgi(place, "api", "/api/v1/tracks", {method: "POST", body: sound,
			headers: {...bearer("track:write"), "Content-Type": "audio/wav"}})).status, 202);
	}

	/* The track that ANSWER names, whose job it names too. */
	async function track(answer) {
		const job = await cgi(place, "api", answer.headers["tonearm-job"], {headers: bearer("jobs:read")});
		assert.equal(job.status, 200, job.text);
		assert.ok(answer.headers["tonearm-track"].endsWith(`/${job.json.job.track}`));
		const {status, json} = await cgi(place, "api", answer.headers["tonearm-track"], {headers: bearer("track:read track:write stream:read")});
		assert.equal(status, 200);
		return json.track;
	}

	test("what is spoken is told without a token, to pages of other sites too", async () => {
		for (const target of ["/uploads", `/uploads/${UNKNOWN}`]) {
			const {status, headers} = await cgi(place, "api", target, {method: "OPTIONS"});
			assert.equal(status, 204);
			assert.equal(headers["tus-version"], "1.0.0");
			assert.equal(headers["tus-max-size"], "1048576");
			for (const word of ["creation", "creation-defer-length", "creation-with-upload", "expiration", "checksum", "termination", "concatenation"])
				assert.ok(headers["tus-extension"].split(",").includes(word), word);
			assert.ok(headers["tus-checksum-algorithm"].split(",").includes("sha1"));
			assert.equal(headers["access-control-allow-origin"], "*");
			for (const field of ["Tus-Resumable", "Upload-Offset", "Upload-Metadata", "Upload-Concat", "Authorization"])
				assert.ok(headers["access-control-allow-headers"].split(", ").includes(field), field);
		}
		assert.match((await cgi(place, "api", `/uploads/${UNKNOWN}`, {method: "OPTIONS"})).headers["access-control-allow-methods"], /PATCH.*DELETE/);
	});

	test("pieces become a track as a form does", async () => {
		const target = await begun({"Upload-Metadata": encode({filename: "märz.wav", title: "Drei Stücke", visibility: "public"})});
		assert.equal(await offset(target), 0);
		const first = await patch(target, 0, sound.subarray(0, 1000));
		assert.equal(first.status, 204);
		assert.equal(first.headers["upload-offset"], "1000");
		assert.ok(Date.parse(first.headers["upload-expires"]) > Date.now() + 3600e3);
		assert.match(first.headers["access-control-expose-headers"], /Upload-Offset/);
		assert.equal(first.headers["tonearm-track"], undefined);
		assert.equal(await offset(target), 1000);
		const last = await patch(target, 1000, sound.subarray(1000));
		assert.equal(last.status, 204);
		assert.equal(last.headers["upload-offset"], String(sound.length));
		const made = await track(last);
		assert.equal(made.title, "Drei Stücke");
		assert.equal(made.source_name, "märz.wav");
		assert.equal(made.visibility, "public");
		assert.deepEqual(fs.readFileSync(path.join(place.dir, "data", "source", `${made.id}.wav`)), sound);
		assert.deepEqual(spooled(), []);
		/* Who missed the answer finds it. */
		const looked = await ask("HEAD", target);
		assert.equal(looked.headers["upload-offset"], String(sound.length));
		assert.equal(looked.headers["tonearm-track"], last.headers["tonearm-track"]);
		assert.match(looked.headers["upload-metadata"], /^filename /);
		refused(await patch(target, sound.length, ""), 409);
		assert.equal((await ask("DELETE", target)).status, 204);
		assert.equal((await track(last)).id, made.id);
	});

	test("the first piece may come with the creation", async () => {
		const some = await create(sound.length, {"Content-Type": PIECE}, sound.subarray(0, 500));
		assert.equal(some.status, 201);
		assert.equal(some.headers["upload-offset"], "500");
		assert.equal(await offset(some.headers.location), 500);
		const all = await create(sound.length, {"Content-Type": PIECE}, sound);
		assert.equal(all.headers["upload-offset"], String(sound.length));
		assert.equal((await track(all)).source_bytes, sound.length);
	});

	test("the length may be told with a later piece", async () => {
		const open = (headers = {}, body = "") => ask("POST", "/uploads", {"Upload-Defer-Length": "1", ...headers}, body);
		const whole = {"Upload-Length": String(sound.length)};
		const {headers: {location: target}} = await open({"Content-Type": PIECE}, sound.subarray(0, 500));
		await patch(target, 500, sound.subarray(500, 1000));
		const looked = await ask("HEAD", target);
		assert.equal(looked.headers["upload-defer-length"], "1");
		assert.equal(looked.headers["upload-length"], undefined);
		assert.equal(looked.headers["upload-offset"], "1000");
		refused(await patch(target, 1000, sound.subarray(1000), {"Upload-Length": "999"}), 400);
		refused(await patch(target, 1000, sound.subarray(1000), {"Upload-Length": "0"}), 422);
		refused(await patch(target, 1000, sound.subarray(1000), {"Upload-Length": "1048577"}), 413);
		refused(await patch(target, 1001, "", whole), 409);
		assert.equal((await ask("HEAD", target)).headers["upload-defer-length"], "1", "nothing of this was the length");
		assert.equal((await patch(target, 1000, sound.subarray(1000, 1500), whole)).status, 204);
		const told = await ask("HEAD", target);
		assert.equal(told.headers["upload-defer-length"], undefined);
		assert.equal(told.headers["upload-length"], whole["Upload-Length"]);
		refused(await patch(target, 1500, sound.subarray(1500), {"Upload-Length": String(sound.length + 1)}), 400);
		const last = await patch(target, 1500, sound.subarray(1500), whole);
		assert.equal((await track(last)).source_bytes, sound.length);

		/* With a piece that is empty, too; and never less strict than where it is told at once. */
		const {headers: {location: other}} = await open();
		assert.equal((await patch(other, 0, sound)).headers["tonearm-track"], undefined);
		assert.equal((await track(await patch(other, sound.length, "", whole))).source_bytes, sound.length);
		const {headers: {location: large}} = await open();
		refused(await patch(large, 0, Buffer.alloc(1048577)), 413);
		for (const headers of [{"Upload-Defer-Length": "0"}, {"Upload-Defer-Length": ""}, whole])
			refused(await open(headers), 400);
		const {headers: {location: part}} = await open({"Upload-Concat": "partial"});
		await patch(part, 0, sound);
		refused(await ask("POST", "/uploads", {"Upload-Concat": `final;${part}`}), 409);
		await patch(part, sound.length, "", whole);
		assert.equal((await track(await ask("POST", "/uploads", {"Upload-Concat": `final;${part}`}))).source_bytes, sound.length);
		place.configure({limits: {uploads_open: 1}});
		refused(await open(), 429);
		if (!roomy) {
			place.configure({storage: {disk_floor: "1024G"}});
			refused(await patch(large, await offset(large), sound), 503);
		}
		place.configure({jobs: {max_queued: 1}});
		refused(await open(), 503);
	});

	test("what is refused before it begins", async () => {
		refused(await ask("POST", "/uploads", {"Tus-Resumable": "0.2.2", "Upload-Length": "10"}), 412);
		assert.equal((await ask("POST", "/uploads", {"Tus-Resumable": "0.2.2"})).headers["tus-version"], "1.0.0");
		refused(await cgi(place, "api", "/uploads", {method: "POST", headers: {"Tus-Resumable": "1.0.0"}}), 401);
		refused(await ask("POST", "/uploads", {...bearer("track:read"), "Upload-Length": "10"}), 403);
		for (const length of ["", "-1", "1e3", "99999999999999999999"])
			refused(await create(length), 400);
		refused(await create(0), 422);
		const large = await create(1048577);
		refused(large, 413);
		assert.equal(large.headers["tus-max-size"], "1048576");
		for (const metadata of ["title x", "title eA==,title eA==", " ,", "title AA=="])
			refused(await create(10, {"Upload-Metadata": metadata}), 400);
		for (const fields of [{visibility: "secret"}, {titel: "x"}, {renditions: "{"}, {loudness: "loud"}])
			refused(await create(10, {"Upload-Metadata": encode(fields)}), 422);
		await fill();
		refused(await create(10), 503);
		place.configure({limits: {uploads_open: 1}});
		await begun();
		refused(await create(10), 429);
	});

	test("a piece belongs where the upload stands", async () => {
		const target = await begun();
		refused(await patch(target, 1, sound), 409);
		refused(await patch(target, "", sound), 400);
		refused(await ask("PATCH", target, {"Upload-Offset": "0"}, sound), 415);
		refused(await patch(target, 0, Buffer.concat([sound, sound])), 413);
		refused(await patch(`/uploads/${UNKNOWN}`, 0, sound), 404);
		refused(await ask("PATCH", target, {"Content-Type": PIECE, "Upload-Offset": "0"}, sound, {subject: "bob"}), 404);
		assert.equal((await ask("HEAD", target, {}, "", {subject: "bob"})).status, 404);
		refused(await ask("DELETE", target, {}, "", {subject: "bob"}), 404);
		assert.ok(await offset(target) <= sound.length);
	});

	test("what broke off stays", async () => {
		const target = await begun();
		await cgi(place, "api", target, {method: "PATCH", body: sound.subarray(0, 700), length: sound.length,
			headers: {...bearer("track:write"), "Tus-Resumable": "1.0.0", "Content-Type": PIECE, "Upload-Offset": "0"}});
		assert.equal(await offset(target), 700);
		assert.equal((await patch(target, 700, sound.subarray(700))).status, 204);
	});

	test("checksums", async () => {
		for (const algorithm of ["sha1", "sha256", "sha512", "md5"]) {
			const target = await begun();
			const piece = sound.subarray(0, 800);
			refused(await patch(target, 0, piece, {"Upload-Checksum": sum(algorithm, sound)}), 460);
			assert.equal(await offset(target), 0, "nothing of a piece that is damaged counts");
			const right = await patch(target, 0, piece, {"Upload-Checksum": sum(algorithm, piece)});
			assert.equal(right.headers["upload-offset"], "800");
			assert.equal(await offset(target), 800);
		}
		const target = await begun();
		for (const checksum of ["crc32 AAAA", "sha1", "sha1 AAAA", "sha1 !"])
			refused(await patch(target, 0, sound, {"Upload-Checksum": checksum}), 400);
		/* Of one that broke off nobody can tell whether it is right. */
		await cgi(place, "api", target, {method: "PATCH", body: sound.subarray(0, 700), length: sound.length, headers: {...bearer("track:write"),
			"Tus-Resumable": "1.0.0", "Content-Type": PIECE, "Upload-Offset": "0", "Upload-Checksum": sum("sha1", sound)}});
		assert.equal(await offset(target), 0);
	});

	test("what is no sound is refused with its last byte, and gone", async () => {
		const text = Buffer.from("this is no sound at all");
		const {headers: {location}} = await create(text.length);
		refused(await patch(location, 0, text), 415);
		assert.equal((await ask("HEAD", location)).status, 404);
		assert.deepEqual(spooled(), []);
	});

	test("what cannot be queued yet becomes a track when somebody looks", async () => {
		const target = await begun();
		await fill();
		refused(await patch(target, 0, sound), 503);
		assert.equal((await ask("HEAD", target)).status, 503);
		place.configure({});
		const looked = await ask("HEAD", target);
		assert.equal(looked.status, 200);
		assert.equal((await track(looked)).source_bytes, sound.length);
	});

	test("an upload ends by DELETE, also by a POST that stands for it", async () => {
		const target = await begun();
		await patch(target, 0, sound.subarray(0, 100));
		assert.equal((await ask("DELETE", target)).status, 204);
		assert.equal((await ask("HEAD", target)).status, 404);
		assert.deepEqual(spooled(), []);
		const other = await begun();
		const piece = await ask("POST", other, {"X-HTTP-Method-Override": "PATCH", "Content-Type": PIECE, "Upload-Offset": "0"}, sound.subarray(0, 9));
		assert.equal(piece.headers["upload-offset"], "9");
		assert.equal((await ask("POST", other, {"X-HTTP-Method-Override": "DELETE"})).status, 204);
		assert.equal((await ask("POST", other, {"X-HTTP-Method-Override": "PUT"})).status, 405);
	});

	test("parts are joined", async () => {
		const cut = 1500;
		const parts = [];
		for (const bytes of [sound.subarray(0, cut), sound.subarray(cut)]) {
			const answer = await create(bytes.length, {"Upload-Concat": "partial"});
			parts.push({target: answer.headers.location, bytes});
		}
		const final = list => ask("POST", "/uploads", {"Upload-Concat": `final;${list.join(" ")}`, "Upload-Metadata": encode({title: "Joined"})});
		const targets = parts.map(part => part.target);
		refused(await final(targets), 409);
		for (const {target, bytes} of parts) {
			const answer = await patch(target, 0, bytes);
			assert.equal(answer.headers["tonearm-track"], undefined);
		}
		assert.equal((await ask("HEAD", targets[0])).headers["upload-concat"], "partial");
		for (const list of [[], ["/uploads/x"], [targets[0], targets[0]]])
			refused(await final(list), 400);
		refused(await final([targets[0], `/uploads/${UNKNOWN}`]), 404);
		refused(await final([targets[0], await begun()]), 400);
		const made = await final(targets.map((target, i) => i ? target : `https://audio.example.org${target}`));
		assert.equal(made.status, 201, made.text);
		const {id, title} = await track(made);
		assert.equal(title, "Joined");
		assert.deepEqual(fs.readFileSync(path.join(place.dir, "data", "source", `${id}.wav`)), sound);
		for (const target of targets)
			assert.equal((await ask("HEAD", target)).status, 404);
		const looked = await ask("HEAD", made.headers.location);
		assert.match(looked.headers["upload-concat"], /^final;/);
		assert.equal(looked.headers["upload-length"], String(sound.length));
		refused(await patch(made.headers.location, 0, sound), 409);
	});

	test("the same key makes the same track", async () => {
		const made = [];
		for (let i = 0; i < 2; i++) {
			const target = await begun({"Idempotency-Key": "once"});
			made.push((await patch(target, 0, sound)).headers["tonearm-track"]);
		}
		assert.equal(made[0], made[1]);
	});
});

const tus = missing("npm:tus-js-client") ? null : load("tus-js-client");

/* Uploads BYTES by tus-js-client; the Tonearm-Job and Tonearm-Track of the end. OPTIONS are the client's. */
function upload(site, bytes, options = {}) {
	let last;
	return new Promise((resolve, reject) => {
		const one = new tus.Upload(bytes, {
			endpoint: `${site.url}/uploads`,
			headers: site.bearer("track:write"),
			retryDelays: Array(400).fill(50),
			metadata: {filename: "tone.wav", title: "Tone"},
			onAfterResponse: (request, response) => {
				last = response;
			},
			onError: reject,
			onSuccess: () => resolve({job: last.getHeader("tonearm-job"), track: last.getHeader("tonearm-track"), upload: one}),
			...options,
		});
		one.start();
	});
}

async function isStored(site, {track}, bytes) {
	const {json} = await site.request({path: track, headers: site.bearer("track:read track:write stream:read")});
	assert.equal(json.track.source_bytes, bytes.length);
	const stored = fs.readFileSync(path.join(site.dataDir, "source", `${json.track.id}.wav`));
	assert.equal(Buffer.compare(stored, bytes), 0, "the source is what was sent, byte by byte");
	return json.track;
}

for (const server of ["nginx", "lighttpd", "apache-fcgid", "apache-proxy-fcgi"]) {
	describe(server, {skip: missing("npm:tus-js-client") || cannotServe(server)}, () => {
		let site;
		before(async () => {
			site = await start({server, runner: server === "nginx"});
		});
		after(() => site?.stop());

		test("tus-js-client uploads in pieces", async () => {
			const bytes = wav(2);
			const made = await upload(site, bytes, {chunkSize: 100000});
			assert.equal((await isStored(site, made, bytes)).title, "Tone");
			if (server === "nginx")
				assert.equal((await site.jobOver(made.job.split("/").at(-1))).state, "done");
		});

		test("and in parallel parts", async () => {
			const bytes = wav(2);
			await isStored(site, await upload(site, bytes, {parallelUploads: 3}), bytes);
		});

		test("and of a stream whose end it does not know beforehand", async () => {
			const bytes = wav(1);
			const pieces = Readable.from([bytes.subarray(0, 70000), bytes.subarray(70000)], {objectMode: false});
			await isStored(site, await upload(site, pieces, {chunkSize: 60000, uploadLengthDeferred: true}), bytes);
		});

		// lighttpd that hands bodies on as they come answers 411 itself, unless all of it was there at once.
		test("a piece of unknown length", {skip: server === "lighttpd" && "lighttpd wants to know the length"}, async () => {
			const bytes = wav(0.5);
			const {headers: {location}} = await site.request({method: "POST", path: "/uploads",
				headers: {...site.bearer("track:write"), "Tus-Resumable": "1.0.0", "Upload-Length": bytes.length, "Content-Length": 0}});
			const answer = await site.request({method: "PATCH", path: new URL(location, site.url).pathname, body: bytes,
				headers: {...site.bearer("track:write"), "Tus-Resumable": "1.0.0", "Content-Type": PIECE, "Upload-Offset": 0, "Transfer-Encoding": "chunked"}});
			assert.equal(answer.status, 204, answer.text);
			assert.equal(answer.headers["upload-offset"], String(bytes.length));
		});
	});
}

describe("what is killed", {skip: missing("npm:tus-js-client") || cannotServe("nginx")}, () => {
	let site;
	before(async () => {
		site = await start({server: "nginx"});
	});
	after(() => site?.stop());

	const headers = () => ({...site.bearer("track:write"), "Tus-Resumable": "1.0.0"});
	async function begin(length) {
		const {headers: {location}} = await site.request({method: "POST", path: "/uploads", headers: {...headers(), "Upload-Length": length, "Content-Length": 0}});
		return new URL(location, site.url).pathname;
	}
	const offset = async target => Number((await site.request({method: "HEAD", path: target, headers: headers()})).headers["upload-offset"]);
	const patch = (target, at, body) => site.request({method: "PATCH", path: target, body,
		headers: {...headers(), "Content-Type": PIECE, "Upload-Offset": at, "Content-Length": body.length}});

	/* Sends SOME of the bytes of a PATCH and leaves it open. */
	function open(target, length, some) {
		const {hostname, port} = new URL(site.url);
		const sent = http.request({hostname, port, method: "PATCH", path: target, agent: false,
			headers: {...headers(), "Content-Type": PIECE, "Upload-Offset": 0, "Content-Length": length}});
		sent.on("error", () => {});
		sent.on("response", answer => answer.resume());
		sent.write(some);
		return sent;
	}

	test("of two pieces at once the second has to wait", async () => {
		const bytes = wav(1);
		const target = await begin(bytes.length);
		const first = open(target, bytes.length, bytes.subarray(0, 50000));
		await until("the first half", async () => await offset(target) === 50000);
		const second = await patch(target, 50000, bytes.subarray(50000));
		assert.equal(second.status, 423, second.text);
		assert.equal((await site.request({method: "DELETE", path: target, headers: headers()})).status, 423);
		first.destroy();
		let answer;
		await until("the writer to be gone", async () => (answer = await patch(target, 50000, bytes.subarray(50000))).status !== 423);
		assert.equal(answer.status, 204, answer.text);
		await isStored(site, {track: answer.headers["tonearm-track"]}, bytes);
	});

	test("with kill -9 of the responder in the middle, tus-js-client goes on at what is on the disk", async () => {
		const bytes = wav(20); /* 3.5 MB */
		const asked = [];
		let killed = false;
		const made = await upload(site, bytes, {
			chunkSize: 1000000,
			onProgress: sent => {
				if (killed || sent < 1500000)
					return;
				killed = true;
				const api = site.processes.get("api");
				api.wanted = false;
				api.kill("SIGKILL");
				api.ended.then(() => site.startResponder("api"));
			},
			onBeforeRequest: request => {
				if (request.getMethod() === "PATCH")
					asked.push(Number(request.getHeader("Upload-Offset")));
			},
		});
		assert.ok(killed);
		assert.ok(asked.length > Math.ceil(bytes.length / 1000000), `${asked}`);
		assert.deepEqual(asked, [...asked].sort((a, b) => a - b), "it never goes back");
		await isStored(site, made, bytes);
	});
});
