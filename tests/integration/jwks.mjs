// SPDX-License-Identifier: MIT
// Tokens of an issuer that publishes its keys at an address: fetched, rotated, kept when the issuer is away, and never asked for more
// often than allowed.

import assert from "node:assert/strict";
import {createHmac, generateKeyPairSync, sign} from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import {after, before, describe, test} from "node:test";
import {cgi, library} from "./lib/cgi.mjs";
import {cannotServe} from "./lib/homes.mjs";
import {until} from "./lib/library.mjs";
import {start} from "./lib/server.mjs";

const key = (kid, type, options) => {
	const pair = generateKeyPairSync(type, options);
	return {kid, private: pair.privateKey, jwk: {...pair.publicKey.export({format: "jwk"}), kid, use: "sig"},
		pem: pair.publicKey.export({format: "pem", type: "spki"})};
};
const keys = {
	rsa: key("rsa", "rsa", {modulusLength: 2048}),
	ec: key("ec", "ec", {namedCurve: "P-256"}),
	ed: key("ed", "ed25519"),
	never: key("never", "ed25519"),
};

const encode = value => Buffer.from(JSON.stringify(value)).toString("base64url");

function token({kid, private: secret}, alg, {header = {}, claims = {}, hmac} = {}) {
	const text = `${encode({alg, kid, ...header})}.${encode({iss: "issuer", sub: "somebody", scope: "jobs:read",
		exp: Math.floor(Date.now() / 1000) + 600, ...claims})}`;
	const bytes = hmac ? createHmac("sha256", hmac).update(text).digest()
		: sign(alg === "EdDSA" ? null : `sha${alg.slice(2)}`, Buffer.from(text), {key: secret, dsaEncoding: "ieee-p1363"});
	return `${text}.${bytes.toString("base64url")}`;
}

describe("an issuer's keys", {skip: cannotServe("lighttpd")}, () => {
	let site, issuer, fetches = 0, reply;

	const publish = (...list) => {
		reply = answer => answer.end(JSON.stringify({keys: list.map(one => one.jwk)}));
	};
	const ask = async (text, at = site) =>
		(await at.request({path: "/internal/jobs", headers: {Authorization: `Bearer ${text}`}})).status;
	const begin = conf => start({conf: {auth: {jwks_url: `http://127.0.0.1:${issuer.address().port}/keys`, jwks_retry_s: 1,
		jwks_algorithms: "RS256 ES256 EdDSA", jwt_issuer: "issuer", ...conf}}});

	before(async () => {
		publish(keys.rsa, keys.ed);
		issuer = http.createServer((request, answer) => {
			fetches++;
			reply(answer);
		});
		await new Promise(resolve => issuer.listen(0, "127.0.0.1", resolve));
		site = await begin({jwks_timeout_s: 2});
	});
	after(async () => {
		await site?.stop();
		issuer?.closeAllConnections();
		issuer?.close();
	});

	test("are fetched, each for its algorithms", async () => {
		await until("the keys are there", async () => await ask(token(keys.rsa, "RS256")) === 200);
		assert.equal(await ask(token(keys.ed, "EdDSA")), 200);
		assert.equal(await ask(site.token("jobs:read", {iss: "issuer"})), 200, "a token of our own");
		assert.equal(await ask(token(keys.rsa, "RS512")), 401, "an algorithm that is not configured");
		assert.equal(await ask(token(keys.rsa, "HS256", {hmac: keys.rsa.pem})), 401, "the public key as a secret");
		assert.equal(await ask(token({...keys.ed, kid: "rsa"}, "EdDSA")), 401, "another key's name");
		assert.equal(await ask(token(keys.rsa, "RS256", {claims: {iss: "another"}})), 401);
		assert.equal(await ask(token(keys.rsa, "RS256", {header: {jku: "http://127.0.0.1:1/"}})), 401);
	});

	test("follow each other, with overlap", async () => {
		publish(keys.rsa, keys.ed, keys.ec);
		await until("the new key is fetched", async () => await ask(token(keys.ec, "ES256")) === 200);
		assert.equal(await ask(token(keys.rsa, "RS256")), 200);
		publish(keys.ec);
		await until("the old one is gone", async () => {
			await ask(token(keys.never, "EdDSA"));
			return await ask(token(keys.rsa, "RS256")) === 401;
		});
		assert.equal(await ask(token(keys.ec, "ES256")), 200);
	});

	test("stay when the issuer is away, talks nonsense or does not end", async () => {
		const answers = [
			answer => answer.writeHead(500).end(),
			answer => answer.end("<html>"),
			answer => answer.end("{\"keys\":[]}"),
			answer => answer.writeHead(302, {Location: "/elsewhere"}).end(),
			answer => answer.end(`{"keys":[${" ".repeat(1 << 20)}]}`),
			answer => answer.write("{"),
			answer => answer.destroy(),
		];
		for (const [i, one] of answers.entries()) {
			let asked = false;
			reply = answer => {
				asked = true;
				one(answer);
			};
			await until(`answer ${i} is fetched`, async () => {
				assert.equal(await ask(token(keys.never, "EdDSA")), 401);
				return asked;
			});
			assert.equal(await ask(token(keys.ec, "ES256")), 200);
		}
	});

	test("are fetched by a program that whoever ends it can end", async () => {
		const tasks = `/proc/${site.processes.get("api").child.pid}/task`;
		const children = () => fs.readdirSync(tasks).flatMap(task => fs.readFileSync(`${tasks}/${task}/children`, "utf8").split(" "));
		const helper = () => children().filter(Boolean).map(pid => fs.readFileSync(`/proc/${pid}/status`, "utf8"))
			.find(status => /^Name:\ttonearm-jwks$/m.test(status));
		reply = answer => answer.write("{"); // and no more: it is there until its time is over
		const status = await until("it is at it", async () => {
			assert.equal(await ask(token(keys.never, "EdDSA")), 401);
			try {
				return helper();
			} catch {
				return undefined; // it ended meanwhile
			}
		});
		assert.match(status, /^SigBlk:\t0+$/m);
	});

	test("are asked for no more often than allowed, whatever tokens name", async () => {
		const before = fetches, began = Date.now();
		let open = 0, most = 0;
		reply = answer => {
			most = Math.max(most, ++open);
			setTimeout(() => {
				open--;
				answer.writeHead(503).end();
			}, 50);
		};
		while (Date.now() - began < 2000)
			await Promise.all(Array.from({length: 8}, (_, i) => ask(token({...keys.never, kid: `k${i}`}, "EdDSA"))));
		assert.ok(fetches - before <= (Date.now() - began) / 1000 + 2, `${fetches - before} fetches`);
		assert.ok(most <= 1, "two at a time");
	});

	test("are fetched anew by their age, though all that tokens name are there", async t => {
		publish(keys.rsa, keys.ed);
		const other = await begin({jwks_refresh_s: 1});
		/* A process that ends between two looks at it is none; one that has ended has no words. */
		const isFetching = () => fs.readdirSync("/proc").filter(name => /^\d+$/.test(name)).some(pid => {
			try {
				const words = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
				return words[0].endsWith("tonearm-jwks") && words.includes(other.confFile);
			} catch {
				return false;
			}
		});
		const noneIsFetching = () => until("the end of the fetching", () => !isFetching());
		t.after(async () => {
			await noneIsFetching(); // which would write into the folder while that is removed
			await other.stop();
		});

		await until("the keys are there", async () => await ask(token(keys.rsa, "RS256"), other) === 200);
		/* The tokens until then named a key that was not: what is fetched for them is not to count. */
		await noneIsFetching();
		publish(keys.ed);
		await until("the key that was removed is gone", async () => await ask(token(keys.rsa, "RS256"), other) === 401);
		assert.equal(await ask(token(keys.ed, "EdDSA"), other), 200);
	});
});

test("an address that others could answer for is refused", async () => {
	for (const url of ["http://example.org/keys", "http://127.0.0.1.example.org/keys", "http://localhost.example.org/keys",
		"http://127.0.0.1@example.org/keys",
		"http://localhost:80@example.org/keys"]) {
		const place = library({auth: {jwks_url: url}});
		try {
			await assert.rejects(cgi(place, "api", "/health"), /jwks_url/, url);
		} finally {
			place.remove();
		}
	}
});
