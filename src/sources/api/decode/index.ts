/** `decode`: what the bytes of an answer are. */
import { SpecError } from "../../../errors.ts";
import type { Connection, DecodeOptions } from "../../../spec/types.ts";
import { parseByteSize, type TextResponse } from "../../http/index.ts";
import type { AnswerDecoder, Body, Decoder } from "./contract.ts";
import { csvDecoder } from "./csv.ts";
import { jsonDecoder } from "./json.ts";
import { jsonLinesDecoder } from "./json-lines.ts";
import { unzip } from "./unzip.ts";
import { xmlDecoder } from "./xml.ts";

export type { AnswerDecoder } from "./contract.ts";
export { compileRows } from "./rows.ts";

const formats: Readonly<Record<string, (options: DecodeOptions) => Decoder>> = {
  json: () => jsonDecoder,
  jsonl: () => jsonLinesDecoder,
  csv: ({ csv }) => csvDecoder(csv!),
  xml: ({ xml }) => xmlDecoder(xml!),
};

/**
 * Compiles `decode`, its defaults filled in.
 * @param connection its limit holds for what is unzipped
 * @throws SpecError for options that nothing can be read with
 */
export function compileDecoder(options: DecodeOptions, connection: Connection): AnswerDecoder {
  const [format = "json", other] = Object.keys(formats).filter((name) => Object.hasOwn(options, name));
  if (other !== undefined) throw new SpecError(`decode has one of ${format} and ${other}: take one away`);
  const { decode, decodeError } = formats[format]!(options);
  const { decompressed } = connection.limits;
  const unzipOptions = {
    entry: options.zip?.entry,
    maxBytes: parseByteSize(decompressed),
    limit: `${decompressed} (limits.decompressed of connection "${connection.connection}")`,
  };
  return {
    async decode(response, shown) {
      const body = await unzip(bodyOf(response, shown), unzipOptions);
      return isSuccess(response) ? decode(body) : decodeError(body);
    },
  };
}

function isSuccess({ status }: TextResponse): boolean {
  return status >= 200 && status < 300;
}

function bodyOf(response: TextResponse, shown: string): Body {
  return { bytes: response.content, charset: response.charset, shown, text: () => response.text };
}
