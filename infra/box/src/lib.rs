//! AWS in one process, for development and tests.
