/**
 * The ugly ones: what real accounts hold and neat test data does not. Each kind stands at a fixed place of every
 * block of 500 records, so that 25 records have them all, and 30,000 have sixty of each.
 */

/** Properties of an ugly record that are not as generated; undefined means unset, `""` cleared by somebody. */
export type Ugliness = Readonly<Record<string, string | undefined>>;

/** How many records one round of ugly places takes. */
export const uglyEvery = 500;

/** One kind of ugly record: its place in the block, a name for tests and people, and what is odd. */
export interface UglyRecord {
  place: number;
  name: string;
  values: Ugliness;
}

const nobody: Ugliness = {
  firstname: undefined,
  lastname: undefined,
  email: undefined,
  phone: undefined,
  mobilephone: undefined,
};

/** Contacts, by their place in the block. */
export const uglyContacts: readonly UglyRecord[] = [
  { place: 1, name: "no e-mail", values: { email: undefined, hs_email_domain: undefined } },
  { place: 2, name: "e-mail cleared", values: { email: "", hs_email_domain: "" } },
  {
    place: 3,
    name: "the word null as e-mail",
    values: { email: "null", hs_email_domain: undefined },
  },
  { place: 4, name: "a phone that is none", values: { phone: "call me" } },
  {
    place: 5,
    name: "e-mail with capitals and blanks",
    values: { email: "  Ada.CAPITAL@Example.COM " },
  },
  { place: 6, name: "4-byte characters", values: { lastname: "Sample 🏠👩‍👧", comments: "𝔟𝔞𝔱𝔥 😀" } },
  {
    place: 7,
    name: "19-digit ids in properties",
    values: {
      lead_contact: "9007199254740993123",
      prospect_id: "9007199254740993124",
      lead_salesrabbit_lead_id_new: "1234567890123456789",
    },
  },
  {
    place: 8,
    name: "more digits than a double holds",
    values: {
      price: "1234567890123.45",
      total_revenue: "9007199254740993.01",
      lead_cost: "0.12345678901234567890",
    },
  },
  {
    place: 9,
    name: "everything cleared",
    values: {
      firstname: "",
      lastname: "",
      phone: "",
      city: "",
      price: "",
      prospect_id: "",
      lead_viewed_on: "",
      hs_is_unworked: "",
    },
  },
  { place: 10, name: "nobody", values: nobody },
  { place: 11, name: "a list in a number", values: { lead_type1: "1;4", lead_status: "3;17" } },
  {
    place: 12,
    name: "instants as milliseconds",
    values: {
      lead_viewed_on: "1735689600000",
      hs_analytics_first_timestamp: "1735689600000.0",
      hs_latest_source_timestamp: "1735689600123",
    },
  },
  {
    place: 13,
    name: "control characters and quotes",
    values: { comments: 'line one\nline "two"\t\\N\r\n,;\'--', lead_notes: "a\u0001b\u2028c" },
  },
  {
    place: 14,
    name: "zip codes that are none",
    values: { zip: "2134", lead_zip: "N/A", state: "Mass." },
  },
  { place: 15, name: "an e-mail that is none", values: { email: "ada@@example..com" } },
  {
    place: 16,
    name: "a phone with an extension",
    values: { phone: "+1 (617) 555-0123 ext. 9", mobilephone: "555-0199" },
  },
  { place: 17, name: "the longest text", values: { comments: "0123456789abcdef".repeat(4096) } },
  {
    place: 18,
    name: "before 1970 and far away",
    values: {
      original_lead_source_created: "1969-07-20T20:17:40.000Z",
      lead_do_not_call_before: "9999-12-31T23:59:59.999Z",
    },
  },
  {
    place: 19,
    name: "numbers that are texts",
    values: {
      reference_code: "000123",
      prospect_marketsharp_id: "00123",
      lead_copied_from_on: "1e5",
    },
  },
  {
    place: 20,
    name: "whole numbers with decimals",
    values: { hs_analytics_num_visits: "12.0", lead_rating: "5.00", num_notes: "3.5" },
  },
];

/** Deals, by their place in the block. */
export const uglyDeals: readonly UglyRecord[] = [
  { place: 1, name: "no amount", values: { amount: undefined, closedate: undefined } },
  { place: 2, name: "amount cleared", values: { amount: "", closedate: "" } },
  { place: 3, name: "more digits than a double holds", values: { amount: "1234567890123.45" } },
  { place: 4, name: "an amount with many decimals", values: { amount: "199.999999999999999999" } },
  { place: 5, name: "closedate as milliseconds", values: { closedate: "1735689600000" } },
  { place: 6, name: "4-byte characters", values: { dealname: "🏠 Sample, bath & roof 🛁" } },
  { place: 7, name: "an amount below zero", values: { amount: "-250.00" } },
  { place: 8, name: "an amount in scientific notation", values: { amount: "1.0E7" } },
  { place: 9, name: "line breaks", values: { description: "first\r\nsecond\n\tthird" } },
];
