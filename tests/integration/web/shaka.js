// SPDX-License-Identifier: MIT
/* global shaka */
{
	let player;
	const order = () => player.getVariantTracks().sort((a, b) => b.bandwidth - a.bandwidth);
	const as = new URLSearchParams(location.search).get("as");

	window.driver = {
		address: track => as === "hls" ? `/hls/${track}/master.m3u8` : `/dash/${track}/manifest.mpd`,
		async load(address) {
			shaka.polyfill.installAll();
			player = new shaka.Player();
			await player.attach(document.getElementById("audio"));
			player.configure({abr: {enabled: false}, streaming: {bufferingGoal: 6, rebufferingGoal: 1}});
			await player.load(address);
			player.selectVariantTrack(order()[0], true);
		},
		switchToLowest() {
			player.selectVariantTrack(order().at(-1), false);
		},
		isLowest: () => order().at(-1).active,
	};
}
