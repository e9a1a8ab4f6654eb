#!/usr/bin/env bash
# Every check of this repository: format, lints, all tests (one of them in a real browser), doc tests.
#
#   tests/run.sh           everything that fits a coffee break
#   tests/run.sh --long    the rest too: many more property cases, the benches in test mode, fuzzing where it is set up
#
# Needs Rust (1.90 or later, with rustfmt and clippy), a C compiler, curl, python3 with pip and venv, npm, Alertmanager,
# Chromium and its driver. On Debian and as root, what is missing of these but the first two is installed. Without a
# browser: SENDWALL_TEST_NO_BROWSER=1. ALTCHA's own packages are fetched from npm and PyPI, once; without them:
# SENDWALL_TEST_NO_ALTCHA=1.
set -euo pipefail
cd "$(dirname "$0")/.."

long=no
case "${1-}" in
  "") ;;
  --long) long=yes ;;
  -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "tests/run.sh: unknown argument $1; it takes --long or nothing" >&2; exit 2 ;;
esac

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'tests/run.sh: %s\n' "$*" >&2; exit 2; }

# Installs the Debian packages that are missing. Arguments: command=package ...
need() {
  local missing=() pair
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  command -v apt-get >/dev/null || fail "needs ${missing[*]}, and this is no Debian: please install them"
  [ "$(id -u)" -eq 0 ] || fail "needs ${missing[*]}; as root: apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/dev/null || fail "apt-get update failed; is there a network? Otherwise install ${missing[*]} yourself"
  apt-get install -qy --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get could not install ${missing[*]}"
}

command -v cargo >/dev/null || fail "needs Rust: https://rustup.rs"
command -v cc >/dev/null || fail "needs a C compiler; on Debian: apt-get install gcc libc6-dev"
wanted=(curl=curl python3=python3)
if [ "${SENDWALL_TEST_NO_BROWSER-}" != 1 ]; then
  wanted+=(chromium=chromium chromedriver=chromium-driver)
fi
if [ "${SENDWALL_TEST_NO_ALTCHA-}" != 1 ]; then
  wanted+=(node=nodejs npm=npm)
  python3 -c 'import ensurepip' 2>/dev/null || wanted+=(no-python3-venv=python3-venv)
fi
wanted+=(prometheus-alertmanager=prometheus-alertmanager)
python3 -m pip --version >/dev/null 2>&1 || wanted+=(no-pip-yet=python3-pip)
need "${wanted[@]}"
cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt || fail "needs rustfmt"
cargo clippy --version >/dev/null 2>&1 || rustup component add clippy || fail "needs clippy"

if [ "${SENDWALL_TEST_NO_ALTCHA-}" != 1 ]; then
  tests/altcha/install.sh || fail "could not install ALTCHA's packages; is there a network? Or set SENDWALL_TEST_NO_ALTCHA=1"
fi
# Other makers' Python packages, of the versions and with the checksums that are committed.
packages=target/packages/python
if ! cmp -s tests/packages/requirements.txt "$packages/requirements.txt"; then
  say "Python packages for tests"
  rm -rf "$packages"
  python3 -m pip install --quiet --require-hashes --requirement tests/packages/requirements.txt --target "$packages" ||
    fail "pip could not install the packages of tests/packages/requirements.txt; is there a network?"
  cp tests/packages/requirements.txt "$packages/"
fi

# A committed lock file decides which versions are tested.
say "format"
cargo fmt --check
say "lints"
cargo clippy --locked --all-targets -- -D warnings
say "doc tests"
cargo test --locked --doc
say "tests"
cargo test --locked --lib --bins --tests

if [ "$long" = yes ]; then
  say "tests with many more property cases"
  PROPTEST_CASES="${PROPTEST_CASES:-20000}" SENDWALL_RELOADS="${SENDWALL_RELOADS:-2000}" cargo test --locked --release --lib --bins --tests
  say "a hundred kills between the spool and the receiver, and a quiet week"
  SENDWALL_TEST_LONG=1 cargo test --locked --release --test sendwall -- deliver::crash replay::a_quiet --nocapture
  say "the shipped model, trained anew: the same bytes"
  cargo run --locked --release -- train --simulate 1 --leave-out --config models/train.toml --out target/shipped.model
  cmp models/shipped.model target/shipped.model || fail "models/shipped.model is not what is trained; see models/README.md"
  say "benches, once each"
  cargo bench --locked -- --test
  if [ -d tests/fuzz ] && cargo +nightly fuzz --version >/dev/null 2>&1; then
    for target in $(cargo +nightly fuzz list --fuzz-dir tests/fuzz); do
      say "fuzzing $target"
      # Overflows are checked. A sanitizer finds faults of unsafe code, of which there is none here, and takes 5 GB to build.
      cargo +nightly fuzz run --dev --sanitizer none --fuzz-dir tests/fuzz "$target" -- -max_total_time="${FUZZ_SECONDS:-120}"
    done
  else
    say "no fuzzing: it needs a nightly toolchain with cargo-fuzz"
  fi
fi

printf '\nall checks passed\n'
