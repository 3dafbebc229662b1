<?php
// SPDX-License-Identifier: MIT
// The peer of bench: what an ordinary PHP site does to protect its sound. It checks a signature and an expiry, looks the
// track up in the same database, by a connection that is kept, and names the file to the web server.
$track = $_GET['track'] ?? '';
$expires = $_GET['expires'] ?? '';
$expected = hash_hmac('sha256', "$track|$expires", $_SERVER['CHECK_SECRET']);
if (!hash_equals($expected, $_GET['sig'] ?? '') || (int)$expires < time()) {
	http_response_code(403);
	exit;
}
$db = new PDO('sqlite:' . $_SERVER['CHECK_DB'], null, null, [PDO::ATTR_PERSISTENT => true]);
$query = $db->prepare('SELECT visibility FROM track WHERE id = ?');
$query->execute([$track]);
if ($query->fetchColumn() === false) {
	http_response_code(404);
	exit;
}
header('Content-Type: ' . $_SERVER['CHECK_TYPE']);
header('Cache-Control: private, max-age=60');
header($_SERVER['CHECK_FIELD'] . ': ' . $_SERVER['CHECK_FILE']);
