//! Hook of named events.
