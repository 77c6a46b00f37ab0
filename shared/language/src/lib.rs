//! Journeys as people write them: reading, checking, flattening.
