// SPDX-License-Identifier: MIT
// The checkers themselves: what our own code writes passes, and for each rule there is a change that it is seen to
// refuse.

import assert from "node:assert/strict";
import {execFileSync, spawnSync} from "node:child_process";
import {mkdtempSync, readFileSync, readdirSync, rmSync} from "node:fs";
import os from "node:os";
import path from "node:path";
import {after, test} from "node:test";

import {checkFile, notApplicable as cmafLeftOut} from "./lib/check_cmaf.mjs";
import {checkMpd, notApplicable as dashLeftOut, parseXml} from "./lib/check_dash.mjs";
import {checkMaster, notApplicable as hlsLeftOut} from "./lib/check_hls.mjs";
import {build, missing, vector, vectorJson, which} from "./lib/tools.mjs";

const TRACK = "01jd5w3k9q2m8x7c4b6v0n1ztr";
const MASTER = `/hls/${TRACK}/master.m3u8`,
	MEDIA = `/hls/${TRACK}/high/playlist.m3u8`,
	MPD = `/dash/${TRACK}/manifest.mpd`;
const FILE = `/media/${TRACK}/high.mp4`,
	OPUS = `/media/${TRACK}/opus.mp4`;
const TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".mp4": "audio/mp4"};
const schema = !missing("xmllint", "vectors:hls-dash/dash-xsd/DASH-MPD.xsd") && vector("hls-dash/dash-xsd");

const folder = mkdtempSync(path.join(os.tmpdir(), "tonearm-checker-"));
after(() => rmSync(folder, {recursive: true}));
execFileSync(path.join(build, "tests/integration/make_track"), [folder]);
const files = new Map(
	readdirSync(folder, {recursive: true, withFileTypes: true})
		.filter(entry => entry.isFile())
		.map(entry => {
			const file = path.join(entry.path, entry.name);
			return [file.slice(folder.length), readFileSync(file)];
		}),
);

/** A server of FILES; CHANGE(path, answer, count) may alter what is answered to the count-th request of a path. */
function site(content, change = () => {}) {
	const counts = new Map();
	return async (url, {headers}) => {
		const {pathname} = new URL(url),
			whole = content.get(pathname);
		if (!whole) return {status: 404, headers: {}, body: Buffer.alloc(0)};
		const answer = {
			status: 200,
			body: whole,
			headers: {
				"content-type": TYPES[path.extname(pathname)],
				etag: '"x"',
				"cache-control": "public, max-age=31536000, immutable",
			},
		};
		const range = /^bytes=(\d+)-(\d+)$/.exec(headers.Range ?? "");
		if (range && Number(range[1]) >= whole.length) {
			answer.status = 416;
		} else if (range) {
			answer.body = whole.subarray(Number(range[1]), Number(range[2]) + 1);
			answer.headers["content-range"] =
				`bytes ${range[1]}-${Number(range[1]) + answer.body.length - 1}/${whole.length}`;
			answer.status = 206;
		}
		counts.set(pathname, (counts.get(pathname) ?? 0) + 1);
		change(pathname, answer, counts.get(pathname));
		return answer;
	};
}

/**
 * The files with the one at NAME passed through CHANGE, which takes and gives text or a Buffer, or alters the Buffer in
 * place.
 */
function altered(name, change) {
	const before = files.get(name),
		bytes = Buffer.from(before),
		copy = new Map(files);
	const changed = change(name.endsWith(".mp4") ? bytes : before.toString("utf8"));
	const result = typeof changed === "string" ? Buffer.from(changed) : Buffer.isBuffer(changed) ? changed : bytes;
	assert.notEqual(Buffer.compare(before, result), 0, "the change changes nothing");
	copy.set(name, result);
	return copy;
}

const swap = (from, to) => text => text.replace(from, to);
const hls = (content, change) => checkMaster(`http://t${MASTER}`, site(content, change));
const dash = (content, change, options) => checkMpd(`http://t${MPD}`, site(content, change), options);
const rules = found => [...new Set(found.map(one => one.rule))].sort();

async function refused(t, rule, found) {
	await t.test(`${rule} is seen`, async () =>
		assert.ok(rules(await found).includes(rule), `only ${rules(await found)}`),
	);
}

test("what the writer and the builders make passes", async () => {
	assert.deepEqual(await hls(files), []);
	assert.deepEqual(await dash(files, undefined, {schema}), []);
	for (const name of [FILE, OPUS]) assert.deepEqual(checkFile(files.get(name)), []);
});

test("segments beside the playlist pass, and a query is resolved", async () => {
	const content = new Map(files),
		text = files.get(MEDIA).toString("utf8"),
		bytes = files.get(FILE);
	let n = 0;
	const cut = (name, length, offset) =>
		content.set(`/hls/${TRACK}/high/${name}`, bytes.subarray(Number(offset), Number(offset) + Number(length)));
	const beside = text
		.replace(
			/URI="[^"]*",BYTERANGE="(\d+)@(\d+)"/,
			(_, length, offset) => (cut("init.mp4", length, offset), 'URI="init.mp4?q=1"'),
		)
		.replace(
			/#EXT-X-BYTERANGE:(\d+)@(\d+)\n.*\n/g,
			(_, length, offset) => (cut(`${n}.m4s`, length, offset), `${n++}.m4s?q=1\n`),
		);
	content.set(MEDIA, Buffer.from(beside));
	assert.deepEqual(await hls(content), []);
});

const STREAM = "#EXT-X-STREAM-INF:";
const PLAYLISTS = [
	["G2", MASTER, text => `\ufeff${text}`],
	["G2", MASTER, swap("high", "hi\x01gh")],
	["G2", MASTER, swap("#EXT-X-IND", "#e\u0301\n#EXT-X-IND")],
	["G3", MASTER, text => `\n${text}`],
	["G4", MEDIA, swap("VERSION:7", "VERSION:5")],
	["G4", MEDIA, swap("#EXT-X-VERSION:7", "#EXT-X-VERSION:7\n#EXT-X-VERSION:7")],
	["G5", MEDIA, swap("#EXT-X-END", `${STREAM}BANDWIDTH=1\n#EXT-X-END`)],
	["G6", MASTER, swap(",CODECS", ", CODECS")],
	["G6", MASTER, swap("BANDWIDTH", "BANDWIDTH=5,BANDWIDTH")],
	["G7", MASTER, swap("high/playlist", "none/playlist")],
	["G9", MASTER, swap('"mp4a.40.2"', "mp4a.40.2")],
	["G9", MASTER, swap(/BANDWIDTH=(\d+)/, 'BANDWIDTH="$1"')],
	["G10", MASTER, swap(/BANDWIDTH=(\d+)/, "BANDWIDTH=$1e3")],
	["G10", MEDIA, swap("#EXTINF:3.99", "#EXTINF:+3.99")],
	["M1", MEDIA, swap(/#EXT-X-TARGETDURATION.*\n/, "")],
	["M1", MEDIA, swap("DURATION:4", "DURATION:4.0")],
	["M2", MEDIA, swap("TARGETDURATION:4", "TARGETDURATION:3")],
	["M3", MEDIA, swap(/#EXTINF.*\n/, "")],
	["M3", MEDIA, swap(/(#EXTINF.*\n)/, "$1$1")],
	["M4", MEDIA, swap("3.993832", "3.983832")],
	[
		"M5",
		MEDIA,
		text =>
			text
				.replace("#EXT-X-MEDIA-SEQUENCE:0\n", "")
				.replace("#EXT-X-ENDLIST", "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-ENDLIST"),
	],
	["M6", MEDIA, swap("#EXT-X-ENDLIST", "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-ENDLIST")],
	["M7", MEDIA, text => foreignTail(text)],
	["M8", MEDIA, swap(/#EXT-X-MAP.*\n/, "")],
	["M8", MEDIA, swap(/BYTERANGE="\d+@0"/, 'BYTERANGE="32@0"')],
	[
		"M9",
		MEDIA,
		text =>
			text.replace(
				/BYTERANGE:(\d+)@(\d+)/,
				(_, length, offset) => `BYTERANGE:${Number(length) + Number(offset)}@0`,
			),
	],
	["M10", MEDIA, swap(/@(\d+)\n/, "@99999999\n")],
	["M10", MEDIA, swap(/(BYTERANGE:\d+)@\d+/, "$1")],
	["M13", MEDIA, swap("#EXTINF", "#EXT-X-PROGRAM-DATE-TIME:2026-01-01 00:00:00\n#EXTINF")],
	["M13", MEDIA, text => dates(text, "2026-01-01T00:00:04.500Z")],
	["M14", MEDIA, swap("#EXTINF", "#EXT-X-BITRATE:9\n#EXTINF")],
	["M15", MEDIA, swap(/(@\d+\n).*high.mp4/, "$1gone.mp4")],
	["M17", MEDIA, swap(/(#EXTINF:.*,)/, "$1A title")],
	["V1", MEDIA, swap("#EXT-X-ENDLIST\n", "")],
	["V1", MEDIA, text => text.replace("#EXT-X-ENDLIST\n", "").replace("#EXTINF", "#EXT-X-ENDLIST\n#EXTINF")],
	["V3", MEDIA, swap(/#EXTINF.*\n.*\n.*\n#EXT-X-END/, "#EXT-X-END")],
	["X1", MASTER, swap(/BANDWIDTH=\d+,AVERAGE/, "AVERAGE")],
	["X1", MASTER, swap("high/playlist.m3u8\n", "")],
	["X2", MASTER, swap(/BANDWIDTH=\d+/, "BANDWIDTH=1000")],
	["X2", MASTER, swap(/AVERAGE-BANDWIDTH=\d+/, "AVERAGE-BANDWIDTH=1000")],
	["X3", MASTER, swap("mp4a.40.2", "mp4a.40.5")],
	["X3", MASTER, swap(',CODECS="mp4a.40.2"', "")],
	["X4", MASTER, swap(STREAM, `${STREAM}RESOLUTION=1x1,`)],
	["X5", MASTER, swap(STREAM, `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a"\n${STREAM}`)],
	["X5", MASTER, swap(STREAM, `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="n",DEFAULT=YES,AUTOSELECT=NO\n${STREAM}`)],
	["X6", MASTER, swap('AUDIO="aac"', 'AUDIO="none"')],
	["X6", MASTER, swap('AUDIO="opus"', 'AUDIO="aac"')],
	["X7", MASTER, swap(STREAM, `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="n",CHANNELS="stereo"\n${STREAM}`)],
	["X7", MASTER, swap(STREAM, `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="n",LANGUAGE="English!"\n${STREAM}`)],
	["X8", MEDIA, swap("DURATION:4", "DURATION:5")],
	["X8", MEDIA, swap("3.993832", "3.693832")],
	["X10", MASTER, text => text.replace(/(#EXT-X-STREAM-INF.*\n.*\n)/, "$1$1")],
	["X11", MASTER, swap(STREAM, `#EXT-X-SESSION-KEY:METHOD=NONE\n${STREAM}`)],
	["X12", MASTER, swap(STREAM, `#EXT-X-SESSION-DATA:DATA-ID="a",VALUE="1",URI="2"\n${STREAM}`)],
];

/** The last segment of TEXT replaced by Opus, with its map but without a DISCONTINUITY. */
function foreignTail(text) {
	const map = /#EXT-X-MAP.*\n/,
		other = files.get(`/hls/${TRACK}/opus/playlist.m3u8`).toString("utf8");
	return text.replace(
		/#EXTINF.*\n.*\n.*\n#EXT-X-END/,
		other.match(map)[0] + other.match(/#EXTINF.*\n.*\n.*\n#EXT-X-END/)[0],
	);
}

function dates(text, second) {
	let k = 0;
	return text.replace(/#EXTINF/g, inf =>
		k++ > 1 ? inf : `#EXT-X-PROGRAM-DATE-TIME:${k === 1 ? "2026-01-01T00:00:00.000Z" : second}\n${inf}`,
	);
}

test("rules of HLS playlists", async t => {
	for (const [rule, name, change] of PLAYLISTS) await refused(t, rule, hls(altered(name, change)));
});

test("rules of HLS over HTTP", async t => {
	const media = (name, change) => (pathname, answer, count) => pathname === name && change(answer, count);
	await refused(
		t,
		"G1",
		hls(
			files,
			media(MASTER, answer => {
				answer.headers["content-type"] = "text/plain";
			}),
		),
	);
	await refused(
		t,
		"M10",
		hls(
			files,
			media(FILE, answer => {
				answer.status = 200;
			}),
		),
	);
	await refused(
		t,
		"M16",
		hls(
			files,
			media(FILE, (answer, count) => {
				answer.body = Buffer.from(answer.body);
				answer.body[9] = count;
			}),
		),
	);
	await refused(
		t,
		"V2",
		hls(
			files,
			media(MEDIA, (answer, count) => {
				answer.body = Buffer.concat([answer.body, Buffer.from(`#${count}\n`)]);
			}),
		),
	);
	await refused(
		t,
		"V4",
		hls(
			files,
			media(FILE, answer => {
				delete answer.headers.etag;
			}),
		),
	);
});

const at = (type, offset, write) => bytes => write(bytes, bytes.indexOf(type) + 4 + offset);
const put32 = value => (bytes, position) => bytes.writeUInt32BE(value, position);
const add32 = value => (bytes, position) => bytes.writeUInt32BE(bytes.readUInt32BE(position) + value, position);
const name4 = name => (bytes, position) => bytes.write(name, position, "latin1");
const dropTail = bytes => bytes.subarray(0, bytes.length - 1);

const BOXES = [
	["C1", FILE, at("iso6cmfc", 0, name4("cmfx"))],
	["C1", FILE, at("trex", -4, name4("skip"))],
	["C1", FILE, at("stts", 4, put32(1))],
	["C2", FILE, at("ftyp", -4, name4("skip"))],
	["C2", FILE, at("mdat", -4, name4("free"))],
	["C3", FILE, bytes => bytes.writeUInt32BE(5, bytes.indexOf("mfhd", bytes.indexOf("mfhd") + 4) + 8)],
	["C4", FILE, at("tfhd", 0, put32(8))],
	["C4", FILE, at("trun", 8, add32(1))],
	["C5", FILE, bytes => bytes.writeUInt32BE(5, bytes.indexOf("tfdt", bytes.indexOf("tfdt") + 4) + 12)],
	["C5", FILE, at("tfdt", -4, name4("skip"))],
	["C6", FILE, at("trun", 12, add32(1))],
	["C7", FILE, at("tfhd", 8, put32(1000))],
	["C7", FILE, at("mdhd", 12, put32(44000))],
	["C8", FILE, at("sidx", 28, put32(0x10000000))],
	["C8", FILE, at("sidx", 24, add32(1))],
	["C8", FILE, at("sidx", 16, add32(1))],
	["C8", FILE, at("sidx", 8, put32(48000))],
	["C9", FILE, at("esds", -4, name4("skip"))],
	["C9", FILE, bytes => bytes.writeUInt16BE(0x1208, bytes.indexOf("esds") + 4 + 4 + 2 + 3 + 2 + 13 + 2)],
	["C10", OPUS, at("dOps", -4, name4("skip"))],
	["C10", OPUS, at("sgpd", -4, name4("skip"))],
	["C10", OPUS, at("elst", 20, put32(0))],
	["C10", OPUS, at("sbgp", -4, name4("skip"))],
	["C11", FILE, at("mp4a", -4, name4("fLaC"))],
	["C13", FILE, at("soun", -4, name4("vide"))],
	["C13", FILE, at("smhd", -4, name4("skip"))],
	["C13", FILE, at("mdhd", 20, put32(0))],
	["C14", FILE, at("mvhd", 24, put32(1))],
	["C14", FILE, at("tkhd", 28, put32(1))],
	["C19", FILE, dropTail],
	["C19", FILE, at("stbl", -8, add32(1))],
	["C19", FILE, at("moov", -8, put32(0))],
];

test("rules of CMAF", async t => {
	for (const [rule, name, change] of BOXES) await refused(t, rule, checkFile(altered(name, change).get(name)));
	await refused(t, "C12", checkFile(files.get(FILE), {priming: 2112}));
	await refused(t, "C12", checkFile(files.get(FILE), {samples: 1}));
	await refused(t, "C22", checkFile(emptied()));
	await refused(t, "M12", hls(altered(FILE, at("trex", 20, put32(0x01010000)))));
	await refused(t, "X9", hls(altered(FILE, at("trex", 20, put32(0x01010000)))));
});

/** The file with the first mdat cut down to its header, and the rest of it a free box. */
function emptied() {
	return altered(FILE, bytes => {
		const start = bytes.indexOf("mdat") - 4,
			size = bytes.readUInt32BE(start);
		bytes.writeUInt32BE(8, start);
		bytes.writeUInt32BE(size - 8, start + 8);
		bytes.write("prft", start + 12, "latin1");
	}).get(FILE);
}

const MPDS = [
	["D2", swap(/ mediaPresentationDuration="[^"]*"/, "")],
	["D2", swap('"static"', '"dynamic"')],
	["D3", swap(/ minBufferTime="[^"]*"/, "")],
	["D3", swap(",urn:mpeg:dash:profile:cmaf:2019", "")],
	["D3", swap(/<Initialization[^>]*>/, "")],
	["D4", swap('id="mobile"', 'id="high"')],
	["D4", swap('id="high"', 'id="h i"')],
	["D4", swap(/bandwidth="\d+"/, 'bandwidth="1000"')],
	["D4", swap(/bandwidth="\d+"/, 'bandwidth="0"')],
	["D5", swap("mp4a.40.2", "mp4a.40.5")],
	["D5", swap("audio/mp4", "audio/webm")],
	["D5", swap('"44100"', '"48000"')],
	["D5", swap('value="2"', 'value="6"')],
	["D5", swap("high.mp4", "none.mp4")],
	["D9", swap('Offset="0"', 'Offset="1024"')],
	["D9", swap("PT10.5", "PT10.4")],
	["D13", swap("&amp;", "&")],
	["D13", swap("&lt;", "<")],
	["D13", swap("Silence", "\x01")],
	["D13", swap("</Period>", "")],
];

test("rules of DASH", async t => {
	for (const [rule, change] of MPDS) await refused(t, rule, dash(altered(MPD, change)));
	await refused(
		t,
		"D14",
		dash(files, (pathname, answer) => {
			answer.headers["content-type"] = "text/xml";
		}),
	);
	await t.test("D1 is seen", {skip: !schema && "xmllint or the DASH schema is not there"}, async () =>
		assert.ok(
			rules(await dash(altered(MPD, swap("contentType", "contentKind")), undefined, {schema})).includes("D1"),
		),
	);
});

test("XML is read as it is meant", () => {
	const {name, attributes, children} = parseXml(
		"<?xml version=\"1.0\"?>\n<!-- c --><a b='&quot;1&#x41;'><c/><d>x &amp; y</d></a>",
	);
	assert.deepEqual([name, attributes, children.map(one => one.text)], ["a", {b: '"1A'}, ["", "x & y"]]);
	for (const bad of ["<a>", "<a></b>", "<a b=1/>", "<a/><b/>", "<a>&nbsp;</a>"])
		assert.throws(() => parseXml(bad), undefined, bad);
});

const LISTS = "vectors:hls-dash/hls_rules.json";
test("no rule is forgotten", {skip: missing(LISTS)}, () => {
	const seen = new Set([...PLAYLISTS, ...BOXES, ...MPDS].map(([rule]) => rule));
	for (const rule of ["G1", "M16", "V2", "V4", "C12", "C22", "M12", "X9", "D1", "D14"]) seen.add(rule);
	const scopes = ["any", "media", "vod", "multivariant", "mpd", "cmaf"];
	const wanted = ["hls_rules", "dash_cmaf_rules"]
		.flatMap(name => vectorJson(`hls-dash/${name}.json`).rules)
		.filter(rule => scopes.includes(rule.scope))
		.map(rule => rule.id);
	const leftOut = {...hlsLeftOut, ...dashLeftOut, ...cmafLeftOut};
	assert.deepEqual(
		wanted.filter(rule => !seen.has(rule) && !leftOut[rule]),
		[],
	);
	assert.deepEqual(
		Object.keys(leftOut).filter(rule => seen.has(rule)),
		[],
	);
});

test("ffprobe and ffmpeg read the files", {skip: missing("ffprobe", "ffmpeg")}, () => {
	for (const [name, rate] of [
		[FILE, 44100],
		[OPUS, 48000],
	]) {
		const probe = spawnSync(
			which("ffprobe"),
			["-v", "warning", "-of", "json", "-show_streams", path.join(folder, name)],
			{encoding: "utf8"},
		);
		assert.equal(probe.stderr, "");
		const [stream] = JSON.parse(probe.stdout).streams;
		assert.equal(Number(stream.sample_rate), rate);
		const decode = spawnSync(which("ffmpeg"), ["-v", "warning", "-i", path.join(folder, name), "-f", "null", "-"], {
			encoding: "utf8",
		});
		assert.deepEqual([decode.status, decode.stderr], [0, ""]);
	}
});
