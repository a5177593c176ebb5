/** `GET /crm/v3/schemas`: the account's own object types, which have another type id in every account. */
import type { ApiAnswer } from "../api-error.ts";
import { notFound } from "../api-error.ts";
import { iso } from "../data/property.ts";
import { objectTypeOf } from "../object-type.ts";
import type { CustomNaming, ObjectType } from "../object-type.ts";
import { portalId } from "../serialise.ts";
import type { Account } from "./api-request.ts";

/** All of them, or the one that a name, a full name or a type id means. Throws ApiError (404). */
export function readSchemas(segment: string | undefined, account: Account): ApiAnswer {
  const schemas = Object.values(account.types).flatMap((type) =>
    type.custom ? [schemaOf(type, type.custom, account)] : [],
  );
  if (segment === undefined) return { status: 200, body: { results: schemas } };
  const typeId = objectTypeOf(segment, account.types)?.typeId;
  const one = schemas.find((schema) => schema.objectTypeId === typeId || schema.name === segment.toLowerCase());
  if (!one) throw notFound(`Schema "${segment}" does not exist.`);
  return { status: 200, body: one };
}

function schemaOf(type: ObjectType, custom: CustomNaming, account: Account) {
  const name = type.label.toLowerCase();
  const madeAt = iso(Date.UTC(2024, 5, 3, 9));
  return {
    id: type.typeId.slice(2),
    objectTypeId: type.typeId,
    name,
    fullyQualifiedName: `p${portalId}_${name}`,
    labels: { singular: custom.singular, plural: custom.plural },
    primaryDisplayProperty: custom.primaryDisplayProperty,
    secondaryDisplayProperties: [],
    requiredProperties: [custom.primaryDisplayProperty],
    searchableProperties: type.searchedProperties,
    properties: [...type.properties.values()].map((property) => ({ name: property.name, type: property.type })),
    associations: account.associations.from(type.name).map((view) => ({
      id: String(view.labels[0]?.typeId),
      fromObjectTypeId: type.typeId,
      toObjectTypeId: view.to.type.typeId,
      name: `${name}_to_${view.to.type.label.toLowerCase()}`,
    })),
    archived: false,
    createdAt: madeAt,
    updatedAt: madeAt,
  };
}
