// SPDX-License-Identifier: MIT
// The web server serves /media/ from its disk and asks auth.fcgi whether it may: lighttpd and mod_fcgid in the FastCGI role of an
// authorizer, nginx by auth_request with the verdict kept for a moment.

import assert from "node:assert/strict";
import {execFileSync, spawnSync} from "node:child_process";
import {once} from "node:events";
import fs from "node:fs/promises";
import http2 from "node:http2";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {cannotServe} from "./lib/homes.mjs";
import {until} from "./lib/library.mjs";
import {freePort, start} from "./lib/server.mjs";
import {wav} from "./lib/sound.mjs";
import {missing, pause, source, which} from "./lib/tools.mjs";

const UNKNOWN = "01hzzzzzzzzzzzzzzzzzzzzzzz";
const VERDICT_S = 2;
const FRIEND = "https://player.example.net"; // a page whose cookies count

for (const [server, transport, prefix = ""] of [["lighttpd", "threads"], ["lighttpd", "event", "/music"], ["nginx", "threads"],
	["nginx", "event", "/music"], ["apache-fcgid", "threads", "/music"]]) {
	describe(`${server}, ${transport}${prefix && `, below ${prefix}`}`, {skip: cannotServe(server)}, () => {
		let site, open, secret, other;

		before(async () => {
			site = await start({server, transport, prefix, check: true, runner: true, webRoot: path.join(source, "www"),
				conf: {auth: {verdict_ttl_s: VERDICT_S}, http: {allowed_origins: FRIEND}}});
			const tone = path.join(site.dir, "tone.wav");
			await fs.writeFile(tone, wav(1));
			const publish = async visibility => (await site.publish(tone, {visibility})).track.id;
			open = await publish("public");
			secret = await publish("private");
			other = await publish("private");
		});
		after(() => site?.stop());

		const forbidden = server === "apache-fcgid" ? 401 : 403; // mod_fcgid knows no other refusal
		const file = id => `/media/${id}/low.mp4`;
		const ask = (target, headers = {}, more = {}) => site.request({path: target, headers, ...more});
		const listener = claims => site.bearer("stream:read", {jti: `j${Math.random()}`, ...claims});

		test("a public file, from the disk", async () => {
			const answer = await ask(file(open));
			assert.equal(answer.status, 200);
			assert.equal(answer.headers["content-type"], "audio/mp4");
			assert.deepEqual(answer.body, await fs.readFile(path.join(site.dataDir, "media", open, "low.mp4")));
			assert.doesNotMatch(answer.headers.etag, /[0-9a-f]{32}/, "stream.fcgi, which knows the hash, sent it");
			assert.match(answer.headers["cache-control"], server === "nginx" ? /^public, .*immutable/ : /^private/);
			const part = await ask(file(open), {Range: "bytes=0-7"});
			assert.deepEqual([part.status, part.body.length], [206, 8]);
			assert.equal((await ask(file(open), {"If-None-Match": answer.headers.etag})).status, 304);
			assert.equal((await ask(file(open), {}, {method: "HEAD"})).status, 200);
		});

		test("a private file, for those who may", async () => {
			assert.equal((await ask(file(secret))).status, 401);
			assert.equal((await ask(file(UNKNOWN))).status, 401);
			assert.equal((await ask(file(secret), {Authorization: "Bearer x.y.z"})).status, 401);
			assert.equal((await ask(file(secret), site.bearer("track:read"))).status, forbidden);
			const {headers, status} = await ask(file(secret), listener());
			assert.equal(status, 200);
			assert.match(headers["cache-control"], /^private/);
			for (const [name, value] of [["x-content-type-options", "nosniff"], ["referrer-policy", "no-referrer"],
				["cross-origin-resource-policy", "cross-origin"], ["access-control-allow-origin", "*"], ["content-security-policy", undefined]])
				assert.equal(headers[name], value, name);
			for (const name of Object.keys(headers))
				assert.doesNotMatch(name, /^(variable-|x-tonearm|x-accel)/);
			assert.equal((await ask(file(secret), {Cookie: `tonearm_token=${site.token("stream:read")}`})).status, 200);
			assert.equal((await ask(file(secret), {...listener(), Range: "bytes=4-7"})).body.toString(), "ftyp");
		});

		test("a refusal, and a file that is not there yet, are told to players of other pages and not kept", async () => {
			for (const [target, status] of [[file(secret), 401], [`/media/${open}/later.mp4`, 404]]) {
				const answer = await ask(target, {Origin: "https://example.org"}), {headers} = answer;
				assert.equal(answer.status, status);
				assert.equal(headers["access-control-allow-origin"], "*", target);
				assert.doesNotMatch(headers["cache-control"] ?? "", /^(?!no-store).*max-age=\d{4}/, target);
			}
		});

		test("a token for single tracks, and the grant of a manifest", async () => {
			assert.equal((await ask(file(secret), listener({tracks: [secret]}))).status, 200);
			assert.equal((await ask(file(other), listener({tracks: [secret]}))).status, forbidden);
			const master = await ask(`/hls/${secret}/master.m3u8`, listener());
			const grant = /expires=\d+&by=[\w-]+&grant=[0-9a-f]+/.exec(master.text)[0];
			assert.equal((await ask(`${file(secret)}?${grant}`)).status, 200);
			assert.equal((await ask(`${file(other)}?${grant}`)).status, forbidden);
		});

		test("what was allowed for one file opens no other", async () => {
			const headers = listener({tracks: [secret]});
			assert.equal((await ask(file(secret), headers)).status, 200);
			for (const trick of [`/media/${secret}/../${other}/low.mp4`, `/media/${secret}/%2e%2e/${other}/low.mp4`,
				`/media/${secret}/..%2f${other}/low.mp4`, `//media/${secret}/../${other}/low.mp4`, `/media/${secret}//../${other}/low.mp4`,
				`/media/${secret}/../../tonearm.db`, `/media/${secret}%2f..%2f${other}/low.mp4`])
				assert.notEqual((await ask(trick, headers)).status, 200, trick);
			assert.notEqual((await ask("/_tonearm/check", headers)).status, 204);
			assert.notEqual((await ask("/auth/check", headers)).status, 204);
		});

		test("nobody gets the verdict of another request, however both are written", async () => {
			for (const mark of ["|", "\t", " ", "\\n", "&", ";"]) {
				assert.equal((await ask(file(open), {"X-Tonearm-Edge": secret, Cookie: mark})).status, 200);
				assert.equal((await ask(file(secret), {"X-Real-IP": `${mark}${open}`})).status, 401, `apart by ${JSON.stringify(mark)}`);
			}
		});

		test("pages of other sites read the sound, with cookies those that are named", async () => {
			const cookie = {Cookie: `tonearm_token=${site.token("stream:read")}`};
			for (const target of [...server === "lighttpd" ? [] : [file(secret)], `/stream/${secret}_low.mp4`]) {
				for (const [Origin, reader, credentials] of [[FRIEND, FRIEND, "true"], ["https://example.org", "*", undefined]]) {
					const {status, headers} = await ask(target, {...cookie, Origin});
					assert.equal(status, 200);
					assert.equal(headers["access-control-allow-origin"], reader, target);
					assert.equal(headers["access-control-allow-credentials"], credentials, target);
					assert.match(headers.vary, /Origin/, target);
				}
			}
		});

		test("a browser that asks before its page may is told what it may", {skip: server === "apache-fcgid" && "mod_fcgid knows only 200 and 401"}, async () => {
			const {status, headers} = await ask(file(secret), {Origin: "https://example.org", "Access-Control-Request-Method": "GET",
				"Access-Control-Request-Headers": "authorization, range"}, {method: "OPTIONS"});
			assert.equal(status, 204);
			assert.equal(headers["access-control-allow-origin"], "*");
			assert.match(headers["access-control-allow-headers"], /Authorization,.* Range/);
		});

		test("a revocation, within its bound", async () => {
			const jti = "revoked", headers = site.bearer("stream:read", {jti});
			assert.equal((await ask(file(secret), headers)).status, 200);
			const answer = await site.request({method: "POST", path: "/auth/revoke", body: JSON.stringify({jti}),
				headers: {...site.bearer("auth:revoke"), "Content-Type": "application/json"}});
			assert.equal(answer.status, 204);
			await pause((server === "nginx" ? VERDICT_S + 1 : 1) * 1000 + 100);
			assert.equal((await ask(file(secret), headers)).status, 401);
		});

		test("a token's end ends the verdict that was kept", async () => {
			const exp = Math.floor(Date.now() / 1000) + 1 - 30; // auth.jwt_leeway_s
			const headers = site.bearer("stream:read", {exp});
			await ask(file(secret), headers);
			await until("the token is over", async () => (await ask(file(secret), headers)).status === 401);
		});
	});
}

const cannotEncrypt = () => cannotServe("nginx") || missing("openssl") ||
	!/http_v2_module/.test(spawnSync(which("nginx"), ["-V"], {encoding: "utf8"}).stderr) && "this nginx has no HTTP/2";

describe("nginx, by https and HTTP/2", {skip: cannotEncrypt()}, () => {
	let site, session, secret;

	/* As the example says, with a certificate of the moment and a port that is free. */
	const encrypt = port => (text, {dir}) => {
		const [chain, key] = ["chain.pem", "key.pem"].map(name => path.join(dir, name));
		execFileSync(which("openssl"), ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
			"-days", "2", "-keyout", key, "-out", chain], {stdio: "ignore"});
		return text.replaceAll("#tls ", "").replace("127.0.0.1:443", `127.0.0.1:${port}`)
			.replace("/etc/ssl/tonearm/chain.pem", chain).replace("/etc/ssl/tonearm/key.pem", key);
	};
	const ask = (target, headers = {}) => new Promise((resolve, reject) => {
		const stream = session.request({":path": target, ...headers}), pieces = [];
		let answer;
		stream.on("response", fields => (answer = fields)).on("error", reject).on("data", piece => pieces.push(piece));
		stream.on("end", () => resolve({status: answer[":status"], headers: answer, body: Buffer.concat(pieces)}));
	});

	before(async () => {
		const port = await freePort();
		site = await start({server: "nginx", check: true, runner: true, change: encrypt(port), conf: {http: {base_url: `https://127.0.0.1:${port}`}}});
		const tone = path.join(site.dir, "tone.wav");
		await fs.writeFile(tone, wav(1));
		secret = (await site.publish(tone, {visibility: "private"})).track.id;
		session = http2.connect(`https://127.0.0.1:${port}`, {rejectUnauthorized: false});
		await once(session, "connect");
		assert.equal(session.alpnProtocol, "h2");
	});
	after(async () => {
		session?.destroy();
		await site?.stop();
	});

	test("a private track, with many requests at once on one connection", async () => {
		const master = await ask(`/hls/${secret}/master.m3u8`, {authorization: `Bearer ${site.token("stream:read")}`});
		assert.equal(master.status, 200);
		assert.match(master.headers["strict-transport-security"], /^max-age=/);
		const grant = /expires=\d+&by=[\w-]+&grant=[0-9a-f]+/.exec(master.body)[0];
		const whole = await fs.readFile(path.join(site.dataDir, "media", secret, "low.mp4"));
		const parts = await Promise.all(Array.from({length: 20}, (_, i) =>
			ask(`/media/${secret}/low.mp4?${grant}`, {range: `bytes=${i * 100}-${i * 100 + 99}`})));
		assert.deepEqual(parts.map(part => part.status), Array(20).fill(206));
		assert.deepEqual(Buffer.concat(parts.map(part => part.body)), whole.subarray(0, 2000));
		assert.equal((await ask(`/media/${secret}/low.mp4`)).status, 401);
	});
});
