/** What other tables point at: divisions, titles, services, kinds and states of things. */
import { defineTable } from "../table.ts";

export const divisionGroup = defineTable(
  "division_group",
  ["id"],
  `
  id smallint unsigned
  group_label varchar(128) null
  region int unsigned
  default_time_zone_name varchar(128)
  intern_payroll_start int unsigned null
  painter_payroll_start int unsigned null
  is_active tinyint(1)
  cc_profile_id varchar(64) null
  mes_profile_id varchar(50) null
  mes_profile_key varchar(100) null
  docusign_acct_id varchar(100) null
  paysimple_username varchar(40) null
  paysimple_secret varchar(300) null
  hub_account_id int unsigned null
  created_at datetime(6)
  updated_at datetime(6)
`,
);

export const divisionRegion = defineTable(
  "division_region",
  ["id"],
  `
  id smallint unsigned
  name varchar(128) null
  is_active tinyint(1)
`,
);

export const division = defineTable(
  "division",
  ["id"],
  `
  id int unsigned
  group_id smallint unsigned null
  region_id smallint unsigned null
  label varchar(510) null
  abbreviation varchar(100) null
  is_utility tinyint(1)
  is_corp tinyint(1)
  is_omniscient tinyint(1)
  is_inactive int unsigned
  account_scheduler_id int unsigned null
  created_at datetime(6)
  updated_at datetime(6)
`,
);

export const userTitle = defineTable(
  "user_title",
  ["id"],
  `
  id smallint unsigned
  title varchar(200) null
  abbreviation varchar(20) null
  roles varchar(512) null
  type_id smallint unsigned
  section_id smallint unsigned null
  sort smallint unsigned
  pay_component_group_id smallint unsigned null
  is_active tinyint(1)
  is_unique_per_division tinyint(1)
  created_at datetime(6)
  updated_at datetime(6)
`,
);

export const service = defineTable(
  "service",
  ["id"],
  `
  id smallint unsigned
  label varchar(200) null
  is_active tinyint(1)
  is_lead_required tinyint(1)
  order_number smallint unsigned
  created_at datetime(6)
  updated_at datetime(6)
`,
);

export const appointmentType = defineTable(
  "appointment_type",
  ["id"],
  `
  id int unsigned
  label varchar(100) null
  is_active tinyint(1)
`,
);

export const appointmentOutcomeType = defineTable(
  "appointment_outcome_type",
  ["id"],
  `
  id int unsigned
  label varchar(100) null
  sort_idx smallint unsigned
  is_active tinyint(1)
  created_at datetime
  updated_at datetime
`,
);

export const appointmentOutcome = defineTable(
  "appointment_outcome",
  ["id"],
  `
  id int unsigned
  type_id smallint unsigned
  label varchar(100) null
  is_active tinyint(1)
  created_at datetime
  updated_at datetime
`,
);

export const jobStatus = defineTable(
  "job_status",
  ["id"],
  `
  id int unsigned
  label varchar(100) null
  is_system tinyint(1)
`,
);

export const jobChangeOrderReason = defineTable(
  "job_change_order_reason",
  ["id"],
  `
  id int unsigned
  label varchar(200) null
  description varchar(510) null
`,
);

export const jobChangeOrderStatus = defineTable(
  "job_change_order_status",
  ["id"],
  `
  id int unsigned
  label varchar(64)
  is_selectable tinyint(1)
`,
);

export const jobChangeOrderType = defineTable(
  "job_change_order_type",
  ["id"],
  `
  id int unsigned
  label varchar(64) null
`,
);

export const integrationFieldDefinition = defineTable(
  "integration_field_definition",
  ["id"],
  `
  id int unsigned
  integration_id int unsigned
  label varchar(64)
  key_name varchar(128)
  is_user tinyint(1)
  is_division tinyint(1)
  hint varchar(510) null
  input_type enum('text','select','checkbox') null
`,
);
