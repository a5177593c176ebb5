/** Change orders of jobs, and their items. */
import { defineTable } from "../table.ts";

export const jobChangeOrder = defineTable(
  "job_change_order",
  ["id"],
  `
  id int unsigned
  job_id int unsigned
  number varchar(40)
  status_id smallint unsigned
  type_id smallint unsigned
  adjustment_change_order_id int unsigned null
  effective_date date
  total_amount decimal(9,2)
  add_user_id int unsigned null
  add_date datetime
  sold_user_id int unsigned null
  sold_date datetime null
  cancel_user_id int unsigned null
  cancel_date datetime null
  reason_id smallint unsigned null
  envelope_id varchar(128) null
  total_contract_amount decimal(9,2)
  total_pre_change_orders_amount decimal(9,2)
  signer_name varchar(200) null
  signer_email varchar(200) null
  financing_note varchar(510) null
  updated_at datetime
`,
);

export const jobChangeOrderItem = defineTable(
  "job_change_order_item",
  ["id"],
  `
  id int unsigned
  change_order_id int unsigned
  description varchar(512) null
  amount decimal(8,2)
  created_at datetime(6)
  updated_at datetime(6)
`,
);
