#!/usr/bin/env bash
# mkstubs.sh ARCH: link-time stand-ins for bionic's libraries, with the symbols of allow.txt and no
# others, so that a new need of the C library fails the link until somebody has looked at it.
set -euo pipefail
source "$(dirname "$0")/common.sh"
linker_names "$1"
export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu

stubs=$cache/stubs/$emulation
target=--target=$1-linux-android28
rm -rf "$stubs"
mkdir -p "$stubs"
sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\).*/void \1(void){}/p' "$native/allow.txt" |
  clang-19 "$target" -w -ffreestanding -fno-builtin -fPIC -O1 -c -x c - -o "$stubs/c.o"
echo | clang-19 "$target" -fPIC -c -x c - -o "$stubs/empty.o"
for library in c:c m:empty dl:empty log:empty; do
  name=lib${library%%:*}.so
  "$root/usr/bin/ld.lld-19" -m "$emulation" -shared -soname "$name" -o "$stubs/$name" "$stubs/${library##*:}.o"
done
# The crate `unwinding` takes the place of both.
for archive in unwind gcc; do llvm-ar-19 rc "$stubs/lib$archive.a"; done
