# Sourced by the other scripts: where things are.
native=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
workspace=$(cd "$native/../.." && pwd)
# Downloads, the toolchain and what is built: about 3 GB.
export ANDROID_NATIVE_CACHE=${ANDROID_NATIVE_CACHE:-$workspace/target/android}
cache=$ANDROID_NATIVE_CACHE
# Debian's rustc, cargo and ld.lld, unpacked and not installed.
root=$cache/root
sqlcipher=4.16.0
sqlcipher_sha256=670088f2c14a16308e43108f261b9f012381f88fff27d4a296d3c01cc9cdabeb

# The architecture as the linker and as an APK name it: linker_names aarch64
linker_names() {
  case $1 in
    aarch64) emulation=aarch64linux abi=arm64-v8a ;;
    x86_64) emulation=elf_x86_64 abi=x86_64 ;;
    *) echo "unknown architecture: $1" >&2; return 1 ;;
  esac
}
