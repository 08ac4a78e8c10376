//! The page that a person prints, as data.

use super::KitCode;

/// All that stands on the paper. Has no `Debug`: it holds the secret.
#[derive(Clone)]
pub struct KitPage {
    /// The words and the QR code.
    pub code: KitCode,
    /// The clinic's name, as its roster says.
    pub clinic: String,
    /// The clinic API's address, which is typed where the code can't be scanned.
    pub server: String,
    /// When the kit was made, in milliseconds since 1970.
    pub made_ms: i64,
}

impl KitPage {
    /// Its heading.
    pub const TITLE: &'static str = "Your recovery kit";

    /// What it is, where to keep it and what it can't do, a paragraph each.
    pub const TEXT: [&'static str; 6] = [
        "With these 24 words you get your journal back if your phone is lost, broken or stolen. \
         Nobody else has them: not the clinic, and not whoever made this app.",
        "Keep this page where you keep your passport. Don't photograph it, and don't type it \
         anywhere but into this app. Whoever has it can read your journal.",
        "To use it: on a new device, tell this app that you have a recovery kit, and scan the code \
         or type the words. You need the internet for it, and nothing else.",
        "It brings back what had reached the clinic's server, where it is kept so that only your \
         devices and this kit can open it. What a lost phone had not sent yet, it can't bring back.",
        "If you lose this page, nothing happens to your journal. Make a new one in the app, and \
         this one stops working.",
        "If you lose all your devices and this page, what you kept private is gone for good: nobody \
         can open it. The clinic still has what you shared, and can invite you again.",
    ];
}
