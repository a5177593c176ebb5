/** The properties that HubSpot itself keeps of every appointment and every custom object. */
import { bool, id, ids, number, pick, text, unset } from "./property.ts";
import type { PropertyKind } from "./property.ts";

/** `hs_object_id`, `hs_createdate` and `hs_lastmodifieddate` belong to the store; a merge writes `hs_merged_object_ids`. */
export const systemProperties: Readonly<Record<string, PropertyKind>> = {
  hs_object_id: unset("number"),
  hs_createdate: unset("datetime"),
  hs_lastmodifieddate: unset("datetime"),
  hs_merged_object_ids: unset("enumeration"),

  hs_all_accessible_team_ids: ids(0.2, 6),
  hs_all_assigned_business_unit_ids: pick(0.5, ["0", "0;1"]),
  hs_all_owner_ids: ids(0.4, 9),
  hs_all_team_ids: ids(0.2, 6),
  hs_created_by_user_id: id(0.5, 8),
  hs_object_source: pick(0.95, ["INTEGRATION", "CRM_UI", "IMPORT", "API"]),
  hs_object_source_detail_1: text(0.6, (draw) => `Connector ${draw.int(1, 9)}`),
  hs_object_source_detail_2: text(0.1, (draw) => `step ${draw.int(1, 40)}`),
  hs_object_source_detail_3: text(0.03, (draw) => draw.digits(6)),
  hs_object_source_id: text(0.9, (draw) => `userId:${draw.digits(8)}`),
  hs_object_source_label: pick(0.95, ["INTEGRATION", "CRM_UI", "IMPORT"]),
  hs_object_source_user_id: id(0.4, 8),
  hs_owning_teams: ids(0.1, 6),
  hs_read_only: bool(0.2),
  hs_shared_team_ids: ids(0.05, 6),
  hs_shared_user_ids: ids(0.05, 8),
  hs_unique_creation_key: text(0.3, (draw) => `key-${draw.digits(12)}`),
  hs_updated_by_user_id: id(0.5, 8),
  hs_user_ids_of_all_notification_followers: ids(0.1, 8),
  hs_user_ids_of_all_notification_unfollowers: ids(0.03, 8),
  hs_user_ids_of_all_owners: ids(0.4, 8),
  hs_was_imported: bool(0.3),
  hs_pipeline_stage: number(0.8, (draw) => draw.pick(["1000011", "1000012", "1000013"])),
  hs_pipeline: pick(0.8, ["default", "4711"]),
};
