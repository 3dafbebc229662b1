// SPDX-License-Identifier: MIT
// Limits of rates, streams and bytes over all responders, behind each way to reach them; robots; and whose word about the
// client's address is believed. Buckets here fill in hours and streams last for minutes, so that no test depends on time.

import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {cgi, library} from "./lib/cgi.mjs";
import {cannotServe, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";

const RATES = [
	{name: "lists", routes: "playlist", by: "address", requests: 0.001, burst: 4},
	{name: "mine", routes: "playlist api", by: "subject", requests: 0.001, burst: 5},
	{name: "streams", by: "subject", streams: 2},
	{name: "bytes", by: "address", bytes: 1, burst: 50000},
	{name: "strangers", routes: "api", by: "stranger", requests: 0.001, burst: 3},
];
const ROBOTS = [{agent: "BadBot"}, {agent: "SlowBot", requests: 0.001, burst: 1}];
const PROXY = "127.0.0.1";
const homes = [
	{server: "lighttpd", transport: "threads"}, {server: "lighttpd", check: true}, {server: "nginx", transport: "event"},
	{server: "nginx", check: true}, {server: "apache-fcgid", check: true}, {server: "apache-cgi"},
];

let addresses = 0;
const newcomer = () => `198.51.${100 + (addresses >> 8)}.${addresses++ & 255}`;

for (const home of homes) {
	const limited = {rates: RATES, robots: ROBOTS}; // what the test itself asks for without a proxy is exempt

	describe(Object.entries(home).map(([key, value]) => value === true ? key : value).join(", "), {skip: cannotServe(home.server)}, () => {
		let site, open, secret;

		before(async () => {
			site = await start({...home, runner: true, conf: {
				limits: limited, http: {trusted_proxies: [PROXY]}}});
			const tone = path.join(site.dir, "tone.wav");
			await fs.writeFile(tone, wav(1));
			open = (await site.publish(tone, {visibility: "public"})).track.id;
			secret = (await site.publish(tone, {visibility: "private"})).track.id;
		});
		after(() => site?.stop());

		const ask = (target, from, headers = {}) => site.request({path: target, headers: {"X-Forwarded-For": from, ...headers}});
		const master = () => `/hls/${open}/master.m3u8`;

		test("requests of an address, whichever process answers", async () => {
			const from = newcomer();
			for (let i = 0; i < 4; i++)
				assert.equal((await ask(i % 2 ? master() : `/hls/${open}/low/playlist.m3u8`, from)).status, 200);
			const answer = await ask(master(), from);
			assert.equal(answer.status, 429);
			assert.match(answer.headers["content-type"], /^application\/problem\+json/);
			assert.equal(answer.json.type, "urn:tonearm:problem:too-many-requests");
			assert.equal(answer.json.status, 429);
			assert.equal(answer.headers["ratelimit-policy"], '"lists";q=4;w=4000');
			const [, wait] = /^"lists";r=0;t=(\d+)$/.exec(answer.headers.ratelimit);
			assert.equal(answer.headers["retry-after"], wait);
			assert.ok(wait > 900 && wait <= 1000, wait);
			assert.equal(answer.headers["cache-control"], "no-store");
			assert.equal((await ask(master(), newcomer())).status, 200);
			assert.equal((await ask("/healthz", from)).status, 200);
		});

		test("an IPv6 subscriber is one address", async () => {
			for (let i = 0; i < 4; i++)
				assert.equal((await ask(master(), `2001:db8:${addresses}::${i + 1}`)).status, 200);
			assert.equal((await ask(master(), `2001:db8:${addresses}:0:1::`)).status, 429);
			assert.equal((await ask(master(), `2001:db8:${addresses}:1::1`)).status, 200);
		});

		test("what a client says of itself moves nothing", async () => {
			const from = newcomer();
			for (let i = 0; i < 4; i++)
				assert.equal((await ask(master(), `203.0.113.${i}, ${from}`)).status, 200);
			assert.equal((await ask(master(), `203.0.113.9, ${from}`)).status, 429);
			assert.equal((await ask(master(), `203.0.113.9, ${from}, ${PROXY}`)).status, 429);
			assert.equal((await ask(master(), ["203.0.113.10", from])).status, 429, "a second line of the proxy's own");
			const spelt = (await ask(master(), from, {"X_Forwarded_For": newcomer()})).status;
			assert.equal(spelt, home.server === "lighttpd" ? 400 : 429, "its own spelling of the proxy's field");
			assert.equal((await ask(master(), newcomer(), {"X-Real-IP": from, "Forwarded": `for=${from}`})).status, 200);
		});

		test("requests of a subject, wherever from", async () => {
			const alice = site.bearer("stream:read track:read", {sub: "alice"});
			for (let i = 0; i < 5; i++)
				assert.equal((await ask(i % 2 ? `/hls/${secret}/master.m3u8` : "/api/v1/tracks", newcomer(), alice)).status, 200);
			const answer = await ask(`/hls/${secret}/master.m3u8`, newcomer(), alice);
			assert.equal(answer.status, 429);
			assert.match(answer.headers["ratelimit-policy"], /"mine";q=5;w=5000$/);
			assert.ok(answer.headers["retry-after"] > 0);
			assert.equal((await ask(`/hls/${secret}/master.m3u8`, newcomer(), site.bearer("stream:read", {sub: "bob"}))).status, 200);
		});

		// Two devices may look alike to the table, once in 4,096 times (src/auth/rate_table.h), but not to one subject after another.
		test("streams of a subject, on different devices", async () => {
			const url = `/media/${secret}/low.mp4`, range = {Range: "bytes=0-99"};
			let answer;
			for (const sub of ["carol", "caroline"]) {
				const carol = site.bearer("stream:read", {sub}), devices = [newcomer(), newcomer(), newcomer()];
				assert.equal((await ask(url, devices[0], {...carol, ...range})).status, 206);
				assert.equal((await ask(url, devices[1], {...carol, ...range})).status, 206);
				assert.equal((await ask(url, devices[0], {...carol, Range: "bytes=100-199"})).status, 206);
				answer = await ask(url, devices[2], {...carol, ...range});
				if (answer.status !== 206)
					break;
			}
			if (home.server === "apache-fcgid")
				assert.equal(answer.status, 401, "mod_fcgid knows no other refusal of an authorizer");
			else
				assert.deepEqual([answer.status, answer.headers["retry-after"] > 0 && answer.headers["retry-after"] <= 30,
					/r=0;t=\d+/.test(answer.headers.ratelimit), /;q=2/.test(answer.headers["ratelimit-policy"])], [429, true, true, true]);
			assert.equal((await ask(url, newcomer(), {...site.bearer("stream:read", {sub: "dave"}), ...range})).status, 206);
		});

		test("bytes of an address", {skip: home.check ? "the web server sends them without a word to us" : false}, async () => {
			const from = newcomer(), file = `/media/${open}/high.mp4`, range = {Range: "bytes=0-29999"};
			const statuses = [];
			for (let i = 0; i < 4; i++)
				statuses.push((await ask(file, from, range)).status);
			assert.deepEqual(statuses, [206, 206, 429, 429]);
			assert.equal((await ask(file, newcomer(), range)).status, 206);
		});

		test("a range that does not count is none", {skip: home.check ? "the web server sends them without a word to us" : false}, async () => {
			const from = newcomer(), file = `/media/${open}/high.mp4`, range = {Range: "bytes=0-29999"};
			const statuses = [(await ask(file, from, {Range: "bytes=0-9", "If-Range": '"another"'})).status];
			for (let i = 0; i < 2; i++)
				statuses.push((await ask(file, from, range)).status);
			assert.deepEqual(statuses, [200, 206, 429]);
		});

		test("those without a cookie", async () => {
			const from = newcomer(), list = "/api/v1/tracks";
			for (let i = 0; i < 3; i++)
				assert.equal((await ask(list, from)).status, 200);
			assert.equal((await ask(list, from)).status, 429);
			assert.equal((await ask(list, from, {Cookie: "seen=1"})).status, 200);
		});

		test("robots", async () => {
			const from = newcomer();
			assert.equal((await ask(master(), from, {"User-Agent": "Mozilla/5.0 (badbot/1.0)"})).status, 403);
			assert.equal((await ask(master(), from, {"User-Agent": "SlowBot"})).status, 200);
			assert.equal((await ask(master(), newcomer(), {"User-Agent": "SlowBot"})).status, 429);
			const answer = await ask("/robots.txt", from, {"User-Agent": "BadBot"});
			assert.equal(answer.status, 200);
			assert.match(answer.headers["content-type"], /^text\/plain/);
			assert.match(answer.text, /^User-agent: \*\nDisallow: \/hls\/$/m);
		});

		test("the verdict about a robot is nobody else's", async () => {
			const agents = {robot: {"User-Agent": "BadBot"}, listener: {"User-Agent": "Player"}};
			const refusal = home.server === "apache-fcgid" ? 401 : 403;
			for (const order of [["robot", "listener", "robot"], ["listener", "robot"]]) {
				const from = newcomer();
				for (const who of order) {
					const {status} = await ask(`/media/${open}/low.mp4`, from, {...agents[who], Range: "bytes=0-9"});
					assert.equal(status, who === "robot" ? refusal : 206, `${who} of ${order}`);
				}
			}
		});

		test("it is counted", async () => {
			const text = (await site.request({path: "/metrics"})).text;
			for (const labels of ['limit="requests",key="address",route="playlist"', 'limit="streams",key="subject",route="media"',
				'limit="requests",key="robot",route="playlist"'])
				assert.match(text, new RegExp(`^tonearm_rate_limited_total\\{${labels}\\} [1-9]`, "m"));
		});
	});
}

describe("a proxy that nobody named", {skip: cannotServe("lighttpd")}, () => {
	let site;

	before(async () => {
		site = await start({server: "lighttpd", conf: {limits: {exempt: [], rates: [{name: "all", by: "address", requests: 0.001, burst: 2}]}}});
	});
	after(() => site?.stop());

	test("is not believed", async () => {
		const statuses = [];
		for (let i = 0; i < 3; i++)
			statuses.push((await site.request({path: "/api/v1/tracks", headers: {"X-Forwarded-For": newcomer()}})).status);
		assert.deepEqual(statuses, [200, 200, 429]);
	});
	test("what one process has counted, another knows, also after it was killed", async () => {
		const api = site.processes.get("api");
		api.wanted = false;
		api.kill("SIGKILL");
		await api.ended;
		site.processes.delete("api");
		await site.startResponder("api");
		assert.equal((await site.request({path: "/api/v1/tracks"})).status, 429);
		assert.equal((await site.request({path: "/hls/x/master.m3u8"})).status, 429);
	});
});

test("a proxy of this machine that nobody named, for all of whom nothing is limited, is told of", async () => {
	const place = library();
	try {
		const list = headers => cgi(place, "api", "/api/v1/tracks", {headers});
		assert.match((await list({"X-Forwarded-For": newcomer()})).log, /is it a proxy for http.trusted_proxies/);
		assert.doesNotMatch((await list({})).log, /proxy/);
		place.configure({http: {trusted_proxies: [PROXY]}});
		assert.doesNotMatch((await list({"X-Forwarded-For": newcomer()})).log, /is it a proxy/);
	} finally {
		place.remove();
	}
});

describe("the signed address of a listener behind a proxy", {skip: cannotServe("nginx")}, () => {
	let site, secret;

	before(async () => {
		site = await start({server: "nginx", check: true, runner: true, conf: {http: {trusted_proxies: [PROXY], client_address: "Forwarded"}}});
		const tone = path.join(site.dir, "tone.wav");
		await fs.writeFile(tone, wav(1));
		secret = (await site.publish(tone, {visibility: "private"})).track.id;
	});
	after(() => site?.stop());

	test("is good from there alone", async () => {
		const signed = await site.request({method: "POST", path: "/auth/sign", body: JSON.stringify({track: secret, address: "192.0.2.0/24"}),
			headers: {...site.bearer("auth:sign"), "Content-Type": "application/json"}});
		assert.equal(signed.status, 200, signed.text);
		const query = signed.json.query;
		const from = async (field, target = `/media/${secret}/low.mp4`) =>
			(await site.request({path: `${target}?${query}`, headers: {Forwarded: field}})).status;
		for (const target of [`/media/${secret}/low.mp4`, `/hls/${secret}/master.m3u8`]) {
			assert.equal(await from("for=192.0.2.7", target), 200);
			assert.equal(await from("for=192.0.2.7, for=198.51.100.1", target), 403);
			assert.equal(await from("for=198.51.100.1, for=192.0.2.8", target), 200);
			assert.equal(await from("for=unknown", target), 403);
			assert.equal(await from(["for=192.0.2.7", "for=198.51.100.1"], target), 403, "a line of the proxy's own");
		}
	});
});
