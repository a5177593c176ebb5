/**
 * Which object types are associated with which, and by which labels: a number of its own for each direction.
 * Numbers of HubSpot's own associations after https://developers.hubspot.com/docs/api-reference/crm-associations-v4
 */
import type { ObjectTypeName } from "../object-type.ts";

export interface AssociationLabel {
  category: "HUBSPOT_DEFINED" | "USER_DEFINED";
  typeId: number;
  /** null: the plain association that each pair has. */
  label: string | null;
}

export interface AssociationDefinition {
  left: ObjectTypeName;
  right: ObjectTypeName;
  /** As seen from the left; the first one is the plain one. */
  fromLeft: readonly AssociationLabel[];
  /** As seen from the right, in the same order. */
  fromRight: readonly AssociationLabel[];
}

const own = (typeId: number, label: string | null): AssociationLabel => ({ category: "USER_DEFINED", typeId, label });
const standard = (typeId: number): AssociationLabel => ({ category: "HUBSPOT_DEFINED", typeId, label: null });

export const associationDefinitions: readonly AssociationDefinition[] = [
  {
    left: "contacts",
    right: "deals",
    fromLeft: [standard(4), own(31, "Homeowner")],
    fromRight: [standard(3), own(32, "Homeowner")],
  },
  { left: "appointments", right: "contacts", fromLeft: [standard(906)], fromRight: [standard(907)] },
  {
    // The plain association of a custom object is the account's own too.
    left: "contacts",
    right: "divisions",
    fromLeft: [own(61, null), own(63, "Served by")],
    fromRight: [own(62, null), own(64, "Serves")],
  },
];
