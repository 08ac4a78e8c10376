//! Which space is which person: the front desk's list of patients.
