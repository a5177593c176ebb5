/** The ugly appointments, divisions and genius users; contacts and deals are in ugly.ts. */
import type { UglyRecord } from "./ugly.ts";

export const uglyAppointments: readonly UglyRecord[] = [
  {
    place: 1,
    name: "nothing but a name",
    values: {
      hs_appointment_start: undefined,
      hs_appointment_end: undefined,
      date: undefined,
      time: undefined,
      is_complete: undefined,
      email: undefined,
    },
  },
  {
    place: 2,
    name: "everything cleared",
    values: { hs_appointment_name: "", hs_appointment_start: "", date: "", time: "", is_complete: "", duration: "" },
  },
  {
    place: 3,
    name: "instants as milliseconds, days as midnights",
    values: {
      hs_appointment_start: "1735689600000",
      hs_appointment_end: "1735693200000.0",
      date: "1735689600000",
      set_date: "1735689600000",
    },
  },
  { place: 4, name: "times as people write them", values: { time: "2:30 PM" } },
  { place: 5, name: "a time without seconds", values: { time: "14:30" } },
  { place: 6, name: "booleans that are numbers", values: { is_complete: "1", hs_read_only: "0" } },
  { place: 7, name: "the word null as e-mail", values: { email: "null", canvasser_email: "null" } },
  { place: 8, name: "4-byte characters", values: { last_name: "Sample 🏠👩‍👧", notes: "𝔟𝔞𝔱𝔥 😀" } },
  {
    place: 9,
    name: "ids longer than a double",
    values: { arrivy_object_id: "9007199254740993123", hscontact_id: "9007199254740993124" },
  },
  { place: 10, name: "a list in a number", values: { complete_outcome_id: "3;17", type_id: "1;4" } },
  {
    place: 11,
    name: "JSON that is cut",
    values: { genius_response: '{"ok":tru', arrivy_result_full_string: '{"result":' },
  },
  {
    place: 12,
    name: "control characters and quotes",
    values: { notes: 'line one\nline "two"\t\\N\r\n,;\'--', log: "a\u0001b\u2028c" },
  },
  { place: 13, name: "it ends before it begins", values: { hs_appointment_end: "2024-12-31T00:00:00.000Z" } },
  { place: 14, name: "links that are none", values: { salespro_fileurl_contract: "n/a" } },
  { place: 15, name: "the longest text", values: { log: "0123456789abcdef".repeat(4096) } },
];

export const uglyDivisions: readonly UglyRecord[] = [
  { place: 1, name: "no code, no manager", values: { division_code: undefined, manager_name: undefined } },
  { place: 2, name: "cleared", values: { region: "", phone: "", zip: "", manager_email: "" } },
  { place: 3, name: "the word null as e-mail", values: { manager_email: "null" } },
  { place: 4, name: "4-byte characters", values: { division_label: "Süd 🏠, “Bath & Roof”" } },
  { place: 5, name: "lists of one and of many", values: { hs_all_owner_ids: "1", hs_all_team_ids: "1;2;;3;" } },
];

export const uglyGeniusUsers: readonly UglyRecord[] = [
  { place: 1, name: "no e-mail", values: { email: undefined, title_id: undefined } },
  { place: 2, name: "cleared", values: { email: "", division_id: "", job_title: "" } },
  { place: 3, name: "a status in other words", values: { user_status_inactive: "Yes" } },
  { place: 4, name: "a status in numbers", values: { user_status_inactive: "0" } },
  { place: 5, name: "an id with leading zeros", values: { user_id: "000123", arrivy_user_id: "9007199254740993123" } },
];
