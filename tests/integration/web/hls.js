// SPDX-License-Identifier: MIT
/* global Hls */
{
	let hls;
	const order = () => hls.levels.map((level, index) => [level.bitrate, index]).sort((a, b) => b[0] - a[0]).map(pair => pair[1]);

	window.driver = {
		address: track => `/hls/${track}/${location.search === "?as=ts" ? "master-ts" : "master"}.m3u8`,
		async load(address) {
			// Little ahead, so that a change of quality has something left to fetch.
			hls = new Hls({enableWorker: false, maxBufferLength: 6, maxMaxBufferLength: 6});
			const ready = new Promise((resolve, reject) => {
				hls.on(Hls.Events.MANIFEST_PARSED, resolve);
				hls.on(Hls.Events.ERROR, (_, error) => error.fatal && reject(new Error(error.details)));
			});
			hls.loadSource(address);
			hls.attachMedia(document.getElementById("audio"));
			await ready;
			hls.currentLevel = order()[0];
		},
		switchToLowest() {
			hls.loadLevel = order().at(-1); // what is buffered is played first
		},
		isLive: () => hls.latestLevelDetails.live,
		isLowest: () => hls.currentLevel === order().at(-1),
	};
}
