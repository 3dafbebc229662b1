// SPDX-License-Identifier: MIT
// An origin behind edges: it answers to those that carry its secret alone, says what its answers are made of, sends
// listeners to the edge with an address that the edge takes, and tells an edge who may have what it keeps.

import assert from "node:assert/strict";
import {createHmac} from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";

const OLD = "the secret of last year, which still opens";
const NEW = "the secret of this year, which opens too";
const conf = {cdn: {shield_secrets: [{id: "old", secret: OLD}, {id: "new", secret: NEW}]}};
const edge = (secret = NEW) => ({"X-Tonearm-Edge": secret});

async function publish(site, visibility) {
	const file = path.join(site.dir, `${visibility}.wav`);
	await fs.writeFile(file, wav(2));
	return (await site.publish(file, {visibility})).track.id;
}

for (const server of ["lighttpd", "nginx"]) {
	describe(`a shielded origin behind ${server}`, {skip: cannotServe(server), timeout: 120000}, () => {
		let site, open, secret;

		before(async () => {
			site = await start({server, runner: true, conf});
			[open, secret] = await Promise.all(["public", "private"].map(visibility => publish(site, visibility)));
		});
		after(() => site?.stop());

		const paths = () => [`/media/${open}/low.mp4`, `/stream/${open}.mp4`, `/hls/${open}/master.m3u8`,
			`/hls/${open}/low/playlist.m3u8`, `/hls/${open}/low/0.m4s`, `/dash/${open}/manifest.mpd`, `/auth/check/media/${open}/low.mp4`];

		test("who comes without its secret, or with another, is refused", async () => {
			for (const at of paths()) {
				for (const headers of [{}, edge("a secret"), edge(`${NEW} `.repeat(2)), edge("")])
					assert.equal((await site.request({path: at, headers})).status, 403, at);
			}
			assert.equal((await site.request({path: `/media/${secret}/low.mp4`, headers: site.bearer("stream:read")})).status, 403);
		});
		test("edges come through with either secret, and listeners still need their permission", async () => {
			for (const at of paths()) {
				for (const headers of [edge(OLD), edge(NEW)])
					assert.ok([200, 204].includes((await site.request({path: at, headers})).status), at);
			}
			assert.equal((await site.request({path: `/media/${secret}/low.mp4`, headers: edge()})).status, 401);
		});
		test("health and administration are for everybody", async () => {
			assert.equal((await site.request({path: "/health"})).status, 200);
			assert.equal((await site.request({path: "/api/v1/tracks", headers: site.bearer("track:read")})).status, 200);
		});
		test("answers say what they are made of", async () => {
			const whole = await site.request({path: `/media/${open}/low.mp4`, headers: edge()});
			assert.equal(whole.headers["xkey"], `tonearm ${open} ${open}-low`);
			assert.equal(whole.headers["surrogate-key"], `tonearm ${open} ${open}-low`);
			assert.equal(whole.headers["cache-tag"], `tonearm,${open},${open}-low`);
			const part = await site.request({path: `/hls/${open}/low/0.m4s`, headers: edge()});
			assert.equal(part.headers["xkey"], `tonearm ${open} ${open}-low`);
			const master = await site.request({path: `/hls/${open}/master.m3u8`, headers: edge()});
			assert.equal(master.headers["xkey"], `tonearm ${open}`);
			const refused = await site.request({path: `/media/${secret}/low.mp4`, headers: edge()});
			assert.equal(refused.headers["xkey"], undefined);
		});
		test("an edge learns who may have what", async () => {
			const ask = (at, headers) => site.request({path: `/auth/check${at}`, headers: {...edge(), ...headers}});
			const playlist = await site.request({path: `/hls/${secret}/low/playlist.m3u8`, headers: {...edge(), ...site.bearer("stream:read")}});
			assert.equal(playlist.headers["xkey"], undefined); // it is for one listener: no edge keeps it
			const grant = /\?(expires=[^"\s]+)/.exec(playlist.text)[1];
			for (const file of [`/media/${secret}/low.mp4`, `/hls/${secret}/low/0.m4s`]) {
				const allowed = await ask(file, site.bearer("stream:read"));
				assert.equal(allowed.status, 204);
				assert.match(allowed.headers["x-tonearm-cache-control"], /^private, max-age=\d+, immutable$/);
				assert.equal(allowed.headers["cache-control"], "no-store");
				assert.equal((await ask(`${file}?${grant}`)).status, 204);
				assert.equal((await ask(`${file}?${grant.slice(0, -1)}x`)).status, 403);
				assert.equal((await ask(file)).status, 401);
			}
			assert.equal((await ask(`/media/${"0".repeat(26)}/low.mp4`)).status, 401);
		});
	});
}

describe("an origin with edges", {skip: cannotServe("lighttpd"), timeout: 120000}, () => {
	const key = "a key that the edge knows";
	let folder, site, track;

	before(async () => {
		folder = await fs.mkdtemp(path.join(os.tmpdir(), "tonearm-edge-"));
		await fs.writeFile(path.join(folder, "key"), `${key}\n`, {mode: 0o600});
		site = await start({server: "lighttpd", delivery: "redirect", runner: true, conf: {
			http: {redirect_url: "https://old.example.org", trusted_proxies: ["127.0.0.1"]}, geo: {country_header: "X-Country"},
			cdn: {tag_headers: "", edges: [{name: "south", url: "https://south.example.org", continents: "OC SA"}, {name: "near", url: "https://edge.example.org/audio", scheme: "hmac",
				key_file: path.join(folder, "key"), sign: "{track}/{file}/{expires}", query: "until={expires}&mac={mac}"}]},
		}});
		track = await publish(site, "private");
	});
	after(async () => {
		await site?.stop();
		await fs.rm(folder, {recursive: true, force: true});
	});

	test("a listener is sent to one, with an address that it takes", async () => {
		const answer = await site.request({path: `/media/${track}/low.mp4`, headers: site.bearer("stream:read")});
		assert.equal(answer.status, 302);
		assert.equal(answer.headers["xkey"], undefined);
		const there = new URL(answer.headers.location);
		const until = there.searchParams.get("until");
		assert.equal(`${there.origin}${there.pathname}`, `https://edge.example.org/audio/media/${track}/low.mp4`);
		assert.equal(there.searchParams.get("mac"), createHmac("sha256", key).update(`${track}/low.mp4/${until}`).digest("hex"));
		assert.ok(Number(until) * 1000 > Date.now());
	});
	test("one from far away to the one that is near him", async () => {
		const answer = await site.request({path: `/media/${track}/low.mp4`, headers: {"X-Country": "NZ", ...site.bearer("stream:read")}});
		assert.equal(answer.status, 302);
		const there = new URL(answer.headers.location);
		assert.equal(there.host, "south.example.org");
		assert.ok(there.searchParams.get("grant"), "an edge that asks here gets the grant");
	});
	test("nobody else is", async () => {
		assert.equal((await site.request({path: `/media/${track}/low.mp4`})).status, 401);
	});
});
