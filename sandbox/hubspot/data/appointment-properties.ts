/** The properties of appointments (object type 0-421): those of a real account's warehouse table. */
import { bool, day, id, instant, iso, named, number, phone, pick, text, whole } from "./property.ts";
import type { PropertyKind, RecordContext } from "./property.ts";
import type { Draw } from "./draw.ts";
import { systemProperties } from "./system-properties.ts";
import { campaigns, divisions, firstNames, lastNames, places, services, sources, streets } from "./words.ts";

const hourMs = 3_600_000;

/** City, state and zip of one record agree. */
function place(record: RecordContext): (typeof places)[number] {
  return places[(record.index * 3) % places.length] ?? places[0];
}

function person(draw: Draw): string {
  return `${draw.pick(firstNames)} ${draw.pick(lastNames)}`;
}

/** A whole hour some days after the record was made. */
const start: PropertyKind = {
  type: "datetime",
  share: 0.97,
  make: (draw, record) => iso(Math.ceil(record.createdMs / hourMs) * hourMs + draw.int(1, 20 * 24) * hourMs),
};

const own: Record<string, PropertyKind> = {
  hs_appointment_name: text(0.98, (draw, record) => `${draw.pick(services)} for ${person(draw)} (${record.index})`),
  hs_appointment_start: start,
  hs_appointment_end: {
    type: "datetime",
    share: 0.97,
    make: (draw, record) => {
      // An ugly start may be no instant at all.
      const fromMs = Date.parse(record.value("hs_appointment_start") ?? "") || record.createdMs;
      return iso(fromMs + draw.int(1, 3) * hourMs);
    },
  },
  hs_duration: number(0.6, (draw) => String(draw.int(1, 3) * hourMs)),

  appointment_id: text(0.7, (draw) => draw.digits(7)),
  genius_appointment_id: text(0.7, (draw) => draw.digits(7)),
  marketsharp_id: text(0.2, (draw) => draw.digits(7)),

  first_name: text(0.95, (draw) => draw.pick(firstNames)),
  last_name: text(0.95, (draw) => draw.pick(lastNames)),
  email: text(0.85, (draw, record) => `visit.${record.index}@${draw.pick(["example.com", "example.org"])}`),
  phone1: phone(0.85),
  phone2: phone(0.1),
  address1: text(0.9, (draw) => `${draw.int(1, 9999)} ${draw.pick(streets)}`),
  address2: text(0.05, (draw) => `Unit ${draw.int(1, 80)}`),
  city: text(0.9, (_, record) => place(record)[0]),
  state: text(0.9, (_, record) => place(record)[1]),
  zip: text(0.9, (_, record) => place(record)[2]),

  date: day(0.9, 20),
  time: text(0.9, (draw) => `${String(draw.int(8, 18)).padStart(2, "0")}:${draw.pick(["00", "15", "30", "45"])}:00`),
  duration: number(0.8, (draw) => draw.pick(["60", "90", "120", "90.0"])),
  appointment_status: pick(0.9, ["scheduled", "confirmed", "canceled", "completed", "no_show"]),
  appointment_confirmed: pick(0.6, ["Yes", "No"]),
  appointment_response: pick(0.3, ["accepted", "declined"]),
  is_complete: bool(0.9),
  cancel_reason: text(0.1, (draw) => draw.pick(["rescheduled", "not interested", "weather, again"])),
  div_cancel_reasons: text(0.05, (draw) => draw.pick(["no crew", "out of area"])),
  qc_cancel_reasons: text(0.05, (draw) => draw.pick(["duplicate", "wrong number"])),
  appointment_services: pick(0.7, [...services, "bath;roof"]),
  lead_services: pick(0.4, [...services, "windows;siding;gutters"]),
  product_interest_primary: pick(0.5, services),
  product_interest_secondary: pick(0.2, services),

  user_id: text(0.7, (draw) => draw.digits(5)),
  canvasser: text(0.2, person),
  canvasser_id: text(0.2, (draw) => draw.digits(5)),
  canvasser_email: text(0.2, (draw) => `canvasser${draw.int(1, 40)}@example.com`),
  hubspot_owner_id: id(0.5, 9),
  hubspot_owner_assigneddate: instant(0.5),
  hubspot_team_id: id(0.2, 6),
  division_id: text(0.8, (draw) => draw.digits(2)),
  division: pick(0.8, divisions),
  primary_source: text(0.7, (draw) => draw.pick(sources)),
  secondary_source: text(0.4, (draw) => draw.pick(campaigns)),
  prospect_id: text(0.7, (draw) => draw.digits(8)),
  prospect_source_id: text(0.5, (draw) => draw.digits(8)),
  hscontact_id: text(0.6, (draw) => draw.digits(11)),
  sourcefield: text(0.1, (draw) => draw.pick(sources)),
  type_id: whole(0.9, 1, 9),
  type_id_text: text(0.9, (draw) => draw.pick(["Estimate", "Follow-up", "Measure"])),
  marketsharp_appt_type: text(0.1, (draw) => draw.pick(["Sales", "Service"])),

  complete_date: instant(0.4),
  complete_outcome_id: whole(0.4, 1, 30),
  complete_outcome_id_text: text(0.4, (draw) => draw.pick(["Sold", "Demo, not sold", "No demo"])),
  complete_user_id: whole(0.4, 1, 9999),
  confirm_date: instant(0.6),
  confirm_user_id: whole(0.6, 1, 9999),
  confirm_with: text(0.3, (draw) => draw.pick(firstNames)),
  assign_date: instant(0.7),
  add_date: instant(0.9),
  add_user_id: whole(0.9, 1, 9999),

  arrivy_appt_date: instant(0.4),
  arrivy_confirm_date: instant(0.2),
  arrivy_confirm_user: text(0.2, person),
  arrivy_created_by: text(0.4, person),
  arrivy_details: text(0.1, (draw) => `Gate code ${draw.digits(4)}\nsecond door`),
  arrivy_notes: text(0.1, (draw) => `Wants ${draw.pick(services)}`),
  arrivy_object_id: text(0.4, (draw) => draw.digits(16)),
  arrivy_result_full_string: text(
    0.2,
    (draw) => `{"result":"${draw.pick(["sold", "no show"])}","n":${draw.int(1, 9)}}`,
  ),
  arrivy_salesrep_first_name: text(0.4, (draw) => draw.pick(firstNames)),
  arrivy_salesrep_last_name: text(0.4, (draw) => draw.pick(lastNames)),
  arrivy_status: text(0.4, (draw) => draw.pick(["NOT_STARTED", "STARTED", "COMPLETE", "CANCELLED"])),
  arrivy_status_title: text(0.4, (draw) => draw.pick(["Not started", "On site", "Complete"])),
  arrivy_user: text(0.4, (draw) => draw.digits(16)),
  // Spelt so in the account.
  arrivy_user_divison_id: text(0.3, (draw) => draw.digits(2)),
  arrivy_user_external_id: text(0.3, (draw) => draw.digits(5)),
  arrivy_username: text(0.4, (draw) => `rep${draw.int(1, 60)}@example.com`),

  salespro_both_homeowners: pick(0.3, ["Yes", "No", "N/A"]),
  salespro_consider_solar: pick(0.2, ["Yes", "No"]),
  salespro_customer_id: text(0.3, (draw) => `c-${draw.digits(10)}`),
  salespro_deadline: text(0.1, (draw) => draw.pick(["ASAP", "spring", "none"])),
  salespro_deposit_type: pick(0.1, ["Check", "Credit card"]),
  salespro_estimate_id: text(0.3, (draw) => `e-${draw.digits(10)}`),
  salespro_fileurl_contract: text(0.1, (draw) => `https://files.example.com/contract/${draw.digits(12)}.pdf`),
  salespro_fileurl_estimate: text(0.2, (draw) => `https://files.example.com/estimate/${draw.digits(12)}.pdf`),
  salespro_financing: text(0.1, (draw) => `${draw.int(6, 120)} months at ${draw.int(0, 19)}.9%`),
  salespro_job_size: text(0.2, (draw) => `$${draw.int(1, 40)},${draw.digits(3)}.00`),
  salespro_job_type: pick(0.3, services),
  salespro_last_price_offered: text(0.2, (draw) => `$${draw.int(1, 40)},${draw.digits(3)}`),
  salespro_notes: text(0.2, (draw) => `Spoke with ${draw.pick(firstNames)}; "call back"`),
  salespro_one_year_price: text(0.2, (draw) => draw.digits(5)),
  salespro_preferred_payment: pick(0.1, ["Cash", "Finance"]),
  salespro_requested_start: text(0.1, (draw) => draw.pick(["May", "next month"])),
  salespro_result: pick(0.3, ["Sale", "Demo not sold", "No demo"]),
  salespro_result_notes: text(0.2, (draw) => `${draw.pick(services)} first`),
  salespro_result_reason_demo: text(0.1, (draw) => draw.pick(["price", "thinking it over"])),
  salespro_result_reason_no_demo: text(0.1, (draw) => draw.pick(["not home", "one leg"])),

  notes: text(0.3, (draw) => `Asked about ${draw.pick(services)}.`),
  log: text(0.1, (draw) => `2025-01-01 created\n2025-01-02 by ${draw.pick(firstNames)}`),
  title: text(0.3, (draw) => `${draw.pick(services)} estimate`),
  marketing_task_id: whole(0.2, 1, 99_999),
  leap_estimate_id: text(0.1, (draw) => draw.digits(9)),
  spouses_present: whole(0.5, 0, 1),
  year_built: whole(0.2, 1890, 2022),
  error_details: text(0.03, (draw) => `{"code":${draw.int(400, 599)}}`),
  tester_test: text(0.02, () => "test"),
  created_by_make: pick(0.3, ["true", "false"]),
  f9_tfuid: text(0.05, (draw) => draw.digits(18)),
  set_date: day(0.6, 3),
  genius_quote_id: text(0.2, (draw) => draw.digits(7)),
  genius_prospect_id: text(0.4, (draw) => draw.digits(8)),
  genius_quote_response: text(0.1, (draw) => `{"quote":${draw.digits(7)}}`),
  genius_quote_response_status: text(0.1, (draw) => draw.pick(["200", "422"])),
  genius_response: text(0.3, (draw) => `{"ok":true,"id":${draw.digits(7)}}`),
  genius_response_status: text(0.3, (draw) => draw.pick(["200", "201", "500"])),
  genius_resubmit: pick(0.05, ["true", "false"]),
};

/** Every property of an appointment, in the order in which `GET /crm/v3/properties/0-421` lists them. */
export const appointmentProperties = named({ ...systemProperties, ...own });
