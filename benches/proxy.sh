#!/usr/bin/env bash
# What sendwall costs beside HAProxy and nginx: the same load, the same upstream, in turn.
#
#   benches/proxy.sh [--rounds 3] [--seconds 10] [--connections 64] [--only haproxy,nginx,sendwall]
#
# Twice each: as a plain proxy, and protecting an endpoint (HAProxy: three stick tables and the phone out of the JSON
# body; nginx: limit_req by address and cookie, as it can't read JSON; sendwall: its default limits). Load generator, proxy
# and upstream share the machine's cores, so take the ratios and the CPU time a request; requests/s mean little alone.
# As root on Debian it installs what is missing of haproxy, nginx and wrk. Everything it starts ends with it.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

rounds=3 seconds=10 connections=64 only=haproxy,nginx,sendwall
while [ $# -gt 0 ]; do
  case "$1" in
    --rounds) rounds=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --connections) connections=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "benches/proxy.sh: unknown argument $1" >&2; exit 2 ;;
  esac
done
IFS=, read -ra servers <<<"$only"
has() { [[ ",$only," == *",$1,"* ]]; }

conf=$PWD/benches/proxy
work=$(mktemp -d)
binary=${CARGO_TARGET_DIR:-target}/release/sendwall
upstream_pid='' server_pid=''

fail() { printf 'benches/proxy.sh: %s\n' "$*" >&2; exit 2; }
stop() { # PID: asks, waits up to 5 s, then insists
  [ -n "$1" ] || return 0
  kill "$1" 2>/dev/null || true
  for _ in $(seq 50); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
  kill -9 "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
cleanup() { stop "$server_pid"; stop "$upstream_pid"; rm -rf "$work"; }
trap cleanup EXIT
trap 'exit 130' INT TERM

install_missing() {
  local missing=()
  command -v wrk >/dev/null || missing+=(wrk)
  command -v nginx >/dev/null || missing+=(nginx-light) # the upstream too
  if has haproxy; then command -v haproxy >/dev/null || missing+=(haproxy); fi
  [ "${#missing[@]}" -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || fail "please install ${missing[*]}"
  echo "installing ${missing[*]}" >&2
  # A package must not start a server of its own on this machine.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -q && apt-get install -qy --no-install-recommends ${missing[*]}" \
    >"$work/apt.log" 2>&1 || { tail -5 "$work/apt.log" >&2; fail "apt-get could not install ${missing[*]}"; }
}

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
await_port() { # PORT PID NAME
  for _ in $(seq 100); do
    port_open "$1" && return
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/$3.log" >&2
  fail "$3 does not listen on port $1"
}

tree() { # PID and everything below it
  echo "$1"
  local child
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do tree "$child"; done
}
cpu_ticks() { # of a process tree, in clock ticks
  local pid total=0 stat
  for pid in $(tree "$1"); do
    stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
    set -- ${stat##*) }
    total=$((total + ${12} + ${13}))
  done
  echo "$total"
}
memory_kb() { # of a process tree; memory that its processes share counts once
  local pid
  for pid in $(tree "$1"); do cat "/proc/$pid/smaps_rollup" 2>/dev/null || true; done |
    awk '/^Pss:/ { kb += $2 } END { print kb + 0 }'
}

start() { # SERVER KIND; sets server_pid and port
  local dir=$work/$1
  rm -rf "$dir"; mkdir -p "$dir"
  case "$1" in
    haproxy) port=18082; haproxy -f "$conf/haproxy-$2.cfg" >"$work/$1.log" 2>&1 & ;;
    nginx) port=18083; nginx -p "$dir" -c "$conf/nginx-$2.conf" -g "$nginx_user" >"$work/$1.log" 2>&1 & ;;
    sendwall) # its state stands beside its configuration
      port=18085; cp "$conf/sendwall.toml" "$dir"
      "$sendwall" run --config "$dir/sendwall.toml" >"$work/$1.log" 2>&1 & ;;
    *) fail "unknown server $1" ;;
  esac
  server_pid=$!
  await_port "$port" "$server_pid" "$1"
}

load() { # PORT PATH ROUND SECONDS: "requests seconds p50_us p99_us non2xx failed"
  wrk -t1 -c"$connections" -d"$4"s --timeout 10s -s "$conf/load.lua" "http://127.0.0.1:$1$2" -- "$2" "$3" |
    tee "$work/wrk.log" | awk '/^RESULT/ { sub("RESULT ", ""); print; found = 1 } END { exit !found }' ||
    { cat "$work/wrk.log" >&2; fail "wrk gave no result"; }
}

measure() { # SERVER KIND ROUND
  local path=/api/other ticks idle_kb requests elapsed p50 p99 bad failed
  [ "$2" = protected ] && path=/api/send-code
  start "$1" "$2"
  sleep 1
  idle_kb=$(memory_kb "$server_pid")
  load "$port" "$path" "$((2 * $3))" 2 >/dev/null # connections and caches as they are in a running server
  ticks=$(cpu_ticks "$server_pid")
  read -r requests elapsed p50 p99 bad failed < <(load "$port" "$path" "$((2 * $3 + 1))" "$seconds")
  ticks=$(($(cpu_ticks "$server_pid") - ticks))
  echo "$2 $1 $requests $elapsed $p50 $p99 $((bad + failed)) $idle_kb $(memory_kb "$server_pid") $ticks" |
    awk -v hz="$(getconf CLK_TCK)" '{ printf "%s %s %.0f %.1f %.2f %.2f %.1f %.1f %d\n",
      $1, $2, $3 / $4, $10 / hz * 1e6 / $3, $5 / 1000, $6 / 1000, $8 / 1024, $9 / 1024, $7 }' |
    tee -a "$work/results" | awk '{ printf "%-10s %-9s %10d %8.1f %8.2f %8.2f %9.1f %9.1f %8d\n", $1, $2, $3, $4, $5, $6, $7, $8, $9 }'
  stop "$server_pid"
  server_pid=''
}

median() { # KIND SERVER COLUMN
  awk -v kind="$1" -v server="$2" -v column="$3" '$1 == kind && $2 == server { print $column }' "$work/results" |
    sort -g | awk '{ value[NR] = $1 } END { if (NR) printf "%.2f", (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

report() {
  local kind server against
  printf '\nmedians of %d rounds\n%-10s %-9s %10s %8s %8s %8s\n' "$rounds" kind server req/s us_CPU p50_ms p99_ms
  for kind in pass protected; do
    for server in "${servers[@]}"; do
      printf '%-10s %-9s %10.0f %8.1f %8.2f %8.2f\n' "$kind" "$server" "$(median $kind "$server" 3)" \
        "$(median $kind "$server" 4)" "$(median $kind "$server" 5)" "$(median $kind "$server" 6)"
    done
  done
  has sendwall || return 0
  echo
  for kind in pass protected; do
    for against in "${servers[@]}"; do
      [ "$against" = sendwall ] && continue
      awk -v kind="$kind" -v against="$against" -v a="$(median $kind sendwall 3)" -v b="$(median $kind "$against" 3)" \
        -v c="$(median $kind sendwall 4)" -v d="$(median $kind "$against" 4)" \
        'BEGIN { printf "%-10s sendwall/%-8s requests/s %.2f   CPU a request %.2f\n", kind, against, a / b, c / d }'
    done
  done
  cp "$sendwall" "$work/stripped" && strip "$work/stripped"
  awk -v bytes="$(stat -c %s "$work/stripped")" -v idle="$(median protected sendwall 7)" \
    'BEGIN { printf "\nsendwall: stripped binary %.1f MB, idle memory %.1f MB\n", bytes / 1e6, idle }'
}

install_missing
if has sendwall; then
  cargo build --release --locked --bin sendwall
  sendwall=$(realpath "$binary")
fi
for port in 18080 18082 18083 18085 18086; do
  if port_open "$port"; then fail "port $port is in use"; fi
done
nginx_user='' # as root nginx would hand its workers to a user who may not read here
[ "$(id -u)" -eq 0 ] && nginx_user='user root;'

mkdir -p "$work/upstream"
nginx -p "$work/upstream" -c "$conf/upstream.conf" -g "$nginx_user" >"$work/upstream.log" 2>&1 &
upstream_pid=$!
await_port 18080 "$upstream_pid" upstream

printf '%s, %s cores shared by load, proxy and upstream; %s connections, %s s a run\n' \
  "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" "$connections" "$seconds"
direct=$(load 18080 /api/other 0 3)
awk '{ printf "upstream alone: %.0f requests/s\n\n", $1 / $2 }' <<<"$direct"
printf '%-10s %-9s %10s %8s %8s %8s %9s %9s %8s\n' kind server req/s us_CPU p50_ms p99_ms idle_MB after_MB not_2xx
for round in $(seq "$rounds"); do
  for kind in pass protected; do
    for server in "${servers[@]}"; do measure "$server" "$kind" "$round"; done
  done
done
report
