//! What stands on the paper: 24 words, or a QR code.

use clinic_api::id::MemberId;

use crate::problem::{Kind, Problem};
use crate::space::invite::{scanned_server, server_part};
use crate::space::keys::{KitSecret, Seed};
use crate::space::words24::{self, Words, WordsError};

/// A kit's secret as it was read from paper. Has no `Debug`: it is the secret.
#[derive(Clone)]
pub struct KitCode {
    secret: Seed,
    server: Option<String>,
}

/// Why what was typed or scanned is no kit's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KitCodeError {
    /// The words: which one to look at.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// A QR code of something else, or damaged.
    #[error("not the QR code of a recovery kit")]
    NotOurs,
}

const MARK: &str = "PK1:";

impl KitCode {
    pub(crate) fn new(secret: Seed, server: Option<String>) -> Self {
        Self { secret, server }
    }

    /// What was typed (24 words, in any case, the first four letters of each are enough) or
    /// scanned.
    ///
    /// # Errors
    /// [`KitCodeError`]: look once more at the paper. Names a word's place, never the word.
    pub fn parse(text: &str) -> Result<Self, KitCodeError> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix(MARK) else {
            return Ok(Self::new(words24::parse(text)?, None));
        };
        let (secret, server) = rest.split_once(':').ok_or(KitCodeError::NotOurs)?;
        let bytes = data_encoding::BASE32_NOPAD
            .decode(secret.as_bytes())
            .map_err(|_| KitCodeError::NotOurs)?;
        let bytes = zeroize::Zeroizing::new(bytes);
        let secret = Seed::try_from(bytes.as_slice()).map_err(|_| KitCodeError::NotOurs)?;
        let server = scanned_server(server).ok_or(KitCodeError::NotOurs)?;
        Ok(Self::new(secret, Some(server)))
    }

    /// The words, in their order.
    pub fn words(&self) -> Words {
        Words::of(&self.secret)
    }

    /// What the QR code holds: the secret and where the clinic API is.
    pub fn qr(&self) -> String {
        let secret = data_encoding::BASE32_NOPAD.encode(self.secret.expose());
        let server = self.server.as_deref().unwrap_or_default();
        format!("{MARK}{secret}:{}", server_part(server)).to_uppercase()
    }

    /// The clinic API's address, where it was scanned.
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Whose kit it is in a chain; none for words that make no key.
    pub fn id(&self) -> Option<MemberId> {
        KitSecret::new(&self.secret).ok().map(|kit| kit.keys().id())
    }

    pub(crate) fn secret(&self) -> &Seed {
        &self.secret
    }
}

impl From<KitCodeError> for Problem {
    fn from(error: KitCodeError) -> Self {
        match error {
            KitCodeError::Words(WordsError::Count { found }) => Self::new(
                Kind::Input,
                "kit-count",
                format!("A recovery kit has 24 words, and these are {found}."),
            ),
            KitCodeError::Words(WordsError::Unknown { position }) => Self::new(
                Kind::Input,
                "kit-word",
                format!("Word {position} can't be right. Look at it once more."),
            ),
            KitCodeError::Words(WordsError::Checksum) => Self::new(
                Kind::Input,
                "kit-checksum",
                "One of the words is wrong, or two changed places. Look at them once more.",
            ),
            KitCodeError::NotOurs => Self::new(
                Kind::Input,
                "kit-shape",
                "That isn't the code of a recovery kit. Scan it once more, or type the 24 words.",
            ),
        }
    }
}
