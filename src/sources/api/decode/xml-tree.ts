/** What the XML parser read, as maps, lists and texts. */
import { BadBody } from "./contract.ts";
import { stripForbidden, unescapeXml } from "./xml-text.ts";

export interface TreeOptions {
  /** Elements that are lists, also where there is one. */
  arrays: ReadonlySet<string>;
  /** Prefixes are taken off names; what only binds and annotates (xmlns, xsi:type, m:type) is left out. */
  strip: boolean;
  /** What stands before an attribute's name; undefined: attributes are left out. */
  attributes: string | undefined;
}

/** A node as fast-xml-parser gives it with `preserveOrder`: one key beside the attributes. */
export type XmlNode = Record<string, unknown>;

export const textKey = "#text";
export const cdataKey = "#cdata";
const attributesKey = ":@";

/** Namespace by prefix. */
type Namespaces = Readonly<Record<string, string>>;

// https://www.w3.org/TR/xmlschema-1/#xsi_nil; OData versions 2 (MarketSharp) and 4.
const schemaInstance = "http://www.w3.org/2001/XMLSchema-instance";
const odataMetadata = new Set([
  "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata",
  "http://docs.oasis-open.org/odata/ns/metadata",
]);
/** For fragments that bind nothing. */
const usual: Namespaces = { xsi: schemaInstance, m: "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" };

/** Gives the map of a list of nodes: the document's, with one key for its root. Throws BadBody when too deep. */
export function buildTree(nodes: readonly XmlNode[], options: TreeOptions): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  addChildren(map, nodes, { options, namespaces: usual });
  return map;
}

interface Context {
  options: TreeOptions;
  namespaces: Namespaces;
}

/** Adds the elements to the map, and gives the text between them. */
function addChildren(map: Record<string, unknown>, nodes: readonly XmlNode[], context: Context): string {
  let text = "";
  for (const node of nodes) {
    const name = nameOf(node);
    const content = node[name];
    if (name === textKey) text += unescapeXml(content as string);
    else if (name === cdataKey) text += String((content as XmlNode[])[0]?.[textKey] ?? "");
    else
      add(
        map,
        context.options.strip ? localName(name) : name,
        valueOf(node, content as XmlNode[], context),
        context.options,
      );
  }
  return text;
}

function nameOf(node: XmlNode): string {
  for (const key in node) if (key !== attributesKey) return key;
  throw new BadBody("the XML has an element without a name", { cut: false });
}

/** A text, null where the document says so, or a map where there are attributes or elements. */
function valueOf(node: XmlNode, children: readonly XmlNode[], { options, namespaces: outer }: Context): unknown {
  const attributes = node[attributesKey] as Record<string, string> | undefined;
  const namespaces = attributes ? bind(attributes, outer) : outer;
  if (attributes && isNull(attributes, namespaces)) return null;
  const map: Record<string, unknown> = {};
  if (attributes && options.attributes !== undefined) addAttributes(map, attributes, { options, namespaces });
  const text = stripForbidden(addChildren(map, children, { options, namespaces }));
  if (Object.keys(map).length === 0) return text;
  // Between elements blanks only lay out the document.
  if (text.trim() !== "") map[textKey] = text;
  return map;
}

function add(map: Record<string, unknown>, name: string, value: unknown, { arrays }: TreeOptions): void {
  const before = Object.hasOwn(map, name) ? map[name] : undefined;
  if (before === undefined) put(map, name, arrays.has(name) ? [value] : value);
  else if (Array.isArray(before)) before.push(value);
  else put(map, name, [before, value]);
}

/** `x:__proto__` is an element like any other: set plainly it would become the map's prototype. */
function put(map: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") map[name] = value;
  else Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
}

function addAttributes(
  map: Record<string, unknown>,
  attributes: Record<string, string>,
  { options, namespaces }: Context,
): void {
  for (const [written, value] of Object.entries(attributes)) {
    if (options.strip && (isBinding(written) || annotates(written, namespaces))) continue;
    map[`${options.attributes}${options.strip ? localName(written) : written}`] = stripForbidden(unescapeXml(value));
  }
}

function isNull(attributes: Record<string, string>, namespaces: Namespaces): boolean {
  return Object.entries(attributes).some(([written, value]) => {
    if (value !== "true" && value !== "1") return false;
    const namespace = namespaceOf(written, namespaces);
    const name = localName(written);
    return namespace === schemaInstance ? name === "nil" : name === "null" && odataMetadata.has(namespace ?? "");
  });
}

/** What a schema says of an element, not the element of itself: its type, where the schema is. */
function annotates(written: string, namespaces: Namespaces): boolean {
  const namespace = namespaceOf(written, namespaces);
  return namespace === schemaInstance || odataMetadata.has(namespace ?? "");
}

function bind(attributes: Record<string, string>, outer: Namespaces): Namespaces {
  const own = Object.entries(attributes).filter(([written]) => written.startsWith("xmlns:"));
  if (own.length === 0) return outer;
  return { ...outer, ...Object.fromEntries(own.map(([written, uri]) => [localName(written), uri])) };
}

function isBinding(written: string): boolean {
  return written === "xmlns" || written.startsWith("xmlns:");
}

function namespaceOf(written: string, namespaces: Namespaces): string | undefined {
  const colon = written.indexOf(":");
  return colon === -1 ? undefined : namespaces[written.slice(0, colon)];
}

function localName(written: string): string {
  return written.slice(written.indexOf(":") + 1);
}
