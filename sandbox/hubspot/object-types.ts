/** The five object types that the sandbox serves. */
import { appointmentProperties } from "./data/appointment-properties.ts";
import { contactProperties } from "./data/contact-properties.ts";
import { dealProperties } from "./data/deal-properties.ts";
import { divisionProperties } from "./data/division-properties.ts";
import { geniusUserProperties } from "./data/genius-user-properties.ts";
import { uglyAppointments, uglyDivisions, uglyGeniusUsers } from "./data/ugly-objects.ts";
import { uglyContacts, uglyDeals } from "./data/ugly.ts";
import { defineType } from "./object-type.ts";
import type { ObjectType, ObjectTypes } from "./object-type.ts";
import { portalId } from "./serialise.ts";

/** The type ids of the account's own objects; those of the account that this stands in for unless told otherwise. */
export interface CustomTypeIds {
  divisions: string;
  geniusUsers: string;
}

export const usualTypeIds: Readonly<CustomTypeIds> = { divisions: "2-37778609", geniusUsers: "2-42119425" };

const newerDates = { createdProperty: "hs_createdate", modifiedProperty: "hs_lastmodifieddate" } as const;

/**
 * What the account's own objects have in common. Paths call them by their full name (`p4242_division`): the plain one
 * no longer works there since June 2025.
 * Source: the changelog entry "removed support for referencing custom object types by base name".
 */
function customObject(name: string) {
  return { ...newerDates, pathNames: [`p${portalId}_${name}`], readScope: "crm.objects.custom.read" };
}

const contacts = defineType(
  {
    name: "contacts",
    typeId: "0-1",
    label: "CONTACT",
    pathNames: ["contacts", "contact"],
    custom: undefined,
    readScope: "crm.objects.contacts.read",
    defaultProperties: ["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"],
    createdProperty: "createdate",
    modifiedProperty: "lastmodifieddate",
    searchedProperties: ["firstname", "lastname", "email", "phone", "company"],
    idsAround: 100_000_000_000,
  },
  contactProperties,
  uglyContacts,
);

const deals = defineType(
  {
    name: "deals",
    typeId: "0-3",
    label: "DEAL",
    pathNames: ["deals", "deal"],
    custom: undefined,
    readScope: "crm.objects.deals.read",
    defaultProperties: [
      "amount",
      "closedate",
      "createdate",
      "dealname",
      "dealstage",
      "hs_lastmodifieddate",
      "hs_object_id",
      "pipeline",
    ],
    createdProperty: "createdate",
    modifiedProperty: "hs_lastmodifieddate",
    searchedProperties: ["dealname", "pipeline", "dealstage", "description", "dealtype"],
    idsAround: 10_000_000_000,
  },
  dealProperties,
  uglyDeals,
);

const appointments = defineType(
  {
    name: "appointments",
    typeId: "0-421",
    label: "APPOINTMENT",
    pathNames: ["appointments", "appointment"],
    custom: undefined,
    readScope: "crm.objects.appointments.read",
    ...newerDates,
    defaultProperties: ["hs_createdate", "hs_lastmodifieddate", "hs_object_id"],
    searchedProperties: ["hs_appointment_name"],
    idsAround: 100_000_000_000,
  },
  appointmentProperties,
  uglyAppointments,
);

/** The account's types, its own objects under the ids that it was told. Throws RangeError where an id is none. */
export function objectTypesWith(typeIds: CustomTypeIds): ObjectTypes {
  for (const [name, typeId] of Object.entries(typeIds)) {
    if (!/^2-\d{1,12}$/.test(typeId))
      throw new RangeError(`the type id of ${name} must be 2- and a number, but is ${JSON.stringify(typeId)}`);
  }
  if (typeIds.divisions === typeIds.geniusUsers)
    throw new RangeError(`divisions and genius users cannot both have the type id ${typeIds.divisions}`);
  return { contacts, deals, appointments, divisions: divisions(typeIds), genius_users: geniusUsers(typeIds) };
}

function divisions({ divisions: typeId }: CustomTypeIds): ObjectType {
  return defineType(
    {
      name: "divisions",
      typeId,
      label: "DIVISION",
      ...customObject("division"),
      custom: { singular: "Division", plural: "Divisions", primaryDisplayProperty: "division_name" },
      defaultProperties: ["division_name", "hs_createdate", "hs_lastmodifieddate", "hs_object_id"],
      searchedProperties: ["division_name", "division_code"],
      idsAround: 10_000_000_000,
    },
    divisionProperties,
    uglyDivisions,
  );
}

function geniusUsers({ geniusUsers: typeId }: CustomTypeIds): ObjectType {
  return defineType(
    {
      name: "genius_users",
      typeId,
      label: "GENIUS_USER",
      ...customObject("genius_user"),
      custom: { singular: "Genius user", plural: "Genius users", primaryDisplayProperty: "name" },
      defaultProperties: ["hs_createdate", "hs_lastmodifieddate", "hs_object_id", "name"],
      searchedProperties: ["name", "email"],
      idsAround: 10_000_000_000,
    },
    geniusUserProperties,
    uglyGeniusUsers,
  );
}
