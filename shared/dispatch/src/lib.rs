//! What a decision asks for: the send queue, the wake queue and schedules.
