/** How databases read SQL text: where quotes and comments begin and end, and what is a placeholder of their own. */
export interface SqlRules {
  /** `\'` inside quotes is no end of them. */
  backslashEscapes: boolean;
  /** `E'…'` is a text with backslash escapes. */
  escapeStrings: boolean;
  /** A comment may begin with `#`. */
  hashComments: boolean;
  /** `--` begins a comment only before a blank. */
  dashesNeedBlank: boolean;
  /** A comment of slash and star may hold another one. */
  nestedComments: boolean;
  backticks: boolean;
  /** `[name]` is an identifier. */
  brackets: boolean;
  /** `$tag$ … $tag$` is a text. */
  dollarQuotes: boolean;
  /** What would be taken for a value that nobody gives. */
  placeholder: RegExp;
}

const plain: SqlRules = {
  backslashEscapes: false,
  escapeStrings: false,
  hashComments: false,
  dashesNeedBlank: false,
  nestedComments: false,
  backticks: false,
  brackets: false,
  dollarQuotes: false,
  placeholder: /^\?/,
};

/** By dialect. Sources: the manuals' chapters on lexical structure. */
export const sqlRules: Readonly<Record<string, SqlRules>> = {
  mysql: { ...plain, backslashEscapes: true, hashComments: true, dashesNeedBlank: true, backticks: true },
  postgres: { ...plain, escapeStrings: true, nestedComments: true, dollarQuotes: true, placeholder: /^\$\d/ },
  sqlite: { ...plain, backticks: true, brackets: true, placeholder: /^(?:\?|[:@$][A-Za-z_])/ },
  athena: plain,
};
