// SPDX-License-Identifier: MIT
// Server-sent events (WHATWG HTML, section 9.2) over fetch(), as EventSource cannot send a token.

import {Refused, authorization, sentence} from "./api.js";

/* The server says at least every few seconds that it is still there. */
const SILENCE_MS = 40000;

/** Yields {id, event, data (parsed)} as they come, from after LAST_ID on (""), until the server ends the stream. */
export async function* events(address, lastId) {
	const abort = new AbortController();
	let timer = 0;
	const watch = () => {
		clearTimeout(timer);
		timer = setTimeout(() => abort.abort(), SILENCE_MS);
	};
	try {
		watch();
		const reader = await open(address, lastId, abort.signal);
		let text = "";
		for (let piece; reader && !(piece = await reader.read()).done;) {
			watch();
			const blocks = (text + piece.value).split("\n\n");
			text = blocks.pop();
			yield* blocks.map(parse).filter(item => item !== null);
		}
	} finally {
		clearTimeout(timer);
		abort.abort(); // who stops listening leaves the line
	}
}

/* A reader of text; null when the server says that nothing will follow. */
async function open(address, lastId, signal) {
	let answer;
	try {
		const headers = {...authorization(), Accept: "text/event-stream", ...(lastId ? {"Last-Event-ID": lastId} : {})};
		answer = await fetch(address, {headers, cache: "no-store", signal});
	} catch {
		throw new Refused(0, sentence(0));
	}
	if (answer.status === 204)
		return null;
	if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/event-stream"))
		throw new Refused(answer.status, sentence(answer.status));
	return answer.body.pipeThrough(new TextDecoderStream()).getReader();
}

/* null for a comment. */
function parse(block) {
	const item = {id: "", event: "message", data: ""};
	for (const line of block.split("\n")) {
		const colon = line.indexOf(":");
		if (colon > 0)
			item[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
	}
	return item.data === "" ? null : {id: item.id, event: item.event, data: JSON.parse(item.data)};
}
