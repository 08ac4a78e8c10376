//! How a request is carried: signatures (RFC 9421), digests (RFC 9530), problems (RFC 9457).
