//! The use cases: advance a contact's journeys by a stimulus.
