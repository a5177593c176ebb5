/** Leads: a table of its own, older than the others, with its own names for things. Its name is a reserved word. */
import { defineTable } from "../table.ts";

export const lead = defineTable(
  "lead",
  ["lead_id"],
  `
  lead_id int unsigned
  contact int unsigned
  division int unsigned
  first_name varchar(100) null
  last_name varchar(100) null
  address1 varchar(100) null
  address2 varchar(100) null
  city varchar(100) null
  state varchar(2) null
  zip varchar(14) null
  cdyne_county varchar(50) null
  is_valid_address tinyint(1)
  email varchar(200) null
  phone1 varchar(24) null
  type1 smallint unsigned
  phone2 varchar(24) null
  type2 smallint unsigned
  phone3 varchar(24) null
  type3 smallint unsigned
  phone4 varchar(24) null
  type4 smallint unsigned
  source smallint unsigned
  source_notes varchar(128) null
  sourced_on datetime null
  job_type smallint unsigned
  rating smallint unsigned null
  year_built varchar(8) null
  is_year_built_verified tinyint(1)
  is_zillow tinyint(1)
  is_express_consent tinyint(1)
  express_consent_set_by int unsigned null
  express_consent_set_on datetime null
  express_consent_source smallint unsigned null
  express_consent_upload_file_id int unsigned null
  is_express_consent_being_reviewed tinyint(1)
  express_consent_being_reviewed_by int unsigned null
  notes text null
  status smallint unsigned null
  substatus smallint unsigned null
  substatus_reason int unsigned null
  alternate_id int unsigned null
  added_by int unsigned
  added_on datetime null
  viewed_on datetime null
  is_estimate_set tinyint(1)
  estimate_set_by int unsigned null
  estimate_set_on datetime null
  dead_on datetime null
  dead_by int unsigned null
  dead_note varchar(200) null
  is_credit_request tinyint(1) null
  credit_request_by int unsigned null
  credit_request_on datetime null
  credit_request_reason text null
  credit_request_status smallint unsigned null
  credit_request_update_on datetime null
  credit_request_update_by int unsigned null
  credit_request_note text null
  lead_cost float
  import_source varchar(200) null
  call_screen_viewed_on datetime null
  call_screen_viewed_by int unsigned null
  copied_to_id int unsigned null
  copied_to_on datetime null
  copied_from_id int unsigned null
  copied_from_on datetime null
  cwp_client int unsigned
  cwp_referral int unsigned null
  rc_paid_to int unsigned null
  rc_paid_on datetime null
  with_dm smallint unsigned
  voicemail_file varchar(248) null
  agent_id varchar(96) null
  agent_name varchar(248) null
  invalid_address smallint unsigned
  is_valid_email tinyint(1)
  is_high_potential tinyint(1)
  is_mobile_lead tinyint(1)
  is_dnc tinyint(1) null
  is_dummy tinyint(1)
  lead_central_estimate_date datetime null
  do_not_call_before datetime null
  is_estimate_confirmed tinyint(1) null
  estimate_confirmed_by int unsigned null
  estimate_confirmed_on datetime null
  added_by_latitude decimal(9,7) null
  added_by_longitude decimal(10,7) null
  is_carpentry_followup tinyint(1)
  carpentry_followup_notes text null
  marketing_source int unsigned null
  prospect_id int unsigned null
  added_by_supervisor int unsigned null
  salesrabbit_lead_id int unsigned null
  third_party_source_id int unsigned null
  updated_at datetime null
`,
);
