// SPDX-License-Identifier: MIT
// The whole site below a folder of a host, behind each web server with its shipped example: from the upload to sound, with
// every address taken from an answer, none made by hand.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {request} from "./lib/http.mjs";
import {output} from "./lib/pcm.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing} from "./lib/tools.mjs";

const PREFIX = "/music", SECONDS = 3;
/* Each with what it has not in common with the next. */
const SERVERS = [["lighttpd", "byterange"], ["nginx", "segments"], ["apache-proxy-fcgi", "byterange"], ["apache-fcgid", "segments"]];

for (const [server, addressing] of SERVERS) {
	describe(server, {skip: cannotServe(server) || missing("ffmpeg")}, () => {
		let site, open, secret;

		/** From the root of the host, as an answer names it. */
		const ask = (path, headers = {}) => request(site.url, {path, headers});

		/** Seconds of sound that ffmpeg gets from ADDRESS, which is from the root of the host. */
		async function plays(address) {
			const bytes = await output("ffmpeg", ["-v", "error", "-nostdin", "-i", site.url + address, "-ac", "1", "-ar", "8000", "-f", "s16le", "-"]);
			assert.ok(Math.abs(bytes.length / 16000 - SECONDS) < 0.2, `${address}: ${bytes.length / 16000} s`);
		}

		before(async () => {
			site = await start({server, prefix: PREFIX, runner: true,
				conf: {media: {hls_addressing: addressing}, http: server === "apache-fcgid" ? {threads: 2} : {}}});
			const file = path.join(site.dir, "tone.wav");
			await fs.writeFile(file, wav(SECONDS));
			open = await site.publish(file, {title: "Open"});
			secret = await site.publish(file, {title: "Secret", visibility: "private"});
		});
		after(() => site?.stop());

		test("every address in an answer is below the folder, and leads somewhere", async () => {
			const {json: {track, urls}} = await ask(open.urls.track);
			const named = [...Object.values(urls), ...track.renditions.map(({url}) => url), ...Object.values(open.urls)];
			assert.ok(named.length >= 10);
			for (const address of named) {
				assert.ok(address.startsWith(`${PREFIX}/`), address);
				if (!address.endsWith("/events"))
					assert.equal((await ask(address, site.bearer("jobs:read"))).status, 200, address);
			}
		});

		test("the answer to an upload has its Location there", async () => {
			const answer = await site.request({method: "POST", path: "/api/v1/tracks?filename=t.wav", body: wav(0.1),
				headers: {...site.bearer("track:write"), "Content-Type": "audio/wav"}});
			assert.equal(answer.status, 202);
			assert.equal((await ask(answer.headers.location, site.bearer("track:read"))).json.track.id, answer.json.track.id);
		});

		test("HLS and DASH play", async () => {
			await plays(open.urls.hls);
			await plays(open.urls.dash);
		});

		test("a private track plays by what its manifest hands out", async () => {
			assert.equal((await ask(secret.urls.hls)).status, 401);
			await plays(`${secret.urls.hls}?token=${site.token("stream:read")}`);
		});

		test("a signed address plays", async () => {
			assert.equal((await ask(secret.urls.stream)).status, 401);
			await plays(PREFIX + site.streamPath(`${secret.track.id}.mp4`));
			await plays(PREFIX + site.streamPath(`${secret.track.id}_low.mp4`));
		});

		test("a range of a rendition", async () => {
			const {json: {track}} = await ask(open.urls.track);
			const {status, body} = await ask(track.renditions[0].url, {Range: "bytes=4-7"});
			assert.equal(status, 206);
			assert.equal(body.toString(), "ftyp");
		});

		test("the page, with or without its last slash", {skip: missing("built:www/vendor/hls.mjs")}, async () => {
			const bare = await ask(PREFIX);
			assert.equal(bare.status, 301);
			const page = await ask(new URL(bare.headers.location, site.url).pathname);
			assert.match(page.headers["content-type"], /^text\/html/);
			for (const [, name] of page.text.matchAll(/(?:src|href)="([^"#]+)"/g))
				assert.equal((await ask(new URL(name, `${site.url}${PREFIX}/`).pathname)).status, 200, name);
		});

		test("nothing of it stands outside", async () => {
			for (const address of [open.urls.hls, open.urls.track, open.urls.stream, `${PREFIX}/healthz`])
				assert.equal((await ask(address.slice(PREFIX.length))).status, 404, address);
			assert.equal((await ask(`${PREFIX}x/healthz`)).status, 404);
		});
	});
}
