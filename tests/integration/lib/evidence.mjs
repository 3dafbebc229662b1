// SPDX-License-Identifier: MIT
// What a test has to keep to itself and what it was told, kept in <build>/evidence/<test> for secrets.mjs, which runs last
// and looks for the one in the other. Each test has a folder of its own, made anew when it runs, so that tests may run
// side by side.
//
//     conf.mjs, token(), request() ──► keep() ──► secrets.jsonl        http.mjs, cgi.mjs ──► answered() ──► answers.txt
//     stop() of a site or a library ──► logs() ──► N-NAME.log, N-metrics.txt

import fs from "node:fs";
import path from "node:path";
import {build} from "./tools.mjs";

/** Where the evidence of all tests is. */
export const evidence = path.join(build, "evidence");

/* What is shorter might stand anywhere by chance. */
const LEAST = 12;
const ANSWER_MOST = 64 << 10, LOG_MOST = 32 << 20;

const program = process.argv[1] ?? "";
const isTest = path.basename(path.dirname(program)) === "integration";
const folder = path.join(evidence, path.basename(program, ".mjs"));
const kept = new Set();
let number = 0, made = false;

function append(name, text) {
	if (!made)
		fs.rmSync(folder, {recursive: true, force: true});
	made = true;
	fs.mkdirSync(folder, {recursive: true});
	fs.appendFileSync(path.join(folder, name), text);
}

/** VALUE is a secret of KIND that must stand nowhere; or, with LOGS_ONLY, not in logs and metrics. Returns it. */
export function keep(kind, value, logsOnly = false) {
	if (isTest && typeof value === "string" && value.length >= LEAST && !kept.has(value)) {
		kept.add(value);
		append("secrets.jsonl", `${JSON.stringify({kind, value, logsOnly})}\n`);
	}
	return value;
}

/** The secrets in the sections of a configuration. */
export function keepConfigured(values, name = "") {
	for (const [key, value] of Object.entries(values)) {
		if (typeof value === "object" && value !== null)
			keepConfigured(value, `${name}${key}.`);
		else if (/secret$/.test(key))
			keep(`the setting ${name}${key}`, value);
	}
}

const TOLD = /\b(grant|sig|token|access_token|refresh_token)("?\s*[:=]\s*"?)([\w.-]+)/g;

/* What is handed out is for one listener: it stands in his answer, and in no log. */
const keepTold = text => {
	for (const [, kind, , value] of text.matchAll(TOLD))
		keep(kind, value, true);
};

/** The credentials of a request that goes out. */
export function keepAsked(target, headers = {}, body = undefined) {
	keepTold(target.includes("?") ? target.slice(target.indexOf("?")) : "");
	for (const [name, value] of Object.entries(headers)) {
		if (/^authorization$/i.test(name))
			keep("Authorization", String(value).replace(/^\S+\s+/, ""), true);
		if (/^cookie$/i.test(name))
			String(value).split(/;\s*/).forEach(pair => keep("Cookie", pair.slice(pair.indexOf("=") + 1), true));
	}
	if (typeof body === "string" && body.startsWith("{")) {
		for (const [, kind, value] of body.matchAll(/"(password|api_key)"\s*:\s*"([^"\\]+)"/g))
			keep(kind, value);
		keepTold(body);
	}
}

/** An answer that came: its header fields, and its body when that is text. */
export function answered(what, headers, body) {
	if (!isTest)
		return;
	const isText = /text|json|mpegurl|xml/.test(headers["content-type"] ?? "");
	const text = `${what}\n${JSON.stringify(headers)}\n${isText ? body.toString("latin1", 0, ANSWER_MOST) : ""}\n`;
	keepTold(text);
	append("answers.txt", text);
}

/** What a program wrote to its log. */
export function logged(name, text) {
	if (isTest)
		append(`${name}.log`, text);
}

function* filesBelow(dir) {
	for (const entry of fs.readdirSync(dir, {withFileTypes: true})) {
		const file = path.join(dir, entry.name);
		if (entry.isDirectory())
			yield* filesBelow(file);
		else if (entry.isFile())
			yield file;
	}
}

/** All logs below DIR, and the counters: the values of labels stand in their file as they are, between zeros. */
export function keepLogs(dir) {
	if (!isTest || !fs.existsSync(dir))
		return;
	number++;
	for (const file of filesBelow(dir)) {
		const name = path.basename(file);
		if (/\.log$/.test(name) || name === "metrics") {
			const text = fs.readFileSync(file).subarray(0, LOG_MOST).toString("latin1").replace(/\0+/g, "\n");
			append(`${number}-${name === "metrics" ? "metrics.txt" : name}`, text);
		}
	}
}
