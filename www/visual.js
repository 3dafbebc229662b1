// SPDX-License-Identifier: MIT
// What there is to see of a track: its waveform behind the seek bar, its cover on the record. Both are ornaments: what
// cannot be had is left out, and the plain bar and the plain record remain.

import {authorization, get} from "./api.js";

const POINTS = 400;
const COVER_SIZE = 600;
const MIDDLE = 128; // of the drawing, which is 256 high

export class Visual {
	#seek = document.getElementById("seek-area");
	#paths = document.querySelectorAll("#wave path");
	#cover = document.getElementById("cover");
	#round = 0;

	/** Shows TRACK in place of the one before; ON_COVER hears the address of its picture, if it has one. */
	async show(track, onCover) {
		const round = ++this.#round;
		const address = `api/v1/tracks/${encodeURIComponent(track.id)}`;
		this.#seek.classList.remove("has-wave");
		this.#cover.hidden = true;
		this.#cover.removeAttribute("src");
		try {
			const {urls} = await get(address);
			const [wave, cover] = await Promise.all([
				urls.waveform && get(`${address}/waveform.json?points=${POINTS}`),
				urls.cover && picture(`${address}/cover?size=${COVER_SIZE}`),
			]);
			if (round === this.#round)
				this.#draw(wave, cover, onCover);
		} catch {
			// The player says why a track cannot be had.
		}
	}

	#draw(wave, cover, onCover) {
		if (wave?.length > 0) {
			for (const path of this.#paths) {
				path.setAttribute("d", outline(wave.data));
				path.ownerSVGElement.setAttribute("viewBox", `0 0 ${wave.length} ${2 * MIDDLE}`);
			}
			this.#seek.classList.add("has-wave");
		}
		if (cover) {
			this.#cover.src = cover;
			this.#cover.hidden = false;
			onCover(cover);
		}
	}
}

/* PAIRS of least and greatest values as one closed path: the loudest fills the height, silence is a thin line. */
function outline(pairs) {
	const loudest = pairs.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
	const height = value => (MIDDLE - value / loudest * (MIDDLE - 6)).toFixed(1);
	let there = `M0 ${MIDDLE}`, back = "";
	for (let i = 0; i < pairs.length; i += 2) {
		there += `V${height(pairs[i + 1]) - 3}H${i / 2 + 1}`;
		back = `V${Number(height(pairs[i])) + 3}H${i / 2}${back}`;
	}
	return `${there}${back}Z`;
}

/* An image element cannot send a token, and the page's policy takes no blob: hence a data address. */
async function picture(address) {
	const answer = await fetch(address, {headers: authorization()});
	if (!answer.ok)
		return null;
	const blob = await answer.blob();
	return new Promise((resolve, reject) => {
		const reader = new FileReader();
		reader.addEventListener("load", () => resolve(reader.result));
		reader.addEventListener("error", () => reject(reader.error));
		reader.readAsDataURL(blob);
	});
}
