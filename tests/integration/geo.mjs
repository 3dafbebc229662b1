// SPDX-License-Identifier: MIT
// Tracks that may be heard in some places only: every way to their sound, each request to a fresh CGI process, places by a
// database made here, by the web server's word and by a trusted proxy's header.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {bearer, cgi, form, library, signature} from "./lib/cgi.mjs";
import {build} from "./lib/tools.mjs";

const HERE = "192.0.2.7", THERE = "198.51.100.7", CALIFORNIA = "203.0.113.7", NOWHERE = "100.64.0.1", PROXY = "10.0.0.1";
const settings = {
	geo: {database: "places.mmdb", country_header: "CF-IPCountry", region_header: "CF-Region-Code"},
	http: {trusted_proxies: [PROXY]},
};
let place, ids;

before(() => {
	place = library(settings);
	ids = place.ids;
	execFileSync(path.join(build, "tests", "make_mmdb"), [path.join(place.dir, "places.mmdb"),
		"192.0.2.0/24 DE", "198.51.100.0/24 FR", "203.0.113.0/24 US CA"]);
});
after(() => place.remove());

const from = (remote, options = {}) => ({...options, parameters: {REMOTE_ADDR: remote, ...options.parameters}});
const api = (target, options = {}) => cgi(place, "api", target, {...options,
	headers: {"Content-Type": "application/json", ...bearer("track:read track:write"), ...options.headers}});
const tonearm = (...args) => execFileSync(path.join(build, "tonearm"), ["-c", place.conf, ...args], {encoding: "utf8"});
const master = (id, remote, options) => cgi(place, "manifest", `/hls/${id}/master.m3u8`, from(remote, options));

async function allow(id, places) {
	const answer = await api(`/api/v1/tracks/${id}`, {method: "PATCH", body: JSON.stringify({places})});
	assert.equal(answer.status, 200, answer.text);
	return answer.json.track.places;
}

function refused(answer, where) {
	assert.equal(answer.status, 403, answer.text);
	assert.equal(answer.headers["content-type"], "application/problem+json");
	assert.equal(answer.json.type, "urn:tonearm:problem:place");
	assert.match(answer.json.detail, where);
	assert.equal(answer.headers["cache-control"], "no-store");
}

const ways = id => [
	["manifest", `/hls/${id}/master.m3u8`], ["manifest", `/hls/${id}/high/playlist.m3u8`], ["manifest", `/dash/${id}/manifest.mpd`],
	["stream", `/stream/${id}.mp4`], ["stream", `/stream/${id}_high.mp4`], ["stream", `/media/${id}/high.mp4`],
	["stream", `/hls/${id}/high/init.mp4`], ["stream", `/hls/${id}/high/0.m4s`],
];

test("each way to the sound of a public track asks where the listener is, and no answer is for everybody's cache", async () => {
	await allow(ids.public, "de at");
	for (const [program, target] of ways(ids.public)) {
		const heard = await cgi(place, program, target, from(HERE));
		assert.equal(heard.status, 200, `${target}: ${heard.text}`);
		assert.match(heard.headers["cache-control"], /^private, max-age=[1-9]/, target);
		refused(await cgi(place, program, target, from(THERE)), /in FR/);
		refused(await cgi(place, program, target, from(NOWHERE)), /is not known/);
	}
	await allow(ids.public, null);
	for (const [program, target] of ways(ids.public))
		assert.match((await cgi(place, program, target, from(NOWHERE))).headers["cache-control"], /^public/, target);
});

test("the web server that asks auth.fcgi is told the same", async () => {
	const target = `/media/${ids.public}/high.mp4`;
	const check = remote => cgi(place, "auth", "/auth/check", from(remote, {parameters: {TONEARM_CHECK_URI: target}}));
	const authorize = remote => cgi(place, "auth", target, from(remote, {parameters: {FCGI_ROLE: "AUTHORIZER"}}));
	await allow(ids.public, "!FR");
	const verdict = await check(HERE);
	assert.equal(verdict.status, 204, verdict.text);
	assert.match(verdict.headers["x-tonearm-cache-control"], /^private/);
	refused(await check(THERE), /in FR/);
	assert.equal((await authorize(HERE)).status, 200);
	refused(await authorize(THERE), /in FR/);
});

test("whoever has a credential is bound to places as well, and who has none learns of none", async () => {
	await allow(ids.private, "US !US-CA DE");
	const query = remote => cgi(place, "stream", `/stream/${ids.private}_high.mp4?${signature(`${ids.private}_high.mp4`)}`, from(remote));
	assert.equal((await query(HERE)).status, 200);
	refused(await query(CALIFORNIA), /in US-CA/);
	refused(await master(ids.private, THERE, {headers: bearer("stream:read")}), /in FR/);
	assert.equal((await master(ids.private, HERE, {headers: bearer("stream:read")})).status, 200);
	assert.equal((await master(ids.private, THERE)).status, 401);
	const children = (await master(ids.private, HERE, {headers: bearer("stream:read")})).text.match(/^[^#\n].*$/m)[0];
	const child = `/hls/${ids.private}/${children}`;
	assert.equal((await cgi(place, "manifest", child, from(HERE))).status, 200);
	refused(await cgi(place, "manifest", child, from(THERE)), /in FR/);
});

describe("where a listener is", () => {
	before(() => allow(ids.public, "DE"));

	test("a client cannot say itself", async () => {
		refused(await master(ids.public, THERE, {headers: {"CF-IPCountry": "DE", "TONEARM-COUNTRY": "DE", "X-Forwarded-For": HERE}}), /in FR/);
	});

	test("a trusted proxy says by its header, or by the address it hands on", async () => {
		const by = headers => master(ids.public, PROXY, {headers});
		assert.equal((await by({"CF-IPCountry": "DE", "X-Forwarded-For": THERE})).status, 200);
		refused(await by({"CF-IPCountry": "FR", "X-Forwarded-For": HERE}), /in FR/);
		assert.equal((await by({"X-Forwarded-For": HERE})).status, 200);
		assert.equal((await by({"CF-IPCountry": "XX", "X-Forwarded-For": HERE})).status, 200);
		refused(await by({"X-Forwarded-For": `${HERE}, ${THERE}`}), /in FR/);
		refused(await by({}), /is not known/);
	});

	test("the web server says by a parameter", async () => {
		const told = TONEARM_COUNTRY => master(ids.public, THERE, {parameters: {TONEARM_COUNTRY}});
		assert.equal((await told("DE")).status, 200);
		refused(await told("AT"), /in AT/);
		refused(await told(""), /in FR/);
	});
});

test("what is configured counts for tracks that say nothing, and for those of unknown places", async () => {
	await allow(ids.public, null);
	const other = {...settings, geo: {...settings.geo, places: "fr", unknown: "allow"}};
	place.configure(other);
	try {
		assert.equal((await master(ids.public, THERE)).status, 200);
		refused(await master(ids.public, HERE), /in DE/);
		assert.equal((await master(ids.public, NOWHERE)).status, 200);
		await allow(ids.public, "*");
		assert.equal((await master(ids.public, HERE)).status, 200);
	} finally {
		place.configure(settings);
	}
});

test("places are set by an upload, by PATCH and by the command", async () => {
	const upload = places => {
		const {headers, body} = form([{name: "places", value: places}, {name: "file", filename: "a.flac", type: "audio/flac",
			value: Buffer.from("fLaC\0\0\0\x22".padEnd(64, "\0"), "latin1")}]);
		return api("/api/v1/tracks", {method: "POST", headers, body});
	};
	const made = await upload("ch li");
	assert.equal(made.status, 202, made.text);
	assert.equal(made.json.track.places, "CH LI");
	assert.equal((await upload("Switzerland")).status, 422);
	for (const places of ["", "DE,AT", 5, ["DE"], "DE\nAT", "D\u00c4"])
		assert.equal((await api(`/api/v1/tracks/${ids.public}`, {method: "PATCH", body: JSON.stringify({places})})).status, 422, places);

	assert.match(tonearm("tracks", "places", ids.public, "DE", "!DE-BY"), /may be heard in: DE !DE-BY/);
	assert.equal(JSON.parse(tonearm("tracks", "show", ids.public, "--json")).places, "DE !DE-BY");
	assert.match(tonearm("tracks", "places", ids.public, "default"), /may be heard in: \*/);
	assert.equal(JSON.parse(tonearm("tracks", "show", ids.public, "--json")).places, null);
	assert.throws(() => tonearm("tracks", "places", ids.public, "Germany"));
});

test("a database that is cut off is no reason to fail", async () => {
	await allow(ids.public, "DE");
	assert.equal((await master(ids.public, HERE)).status, 200);
	fs.truncateSync(path.join(place.dir, "places.mmdb"), 100);
	const still = await master(ids.public, HERE);
	assert.equal(still.status, 200);
	assert.match(still.log, /geo.database cannot be used/);
});
