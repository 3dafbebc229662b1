// SPDX-License-Identifier: MIT
// After all other tests: no secret of theirs stands in any log, answer or counter that they saw (lib/evidence.mjs).

import assert from "node:assert/strict";
import {randomBytes} from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {after, before, describe, test} from "node:test";
import {evidence} from "./lib/evidence.mjs";

const KEY = 8; /* characters by which a secret is found */
const ENOUGH = 24; /* of it that are a leak; of a token all, as tokens begin alike and are worth nothing without their end */

/** The characters of base64 that VALUE is sure to give when OFFSET bytes stand before it. */
function base64(value, offset) {
	const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]);
	const text = bytes.toString("base64").replace(/=+$/, "");
	return text.slice([0, 2, 3][offset], bytes.length % 3 ? -1 : undefined);
}

/** All the ways in which SECRET may have been written. */
function disguises(secret) {
	const value = secret.split(".").length === 3 ? secret : secret.slice(0, ENOUGH);
	const encoded = encodeURIComponent(value);
	const all = [value, encoded, encoded.toLowerCase(), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString("hex"),
		...[0, 1, 2].map(offset => base64(value, offset))];
	return new Set([...all, ...all.map(one => one.replaceAll("+", "-").replaceAll("/", "_"))].filter(one => one.length >= KEY));
}

const lines = file => fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").filter(Boolean) : [];

/** What is found in the evidence of one test: "KIND in FILE", never the secret. */
function leaks(folder) {
	const byKey = new Map();
	for (const {kind, value, logsOnly} of lines(path.join(folder, "secrets.jsonl")).map(JSON.parse)) {
		for (const text of disguises(value)) {
			const key = text.slice(0, KEY);
			byKey.set(key, [...byKey.get(key) ?? [], {kind, text, logsOnly}]);
		}
	}
	const found = new Set();
	for (const name of fs.readdirSync(folder).filter(one => one !== "secrets.jsonl")) {
		const text = fs.readFileSync(path.join(folder, name), "latin1");
		for (let at = 0; at + KEY <= text.length; at++) {
			for (const secret of byKey.get(text.slice(at, at + KEY)) ?? []) {
				if (text.startsWith(secret.text, at) && !(secret.logsOnly && name === "answers.txt"))
					found.add(`${secret.kind} in ${path.basename(folder)}/${name}`);
			}
		}
	}
	return [...found];
}

describe("a secret that was planted", () => {
	const secret = randomBytes(24).toString("base64"), told = randomBytes(32).toString("hex");
	let dir;

	before(() => {
		dir = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-evidence-"));
		fs.writeFileSync(path.join(dir, "secrets.jsonl"), [{kind: "planted", value: secret}, {kind: "told", value: told, logsOnly: true}]
			.map(one => `${JSON.stringify(one)}\n`).join(""));
	});
	after(() => fs.rmSync(dir, {recursive: true}));

	const found = (name, text) => {
		const file = path.join(dir, name);
		fs.writeFileSync(file, text);
		const result = leaks(dir).map(one => one.replace(path.basename(dir), "here"));
		fs.rmSync(file);
		return result;
	};

	const ways = {
		"as it is": value => value,
		"in a URL": value => encodeURIComponent(value),
		"in a URL, in small letters": value => encodeURIComponent(value).toLowerCase(),
		"in hexadecimal digits": value => Buffer.from(value).toString("hex"),
		"in Basic": value => Buffer.from(`user:${value}`).toString("base64"),
		"in base64, one byte on": value => Buffer.from(`u${value}x`).toString("base64"),
		"in base64url, two on": value => Buffer.from(`uu${value}xx`).toString("base64url"),
	};
	for (const [name, way] of Object.entries(ways)) {
		test(name, () => {
			assert.deepEqual(found("1-api.log", `{"path":"x ${way(secret)}"}\n`), ["planted in here/1-api.log"]);
			assert.deepEqual(found("answers.txt", `${way(secret)}`), ["planted in here/answers.txt"]);
			assert.deepEqual(found("1-metrics.txt", way(told)), ["told in here/1-metrics.txt"]);
		});
	}

	test("and what is not there is not found", () => {
		assert.deepEqual(found("1-api.log", secret.slice(0, ENOUGH - 1)), []);
		assert.deepEqual(found("answers.txt", `grant=${told}`), [], "a listener's own answer may have it");
	});
});

const tests = fs.existsSync(evidence) ? fs.readdirSync(evidence).sort() : [];

describe("the evidence", {skip: tests.length === 0 && "no integration test has run in this build tree"}, () => {
	test("has secrets and logs", () => {
		const files = tests.flatMap(name => fs.readdirSync(path.join(evidence, name)));
		for (const kind of [/^secrets\.jsonl$/, /\.log$/])
			assert.ok(files.some(file => kind.test(file)), String(kind));
	});
	for (const name of tests) {
		test(`of ${name}`, () => assert.deepEqual(leaks(path.join(evidence, name)), []));
	}
});
