// SPDX-License-Identifier: MIT
// Requests to Tonearm and what went wrong with them, in words. All addresses are relative to the page, so that it
// works under any prefix.

import {token} from "./token.js";

/** A refusal: `status` (0: no answer at all), a sentence for the listener, and the problem's `type` if there was one. */
export class Refused extends Error {
	constructor(status, sentence, type) {
		super(sentence);
		this.status = status;
		this.type = type;
	}
}

const SENTENCES = new Map([
	[0, "The server did not answer. Check your connection and try again."],
	[401, "This needs a token. Enter one by the button at the top."],
	[403, "Your token does not allow this."],
	[404, "This is not there any more."],
	[409, "This is still being prepared. Try again in a moment."],
	[413, "This file is too large."],
	[415, "This is no sound file that can be used here."],
	[429, "Too much at once. Wait a little and try again."],
	[503, "The server is busy. Try again in a moment."],
]);
/* Here the server's own sentence says more than ours: it is about the file. */
const SERVER_KNOWS = new Set([413, 415, 422]);
export const NO_SPACE = "urn:tonearm:problem:no-space";

/** The sentence for STATUS; PROBLEM is the parsed problem document, if there was one. */
export function sentence(status, problem) {
	if (problem?.type === NO_SPACE)
		return "There is no room left on the server.";
	if (SERVER_KNOWS.has(status) && typeof problem?.detail === "string" && problem.detail)
		return problem.detail[0].toUpperCase() + problem.detail.slice(1).replace(/[^.!?]$/, "$&.");
	return SENTENCES.get(status) ?? "Something went wrong on the server. Try again later.";
}

export function authorization() {
	const value = token();
	return value ? {Authorization: `Bearer ${value}`} : {};
}

export async function get(address) {
	let answer;
	try {
		answer = await fetch(address, {headers: authorization(), cache: "no-store"});
	} catch {
		throw new Refused(0, sentence(0));
	}
	const body = await answer.json().catch(() => null);
	if (!answer.ok || body === null)
		throw new Refused(answer.status, sentence(answer.status, body));
	return body;
}

/**
 * Asks by METHOD with FIELDS and BODY (or null); ON_PROGRESS hears how many bytes of that are sent, SIGNAL aborts. Gives
 * a function that tells a field of the answer. fetch() cannot report the progress of a request body, hence
 * XMLHttpRequest.
 */
export function send(method, address, fields, body, {signal, onProgress}) {
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		request.open(method, address);
		for (const [name, value] of Object.entries({...authorization(), ...fields}))
			request.setRequestHeader(name, value);
		request.responseType = "json";
		if (onProgress)
			request.upload.addEventListener("progress", event => onProgress(event.loaded));
		request.addEventListener("load", () => {
			if (request.status >= 200 && request.status < 300)
				resolve(name => request.getResponseHeader(name));
			else
				reject(new Refused(request.status, sentence(request.status, request.response), request.response?.type));
		});
		request.addEventListener("error", () => reject(new Refused(0, sentence(0))));
		request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
		signal?.addEventListener("abort", () => request.abort());
		request.send(body);
	});
}
