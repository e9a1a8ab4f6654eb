#!/usr/bin/env bash
# Installs ALTCHA's own widgets and libraries, exactly those of the lock files, under target/altcha. Does nothing where
# they are there already.
set -euo pipefail
cd "$(dirname "$0")"
into=../../target/altcha
mkdir -p "$into"
exec 9>"$into/.lock"
flock 9

wanted=$(cat package-lock.json requirements.txt | sha256sum)
[ "$(cat "$into/.installed" 2>/dev/null)" = "$wanted" ] && exit
rm -rf "$into/node_modules" "$into/python"
cp package.json package-lock.json "$into"
npm ci --prefix "$into" --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error
python3 -m venv "$into/python"
"$into/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
printf '%s\n' "$wanted" > "$into/.installed"
