/** Every table of the sandbox, those that others point at first. */
import type { Table } from "../table.ts";
import { jobChangeOrder, jobChangeOrderItem } from "./change-orders.ts";
import { job } from "./job.ts";
import { lead } from "./lead.ts";
import { marketingSource, marketingSourceType, marketsharpMarketingSourceMap, marketsharpSource } from "./marketing.ts";
import {
  integrationField,
  prospect,
  prospectSource,
  thirdPartySource,
  thirdPartySourceType,
  userAssociations,
  userData,
} from "./people.ts";
import {
  appointmentOutcome,
  appointmentOutcomeType,
  appointmentType,
  division,
  divisionGroup,
  divisionRegion,
  integrationFieldDefinition,
  jobChangeOrderReason,
  jobChangeOrderStatus,
  jobChangeOrderType,
  jobStatus,
  service,
  userTitle,
} from "./reference.ts";
import { appointment, appointmentToService, jobFinancing, quote } from "./sales.ts";

const list = [
  divisionGroup,
  divisionRegion,
  division,
  userTitle,
  service,
  appointmentType,
  appointmentOutcomeType,
  appointmentOutcome,
  jobStatus,
  jobChangeOrderReason,
  jobChangeOrderStatus,
  jobChangeOrderType,
  integrationFieldDefinition,
  thirdPartySourceType,
  marketingSourceType,
  marketingSource,
  marketsharpSource,
  marketsharpMarketingSourceMap,
  userAssociations,
  userData,
  thirdPartySource,
  prospect,
  prospectSource,
  lead,
  integrationField,
  appointment,
  appointmentToService,
  quote,
  job,
  jobFinancing,
  jobChangeOrder,
  jobChangeOrderItem,
];

export const tables: ReadonlyMap<string, Table> = new Map(list.map((table) => [table.name, table]));
