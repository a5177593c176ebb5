/** Jobs: a hundred columns that have grown over the years. */
import { defineTable } from "../table.ts";

export const job = defineTable(
  "job",
  ["id"],
  `
  id int unsigned
  client_cid int unsigned null
  prospect_id int unsigned
  division_id int unsigned
  user_id int unsigned null
  production_user_id int unsigned null
  project_coordinator_user_id int unsigned null
  production_month int unsigned null
  subcontractor_id int unsigned null
  subcontractor_status_id smallint unsigned null
  subcontractor_confirmed smallint unsigned
  status int unsigned
  is_in_progress tinyint(1)
  ready_status smallint unsigned null
  prep_status_id smallint unsigned null
  prep_status_set_date datetime null
  prep_status_is_reset smallint unsigned
  prep_status_notes text null
  prep_issue_id varchar(64) null
  service_id smallint unsigned
  is_lead_pb tinyint(1)
  contract_number varchar(100) null
  contract_date date null
  contract_amount decimal(11,2)
  contract_amount_difference text null
  contract_hours int unsigned
  contract_file_id int unsigned null
  job_value decimal(11,2)
  deposit_amount decimal(11,2)
  deposit_type_id smallint unsigned null
  is_financing tinyint(1)
  sales_tax_rate decimal(7,5)
  is_sales_tax_exempt tinyint(1)
  commission_payout decimal(11,2)
  accrued_commission_payout decimal(11,2)
  sold_user_id int unsigned null
  sold_date date null
  start_request_date date null
  deadline_date date null
  ready_date date null
  jsa_sent smallint unsigned null
  start_date date null
  end_date date null
  add_user_id int unsigned
  add_date datetime
  cancel_date date null
  cancel_user_id int unsigned null
  cancel_reason_id smallint unsigned null
  is_refund tinyint(1)
  refund_date date null
  refund_user_id int unsigned null
  finish_date date null
  is_earned_not_paid tinyint(1)
  materials_arrival_date date null
  measure_date date null
  measure_time time null
  measure_user_id int unsigned null
  time_format smallint unsigned null
  materials_estimated_arrival_date date null
  materials_ordered datetime null
  price_level varchar(64) null
  price_level_goal smallint unsigned null
  price_level_commission decimal(3,1) null
  price_level_commission_reduction smallint unsigned null
  is_reviewed tinyint(1)
  reviewed_by int unsigned null
  pp_id_updated smallint unsigned
  hoa smallint unsigned null
  hoa_approved smallint unsigned null
  install_date date null
  install_time time null
  install_time_format smallint unsigned null
  materials_ordered_old smallint unsigned null
  start_month_old smallint unsigned null
  cogs_report_month varchar(100) null
  is_cogs_report_month_updated tinyint(1)
  forecast_month varchar(100) null
  coc_sent_on datetime null
  coc_sent_by int unsigned null
  company_cam_link varchar(512) null
  pm_finished_on date null
  estimate_job_duration smallint unsigned null
  payment_not_finalized_reason int unsigned null
  reasons_other varchar(510) null
  payment_type int unsigned null
  payment_amount decimal(11,2) null
  is_payment_finalized tinyint(1) null
  is_company_cam tinyint(1) null
  is_five_star_review tinyint(1) null
  projected_end_date date null
  is_company_cam_images_correct tinyint(1) null
  post_pm_closeout_date date null
  pre_pm_closeout_date date null
  actual_install_date datetime null
  in_progress_substatus_id int unsigned null
  is_loan_document_uptodate tinyint(1) null
  is_labor_adjustment_correct tinyint(1) null
  is_change_order_correct tinyint(1) null
  is_coc_pdf_attached tinyint(1)
  updated_at datetime
`,
);
