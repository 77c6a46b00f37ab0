//! Send queue: compose, claim, send, record.
