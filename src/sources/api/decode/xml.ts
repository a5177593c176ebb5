/** A body of XML: SOAP, Atom, whatever a system has. */
import { messageOf } from "../../../errors.ts";
import type { DecodeXml } from "../../../spec/types.ts";
import { BadBody, type Body, type Decoded, type Decoder } from "./contract.ts";
import { jsonDecoder, looksLikeJson, notWanted } from "./json.ts";
import { buildTree, cdataKey, textKey, type XmlNode } from "./xml-tree.ts";
import { declaresEntities, xmlText } from "./xml-text.ts";

/** Elements in elements: no answer is as deep, and our own recursion has a stack. */
const maxDepth = 200;

/** Compiles the xml decoder. Every value is a text, as it is written. */
export function xmlDecoder({ arrays = [], namespaces, attributes }: DecodeXml): Decoder {
  const options = {
    arrays: new Set(arrays),
    strip: namespaces === "strip",
    attributes: attributes === false ? undefined : attributes,
  };
  const decode = async (body: Body): Promise<Decoded> => {
    const text = xmlText(body);
    if (!/^\ufeff?\s*</.test(text) || /^\ufeff?\s*<(?:!doctype html|html)\b/i.test(text)) throw notWanted(text, "XML");
    if (declaresEntities(text)) {
      throw new BadBody("the XML declares entities of its own (<!DOCTYPE … [ … ]>): that is refused", { cut: false });
    }
    return { value: buildTree(await parse(text), options) };
  };
  return {
    decode,
    decodeError: (body) => (looksLikeJson(body.text()) ? jsonDecoder.decode(body) : decode(body)),
  };
}

async function parse(text: string): Promise<XmlNode[]> {
  // Loaded only here: few pipelines read XML.
  const { XMLParser, XMLValidator } = await import("fast-xml-parser");
  // The parser alone makes something of everything, also of half a document.
  const found = XMLValidator.validate(text);
  if (found !== true) {
    const { line, col, msg } = found.err;
    throw new BadBody(`not XML at ${line}:${col}: ${msg.replace(/\s+/g, " ")}`, { cut: true });
  }
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    textNodeName: textKey,
    cdataPropName: cdataKey,
    trimValues: false,
    // Texts stay texts: 007 and a number of 19 digits are what they are.
    parseTagValue: false,
    parseAttributeValue: false,
    // Ours undoes them in one pass: in two, `&#38;lt;` would become `<`.
    processEntities: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    strictReservedNames: false,
    onDangerousProperty: (name) => name,
    maxNestedTags: maxDepth,
    // No callback asks where it is, and keeping the path costs as much as reading.
    jPath: false,
  });
  try {
    return parser.parse(text) as XmlNode[];
  } catch (error) {
    throw new BadBody(`the XML cannot be read: ${messageOf(error)}`, { cut: false, cause: error });
  }
}
