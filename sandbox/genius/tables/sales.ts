/** Appointments, their services, quotes and financing. */
import { defineTable } from "../table.ts";

export const appointment = defineTable(
  "appointment",
  ["id"],
  `
  id int unsigned
  prospect_id int unsigned
  prospect_source_id int unsigned null
  user_id int unsigned null
  type_id int unsigned
  date date null
  time time null
  duration time null
  address1 varchar(510) null
  address2 varchar(510) null
  city varchar(200) null
  state varchar(2) null
  zip varchar(40) null
  email varchar(254) null
  notes text null
  add_user_id int unsigned
  add_date datetime
  assign_date datetime null
  confirm_user_id int unsigned null
  confirm_date datetime null
  confirm_with varchar(200) null
  spouses_present int unsigned
  is_complete int unsigned
  complete_outcome_id int unsigned null
  complete_user_id int unsigned null
  complete_date datetime null
  marketsharp_id varchar(200) null
  marketsharp_appt_type varchar(200) null
  leap_estimate_id varchar(200) null
  marketing_task_id int unsigned
  updated_at datetime(6)
  third_party_source_id int unsigned null
`,
);

export const appointmentToService = defineTable(
  "appointment_to_service",
  ["appointment_id", "service_id"],
  `
  appointment_id int unsigned
  service_id smallint unsigned
  created_at datetime(6)
  updated_at datetime(6)
`,
);

export const quote = defineTable(
  "quote",
  ["id"],
  `
  id int unsigned
  prospect_id int unsigned
  appointment_id int unsigned
  job_id int unsigned null
  client_cid int unsigned null
  service_id smallint unsigned
  label varchar(510) null
  description text null
  amount decimal(10,2)
  expire_date date null
  status_id int unsigned
  contract_file_id int unsigned null
  estimate_file_id int unsigned null
  add_user_id int unsigned
  add_date datetime
  updated_at datetime
`,
);

export const jobFinancing = defineTable(
  "job_financing",
  ["job_id"],
  `
  job_id int unsigned
  term_id int unsigned null
  financed_amount decimal(9,2)
  max_financed_amount decimal(9,2)
  bid_rate decimal(5,3) null
  commission_reduction decimal(5,3) null
  signed_on datetime null
  cancellation_period_expires_on datetime null
  app_submission_date datetime null
  is_joint_application tinyint(1)
  applicant varchar(100) null
  co_applicant varchar(100) null
  status smallint unsigned
  approved_on datetime null
  loan_expiration_date datetime null
  denied_on datetime null
  denied_by int unsigned null
  why_book text null
  would_book smallint unsigned null
  is_financing_factor tinyint(1) null
  satisfied text null
  docs_completed datetime null
  active_stipulation_notes text null
  is_active_stipulations_cleared tinyint(1)
  legal_app_name varchar(200) null
`,
);
