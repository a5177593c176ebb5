import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

export const booleanOptions: string[] = [];

/** boolean: true, false, yes, no, 1 or 0. Gives a text as `true` or `false`. */
export const boolean: CompileValidator = (options) => {
  readOptions("boolean", booleanOptions, options);
  return (value) => {
    const text = trimmed(value).toLowerCase();
    const yes = /^(?:true|yes|1)$/.test(text);
    if (!yes && !/^(?:false|no|0)$/.test(text)) fail("not true or false");
    return typeof value === "string" ? String(yes) : value;
  };
};
