/** Synthetic rows of SalesPro as Athena has them, and the rows that they must become, written out by hand. */

const company = { company_id: "co-1", company_name: "Sample Roofing" };
const first = "2025-05-01 09:00:00.000000";
const firstIso = "2025-05-01T09:00:00Z";
const day2 = "2025-05-02 10:11:12.123456";
const day2Iso = "2025-05-02T10:11:12.123456Z";
/** The latest time of the first load. */
const last = "2025-06-01 12:00:00.500000";
const lastIso = "2025-06-01T12:00:00.5Z";
/** Of what changes afterwards. */
const later = "2025-06-02 08:00:00.000000";
const laterIso = "2025-06-02T08:00:00Z";

const texts = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, "varchar"]));
const times = { created_at: "timestamp", updated_at: "timestamp" };

/** The tables that the catalog has: columns with their types. */
export const tables: Record<string, Record<string, string>> = {
  customer: {
    ...texts("customer_id", "estimate_id", "company_id", "company_name", "customer_first_name", "customer_last_name"),
    ...texts("crm_source", "crm_source_id", "password_hash"),
    ...times,
  },
  estimate: {
    ...texts("estimate_id", "company_id", "company_name", "office_id", "office_name", "sales_rep_id", "customer_id"),
    ...texts("sales_rep_first_name", "sales_rep_last_name", "customer_first_name", "customer_last_name"),
    ...texts("street_address", "city", "state", "zip_code", "job_type", "bank_name", "loan_name"),
    sale_amount: "decimal(12,2)",
    is_sale: "boolean",
    finance_amount: "double",
    down_payment: "varchar",
    has_credit_app: "varchar",
    document_count: "bigint",
    ...times,
  },
  credit_applications: {
    ...texts("leap_credit_app_id", "company_id", "company_name", "sales_rep_id", "customer_id", "credit_app_vendor"),
    ...texts("credit_app_vendor_id", "credit_app_amount", "credit_app_status", "credit_app_note"),
    ...times,
  },
  lead_results: { ...texts("estimate_id", "company_id", "lead_results"), ...times },
  payments: {
    ...texts("payment_id", "company_id", "company_name", "customer_id", "payment_type", "payment_description"),
    payment_amount: "decimal(12,2)",
    payment_success: "boolean",
    ...times,
  },
  user_activity: {
    ...texts("user_id", "company_id", "company_name", "local_customer_uuid", "customer_id", "activity_note"),
    ...texts("key_metric", "activity_identifier", "price_type"),
    price: "decimal(12,2)",
    original_row_num: "bigint",
    created_at: "timestamp",
  },
  measure_sheet: {
    ...texts("estimate_id", "office_id", "office_name", "company_id", "company_name", "measure_sheet_item_id"),
    ...texts("category", "measurement_type", "measure_sheet_item_name"),
    quantity: "decimal(12,2)",
    measure_sheet_item_price: "decimal(12,2)",
    ...times,
  },
};

type SourceRow = Record<string, string | null>;
/** Of a row what is not NULL; the other columns are. */
type Row = Record<string, unknown>;

const form = (answers: Record<string, unknown>): string =>
  JSON.stringify(Object.entries(answers).map(([title, value]) => ({ title, value })));

const sold = {
  "Appointment Result ": "[SOLD] Zoë's roof",
  "Both Homeowners Present?": "Yes",
  "One Year Price": "$12,345.60",
  "Deposit Type-": "check",
  "Deposit Amount": "$0.00",
  "Additional Services Demoed & Priced": "Gutters",
  "Job Type 1": "Roof",
  "Job Type 1 Amount": "$10,000.00",
  "Job Type 2": "Gutters",
  "Job Type 2 Amount": "$2,345.60",
};
const notSold = {
  Result: "Demo - Not Sold",
  "Result Reason - Demo Not Sold (objection)": "-Undecided",
  "Sales Manager Present": "no",
  "Preferred Payment ": "",
  "Job Type 6 Amount": "5",
};
const called = { "Appointment Result": "[CC] call back", Notes: "first line\nsecond" };

export const sourceRows: Record<string, SourceRow[]> = {
  customer: [
    {
      ...company,
      customer_id: "c-1",
      estimate_id: "e-1",
      customer_first_name: "Zoë",
      customer_last_name: "O'Sample",
      crm_source: "hubspot",
      crm_source_id: "99999999999",
      password_hash: "not to be read",
      created_at: first,
      updated_at: day2,
    },
    { customer_id: "c-2", customer_first_name: " Bo ", customer_last_name: "", created_at: first, updated_at: last },
    // Without a time: read every time. Without a key: left where they are.
    { customer_id: "c-3", customer_first_name: "Cy", created_at: null, updated_at: null },
    { customer_id: "", customer_first_name: "Nobody", updated_at: last },
    { customer_id: null, customer_first_name: "Nobody", updated_at: last },
  ],
  estimate: [
    {
      ...company,
      estimate_id: "e-1",
      office_id: "o-1",
      office_name: "North",
      sales_rep_id: "u-1",
      sales_rep_first_name: "Ada",
      sales_rep_last_name: "Sample",
      customer_id: "c-1",
      customer_first_name: "Zoë",
      customer_last_name: "O'Sample",
      street_address: "1 Sample St",
      city: "Columbus",
      state: "Ohio",
      zip_code: "43215",
      sale_amount: "12345.60",
      is_sale: "true",
      job_type: "Roof",
      finance_amount: "1.0E7",
      bank_name: "A Bank",
      loan_name: "12 months",
      down_payment: "$1,234.50",
      has_credit_app: "true",
      document_count: "9007199254740993",
      created_at: first,
      updated_at: day2,
    },
    {
      estimate_id: "e-2",
      sale_amount: "0.00",
      is_sale: "false",
      down_payment: "",
      has_credit_app: "",
      created_at: first,
      updated_at: last,
    },
  ],
  credit_applications: [
    {
      ...company,
      leap_credit_app_id: "la-1",
      sales_rep_id: "u-1",
      customer_id: "c-1",
      credit_app_vendor: "A Bank",
      credit_app_vendor_id: "v-1",
      credit_app_amount: "25000",
      credit_app_status: "approved",
      credit_app_note: "two\nlines",
      created_at: first,
      updated_at: last,
    },
  ],
  lead_results: [
    { estimate_id: "e-1", company_id: "co-1", lead_results: form(sold), created_at: first, updated_at: day2 },
    { estimate_id: "e-2", company_id: "co-1", lead_results: form(notSold), created_at: first, updated_at: last },
    { estimate_id: "e-3", company_id: "", lead_results: "", created_at: first, updated_at: first },
    { estimate_id: "", lead_results: form(called), created_at: first, updated_at: last },
  ],
  payments: Array.from({ length: 2_300 }, (_, at) => ({
    ...company,
    payment_id: `p-${at}`,
    customer_id: "c-1",
    payment_type: at % 2 ? "card" : "check",
    payment_description: at % 3 ? `Deposit ${at}` : "",
    payment_amount: `${at}.50`,
    payment_success: at % 5 ? "true" : "false",
    created_at: first,
    updated_at: at === 2_299 ? last : day2,
  })),
  user_activity: [
    {
      ...company,
      created_at: day2,
      user_id: "u-1",
      local_customer_uuid: "00000000-0000-4000-8000-000000000001",
      customer_id: "c-1",
      activity_note: "Opened the 'price guide'",
      key_metric: "price",
      activity_identifier: "a-1",
      price_type: "list",
      price: "1200.00",
      original_row_num: "17",
    },
    { created_at: day2, user_id: "u-1", activity_note: null },
    { created_at: last, user_id: "u-1", activity_note: "Signed in" },
    // The same line twice is one.
    { created_at: last, user_id: "u-1", activity_note: "Signed in" },
  ],
  measure_sheet: [
    {
      ...company,
      estimate_id: "e-1",
      office_id: "o-1",
      office_name: "North",
      measure_sheet_item_id: "m-1",
      category: "Roof",
      measurement_type: "squares",
      measure_sheet_item_name: "Shingles",
      quantity: "12.50",
      measure_sheet_item_price: "99.90",
      created_at: first,
      updated_at: last,
    },
    { estimate_id: "e-1", measure_sheet_item_name: "", quantity: "1.00", created_at: first, updated_at: first },
  ],
};

/** What the tables hold after the first load. */
export const firstLoad: Record<string, Row[]> = {
  salespro_customer: [
    {
      ...company,
      customer_id: "c-1",
      estimate_id: "e-1",
      customer_first_name: "Zoë",
      customer_last_name: "O'Sample",
      crm_source: "hubspot",
      crm_source_id: "99999999999",
      created_at: firstIso,
      updated_at: day2Iso,
    },
    { customer_id: "c-2", customer_first_name: "Bo", created_at: firstIso, updated_at: lastIso },
    { customer_id: "c-3", customer_first_name: "Cy" },
  ],
  salespro_estimate: [
    {
      ...company,
      estimate_id: "e-1",
      office_id: "o-1",
      office_name: "North",
      sales_rep_id: "u-1",
      sales_rep_first_name: "Ada",
      sales_rep_last_name: "Sample",
      customer_id: "c-1",
      customer_first_name: "Zoë",
      customer_last_name: "O'Sample",
      street_address: "1 Sample St",
      city: "Columbus",
      state: "OH",
      zip_code: "43215",
      sale_amount: "12345.60",
      is_sale: true,
      job_type: "Roof",
      finance_amount: "10000000.00",
      bank_name: "A Bank",
      loan_name: "12 months",
      down_payment: "1234.50",
      has_credit_app: true,
      document_count: 9007199254740993n,
      created_at: firstIso,
      updated_at: day2Iso,
    },
    {
      estimate_id: "e-2",
      sale_amount: "0.00",
      is_sale: false,
      has_credit_app: false,
      created_at: firstIso,
      updated_at: lastIso,
    },
  ],
  salespro_credit_application: [
    {
      ...company,
      leap_credit_app_id: "la-1",
      sales_rep_id: "u-1",
      customer_id: "c-1",
      credit_app_vendor: "A Bank",
      credit_app_vendor_id: "v-1",
      credit_app_amount: "25000.00",
      credit_app_status: "approved",
      credit_app_note: "two\nlines",
      created_at: firstIso,
      updated_at: lastIso,
    },
  ],
  salespro_lead_result: [
    {
      estimate_id: "e-1",
      company_id: "co-1",
      appointment_result: "[SOLD] Zoë's roof",
      status_bucket: "[SOLD]",
      both_homeowners_present: true,
      one_year_price: "12345.60",
      deposit_type: "check",
      deposit_amount: "0.00",
      additional_services_demoed_priced: "Gutters",
      lead_results_raw: JSON.parse(form(sold)),
      created_at: firstIso,
      updated_at: day2Iso,
    },
    {
      estimate_id: "e-2",
      company_id: "co-1",
      appointment_result: "Demo - Not Sold",
      result_reason_demo_not_sold: "Undecided",
      sales_manager_present: false,
      lead_results_raw: JSON.parse(form(notSold)),
      created_at: firstIso,
      updated_at: lastIso,
    },
    { estimate_id: "e-3", created_at: firstIso, updated_at: firstIso },
  ],
  salespro_lead_result_line_item: [
    { estimate_id: "e-1", job_type_number: 1n, job_type: "Roof", job_type_amount: "10000.00" },
    { estimate_id: "e-1", job_type_number: 2n, job_type: "Gutters", job_type_amount: "2345.60" },
    { estimate_id: "e-2", job_type_number: 6n, job_type_amount: "5.00" },
  ],
  salespro_payment: Array.from({ length: 2_300 }, (_, at) => ({
    ...company,
    payment_id: `p-${at}`,
    customer_id: "c-1",
    payment_type: at % 2 ? "card" : "check",
    ...(at % 3 ? { payment_description: `Deposit ${at}` } : {}),
    payment_amount: `${at}.50`,
    payment_success: at % 5 !== 0,
    created_at: firstIso,
    updated_at: at === 2_299 ? lastIso : day2Iso,
  })),
  salespro_user_activity: [
    {
      ...company,
      created_at: day2Iso,
      user_id: "u-1",
      local_customer_uuid: "00000000-0000-4000-8000-000000000001",
      customer_id: "c-1",
      activity_note: "Opened the 'price guide'",
      key_metric: "price",
      activity_identifier: "a-1",
      price_type: "list",
      price: "1200.00",
      original_row_num: 17n,
    },
    { created_at: day2Iso, user_id: "u-1", activity_note: "" },
    { created_at: lastIso, user_id: "u-1", activity_note: "Signed in" },
  ],
  salespro_measure_sheet: [
    {
      ...company,
      estimate_id: "e-1",
      office_id: "o-1",
      office_name: "North",
      measure_sheet_item_id: "m-1",
      category: "Roof",
      measurement_type: "squares",
      measure_sheet_item_name: "Shingles",
      quantity: "12.50",
      measure_sheet_item_price: "99.90",
      created_at: firstIso,
      updated_at: lastIso,
    },
    {
      estimate_id: "e-1",
      measure_sheet_item_name: "",
      quantity: "1.00",
      created_at: firstIso,
      updated_at: firstIso,
    },
  ],
};

/** What happens in SalesPro afterwards, as SQL. The first line is a change that no time tells. */
export const changes = `
  UPDATE customer SET customer_first_name = 'Untold' WHERE customer_id = 'c-1';
  UPDATE customer SET customer_last_name = 'Now' WHERE customer_id = 'c-3';
  INSERT INTO customer (customer_id, customer_last_name, created_at, updated_at) VALUES ('c-4', 'Dee', '${later}', '${later}');
  UPDATE estimate SET is_sale = 'true', sale_amount = '500.00', updated_at = '${later}' WHERE estimate_id = 'e-2';
  UPDATE lead_results SET lead_results = '${form({ ...sold, "Job Type 2": "-", "Job Type 2 Amount": null }).replaceAll("'", "''")}', updated_at = '${later}' WHERE estimate_id = 'e-1';
  UPDATE lead_results SET lead_results = '${form(called)}', updated_at = '${later}' WHERE estimate_id = 'e-2';
  UPDATE payments SET payment_success = 'true', updated_at = '${later}' WHERE payment_id = 'p-0';
  INSERT INTO user_activity (created_at, user_id, activity_note) VALUES ('${later}', 'u-2', 'Signed in');
  UPDATE measure_sheet SET quantity = '13.00', updated_at = '${later}' WHERE measure_sheet_item_name = 'Shingles';
`;

const [c1, c2, c3] = firstLoad["salespro_customer"]!;
const [e1, e2] = firstLoad["salespro_estimate"]!;
const [l1, , l3] = firstLoad["salespro_lead_result"]!;
const [p0, ...payments] = firstLoad["salespro_payment"]!;
const [m1, m2] = firstLoad["salespro_measure_sheet"]!;

/** What the tables hold after a delta. */
export const afterDelta: Record<string, Row[]> = {
  ...firstLoad,
  salespro_customer: [
    c1!,
    c2!,
    { ...c3, customer_last_name: "Now" },
    { customer_id: "c-4", customer_last_name: "Dee", created_at: laterIso, updated_at: laterIso },
  ],
  salespro_estimate: [e1!, { ...e2, is_sale: true, sale_amount: "500.00", updated_at: laterIso }],
  salespro_lead_result: [
    {
      ...l1,
      lead_results_raw: JSON.parse(form({ ...sold, "Job Type 2": "-", "Job Type 2 Amount": null })),
      updated_at: laterIso,
    },
    {
      estimate_id: "e-2",
      company_id: "co-1",
      appointment_result: "[CC] call back",
      status_bucket: "[CC]",
      notes: "first line\nsecond",
      lead_results_raw: JSON.parse(form(called)),
      created_at: firstIso,
      updated_at: laterIso,
    },
    l3!,
  ],
  salespro_lead_result_line_item: [firstLoad["salespro_lead_result_line_item"]![0]!],
  salespro_payment: [{ ...p0, payment_success: true, updated_at: laterIso }, ...payments],
  salespro_user_activity: [
    ...firstLoad["salespro_user_activity"]!,
    { created_at: laterIso, user_id: "u-2", activity_note: "Signed in" },
  ],
  salespro_measure_sheet: [m1!, m2!, { ...m1, quantity: "13.00", updated_at: laterIso }],
};

/** What the tables hold after a full run: what no time told is there as well. */
export const afterFull: Record<string, Row[]> = {
  ...afterDelta,
  salespro_customer: [{ ...c1, customer_first_name: "Untold" }, ...afterDelta["salespro_customer"]!.slice(1)],
};
