#!/bin/sh
# SPDX-License-Identifier: MIT
# chromium.sh
# Chromium renders a page, and the picture is looked at. Its processes share memory
# by /dev/shm where they may not use memfd_create(2).
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/page.html" <<'END'
<!doctype html>
<body style="margin: 0; background: rgb(17, 102, 204)">
<canvas id="canvas" width="100" height="100"></canvas>
<script>
const context = document.getElementById('canvas').getContext('2d');
context.fillStyle = 'rgb(255, 204, 0)';
context.fillRect(0, 0, 100, 100);
</script>
END
HOME=$work timeout 50 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
	--window-size=400,300 --user-data-dir="$work/profile" --screenshot="$work/page.png" \
	"file://$work/page.html" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
python3 "$(dirname "$0")/picture.py" "$work/page.png" 400x300 50,50=255,204,0 300,200=17,102,204
