#!/usr/bin/env bash
# build.sh aarch64|x86_64 [cargo arguments]: the core's library for Android, unstripped, as
# $ANDROID_NATIVE_CACHE/build/ARCH-linux-android/release/libcompanion_ffi.so.
set -euo pipefail
source "$(dirname "$0")/common.sh"
arch=$1
shift
linker_names "$arch"
target=$arch-linux-android
lower=${target//-/_}
upper=${lower^^}

"$native/toolchain.sh"
[ "$cache/stubs/$emulation/libc.so" -nt "$native/allow.txt" ] || "$native/mkstubs.sh" "$arch"

export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu PATH=$root/usr/bin:$PATH
# -Z build-std: Debian ships no standard library for Android, but its source.
export RUSTC=$root/usr/bin/rustc RUSTC_BOOTSTRAP=1
unset RUSTC_WRAPPER RUSTFLAGS RUSTUP_TOOLCHAIN
# ring's C needs no C library; without one's headers it can't come to.
export "CC_$lower=clang-19" "AR_$lower=llvm-ar-19"
export "CFLAGS_$lower=--target=${target}28 -nostdlibinc -DRING_CORE_NOSTDLIBINC=1 -D__MM_MALLOC_H -fPIC"
# SQLCipher comes ready-made: nothing of it is compiled, and its headers aren't read.
export SQLCIPHER_LIB_DIR=$cache/aar/unpacked/jni/$abi SQLCIPHER_INCLUDE_DIR=$cache/aar SQLCIPHER_STATIC=0
export ANDROID_LINKER_EMULATION=$emulation
export "CARGO_TARGET_${upper}_LINKER=$native/acc" "CARGO_TARGET_${upper}_RUSTFLAGS=-C linker-flavor=gcc"
# The bindings' generator reads the symbols; an APK gets a stripped copy.
export CARGO_PROFILE_RELEASE_STRIP=none CARGO_TARGET_DIR=$cache/build CARGO_INCREMENTAL=0

cd "$workspace"
exec "$root/usr/bin/cargo" build --release --locked -Z build-std=std,panic_unwind \
  --target "$target" -p companion-ffi --lib "$@"
