// SPDX-License-Identifier: MIT
// What attackers send: addresses that try to leave their folder, bytes that try to begin a header field or a line of a log
// of their own, tokens that try to be ours. Straight to the responders, and through lighttpd and nginx, byte by byte.

import assert from "node:assert/strict";
import {createHmac, generateKeyPairSync} from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {bearer, cgi, library, token, JWT_SECRET} from "./lib/cgi.mjs";
import {cannotServe, start} from "./lib/server.mjs";

const TRACK = "01aaaaaaaaaaaaaaaaaaaaaaaa";
const SILENCE_MS = 30000;

/* Ways up and out, below each folder that a responder or the web server answers for. */
const steps = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", ".%2e/", "%252e%252e/", "..;/", "..%5c", "..\\", "....//", "%c0%ae%c0%ae/", "%c0%ae%c0%ae%c0%af",
	"%e0%80%ae%e0%80%ae/", "..%c0%af", "..%ef%bc%8f", "%uff0e%uff0e/", "..%00/", "..%0d%0a/"];
const folders = ["/media/", `/media/${TRACK}/`, "/stream/", `/hls/${TRACK}/`, `/hls/${TRACK}/high/`, `/dash/${TRACK}/`, "/api/v1/tracks/", "/_tonearm/media/", "/"];
const escapes = folders.flatMap(folder => steps.flatMap(step => ["tonearm.db", "tonearm.conf", "data/tonearm.db", "etc/passwd"].map((file, depth) =>
	`${folder}${step.repeat(1 + depth * 2)}${file}`)));
const odd = ["//", "/./", "/.", "/..", "/%", "/%2", "/%zz", "/%00", "/media/%00", `/media/${TRACK}/high.mp4%00.html`, "/api/v1/tracks/%ff%fe",
	"/api/v1/tracks/%ed%a0%80", "/healthz%0d%0aX-Injected:%201", "/healthz/%e2%80%a8", "/media/~root/x", "/stream/|id", "/stream/;id", "/stream/`id`"];

/* Neither is told by any answer: the first bytes of a database, of a configuration, of passwd, and the field nobody set. */
const leaks = /SQLite format 3|url_secret|root:.*:0:0:|data_dir/;

function safe(text, what) {
	assert.doesNotMatch(text, leaks, what);
	assert.doesNotMatch(text.slice(0, text.indexOf("\r\n\r\n")), /^X-Injected/mi, what);
}

describe("straight to a responder", () => {
	let place, ids;
	before(() => {
		place = library();
		ids = place.ids;
	});
	after(() => place.remove());

	const program = target => target.startsWith("/api") ? "api" : /m3u8|dash/.test(target) ? "manifest" : "stream";

	test("no address leaves its folder", async () => {
		const some = escapes.filter((_, index) => index % 13 === 0);
		for (const target of [...some, ...odd]) {
			const answer = await cgi(place, program(target), target);
			assert.ok(answer.status >= 400 && answer.status < 500, `${target}: ${answer.status}`);
			assert.equal(answer.headers["content-type"], "application/problem+json", target);
			safe(answer.text, target);
		}
	});

	test("neither a name nor a title begins a field or a line", async () => {
		const nasty = "a\r\nX-Injected: 1\r\n\r\n\"\u2028\u2029\u0085\u202e{\"time\":\"x\"}";
		const changed = await cgi(place, "api", `/api/v1/tracks/${ids.public}`, {method: "PATCH", body: JSON.stringify({title: nasty}),
			headers: {"Content-Type": "application/json", ...bearer("track:read track:write")}});
		assert.equal(changed.status, 200, changed.text);
		const got = await cgi(place, "stream", `/media/${ids.public}/high.mp4?download`);
		assert.equal(got.status, 200);
		assert.equal(got.headers["x-injected"], undefined);
		assert.match(got.headers["content-disposition"], /^attachment; filename\*=UTF-8''[\w%.~-]+$/);
	});

	test("what a client says of itself is one line of the log, in ASCII", async () => {
		const says = "agent\r\n{\"level\":\"error\"}\u2028\u2029\u0085\u202e\x1b[31m\x7f";
		const answer = await cgi(place, "stream", "/media/%e2%80%a8%e2%80%a9/%e2%80%aex", {headers: {"User-Agent": says, Referer: says, "X-Request-Id": `${says}12345678`},
			parameters: {REMOTE_ADDR: "192.0.2.1\n{}"}});
		const lines = answer.log.trimEnd().split("\n");
		for (const line of lines) {
			assert.match(line, /^[\x20-\x7e]*$/);
			assert.equal(typeof JSON.parse(line).level, "string");
		}
		assert.equal(lines.filter(line => JSON.parse(line).message === "request").length, 1);
		assert.match(answer.headers["x-request-id"], /^[0-9a-f]{32}$/);
	});
});

describe("a token", () => {
	const {publicKey} = generateKeyPairSync("rsa", {modulusLength: 2048});
	const pem = publicKey.export({type: "spki", format: "pem"});
	const now = Math.floor(Date.now() / 1000);
	const part = value => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
	const claims = {sub: "alice", scope: "stream:read", exp: now + 600};
	const made = (header, payload = claims, secret = JWT_SECRET) => {
		const text = `${part(header)}.${part(payload)}`;
		return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
	};
	const hs = more => ({alg: "HS256", typ: "JWT", ...more});
	const good = made(hs());
	const [head, body, mark] = good.split(".");
	let place;

	before(() => {
		place = library();
		fs.writeFileSync(path.join(place.dir, "issuer.pem"), pem);
		place.configure({auth: {jwt_keys: [{id: "issuer", algorithms: "RS256", file: "issuer.pem"}]}});
	});
	after(() => place.remove());

	const ask = text => cgi(place, "manifest", `/hls/${place.ids.private}/master.m3u8`, {headers: {Authorization: `Bearer ${text}`}});

	const attacks = {
		"no algorithm": ["none", "None", "NONE", "nOnE", ""].flatMap(alg => ["", mark].map(end => `${part({alg})}.${body}.${end}`)),
		"an algorithm that is no text": [null, 1, ["HS256"], {}, undefined].map(alg => made({alg})),
		"another spelling of an algorithm": ["hs256", "HS256 ", "HS-256", "HS256\0"].map(alg => made({alg})),
		"the public key for a secret": [pem, pem.trim(), publicKey.export({type: "spki", format: "der"})].flatMap(secret =>
			[made(hs(), claims, secret), made(hs({kid: "issuer"}), claims, secret)]),
		"a key that it brings": [{jwk: publicKey.export({format: "jwk"})}, {jwk: {kty: "oct", k: part("x".repeat(32))}}, {jku: "https://evil.example/jwks"},
			{x5u: "https://evil.example/x"}, {x5c: ["AAAA"]}].map(more => made(hs(more), claims, "x".repeat(32))),
		"a name of a key that leads elsewhere": ["../../../dev/null", "/dev/null", "' OR 1=1 --", "issuer\0", "file:///etc/passwd", "|id"].map(kid =>
			made(hs({kid}), claims, "")),
		"a name of a key that is no text": [1, null, [], {}].map(kid => made(hs({kid}))),
		"an extension it cannot do without": [["exp"], ["b64"], [], "exp"].map(crit => made(hs({crit, b64: false}))),
		"a claim twice": [made(hs(), `{"sub":"alice","scope":"stream:read","exp":1,"exp":${now + 600}}`), made(`{"alg":"none","alg":"HS256"}`),
			made(hs(), `{"sub":"alice","scope":"x","scope":"stream:read","exp":${now + 600}}`)],
		"times that are no whole numbers": [`"${now + 600}"`, "null", "true", "[]", "1e400", "-1", `${now - 600}.5`, "9223372036854775808"].map(exp =>
			made(hs(), `{"sub":"alice","scope":"stream:read","exp":${exp}}`)),
		"a time to come": [{nbf: now + 600}, {nbf: "0"}, {iat: now + 6000}].map(more => made(hs(), {...claims, ...more})),
		"no end": [made(hs(), {sub: "alice", scope: "stream:read"})],
		"more than there is room for": [made(hs(), {...claims, x: "x".repeat(8192)}), made(hs({x: "x".repeat(8192)})), "x".repeat(20000), ".".repeat(5000)],
		"another spelling of its bytes": [`${good}=`, `${head}=.${body}.${mark}`, `${head}.${body}\n.${mark}`, `${good} `, `${head}.${body}.${mark}A`,
			`${head}.${body}.${mark.slice(0, -1)}${String.fromCharCode(mark.charCodeAt(mark.length - 1) + 1)}`],
		"parts missing or too many": [head, `${head}.${body}`, `${head}.${body}.`, `.${body}.${mark}`, `${good}.${mark}`, `${head}..${mark}`, "..", ""],
		"a payload that is no object": ["[]", "1", "null", "\"x\"", "{", ""].map(text => made(hs(), text)),
		"depth without end": [made(hs(), "[".repeat(2500))],
		"another's signature": [made(hs(), claims, "x".repeat(40)), token("stream:read", {secret: ""})],
	};

	test("of ours is taken, so that the others are refused for what is wrong with them", async () => {
		assert.equal((await ask(good)).status, 200);
	});
	for (const [what, list] of Object.entries(attacks)) {
		test(`is refused with ${what}`, async () => {
			for (const answer of await Promise.all(list.map(ask))) {
				assert.equal(answer.status, 401, answer.text);
				assert.doesNotMatch(answer.log, /Sanitizer|runtime error/);
			}
		});
	}
});

/** What SERVER answers to BYTES, all of it. */
const exchange = (site, bytes) => new Promise((resolve, reject) => {
	const {hostname, port} = new URL(site.url);
	const socket = net.connect(Number(port), hostname);
	const pieces = [];
	socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`silent: ${bytes.slice(0, 200)}`)));
	socket.on("data", piece => pieces.push(piece)).on("error", error => error.code === "ECONNRESET" ? undefined : reject(error));
	socket.on("close", () => resolve(Buffer.concat(pieces).toString("latin1")));
	socket.write(bytes, "latin1"); // not the end: nginx takes that for a client that went away
});

for (const server of ["lighttpd", "nginx"]) {
	describe(`through ${server}`, {skip: cannotServe(server), timeout: 300000}, () => {
		let site;
		before(async () => {
			site = await start({server});
		});
		after(() => site?.stop());

		const get = (target, ...fields) => exchange(site, [`GET ${target} HTTP/1.1`, "Host: x", "Connection: close", ...fields, "", ""].join("\r\n"));

		test("no address leaves its folder", async () => {
			for (const target of [...escapes, ...odd]) {
				const text = await get(target);
				safe(text, target);
				if (!target.startsWith("/%") && !/^\/(\.|\/|%2e|$)/.test(target))
					assert.doesNotMatch(text, /^HTTP\/1\.1 (2|5(?!01))/, target);
			}
		});

		test("no field begins another, and what was asked for stays what it is", async () => {
			for (const field of ["X-A: b\rX-Injected: 1", "X-A: b\nX-Injected: 1", "X-A: b\0c", "X-Request-Id: aaaaaaaa%0d%0aX-Injected:%201", "Origin: https://a\rX-Injected: 1",
				"X-Accel-Redirect: /_tonearm/media/x", "X-Sendfile: /etc/passwd", "Range: bytes=0-\r\n X-Injected: 1", "Cookie: tonearm_token=a\x01b", "Host: y",
				"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0", `X-Long: ${"x".repeat(20000)}`]) {
				const text = await get("/healthz", field);
				safe(text, field);
				assert.ok(text === "" || /^HTTP\/1\.[01] (200|4\d\d) /.test(text), `${field.slice(0, 60)}: ${text.slice(0, 80)}`);
			}
			for (const target of ["/healthz?a=%0d%0aX-Injected:%201", `/hls/${TRACK}/master.m3u8?expires=1%0d%0aX-Injected:1&grant=%0a`,
				`/media/${TRACK}/x.mp4?token=%0d%0aX-Injected:%201`])
				safe(await get(target), target);
		});

		test("the page and the responders say what browsers may do with them", async () => {
			const page = await get("/no-such-file.txt"), own = await get("/healthz");
			assert.match(page, /^content-security-policy: default-src 'none'; script-src 'self';.* frame-ancestors 'none'\r$/mi);
			assert.match(page, /^permissions-policy: camera=\(\)/mi);
			for (const name of ["content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-resource-policy"]) {
				assert.equal(own.match(new RegExp(`^${name}:`, "gmi"))?.length, 1, name);
				assert.equal(page.match(new RegExp(`^${name}:`, "gmi"))?.length, 1, name);
			}
			assert.match(own, /^content-security-policy: default-src 'none'; frame-ancestors 'none'\r$/mi);
		});

		test("each line of the responders' logs is one of theirs", async () => {
			for (const name of ["manifest", "stream", "api", "auth"]) {
				const lines = fs.readFileSync(path.join(site.dir, `${name}.log`), "latin1").split("\n").filter(line => line.startsWith("{"));
				for (const line of lines) {
					assert.match(line, /^[\x20-\x7e]*$/);
					assert.equal(JSON.parse(line).program, name);
				}
			}
		});
	});
}
