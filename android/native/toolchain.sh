#!/usr/bin/env bash
# Fetches, once, what a build needs: Debian's Rust for other targets, and SQLCipher's AAR.
# Needs Debian 12, clang-19, llvm-19, Maven and unzip.
set -euo pipefail
source "$(dirname "$0")/common.sh"

for tool in clang-19 llvm-ar-19 mvn unzip dpkg; do
  command -v "$tool" >/dev/null || { echo "missing: $tool (see README.md)" >&2; exit 1; }
done

if [ ! -d "$root" ]; then
  mkdir -p "$cache/debs"
  # apt-get download leaves files that are there already as they are.
  (cd "$cache/debs" && apt-get -qq download \
    rustc-web cargo-web rust-web-src libstd-rust-web-1.96 libstd-rust-web-dev lld-19 libllvm19 libllvm22 \
    libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedtls14 libmbedx509-1)
  rm -rf "$root.new"
  for deb in "$cache"/debs/*.deb; do dpkg -x "$deb" "$root.new"; done
  mv -T "$root.new" "$root"
fi

aar=$cache/aar/sqlcipher-android-$sqlcipher.aar
if [ ! -d "$cache/aar/unpacked" ]; then
  mkdir -p "$cache/aar"
  mvn -B -ntp -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    "-Dartifact=net.zetetic:sqlcipher-android:$sqlcipher:aar" "-DoutputDirectory=$cache/aar"
  echo "$sqlcipher_sha256  $aar" | sha256sum --check --quiet
  rm -rf "$cache/aar/unpacked.new"
  unzip -q "$aar" -d "$cache/aar/unpacked.new"
  mv -T "$cache/aar/unpacked.new" "$cache/aar/unpacked"
fi
