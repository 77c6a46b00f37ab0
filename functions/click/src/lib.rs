//! Followed links of a mail.
