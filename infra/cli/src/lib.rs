//! The masa command.
