#!/usr/bin/env bash
# npm packages of one folder, exactly as its lock says. Usage: node.sh [folder]. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
cd "${1:-.}"
command -v npm >/dev/null || { echo "Node.js 20 or newer is missing: ask for the system packages nodejs and npm." >&2; exit 1; }
node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || { echo "Node.js 20 or newer is needed, this is $(node --version)." >&2; exit 1; }
stamp=node_modules/.installed
wanted=$(sha256sum package-lock.json | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && exit 0
echo "Installing npm packages ($(basename "$PWD"))..." >&2
npm ci --loglevel=error --no-audit --no-fund --ignore-scripts
if [ -f package.json ] && grep -q '"@foundry-rs/anvil-linux-amd64"' package.json; then
  # The lock names the node for the common machine; the same release for the others goes beside it.
  version=$(sed -n 's/.*"@foundry-rs\/anvil-linux-amd64": "\(.*\)".*/\1/p' package.json)
  case "$(uname -s)-$(uname -m)" in
    Linux-aarch64) npm install --no-save --loglevel=error "@foundry-rs/anvil-linux-arm64@$version" ;;
    Darwin-arm64) npm install --no-save --loglevel=error "@foundry-rs/anvil-darwin-arm64@$version" ;;
    Darwin-x86_64) npm install --no-save --loglevel=error "@foundry-rs/anvil-darwin-amd64@$version" ;;
  esac
fi
echo "$wanted" > "$stamp"
