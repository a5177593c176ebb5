/** Texts of the sandbox beyond names and places: what stands in notes, and what people typed where a number belongs. */

/** Everything that a text column may hold and that something on the way could spoil. */
export const notes = [
  "Please call back after the holidays",
  "Gate code on file; two dogs",
  "Zoë said: “façade first” – 木工 😀",
  'it\'s a \\ backslash, a "quote" and a % sign',
  "'; DROP TABLE prospect; --",
  "line one\nline two\r\n\tand a tab",
  "  blanks around it  ",
  "NULL",
  "{{since}} and ${HOME} are only words",
] as const;

export const labels = [
  "Windows",
  "Doors",
  "Siding",
  "Roof – complete",
  "Dämmung",
  "Gutters & more",
  "Painting",
] as const;

export const phones = [
  (digits: string) => digits,
  (digits: string) => `(${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}`,
  (digits: string) => `${digits.slice(0, 3)}-${digits.slice(3, 6)}-${digits.slice(6)}`,
  (digits: string) => `+1 ${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}`,
] as const;

export const noPhones = ["call after 5", "555-0123", "n/a", "0000000000"] as const;
export const noEmails = ["none", "declined@", "a b@example.com", "@example.com"] as const;
export const noStates = ["XX", "??"] as const;
export const noZips = ["unknown", "123", "9720A"] as const;

/** MySQL's TIME goes from -838:59:59 to 838:59:59. */
export const durations = [
  "01:30:00",
  "02:00:00",
  "00:00:00",
  "-02:30:00",
  "125:30:15",
  "838:59:59",
  "-838:59:59",
] as const;
export const timeZones = ["America/Los_Angeles", "America/New_York", "America/Chicago"] as const;
