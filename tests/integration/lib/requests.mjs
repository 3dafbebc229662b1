// SPDX-License-Identifier: MIT
// The one table of requests that every home of Tonearm answers alike, each with its shipped example. A row is a line of
// dialogue: what is asked, what is answered. Where a server answers by itself and otherwise, the row says so in `own`,
// by the name of the server or, for what all of Apache's do, "apache", with the reason; an entry that is no longer
// true fails.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {multipart} from "./http.mjs";
import {until} from "./library.mjs";
import {cannotServe, isApache, start} from "./server.mjs";
import {wav} from "./sound.mjs";
import {missing} from "./tools.mjs";

const UNKNOWN = "01hzzzzzzzzzzzzzzzzzzzzzzz";
const HLS = "application/vnd.apple.mpegurl";
const DASH = "application/dash+xml";

/* --- what may be expected ------------------------------------------------------------------------------------ */

/* A problem document (RFC 9457) with this status; it names the request and is never kept. */
const problem = status => ({status, type: "application/problem+json", check(answer) {
	const document = answer.json;
	assert.equal(document.status, status);
	for (const field of ["type", "title", "instance"])
		assert.equal(typeof document[field], "string", field);
	assert.match(answer.headers["cache-control"] ?? "", /no-store/);
	if (status === 401)
		assert.match(answer.headers["www-authenticate"] ?? "", /^Bearer/);
	if (status === 405)
		assert.ok(answer.headers.allow);
}});

/* What the server says before Tonearm is asked: its own page, whatever it looks like. */
const own = (status, why) => ({status, why});

/* --- playback -------------------------------------------------------------------------------------------------- */

const noPage = missing("built:www/vendor/hls.mjs");

const playback = [
	{say: "the page", skip: noPage, path: "/", hear: {status: 200, type: "text/html", has: {
		"content-security-policy": /default-src 'none'/, "x-content-type-options": /nosniff/}}},
	{say: "a script of the page", skip: noPage, path: "/app.js", hear: {status: 200, type: "text/javascript"}},
	{say: "the master playlist", path: s => `/hls/${s.open}/master.m3u8`, hear: {status: 200, type: HLS, text: /^#EXTM3U/,
		has: {etag: /^"/, "cache-control": /./, "x-content-type-options": /^nosniff$/, "referrer-policy": /^no-referrer$/,
			"cross-origin-resource-policy": /^cross-origin$/}}},
	{say: "a media playlist", path: s => `/hls/${s.open}/low/playlist.m3u8`, hear: {status: 200, type: HLS,
		text: /#EXT-X-ENDLIST/}},
	{say: "the MPD", path: s => `/dash/${s.open}/manifest.mpd`, hear: {status: 200, type: DASH, text: /<MPD/,
		has: {"content-security-policy": /^default-src 'none'; frame-ancestors 'none'$/}}},
	{say: "a whole rendition", path: s => `/media/${s.open}/low.mp4`, hear: {status: 200, type: "audio/mp4",
		has: {"accept-ranges": /bytes/, etag: /./, "last-modified": /GMT/}}},
	{say: "its first bytes", path: s => `/media/${s.open}/low.mp4`, headers: {Range: "bytes=0-7"},
		hear: {status: 206, length: 8, has: {"content-range": /^bytes 0-7\//}}},
	{say: "an init section", path: s => `/hls/${s.open}/low/init.mp4`, hear: {status: 200, type: "audio/mp4"}},
	{say: "a segment", path: s => `/hls/${s.open}/low/0.m4s`, hear: {status: 200, type: /^(audio|video)\/(mp4|iso\.segment)/}},
	{say: "a segment after the last", path: s => `/hls/${s.open}/low/9999.m4s`, hear: problem(404)},
	{say: "progressive sound", path: s => `/stream/${s.open}_low.mp4`, hear: {status: 200, type: "audio/mp4"}},
	{say: "the same by a signed address", path: s => s.site.streamPath(`${s.open}_low.mp4`), hear: {status: 200}},
	{say: "a quality that is not there, of a public track", path: s => `/hls/${s.open}/none/playlist.m3u8`,
		hear: problem(404)},
];

const lasting = "max-age=31536000, immutable";
const caching = [
	{say: "public sound, for a year", path: s => `/media/${s.open}/low.mp4`, hear: {status: 200, has: {
		"cache-control": new RegExp(`^public, ${lasting}$`), "access-control-allow-origin": /^\*$/, etag: /^"/, "last-modified": /GMT$/}}},
	{say: "a public segment, for a year", path: s => `/hls/${s.open}/low/0.m4s`, hear: {status: 200, has: {
		"cache-control": new RegExp(`^public, ${lasting}$`), "access-control-allow-origin": /^\*$/, etag: /^"/, "last-modified": /GMT$/}}},
	{say: "what the best may be, for minutes", path: s => `/stream/${s.open}.mp4`, hear: {status: 200, has: {
		"cache-control": /^public, max-age=300$/}}},
	{say: "private sound, for its listener alone", path: s => `/media/${s.secret}/low.mp4?${s.grant}`, hear: {status: 200, has: {
		"cache-control": /^private, max-age=\d+, immutable$/, etag: /^"/, "access-control-allow-origin": /^\*$/}}},
	{say: "sound by a signed address, no longer than that holds", path: s => s.site.streamPath(`${s.secret}_low.mp4`, Math.floor(Date.now() / 1000) + 600),
		hear: {status: 200, has: {"cache-control": /^private, max-age=([1-5]?\d?\d|600), immutable$/}}},
	{say: "a public playlist, for a minute", path: s => `/hls/${s.open}/low/playlist.m3u8`, hear: {status: 200, has: {
		"cache-control": /^public, max-age=60$/, "access-control-allow-origin": /^\*$/}}},
	{say: "a private playlist, for who asks", path: s => `/hls/${s.secret}/low/playlist.m3u8?${s.grant}`, hear: {status: 200, has: {
		"cache-control": /^private, max-age=\d+$/, vary: /Authorization, ?Cookie/}}},
	{say: "a page of another site, before it asks with a token", method: "OPTIONS", path: s => `/hls/${s.secret}/master.m3u8`,
		headers: {Origin: "https://example.org", "Access-Control-Request-Method": "GET"}, hear: {status: 204, has: {
			"access-control-allow-origin": /^\*$/, "access-control-allow-headers": /Authorization/}}},
	{say: "the inner life, to a page of another site", path: "/healthz", hear: {status: 200,
		check: answer => assert.equal(answer.headers["access-control-allow-origin"], undefined)}},
	{say: "a part of a segment", path: s => `/hls/${s.open}/low/0.m4s`, headers: {Range: "bytes=8-15"}, hear: {status: 206, length: 8,
		has: {"content-range": /^bytes 8-15\/\d+$/}}},
	{say: "a segment, which I have", path: s => `/hls/${s.open}/low/0.m4s`, know: "etag", hear: {status: 304, length: 0}},
	{say: "a part that the segment has not", path: s => `/hls/${s.open}/low/0.m4s`, headers: {Range: "bytes=99999999-"},
		hear: {status: 416, has: {"content-range": /^bytes \*\/\d+$/}}},
];

const conditional = [
	{say: "the playlist, which I have", path: s => `/hls/${s.open}/low/playlist.m3u8`, know: "etag", hear: {status: 304, length: 0}},
	{say: "the master, as of its own date", path: s => `/hls/${s.open}/master.m3u8`, know: "last-modified",
		hear: {status: 304, length: 0}},
	{say: "the MPD, which I have", path: s => `/dash/${s.open}/manifest.mpd`, know: "etag", hear: {status: 304, length: 0}},
	{say: "the rendition, which I have", path: s => `/media/${s.open}/low.mp4`, know: "etag", hear: {status: 304, length: 0}},
	{say: "the rendition, unless it is another", path: s => `/media/${s.open}/low.mp4`, headers: {"If-None-Match": '"other"'},
		hear: {status: 200}},
];

/* --- who may ---------------------------------------------------------------------------------------------------- */

const listening = [
	{say: "a private master, without a word", path: s => `/hls/${s.secret}/master.m3u8`, hear: problem(401)},
	{say: "a track that never was, without a word", path: `/hls/${UNKNOWN}/master.m3u8`, hear: problem(401)},
	{say: "a private rendition, without a word", path: s => `/media/${s.secret}/low.mp4`, hear: problem(401)},
	{say: "a private MPD, with a token for something else", path: s => `/dash/${s.secret}/manifest.mpd`,
		headers: s => s.site.bearer("track:write"), hear: problem(403)},
	{say: "a private master, with a listener's token", path: s => `/hls/${s.secret}/master.m3u8`,
		headers: s => s.site.bearer("stream:read"), hear: {status: 200, text: /grant=/}},
	{say: "the same, the token in a cookie", path: s => `/hls/${s.secret}/master.m3u8`,
		headers: s => ({Cookie: `a=b; tonearm_token=${s.site.token("stream:read")}`}), hear: {status: 200}},
	{say: "a private master, with a token that ran out", path: s => `/hls/${s.secret}/master.m3u8`,
		headers: s => s.site.bearer("stream:read", {exp: 1000}), hear: problem(401)},
	{say: "a private master, with a token somebody else signed", path: s => `/hls/${s.secret}/master.m3u8`,
		headers: s => ({Authorization: `Bearer ${s.site.token("stream:read", {}, "x".repeat(40))}`}), hear: problem(401)},
	{say: "a private master, with no token but rubbish", path: s => `/hls/${s.secret}/master.m3u8`,
		headers: {Authorization: "Bearer not.a.token"}, hear: problem(401)},
	{say: "a track that never was, with a listener's token", path: `/hls/${UNKNOWN}/master.m3u8`,
		headers: s => s.site.bearer("stream:read"), hear: problem(404)},
	{say: "private sound, by a signed address", path: s => s.site.streamPath(`${s.secret}_low.mp4`), hear: {status: 200}},
	{say: "private sound, by an address that ran out", path: s => s.site.streamPath(`${s.secret}_low.mp4`, 1000),
		hear: problem(403)},
	{say: "private sound, by an address signed with another key",
		path: s => s.site.streamPath(`${s.secret}_low.mp4`, undefined, "another key"), hear: problem(403)},
	{say: "private sound, by the signature of another file",
		path: s => s.site.streamPath(`${s.open}_low.mp4`).replace(s.open, s.secret), hear: problem(403)},
	{say: "what the private master named", path: s => `/hls/${s.secret}/low/playlist.m3u8?${s.grant}`, hear: {status: 200}},
	{say: "the rendition, by the same grant", path: s => `/media/${s.secret}/low.mp4?${s.grant}`, hear: {status: 200}},
	{say: "another private track, by that grant", path: s => `/hls/${s.other}/low/playlist.m3u8?${s.grant}`,
		hear: problem(403)},
	{say: "the grant, made longer", path: s => `/media/${s.secret}/low.mp4?${s.grant.replace(/expires=\d/, "expires=9")}`,
		hear: problem(403)},
];

/* --- uploads ---------------------------------------------------------------------------------------------------- */

const raw = (s, body, {scopes = "track:write", type = "audio/wav", query = "?filename=tone.wav"} = {}) => ({
	method: "POST", path: `/api/v1/tracks${query}`, body, headers: {...s.site.bearer(scopes), "Content-Type": type}});
const form = (s, fields, file) => {
	const made = multipart(fields, file);
	return {method: "POST", path: "/api/v1/tracks", body: made.body, headers: {...made.headers, ...s.site.bearer("track:write")}};
};
const accepted = {status: 202, type: "application/json", check(answer) {
	const {track, job, urls} = answer.json;
	assert.equal(typeof track.id, "string");
	assert.equal(typeof job.id, "string");
	assert.ok(urls);
}};

const uploads = [
	{say: "sound, without a token", ask: s => ({...raw(s, s.tone), headers: {"Content-Type": "audio/wav"}}), hear: problem(401)},
	{say: "sound, with a listener's token", ask: s => raw(s, s.tone, {scopes: "stream:read"}), hear: problem(403)},
	{say: "sound as a raw body", ask: s => raw(s, s.tone), hear: accepted},
	{say: "sound by a form", ask: s => form(s, {title: "Étude", artist: "Нина", visibility: "public"},
		{filename: "tone.wav", type: "audio/wav", bytes: s.tone}), hear: {...accepted, check(answer) {
		accepted.check(answer);
		assert.equal(answer.json.track.title, "Étude");
		assert.equal(answer.json.track.artist, "Нина");
		assert.equal(answer.json.track.visibility, "public");
	}}},
	{say: "sound by a form, named like a path", ask: s => form(s, {},
		{filename: "../../etc/passwd", type: "audio/wav", bytes: s.tone}), hear: accepted},
	{say: "more than is allowed", ask: s => raw(s, Buffer.alloc(3 << 20)), hear: problem(413)},
	{say: "a text that calls itself sound", ask: s => raw(s, "this is no sound at all\n".repeat(8)), hear: problem(415)},
	{say: "nothing at all", ask: s => raw(s, ""), hear: problem(422)},
	{say: "a form without a file", ask: s => ({...raw(s, "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx\r\n--b--\r\n",
		{type: "multipart/form-data; boundary=b", query: ""})}), hear: {status: [400, 422], type: "application/problem+json"}},
	{say: "a form that breaks off", ask: s => ({...raw(s, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nRIFF",
		{type: "multipart/form-data; boundary=b", query: ""})}), hear: problem(400)},
	{say: "a form without a boundary", ask: s => raw(s, "x", {type: "multipart/form-data", query: ""}), hear: problem(400)},
];

/* --- lists and health --------------------------------------------------------------------------------------------- */

const lists = [
	{say: "the tracks, as anybody", path: "/api/v1/tracks", hear: {status: 200, type: "application/json", check(answer, s) {
		const ids = answer.json.tracks.map(track => track.id);
		assert.ok(ids.includes(s.open));
		assert.ok(!ids.includes(s.secret), "a private track is listed to anybody");
	}}},
	{say: "one a page", path: "/api/v1/tracks?limit=1", hear: {status: 200, check: answer =>
		assert.equal(answer.json.tracks.length, 1)}},
	{say: "a public track", path: s => `/api/v1/tracks/${s.open}`, hear: {status: 200, type: "application/json"}},
	{say: "a private track", path: s => `/api/v1/tracks/${s.secret}`, hear: {status: [401, 404], type: "application/problem+json"}},
	{say: "the jobs, as anybody", path: "/internal/jobs", hear: problem(401)},
	{say: "the jobs", path: "/internal/jobs", headers: s => s.site.bearer("jobs:read"), hear: {status: 200}},
	{say: "is it alive", path: "/healthz", hear: {status: 200}},
	{say: "how is it", path: "/health", hear: {status: 200, type: "application/json"}},
	{say: "may it have work", path: "/readyz", hear: {status: 200, type: "application/json"}},
	{say: "the counters, from the machine itself", path: "/metrics", hear: {status: 200, type: "text/plain",
		text: /tonearm_http_requests_total\{/}},
];

/* --- tricks ------------------------------------------------------------------------------------------------------- */

const tricks = [
	{say: "the database, two steps up", path: s => `/media/${s.open}/../../tonearm.db`, hear: problem(400),
		own: {lighttpd: own(400, "refuses dot segments itself"),
			nginx: own(404, "resolves dot segments: /tonearm.db is looked for in the page"),
			apache: own(404, "resolves dot segments: /tonearm.db is looked for in the page")}},
	{say: "the database, steps encoded", path: s => `/media/${s.open}/%2e%2e/%2e%2e/tonearm.db`, hear: problem(400),
		own: {lighttpd: own(400, "refuses dot segments itself"),
			nginx: own(404, "resolves dot segments: /tonearm.db is looked for in the page"),
			apache: own(404, "resolves dot segments: /tonearm.db is looked for in the page")}},
	{say: "the database, slashes encoded", path: s => `/media/${s.open}/..%2f..%2ftonearm.db`, hear: problem(400),
		own: {lighttpd: own(400, "refuses encoded slashes itself"),
			nginx: own(404, "resolves dot segments: /tonearm.db is looked for in the page"),
			apache: own(404, "refuses encoded slashes itself")}},
	{say: "the database, encoded twice", path: s => `/media/${s.open}/%252e%252e%252ftonearm.db`, hear: problem(404),
		own: {"apache-cgi": own(404, "decodes what it rewrites once more, and refuses encoded slashes itself")}},
	{say: "a file of the media folder by nginx's inner door", path: s => `/_tonearm/media/${s.open}/low.mp4`, hear: own(404)},
	{say: "a NUL in a name", path: s => `/media/${s.open}/low.mp4%00.txt`, hear: problem(400),
		own: {lighttpd: own(400, "refuses control bytes itself"), nginx: own(400, "refuses NUL itself"),
			apache: own(404, "refuses NUL itself")}},
	{say: "a line break in a name", path: s => `/media/${s.open}/low%0d%0aX-Evil:%201.mp4`, hear: problem(400),
		own: {lighttpd: own(400, "refuses control bytes itself")}},
	{say: "a broken escape", path: s => `/media/${s.open}/low%zz.mp4`, hear: problem(400),
		own: {nginx: own(400, "refuses broken escapes itself"), apache: own(400, "refuses broken escapes itself")}},
	{say: "bytes that are no UTF-8", path: s => `/media/${s.open}/%ff%fe.mp4`, hear: problem(400),
		own: {lighttpd: own(400, "refuses invalid UTF-8 itself")}},
	{say: "a header hidden in a query", path: s => `/hls/${s.open}/master.m3u8?x=%0d%0aX-Evil:%201`, hear: {status: 200,
		check: answer => assert.equal(answer.headers["x-evil"], undefined)},
		own: {lighttpd: own(400, "refuses control bytes itself")}},
	{say: "a header field of 6 KiB", path: s => `/hls/${s.open}/master.m3u8`, headers: {"X-Long": "x".repeat(6 << 10)},
		hear: {status: 200}},
	{say: "a cookie of 6 KiB before the token", path: s => `/hls/${s.secret}/master.m3u8`,
		headers: s => ({Cookie: `a=${"x".repeat(6 << 10)}; tonearm_token=${s.site.token("stream:read")}`}), hear: {status: 200}},
	{say: "fifty header fields", path: s => `/hls/${s.open}/master.m3u8`,
		headers: Object.fromEntries(Array.from({length: 50}, (_, i) => [`X-Field-${i}`, String(i)])), hear: {status: 200}},
	{say: "a header field of 64 KiB", path: s => `/hls/${s.open}/master.m3u8`, headers: {"X-Long": "x".repeat(64 << 10)},
		hear: own([400, 431])},
	{say: "a name that a CGI program would take for an option", path: s => `/hls/${s.open}/master.m3u8?-c+/nonexistent`,
		hear: {status: 200}},
	{say: "slashes in a row", path: s => `/media//${s.open}/low.mp4`, hear: problem(400),
		own: {lighttpd: own(400, "refuses empty segments itself")}},
	{say: "an address without end", path: `/media/${"a".repeat(60000)}`, hear: {status: 414},
		own: {lighttpd: own(431, "counts the request line to the header fields")}},
	{say: "a rendition, naming the file to the server", path: s => `/media/${s.open}/low.mp4`,
		headers: {"X-Sendfile": "/etc/passwd", "X-Accel-Redirect": "/_tonearm/media/x", TONEARM_DELIVERY: "direct"},
		hear: {status: 200, type: "audio/mp4"}},
];

const methods = [
	{say: "a playlist, by POST", method: "POST", path: s => `/hls/${s.open}/master.m3u8`, hear: problem(405)},
	{say: "a rendition, away with it", method: "DELETE", path: s => `/media/${s.open}/low.mp4`, hear: problem(405)},
	{say: "the tracks, by PUT", method: "PUT", path: "/api/v1/tracks", hear: problem(405)},
	{say: "what may be asked", method: "OPTIONS", path: s => `/hls/${s.open}/master.m3u8`, hear: {status: 204,
		has: {allow: /GET/}}},
	{say: "a method nobody knows", method: "BREW", path: s => `/hls/${s.open}/master.m3u8`, hear: problem(405),
		own: {lighttpd: own(501, "knows the methods of the registry only")}},
	{say: "my own words back", method: "TRACE", path: s => `/hls/${s.open}/master.m3u8`, hear: problem(405),
		own: {nginx: own(405, "refuses TRACE itself"), apache: own(405, "refuses TRACE itself")}},
];

/* --- the dialogue ------------------------------------------------------------------------------------------------- */

const said = (value, scene) => typeof value === "function" ? value(scene) : value;

function question(row, scene) {
	return row.ask ? row.ask(scene)
		: {method: row.method ?? "GET", path: said(row.path, scene), headers: {...said(row.headers, scene)}};
}

function compare(answer, hear, scene) {
	const wanted = [hear.status].flat();
	assert.ok(wanted.includes(answer.status), `status ${answer.status}, not ${wanted.join(" or ")}: ${answer.text.slice(0, 300)}`);
	if (hear.type instanceof RegExp)
		assert.match(answer.headers["content-type"] ?? "", hear.type);
	else if (hear.type)
		assert.equal((answer.headers["content-type"] ?? "").split(";")[0], hear.type);
	for (const [name, pattern] of Object.entries(hear.has ?? {}))
		assert.match(answer.headers[name] ?? "(absent)", pattern, name);
	if (hear.text)
		assert.match(answer.text, hear.text);
	if (hear.length !== undefined)
		assert.equal(answer.body.length, hear.length);
	assert.equal(answer.cut, false, "the answer breaks off");
	hear.check?.(answer, scene);
}

async function speak(row, server, scene) {
	const asked = question(row, scene);
	if (row.know) {
		const known = (await scene.site.request(asked)).headers[row.know];
		assert.ok(known, `no ${row.know} to come back with`);
		asked.headers[row.know === "etag" ? "If-None-Match" : "If-Modified-Since"] = known;
	}
	const answer = await scene.site.request(asked);
	const own = row.own?.[server] ?? (isApache(server) ? row.own?.apache : undefined);
	compare(answer, own ?? row.hear, scene);
	if (own)
		assert.throws(() => compare(answer, row.hear, scene), undefined, `Tonearm itself answers now: it is not so that ${server} ${own.why}`);
}

/* HEAD says what GET says, without the body. */
async function sameByHead(row, scene) {
	const asked = question(row, scene);
	const whole = await scene.site.request(asked);
	const head = await scene.site.request({...asked, method: "HEAD"});
	assert.equal(head.status, whole.status);
	assert.equal(head.body.length, 0);
	for (const name of ["content-type", "etag", "last-modified", "cache-control"])
		assert.equal(head.headers[name], whole.headers[name], name);
	if (head.headers["content-length"] !== undefined)
		assert.equal(Number(head.headers["content-length"]), whole.body.length);
}

/* Half an upload, then gone. */
async function breakOff(scene, uploadsFirst) {
	const {hostname, port} = new URL(scene.site.url);
	const spool = path.join(scene.site.dataDir, "spool");
	const socket = net.connect(Number(port), hostname);
	await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
	socket.write(`POST ${scene.site.prefix}/api/v1/tracks?filename=half.wav HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\n` +
		`Authorization: Bearer ${scene.site.token("track:write")}\r\nContent-Length: ${1 << 20}\r\n\r\n`);
	socket.write(scene.tone.subarray(0, 1 << 16));
	if (!uploadsFirst)
		await until("the upload to reach the spool", async () => (await fs.readdir(spool)).length > 0);
	socket.destroy();
	await until("the half file to go", async () => (await fs.readdir(spool)).length === 0);
}

const chapters = {playback, caching, conditional, listening, uploads, lists, tricks, methods};

/**
 * Holds the dialogue with each of HOMES, {name, ...options of start()}. uploadsFirst: the home takes in an upload whole
 * before Tonearm hears of it; without: chapters that are left out; more: tests of this home alone, given the scene.
 */
export function converse(homes) {
	for (const {name, uploadsFirst, without = [], more, ...home} of homes) {
		describe(name, {skip: cannotServe(home.server), timeout: 300000}, () => {
			const scene = {};

			before(async () => {
				scene.site = await start({...home, runner: true, conf: {limits: {upload_size: "2M"}}});
				scene.tone = wav(6);
				const file = path.join(scene.site.dir, "tone.wav");
				await fs.writeFile(file, scene.tone);
				const publish = async visibility => (await scene.site.publish(file, {visibility})).track.id;
				[scene.open, scene.secret, scene.other] = await Promise.all(["public", "private", "private"].map(publish));
				const master = await scene.site.request({path: `/hls/${scene.secret}/master.m3u8`,
					headers: scene.site.bearer("stream:read")});
				scene.grant = /expires=\d+&by=[\w-]+&grant=[0-9a-f]+/.exec(master.text)[0];
			});
			after(() => scene.site?.stop());

			for (const [chapter, rows] of Object.entries(chapters).filter(([chapter]) => !without.includes(chapter))) {
				describe(chapter, () => {
					for (const row of rows)
						test(row.say, {skip: row.skip}, () => speak(row, home.server, scene));
				});
			}
			describe("by HEAD", () => {
				for (const row of playback.filter(row => !row.headers))
					test(row.say, {skip: row.skip}, () => sameByHead(row, scene));
			});
			test("a segment is what the playlist says of the file", async () => {
				const {text} = await scene.site.request({path: `/hls/${scene.open}/low/playlist.m3u8`});
				const [length, offset] = /#EXT-X-BYTERANGE:(\d+)@(\d+)/.exec(text).slice(1).map(Number);
				const [segment, file] = await Promise.all([`/hls/${scene.open}/low/0.m4s`, `/media/${scene.open}/low.mp4`]
					.map(address => scene.site.request({path: address})));
				assert.deepEqual(segment.body, file.body.subarray(offset, offset + length));
			});
			test("private and never there answer alike to who has no token", async () => {
				const answers = await Promise.all([scene.secret, UNKNOWN].map(id => scene.site.request({path: `/hls/${id}/master.m3u8`})));
				const [a, b] = answers.map(answer => ({...answer.json, instance: ""}));
				assert.deepEqual(a, b);
			});
			test("an upload that breaks off leaves nothing", () => breakOff(scene, uploadsFirst));
			more?.(scene);
		});
	}
}
