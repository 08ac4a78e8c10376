#!/usr/bin/env bash
# Builds the bindings, generates Python, Kotlin and Swift, and lets Python drive the core.
# Arguments go to unittest: run.sh -v test_sync
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
out=$target/bindings

# The programs that stand on the other side.
[ -x "$target/debug/clinic-for-tests" ] && [ -x "$target/debug/clinic-server" ] ||
  cargo build --workspace --bins
cargo build -p companion-ffi --features cli --lib --bins
case $(uname) in
  Darwin) library=libcompanion_ffi.dylib ;;
  *) library=libcompanion_ffi.so ;;
esac

rm -rf "$out"
mkdir -p "$out"
# The generator looks for uniffi.toml by the crate, so it runs in the workspace.
for language in python kotlin swift; do
  "$target/debug/uniffi-bindgen" generate --language "$language" --no-format \
    --out-dir "$out/$language" "$target/debug/$library" >"$out/$language.log" 2>&1 ||
    { cat "$out/$language.log" >&2; exit 1; }
done
"$target/debug/surface" "$target/debug/$library" >"$out/surface.txt"
cp "$target/debug/$library" "$out/python/"

# Kotlin and Swift are not compiled here; that they hold what apps will call is all that is checked.
expect() {
  grep -q -- "$2" "$1" || { echo "$1: expected to find: $2" >&2; exit 1; }
}
kotlin=$out/kotlin/org/companion/core/companion_ffi.kt
expect "$kotlin" '^package org.companion.core$'
expect "$kotlin" 'class PatientCompanion'
expect "$kotlin" 'interface KeyStore'
expect "$kotlin" 'typealias Timestamp = Instant'
expect "$kotlin" 'fun `crisisHelp`('
expect "$kotlin" 'val `note`: kotlin.String?'
swift=$out/swift/CompanionCore.swift
expect "$swift" 'class PatientCompanion'
expect "$swift" 'public protocol KeyStore'
expect "$swift" 'public typealias Timestamp = Date'
expect "$swift" 'func crisisHelp(query: CrisisQuery)'
expect "$swift" 'public let note: String?'
expect "$out/swift/CompanionCoreFFI.h" 'uniffi_companion_ffi_fn_func_crisis_help'

cd tests/bindings
export COMPANION_TEST_CLINIC=$target/debug/clinic-for-tests
export COMPANION_BINDINGS=$out PYTHONPATH=$out/python PYTHONDONTWRITEBYTECODE=1
exec python3 -m unittest "$@"
