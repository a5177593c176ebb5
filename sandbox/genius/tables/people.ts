/** Users and prospects, and what hangs on them. */
import { defineTable } from "../table.ts";

export const userData = defineTable(
  "user_data",
  ["user_id"],
  `
  user_id int unsigned
  division_id int unsigned
  title_id smallint unsigned null
  manager_user_id int unsigned null
  first_name varchar(200) null
  first_name_alt varchar(200) null
  last_name varchar(200) null
  email varchar(254) null
  personal_email varchar(254) null
  birth_date date null
  gender_id int unsigned null
  marital_status_id int unsigned null
  time_zone_name varchar(100)
  hired_on datetime null
  start_date datetime null
  add_user_id int unsigned null
  add_datetime datetime null
  is_inactive tinyint(1)
  inactive_on datetime null
  inactive_reason_id smallint unsigned null
  inactive_reason_other varchar(510) null
  inactive_transfer_division_id int unsigned null
  updated_at datetime
  user_associations_id int unsigned null
`,
);

export const prospect = defineTable(
  "prospect",
  ["id"],
  `
  id int unsigned
  division_id int unsigned
  first_name varchar(200) null
  last_name varchar(200) null
  alt_first_name varchar(200) null
  alt_last_name varchar(200) null
  address1 varchar(510) null
  address2 varchar(510) null
  city varchar(200) null
  county varchar(200) null
  state varchar(2) null
  zip varchar(40) null
  phone1 varchar(40) null
  phone2 varchar(40) null
  email varchar(254) null
  notes text null
  add_user_id int unsigned
  add_date datetime null
  marketsharp_id varchar(200) null
  leap_customer_id varchar(200) null
  is_address_valid tinyint(1)
  updated_at datetime
  user_id int unsigned null
  year_built year null
  third_party_source_id int unsigned null
`,
);

export const prospectSource = defineTable(
  "prospect_source",
  ["id"],
  `
  id int unsigned
  prospect_id int unsigned
  marketing_source_id int unsigned
  source_date datetime null
  notes text null
  add_user_id int unsigned
  add_date datetime
  updated_at datetime null
  source_user_id int unsigned null
`,
);

export const integrationField = defineTable(
  "integration_field",
  ["id"],
  `
  id int unsigned
  definition_id int unsigned
  user_id int unsigned null
  division_id int unsigned null
  field_value varchar(256) null
  created_at datetime(6)
  updated_at datetime(6)
`,
);

/** Several logins of one person: the primary one. Mirrored itself, and joined to user_data. */
export const userAssociations = defineTable(
  "users_userassociations",
  ["id"],
  `
  id int unsigned
  primary_user_id int unsigned null
  created_at datetime(6)
  updated_at datetime(6)
`,
);

/** Not mirrored: what prospects and appointments are called in other systems. */
export const thirdPartySource = defineTable(
  "third_party_source",
  ["id"],
  `
  id int unsigned
  third_party_source_type_id smallint unsigned
  third_party_id varchar(64) null
`,
);

/** Not mirrored: which other systems there are. */
export const thirdPartySourceType = defineTable(
  "third_party_source_type",
  ["id"],
  `
  id smallint unsigned
  label varchar(32)
`,
);
