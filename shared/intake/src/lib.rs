//! The doors: verify what comes in and turn it into facts.
