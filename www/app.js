// SPDX-License-Identifier: MIT
// The page's parts and how they talk to each other.

import {Player} from "./player.js";
import {TrackList} from "./tracks.js";
import {Upload} from "./upload.js";
import {onToken, setToken, takeTokenFromAddress, token} from "./token.js";

function wireToken() {
	const dialog = document.getElementById("token-dialog");
	const input = document.getElementById("token");
	const state = document.getElementById("token-state");
	const open = document.getElementById("token-open");
	const show = value => {
		state.textContent = value ? "Token in use" : "Enter a token";
		open.classList.toggle("is-on", Boolean(value));
	};
	open.addEventListener("click", () => {
		input.value = token();
		dialog.returnValue = "";
		dialog.showModal();
	});
	dialog.addEventListener("close", () => {
		if (dialog.returnValue === "keep")
			setToken(input.value);
		else if (dialog.returnValue === "forget")
			setToken("");
		input.value = "";
	});
	window.addEventListener("hashchange", takeTokenFromAddress);
	onToken(show);
	show(token());
}

takeTokenFromAddress();
wireToken();
const player = new Player();
const tracks = new TrackList(track => {
	tracks.setCurrent(track.id);
	player.choose(track);
});
new Upload({onAccepted: () => tracks.refresh(), onReady: () => tracks.refresh()});
onToken(() => tracks.reset());
tracks.reset();
