import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

export const urlOptions: string[] = [];

/** url: an absolute http(s) address with a host (WHATWG URL), without blanks in it. Gives it trimmed, else as written. */
export const url: CompileValidator = (options) => {
  readOptions("url", urlOptions, options);
  return (value) => {
    const text = trimmed(value);
    // WHATWG parsers take any number of slashes; only two are meant.
    if (!/^https?:\/\/[^\s/?#]\S*$/iu.test(text)) return fail("not a URL");
    return URL.canParse(text) ? text : fail("not a URL");
  };
};
