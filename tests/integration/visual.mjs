// SPDX-License-Identifier: MIT
// What a listener sees of a track: from a real worker by the jobrunner into the library, and by the API out of it.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {bearer, cgi} from "./lib/cgi.mjs";
import {Library, REAL_WORKER} from "./lib/library.mjs";
import {output} from "./lib/pcm.mjs";
import {wav} from "./lib/sound.mjs";
import {load, missing, vector} from "./lib/tools.mjs";

const BASE = 256;
let library, place;

before(async () => {
	library = await Library.make({media: {default_visibility: "public"}});
	place = {conf: library.path("tonearm.conf")};
});
after(() => library.stop());

/** Adds the file SOURCE, has it made, and gives {track, state}. */
async function add(source, ...qualities) {
	const {track, job} = await library.fixture("add", source, ...(qualities.length ? qualities : ["mobile"]));
	const runner = library.runner(["--drain"], REAL_WORKER);
	await runner.ended;
	return {track, job, state: (await library.job(job)).state, log: await runner.text()};
}

async function addBytes(name, bytes, ...qualities) {
	const file = library.path(name);
	await fs.writeFile(file, bytes);
	return add(file, ...qualities);
}

const ask = (track, what, more = {}) => cgi(place, "api", `/api/v1/tracks/${track}/${what}`, more);

/** 16-bit samples of each channel of a WAV of 44 bytes of header. */
function channelsOf(bytes) {
	const count = bytes.readUInt16LE(22);
	const frames = (bytes.length - 44) / 2 / count;
	return Array.from({length: count}, (_, channel) =>
		Array.from({length: frames}, (_, frame) => bytes.readInt16LE(44 + 2 * (frame * count + channel))));
}

/** Least and greatest of each PER samples of CHANNELS, channel by channel, pixel by pixel: written anew from the rules. */
function pairsOf(channels, per, bits) {
	const pairs = [];
	for (let at = 0; at < channels[0].length; at += per) {
		for (const samples of channels) {
			const some = samples.slice(at, at + per);
			for (const value of [some.reduce((a, b) => Math.min(a, b)), some.reduce((a, b) => Math.max(a, b))])
				pairs.push(bits === 8 ? Math.trunc(value / 256) : value);
		}
	}
	return pairs.map(value => value + 0); // no -0
}

const mixOf = channels => channels[0].map((_, i) => Math.trunc(channels.reduce((sum, samples) => sum + samples[i], 0) / channels.length));

describe("waveform", () => {
	const sound = wav(3.3);
	const channels = channelsOf(sound);
	let track;
	before(async () => {
		const made = await addBytes("tone.wav", sound);
		assert.equal(made.state, "done", made.log);
		track = made.track;
	});

	test("each zoom, mono and by channel, is exact", async () => {
		for (const [query, per, parts, bits] of [
			["", BASE, [mixOf(channels)], 8],
			["?bits=16", BASE, [mixOf(channels)], 16],
			["?samples_per_pixel=1024&channels=split&bits=16", 1024, channels, 16],
			["?points=100&channels=split", Math.ceil(Math.ceil(channels[0].length / BASE) / 100) * BASE, channels, 8],
			["?points=1&bits=16", Math.ceil(channels[0].length / BASE) * BASE, [mixOf(channels)], 16],
		]) {
			const {status, headers, json} = await ask(track, `waveform.json${query}`);
			assert.equal(status, 200);
			assert.equal(headers["content-type"], "application/json");
			const {data, ...head} = json;
			const shall = pairsOf(parts, per, bits);
			assert.deepEqual(head, {version: 2, channels: parts.length, sample_rate: 44100, samples_per_pixel: per, bits,
				length: shall.length / 2 / parts.length}, query);
			assert.deepEqual(data, shall, query);
		}
	});

	test("audiowaveform's readers read it", {skip: missing("npm:waveform-data")}, async () => {
		const WaveformData = load("waveform-data");
		const {body, headers} = await ask(track, "waveform.dat?channels=split&bits=16");
		assert.equal(headers["content-type"], "application/octet-stream");
		const binary = WaveformData.create(body.buffer.slice(body.byteOffset, body.byteOffset + body.length));
		const text = WaveformData.create((await ask(track, "waveform?format=json&channels=split&bits=16")).json);
		const shall = pairsOf(channels, BASE, 16);
		for (const waveform of [binary, text]) {
			assert.equal(waveform.channels, 2);
			assert.equal(waveform.bits, 16);
			assert.equal(waveform.length, shall.length / 4);
			assert.ok(Math.abs(waveform.duration - 3.3) < BASE / 44100);
			for (let i = 0; i < waveform.length; i++) {
				assert.equal(waveform.channel(0).min_sample(i), shall[4 * i]);
				assert.equal(waveform.channel(1).max_sample(i), shall[4 * i + 3]);
			}
		}
	});

	test("the track names it", async () => {
		const {json} = await cgi(place, "api", `/api/v1/tracks/${track}`);
		assert.equal(json.urls.waveform, `/api/v1/tracks/${track}/waveform`);
	});

	test("a picture", async () => {
		const {headers, text} = await ask(track, "waveform.svg?points=10");
		assert.equal(headers["content-type"], "image/svg+xml");
		assert.match(text, /^<svg [^>]*viewBox="0 0 10 128"[^>]*><path fill="currentColor" d="M0 64\.00(V[\d.]+H[\d.]+){20}Z"\/><\/svg>\n$/);
	});

	test("a picture of pixels", {skip: missing("ffmpeg")}, async () => {
		const width = 200, height = 64, file = library.path("waveform.png");
		const {status, headers, body} = await ask(track, `waveform.png?width=${width}&height=${height}&color=ff8000&channels=split`);
		assert.equal(status, 200);
		assert.equal(headers["content-type"], "image/png");
		assert.match(headers["cache-control"], /^public, max-age=/);
		await fs.writeFile(file, body);
		const rgba = Buffer.from(await output("ffmpeg", ["-v", "error", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgba", "-"]));
		assert.equal(rgba.length, width * height * 4);
		const stored = (await ask(track, "waveform.json?bits=16&channels=split")).json;
		for (let x = 0; x < width; x++) {
			const first = Math.floor(x * stored.length / width), end = Math.max(first + 1, Math.floor((x + 1) * stored.length / width));
			for (const channel of [0, 1]) {
				const values = [];
				for (let i = first; i < end; i++)
					values.push(...stored.data.slice(2 * (2 * i + channel), 2 * (2 * i + channel) + 2));
				const middle = height / 4 * (2 * channel + 1), high = height / 4 / 32768;
				const top = middle - Math.max(...values) * high, bottom = middle - Math.min(...values) * high;
				for (let y = channel * height / 2; y < (channel + 1) * height / 2; y++) {
					const [red, green, blue, alpha] = rgba.subarray(4 * (y * width + x));
					if (y > top + 1 && y + 1 < bottom - 1)
						assert.deepEqual([red, green, blue, alpha], [255, 128, 0, 255], `${x}, ${y}`);
					if (y + 1 < Math.min(top, middle - 1) - 1 || y > Math.max(bottom, middle + 1) + 1)
						assert.equal(alpha, 0, `${x}, ${y}`);
				}
			}
		}
		assert.equal((await ask(track, "waveform", {headers: {Accept: "image/png"}})).headers["content-type"], "image/png");
	});

	test("the client's wish of a format", async () => {
		const type = async (what, accept) => (await ask(track, what, {headers: accept ? {Accept: accept} : {}})).headers;
		assert.equal((await type("waveform"))["content-type"], "application/json");
		assert.equal((await type("waveform", "image/avif,image/svg+xml,*/*"))["content-type"], "image/svg+xml");
		assert.equal((await type("waveform", "application/octet-stream, application/json"))["content-type"], "application/octet-stream");
		assert.equal((await type("waveform"))["vary"], "Accept");
		assert.equal((await type("waveform.dat", "image/svg+xml"))["content-type"], "application/octet-stream");
	});

	test("validators", async () => {
		const first = await ask(track, "waveform.json?points=50");
		assert.match(first.headers["cache-control"], /^public, max-age=/);
		const again = await ask(track, "waveform.json?points=50", {headers: {"If-None-Match": first.headers.etag}});
		assert.equal(again.status, 304);
		assert.equal(again.body.length, 0);
		const tags = new Set([first.headers.etag]);
		for (const other of ["waveform.json?points=60", "waveform.dat?points=50", "waveform.json?points=50&bits=16", "waveform.json?points=50&channels=split",
			"waveform.png", "waveform.png?width=10", "waveform.png?height=10", "waveform.png?color=ffffff", "waveform.png?background=ffffff"]) {
			const {status, headers} = await ask(track, other);
			assert.equal(status, 200, other);
			assert.ok(!tags.has(headers.etag), other);
			tags.add(headers.etag);
		}
	});

	test("wishes that cannot be met", async () => {
		for (const what of ["waveform?points=0", "waveform?points=x", "waveform?samples_per_pixel=100", "waveform?bits=9",
			"waveform?points=5&samples_per_pixel=256", "waveform?channels=left", "waveform?format=bmp", "waveform.gif",
			"waveform.png?width=4097", "waveform.png?height=0", "waveform.png?height=1025", "waveform.png?color=red", "waveform.png?background=1234567"])
			assert.equal((await ask(track, what)).status, 422, what);
		assert.equal((await ask("01jd5w3k9q2m8x7c4b6v0n1ztr", "waveform")).status, 401);
		assert.equal((await ask("01jd5w3k9q2m8x7c4b6v0n1ztr", "waveform", {headers: bearer("stream:read")})).status, 404);
	});

	test("one channel is its own mix", async () => {
		const mono = wav(1, {channels: 1});
		const made = await addBytes("mono.wav", mono);
		const split = await ask(made.track, "waveform.json?channels=split&bits=16");
		assert.deepEqual(split.json.data, pairsOf(channelsOf(mono), BASE, 16));
		assert.deepEqual((await fs.readdir(library.path("data", "media", made.track))).sort(), ["mobile.mp4", "waveform.dat"]);
	});

	test("what a track lacks is made by itself, from one decode", async () => {
		const told = async () => (await cgi(place, "api", `/api/v1/tracks/${track}`)).json.track.loudness;
		const stored = library.path("data", "media", track);
		const whole = await fs.readFile(path.join(stored, "waveform.dat"));
		const inode = (await fs.stat(path.join(stored, "mobile.mp4"))).ino;
		const order = body => cgi(place, "api", "/internal/jobs/transcode", {method: "POST", body: JSON.stringify(body),
			headers: {...bearer("jobs:write"), "Content-Type": "application/json"}});
		await library.sql(`DELETE FROM extra WHERE track = '${track}'`);
		await fs.rm(path.join(stored, "waveform.dat"));
		assert.equal((await ask(track, "waveform")).status, 404);
		assert.equal(await told(), undefined, "the fixture has nothing measured");
		for (const body of [{track, extras: 1}, {path: "/x", extras: true}])
			assert.equal((await order(body)).status, 422);
		const {status, json: {job}} = await order({track, extras: true});
		assert.equal(status, 202);
		assert.equal((await order({track, extras: true})).status, 409, "a job is at work");
		const runner = library.runner(["--drain"], REAL_WORKER);
		await runner.ended;
		assert.equal((await library.job(job.id)).state, "done", await runner.text());
		assert.deepEqual(await fs.readFile(path.join(stored, "waveform.dat")), whole);
		assert.ok(Number.isFinite((await told()).integrated_lufs));
		assert.equal((await fs.stat(path.join(stored, "mobile.mp4"))).ino, inode);
		const {duration_ms: length, renditions} = (await cgi(place, "api", `/api/v1/tracks/${track}`)).json.track;
		assert.equal(length, 3300);
		assert.deepEqual(renditions.map(({quality}) => quality), ["mobile"]);
	});

	test("is made once, and goes with the track", async () => {
		const file = library.path("data", "media", track, "waveform.dat");
		const before = await fs.stat(file);
		await library.fixture("more", track, "low");
		const runner = library.runner(["--drain"], REAL_WORKER);
		await runner.ended;
		assert.equal((await library.track(track)).renditions.length, 2);
		assert.equal((await fs.stat(file)).ino, before.ino);
		const {status} = await cgi(place, "api", `/api/v1/tracks/${track}`, {method: "DELETE", headers: bearer("track:write track:read")});
		assert.equal(status, 204);
		await assert.rejects(fs.stat(file));
		assert.equal((await ask(track, "waveform", {headers: bearer("stream:read")})).status, 404);
	});
});

test("the stereo file of audiowaveform, folded", {skip: missing("vectors:audiowaveform")}, async () => {
	const file = vector("audiowaveform/test_file_stereo.wav");
	const shall = await fs.readFile(vector("audiowaveform/test_file_stereo_8bit_64spp_wav_v2.dat"));
	const {track} = await add(file);
	const {body} = await ask(track, "waveform.dat");
	const length = Math.ceil(shall.readUInt32LE(16) / 4);
	assert.equal(body.readUInt32LE(16), length);
	for (let i = 0; i < length; i++) {
		const some = shall.subarray(24 + 8 * i, Math.min(24 + 8 * (i + 1), shall.length));
		const values = Array.from(some, (_, at) => some.readInt8(at));
		assert.equal(body.readInt8(24 + 2 * i), Math.min(...values), `least of pixel ${i}`);
		assert.equal(body.readInt8(25 + 2 * i), Math.max(...values), `greatest of pixel ${i}`);
	}
});

/** A file of sound with a picture of SIZE as its cover. FORMAT is that of the sound, KIND that of the picture. */
async function withCover(name, {size = "2000x1000", kind = "png", pixels = "rgba", source = "color=red@0.5"} = {}) {
	const sound = library.path("sound.wav"), picture = library.path(`picture.${kind}`), file = library.path(name);
	await fs.writeFile(sound, wav(1));
	await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", `${source}:s=${size},format=${pixels}`,
		"-frames:v", "1", picture]);
	await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", sound, "-i", picture, "-map", "0", "-map", "1", "-c:v", "copy",
		"-metadata:s:v", "comment=Cover (front)", "-disposition:v", "attached_pic", file]);
	return file;
}

/** {width, height, codec} of the picture BYTES, and the colour in its middle. */
async function look(bytes) {
	const file = library.path("look.jpg");
	await fs.writeFile(file, bytes);
	const {streams: [{width, height, codec_name: codec}]} = JSON.parse(
		await output("ffprobe", ["-v", "error", "-of", "json", "-show_streams", file]));
	const rgb = await output("ffmpeg", ["-v", "error", "-i", file, "-vf", "format=rgb24,crop=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]);
	return {width, height, codec, colour: [...Buffer.from(rgb)]};
}

const close = (is, shall) => is.every((value, i) => Math.abs(value - shall[i]) <= 20);

describe("tags", {skip: missing("ffmpeg")}, () => {
	const shown = async track => (await cgi(place, "api", `/api/v1/tracks/${track}`)).json.track;

	/** A file of sound with METADATA, as ffmpeg writes them into a file of that NAME. */
	async function tagged(name, metadata, ...args) {
		const sound = library.path("plain.wav"), file = library.path(name), notes = library.path("notes.txt");
		await fs.writeFile(sound, wav(1));
		await fs.writeFile(notes, `;FFMETADATA1\n${metadata}`);
		await output("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", sound, "-i", notes, "-map", "0:a", "-map_metadata", "1",
			"-map_chapters", "1", ...args, file]);
		return file;
	}

	const all = "title=Käse\nartist=A\nalbum=B\nalbum_artist=C\ncomposer=D\ngenre=E\ncomment=F\ncopyright=G\ntrack=3/12\ndisc=1/2\n" +
		"date=1999\nlyrics=one\\\ntwo\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=Intro\n[CHAPTER]\nTIMEBASE=1/1000\n" +
		"START=400\nEND=1000\ntitle=Rest\n";
	const common = {title: "Käse", artist: "A", album: "B", album_artist: "C", composer: "D", genre: "E", comment: "F", copyright: "G",
		track: 3, tracks: 12, disc: 1, discs: 2, date: "1999", year: 1999};

	for (const [name, ...args] of [["id3.mp3"], ["id3v23.mp3", "-id3v2_version", "3"], ["vorbis.flac"], ["comments.ogg", "-c:a", "libvorbis"],
		["atoms.m4a", "-c:a", "aac"]]) {
		test(name, async () => {
			const {track, log} = await add(await tagged(name, all, ...args));
			const {tags, lyrics, chapters, title, number} = await shown(track);
			const {publisher, ...rest} = tags ?? {};
			assert.deepEqual(rest, common, log);
			assert.equal(publisher, undefined);
			assert.equal(title, "Käse");
			assert.equal(number, 3);
			if (!name.endsWith(".mp3")) // FFmpeg writes no USLT frame
				assert.equal(lyrics, "one\ntwo");
			if (/mp3|m4a/.test(name)) // and chapters into these alone
				assert.deepEqual(chapters.map(({title, start_ms}) => [title, start_ms]), [["Intro", 0], ["Rest", 400]]);
		});
	}

	test("RIFF INFO", async () => {
		const {track} = await add(await tagged("info.wav", "title=K\nartist=A\ngenre=E\ncopyright=G\ndate=1999\n"));
		const {tags} = await shown(track);
		assert.deepEqual(tags, {title: "K", artist: "A", genre: "E", copyright: "G", date: "1999", year: 1999});
	});

	test("an APE tag", async () => {
		const value = text => Buffer.from(text);
		const item = (key, text) => Buffer.concat([Buffer.from([value(text).length, 0, 0, 0, 0, 0, 0, 0]), value(`${key}\0`), value(text)]);
		const items = Buffer.concat([item("Title", "Grüße"), item("Album Artist", "C")]);
		const footer = Buffer.alloc(32);
		footer.write("APETAGEX");
		[2000, items.length + 32, 2].forEach((number, i) => footer.writeUInt32LE(number, 8 + 4 * i));
		const file = await tagged("ape.mp3", "", "-write_id3v2", "0", "-id3v2_version", "0");
		await fs.appendFile(file, Buffer.concat([items, footer]));
		const {track, log} = await add(file);
		assert.deepEqual((await shown(track)).tags, {title: "Grüße", album_artist: "C"}, log);
	});

	test("are in the renditions", async () => {
		const {track} = await add(await tagged("written.flac", all));
		const told = JSON.parse(await output("ffprobe", ["-v", "error", "-of", "json", "-show_format",
			library.path("data", "media", track, "mobile.mp4")])).format.tags;
		const {title, artist, album, album_artist, composer, genre, comment, copyright, lyrics, track: number, disc, date} = told;
		assert.deepEqual({title, artist, album, album_artist, composer, genre, comment, copyright, lyrics, number, disc, date},
			{title: "Käse", artist: "A", album: "B", album_artist: "C", composer: "D", genre: "E", comment: "F", copyright: "G",
				lyrics: "one\ntwo", number: "3/12", disc: "1/2", date: "1999"});
	});

	test("hostile ones come out clean", {skip: missing("vectors:media")}, async () => {
		const {track} = await add(vector("media/flac_16bit_44k_tags.flac"));
		assert.deepEqual((await shown(track)).tags, {title: "Ümläut 東京", artist: 'Test "quoted" <b>&amp;', album: "A/B\\C", track: 3, tracks: 12});
	});
});

describe("cover", {skip: missing("ffmpeg", "ffprobe")}, () => {
	test("in three sizes, over white", async () => {
		const {track, state, log} = await add(await withCover("cover.flac"));
		assert.equal(state, "done", log);
		assert.equal((await cgi(place, "api", `/api/v1/tracks/${track}`)).json.urls.cover, `/api/v1/tracks/${track}/cover`);
		for (const [query, width, height] of [["", 600, 300], ["?size=1200", 1200, 600], ["?size=600", 600, 300], ["?size=160", 160, 80]]) {
			const {status, headers, body} = await ask(track, `cover${query}`, {parameters: {TONEARM_DELIVERY: "xsendfile"}});
			assert.equal(status, 200);
			assert.equal(headers["content-type"], "image/jpeg");
			assert.match(headers["cache-control"], /^public/);
			const {colour, ...picture} = await look(body);
			assert.deepEqual(picture, {width, height, codec: "mjpeg"});
			assert.ok(close(colour, [255, 127, 127]), `half transparent red over white is ${colour}`);
			assert.equal((await ask(track, `cover${query}`, {headers: {"If-None-Match": headers.etag}})).status, 304);
		}
		for (const size of ["0", "x", "700", "-1"])
			assert.equal((await ask(track, `cover?size=${size}`)).status, 422);
	});

	test("kinds of pictures; none is enlarged", async () => {
		for (const [name, how] of Object.entries({
			"jpeg.mp3": {kind: "jpg", pixels: "yuvj420p", size: "300x200", source: "color=blue"},
			"grey.mp3": {kind: "png", pixels: "gray16be", size: "20x300", source: "color=white"},
			"palette.mp3": {kind: "gif", pixels: "rgb8", size: "64x64", source: "color=blue"},
		})) {
			const {track, log} = await add(await withCover(name, how));
			const {status, body} = await ask(track, "cover?size=1200");
			assert.equal(status, 200, `${name}: ${log}`);
			const {width, height, colour} = await look(body);
			assert.equal(`${width}x${height}`, how.size);
			assert.ok(close(colour, how.source === "color=white" ? [255, 255, 255] : [0, 0, 255]), `${name}: ${colour}`);
		}
	});

	test("a picture that cannot be had leaves the sound alone", async () => {
		const flac = await fs.readFile(await withCover("damaged.flac"));
		flac.fill(0x55, flac.indexOf("IHDR") + 30, flac.indexOf("IEND"));
		for (const [name, file] of [
			["damaged", library.path("broken.flac")],
			["not JPEG, PNG, WebP or GIF", await withCover("bitmap.mp3", {kind: "bmp", pixels: "bgr24", size: "20x20"})],
		]) {
			await fs.writeFile(library.path("broken.flac"), flac);
			const {track, state, log} = await add(file);
			assert.equal(state, "done");
			assert.match(log, new RegExp(`the cover picture.*${name}`));
			assert.equal((await ask(track, "cover")).status, 404);
			assert.equal((await ask(track, "waveform")).status, 200);
			assert.equal((await cgi(place, "api", `/api/v1/tracks/${track}`)).json.urls.cover, undefined);
		}
	});

	test("more pixels than fit", {skip: missing("vectors:hostile")}, async () => {
		const {track, state, log} = await add(vector("hostile/cover_bomb.mp3"));
		assert.equal(state, "done");
		assert.match(log, /the cover picture is damaged or has more than 40 million pixels/);
		assert.equal((await ask(track, "cover")).status, 404);
	});

	test("those of real files", {skip: missing("vectors:media")}, async () => {
		for (const [name, side] of [["aac_lc_cover_faststart.m4a", 600], ["mp3_vbr_V2_xing_cover.mp3", 600], ["opus_96k_cover.opus", 300]]) {
			const {track} = await add(vector(`media/${name}`));
			const {width, height} = await look((await ask(track, "cover?size=1200")).body);
			assert.deepEqual([width, height], [side, side], name);
		}
	});
});
