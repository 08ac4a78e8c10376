#!/usr/bin/env bash
# smoke.sh: runs the arm64 library under qemu-user, on this host's C library by a shim.
# Needs qemu-user, libc6-dev-arm64-cross and libgcc-12-dev-arm64-cross. Build the library before.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../common.sh"
linker_names aarch64
out=$cache/smoke
rm -rf "$out"
mkdir -p "$out/vault"

# clang calls the linker by a path of its own; ld.lld is unpacked, not installed.
printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/ld.lld-19" >"$out/lld"
chmod +x "$out/lld"
gcc=/usr/lib/gcc-cross/aarch64-linux-gnu/12
compile=(clang-19 --target=aarch64-linux-gnu -Wall -Wextra "--ld-path=$out/lld"
  -isystem /usr/aarch64-linux-gnu/include -L/usr/aarch64-linux-gnu/lib -B/usr/aarch64-linux-gnu/lib "-L$gcc" "-B$gcc")

"${compile[@]}" -w -shared -fPIC "$here/shim.c" -Wl,-soname,libc.so -Wl,--no-as-needed -lm -o "$out/libc.so"
for library in libm libdl liblog; do
  "${compile[@]}" -shared -fPIC -x c /dev/null "-Wl,-soname,$library.so" -o "$out/$library.so"
done
"${compile[@]}" -D_GNU_SOURCE "$here/run.c" -ldl -o "$out/run"
python3 "$here/patch.py" "$cache/aar/unpacked/jni/$abi/libsqlcipher.so" "$out/libsqlcipher.so"
python3 "$here/patch.py" "$cache/build/aarch64-linux-android/release/libcompanion_ffi.so" "$out/libcompanion_ffi.so"
qemu-aarch64 -L /usr/aarch64-linux-gnu -E "LD_LIBRARY_PATH=$out" "$out/run" libcompanion_ffi.so "$out/vault"
