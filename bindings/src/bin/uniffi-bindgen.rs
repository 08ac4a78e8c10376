//! The generator, of the same version as the runtime in the library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
