// SPDX-License-Identifier: MIT
// Manifests and files of a real track, as a real server sends them, judged by other people's readers: hls-parser in
// strict mode, mp4box, ffprobe and ffmpeg, the DASH schema; and by the checkers of lib/.

import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {promisify} from "node:util";
import {checkFile} from "./lib/check_cmaf.mjs";
import {checkMpd} from "./lib/check_dash.mjs";
import {checkMaster} from "./lib/check_hls.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {load, missing, vector} from "./lib/tools.mjs";

const run = promisify(execFile);
const SECONDS = 21.3;
const QUALITIES = ["high", "medium", "low", "mobile"];
const SCHEMA = "hls-dash/dash-xsd/DASH-MPD.xsd";
const ADDRESSING = ["byterange", "segments"];

/** Starts a site with CONF and publishes SECONDS of sound as FIELDS say. */
async function prepare(scene, conf, fields) {
	scene.site = await start({runner: true, conf});
	const file = path.join(scene.site.dir, "tone.wav");
	await fs.writeFile(file, wav(SECONDS));
	scene.track = (await scene.site.publish(file, fields)).track.id;
	scene.master = `/hls/${scene.track}/master.m3u8`;
	scene.mpd = `/dash/${scene.track}/manifest.mpd`;
}

const fetched = async (scene, address) => {
	const answer = await scene.site.request({path: address});
	assert.equal(answer.status, 200, address);
	return answer;
};

function strictParser() {
	const parser = load("hls-parser");
	parser.setOptions({strictMode: true});
	return parser;
}

async function masterIsStrict(scene) {
	const master = strictParser().parse((await fetched(scene, scene.master)).text);
	assert.ok(master.isMasterPlaylist);
	assert.equal(master.variants.length, QUALITIES.length);
	for (const variant of master.variants) {
		assert.match(variant.codecs, /^mp4a\.40\.2$/);
		assert.ok(variant.averageBandwidth <= variant.bandwidth);
		await fetched(scene, new URL(variant.uri, scene.site.url + scene.master).pathname);
	}
}

/* Every byte that a playlist names exists, and the durations sum up to the source. */
async function mediaIsStrict(scene, quality) {
	const address = `/hls/${scene.track}/${quality}/playlist.m3u8`;
	const playlist = strictParser().parse((await fetched(scene, address)).text);
	const sizeOf = async uri => {
		const pathname = new URL(uri, scene.site.url + address).pathname;
		scene.sizes[pathname] ??= (await fetched(scene, pathname)).body.length;
		return scene.sizes[pathname];
	};
	assert.ok(playlist.endlist);
	assert.equal(playlist.playlistType, "VOD");
	let total = 0;
	for (const segment of playlist.segments) {
		total += segment.duration;
		assert.ok(Math.round(segment.duration) <= playlist.targetDuration);
		const size = await sizeOf(segment.uri);
		if (segment.byterange)
			assert.ok(segment.byterange.offset + segment.byterange.length <= size, "a byte that does not exist");
		else
			assert.ok(size > 0);
	}
	assert.ok(Math.abs(total - SECONDS) < 0.05, `${total} s of segments, ${SECONDS} s of sound`);
}

async function readByMp4box(scene, quality) {
	const {createFile} = load("mp4box");
	const bytes = (await fetched(scene, `/media/${scene.track}/${quality}.mp4`)).body;
	const playlist = strictParser().parse((await fetched(scene, `/hls/${scene.track}/${quality}/playlist.m3u8`)).text);
	const file = createFile();
	const info = await new Promise((resolve, reject) => {
		file.onReady = resolve;
		file.onError = (module, message) => reject(new Error(`${module}: ${message}`));
		const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
		buffer.fileStart = 0;
		file.appendBuffer(buffer, true);
		file.flush();
	});
	assert.equal(info.isFragmented, true);
	assert.equal(info.tracks.length, 1);
	assert.equal(info.tracks[0].codec, "mp4a.40.2");
	assert.equal(info.tracks[0].timescale, 44100);
	assert.equal(file.moofs.length, playlist.segments.length);
	assert.equal(file.boxes.filter(box => box.type === "sidx").length, 1);
	assert.equal(file.boxes.at(-1).start + file.boxes.at(-1).size, bytes.length);
}

/* ffprobe and a whole decode, both without one word of complaint. */
async function readByFfmpeg(scene, address) {
	const url = scene.site.url + address;
	const probed = await run("ffprobe", ["-v", "warning", "-of", "json", "-show_streams", url], {timeout: 60000});
	assert.equal(probed.stderr, "");
	for (const stream of JSON.parse(probed.stdout).streams)
		assert.equal(stream.codec_name, "aac");
	const decoded = await run("ffmpeg", ["-nostdin", "-v", "warning", "-xerror", "-i", url, "-map", "0:a:0", "-f", "null", "-"],
		{timeout: 60000});
	assert.equal(decoded.stderr, "");
}

/* What the checkers of lib/ fetch with: addresses are taken as they are written. */
const fetchFor = scene => (url, options = {}) => {
	const {pathname, search} = new URL(url);
	return scene.site.request({path: pathname + search, headers: options.headers ?? {}});
};

async function manifestRules(scene) {
	const fetch = fetchFor(scene);
	assert.deepEqual(await checkMaster(scene.site.url + scene.master, fetch), []);
	assert.deepEqual(await checkMpd(scene.site.url + scene.mpd, fetch), []);
}

async function ourRules(scene) {
	await manifestRules(scene);
	for (const quality of QUALITIES) {
		const {body} = await fetched(scene, `/media/${scene.track}/${quality}.mp4`);
		assert.deepEqual(checkFile(body, {codecs: "mp4a.40.2", samples: Math.round(SECONDS * 44100)}), []);
	}
}

async function fitsTheSchema(scene) {
	const file = path.join(scene.site.dir, "manifest.mpd");
	await fs.writeFile(file, (await fetched(scene, scene.mpd)).body);
	const schema = vector(SCHEMA);
	await run("xmllint", ["--noout", "--nonet", "--schema", schema, file],
		{timeout: 60000, env: {...process.env, XML_CATALOG_FILES: path.join(path.dirname(schema), "catalog.xml")}});
}

for (const addressing of ADDRESSING) {
	describe(`lighttpd, HLS by ${addressing}`, {skip: cannotServe("lighttpd"), timeout: 180000}, () => {
		const scene = {sizes: {}};

		before(() => prepare(scene, {media: {hls_addressing: addressing}}, {title: "A & B <\"C\">"}));
		after(() => scene.site?.stop());

		test("the rules of HLS, DASH and CMAF", () => ourRules(scene));
		test("hls-parser, strict: the master", {skip: missing("npm:hls-parser")}, () => masterIsStrict(scene));
		for (const quality of QUALITIES) {
			test(`hls-parser, strict: ${quality}`, {skip: missing("npm:hls-parser")}, () => mediaIsStrict(scene, quality));
			test(`ffprobe and ffmpeg: ${quality}`, {skip: missing("ffprobe", "ffmpeg")},
				() => readByFfmpeg(scene, `/hls/${scene.track}/${quality}/playlist.m3u8`));
			test(`mp4box: ${quality}`, {skip: missing("npm:mp4box", "npm:hls-parser")}, () => readByMp4box(scene, quality));
		}
		test("ffprobe and ffmpeg: the master", {skip: missing("ffprobe", "ffmpeg")}, () => readByFfmpeg(scene, scene.master));
		test("ffprobe and ffmpeg: the MPD", {skip: missing("ffprobe", "ffmpeg")}, () => readByFfmpeg(scene, scene.mpd));
		test("the DASH schema", {skip: missing("xmllint", `vectors:${SCHEMA}`)}, () => fitsTheSchema(scene));
	});
}

// A word for each format there is, and what the file is served as.
const FORMATS = {
	"aac-64": ["mp4", "audio/mp4"],
	"opus-96": ["mp4", "audio/mp4"],
	"opus-192": ["mp4", "audio/mp4"],
	"flac": ["mp4", "audio/mp4"],
	"mp3-128": ["mp3", "audio/mpeg"],
	"opus-ogg-64": ["opus", "audio/ogg; codecs=opus"],
	"vorbis-128": ["ogg", "audio/ogg; codecs=vorbis"],
	"flac-flac": ["flac", "audio/flac"],
	"wav": ["wav", "audio/wav"],
};

/** [codecs, group, quality] of each variant of a master. */
const variantsOf = text => [...text.matchAll(/^#EXT-X-STREAM-INF:.*CODECS="([^"]*)".*AUDIO="([^"]*)"\n([^/]*)/gm)]
	.map(([, ...found]) => found);

describe("a ladder of several codecs, by configuration", {skip: cannotServe("lighttpd"), timeout: 180000}, () => {
	const ladder = [{quality: "high", codec: "aac", bit_rate: 192000}, {quality: "slim", codec: "opus", bit_rate: 64000},
		{quality: "studio", codec: "flac"}, {quality: "file", codec: "mp3", bit_rate: 128000}];
	const scene = {sizes: {}};

	before(() => prepare(scene, {media: {ladder}}, {}));
	after(() => scene.site?.stop());

	test("the rules of HLS and DASH", () => manifestRules(scene));

	test("one master, a group for each codec", async () => {
		const {text} = await fetched(scene, scene.master);
		const variants = variantsOf(text);
		assert.deepEqual(variants, [["mp4a.40.2", "aac", "high"], ["Opus", "opus", "slim"], ["fLaC", "flac", "studio"]]);
	});

	test("what cannot be in segments is a file", async () => {
		const answer = await scene.site.request({path: `/media/${scene.track}/file.mp3`});
		assert.equal(answer.status, 200);
		assert.equal(answer.headers["content-type"], "audio/mpeg");
	});
});

describe("a track in every format", {skip: cannotServe("lighttpd"), timeout: 180000}, () => {
	const scene = {sizes: {}};
	const later = body => scene.site.request({method: "POST", path: "/internal/jobs/transcode", body: JSON.stringify({track: scene.track, ...body}),
		headers: {...scene.site.bearer("jobs:write"), "content-type": "application/json"}});
	const renditions = async () => (await scene.site.request({path: `/api/v1/tracks/${scene.track}`})).json.track.renditions;

	before(() => prepare(scene, {}, {title: "Hé / \"x\"", formats: Object.keys(FORMATS).join(",")}));
	after(() => scene.site?.stop());

	test("the rules of HLS and DASH", () => manifestRules(scene));

	test("the master has a group for each codec and AAC first, and no file without segments", async () => {
		const {text} = await fetched(scene, scene.master);
		const variants = variantsOf(text);
		assert.deepEqual([...text.matchAll(/GROUP-ID="([^"]*)"/g)].map(([, id]) => id), ["aac", "opus", "flac"]);
		assert.deepEqual(variants.slice(0, 5).map(([codecs, group]) => [codecs, group]), Array(5).fill(["mp4a.40.2", "aac"]));
		assert.deepEqual(variants.slice(5), [["Opus", "opus", "opus-192"], ["Opus", "opus", "opus-96"], ["fLaC", "flac", "flac"]]);
	});

	test("hls-parser, strict", {skip: missing("npm:hls-parser")}, async () => {
		const playlist = strictParser().parse((await fetched(scene, scene.master)).text);
		assert.equal(playlist.isMasterPlaylist, true);
		assert.equal(playlist.variants.length, 8);
	});

	test("the DASH schema", {skip: missing("xmllint", `vectors:${SCHEMA}`)}, () => fitsTheSchema(scene));

	test("every file is served under its name, as its type", async () => {
		const listed = Object.fromEntries((await renditions()).map(one => [one.quality, one]));
		for (const [quality, [extension, type]] of Object.entries(FORMATS)) {
			const names = [`/media/${scene.track}/${quality}.${extension}`, `/stream/${scene.track}_${quality}.${extension}`];
			assert.equal(listed[quality].type, type);
			assert.ok(listed[quality].url.endsWith(names[0]), listed[quality].url);
			for (const name of names) {
				const answer = await scene.site.request({path: name});
				assert.equal(answer.status, 200, name);
				assert.equal(answer.headers["content-type"], type, name);
				assert.equal(answer.body.length, listed[quality].bytes, name);
			}
		}
		assert.equal((await scene.site.request({path: `/stream/${scene.track}.mp3`})).headers["content-type"], "audio/mpeg");
		assert.equal((await scene.site.request({path: `/stream/${scene.track}.mp4`})).body.length, listed.high.bytes);
	});

	test("every file says the title that the upload gave", {skip: missing("ffprobe")}, async () => {
		for (const [quality, [extension]] of Object.entries(FORMATS)) {
			const {stdout} = await run("ffprobe", ["-v", "error", "-of", "json", "-show_format", "-show_streams",
				`${scene.site.url}/media/${scene.track}/${quality}.${extension}`]);
			const {format, streams} = JSON.parse(stdout);
			const tags = {...streams[0].tags, ...format.tags};
			assert.equal(tags.title ?? tags.TITLE, "Hé / \"x\"", quality);
		}
	});

	test("a download has a name", async () => {
		const answer = await scene.site.request({path: `/media/${scene.track}/mp3-128.mp3?download`});
		assert.equal(answer.headers["content-disposition"], "attachment; filename*=UTF-8''H%C3%A9%20%2F%20%22x%22.mp3");
		assert.equal(answer.headers["content-type"], "audio/mpeg");
		const plain = await scene.site.request({path: `/media/${scene.track}/mp3-128.mp3`});
		assert.equal(plain.headers["content-disposition"], undefined);
	});

	test("what is not there is not found", async () => {
		for (const name of [`stream/${scene.track}_mp3-128.mp4`, `stream/${scene.track}_high.mp3`, `stream/${scene.track}.aac`, `media/${scene.track}/mp3-128.mp4`,
			`hls/${scene.track}/mp3-128/playlist.m3u8`, `hls/${scene.track}/mp3-128/init.mp4`, `hls/${scene.track}/mp3-128/0.m4s`])
			assert.equal((await scene.site.request({path: `/${name}`})).status, 404, name);
	});

	test("more formats later: only the missing ones are made", async () => {
		const before = await renditions();
		const submitted = await later({formats: "mp3-128, mp3-64"});
		assert.equal(submitted.status, 202, submitted.text);
		assert.equal((await scene.site.jobOver(submitted.json.job.id)).state, "done");
		const now = await renditions();
		assert.deepEqual(now.filter(one => one.quality !== "mp3-64"), before);
		assert.equal(now.length, before.length + 1);
		assert.equal((await later({formats: "mp3-64"})).status, 409);
		assert.equal((await later({formats: "mp3-63"})).status, 422);
	});
});
