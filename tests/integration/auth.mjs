// SPDX-License-Identifier: MIT
// auth.fcgi, each request to a fresh CGI process: tokens for keys, passwords and refresh tokens, signed addresses and cookies,
// revocation as the other responders see it.

import assert from "node:assert/strict";
import {execFileSync, spawnSync} from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import {afterEach, beforeEach, describe, test} from "node:test";
import {bearer, cgi, library, token} from "./lib/cgi.mjs";
import {shiftedClock} from "./lib/library.mjs";
import {build} from "./lib/tools.mjs";

const UNKNOWN = "01aaaaaaaaaaaaaaaaaaaaaaaa";
const PASSWORD = "correct horse battery";
const DAY_S = 86400;
let place, ids;

beforeEach(() => {
	place = library({auth: {login_attempts: 1}});
	ids = place.ids;
});
afterEach(() => place.remove());

const auth = (name, body, options = {}) => cgi(place, "auth", `/auth/${name}`, {
	method: "POST", body: JSON.stringify(body), ...options, headers: {"Content-Type": "application/json", ...options.headers}});
const tonearm = (args, input = "") => execFileSync(path.join(build, "tonearm"), ["-c", place.conf, ...args], {input, encoding: "utf8"});
const master = (id, options = {}) => cgi(place, "manifest", `/hls/${id}/master.m3u8${options.query ?? ""}`, options);
const withToken = text => ({headers: {Authorization: `Bearer ${text}`}});
const claims = text => JSON.parse(Buffer.from(text.split(".")[1], "base64url").toString());
const secrets = [];

function given(answer) {
	assert.equal(answer.status, 200, answer.text);
	assert.equal(answer.headers["cache-control"], "no-store");
	assert.equal(answer.json.token_type, "Bearer");
	secrets.push(answer.json.access_token, answer.json.refresh_token);
	return answer.json;
}

function refused(answer, status) {
	assert.equal(answer.status, status, answer.text);
	assert.equal(answer.headers["content-type"], "application/problem+json");
	for (const secret of [PASSWORD, ...secrets].filter(Boolean))
		assert.ok(!answer.text.includes(secret) && !answer.log.includes(secret), "a secret is told");
}

describe("a token", () => {
	test("for an API key, as far as the key reaches", async () => {
		const key = tonearm(["key", "add", "app", "--scope", "stream:read track:read", "--tracks", ids.private]).trim();
		assert.match(key, /^tak_[0-9a-z]{26}_[0-9a-f]{64}$/);
		const made = given(await auth("token", {api_key: key}));
		assert.equal(made.refresh_token, undefined);
		assert.deepEqual([claims(made.access_token).sub, claims(made.access_token).tracks], ["app", [ids.private]]);
		assert.equal((await master(ids.private, withToken(made.access_token))).status, 200);
		const less = given(await auth("token", {api_key: key, scope: "track:read"}));
		assert.equal(less.scope, "track:read");
		refused(await master(ids.private, withToken(less.access_token)), 403);
		refused(await auth("token", {api_key: key, scope: "track:write"}), 403);
		refused(await auth("token", {api_key: key, tracks: [UNKNOWN]}), 403);
		refused(await auth("token", {api_key: `${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`}), 401);
		refused(await auth("token", {api_key: `tak_${UNKNOWN}_${"0".repeat(64)}`}), 401);
		refused(await auth("token", {api_key: ""}), 401);
		const listed = tonearm(["key", "list"]);
		assert.ok(listed.includes("app") && !listed.includes(key.slice(31)));
		tonearm(["key", "remove", key.slice(4, 30)]);
		refused(await auth("token", {api_key: key}), 401);
	});

	test("for a name and a password, and on by refresh tokens that are used once", async () => {
		tonearm(["user", "add", "alice"], `${PASSWORD}\n`);
		const first = given(await auth("token", {user: "alice", password: PASSWORD}));
		assert.equal((await master(ids.private, withToken(first.access_token))).status, 200);
		const second = given(await auth("token", {refresh_token: first.refresh_token}));
		assert.notEqual(second.refresh_token, first.refresh_token);
		assert.equal((await master(ids.private, withToken(second.access_token))).status, 200);

		refused(await auth("token", {refresh_token: first.refresh_token}), 401);
		refused(await auth("token", {refresh_token: second.refresh_token}), 401);
		refused(await master(ids.private, withToken(second.access_token)), 401);
		refused(await auth("token", {refresh_token: "0".repeat(64)}), 401);
	});

	test("not for a wrong password, and guesses have an end", async () => {
		tonearm(["user", "add", "alice"], `${PASSWORD}\n`);
		given(await auth("token", {user: "alice", password: PASSWORD})); // what is right is forgotten
		const wrong = await auth("token", {user: "alice", password: "incorrect horse"});
		refused(wrong, 401);
		const nobody = await auth("token", {user: "nobody", password: PASSWORD});
		refused(nobody, 401);
		assert.equal(nobody.json.detail, wrong.json.detail);
		const late = await auth("token", {user: "alice", password: PASSWORD});
		refused(late, 429);
		assert.match(late.headers["retry-after"], /^\d+$/);
		refused(await auth("token", {user: "alice", password: PASSWORD}, {parameters: {REMOTE_ADDR: "192.0.2.1"}}), 429);
	});

	test("guesses of many names from one place have an end", async () => {
		const from = address => auth("token", {user: `u${Math.random()}`, password: "x"}, {parameters: {REMOTE_ADDR: address}});
		for (let i = 0; i < 5; i++)
			refused(await from(`2001:db8:0:1::${i + 1}`), 401);
		refused(await from("2001:db8:0:1:ffff::1"), 429);
		refused(await from("2001:db8:0:2::1"), 401);
	});

	test("not for what makes no sense", async () => {
		for (const body of [{}, {user: "alice"}, {password: "x"}, {user: "a", password: "b", api_key: "c"}, {api_key: 7},
			{api_key: "x", tracks: "y"}, {api_key: "x", more: 1}, {user: "a".repeat(129), password: "x"}])
			refused(await auth("token", body), 422);
		refused(await auth("token", "x", {headers: {"Content-Type": "text/plain"}}), 415);
		refused(await cgi(place, "auth", "/auth/token"), 405);
	});

	test("an account that goes takes its tokens along", async () => {
		tonearm(["user", "add", "alice"], `${PASSWORD}\n`);
		const made = given(await auth("token", {user: "alice", password: PASSWORD}));
		assert.match(tonearm(["user", "list"]), /alice/);
		tonearm(["user", "remove", "alice"]);
		refused(await auth("token", {refresh_token: made.refresh_token}), 401);
		refused(await master(ids.private, withToken(made.access_token)), 401);
		assert.notEqual(spawnSync(path.join(build, "tonearm"), ["-c", place.conf, "user", "remove", "alice"]).status, 0);
	});

	test("another password ends the logins by the old one", async () => {
		const fresh = "another horse battery", old = {claims: {iat: Math.floor(Date.now() / 1000) - 10}};
		tonearm(["user", "add", "alice"], `${PASSWORD}\n`);
		const made = given(await auth("token", {user: "alice", password: PASSWORD}));
		assert.equal((await master(ids.private, {headers: bearer("stream:read", old)})).status, 200);
		tonearm(["user", "add", "alice"], `${fresh}\n`);
		refused(await auth("token", {refresh_token: made.refresh_token}), 401);
		refused(await master(ids.private, {headers: bearer("stream:read", old)}), 401);
		const again = given(await auth("token", {user: "alice", password: fresh}));
		assert.equal((await master(ids.private, withToken(again.access_token))).status, 200);
		assert.equal((await master(ids.private, {headers: bearer("stream:read", {...old, subject: "bob"})})).status, 200);
	});

	test("no password and no key is stored", async () => {
		const key = tonearm(["key", "add", "app"]).trim();
		tonearm(["user", "add", "alice"], `${PASSWORD}\n`);
		const made = given(await auth("token", {user: "alice", password: PASSWORD}));
		for (const name of fs.readdirSync(path.join(place.dir, "data")).filter(one => one.startsWith("tonearm.db"))) {
			const bytes = fs.readFileSync(path.join(place.dir, "data", name), "latin1");
			for (const secret of [PASSWORD, key, key.slice(31), made.refresh_token, made.access_token])
				assert.ok(!bytes.includes(secret), `${name} holds a secret`);
		}
	});
});

describe("a signed address", () => {
	const signer = () => ({headers: bearer("auth:sign")});
	const query = answer => {
		assert.equal(answer.status, 200, answer.text);
		return `?${answer.json.query}`;
	};

	test("opens one track, and what its manifest names", async () => {
		const answer = await auth("sign", {track: ids.private, expires_in: 60}, signer());
		const opened = await master(ids.private, {query: query(answer)});
		assert.equal(opened.status, 200, opened.text);
		assert.match(opened.text, /grant=/);
		assert.match(answer.json.hls, new RegExp(`/hls/${ids.private}/master\\.m3u8\\?expires=`));
		const child = opened.text.match(/^[^#].*$/m)[0];
		const media = await cgi(place, "manifest", new URL(child, `http://x/hls/${ids.private}/`).href.slice(8));
		assert.equal(media.status, 200, media.text);
		refused(await master(UNKNOWN, {query: query(answer)}), 403);
	});

	test("for a file, as existing clients know it", async () => {
		const file = `${ids.private}.mp4`;
		const answer = await auth("sign", {file}, signer());
		const {url} = answer.json;
		assert.equal((await cgi(place, "stream", url)).status, 200);
		refused(await cgi(place, "stream", url.replace(/sig=./, match => match === "sig=0" ? "sig=1" : "sig=0")), 403);
		refused(await cgi(place, "stream", url.replace("by=A", "by=B")), 403);
		refused(await cgi(place, "stream", url.replace(/&by=[^&]*/, "")), 403);
	});

	test("from one place only, and not before its time", async () => {
		const bound = query(await auth("sign", {track: ids.private, address: "192.0.2.0/24"}, signer()));
		const from = address => ({query: bound, parameters: {REMOTE_ADDR: address}});
		const near = await master(ids.private, from("192.0.2.77"));
		assert.equal(near.status, 200, near.text);
		assert.match(near.text, /net=192\.0\.2\.0\/24/);
		refused(await master(ids.private, from("192.0.3.1")), 403);
		refused(await master(ids.private, {query: bound.replace("/24", "/8"), parameters: {REMOTE_ADDR: "192.0.3.1"}}), 403);
		const later = query(await auth("sign", {track: ids.private, not_before: Math.floor(Date.now() / 1000) + 3600}, signer()));
		refused(await master(ids.private, {query: later}), 403);
	});

	test("as a cookie", async () => {
		const answer = await auth("sign", {track: ids.private, as: "cookie"}, signer());
		const cookie = answer.headers["set-cookie"];
		assert.match(cookie, /; HttpOnly; SameSite=Lax$/);
		const sent = {headers: {Cookie: `x=y; ${cookie.split(";")[0]}`}};
		assert.equal((await master(ids.private, sent)).status, 200);
		refused(await master(UNKNOWN, sent), 401);
		const secure = await auth("sign", {track: ids.private, as: "cookie"}, {...signer(), parameters: {HTTPS: "on"}});
		assert.match(secure.headers["set-cookie"], /; Secure$/);
	});

	test("keys follow each other by name", async () => {
		const keys = (...names) => ({auth: {url_keys: names.map(id => ({id, secret: id.repeat(40)}))}});
		const write = conf => {
			place.configure({});
			const list = conf.auth.url_keys.map(key => `{ id = "${key.id}"; secret = "${key.secret}"; }`).join(", ");
			fs.writeFileSync(place.conf, fs.readFileSync(place.conf, "utf8").replace("auth:\n{\n", `auth:\n{\n\turl_keys = (${list});\n`));
		};
		const plain = query(await auth("sign", {track: ids.private}, signer()));
		write(keys("a"));
		const a = query(await auth("sign", {track: ids.private}, signer()));
		assert.match(a, /key=a/);
		write(keys("b", "a"));
		const b = query(await auth("sign", {track: ids.private}, signer()));
		assert.match(b, /key=b/);
		for (const one of [plain, a, b])
			assert.equal((await master(ids.private, {query: one})).status, 200);
		write(keys("b"));
		refused(await master(ids.private, {query: a}), 403);
		assert.equal((await master(ids.private, {query: b})).status, 200);
	});

	test("is not for everybody to make, nor for everything", async () => {
		refused(await auth("sign", {track: ids.private}), 401);
		refused(await auth("sign", {track: ids.private}, {headers: bearer("stream:read")}), 403);
		refused(await auth("sign", {track: ids.private}, {headers: bearer("auth:sign", {claims: {tracks: [UNKNOWN]}})}), 403);
		for (const body of [{}, {track: "x"}, {file: "../x"}, {file: "x.mp4"}, {track: ids.private, file: `${ids.private}.mp4`},
			{track: ids.private, address: "nowhere"}, {track: ids.private, address: "10.0.0.0/33"},
			{track: ids.private, expires_in: 0}, {track: ids.private, expires_in: 300 * DAY_S, not_before: Date.now() / 1000 + 100 * DAY_S | 0},
			{file: `${ids.private}.mp4`, as: "cookie"}])
			refused(await auth("sign", body, signer()), 422);
	});
});

describe("revocation", () => {
	const chief = () => ({headers: bearer("auth:revoke", {subject: "chief"})});
	const now = () => Math.floor(Date.now() / 1000);
	const listener = more => token("stream:read", {claims: {jti: "j1", iat: now(), ...more}});
	const revoke = async (body, options = chief()) => {
		const answer = await auth("revoke", body, options);
		assert.equal(answer.status, 204, answer.text);
	};

	test("of a token ends what it was handed too", async () => {
		const text = listener(), other = listener({jti: "j2"});
		const opened = await master(ids.private, withToken(text));
		const child = `?${opened.text.match(/\?(expires=\S+grant=[0-9a-f]+)/)[1]}`;
		assert.equal((await master(ids.private, {query: child})).status, 200);
		await revoke({jti: "j1"});
		refused(await master(ids.private, withToken(text)), 401);
		refused(await master(ids.private, {query: child}), 403);
		assert.equal((await master(ids.private, withToken(other))).status, 200);
	});

	test("of a token whose issuer's clock is ahead", async () => {
		const text = listener({iat: now() + 20}); // auth.jwt_leeway_s allows it
		assert.equal((await master(ids.private, withToken(text))).status, 200);
		await revoke({jti: "j1"});
		refused(await master(ids.private, withToken(text)), 401);
	});

	for (const [what, body] of [["a subject", () => ({subject: "alice"})], ["a track", () => ({track: ids.private})], ["all", () => ({all: true})]]) {
		test(`of ${what}: what was issued before`, async () => {
			const before = listener({iat: now() - 10});
			assert.equal((await master(ids.private, withToken(before))).status, 200);
			await revoke({...body(), before: now() - 5});
			refused(await master(ids.private, withToken(before)), 401);
			assert.equal((await master(ids.private, withToken(listener()))).status, 200);
		});
		test(`of ${what}, by a time ahead: also what an issuer's clock is ahead with`, async () => {
			const ahead = listener({iat: now() + 20}); // auth.jwt_leeway_s allows it
			assert.equal((await master(ids.private, withToken(ahead))).status, 200);
			await revoke({...body(), before: now() + 25});
			refused(await master(ids.private, withToken(ahead)), 401);
		});
	}

	test("of a track reaches signed addresses", async () => {
		const answer = await auth("sign", {track: ids.private}, {headers: bearer("auth:sign")});
		await revoke({track: ids.private});
		refused(await master(ids.private, {query: `?${answer.json.query}`}), 403);
	});

	test("is not forgotten as long as a signed address would be good", async () => {
		const shift = path.join(place.dir, "shift"), later = {parameters: shiftedClock(shift)};
		const made = await auth("sign", {track: ids.private, expires_in: 300 * DAY_S}, {headers: bearer("auth:sign")});
		const query = `?${made.json.query}`;
		fs.writeFileSync(shift, String(200 * DAY_S * 1000));
		assert.equal((await master(ids.private, {query, ...later})).status, 200);
		await revoke({track: ids.private});
		refused(await master(ids.private, {query, ...later}), 403);
	});

	test("of one's own token and login needs no scope", async () => {
		const text = listener();
		await revoke({}, withToken(text));
		refused(await master(ids.private, withToken(text)), 401);
		tonearm(["user", "add", "alice"], `${PASSWORD}\n`);
		const made = given(await auth("token", {user: "alice", password: PASSWORD}));
		await revoke({refresh_token: made.refresh_token}, {});
		refused(await master(ids.private, withToken(made.access_token)), 401);
		refused(await auth("token", {refresh_token: made.refresh_token}), 401);
		await revoke({refresh_token: "unknown"}, {});
	});

	test("is not for everybody", async () => {
		refused(await auth("revoke", {all: true}), 401);
		refused(await auth("revoke", {all: true}, {headers: bearer("stream:read")}), 403);
		refused(await auth("revoke", {subject: "alice"}, {headers: bearer("auth:revoke", {claims: {tracks: [ids.private]}})}), 403);
		for (const body of [{jti: ""}, {jti: "a", subject: "b"}, {all: false}, {jti: "a", before: now() + 100}, {what: 1}])
			refused(await auth("revoke", body, chief()), 422);
	});
});

test("a configuration that others may read is refused", async () => {
	fs.chmodSync(place.conf, 0o644);
	await assert.rejects(auth("token", {}), /others may read the secrets in it: chmod 600/);
});
