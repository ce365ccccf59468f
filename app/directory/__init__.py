"""Who can be found: doctors, specialties, locations, visit types, as the public sees them."""
