//! Seeded links, targets and faults in virtual time around the real core.
