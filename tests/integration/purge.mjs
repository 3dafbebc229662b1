// SPDX-License-Identifier: MIT
// Caches in front are told what to forget: the exact requests, several tracks in one, again until they are accepted, when
// a track is revoked, hidden or removed, and not when it is new.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import {createHmac} from "node:crypto";
import fs from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {build, pause, sha256} from "./lib/tools.mjs";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const run = promisify(execFile);
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

/* A cache, or the interface of one: keeps what it was asked, answers with STATUS. */
class Cache {
	asked = [];
	status = 200;

	async start() {
		this.server = http.createServer((request, response) => {
			let body = "";
			request.on("data", piece => body += piece);
			request.on("end", () => {
				this.asked.push({method: request.method, url: request.url, headers: request.headers, body, status: this.status});
				response.writeHead(this.status).end("{}");
			});
		});
		await new Promise(resolve => this.server.listen(0, "127.0.0.1", resolve));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
		return this;
	}

	/** The first COUNT requests, when they are there. */
	async first(count) {
		while (this.asked.length < count)
			await pause(20);
		return this.asked;
	}

	stop() {
		this.server.close();
		this.server.closeAllConnections();
	}
}

/* The authorization that SigV4 has for REQUEST (AWS's documentation, computed here anew). */
function authorization({method, url, headers, body}) {
	const date = headers["x-amz-date"], day = date.slice(0, 8);
	const scope = `${day}/us-east-1/cloudfront/aws4_request`;
	const names = ["content-type", "host", "x-amz-date"];
	const canonical = [method, url, "", ...names.map(name => `${name}:${headers[name]}`), "", names.join(";"), sha256(body)].join("\n");
	const key = [day, "us-east-1", "cloudfront", "aws4_request"].reduce(hmac, `AWS4${SECRET}`);
	const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
	return `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
}

describe("caches in front", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	const caches = {};
	let folder, site, tracks;

	const keyFile = async (name, text) => {
		const file = path.join(folder, name);
		await fs.writeFile(file, text, {mode: 0o600});
		return file;
	};
	const json = (method, at, body, scopes) => site.request({method, path: at, body: JSON.stringify(body),
		headers: {"Content-Type": "application/json", ...site.bearer(scopes)}});

	before(async () => {
		folder = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-purge-"));
		for (const name of ["varnish", "ban", "nginx", "refresh", "cloudfront", "fastly", "cloudflare"])
			caches[name] = await new Cache().start();
		caches.cloudfront.status = 201;
		const url = name => caches[name].url;
		const key = await keyFile("key", "the key of the caches\n");
		site = await start({server: "lighttpd", runner: true, conf: {cdn: {purge: [
			{name: "varnish", kind: "varnish", url: url("varnish"), key_file: key},
			{name: "ban", kind: "varnish-ban", url: url("ban")},
			{name: "nginx", kind: "nginx", url: url("nginx")},
			{name: "refresh", kind: "nginx-refresh", url: url("refresh"), key_file: key},
			{name: "cloudfront", kind: "cloudfront", url: url("cloudfront"), zone: "EDFDVBD6EXAMPLE", key_file: await keyFile("aws",
				`[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = ${SECRET}\n`)},
			{name: "fastly", kind: "fastly", url: url("fastly"), zone: "SU1Z0isxPaozGVKXdv0eY", key_file: key},
			{name: "cloudflare", kind: "cloudflare", url: url("cloudflare"), zone: "023e105f4ecef8ad", key_file: key},
		]}, media: {ladder: [{quality: "low", codec: "aac", bit_rate: 128000}]}}});
		const file = path.join(site.dir, "tone.wav");
		await fs.writeFile(file, wav(1));
		tracks = [];
		for (let i = 0; i < 2; i++)
			tracks.push((await site.publish(file, {title: `${i}`})).track.id);
	});
	after(async () => {
		await site?.stop();
		for (const cache of Object.values(caches))
			cache.stop();
		await fs.rm(folder, {recursive: true, force: true});
	});

	test("a track that is new is in none", () => {
		for (const cache of Object.values(caches))
			assert.equal(cache.asked.length, 0);
	});

	test("each is told in its own words when a track is revoked", async () => {
		const [track] = tracks;
		assert.equal((await json("POST", "/auth/revoke", {track}, "auth:revoke")).status, 204);
		const [varnish] = await caches.varnish.first(1);
		assert.deepEqual([varnish.method, varnish.headers["xkey-purge"], varnish.headers["x-tonearm-purge"]],
			["PURGE", track, "the key of the caches"]);
		const [ban] = await caches.ban.first(1);
		assert.deepEqual([ban.method, ban.headers["x-ban-tags"]], ["PURGE", track]);
		const places = [`/media/${track}/low.mp4`, `/hls/${track}/low/playlist.m3u8`, `/hls/${track}/master.m3u8`, `/dash/${track}/manifest.mpd`];
		assert.deepEqual((await caches.nginx.first(4)).map(one => `${one.method} ${one.url}`), places.map(at => `PURGE ${at}`));
		const refreshed = await caches.refresh.first(4);
		assert.deepEqual(refreshed.map(one => `${one.method} ${one.url}`), places.map(at => `GET ${at}`));
		assert.equal(refreshed[0].headers["x-tonearm-purge"], "the key of the caches");
		const [cloudfront] = await caches.cloudfront.first(1);
		assert.equal(`${cloudfront.method} ${cloudfront.url}`, "POST /2020-05-31/distribution/EDFDVBD6EXAMPLE/invalidation");
		assert.match(cloudfront.body, new RegExp("^<\\?xml version=\"1\\.0\" encoding=\"UTF-8\"\\?>" +
			"<InvalidationBatch xmlns=\"http://cloudfront\\.amazonaws\\.com/doc/2020-05-31/\"><Paths><Quantity>4</Quantity><Items>" +
			`<Path>/media/${track}/\\*</Path><Path>/hls/${track}/\\*</Path><Path>/dash/${track}/\\*</Path><Path>/stream/${track}\\*</Path>` +
			"</Items></Paths><CallerReference>tonearm-[0-9a-f]{32}</CallerReference></InvalidationBatch>$"));
		assert.equal(cloudfront.headers.authorization, authorization(cloudfront));
		const [fastly] = await caches.fastly.first(1);
		assert.deepEqual([fastly.method, fastly.url, fastly.headers["fastly-key"], fastly.headers["surrogate-key"], fastly.body],
			["POST", "/service/SU1Z0isxPaozGVKXdv0eY/purge", "the key of the caches", track, ""]);
		const [cloudflare] = await caches.cloudflare.first(1);
		assert.deepEqual([cloudflare.method, cloudflare.url, cloudflare.headers.authorization, JSON.parse(cloudflare.body)],
			["POST", "/client/v4/zones/023e105f4ecef8ad/purge_cache", "Bearer the key of the caches", {tags: [track]}]);
	});

	test("one that does not accept is told again, all in one, and keeps no other waiting", async () => {
		caches.fastly.status = 503;
		const before = caches.fastly.asked.length, others = caches.cloudflare.asked.length;
		assert.equal((await json("PATCH", `/api/v1/tracks/${tracks[1]}`, {visibility: "private"}, "track:write")).status, 200);
		await caches.fastly.first(before + 1);
		await caches.cloudflare.first(others + 1);
		assert.equal((await site.request({method: "DELETE", path: `/api/v1/tracks/${tracks[0]}`, headers: site.bearer("track:write")})).status, 204);
		await caches.cloudflare.first(others + 2);
		caches.fastly.status = 200;
		const told = () => caches.fastly.asked.some(
			one => one.status === 200 && one.headers["surrogate-key"] === `${tracks[1]} ${tracks[0]}`);
		while (!told())
			await pause(20);
		const metrics = (await site.request({path: "/metrics"})).text;
		assert.match(metrics, /tonearm_purges_total\{target="fastly",outcome="busy"\}/);
		assert.match(metrics, /tonearm_purges_total\{target="cloudflare",outcome="ok"\} 3/);
	});

	test("by hand they are told of one track, there or not, or of all", async () => {
		const tonearm = (...words) => run(path.join(build, "tonearm"), ["-c", site.confFile, "cdn", "purge", ...words]);
		const told = async words => {
			const before = caches.fastly.asked.length;
			const {stdout} = await tonearm(...words);
			return [stdout, (await caches.fastly.first(before + 1))[before].headers["surrogate-key"]];
		};
		await assert.rejects(tonearm(), /needs the ids of tracks, or --all/);
		await assert.rejects(tonearm(tracks[0], "--all"), /needs the ids of tracks, or --all/);
		await assert.rejects(tonearm("elsewhere"), /is not the id of a track/);
		assert.deepEqual(await told([tracks[0]]), ["1 tracks: jobs tell 7 caches to forget them.\n", tracks[0]]);
		assert.deepEqual(await told(["--all"]), ["1 tracks: jobs tell 7 caches to forget them.\n", tracks[1]]);
	});
});
