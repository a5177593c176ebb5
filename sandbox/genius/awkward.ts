/** Rows at the beginning of tables that hold what a legacy database holds, whatever is drawn for the others. */
import { zeroDate } from "./cells.ts";
import type { Row } from "./table.ts";

const zero = `${zeroDate} 00:00:00`;

/** By table: what the first rows have instead of what was drawn. */
export const awkwardRows: Readonly<Record<string, readonly Row[]>> = {
  third_party_source_type: [{ label: "hubspot" }, { label: "salesforce" }, { label: "leap" }],
  third_party_source: [
    { third_party_source_type_id: 1, third_party_id: "51" },
    // Beyond 2^53, and as HubSpot writes it: a text of digits.
    { third_party_source_type_id: 1, third_party_id: "9007199254740993" },
    // Another system's ids, one of them a number as HubSpot's are.
    { third_party_source_type_id: 2, third_party_id: "0035e00000AbCdEAAV" },
    { third_party_source_type_id: 3, third_party_id: "52" },
    { third_party_source_type_id: 1, third_party_id: null },
    { third_party_source_type_id: 1, third_party_id: "" },
    // Its type is not there any more.
    { third_party_source_type_id: 99, third_party_id: "53" },
  ],
  prospect: [
    { third_party_source_id: 1 },
    { third_party_source_id: 2, last_name: "O'Example", notes: "\\'; DROP TABLE prospect; -- “ 😀" },
    { third_party_source_id: 3 },
    { third_party_source_id: 4 },
    { third_party_source_id: 5, email: "", phone1: "", state: "", zip: "" },
    { third_party_source_id: 6, add_date: zero, year_built: 0 },
    { third_party_source_id: 7 },
    { third_party_source_id: null, add_date: null, email: null },
    // Points at nothing.
    { third_party_source_id: 4_000_000_000 },
  ],
  appointment: [
    { third_party_source_id: 1, date: "2025-03-09", time: "00:00:00", duration: "-02:30:00" },
    { third_party_source_id: 3, date: "2025-03-10", time: "23:59:59", duration: "838:59:59" },
    { third_party_source_id: 4, date: zeroDate, time: null, duration: "-838:59:59", complete_date: zero },
    // add_date falls back to the day of the appointment.
    { third_party_source_id: null, date: "2025-03-11", add_date: zero, duration: "00:00:00" },
    { date: null, add_date: zero, duration: null },
  ],
  lead: [
    { updated_at: null, added_on: "2024-05-06 07:08:09" },
    { updated_at: null, added_on: null },
    { updated_at: zero, added_on: "2024-05-06 07:08:10" },
    { lead_cost: 0.1, added_by_latitude: "-89.1234567", added_by_longitude: "-179.1234567" },
    { lead_cost: 1234.5, year_built: "19??", zip: "97201 " },
  ],
  prospect_source: [
    { updated_at: null, add_date: "2024-05-06 07:08:09" },
    { updated_at: zero, add_date: "2024-05-06 07:08:10", source_date: zero },
  ],
  marketing_source_type: [
    { updated_at: null, created_at: "2024-05-06 07:08:09" },
    { updated_at: null, created_at: zero },
  ],
  user_data: [
    { birth_date: zeroDate, hired_on: zero, inactive_on: zero, user_associations_id: 1 },
    { birth_date: "1969-12-31", user_associations_id: null },
    { user_associations_id: 4_000_000_000 },
  ],
  job: [
    { job_value: "999999999.99", contract_amount: "-999999999.99", sales_tax_rate: "99.99999", sold_date: zeroDate },
    { job_value: "0.00", price_level_commission: "-99.9", payment_amount: null, actual_install_date: zero },
  ],
  job_change_order: [
    { total_amount: "-9999999.99", cancel_date: zero, effective_date: zeroDate },
    { total_amount: "9999999.99", number: "" },
  ],
  division_group: [{ paysimple_secret: "never-to-be-read", mes_profile_key: "never-to-be-read" }],
};
