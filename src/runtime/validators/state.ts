import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

/** USPS Publication 28, appendix B: states, the District of Columbia, possessions and military addresses. */
const names =
  "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|" +
  "DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|" +
  "KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|" +
  "MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|" +
  "NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|" +
  "SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|" +
  "WV West Virginia|WI Wisconsin|WY Wyoming|AS American Samoa|GU Guam|MP Northern Mariana Islands|" +
  "PR Puerto Rico|VI Virgin Islands|FM Federated States of Micronesia|MH Marshall Islands|PW Palau|" +
  "AA Armed Forces Americas|AE Armed Forces Europe|AP Armed Forces Pacific";

const codes = new Map(
  names.split("|").flatMap((entry) => {
    const code = entry.slice(0, 2);
    return [[code.toLowerCase(), code] as const, [entry.slice(3).toLowerCase(), code] as const];
  }),
);

export const stateOptions: string[] = [];

/** state: a US state or territory by its two letters or its full name, any case. Gives the two letters. */
export const state: CompileValidator = (options) => {
  readOptions("state", stateOptions, options);
  return (value) => {
    const text = trimmed(value).toLowerCase().replaceAll(/\s+/g, " ");
    return codes.get(text) ?? fail("not a US state");
  };
};
