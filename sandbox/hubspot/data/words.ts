/** What synthetic people, places and campaigns are called: nobody here exists. */

export const firstNames = [
  "Alfa",
  "Bravo",
  "Casey",
  "Delta",
  "Echo",
  "Foxtrot",
  "Golf",
  "Hotel",
  "India",
  "Juliett",
  "Kilo",
  "Lima",
  "Mike",
  "Zoë",
  "Øystein",
  "李",
] as const;

export const lastNames = [
  "Example",
  "Sample",
  "Specimen",
  "Placeholder",
  "Fixture",
  "Testcase",
  "Mockup",
  "O'Example",
  "Núñez-Sample",
  "van der Test",
] as const;

/** City, state, zip: they go together. Zip codes of real cities, for the validators' sake. */
export const places = [
  ["Springfield", "IL", "62701"],
  ["Boston", "MA", "02108"],
  ["Columbus", "OH", "43215"],
  ["Portland", "OR", "97201"],
  ["Austin", "TX", "78701"],
  ["Newark", "NJ", "07102"],
  ["Denver", "CO", "80202"],
  ["Tampa", "FL", "33602-1234"],
] as const;

export const streets = ["Sample Street", "Example Avenue", "Test Lane", "Placeholder Road", "Fixture Court"] as const;

export const divisions = ["North", "South", "East", "West", "Central"] as const;

export const campaigns = ["spring-windows", "bath-remodel", "brand terms", "door_hangers 2025", "radio (AM)"] as const;

export const services = ["bath", "roof", "windows", "gutters", "siding"] as const;

export const sources = [
  "ORGANIC_SEARCH",
  "PAID_SEARCH",
  "DIRECT_TRAFFIC",
  "OFFLINE",
  "REFERRALS",
  "PAID_SOCIAL",
] as const;
