//! What every function shares: configuration, clock, SDK set-up, logs, HTTP and batch helpers.
