/** Where customers come from: marketing sources, and those of MarketSharp. */
import { defineTable } from "../table.ts";

export const marketingSourceType = defineTable(
  "marketing_source_type",
  ["id"],
  `
  id int unsigned
  label varchar(510) null
  description text null
  is_active tinyint(1)
  list_order int unsigned null
  created_at datetime
  updated_at datetime null
`,
);

export const marketingSource = defineTable(
  "marketing_source",
  ["id"],
  `
  id int unsigned
  type_id int unsigned
  label varchar(510) null
  description text null
  start_date date null
  end_date date null
  add_user_id int unsigned
  add_date datetime null
  is_active tinyint(1)
  is_allow_lead_modification tinyint(1)
  updated_at datetime
`,
);

export const marketsharpSource = defineTable(
  "marketsharp_source",
  ["id"],
  `
  id int unsigned
  marketsharp_id varchar(512)
  source_name varchar(256)
  inactive smallint unsigned
  created_at datetime
  updated_at datetime
`,
);

export const marketsharpMarketingSourceMap = defineTable(
  "marketsharp_marketing_source_map",
  ["marketsharp_id"],
  `
  marketsharp_id varchar(256)
  marketing_source_id int unsigned null
  created_at datetime
  updated_at datetime
`,
);
