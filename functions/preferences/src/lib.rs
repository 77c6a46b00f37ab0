//! Unsubscribe page and one-click unsubscribe.
