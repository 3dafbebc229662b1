// SPDX-License-Identifier: MIT
// A responder as a plain CGI program: one process, one request, no server in between; and the data folder it works on.

import {spawn, spawnSync} from "node:child_process";
import {createHmac} from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {confText} from "./conf.mjs";
import {answered, keep, keepAsked, keepLogs, logged} from "./evidence.mjs";
import {build} from "./tools.mjs";

const SILENCE_MS = 60000;
export const URL_SECRET = "u".repeat(40);
export const JWT_SECRET = "j".repeat(40);

const settings = {
	storage: {data_dir: "data", run_dir: "run", disk_floor: 0},
	auth: {url_secret: URL_SECRET, jwt_secret: JWT_SECRET},
	limits: {upload_size: 1048576, body_size: 4096, upload_idle_s: 5},
};

function configured(changes) {
	const sections = structuredClone(settings);
	for (const [name, values] of Object.entries(changes))
		sections[name] = {...sections[name], ...values};
	return confText(sections);
}

/** A folder with a library of every kind of track (tests/media_fixture.c): {dir, conf, ids, remove()}. */
export function library(changes = {}) {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tonearm-cgi-"));
	const made = spawnSync(path.join(build, "tests", "media_fixture"), [dir], {input: configured(changes)});
	if (made.status !== 0)
		throw new Error(`media_fixture: ${made.stderr}`);
	return {
		dir,
		conf: path.join(dir, "tonearm.conf"),
		ids: JSON.parse(made.stdout),
		/** Writes the configuration anew. */
		configure: more => fs.writeFileSync(path.join(dir, "tonearm.conf"), configured(more)),
		remove: () => {
			keepLogs(dir);
			fs.rmSync(dir, {recursive: true, force: true});
		},
	};
}

/**
 * One request to PROGRAM ("api") of LIBRARY. `body` is text or a Buffer, `length` what Content-Length says of it (the
 * truth unless given; null for none), `broken` ends the input early, `through` is the command that starts it. Resolves to
 * {status, headers, body, text, json}.
 */
export function cgi(place, program, target, {method = "GET", headers = {}, body = "", length, parameters = {}, through = []} = {}) {
	const bytes = Buffer.from(body);
	keepAsked(target, headers, body);
	const env = {
		TONEARM_CONF: place.conf,
		GATEWAY_INTERFACE: "CGI/1.1",
		SERVER_PROTOCOL: "HTTP/1.1",
		REQUEST_METHOD: method,
		REQUEST_URI: target,
		QUERY_STRING: target.includes("?") ? target.slice(target.indexOf("?") + 1) : "",
		REMOTE_ADDR: "127.0.0.1",
		ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? "",
		...parameters,
	};
	if (length !== null && (bytes.length > 0 || length !== undefined))
		env.CONTENT_LENGTH = String(length ?? bytes.length);
	for (const [name, value] of Object.entries(headers)) {
		const upper = name.toUpperCase().replaceAll("-", "_");
		env[upper === "CONTENT_TYPE" ? upper : `HTTP_${upper}`] = value;
	}
	return new Promise((resolve, reject) => {
		const [command, ...words] = [...through, path.join(build, "fcgi", `${program}.fcgi`)];
		const child = spawn(command, words, {env, stdio: ["pipe", "pipe", "pipe"]});
		const out = [], errors = [];
		const late = setTimeout(() => child.kill("SIGKILL"), SILENCE_MS);
		child.stdout.on("data", piece => out.push(piece));
		child.stderr.on("data", piece => errors.push(piece));
		child.stdin.on("error", () => {}); // it may answer before it has read everything
		child.on("error", reject);
		child.on("close", (code, signal) => {
			clearTimeout(late);
			const log = Buffer.concat(errors).toString();
			if (code !== 0 || /Sanitizer|runtime error/.test(log))
				reject(new Error(`${program}.fcgi ${target}: ${signal ?? code}\n${log}`));
			else
				resolve(parse(Buffer.concat(out), log));
		});
		child.stdin.end(bytes);
	});
}

function parse(bytes, log) {
	const end = bytes.indexOf("\r\n\r\n");
	const lines = bytes.subarray(0, end).toString().split("\r\n");
	const headers = {};
	for (const line of lines)
		headers[line.slice(0, line.indexOf(":")).toLowerCase()] = line.slice(line.indexOf(":") + 1).trim();
	const body = bytes.subarray(end + 4);
	answered(headers.status, headers, body);
	logged("cgi", log);
	return {
		status: Number.parseInt(headers.status, 10),
		headers,
		body,
		log,
		get text() {
			return body.toString();
		},
		get json() {
			return JSON.parse(body.toString());
		},
	};
}

const encode = object => Buffer.from(JSON.stringify(object)).toString("base64url");

/** A token with SCOPE for SUBJECT, good for an hour unless CLAIMS say otherwise. */
export function token(scope, {subject = "alice", secret = JWT_SECRET, header = {alg: "HS256", typ: "JWT"}, claims = {}} = {}) {
	const text = `${encode(header)}.${encode({sub: subject, scope, exp: Math.floor(Date.now() / 1000) + 3600, ...claims})}`;
	return keep("token", `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`);
}

export const bearer = (...args) => ({Authorization: `Bearer ${token(...args)}`});

/** The query of a stream signature, as existing clients make it. */
export function signature(file, {expires = Math.floor(Date.now() / 1000) + 3600, secret = URL_SECRET} = {}) {
	return `expires=${expires}&sig=${createHmac("sha256", secret).update(`${file}|${expires}`).digest("hex")}`;
}

/** A multipart/form-data body: {headers, body} of PARTS [{name, filename?, type?, value}]. */
export function form(parts) {
	const boundary = "----tonearm-test-boundary";
	const pieces = parts.flatMap(({name, filename, type, value}) => [
		`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? "" : `; filename="${filename}"`}\r\n` +
			`${type ? `Content-Type: ${type}\r\n` : ""}\r\n`,
		value,
		"\r\n",
	]);
	return {
		headers: {"Content-Type": `multipart/form-data; boundary=${boundary}`},
		body: Buffer.concat([...pieces, `--${boundary}--\r\n`].map(piece => Buffer.from(piece))),
	};
}
