//! The pixel of a mail.
