/**
 * The properties of contacts: those of a real account's warehouse table, and a few standard ones beside them.
 * `hs_object_id`, `createdate` and `lastmodifieddate` belong to the store; they stand here for their types.
 */
import type { Draw } from "./draw.ts";
import { named, bool, id, instant, money, number, phone, pick, text, whole } from "./property.ts";
import type { PropertyKind, RecordContext } from "./property.ts";
import { campaigns, divisions, firstNames, lastNames, places, services, sources, streets } from "./words.ts";

/** The place is drawn from the index, so that city, state and zip of one record agree. */
function place(record: RecordContext): (typeof places)[number] {
  return places[record.index % places.length] ?? places[0];
}

function street(draw: Draw): string {
  return `${draw.int(1, 9999)} ${draw.pick(streets)}`;
}

function email(draw: Draw, record: RecordContext): string {
  const plain = (name: string) =>
    name
      .normalize("NFD")
      .replaceAll(/[^A-Za-z]/g, "")
      .toLowerCase() || "person";
  const name = `${plain(record.value("firstname") ?? "")}.${plain(record.value("lastname") ?? "")}`;
  return `${name}.${record.index}@${draw.pick(["example.com", "example.org", "mail.example.com"])}`;
}

/** Several options of a multiple-choice property, joined as HubSpot joins them. */
function several(draw: Draw, list: readonly string[]): string {
  const first = draw.int(0, list.length - 1);
  return list.slice(first, first + draw.int(1, 3)).join(";");
}

const unset = text(0, () => "");

const table: Record<string, PropertyKind> = {
  hs_object_id: { ...unset, type: "number" },
  createdate: { ...unset, type: "datetime" },
  lastmodifieddate: { ...unset, type: "datetime" },

  address: text(0.75, street),
  address_url: text(0.05, (draw) => `https://maps.example.com/?q=${draw.digits(6)}`),
  adgroupid: text(0.1, (draw) => draw.digits(11)),
  ap_leadid: text(0.1, (draw) => draw.digits(8)),
  campaign_content: text(0.1, (draw) => `${draw.pick(campaigns)}/v${draw.int(1, 9)}`),
  campaign_name: text(0.35, (draw) => draw.pick(campaigns)),
  canvasser: text(0.1, (draw) => `${draw.pick(firstNames)} ${draw.pick(lastNames)}`),
  canvasser_email: text(0.1, (draw) => `canvasser${draw.int(1, 40)}@example.com`),
  canvasser_id: text(0.1, (draw) => draw.digits(5)),
  city: text(0.75, (_, record) => place(record)[0]),
  clickcheck: text(0.03, (draw) => draw.digits(10)),
  clicktype: text(0.03, (draw) => draw.pick(["headline", "sitelink"])),
  comments: text(0.12, (draw) => `Asked about ${draw.pick(services)}; call after ${draw.int(1, 6)} pm.`),
  company: text(0.08, (draw) => `${draw.pick(lastNames)} & Sons`),
  contact_id: id(0.1, 9),
  contact_type: pick(0.3, ["lead", "customer", "vendor"]),
  country: text(0.4, () => "United States"),
  currentlyinworkflow: pick(0.2, ["true", "false"]),
  dedupe_record_id: text(0.02, (draw) => draw.digits(12)),
  division: pick(0.6, divisions),
  division_id: id(0.4, 5),
  email: text(0.92, email),
  firstname: text(0.97, (draw) => draw.pick(firstNames)),
  hatch_id: text(0.04, (draw) => `hatch_${draw.digits(10)}`),
  hge_primary_source: text(0.15, (draw) => draw.pick(sources)),
  hge_secondary_source: text(0.1, (draw) => draw.pick(campaigns)),
  hs_analytics_average_page_views: whole(0.6, 0, 12),
  hs_analytics_first_timestamp: instant(0.6),
  hs_analytics_num_event_completions: whole(0.6, 0, 3),
  hs_analytics_num_page_views: whole(0.6, 0, 60),
  hs_analytics_num_visits: whole(0.6, 0, 20),
  hs_analytics_revenue: number(0.6, (draw) => draw.pick(["0.0", "0", "1250.0", "99.95"])),
  hs_analytics_source: pick(0.85, sources),
  hs_analytics_source_data_1: text(0.6, (draw) => draw.pick(["INTEGRATION", "CRM_UI", "google", "example.org"])),
  hs_analytics_source_data_2: text(0.5, (draw) => draw.digits(7)),
  hs_created_by_user_id: id(0.3, 8),
  hs_currently_enrolled_in_prospecting_agent: bool(0.3),
  hs_email_domain: text(0.9, (_, record) => record.value("email")?.split("@")[1] ?? "example.com"),
  hs_email_optout: bool(0.2),
  hs_google_click_id: text(0.1, (draw) => `Cj0KCQ${draw.digits(20)}`),
  hs_is_unworked: bool(0.8),
  hs_latest_source: pick(0.85, sources),
  hs_latest_source_data_1: text(0.6, (draw) => draw.pick(["INTEGRATION", "CRM_UI", "google"])),
  hs_latest_source_data_2: text(0.5, (draw) => draw.digits(7)),
  hs_latest_source_timestamp: instant(0.85),
  hs_lead_status: pick(0.4, ["NEW", "OPEN", "IN_PROGRESS", "UNQUALIFIED"]),
  hs_marketable_status: pick(0.9, ["true", "false"]),
  hs_marketable_until_renewal: pick(0.9, ["true", "false"]),
  hs_membership_has_accessed_private_content: whole(0.5, 0, 1),
  hs_object_source_label: text(0.95, (draw) => draw.pick(["INTEGRATION", "CRM_UI", "FORM", "IMPORT"])),
  hs_predictivecontactscore_v2: number(0.3, (draw) => `${draw.int(0, 99)}.${draw.int(10, 99)}`),
  hs_predictivescoringtier: pick(0.3, ["tier_1", "tier_2", "tier_3", "tier_4"]),
  hs_prospecting_agent_total_enrolled_count: whole(0.2, 0, 2),
  hs_registered_member: whole(0.5, 0, 1),
  hs_timezone: pick(0.5, ["us_slash_eastern", "us_slash_central", "us_slash_pacific"]),
  hs_updated_by_user_id: id(0.4, 8),
  hs_v2_date_entered_lead: instant(0.7),
  hubspot_owner_id: id(0.3, 9),
  jobtitle: text(0.05, (draw) => draw.pick(["Homeowner", "Facilities", "Owner"])),
  last_scheduled_appointment_start_time: instant(0.05),
  lastname: text(0.96, (draw) => draw.pick(lastNames)),
  lead_added_by: id(0.2, 5),
  lead_added_by_latitude: text(0.08, (draw) => `${draw.int(26, 47)}.${draw.digits(6)}`),
  lead_added_by_longitude: text(0.08, (draw) => `-${draw.int(71, 122)}.${draw.digits(6)}`),
  lead_added_by_supervisor: text(0.08, (draw) => `${draw.pick(firstNames)} ${draw.pick(lastNames)}`),
  lead_address1: text(0.3, street),
  lead_agent_id: id(0.1, 6),
  lead_agent_name: text(0.1, (draw) => `${draw.pick(firstNames)} ${draw.pick(lastNames)}`),
  lead_call_screen_viewed_by: id(0.05, 5),
  lead_call_screen_viewed_on: instant(0.05),
  lead_cdyne_county: text(0.05, (draw) => `${draw.pick(lastNames)} County`),
  lead_city: text(0.3, (_, record) => place(record)[0]),
  lead_contact: id(0.2, 9),
  lead_copied_from_id: id(0.02, 8),
  lead_copied_from_on: text(0.02, (draw) => `2025-0${draw.int(1, 9)}-1${draw.int(0, 9)}`),
  lead_cost: money(0.15, 400),
  lead_cwp_client: whole(0.1, 0, 1),
  lead_dead_by: id(0.05, 5),
  lead_dead_on: instant(0.05),
  lead_division: id(0.3, 2),
  lead_do_not_call_before: instant(0.02),
  lead_estimate_confirmed_by: id(0.05, 5),
  lead_estimate_confirmed_on: instant(0.05),
  lead_express_consent_set_by: id(0.05, 5),
  lead_express_consent_set_on: instant(0.05),
  lead_express_consent_source: whole(0.05, 1, 9),
  lead_express_consent_upload_file_id: id(0.01, 7),
  lead_id: id(0.35, 8),
  lead_import_source: text(0.05, (draw) => `import ${draw.int(1, 30)}`),
  lead_invalid_address: whole(0.2, 0, 1),
  lead_is_carpentry_followup: whole(0.2, 0, 1),
  lead_is_dnc: whole(0.2, 0, 1),
  lead_is_dummy: whole(0.2, 0, 1),
  lead_is_estimate_confirmed: whole(0.2, 0, 1),
  lead_is_estimate_set: whole(0.2, 0, 1),
  lead_is_express_consent: whole(0.2, 0, 1),
  lead_is_express_consent_being_reviewed: whole(0.2, 0, 1),
  lead_is_high_potential: whole(0.2, 0, 1),
  lead_is_mobile_lead: whole(0.2, 0, 1),
  lead_is_valid_address: whole(0.2, 0, 1),
  lead_is_valid_email: whole(0.2, 0, 1),
  lead_is_year_built_verified: whole(0.2, 0, 1),
  lead_is_zillow: whole(0.2, 0, 1),
  lead_job_type: whole(0.2, 1, 12),
  lead_notes: text(0.15, (draw) => `Wants ${several(draw, services)}`),
  lead_phone1: phone(0.3),
  lead_phone2: phone(0.08),
  lead_phone3: phone(0.02),
  lead_prospect_id: id(0.3, 8),
  lead_rating: whole(0.1, 1, 5),
  lead_salesrabbit_lead_id: text(0.1, (draw) => draw.digits(9)),
  lead_salesrabbit_lead_id_new: id(0.1, 9),
  lead_source: whole(0.3, 1, 60),
  lead_source_notes: text(0.05, (draw) => `from ${draw.pick(campaigns)}`),
  lead_sourced_on: instant(0.3),
  lead_state: text(0.3, (_, record) => place(record)[1]),
  lead_status: whole(0.3, 1, 20),
  lead_substatus: whole(0.2, 1, 40),
  lead_type1: whole(0.3, 1, 9),
  lead_type2: whole(0.1, 1, 9),
  lead_type4: whole(0.02, 1, 9),
  lead_viewed_on: instant(0.2),
  lead_with_dm: whole(0.05, 0, 1),
  lead_year_built: text(0.1, (draw) => String(draw.int(1900, 2020))),
  lead_zip: text(0.3, (_, record) => place(record)[2]),
  lifecyclestage: pick(0.95, ["subscriber", "lead", "opportunity", "customer"]),
  marketsharp_id: text(0.2, (draw) => draw.digits(7)),
  mobilephone: phone(0.25),
  msm_source: text(0.05, (draw) => draw.pick(sources)),
  notes_last_contacted: instant(0.2),
  notes_last_updated: instant(0.3),
  num_contacted_notes: whole(0.3, 0, 9),
  num_conversion_events: whole(0.8, 0, 4),
  num_notes: whole(0.3, 0, 15),
  num_unique_conversion_events: whole(0.8, 0, 3),
  original_lead_source: text(0.4, (draw) => draw.pick(["Canvass", "Web", "Show", "Referral, word of mouth"])),
  original_lead_source_created: instant(0.3),
  phone: phone(0.85),
  phone1_type: whole(0.2, 1, 3),
  phone2_type: whole(0.05, 1, 3),
  price: money(0.15, 40_000),
  prospect_add_date: instant(0.25),
  prospect_add_user_id: id(0.2, 5),
  prospect_id: id(0.3, 8),
  prospect_is_address_valid: whole(0.2, 0, 1),
  prospect_is_year_built_valid: whole(0.2, 0, 1),
  prospect_marketsharp_id: text(0.1, (draw) => draw.digits(7)),
  prospect_phone1: phone(0.2),
  prospect_phone1_type: whole(0.2, 1, 3),
  prospect_phone2_type: whole(0.05, 1, 3),
  prospect_user_id: id(0.2, 5),
  prospect_year_built: whole(0.1, 1900, 2020),
  reference_code: text(0.05, (draw) => `R-${draw.digits(6)}`),
  sales_rabbit_lead_id: text(0.1, (draw) => draw.digits(9)),
  search_terms: text(0.08, (draw) => `${draw.pick(services)} near me`),
  service_of_interest: {
    type: "enumeration",
    share: 0.35,
    make: (draw) => several(draw, services),
  },
  state: text(0.75, (_, record) => place(record)[1]),
  tier: text(0.05, (draw) => draw.pick(["A", "B", "C"])),
  total_revenue: money(0.2, 60_000),
  trustedform_cert_url: text(0.05, (draw) => `https://cert.example.com/${draw.digits(20)}`),
  vendorleadid: text(0.08, (draw) => `V${draw.digits(9)}`),
  vertical: text(0.05, (draw) => draw.pick(services)),
  website: text(0.03, (draw) => `https://www.example.org/${draw.digits(4)}`),
  zip: text(0.75, (_, record) => place(record)[2]),
};

/** Every property of a contact, in the order in which `GET /crm/v3/properties/contacts` lists them. */
export const contactProperties = named(table);
