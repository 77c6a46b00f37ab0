//! Due waits: the scheduled condition check.
