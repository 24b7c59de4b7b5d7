#!/usr/bin/env bash
# Builds the ZIP artifacts and the inference image with SAM and invokes them in containers, on a
# machine that reaches neither AWS nor a container registry.
#
# It starts a Docker daemon of its own (private socket, private data), makes a stand-in for AWS's
# base image from Debian, the open-source runtime client and the runtime interface emulator that
# SAM carries, and hands over to invoke.py. Every process it starts, it stops (the bridge docker0
# and its firewall rules stay). A first run downloads Debian into .local/image/.
#
# Exits 2, with a word, where it cannot run: it needs root, Debian's packages and no other daemon.
set -euo pipefail
cd "$(dirname "$0")/../../.."

HERE=tests/infrastructure/image
SUITE=trixie # its python3 is 3.13, as Lambda's
CACHE=.local/image
SAM=.venv-sam/bin/sam

step() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }
cannot() { echo "make test-image cannot run here: $*" >&2; exit 2; }

[ "$(id -u)" = 0 ] || cannot "it must be root to start a Docker daemon."
command -v apt-get >/dev/null || cannot "it installs Debian's docker.io and debootstrap with apt-get."
[ -x "$SAM" ] || cannot "the SAM CLI is not installed; run: make sam"
if pgrep -x dockerd >/dev/null; then
  cannot "another Docker daemon is running. With one, use: make build ARCH=$(uname -m); $SAM local invoke"
fi

if ! command -v dockerd >/dev/null || ! command -v debootstrap >/dev/null; then
  step "Installing docker.io and debootstrap ..."
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends docker.io debootstrap iptables >/dev/null; } \
    || cannot "apt-get cannot install docker.io, debootstrap and iptables (above)."
fi

case "$(uname -m)" in
  x86_64) ARCH=x86_64 ;;
  aarch64) ARCH=arm64 ;;
  *) cannot "Lambda has no $(uname -m)." ;;
esac

work=$(mktemp -d -t image-test.XXXXXX)
daemon=
stop() {
  status=$?
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  [ "$status" = 0 ] || { echo "--- the end of the daemon's log:"; tail -n 15 "$work/dockerd.log" 2>/dev/null || true; } >&2
  rm -rf "$work"
  exit "$status"
}
trap stop EXIT

rootfs=$CACHE/$SUITE-$ARCH.tar
if [ ! -s "$rootfs" ]; then
  step "Downloading Debian $SUITE (once) ..."
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  [ -n "$mirror" ] || cannot "apt knows no Debian mirror."
  debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates \
    "$SUITE" "$work/rootfs" "$mirror" >"$work/debootstrap.log" 2>&1 \
    || { tail -n 5 "$work/debootstrap.log" >&2; cannot "debootstrap failed (above)."; }
  mkdir -p "$CACHE"
  tar -C "$work/rootfs" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists -cf "$work/rootfs.tar" .
  mv "$work/rootfs.tar" "$rootfs"
  rm -rf "$work/rootfs"
fi

step "Starting a Docker daemon ..."
export DOCKER_HOST=unix://$work/docker.sock DOCKER_BUILDKIT=0
dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/dockerd.pid" \
  --host "$DOCKER_HOST" >"$work/dockerd.log" 2>&1 &
daemon=$!
for _ in $(seq 60); do
  docker info >/dev/null 2>&1 && break
  kill -0 "$daemon" 2>/dev/null || cannot "dockerd does not start (its log is below)."
  sleep 0.5
done
docker info >/dev/null 2>&1 || cannot "dockerd does not answer (its log is below)."

step "Making the stand-in for the base image ..."
gateway=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}')
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' "$rootfs" debian-rootfs >/dev/null \
  || cannot "dockerd keeps no image here (its log is below)."
cp -r "$HERE/base" "$work/context"
cp .venv-sam/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$ARCH "$work/context/aws-lambda-rie"
cp /etc/ssl/certs/ca-certificates.crt "$work/context/ca-certificates.crt"
grep -E '^(awslambdaric|boto3)==' requirements/run.lock | cut -d' ' -f1 >"$work/context/runtime.txt"
docker build -q --build-arg AWS_ENDPOINT_URL="http://$gateway:$port" \
  -t public.ecr.aws/lambda/python:3.13 -t "public.ecr.aws/lambda/python:3.13-$ARCH" "$work/context" \
  >"$work/base.log" 2>&1 || { tail -n 20 "$work/base.log" >&2; cannot "its containers cannot install packages (above)."; }

step "Building the functions with SAM ..."
export AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0
PLATFORM=$ARCH $SAM build --build-dir "$work/build" --parameter-overrides "Architecture=$ARCH" \
  >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" >&2; exit 1; }

step "Invoking them ..."
.venv/bin/python -m tests.infrastructure.image.invoke \
  --sam "$SAM" --template "$work/build/template.yaml" --architecture "$ARCH" \
  --gateway "$gateway" --port "$port"
step "All answered as they should."
