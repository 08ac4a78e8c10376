//! What the care team does with what patients share: reviews, and the trace that reading leaves.
