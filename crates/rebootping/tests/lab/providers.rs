//! Provider options other than `balance`.
