// SPDX-License-Identifier: MIT
// VLC on a private track, with nothing but an address: what a manifest hands out is enough for all that follows. It decodes
// to a file, as fast as it can.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {asOrdinaryUser, cannotBeOrdinary} from "./lib/homes.mjs";
import {lag, monoAt, output} from "./lib/pcm.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {missing, which} from "./lib/tools.mjs";

const run = promisify(execFile);
const RATE = 44100, SECONDS = 13.3, PART_S = 4, MARGIN_S = 0.5, FRAME = 1024, SEEK_S = 8;
/* A tone that rises all the time: each moment of it is like no other. */
const SWEEP = `aevalsrc=exprs=0.25*sin(2*PI*(200+40*t)*t)|0.25*sin(2*PI*(300+40*t)*t):s=${RATE}:d=${SECONDS}`;

const lacking = missing("vlc", "ffmpeg") || cannotServe("lighttpd") || cannotBeOrdinary("VLC");

describe("VLC", {skip: lacking, timeout: 120000}, () => {
	const scene = {};

	/** The sound, one channel, that VLC makes of ADDRESS, from the second FROM on. */
	async function played(address, from = 0) {
		const file = path.join(scene.site.dir, "vlc.wav");
		await fs.rm(file, {force: true});
		const [program, ...words] = asOrdinaryUser([which("vlc"), "-I", "dummy", `--start-time=${from}`,
			`--sout=#transcode{acodec=s16l}:std{access=file,mux=wav,dst=${file}}`, scene.site.url + address, "vlc://quit"]);
		const {stderr} = await run(program, words, {env: {...process.env, HOME: scene.site.dir}, timeout: 60000});
		assert.ok((await fs.stat(file)).size > 0, stderr);
		return monoAt(file, RATE);
	}

	/* LENGTH samples of SOUND are the source's from the sample FROM on, or from a frame or two around it: looked at in three places. */
	function isSource(sound, from, length) {
		const most = 2 * FRAME, window = 4 * FRAME, source = scene.sound.subarray(from);
		for (const start of [most, Math.round(length / 2), length - window - most]) {
			const found = lag(source, sound, {start, length: window, most});
			assert.ok(found.correlation > 0.99, `sample ${start}: ${JSON.stringify(found)}`);
		}
	}

	before(async () => {
		scene.site = await start({runner: true, change: (text, site) => {
			scene.requests = path.join(site.dir, "requests");
			return `${text}server.modules += ("mod_accesslog")\naccesslog.filename = "${scene.requests}"\n` +
				`accesslog.format = "%s %U?%q %{User-Agent}i"\n`;
		}});
		const file = path.join(scene.site.dir, "sweep.wav");
		await output("ffmpeg", ["-v", "error", "-nostdin", "-f", "lavfi", "-i", SWEEP, file]);
		scene.sound = await monoAt(file, RATE);
		scene.track = (await scene.site.publish(file, {visibility: "private"})).track.id;
		const token = scene.site.token("stream:read");
		const {json: signed} = await scene.site.request({method: "POST", path: "/auth/sign",
			headers: {...scene.site.bearer("auth:sign"), "Content-Type": "application/json"},
			body: JSON.stringify({track: scene.track})});
		scene.addresses = {
			"HLS, a token": `/hls/${scene.track}/master.m3u8?token=${token}`,
			"HLS, signed": signed.hls,
			"DASH, a token": `/dash/${scene.track}/manifest.mpd?token=${token}`,
			"DASH, signed": signed.dash,
			"one file, signed": scene.site.streamPath(`${scene.track}.mp4`),
		};
	});
	after(() => scene.site?.stop());

	for (const name of ["HLS, a token", "HLS, signed", "one file, signed"]) {
		test(name, async () => {
			const sound = await played(scene.addresses[name]);
			assert.ok(Math.abs(sound.length - scene.sound.length) <= FRAME, `${sound.length} samples`);
			isSource(sound, 0, scene.sound.length);
		});
		test(`${name}: a seek`, async () => {
			const sound = await played(scene.addresses[name], SEEK_S), rest = scene.sound.length - SEEK_S * RATE;
			assert.ok(Math.abs(sound.length - rest) <= 2 * FRAME, `${sound.length} samples`);
			isSource(sound, SEEK_S * RATE, rest);
		});
	}

	// The last part that an index names VLC 3.0 asks for without a Range, and plays the whole file among the rest: what comes
	// well before that is as it should be. A seek begins with the part it falls into.
	for (const name of ["DASH, a token", "DASH, signed"]) {
		test(name, async () => isSource(await played(scene.addresses[name]), 0, (2 * PART_S - MARGIN_S) * RATE));
		test(`${name}: a seek`, async () =>
			isSource(await played(scene.addresses[name], 1.5 * PART_S), PART_S * RATE, (PART_S - MARGIN_S) * RATE));
	}

	test("whatever it asked for it was given, for what it had been handed", async () => {
		await scene.site.processes.get("lighttpd").stop(); // which writes what it has not yet written
		const requests = (await fs.readFile(scene.requests, "utf8")).split("\n").filter(line => line.includes("VLC/"));
		assert.ok(requests.length >= 10 * 2, `${requests.length} requests`);
		for (const line of requests)
			assert.match(line, /^20[06] \S+\?(token=|expires=\d+&(by|sig)=)/);
	});
});
