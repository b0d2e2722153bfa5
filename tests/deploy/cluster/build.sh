#!/usr/bin/env bash
# Builds kube-apiserver and kube-controller-manager from the Go module proxy into a folder outside of the repository,
# keyed by version; does nothing where they are. Ten to seventeen minutes on two cores, once.
#
# `go install k8s.io/kubernetes/cmd/…` is refused because of the module's replace directives, so a module of ours repeats
# them: each staging module at the version of the same release.
set -euo pipefail
version=${KUBERNETES_VERSION:-1.37.2}
folder=${XDG_CACHE_HOME:-$HOME/.cache}/idp-bridge/kubernetes-$version
commands=(kube-apiserver kube-controller-manager)

missing=()
for command in "${commands[@]}"; do
  [ -x "$folder/$command" ] || missing+=("$command")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "$folder"
  exit
fi
command -v go >/dev/null || { echo "Go is missing: it builds ${missing[*]} (https://go.dev/dl)" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
go mod init kubernetes-for-tests >&2
go mod edit -go=1.26.0 -require="k8s.io/kubernetes@v$version"
source=$(go mod download -json "k8s.io/kubernetes@v$version" | python3 -c 'import json, sys; print(json.load(sys.stdin)["GoMod"])')
for module in $(grep -oE 'k8s\.io/[a-z0-9-]+ => \./staging' "$source" | cut -d' ' -f1 | sort -u); do
  go mod edit -replace="$module=$module@v0.${version#*.}"
done
{
  echo 'package tools'
  for command in "${commands[@]}"; do echo "import _ \"k8s.io/kubernetes/cmd/$command\""; done
} >tools.go
go mod tidy -e >&2
mkdir -p "$folder"
flags="-s -w -X k8s.io/component-base/version.gitVersion=v$version"
flags+=" -X k8s.io/component-base/version.gitMajor=${version%%.*}"
minor=${version#*.}
flags+=" -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
for command in "${missing[@]}"; do
  go build -trimpath -ldflags "$flags" -o "$work/$command" "k8s.io/kubernetes/cmd/$command" >&2
  mv "$work/$command" "$folder/$command"
done
echo "$folder"
