//! Why a signature is refused.

use thiserror::Error;

use crate::http::problem::Code;
use crate::http::request::PartsError;

/// Why a signature is refused. No variant holds anything of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// `Signature-Input` or `Signature` is not there.
    #[error("the request is not signed")]
    Missing,
    /// One of the two fields is on more than one line.
    #[error("a signature field is given more than once")]
    RepeatedField,
    /// One of the two fields is longer than any that could be right.
    #[error("a signature field is too long")]
    TooLong,
    /// One of the two fields is no dictionary of structured fields (RFC 9651).
    #[error("a signature field is not a structured field")]
    NotStructured,
    /// There is not exactly one label, `sig`.
    #[error("the signature fields must have the one label sig")]
    Label,
    /// `Signature-Input` is no list of components.
    #[error("the signature input is not a list of components")]
    NotComponents,
    /// The covered components are others, more, fewer or in another order.
    #[error("the covered components are not those of the profile, in its order")]
    Components,
    /// There is a parameter that the profile does not have.
    #[error("the signature has a parameter that is not in the profile")]
    UnknownParameter,
    /// One of the four parameters is not there.
    #[error("a parameter of the signature is missing")]
    MissingParameter,
    /// The parameters are in another order.
    #[error("the parameters of the signature are in another order")]
    ParameterOrder,
    /// A parameter is no integer or string where it must be.
    #[error("a parameter of the signature has the wrong type")]
    ParameterType,
    /// `keyid` is not 64 lower-case hexadecimal digits.
    #[error("the key id is not 64 lower-case hexadecimal digits")]
    KeyId,
    /// `alg` is another one.
    #[error("the algorithm of the signature is not ed25519")]
    Algorithm,
    /// `tag` is another one: the signature was made for something else.
    #[error("the signature was made for another application")]
    Tag,
    /// `Signature` is no sequence of bytes.
    #[error("the signature is not a sequence of bytes")]
    NotBytes,
    /// The signature itself has parameters.
    #[error("the signature has parameters of its own")]
    SignatureParameters,
    /// The signature is not 64 bytes.
    #[error("the signature is not 64 bytes")]
    SignatureLength,
    /// All values are right, but one is repeated or spelled in another way.
    #[error("a signature field is not in its one form")]
    NotExact,
    /// The time of signing has more than 15 digits.
    #[error("the time of signing is out of range")]
    CreatedOutOfRange,
    /// The request itself can't be signed.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// Signed too long ago, or in the future: sign again by the server's time.
    #[error("the request was signed at another time")]
    Stale,
    /// Another request, or another key.
    #[error("the signature does not fit the request and the key")]
    Invalid,
}

impl SignatureError {
    /// The code with which a server refuses the request. With
    /// [`Code::SignatureStale`] it sends its time.
    pub fn code(self) -> Code {
        match self {
            Self::Missing => Code::SignatureMissing,
            Self::Stale => Code::SignatureStale,
            Self::Invalid => Code::SignatureInvalid,
            Self::Parts(parts) => parts.code(),
            Self::RepeatedField
            | Self::TooLong
            | Self::NotStructured
            | Self::Label
            | Self::NotComponents
            | Self::Components
            | Self::UnknownParameter
            | Self::MissingParameter
            | Self::ParameterOrder
            | Self::ParameterType
            | Self::KeyId
            | Self::Algorithm
            | Self::Tag
            | Self::NotBytes
            | Self::SignatureParameters
            | Self::SignatureLength
            | Self::NotExact
            | Self::CreatedOutOfRange => Code::SignatureMalformed,
        }
    }
}
