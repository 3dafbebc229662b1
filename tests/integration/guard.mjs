// SPDX-License-Identifier: MIT
// Cookies and pages of other sites, each request to a fresh CGI process; and files of secrets that others may read, which no
// program takes.

import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {generateKeyPairSync} from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {bearer, cgi, library, token} from "./lib/cgi.mjs";
import {build} from "./lib/tools.mjs";

const HOST = "audio.example.org", FRIEND = "https://admin.example.net";
const settings = {http: {allowed_origins: FRIEND}};
let place, ids;

before(() => {
	place = library(settings);
	ids = place.ids;
});
after(() => place.remove());

describe("a change with the token in a cookie", () => {
	const change = (headers, title = "x") => cgi(place, "api", `/api/v1/tracks/${ids.public}`, {method: "PATCH",
		body: JSON.stringify({title}), headers: {"Content-Type": "application/json", Host: HOST, ...headers}});
	const cookie = {Cookie: `tonearm_token=${token("track:read track:write")}`};

	function refused(answer) {
		assert.equal(answer.status, 403, answer.text);
		assert.equal(answer.headers["content-type"], "application/problem+json");
		assert.match(answer.json.detail, /pages of other sites/);
	}

	test("comes from our own pages", async () => {
		assert.equal((await change({...cookie, "Sec-Fetch-Site": "same-origin"})).status, 200);
		assert.equal((await change({...cookie, Origin: `http://${HOST}`})).status, 200);
	});

	test("comes from no other page, whatever its method", async () => {
		for (const headers of [{"Sec-Fetch-Site": "cross-site", Origin: "https://evil.example"}, {"Sec-Fetch-Site": "same-site"},
			{Origin: "https://evil.example"}, {Origin: "null"}, {}])
			refused(await change({...cookie, ...headers}));
		refused(await change({...cookie, Authorization: "Basic eDp5", Origin: "https://evil.example"}));
		refused(await cgi(place, "api", `/api/v1/tracks/${ids.public}`, {method: "DELETE", headers: {...cookie, "Sec-Fetch-Site": "cross-site"}}));
		refused(await cgi(place, "api", "/api/v1/tracks", {method: "POST", body: "fLaC", headers: {...cookie, "Content-Type": "audio/flac"}}));
		refused(await cgi(place, "auth", "/auth/revoke", {method: "POST", body: "{}", headers: {"Content-Type": "application/json",
			Cookie: `tonearm_token=${token("auth:revoke")}`, Origin: "https://evil.example"}}));
	});

	test("comes from a page that the configuration names, which may read the answer", async () => {
		const answer = await change({...cookie, "Sec-Fetch-Site": "cross-site", Origin: FRIEND});
		assert.equal(answer.status, 200);
		assert.equal(answer.headers["access-control-allow-origin"], FRIEND);
		assert.equal(answer.headers["access-control-allow-credentials"], "true");
		assert.match(answer.headers.vary, /Origin/);
		const asked = await cgi(place, "api", `/api/v1/tracks/${ids.public}`, {method: "OPTIONS", headers: {Origin: FRIEND}});
		assert.equal(asked.headers["access-control-allow-origin"], FRIEND);
		assert.match(asked.headers["access-control-allow-methods"], /PATCH/);
		const foreign = await cgi(place, "api", `/api/v1/tracks/${ids.public}`, {headers: {Origin: "https://evil.example"}});
		assert.equal(foreign.headers["access-control-allow-origin"], "*");
		assert.equal(foreign.headers["access-control-allow-credentials"], undefined);
	});

	test("in a header of its own is nobody's cookie", async () => {
		assert.equal((await change({...bearer("track:read track:write"), "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example"})).status, 200);
	});

	test("is another thing than reading", async () => {
		const read = await cgi(place, "manifest", `/hls/${ids.private}/master.m3u8`, {headers: {
			Cookie: `tonearm_token=${token("stream:read")}`, "Sec-Fetch-Site": "cross-site"}});
		assert.equal(read.status, 200);
		assert.equal(read.headers["access-control-allow-credentials"], undefined);
	});
});

test("a cookie of ours is for https where there is any, and for no script", async () => {
	const sign = parameters => cgi(place, "auth", "/auth/sign", {method: "POST", body: JSON.stringify({track: ids.private, as: "cookie"}),
		headers: {"Content-Type": "application/json", ...bearer("auth:sign")}, parameters});
	assert.match((await sign({})).headers["set-cookie"], /; HttpOnly; SameSite=Lax$/);
	assert.match((await sign({HTTPS: "on"})).headers["set-cookie"], /; HttpOnly; SameSite=Lax; Secure$/);
});

describe("a secret that others may read is taken by no program", () => {
	const responders = ["manifest", "stream", "api", "auth"].map(name => [path.join(build, "fcgi", `${name}.fcgi`)]);
	const file = name => path.join(place.dir, name);
	const start = ([program, ...words]) => spawnSync(program, words, {encoding: "utf8", timeout: 60000, env: {
		...process.env, TONEARM_CONF: place.conf, TONEARM_LIBEXEC: build, GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET", REQUEST_URI: "/healthz"}});

	function refused(command, name) {
		const {status, stdout, stderr} = start(command);
		assert.ok(status > 0, `${command[0]}: ${status}\n${stderr}`);
		assert.match(stderr, /others may read/, command[0]);
		assert.match(stderr, /chmod 600/);
		assert.ok(stderr.includes(name), stderr);
		assert.equal(stdout, "");
	}

	/* Refuses NAME, a file of the mode 0644, 0640 and 0604, and takes it with 0600. */
	function guarded(commands, name) {
		for (const command of commands) {
			for (const mode of [0o644, 0o640, 0o604]) {
				fs.chmodSync(file(name), mode);
				refused(command, name);
			}
			fs.chmodSync(file(name), 0o600);
			assert.doesNotMatch(start(command).stderr, /others may read/, command[0]);
		}
	}

	test("the configuration, which has url_secret, url_keys and jwt_secret", () => {
		guarded([...responders, [path.join(build, "tonearm"), "tracks"], [path.join(build, "jobs", "tonearm-jobrunner"), "--drain"],
			[path.join(build, "tonearm-jwks")]], "tonearm.conf");
	});

	test("a private key in PEM, and JWKs that are private or secret", () => {
		const {privateKey} = generateKeyPairSync("ec", {namedCurve: "P-256"});
		fs.writeFileSync(file("key.pem"), privateKey.export({type: "pkcs8", format: "pem"}));
		fs.writeFileSync(file("private.json"), JSON.stringify({keys: [{...privateKey.export({format: "jwk"}), kid: "a"}]}));
		fs.writeFileSync(file("secret.json"), JSON.stringify({kty: "oct", kid: "b", k: Buffer.alloc(32, 7).toString("base64url")}));
		for (const [name, algorithms] of [["key.pem", "ES256"], ["private.json", "ES256"], ["secret.json", "HS256"]]) {
			place.configure({auth: {jwt_keys: [{id: "a", algorithms, file: name}]}});
			guarded(responders, name);
		}
		place.configure({auth: {jwks_file: "private.json", jwks_algorithms: "ES256"}});
		guarded(responders, "private.json");
		place.configure(settings);
	});

	test("the key of an edge, and those of the object store", () => {
		fs.writeFileSync(file("edge.key"), "k".repeat(40));
		place.configure({cdn: {edges: [{name: "eu", url: "https://eu.example.org", scheme: "hmac", key_file: "edge.key"}]}});
		guarded(responders.slice(1, 2), "edge.key");
		fs.writeFileSync(file("credentials"), "[default]\naws_access_key_id = a\naws_secret_access_key = b\n", {mode: 0o644});
		place.configure({store: {endpoint: "http://127.0.0.1:9", bucket: "music", credentials_file: "credentials"}});
		refused([path.join(build, "tonearm"), "storage", "verify"], "credentials");
		place.configure(settings);
	});
});
