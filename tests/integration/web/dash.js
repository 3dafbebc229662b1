// SPDX-License-Identifier: MIT
/* global dashjs */
{
	let player;
	let rendered = null; // id of the representation in play
	const order = () => player.getRepresentationsByType("audio").sort((a, b) => b.bandwidth - a.bandwidth);

	window.driver = {
		address: track => `/dash/${track}/manifest.mpd`,
		async load(address) {
			player = dashjs.MediaPlayer().create();
			player.updateSettings({streaming: {
				abr: {autoSwitchBitrate: {audio: false}, initialBitrate: {audio: 100000}},
				buffer: {fastSwitchEnabled: false, bufferTimeDefault: 6, bufferTimeAtTopQuality: 6, bufferTimeAtTopQualityLongForm: 6},
			}});
			const ready = new Promise((resolve, reject) => {
				player.on("streamInitialized", resolve);
				player.on("error", event => reject(new Error(JSON.stringify(event.error))));
			});
			player.on("qualityChangeRendered", event => { rendered = event.newRepresentation.id; });
			player.initialize(document.getElementById("audio"), address, true);
			await ready;
			player.setRepresentationForTypeById("audio", order()[0].id, false);
		},
		switchToLowest() {
			player.setRepresentationForTypeById("audio", order().at(-1).id, false);
		},
		isLowest: () => rendered === order().at(-1).id,
	};
}
