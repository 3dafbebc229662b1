// SPDX-License-Identifier: MIT
// One request as it is written: no redirect, no normalised path, no header that was not asked for, no kept connection.

import http from "node:http";
import {answered, keepAsked} from "./evidence.mjs";

const SILENCE_MS = 30000;

/**
 * Sends METHOD PATH to ORIGIN and resolves to {status, headers, body: Buffer, text, json, cut}. BODY is text, a Buffer
 * or nothing; CUT is true when the connection ended before the body did.
 */
export function request(origin, {method = "GET", path = "/", headers = {}, body} = {}) {
	const {hostname, port} = new URL(origin);
	keepAsked(path, headers, body);
	return new Promise((resolve, reject) => {
		const sent = http.request({hostname, port, method, path, headers, agent: false}, answer => {
			const pieces = [];
			answer.on("data", piece => pieces.push(piece));
			answer.on("error", () => {}); // "close" tells, by answer.complete
			answer.on("close", () => resolve(reply(answer, Buffer.concat(pieces))));
		});
		sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error(`${method} ${path}: silent for ${SILENCE_MS} ms`)));
		sent.on("error", reject);
		sent.end(body);
	});
}

function reply(answer, body) {
	answered(answer.statusCode, answer.headers, body);
	return {
		status: answer.statusCode,
		headers: answer.headers,
		body,
		cut: !answer.complete,
		get text() {
			return body.toString("utf8");
		},
		get json() {
			return JSON.parse(body.toString("utf8"));
		},
	};
}

/** A multipart/form-data body of FIELDS ({name: text}) and one file; {headers, body}. */
export function multipart(fields, {name = "file", filename = "sound.flac", type = "audio/flac", bytes}) {
	const boundary = "tonearm-test-boundary";
	const head = Object.entries(fields).map(([key, value]) =>
		`--${boundary}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`).join("");
	const body = Buffer.concat([
		Buffer.from(`${head}--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n` +
			`Content-Type: ${type}\r\n\r\n`),
		bytes,
		Buffer.from(`\r\n--${boundary}--\r\n`),
	]);
	return {headers: {"Content-Type": `multipart/form-data; boundary=${boundary}`, "Content-Length": body.length}, body};
}
